//! The model of a link, from both sides.
//!
//! * Along one connection positions are sent in the strictly growing order of their sequence
//!   numbers, all beyond what the neighbour said that it has heard: so each crosses at most once a
//!   connection, and again on a later one only if it is past the resume mark.
//!   Only where a link may have to tell everything again does it go back.
//! * A mark is never behind what was sent, nor beyond the head.
//! * What comes in a turn leaves in it, and links are written before clients are answered: a link
//!   that had told everything when the last turn ended has told everything, and handed it to the
//!   network, before anybody else is written; one that was behind has come nearer. Only a
//!   connection that takes no more excuses it.
//! * A server never claims to have heard more of a life of its neighbour than marks of that life
//!   have reached it in its own life, be it in its greeting or in an acknowledgement.
//! * What is spoken is the lower of both sides' highest versions, and only those who have none in
//!   common refuse each other for that.

use super::super::costs::Purpose;
use super::super::env::Env;
use super::super::lines::Lines;
use super::super::report::Report;
use super::super::versions::Outcome;
use super::Seen;
use herd::node::Node;
use herd::wire::NeighbourLine;
use herd::wire::neighbour::Version;
use std::collections::BTreeSet;

/// The accepted side.
#[derive(Debug)]
pub struct Heard {
    from: usize,
    lines: Lines,
    /// The life of the neighbour, and the highest version that it speaks.
    epoch: Option<u64>,
    version: Option<Version>,
    /// Whether positions have come since it was last acknowledged.
    owes: bool,
}

impl Heard {
    pub fn new(from: usize) -> Self {
        Heard { from, lines: Lines::default(), epoch: None, version: None, owes: false }
    }

    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        let (epoch, owes, from) = (&mut self.epoch, &mut self.owes, self.from);
        let highest = &mut self.version;
        let now = env.agenda.now();
        self.lines.each(bytes, |line| match NeighbourLine::parse(line) {
            Some(NeighbourLine::At(_) | NeighbourLine::Gone(_)) => {
                *owes = true;
                if let Some(costs) = &mut env.costs {
                    costs.received(now, from, seen.machine, line);
                }
            }
            Some(NeighbourLine::Greeting { epoch: theirs, version, .. }) if epoch.is_none() => {
                *epoch = Some(theirs);
                *highest = Some(version);
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
                Some(NeighbourLine::Heard { up_to, version, .. }) => {
                    self.answered(env, seen, Ok(version));
                    up_to
                }
                Some(NeighbourLine::Refused { reason }) => {
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    self.answered(env, seen, Err(reason));
                    continue;
                }
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

    /// The greeting is answered.
    fn answered(&self, env: &mut Env, seen: &Seen, outcome: Outcome) {
        let Some(theirs) = self.version else { return };
        let versions = &mut env.checks.versions;
        if let Err(why) = versions.answered(seen.machine, self.from, theirs, outcome) {
            env.checks.fail(why);
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
    /// What is spoken.
    version: Option<Version>,
    /// The last sequence number sent or marked.
    last: u64,
    /// The sequence numbers of the positions sent.
    sent: BTreeSet<u64>,
    /// How it stood when the last turn ended, if it was up then.
    stood: Option<Standing>,
    pub full: bool,
}

/// How a link that is up stands when all has been written that goes before clients' answers.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Up to which number of the feed, of which the last is `head`, it has told the neighbour.
    pub told: u64,
    pub head: u64,
    /// Bytes of output that wait, and whether the connection would take more.
    pub waits: usize,
    pub takes_more: bool,
}

impl Told {
    pub fn new(to: usize) -> Self {
        Told {
            to,
            lines: Lines::default(),
            resume: None,
            version: None,
            last: 0,
            sent: BTreeSet::new(),
            stood: None,
            full: false,
        }
    }

    pub fn arrived(&mut self, bytes: &[u8]) {
        let (resume, spoken) = (&mut self.resume, &mut self.version);
        self.lines.each(bytes, |line| {
            if let Some(NeighbourLine::Heard { up_to, version, .. }) = NeighbourLine::parse(line) {
                resume.get_or_insert(up_to);
                spoken.get_or_insert(version);
            }
        });
    }

    pub fn written(&mut self, env: &mut Env, seen: &Seen, node: &Node, bytes: &[u8]) {
        if bytes.starts_with(b"HERD ") {
            return;
        }
        // A mark by itself shows only that we live.
        let tells = bytes.starts_with(b"AT ") || bytes.starts_with(b"GONE ");
        let mark = if tells { Purpose::Mark } else { Purpose::Beat };
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
            Some(NeighbourLine::Gone(_)) if !self.tells_gone() => {
                Err("not in that version".to_owned())
            }
            Some(NeighbourLine::At(at) | NeighbourLine::Gone(at)) => {
                env.checks.crossed(seen.machine, self.to, at.client);
                if let Some(costs) = &mut env.costs {
                    costs.sent(env.agenda.now(), seen.machine, self.to, line);
                }
                let positions = node.positions();
                let record = positions.find_record(at.client);
                let change = record.and_then(|record| positions.change_of(record));
                let change = change.ok_or("an unknown client")?;
                if Report::of(&change).line() != line {
                    return Err("not what the server holds".to_owned());
                }
                let sequence = change.sequence();
                if env.checks.may_start_over && sequence <= resume.max(self.last) {
                    (self.resume, self.last) = (Some(0), sequence - 1);
                }
                let resume = self.resume.unwrap_or(0);
                if sequence <= resume || sequence <= self.last {
                    let last = self.last;
                    return Err(format!("number {sequence} after {last}, resumed at {resume}"));
                }
                self.last = sequence;
                self.sent.insert(sequence);
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

    /// Whether the neighbour can be told who is forgotten.
    fn tells_gone(&self) -> bool {
        self.version.is_some_and(|version| version > Version::new(1))
    }

    /// All has been written in a turn that goes before clients' answers, of which `acknowledged` are
    /// those to reports.
    pub fn turn_ends(
        &mut self,
        env: &mut Env,
        machine: usize,
        standing: Standing,
        node: &Node,
        acknowledged: &[Vec<u8>],
    ) {
        let stood = self.stood.replace(standing);
        let Some(stood) = stood.filter(|_| standing.takes_more) else {
            return;
        };
        let was_behind = stood.told < stood.head;
        let untold = |line: &&Vec<u8>| {
            let client = line.split(|&byte| byte == b' ').nth(3).unwrap_or_default();
            let record = node.positions().find_record(client);
            let change = record.and_then(|record| node.positions().change_of(record));
            change.is_some_and(|change| {
                let is_known = Some(change.sequence()) <= self.resume;
                let is_sent = is_known || self.sent.contains(&change.sequence());
                let report = Report::of(&change);
                let is_for_it = !report.is_gone() || self.tells_gone();
                !is_sent && is_for_it && report.line() == *line
            })
        };
        let why = if standing.waits > 0 {
            "has more that the network would take".to_owned()
        } else if was_behind && standing.told < standing.head && standing.told <= stood.told {
            format!("was behind and has come no nearer: {standing:?}")
        } else if !was_behind && standing.told < standing.head {
            format!("has not told all that came in this turn: {standing:?}")
        } else if !was_behind && let Some(line) = acknowledged.iter().find(untold) {
            format!("was not told what a client is: {}", line.escape_ascii())
        } else {
            return;
        };
        let (from, to) = (env.checks.name(machine), env.checks.name(self.to));
        env.checks.fail(format!("the link from {from} to {to} {why}"));
    }
}
