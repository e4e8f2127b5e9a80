//! The model of a link, from both sides.
//!
//! * Along one connection positions are sent in the strictly growing order of their sequence
//!   numbers, all beyond what the neighbour said that it has heard: so each crosses at most once a
//!   connection, and again on a later one only if it is past the resume mark.
//! * A mark is never behind what was sent, nor beyond the head.
//! * A server never claims to have heard more of a life of its neighbour than marks of that life
//!   have reached it in its own life, be it in its greeting or in an acknowledgement.

use super::super::costs::Purpose;
use super::super::env::Env;
use super::super::lines::Lines;
use super::super::report::Report;
use super::Seen;
use herd::node::Node;
use herd::wire::NeighbourLine;

/// The accepted side.
#[derive(Debug)]
pub struct Heard {
    from: usize,
    lines: Lines,
    /// The life of the neighbour.
    epoch: Option<u64>,
    /// Whether positions have come since it was last acknowledged.
    owes: bool,
}

impl Heard {
    pub fn new(from: usize) -> Self {
        Heard { from, lines: Lines::default(), epoch: None, owes: false }
    }

    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        let (epoch, owes, from) = (&mut self.epoch, &mut self.owes, self.from);
        let now = env.agenda.now();
        self.lines.each(bytes, |line| match NeighbourLine::parse(line) {
            Some(NeighbourLine::At(_)) => {
                *owes = true;
                if let Some(costs) = &mut env.costs {
                    costs.received(now, from, seen.machine, line);
                }
            }
            Some(NeighbourLine::Greeting { epoch: theirs, .. }) if epoch.is_none() => {
                *epoch = Some(theirs);
                env.checks.greeted(seen, from, theirs);
            }
            Some(NeighbourLine::Mark { sequence, .. }) => {
                if let Some(epoch) = *epoch {
                    env.checks.marked(seen, from, epoch, sequence);
                }
            }
            _ => {}
        });
    }

    pub fn written(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let up_to = match NeighbourLine::parse(line.strip_suffix(b"\n").unwrap_or(line)) {
                Some(NeighbourLine::Heard { up_to, .. }) => up_to,
                Some(NeighbourLine::Acknowledge { sequence, .. }) => {
                    let owed = std::mem::take(&mut self.owes);
                    if let Some(costs) = &mut env.costs {
                        costs.wrote(if owed { Purpose::Acknowledge } else { Purpose::Beat }, line);
                    }
                    sequence
                }
                _ => continue,
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
        // A mark by itself shows only that we live.
        let mark = if bytes.starts_with(b"AT ") { Purpose::Mark } else { Purpose::Beat };
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if let Some(costs) = &mut env.costs
                && line.starts_with(b"MARK ")
            {
                costs.wrote(mark, line);
            }
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
                if let Some(costs) = &mut env.costs {
                    costs.sent(env.agenda.now(), seen.machine, self.to, line);
                }
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
