//! Bugs planted on purpose: the canary that shows that the simulator sees.
//!
//! They are planted in the world around the real code, where its neighbours' lines and the answers
//! of Places pass: a filter between the network and a conversation makes the server behave as if its
//! own code were wrong, so that the program needs no switches for it. Bugs of what watchers are told
//! are planted where these read.

mod at_bus;
mod at_disk;
mod at_web;

use super::report::exact;
use super::watch::Seen;
use at_bus::Misheard;
use herd::driver;
use herd::node::Node;
use herd::places::RESPONSE_LIMITS;
use herd::wire::NeighbourLine;
use herd::wire::http::ResponseReader;
use herd::wire::neighbour::{Digest, write_acknowledge, write_heard, write_mark};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A link resumes further on than its neighbour has heard: a mark is lost.
    ResumesTooFar,
    /// A mark counts as heard before what came before it is taken in.
    HearsMarksEarly,
    /// Times are compared as floating-point numbers.
    ComparesTimesAsFloats,
    /// Of two reports with the same time the one that comes first stays.
    BreaksTiesByArrival,
    /// A client that is forgotten at the time of what is known of it stays known.
    TombstonesLoseTies,
    /// What a neighbour once told is never told to it, even if it has restarted since.
    LeavesOutForEver,
    /// What was heard of a neighbour's former life counts for the present one.
    KeepsMarksOfFormerLives,
    /// A restarted server calls itself by the epoch of its former life.
    KeepsItsEpoch,
    /// The time of what a neighbour has accepted is judged again by one's own clock.
    JudgesSkewAgain,
    /// A link that had to stop because its output was full does not go on.
    ForgetsToWalk,
    /// A server loses what it holds and goes on as if nothing had happened.
    LosesItsMemory,
    /// A mark that a neighbour's former life has left behind is heard as one of its present life,
    /// which has greeted in the same turn.
    HearsMarksOfFormerLives,
    /// What comes behind an answer of Places begins the next one.
    KeepsLeftovers,
    /// Clients are written before links, by the driver.
    WritesLinksLast,
    /// The driver closes at the end of a client's data, whatever is still owed.
    HalfCloseForgetsAnswers,
    /// The driver tells of a timer twice.
    TimerFiresTwice,
    /// What comes in a turn does not leave in it, but in the next: every other turn no link walks.
    WalksInTheNextTurn,
    /// An own report is told of before it is answered.
    TellsBeforeItAnswers,
    /// What there is to tell one who reads slowly is forgotten.
    ForgetsWhatTheSlowAreOwed,
    /// A change is told only when there is more to tell.
    KeepsTheLastChange,
    /// Nobody is told who has left what is watched.
    LetsThemLeaveUnseen,
    /// A stream of events that goes on leaves out one change.
    GoesOnTooFar,
    /// The id of an event is that of the next change.
    NumbersEventsAhead,
    /// All is said to have been told that was so, and it has not.
    SaysNowTooEarly,
    /// A report of OwnTracks is answered, and forgotten.
    AnswersAndForgets,
    /// Of two pipelined answers the later comes first.
    AnswersOutOfOrder,
    /// What a disk is to hold it is said to hold before it does: reports are answered too soon.
    SyncsAfterItAnswers,
    /// What is appended to make an old file of the journal needless lacks a record.
    RewritesLessThanLives,
    /// What a neighbour held at a step of its clock counts as of the present step of one's own.
    LooksAtItsOwnClockOnly,
    /// A gateway does not see that a batch is lacking.
    PassesOverGaps,
    /// What a gateway has asked for counts as heard, though the answer is lost.
    TakesAskingForHearing,
}

