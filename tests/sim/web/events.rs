//! Cuts a stream of server-sent events into these: each of three fields, or a comment.

/// What is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The number of the server's life, and the sequence number.
    pub id: (u32, u64),
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
    let id = (life.parse().ok()?, sequence.parse().ok()?);
    lines.next().is_none().then_some(Event { id, kind, data })
}

#[test]
fn events_come_in_pieces() {
    let stream =
        ":\n\nid: 7-12\nevent: out\ndata: {\"id\":\"a\"}\n\nid: 7-13\nevent: now\ndata: {}\n\n:";
    for step in [1, 5, 1_000] {
        let (mut events, mut found) = (Events::default(), Vec::new());
        for piece in stream.as_bytes().chunks(step) {
            let taken = events.each(piece, |event| {
                found.push(format!("{:?} {} {}", event.id, event.kind, event.data));
                Ok(())
            });
            assert_eq!(taken, Ok(()));
        }
        assert_eq!(found, ["(7, 12) out {\"id\":\"a\"}", "(7, 13) now {}"], "{step}");
    }
    for wrong in ["data: x\n\n", "id: 7\nevent: now\ndata: {}\n\n", "\n\n"] {
        assert!(Events::default().each(wrong.as_bytes(), |_| Ok(())).is_err(), "{wrong}");
    }
}
