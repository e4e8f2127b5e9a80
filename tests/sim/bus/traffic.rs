//! What gateways publish, counted; and what of it nobody may ever say.

use super::super::agenda::{MILLISECOND, SECOND, Time};
use super::super::checks::Checks;
use std::collections::BTreeMap;

/// What a message is, by its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Feed,
    Digest,
    Again,
    /// A change, on the subject of its client.
    Client,
}

/// How often a gateway says what it holds (contract), and how many times more at the beginning of a
/// connection.
const DIGEST_INTERVAL: Time = 5 * SECOND;
const DIGESTS_SOON: u64 = 6;

/// How often it asks for what it lacks, and how many times more.
const AGAIN_INTERVAL: Time = SECOND / 2;
const AGAINS_SOON: u64 = 8;

/// How much there was.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub messages: u64,
    pub bytes: u64,
    /// `AT` and `GONE` lines.
    pub lines: u64,
}

/// All that was published since it was looked at last, by server.
#[derive(Debug, Default)]
pub struct Traffic {
    counts: BTreeMap<(usize, Kind), Count>,
}

impl Kind {
    /// Of a message on that subject, where all begin with `prefix`; the last is what stands behind the kind.
    pub fn of<'a>(subject: &'a str, prefix: &str) -> Option<(Self, &'a str)> {
        let rest = subject.strip_prefix(prefix)?.strip_prefix('.')?;
        match rest.split_once('.').unwrap_or((rest, "")) {
            ("feed", "") => Some((Kind::Feed, "")),
            ("digest", "") => Some((Kind::Digest, "")),
            ("again", whom) if !whom.is_empty() => Some((Kind::Again, whom)),
            ("client", client) if !client.is_empty() => Some((Kind::Client, client)),
            _ => None,
        }
    }
}

impl Traffic {
    /// A server publishes that.
    pub fn add(&mut self, machine: usize, kind: Kind, payload: &[u8]) {
        let lines = payload.split(|&byte| byte == b'\n');
        let is_change = |line: &&[u8]| line.starts_with(b"AT ") || line.starts_with(b"GONE ");
        let count = self.counts.entry((machine, kind)).or_default();
        count.messages += 1;
        count.bytes += payload.len() as u64;
        count.lines += lines.filter(is_change).count() as u64;
    }

    /// What these servers have published of that kind.
    pub fn of(&self, kind: Kind) -> Count {
        let counts = self.counts.iter().filter(|((_, other), _)| *other == kind);
        counts.fold(Count::default(), |all, (_, one)| Count {
            messages: all.messages + one.messages,
            bytes: all.bytes + one.bytes,
            lines: all.lines + one.lines,
        })
    }

    /// Counts from 0 again.
    pub fn reset(&mut self) {
        self.counts.clear();
    }
}

/// What a gateway has said in one connection of the kinds that nobody may say often.
#[derive(Debug, Default)]
pub struct Pace {
    digests: u64,
    agains: u64,
}

impl Pace {
    /// It says that, so long after it connected.
    pub fn add(&mut self, kind: Kind, after: Time) -> Result<(), String> {
        let (count, interval, soon) = match kind {
            Kind::Digest => (&mut self.digests, DIGEST_INTERVAL, DIGESTS_SOON),
            Kind::Again => (&mut self.agains, AGAIN_INTERVAL, AGAINS_SOON),
            Kind::Feed | Kind::Client => return Ok(()),
        };
        *count += 1;
        if *count > soon + after / interval {
            let milliseconds = after / MILLISECOND;
            return Err(format!("{count} messages of {kind:?} within {milliseconds} ms"));
        }
        Ok(())
    }
}

/// What a gateway says must be of its herd, and what some server has taken.
pub fn judge(
    kind: Kind,
    behind: &str,
    payload: &[u8],
    name: &str,
    checks: &Checks,
) -> Result<(), String> {
    let text = str::from_utf8(payload).map_err(|_| "not UTF-8".to_owned())?;
    let mut lines = text.split_inclusive('\n');
    let wrong = |line: &str| Err(format!("{kind:?} of {behind:?}: {line:?}"));
    if kind != Kind::Client {
        let head = lines.next().unwrap_or_default();
        if !is_head(kind, head.strip_suffix('\n').unwrap_or(head), name) {
            return wrong(head);
        }
    }
    for line in lines {
        // (What is told for its client has no end.)
        let whole = if kind == Kind::Client { format!("{line}\n") } else { line.to_owned() };
        let is_known = checks.of_line(whole.as_bytes()).is_some();
        if matches!(kind, Kind::Digest | Kind::Again) || !is_known {
            return wrong(line);
        }
    }
    Ok(())
}

/// Whether it is the first line of such a message of that server.
fn is_head(kind: Kind, line: &str, name: &str) -> bool {
    let fields: Vec<&str> = line.split(' ').collect();
    let is_hex = |text: &str| {
        text.len() == 16 && text.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    let range = |from: &str, to: &str| match (number(from), number(to)) {
        (Some(from), Some(to)) => from <= to,
        _ => false,
    };
    match (kind, &fields[..]) {
        (Kind::Feed, ["FEED", _, server, epoch, from, to]) => {
            *server == name && is_hex(epoch) && range(from, to)
        }
        (Kind::Again, ["AGAIN", _, _, epoch, from, to]) => is_hex(epoch) && range(from, to),
        (Kind::Again, ["ALL", _, _, epoch]) => is_hex(epoch),
        (Kind::Digest, ["DIGEST", _, server, epoch, to, _, _, _, _]) => {
            *server == name && is_hex(epoch) && number(to).is_some()
        }
        _ => false,
    }
}