pub const ALL: [Bug; 31] = [
    Bug::ResumesTooFar,
    Bug::HearsMarksEarly,
    Bug::ComparesTimesAsFloats,
    Bug::BreaksTiesByArrival,
    Bug::TombstonesLoseTies,
    Bug::LeavesOutForEver,
    Bug::KeepsMarksOfFormerLives,
    Bug::KeepsItsEpoch,
    Bug::JudgesSkewAgain,
    Bug::ForgetsToWalk,
    Bug::LosesItsMemory,
    Bug::HearsMarksOfFormerLives,
    Bug::KeepsLeftovers,
    Bug::WritesLinksLast,
    Bug::HalfCloseForgetsAnswers,
    Bug::TimerFiresTwice,
    Bug::WalksInTheNextTurn,
    Bug::TellsBeforeItAnswers,
    Bug::ForgetsWhatTheSlowAreOwed,
    Bug::KeepsTheLastChange,
    Bug::LetsThemLeaveUnseen,
    Bug::GoesOnTooFar,
    Bug::NumbersEventsAhead,
    Bug::SaysNowTooEarly,
    Bug::AnswersAndForgets,
    Bug::AnswersOutOfOrder,
    Bug::SyncsAfterItAnswers,
    Bug::RewritesLessThanLives,
    Bug::LooksAtItsOwnClockOnly,
    Bug::PassesOverGaps,
    Bug::TakesAskingForHearing,
];

/// Those of what watchers are told.
const OF_WATCHERS: [Bug; 4] = [
    Bug::TellsBeforeItAnswers,
    Bug::ForgetsWhatTheSlowAreOwed,
    Bug::KeepsTheLastChange,
    Bug::LetsThemLeaveUnseen,
];

/// Those of the web port.
const OF_WEB: [Bug; 5] = [
    Bug::GoesOnTooFar,
    Bug::NumbersEventsAhead,
    Bug::SaysNowTooEarly,
    Bug::AnswersAndForgets,
    Bug::AnswersOutOfOrder,
];

/// Those of disks.
const OF_DISKS: [Bug; 2] = [Bug::SyncsAfterItAnswers, Bug::RewritesLessThanLives];

/// The bug of a run, and what it needs to know.
#[derive(Debug)]
pub struct Planted {
    pub bug: Option<Bug>,
    pub max_skew_seconds: u64,
    /// Who told whom which line.
    told: BTreeSet<(usize, usize, Box<[u8]>)>,
    /// The last mark that a server (the first) was given by another.
    marks: BTreeMap<(usize, usize), u64>,
    /// The epoch in which a server (the first) was greeted last by another.
    greeted: BTreeMap<(usize, usize), u64>,
    /// Marks of former epochs that came behind that.
    late: BTreeMap<(usize, usize), Vec<u8>>,
}

/// What stands between the network and one conversation with a neighbour.
#[derive(Debug)]
pub struct Filter {
    peer: usize,
    partial: Vec<u8>,
    waiting: Vec<u8>,
    /// In which the peer has greeted.
    epoch: Option<u64>,
    /// Reads the answers of Places.
    answers: Option<ResponseReader>,
    /// What a gateway hears of the bus.
    bus: Option<Box<Misheard>>,
}

impl Filter {
    fn new(peer: usize, answers: Option<ResponseReader>) -> Self {
        let (partial, waiting, epoch, bus) = (Vec::new(), Vec::new(), None, None);
        Filter { peer, partial, waiting, epoch, answers, bus }
    }
}

impl Planted {
    pub fn new(bug: Option<Bug>) -> Self {
        Planted {
            bug,
            max_skew_seconds: 0,
            told: BTreeSet::new(),
            marks: BTreeMap::new(),
            greeted: BTreeMap::new(),
            late: BTreeMap::new(),
        }
    }

    pub fn keeps_epochs(&self) -> bool {
        self.bug == Some(Bug::KeepsItsEpoch)
    }

    pub fn forgets_to_walk(&self) -> bool {
        self.bug == Some(Bug::ForgetsToWalk)
    }

    /// The bug of the driver.
    pub fn in_driver(&self) -> Option<driver::Planted> {
        match self.bug? {
            Bug::WritesLinksLast => Some(driver::Planted::FirstWrittenLast),
            Bug::HalfCloseForgetsAnswers => Some(driver::Planted::HalfCloseForgetsAnswers),
            Bug::TimerFiresTwice => Some(driver::Planted::TimerFiresTwice),
            _ => None,
        }
    }

