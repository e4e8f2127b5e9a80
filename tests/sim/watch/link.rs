//! The model of a link, from both sides.
//!
//! * Along one connection positions are sent in the strictly growing order of their sequence
//!   numbers, all beyond what the neighbour said that it has heard: so each crosses at most once a
//!   connection, and again on a later one only if it is past the resume mark.
//! * A mark is never behind what was sent, nor beyond the head.
//! * A server never claims to have heard more of a life of its neighbour than marks of that life
//!   have reached it in its own life.

use super::super::env::Env;
use super::super::lines::Lines;
use super::super::report::Report;
use super::Seen;
use herd::node::Node;
use herd::wire::NeighbourLine;

/// The accepted side.
#[derive(Debug, Default)]
pub struct Heard {
    lines: Lines,
    /// The life of the neighbour.
    epoch: Option<u64>,
}

impl Heard {
    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        let epoch = &mut self.epoch;
        self.lines.each(bytes, |line| match NeighbourLine::parse(line) {
            Some(NeighbourLine::Greeting { epoch: theirs, .. }) if epoch.is_none() => {
                *epoch = Some(theirs);
            }
            Some(NeighbourLine::Mark { sequence, .. }) => {
                if let Some(epoch) = *epoch {
                    env.checks.marked(seen, epoch, sequence);
                }
            }
            _ => {}
        });
    }

    pub fn written(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        for line in bytes.split(|&byte| byte == b'\n') {
            let Some(NeighbourLine::Heard { up_to, .. }) = NeighbourLine::parse(line) else {
                continue;
            };
            let marked = self.epoch.map_or(0, |epoch| env.checks.mark_of(seen, epoch));
            if up_to > marked {
                let name = env.checks.name(seen.machine);
                env.checks.fail(format!("{name} claims to have heard {up_to} of {marked}"));
            }
        }
    }
}

/// The dialled side.
#[derive(Debug)]
pub struct Told {
    to: usize,
    lines: Lines,
    /// Up to where the neighbour had heard us, once it has said so.
    resume: Option<u64>,
    /// The last sequence number sent or marked.
    last: u64,
    pub full: bool,
}

impl Told {
    pub fn new(to: usize) -> Self {
        Told { to, lines: Lines::default(), resume: None, last: 0, full: false }
    }

    pub fn arrived(&mut self, bytes: &[u8]) {
        let resume = &mut self.resume;
        self.lines.each(bytes, |line| {
            if let Some(NeighbourLine::Heard { up_to, .. }) = NeighbourLine::parse(line) {
                resume.get_or_insert(up_to);
            }
        });
    }

    pub fn written(&mut self, env: &mut Env, seen: &Seen, node: &Node, bytes: &[u8]) {
        if bytes.starts_with(b"HERD ") {
            return;
        }
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if let Err(why) = self.sent(env, seen, node, line) {
                let (from, to) = (env.checks.name(seen.machine), env.checks.name(self.to));
                let line = line.escape_ascii();
                env.checks.fail(format!("the link from {from} to {to}: {why}: {line}"));
                return;
            }
        }
    }

    fn sent(&mut self, env: &mut Env, seen: &Seen, node: &Node, line: &[u8]) -> Result<(), String> {
        let Some(resume) = self.resume else {
            return Err("sends before it is answered".to_owned());
        };
        match NeighbourLine::parse(line.strip_suffix(b"\n").unwrap_or(line)) {
            Some(NeighbourLine::At(at)) => {
                env.checks.crossed(seen.machine, self.to, at.client);
                let position = node.positions().find(at.client).ok_or("an unknown client")?;
                if Report::of(&position).line() != line {
                    return Err("not what the server holds".to_owned());
                }
                let sequence = position.sequence();
                if sequence <= resume || sequence <= self.last {
                    let last = self.last;
                    return Err(format!("number {sequence} after {last}, resumed at {resume}"));
                }
                self.last = sequence;
                Ok(())
            }
            Some(NeighbourLine::Mark { sequence, .. }) => {
                if sequence < self.last || sequence > node.positions().head() {
                    return Err(format!("a mark out of place, behind {}", self.last));
                }
                self.last = sequence;
                Ok(())
            }
            _ => Err("no line of a link".to_owned()),
        }
    }
}
