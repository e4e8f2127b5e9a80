//! What gateways publish, counted; and what of it nobody may ever say.

use super::super::agenda::{SECOND, Time};
use super::super::checks::Checks;
use std::collections::{BTreeMap, VecDeque};

/// What a message is, by its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Feed,
    Digest,
    Again,
    /// A change, on the subject of its client.
    Client,
}

/// So many digests a gateway may tell within so long, and so many times ask for what it lacks: a
/// connection that is new may bring both at once.
const DIGESTS_MAX: (usize, Time) = (4, 4 * SECOND);
const AGAINS_MAX: (usize, Time) = (8, SECOND);

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
    recent: BTreeMap<(usize, Kind), VecDeque<Time>>,
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
    pub fn add(
        &mut self,
        machine: usize,
        kind: Kind,
        payload: &[u8],
        now: Time,
    ) -> Result<(), String> {
        let lines = payload.split(|&byte| byte == b'\n');
        let is_change = |line: &&[u8]| line.starts_with(b"AT ") || line.starts_with(b"GONE ");
        let count = self.counts.entry((machine, kind)).or_default();
        count.messages += 1;
        count.bytes += payload.len() as u64;
        count.lines += lines.filter(is_change).count() as u64;
        let (most, within) = match kind {
            Kind::Digest => DIGESTS_MAX,
            Kind::Again => AGAINS_MAX,
            Kind::Feed | Kind::Client => return Ok(()),
        };
        let recent = self.recent.entry((machine, kind)).or_default();
        recent.push_back(now);
        recent.retain(|&at| at + within > now);
        if recent.len() > most {
            let (count, seconds) = (recent.len(), within / SECOND);
            return Err(format!("{count} messages of {kind:?} within {seconds} s"));
        }
        Ok(())
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
        if matches!(kind, Kind::Digest | Kind::Again) || checks.of_line(line.as_bytes()).is_none() {
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
        (Kind::Digest, ["DIGEST", _, server, epoch, to, _, _, _, _]) => {
            *server == name && is_hex(epoch) && number(to).is_some()
        }
        _ => false,
    }
}