    pub fn walks_in_the_next_turn(&self) -> bool {
        self.bug == Some(Bug::WalksInTheNextTurn)
    }

    /// A server has been started.
    pub fn started(&mut self, machine: usize) {
        self.marks.retain(|(to, _), _| *to != machine);
        self.greeted.retain(|(to, _), _| *to != machine);
        self.late.retain(|(to, _), _| *to != machine);
    }

    /// For a conversation with that server, if a bug is planted in such.
    pub fn filter(&self, peer: usize) -> Option<Box<Filter>> {
        let elsewhere =
            [Bug::KeepsItsEpoch, Bug::ForgetsToWalk, Bug::LosesItsMemory, Bug::WalksInTheNextTurn];
        let elsewhere =
            |bug| elsewhere.contains(&bug) || OF_WATCHERS.contains(&bug) || OF_WEB.contains(&bug);
        let elsewhere = |bug| elsewhere(bug) || OF_DISKS.contains(&bug);
        let filters = self.bug.is_some_and(|bug| !elsewhere(bug));
        let filters = filters && self.in_driver().is_none() && !self.mishears_the_bus();
        filters.then(|| Box::new(Filter::new(peer, None)))
    }

    /// For one with Places.
    pub fn filter_of_places(&self, peer: usize) -> Option<Box<Filter>> {
        let filters = self.bug == Some(Bug::KeepsLeftovers);
        filters.then(|| Box::new(Filter::new(peer, Some(ResponseReader::new(RESPONSE_LIMITS)))))
    }

