//! What a visitor's silence means, and when: a request that dawdles, somebody who never asks anything.

use super::super::admission::ClientBounds;
use super::super::deadlines::Deadlines;
use crate::transport::Monotonic;
use std::time::Duration;

/// What is noted of the time.
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// When the connection was accepted or, later, the last request was answered.
    since: Monotonic,
    /// Whether there was a request.
    requested: bool,
    /// Since when half a request has been there.
    partial_since: Option<Monotonic>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The rest of a request.
    Request,
    /// The first request.
    First,
    /// Another one, with `--idle`.
    Idle,
}

impl Timing {
    /// Of a connection that was accepted now.
    pub fn since(now: Monotonic) -> Self {
        Timing { since: now, ..Timing::default() }
    }

    /// A whole request has come, or something else that shows that the visitor is not idle.
    pub fn note_request(&mut self, now: Monotonic) {
        (self.since, self.requested, self.partial_since) = (now, true, None);
    }

    /// Whether there was a request.
    pub fn has_requested(&self) -> bool {
        self.requested
    }

    /// Whether half a request is there.
    pub fn note_partial(&mut self, has_partial: bool, now: Monotonic) {
        self.partial_since = has_partial.then(|| self.partial_since.unwrap_or(now));
    }

    /// All that is waited for; nothing of who waits for an answer itself.
    pub fn deadlines(&self, is_answering: bool, bounds: &ClientBounds) -> Deadlines<Timer, 3> {
        let after = |since: Option<Monotonic>, bound: Duration| {
            since.filter(|_| !is_answering && !bound.is_zero()).map(|since| since + bound)
        };
        let first = (!self.requested && self.partial_since.is_none()).then_some(self.since);
        Deadlines([
            (Timer::Request, after(self.partial_since, bounds.first_line)),
            (Timer::First, after(first, bounds.first_line)),
            (Timer::Idle, after(Some(self.since), bounds.idle)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;
    const BOUNDS: ClientBounds =
        ClientBounds { first_line: Duration::from_secs(60), ..ClientBounds::NONE };

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default() + SECONDS(seconds)
    }

    #[test]
    fn each_request_has_its_time_and_who_is_silent_behind_one_has_any() {
        let mut timing = Timing::since(at(1));
        assert_eq!(timing.deadlines(false, &BOUNDS).next(), Some(at(61)));
        assert_eq!(timing.deadlines(false, &BOUNDS).due(at(61)), Some(Timer::First));
        timing.note_partial(true, at(5));
        timing.note_partial(true, at(9));
        assert_eq!(timing.deadlines(false, &BOUNDS).next(), Some(at(65)));
        assert_eq!(timing.deadlines(false, &BOUNDS).due(at(65)), Some(Timer::Request));
        timing.note_request(at(30));
        timing.note_partial(true, at(30));
        assert_eq!(timing.deadlines(false, &BOUNDS).next(), Some(at(90)), "that of the next one");
        timing.note_partial(false, at(31));
        assert_eq!(timing.deadlines(false, &BOUNDS).next(), None);
    }

    #[test]
    fn idle_is_who_asks_nothing_and_waits_for_nothing() {
        let bounds = ClientBounds { idle: SECONDS(10), ..BOUNDS };
        let mut timing = Timing::since(at(0));
        timing.note_request(at(20));
        assert_eq!(timing.deadlines(false, &bounds).due(at(30)), Some(Timer::Idle));
        assert_eq!(timing.deadlines(true, &bounds).next(), None);
        assert_eq!(timing.deadlines(false, &ClientBounds::NONE).next(), None);
    }
}
