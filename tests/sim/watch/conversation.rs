//! The model of a client's conversation: one answer to each command, in order, byte for byte.
//!
//! What a command's answer must be is worked out when the server is handed it, from the contract,
//! the clock of that turn and the positions that the server holds then. While the server does not
//! read (its answers have no room) it may put a command off; then it may be answered from any turn
//! until it reads again, and no other.

mod judge;

use super::super::contract::{LINE_BYTES_MAX, Meaning, meaning, refusal};
use super::super::env::Env;
use super::super::places;
use super::super::report::Report;
use super::Seen;
use super::near::WhoIsNear;
use herd::limits;
use herd::node::Node;
use herd::transport::{DriverSide, Transport};
use herd::wire::Location;
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub struct Conversation {
    partial: Vec<u8>,
    pending: VecDeque<Pending>,
    /// Watches of which not all has been told that was so when they began, unless some were taken
    /// back since.
    beginning: i64,
    may_lack: bool,
    /// No more commands are taken.
    last: bool,
    /// A line was too long: what is not answered need not be.
    excused: bool,
    /// The server stops: it may close when all is answered that it was handed.
    stops: bool,
}

/// A command without an answer.
#[derive(Debug)]
struct Pending {
    line: Vec<u8>,
    too_long: bool,
    /// The server may not have looked at it yet.
    open: bool,
    expected: Vec<Expected>,
    /// Of a question who is near: what the answer may be now, and not what it might have been before.
    near: Option<Box<WhoIsNear>>,
    /// What has been written of the answer to such a question, which is of the moment in which it began.
    begun: Vec<u8>,
    /// Of a report that is answered when the disk holds it: how often that had failed before.
    kept: Option<u32>,
}

/// What an answer may be.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Exactly(Vec<u8>),
    Near { at: Vec<u8>, place: Location, radius_micrometres: u64, bound: u8 },
}

