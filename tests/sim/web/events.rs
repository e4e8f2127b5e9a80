//! Cuts a stream of server-sent events into these: each of three fields, or a comment.

use std::fmt;

/// The `id` of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    /// The number of the server's life.
    pub life: u32,
    pub sequence: u64,
    /// The number of a departure, where it is said.
    pub departure: Option<u64>,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.life, self.sequence)?;
        self.departure.map_or(Ok(()), |departure| write!(f, ".{departure}"))
    }
}

/// What is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    pub id: Id,
    pub kind: &'a str,
    pub data: &'a str,
}

/// The beginning of an event that has not ended.
#[derive(Debug, Default)]
pub struct Events {
    bytes: Vec<u8>,
}

impl Events {
    /// Hands on each event that ends in `bytes`.
    pub fn each(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&Event<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        // The end may have begun before.
        let mut searched = self.bytes.len().saturating_sub(1);
        self.bytes.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(at) = self.bytes[searched..].windows(2).position(|two| two == b"\n\n") {
            let end = searched + at;
            let block = &self.bytes[start..end];
            (start, searched) = (end + 2, end + 2);
            if block == b":" {
                continue;
            }
            let event = str::from_utf8(block).ok().and_then(read);
            take(&event.ok_or_else(|| format!("no event: {}", block.escape_ascii()))?)?;
        }
        self.bytes.drain(..start);
        Ok(())
    }
}

fn read(block: &str) -> Option<Event<'_>> {
    let mut lines = block.split('\n');
    let id = lines.next()?.strip_prefix("id: ")?;
    let kind = lines.next()?.strip_prefix("event: ")?;
    let data = lines.next()?.strip_prefix("data: ")?;
    let (life, sequence) = id.split_once('-')?;
    let (sequence, departure) = match sequence.split_once('.') {
        Some((sequence, departure)) => (sequence, Some(departure.parse().ok()?)),
        None => (sequence, None),
    };
    let id = Id { life: life.parse().ok()?, sequence: sequence.parse().ok()?, departure };
    lines.next().is_none().then_some(Event { id, kind, data })
}

#[test]
fn events_come_in_pieces() {
    let stream =
        ":\n\nid: 7-12\nevent: out\ndata: {\"id\":\"a\"}\n\nid: 7-13.2\nevent: now\ndata: {}\n\n:";
    for step in [1, 5, 1_000] {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for piece in stream.as_bytes().chunks(step) {
            let taken = events.each(piece, |event| {
                found.push(format!("{} {} {}", event.id, event.kind, event.data));
                Ok(())
            });
            assert_eq!(taken, Ok(()));
        }
        assert_eq!(found, ["7-12 out {\"id\":\"a\"}", "7-13.2 now {}"], "{step}");
    }
    for wrong in [
        "data: x\n\n",
        "id: 7\nevent: now\ndata: {}\n\n",
        "id: 7-1.\nevent: now\ndata: {}\n\n",
        "\n\n",
    ] {
        assert!(Events::default().each(wrong.as_bytes(), |_| Ok(())).is_err(), "{wrong}");
    }
}
