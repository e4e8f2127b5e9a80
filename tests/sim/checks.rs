//! What must hold, and a model of who holds what.
//!
//! Safety, at the end of each turn of a server: nothing that it holds of a client, be it a position or that
//! it is forgotten, goes back in the total order or disappears, and all of it is what some server could
//! have taken, byte for byte. So who is forgotten stays so until a later report.
//!
//! Agreement, in the end: equal digests, equal positions, and of each client the greatest report
//! of all that a server held which has lived ever since.

use super::agenda::Time;
use super::report::Report;
use super::versions::Versions;
use super::watch::Seen;
use herd::herd::Herd;
use herd::node::Node;
use herd::wire::{Lifetimes, Location};
use std::collections::BTreeMap;
use std::ops::Bound;

/// A report and those who held it.
#[derive(Debug)]
struct Known {
    report: Report,
    /// By whom it was taken, in which life.
    taken: (usize, u32),
    /// Since when a client has been told so.
    acknowledged: Option<Time>,
    /// When a server answered it.
    answered: Option<Time>,
    /// Servers and their lives.
    holders: Vec<(usize, u32)>,
}

/// What a server holds, as far as it has been looked at.
#[derive(Debug, Default)]
struct Shadow {
    /// None while there is no process.
    life: Option<u32>,
    head: u64,
    /// By client: sequence number and report.
    held: Vec<Option<(u64, usize)>>,
}

/// By sender, receiver and client.
pub type Crossings = BTreeMap<(usize, usize, Vec<u8>), u32>;

/// Counts, for the banner; nothing is decided by them.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub reports: u64,
    pub acknowledged: u64,
    pub crossings: u64,
    pub lives: u64,
    /// Marks of a neighbour's former life that came when its present one had greeted.
    pub late_marks: u64,
    /// Answers of Places with more behind them on a connection that is kept.
    pub leftovers: u64,
    /// Responses at web ports, and streams of events that went on where another had ended.
    pub responses: u64,
    pub streams_gone_on: u64,
    /// Ends of connections that have come through a TLS handshake.
    pub handshakes: u64,
    /// Deliveries that the bus has lost, batches that were published on it, and requests to tell again.
    pub lost_on_bus: u64,
    pub batches: u64,
    pub agains: u64,
}

#[derive(Debug)]
pub struct Checks {
    /// The first thing that went wrong.
    pub violation: Option<String>,
    pub tally: Tally,
    names: Vec<String>,
    known: Vec<Known>,
    by_line: BTreeMap<Box<[u8]>, usize>,
    clients: Vec<Box<[u8]>>,
    shadows: Vec<Shadow>,
    /// By server, its life and the epoch of a neighbour: the greatest mark that came.
    marks: BTreeMap<(usize, u32, u64), u64>,
    /// By server, its life and its neighbour: the epoch in which that greeted last.
    greeted: BTreeMap<(usize, u32, usize), u64>,
    /// Whether a link may have to tell everything again: in scenarios in which something is wrong that
    /// nobody notices but by the digest, or by a number that cannot be.
    pub may_start_over: bool,
    pub versions: Versions,
    lifetimes: Lifetimes,
    /// How many positions of a client crossed a link, by its direction, where scenarios count them.
    pub crossings: Option<Crossings>,
}

impl Checks {
    pub fn new(herds: &[Herd]) -> Self {
        let servers = || herds.iter().flat_map(|herd| &herd.servers);
        Checks {
            violation: None,
            tally: Tally::default(),
            names: servers().map(|server| server.name.clone()).collect(),
            known: Vec::new(),
            by_line: BTreeMap::new(),
            clients: Vec::new(),
            shadows: servers().map(|_| Shadow::default()).collect(),
            marks: BTreeMap::new(),
            greeted: BTreeMap::new(),
            may_start_over: false,
            versions: Versions::default(),
            lifetimes: herds[0].lifetimes,
            crossings: None,
        }
    }

    pub fn fail(&mut self, why: String) {
        self.violation.get_or_insert(why);
    }

    pub fn name(&self, machine: usize) -> String {
        self.names[machine].clone()
    }

    pub fn started(&mut self, machine: usize, life: u32) {
        self.tally.lives += 1;
        self.shadows[machine] = Shadow { life: Some(life), ..Shadow::default() };
    }

    pub fn died(&mut self, machine: usize) {
        self.shadows[machine].life = None;
    }

    /// Takes a new life for the same (a planted bug).
    pub fn pretend_nothing_happened(&mut self, machine: usize, life: u32) {
        let shadow = &mut self.shadows[machine];
        shadow.life = Some(life);
        shadow.head = u64::MAX;
        let known = self.known.iter().enumerate().rev();
        for (number, _) in known.filter(|(_, known)| known.holders.contains(&(machine, life))) {
            let client = self.known[number].report.client();
            let index = self.clients.iter().position(|other| **other == *client);
            if let Some(index) = index {
                shadow.held.resize(shadow.held.len().max(index + 1), None);
                shadow.held[index].get_or_insert((0, number));
            }
        }
    }