impl Conversation {
    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, node: &Node, mut bytes: &[u8]) {
        while !self.last && !bytes.is_empty() {
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(bytes.len());
            self.partial.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[end.map_or(taken, |end| end + 1)..];
            if self.partial.len() > LINE_BYTES_MAX {
                self.partial.truncate(LINE_BYTES_MAX);
                self.last = true;
                self.command(true);
            } else if end.is_some() {
                self.command(false);
            }
        }
        self.judge_again(env, seen, node);
        let put_off: usize = self.pending.iter().filter(|p| p.open).map(|p| p.line.len()).sum();
        if put_off > limits::READ_BUDGET_BYTES + 2 * LINE_BYTES_MAX {
            env.checks.fail(format!("{put_off} bytes of commands are put off"));
        }
    }

    pub fn ended(&mut self, env: &mut Env, seen: &Seen, node: &Node) {
        if !self.last && !self.partial.is_empty() {
            self.command(false);
        }
        self.last = true;
        self.judge_again(env, seen, node);
    }

    fn command(&mut self, too_long: bool) {
        let line = std::mem::take(&mut self.partial);
        if too_long || meaning(&line) != Meaning::Nothing {
            let (open, expected, near, begun, kept) = (true, Vec::new(), None, Vec::new(), None);
            self.pending.push_back(Pending { line, too_long, open, expected, near, begun, kept });
        }
    }

    /// Works out what the answers to the commands that may be looked at now would be.
    pub fn judge_again(&mut self, env: &mut Env, seen: &Seen, node: &Node) {
        // The reports among them, which nobody else has seen yet. Those that were there at an
        // earlier callback may have been taken, or refused, then: any number from the first on.
        let mut reports: Vec<Option<Report>> = Vec::new();
        let mut earlier = 0;
        for pending in self.pending.iter_mut() {
            // Who is near is told as it is when the answer is written.
            if !pending.open && pending.near.is_none() {
                continue;
            }
            earlier += usize::from(!pending.expected.is_empty() || pending.near.is_some());
            if !pending.begun.is_empty() {
                reports.push(None);
                continue;
            }
            let at_least_from = earlier.min(reports.len());
            let report = pending.judge(env, seen, node, &reports, at_least_from);
            reports.push(report);
        }
    }

    /// Takes what the server wrote.
    pub fn answered(
        &mut self,
        env: &mut Env,
        seen: &Seen,
        node: &Node,
        written: &[u8],
        transport: &Transport,
    ) -> Result<(), String> {
        let mut rest = written;
        while !rest.is_empty() {
            let is_inside = self.pending.front().is_some_and(|first| !first.begun.is_empty());
            if !is_inside && rest.starts_with(b"~ ") {
                rest = self.told(env, seen, node, rest)?;
                continue;
            }
            let Some(mut pending) = self.pending.pop_front() else {
                return Err(format!("an answer to nothing: {}", rest.escape_ascii()));
            };
            if let Some(near) = &pending.near {
                if let Some(behind) = rest.strip_prefix(&refusal(&pending.line)[..])
                    && near.may_be_unknown()
                    && !is_inside
                {
                    rest = behind;
                    continue;
                }
                let answer = [&pending.begun[..], rest].concat();
                let is_whole =
                    answer.starts_with(b"\n") || answer.windows(2).any(|two| two == b"\n\n");
                // A long one comes in shares, which are not small.
                if !is_whole && rest.len() >= limits::NEAR_SHARE_BYTES {
                    pending.begun = answer;
                    self.pending.push_front(pending);
                    break;
                }
                let length = near.length(&answer).map_err(|why| {
                    format!("to {}\nthe answer is {}\n{why}", shown(&pending.line), shown(&answer))
                })?;
                rest = &rest[length - pending.begun.len()..];
                continue;
            }
            if pending.kept.is_some_and(|failures| failures != env.disks.failures(seen.machine)) {
                pending.may_be(Expected::Exactly(refusal(&pending.line)));
            }
            let answer = pending
                .expected
                .iter()
                .find_map(|expected| Some((expected, expected.matches(rest)?)));
            let Some((expected, length)) = answer else {
                let (is, to) = (shown(rest), shown(&pending.line));
                let one = pending.expected.iter().map(Expected::shown).collect::<Vec<_>>();
                return Err(format!(
                    "to {to}\nthe answer is {is}\ninstead of {}",
                    one.join("\nor ")
                ));
            };
            if let Expected::Exactly(answer) = expected
                && (answer.starts_with(b"AT ") || answer.starts_with(b"GONE "))
            {
                env.answers(seen.machine, answer.clone());
            }
            if rest.starts_with(b"WATCH") {
                self.beginning += 1;
            }
            if rest.starts_with(b"UNWATCH") {
                self.may_lack = true;
            }
            self.excused |= pending.too_long;
            rest = &rest[length..];
        }
        if transport.wants_data() {
            self.pending.iter_mut().for_each(|pending| pending.open = false);
        }
        let asks = |pending: &Pending| {
            let places = |expected: &Expected| matches!(expected, Expected::Near { .. });
            pending.near.is_some() || pending.kept.is_some() || pending.expected.iter().any(places)
        };
        match self.pending.front() {
            Some(pending) if !pending.open && !asks(pending) && !self.excused => {
                Err(format!("no answer to {}", shown(&pending.line)))
            }
            _ => Ok(()),
        }
    }

    /// An event stands between two answers: what it says is so, or was before what the same callback
    /// took in behind it, or before its time was over. The rest is handed back.
    fn told<'a>(
        &mut self,
        env: &Env,
        seen: &Seen,
        node: &Node,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], String> {
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("an event without an end")?;
        let (line, rest) = bytes.split_at(end + 1);
        let event = &line[2..];
        if event.starts_with(b"NOW ") {
            self.beginning -= 1;
        } else if event.starts_with(b"AT ") || event.starts_with(b"GONE ") {
            let client = event.split(|&byte| byte == b' ').nth(3).unwrap_or_default();
            let report = env.checks.of_line(event);
            let was_so = report.is_some_and(|report| match Report::held(node, client) {
                Some(held) => report.compare(&held).is_le(),
                // It was there, and has been let go: that is said behind it.
                None => report.is_dead(env.lifetimes, seen.now.posix_nanoseconds, false),
            });
            if !was_so {
                return Err(format!("tells what it does not hold: {}", shown(line)));
            }
        }
        Ok(rest)
    }

    pub fn stopping(&mut self) {
        self.stops = true;
    }

    /// The server has closed: everything must be answered.
    pub fn finished(&self) -> Result<(), String> {
        match self.pending.front() {
            Some(pending) if !self.excused => {
                Err(format!("closed without an answer to {}", shown(&pending.line)))
            }
            _ if self.stops => Ok(()),
            _ if !self.last && !self.excused => Err("closed for no reason".to_owned()),
            // What is taken back need not be told to its end.
            _ if self.beginning > 0 && !self.may_lack && !self.excused => {
                Err("closed before all was told that was so".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Expected {
    /// The length of the answer at the start of `bytes`, if it is as expected.
    fn matches(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Expected::Exactly(answer) => bytes.starts_with(answer).then_some(answer.len()),
            Expected::Near { at, place, radius_micrometres, bound } => {
                let json = bytes.strip_prefix(at.as_slice())?;
                let end = json.windows(2).position(|pair| pair == b"\n\n")?;
                places::may_be(&json[..end], place, *radius_micrometres, *bound)
                    .then_some(at.len() + end + 2)
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Expected::Exactly(answer) => shown(answer),
            Expected::Near { at, .. } => format!("{} and JSON", shown(at)),
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let end = bytes.len().min(300);
    bytes[..end].escape_ascii().to_string()
}
