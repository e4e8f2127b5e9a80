//! A report as it was taken, and which of two stays: the rule of the order, written down a second
//! time and in another way than in the program.

use super::contract::{at_line, gone_line, nanoseconds};
use herd::node::Node;
use herd::positions::{Change, Kind};
use herd::wire::Lifetimes;
use std::cmp::Ordering;
use std::ops::Range;

/// Who took it, when, and what the client said: an `AT` line, or a `GONE` line of one that is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    line: Box<[u8]>,
    difference_nanoseconds: i64,
    origin: Range<usize>,
    client: Range<usize>,
    location: Range<usize>,
    time: Range<usize>,
}

impl Report {
    /// Of an `AT` or a `GONE` line with LF.
    pub fn new(line: Vec<u8>, difference_nanoseconds: i64) -> Self {
        let mut start = 0;
        let mut field = || {
            let length = line[start..].iter().position(|byte| matches!(byte, b' ' | b'\n'));
            let field = start..start + length.unwrap_or(0);
            start = field.end + 1;
            field
        };
        let [word, origin, _difference, client] = [(); 4].map(|()| field());
        let is_at = &line[word] == b"AT";
        let location = if is_at { field() } else { 0..0 };
        let time = field();
        Report { line: line.into(), difference_nanoseconds, origin, client, location, time }
    }

    /// As a store holds it.
    pub fn of(change: &Change<'_>) -> Self {
        let name = String::from_utf8_lossy(change.origin_name());
        let difference = change.difference_nanoseconds();
        let (client, time) = (change.client(), change.time());
        let line = match change.kind() {
            Kind::Position => at_line(&name, difference, client, change.text().location(), time),
            Kind::Tombstone => gone_line(&name, difference, client, time),
        };
        Report::new(line, difference)
    }

    /// What a server holds of a client, also that it is forgotten.
    pub fn held(node: &Node, client: &[u8]) -> Option<Self> {
        let positions = node.positions();
        let change = positions.change_of(positions.find_record(client)?)?;
        Some(Report::of(&change))
    }

    /// Whether it says that the client is forgotten.
    pub fn is_gone(&self) -> bool {
        self.location.is_empty()
    }

    pub fn line(&self) -> &[u8] {
        &self.line
    }

    pub fn client(&self) -> &[u8] {
        &self.line[self.client.clone()]
    }

    pub fn location(&self) -> &[u8] {
        &self.line[self.location.clone()]
    }

    pub fn time(&self) -> &[u8] {
        &self.line[self.time.clone()]
    }

    /// Whether it was dead when it was taken: then it was answered, and not kept.
    pub fn came_dead(&self, lifetimes: Lifetimes) -> bool {
        let seconds = lifetimes.ttl_seconds.filter(|_| !self.is_gone());
        seconds.is_some_and(|s| self.difference_nanoseconds > i64::from(s) * 1_000_000_000)
    }

    /// Whether it is dead by that clock, in nanoseconds since 1970: a position, for questions, to the
    /// nanosecond; for what servers have in common everything, from the next whole second on.
    pub fn is_dead(&self, lifetimes: Lifetimes, now: i64, for_questions: bool) -> bool {
        let seconds = match self.is_gone() {
            true => Some(lifetimes.tombstone_seconds),
            false => lifetimes.ttl_seconds,
        };
        let (Some(seconds), Some(time)) = (seconds, nanoseconds(self.time())) else { return false };
        let ends = time.saturating_add(i64::from(seconds) * 1_000_000_000);
        if for_questions && !self.is_gone() {
            return ends < now;
        }
        ends.div_euclid(1_000_000_000) < now.div_euclid(1_000_000_000)
    }

    /// The later time is greater; then that it is forgotten. When a server takes a report from a client, what it
    /// knows stays where this says that the two are equal: so that is all that a client is promised.
    pub fn compare_as_taken(&self, other: &Report) -> Ordering {
        let times = exact(self.time()).cmp(&exact(other.time()));
        times.then_with(|| self.is_gone().cmp(&other.is_gone()))
    }

    /// The later time is greater; then that it is forgotten, then what was taken sooner, then what sorts
    /// later.
    pub fn compare(&self, other: &Report) -> Ordering {
        let rest = |report: &Report| {
            let fields = [&report.location, &report.time, &report.origin];
            fields.map(|field| report.line[field.clone()].to_vec())
        };
        self.compare_as_taken(other)
            .then_with(|| other.difference_nanoseconds.cmp(&self.difference_nanoseconds))
            .then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// What orders times exactly: how many digits the integer has, these, those of the fraction.
pub fn exact(time: &[u8]) -> (usize, &[u8], &[u8]) {
    let point = time.iter().position(|&byte| byte == b'.').unwrap_or(time.len());
    let (integer, fraction) = (&time[..point], time.get(point + 1..).unwrap_or_default());
    let first = integer.iter().position(|&digit| digit != b'0').unwrap_or(point);
    let last = fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    (point - first, &integer[first..], &fraction[..last])
}