    /// The report that was taken of which that line is.
    pub fn of_line(&self, line: &[u8]) -> Option<&Report> {
        self.by_line.get(line).map(|&number| &self.known[number].report)
    }

    /// Whether somebody said that its client is forgotten, as of then or later.
    pub fn was_forgotten_after(&self, report: &Report) -> bool {
        let of_client = self.known.iter().filter(|known| known.report.client() == report.client());
        let mut gone = of_client.filter(|known| known.report.is_gone());
        gone.any(|known| known.report.compare(report).is_gt())
    }

    /// The report that is told so: as JSON, by the names of its members.
    pub fn told_as(&self, members: &[(String, String)]) -> Option<&Report> {
        let names = ["id", "latitude", "longitude", "time", "server", "difference"];
        if !members.iter().map(|(name, _)| name.as_str()).eq(names) {
            return None;
        }
        let [id, latitude, longitude, time, server, difference] =
            [0, 1, 2, 3, 4, 5].map(|at| members[at].1.as_str());
        let degrees = |text: &str| text.parse::<f64>().ok().map(|degrees| (degrees * 1e9) as i64);
        let (latitude, longitude) = (degrees(latitude)?, degrees(longitude)?);
        let front = format!("AT {server} {difference} {id} ").into_bytes();
        let lines = self.by_line.range::<[u8], _>((Bound::Included(&front[..]), Bound::Unbounded));
        let mut of_front = lines.take_while(|(line, _)| line.starts_with(&front));
        let is_there = |report: &Report| {
            let place = Location::parse(report.location());
            report.time() == time.as_bytes()
                && place.is_some_and(|place| {
                    (place.latitude_nanodegrees - latitude).abs() < 10
                        && (place.longitude_nanodegrees - longitude).abs() < 10
                })
        };
        let report = |&number: &usize| &self.known[number].report;
        of_front.find_map(|(_, number)| Some(report(number)).filter(|report| is_there(report)))
    }

    /// All that were ever reported.
    pub fn clients(&self) -> &[Box<[u8]>] {
        &self.clients
    }

    /// A server may take this report from a client.
    pub fn may_take(&mut self, seen: &Seen, report: &Report) {
        if self.by_line.contains_key(report.line()) {
            return;
        }
        self.tally.reports += 1;
        if !self.clients.iter().any(|client| **client == *report.client()) {
            self.clients.push(report.client().into());
        }
        self.by_line.insert(report.line().into(), self.known.len());
        self.known.push(Known {
            report: report.clone(),
            taken: (seen.machine, seen.life),
            acknowledged: None,
            answered: None,
            holders: Vec::new(),
        });
    }

    /// A client has been told that its report was taken.
    pub fn acknowledge(&mut self, line: &[u8], now: Time) {
        // They are kept with their LF.
        let line = &[line, b"\n"].concat()[..];
        match self.by_line.get(line) {
            Some(&number) if self.known[number].acknowledged.is_none() => {
                self.known[number].acknowledged = Some(now);
                self.tally.acknowledged += 1;
            }
            Some(_) => {}
            None => self.fail(format!("a client was told {}", line.escape_ascii())),
        }
    }

    /// A server answers a report, with that line.
    pub fn answered(&mut self, line: &[u8], now: Time) {
        if let Some(&number) = self.by_line.get(line) {
            self.known[number].answered.get_or_insert(now);
        }
    }

    /// The reports that a server took and a client has seen answered, each with the server's life, and when.
    pub fn acknowledged_by(&self, machine: usize) -> impl Iterator<Item = (&Report, u32, Time)> {
        let known = self.known.iter().filter(move |known| known.taken.0 == machine);
        known.filter_map(|known| {
            // Clients may see it in answers to questions before.
            let at = known.acknowledged?.max(known.answered?);
            if known.report.came_dead(self.lifetimes) {
                return None;
            }
            Some((&known.report, known.taken.1, at))
        })
    }

    pub fn greeted(&mut self, seen: &Seen, from: usize, epoch: u64) {
        self.greeted.insert((seen.machine, seen.life, from), epoch);
    }

    pub fn marked(&mut self, seen: &Seen, from: usize, epoch: u64, sequence: u64) {
        let present = self.greeted.get(&(seen.machine, seen.life, from));
        self.tally.late_marks += u64::from(present != Some(&epoch));
        let mark = self.marks.entry((seen.machine, seen.life, epoch)).or_default();
        *mark = sequence.max(*mark);
    }

    pub fn mark_of(&self, seen: &Seen, epoch: u64) -> u64 {
        self.marks.get(&(seen.machine, seen.life, epoch)).copied().unwrap_or(0)
    }

    /// A position of that client crosses a link.
    pub fn crossed(&mut self, from: usize, to: usize, client: &[u8]) {
        self.tally.crossings += 1;
        if let Some(crossings) = &mut self.crossings {
            *crossings.entry((from, to, client.to_vec())).or_default() += 1;
        }
    }

