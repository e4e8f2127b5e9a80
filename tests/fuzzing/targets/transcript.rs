//! What a client sends, and whether what it receives are the answers: one for each command, in the
//! order of the commands.

use herd::limits;
use herd::wire::{Command, NeighbourLine};

/// All that a client has sent.
#[derive(Debug, Default)]
pub struct Transcript {
    bytes: Vec<u8>,
    /// The wall clock when it first sent something, in nanoseconds since 1970.
    earliest: Option<i64>,
}

impl Transcript {
    pub fn sent(&mut self, data: &[u8], now_nanoseconds: i64) {
        self.bytes.extend_from_slice(data);
        self.earliest.get_or_insert(now_nanoseconds);
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Panics unless `received` is the beginning of the right answers. If `ended` (the client has
    /// ended its sending) what is behind the last LF is a command, too; if `complete` no answer may
    /// be missing.
    pub fn check(&self, received: &[u8], ended: bool, complete: bool) {
        let mut rest = received;
        let mut lines: Vec<&[u8]> = self.bytes.split(|&byte| byte == b'\n').collect();
        lines.pop_if(|last| !ended && last.len() <= limits::CLIENT_LINE_BYTES_MAX);
        for line in lines {
            let too_long = line.len() > limits::CLIENT_LINE_BYTES_MAX;
            let line = &line[..line.len().min(limits::CLIENT_LINE_BYTES_MAX)];
            let command = if too_long { None } else { Command::parse(line).ok() };
            if command == Some(None) {
                continue;
            }
            if rest.is_empty() {
                assert!(!complete, "no answer to {:?}", String::from_utf8_lossy(line));
                return;
            }
            let Some(behind) = self.answer(line, command.flatten(), rest) else {
                assert!(!complete, "half an answer to {:?}", String::from_utf8_lossy(line));
                return;
            };
            rest = behind;
            if too_long {
                break;
            }
        }
        assert!(rest.is_empty(), "unasked for: {:?}", String::from_utf8_lossy(rest));
    }

    /// What is behind the answer to this command, `None` if it is cut short; panics if it is none.
    fn answer<'a>(
        &self,
        line: &[u8],
        command: Option<Command<'_>>,
        received: &'a [u8],
    ) -> Option<&'a [u8]> {
        let shown = || String::from_utf8_lossy(line).into_owned();
        if let Some(refused) = received.strip_prefix(b"? ") {
            if let Some(Command::IamAt(report)) = command {
                let latest = i128::from(self.earliest.unwrap_or(0))
                    + limits::SKEW_DEFAULT.as_nanos() as i128;
                assert!(i128::from(report.time_nanoseconds) > latest, "{} is good", shown());
            }
            let behind = refused.strip_prefix(line).and_then(|rest| rest.strip_prefix(b"\n"));
            let cut_short = [line, b"\n"].concat().starts_with(refused);
            assert!(behind.is_some() || cut_short, "{} is refused as another", shown());
            return behind;
        }
        let end = received.iter().position(|&byte| byte == b'\n')?;
        if let Some(Command::Watch(_) | Command::Unwatch(_)) = command {
            assert_eq!(&received[..end], line, "{} is copied back", shown());
            return Some(&received[end + 1..]);
        }
        if let Some(Command::Near(question)) = command {
            return near(received, usize::from(question.bound));
        }
        if let Some(Command::Forget(forget)) = command {
            let Some(NeighbourLine::Gone(gone)) = NeighbourLine::parse(&received[..end]) else {
                panic!("the answer to {} is no GONE line", shown());
            };
            assert_eq!((gone.server, gone.text), (&b"Goloman"[..], &*forget.text()));
            return Some(&received[end + 1..]);
        }
        let Some(NeighbourLine::At(at)) = NeighbourLine::parse(&received[..end]) else {
            panic!("the answer to {} is no AT line", shown());
        };
        let behind = &received[end + 1..];
        match command {
            Some(Command::IamAt(report)) => {
                assert_eq!((at.server, at.text), (&b"Goloman"[..], &*report.text()));
                Some(behind)
            }
            Some(Command::WhatsAt(question)) => {
                assert_eq!(at.client, question.client);
                let json_bytes = behind.windows(2).position(|pair| pair == b"\n\n")?;
                Some(&behind[json_bytes + 2..])
            }
            _ => panic!("{} is answered as if it were good", shown()),
        }
    }
}

/// What is behind the answer to a `NEAR`, if all of it has come.
fn near(received: &[u8], bound: usize) -> Option<&[u8]> {
    let mut rest = received;
    for results in 0.. {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            assert!(results <= bound, "{results} results are near, of {bound}");
            break;
        }
        let at = line.iter().position(|&byte| byte == b' ').map(|space| &line[space + 1..]);
        let is_at = matches!(at.and_then(NeighbourLine::parse), Some(NeighbourLine::At(_)));
        assert!(is_at, "{} is no result", line.escape_ascii());
    }
    Some(rest)
}