    /// What the conversation gets to see of what has arrived.
    pub fn pass(&mut self, filter: &mut Filter, seen: &Seen, node: &Node, data: &[u8]) -> Vec<u8> {
        if let (Some(bus), Some(bug)) = (&mut filter.bus, self.bug) {
            return bus.pass(bug, data);
        }
        let mut out = std::mem::take(&mut filter.waiting);
        if let Some(answers) = &mut filter.answers {
            out.extend_from_slice(data);
            if let Ok(Some((_, taken))) = answers.receive(&out) {
                filter.waiting = out.split_off(taken);
                *answers = ResponseReader::new(RESPONSE_LIMITS);
            }
            return out;
        }
        filter.partial.extend_from_slice(data);
        let partial = std::mem::take(&mut filter.partial);
        let mut rest = &partial[..];
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let is_at = line.starts_with(b"AT ");
            if is_at && self.bug == Some(Bug::HearsMarksEarly) {
                filter.waiting.extend_from_slice(line);
                filter.waiting.push(b'\n');
            } else {
                self.line(filter, seen, node, line, &mut out);
            }
        }
        filter.partial = rest.to_vec();
        out
    }

    /// What one who watches reads instead of `bytes`, if a bug is planted there; what is `withheld`
    /// stands before what comes next.
    pub fn misread(&self, is_slow: bool, withheld: &mut Vec<u8>, bytes: &[u8]) -> Option<Vec<u8>> {
        let bug = self.bug.filter(|bug| OF_WATCHERS.contains(bug))?;
        let all = [&std::mem::take(withheld)[..], bytes].concat();
        let mut lines: Vec<&[u8]> = all.split_inclusive(|&byte| byte == b'\n').collect();
        let is_change = |line: &[u8]| line.starts_with(b"~ AT ") && line.ends_with(b"\n");
        match bug {
            Bug::TellsBeforeItAnswers => {
                for at in 1..lines.len() {
                    if lines[at].strip_prefix(b"~ ") == Some(lines[at - 1]) {
                        lines.swap(at - 1, at);
                    }
                }
            }
            Bug::ForgetsWhatTheSlowAreOwed if is_slow => lines.retain(|line| !is_change(line)),
            Bug::KeepsTheLastChange => {
                if let Some(last) = lines.pop_if(|last| is_change(last)) {
                    *withheld = last.to_vec();
                }
            }
            Bug::LetsThemLeaveUnseen => lines.retain(|line| !line.starts_with(b"~ OUT ")),
            _ => {}
        }
        Some(lines.concat())
    }

    /// A mark that is misheard on this conversation, for the protocol and not for the model.
    pub fn misheard(&mut self, filter: &Filter, seen: &Seen) -> Option<Vec<u8>> {
        let pair = (seen.machine, filter.peer);
        let present = filter.epoch.is_some() && filter.epoch == self.greeted.get(&pair).copied();
        if present { self.late.remove(&pair) } else { None }
    }

    fn line(
        &mut self,
        filter: &mut Filter,
        seen: &Seen,
        node: &Node,
        line: &[u8],
        out: &mut Vec<u8>,
    ) {
        let peer = filter.peer;
        match (self.bug, NeighbourLine::parse(line)) {
            (_, Some(NeighbourLine::Greeting { epoch, .. })) => {
                filter.epoch = Some(epoch);
                self.greeted.insert((seen.machine, peer), epoch);
            }
            (Some(Bug::HearsMarksOfFormerLives), Some(NeighbourLine::Mark { .. })) => {
                let pair = (seen.machine, peer);
                if filter.epoch != self.greeted.get(&pair).copied() {
                    self.late.insert(pair, [line, b"\n"].concat());
                }
            }
            (Some(Bug::TombstonesLoseTies), Some(NeighbourLine::Gone(gone)))
                if node
                    .positions()
                    .find(gone.client)
                    .is_some_and(|held| exact(gone.time) == exact(held.time())) =>
            {
                return;
            }
            (_, Some(NeighbourLine::At(_))) if self.drops(peer, seen, node, line) => return,
            (Some(Bug::LooksAtItsOwnClockOnly), Some(NeighbourLine::Mark { sequence, digest })) => {
                return write_mark(out, sequence, at_our_step(digest, node));
            }
            (
                Some(Bug::LooksAtItsOwnClockOnly),
                Some(NeighbourLine::Acknowledge { sequence, digest }),
            ) => return write_acknowledge(out, sequence, at_our_step(digest, node)),
            (_, Some(NeighbourLine::Mark { sequence, .. })) => {
                self.marks.insert((seen.machine, peer), sequence);
            }
            (Some(bug), Some(NeighbourLine::Heard { version, server, epoch, up_to })) => {
                let up_to = match bug {
                    Bug::ResumesTooFar if up_to > 0 => up_to + 2,
                    Bug::KeepsMarksOfFormerLives => {
                        up_to.max(self.marks.get(&(peer, seen.machine)).copied().unwrap_or(0))
                    }
                    _ => up_to,
                };
                write_heard(out, version, server, epoch, up_to);
                return;
            }
            _ => {}
        }
        out.extend_from_slice(line);
        out.push(b'\n');
    }

    fn drops(&mut self, peer: usize, seen: &Seen, node: &Node, line: &[u8]) -> bool {
        let Some(NeighbourLine::At(at)) = NeighbourLine::parse(line) else {
            return false;
        };
        let held = node.positions().find(at.client);
        match self.bug {
            Some(Bug::ComparesTimesAsFloats) => held.is_some_and(|held| {
                let number = |text| str::from_utf8(text).unwrap_or("").parse().unwrap_or(f64::MAX);
                number(at.time) <= number(held.time())
            }),
            Some(Bug::BreaksTiesByArrival) => {
                held.is_some_and(|held| exact(at.time) == exact(held.time()))
            }
            Some(Bug::JudgesSkewAgain) => {
                let ahead = at.time_nanoseconds - seen.now.posix_nanoseconds;
                ahead > self.max_skew_seconds as i64 * 1_000_000_000
            }
            Some(Bug::LeavesOutForEver) => {
                let dropped = self.told.contains(&(seen.machine, peer, line.into()));
                self.told.insert((peer, seen.machine, line.into()));
                dropped
            }
            _ => false,
        }
    }
}

/// As if it were of the step of the server that hears it.
fn at_our_step(digest: Digest, node: &Node) -> Digest {
    Digest { step: digest.step.and_then(|_| node.positions().step()), ..digest }
}