    /// Looks at what has changed in a server's positions.
    pub fn turn_ended(&mut self, machine: usize, node: &Node, now: i64) {
        if node.links_started_over() > 0 && !self.may_start_over {
            let name = &self.names[machine];
            self.violation.get_or_insert(format!("{name} has told a neighbour everything again"));
        }
        let positions = node.positions();
        let shadow = &mut self.shadows[machine];
        let Some(life) = shadow.life else {
            return;
        };
        if positions.head() == shadow.head {
            return;
        }
        shadow.head = positions.head();
        shadow.held.resize(self.clients.len(), None);
        for (client, held) in self.clients.iter().zip(&mut shadow.held) {
            let name = &self.names[machine];
            let shown = client[..client.len().min(40)].escape_ascii();
            let record = positions.find_record(client);
            let Some(change) = record.and_then(|record| positions.change_of(record)) else {
                let is_dead = |(_, number): (u64, usize)| {
                    self.known[number].report.is_dead(self.lifetimes, now, false)
                };
                if held.take().is_some_and(|held| !is_dead(held)) {
                    self.violation.get_or_insert(format!("{name} has forgotten {shown}"));
                }
                continue;
            };
            if held.is_some_and(|(sequence, _)| sequence == change.sequence()) {
                continue;
            }
            let report = Report::of(&change);
            let line = report.line();
            let Some(&number) = self.by_line.get(line) else {
                let line = line.escape_ascii();
                self.violation.get_or_insert(format!("{name} holds what none took: {line}"));
                continue;
            };
            if let Some((_, before)) = *held {
                let before = &self.known[before].report;
                // What was dead has been let go, and what is older may be a tombstone, which lives longer.
                let was_let_go = before.is_dead(self.lifetimes, now, false);
                if !was_let_go && report.compare(before).is_le() {
                    let (old, new) = (before.line().escape_ascii(), line.escape_ascii());
                    let went = format!("{name} went back from\n{old} to\n{new}");
                    self.violation.get_or_insert(went);
                }
            }
            *held = Some((change.sequence(), number));
            self.known[number].holders.push((machine, life));
        }
        let counted = shadow.held.iter().flatten().count();
        let count = positions.len() + positions.tombstones();
        if counted != count {
            let name = &self.names[machine];
            self.violation.get_or_insert(format!("{name} holds {count}, seen {counted}"));
        }
    }

    /// Whether all these servers, which are all that live, hold the same, and the right positions, but for
    /// what is dead by the latest of their clocks.
    pub fn agreement(&self, nodes: &[(usize, &Node)], latest: i64) -> Result<(), String> {
        let Some((_, first)) = nodes.first() else {
            return Ok(());
        };
        for (machine, node) in nodes {
            let (name, digest) = (&self.names[*machine], node.positions().digest());
            // While records end, they are compared by others: see `World::is_healed`.
            if self.lifetimes.ttl_seconds.is_none() && digest != first.positions().digest() {
                return Err(format!("{name} has another digest"));
            }
        }
        for (index, client) in self.clients.iter().enumerate() {
            let expected = self.expected(client);
            // What one server has let go already another may have never been told.
            if expected.is_some_and(|expected| expected.is_dead(self.lifetimes, latest, false)) {
                continue;
            }
            for (machine, node) in nodes {
                let held = Report::held(node, client);
                if held.as_ref() != expected {
                    let name = &self.names[*machine];
                    let line = |report: Option<&Report>| {
                        report.map_or("nothing".into(), |r| r.line().escape_ascii().to_string())
                    };
                    let (is, right) = (line(held.as_ref()), line(expected));
                    return Err(format!(
                        "{name} holds of client {index}\n{is} instead of\n{right}"
                    ));
                }
            }
            let lives = |known: &&Known| self.shadows[known.taken.0].life == Some(known.taken.1);
            let acknowledged = self.known.iter().filter(|known| known.acknowledged.is_some());
            let lives = |known: &&Known| {
                let is_over = known.report.is_dead(self.lifetimes, latest, false);
                lives(known) && !is_over && !known.report.came_dead(self.lifetimes)
            };
            for known in acknowledged.filter(lives).filter(|k| k.report.client() == &**client) {
                let expected = expected.ok_or("an acknowledged report is nowhere")?;
                if expected.compare_as_taken(&known.report).is_lt() {
                    let line = known.report.line().escape_ascii();
                    return Err(format!("acknowledged, not lost and nowhere: {line}"));
                }
            }
        }
        Ok(())
    }

    /// The greatest report about a client of all that a server held which has lived ever since.
    fn expected(&self, client: &[u8]) -> Option<&Report> {
        let of_client = self.known.iter().filter(|known| known.report.client() == client);
        let held = of_client.filter(|known| {
            known.holders.iter().any(|&(machine, life)| self.shadows[machine].life == Some(life))
        });
        held.map(|known| &known.report).max_by(|a, b| a.compare(b))
    }
}
