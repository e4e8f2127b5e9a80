//! Whether it makes sense to ask at all: after failures Places is left alone for a while, so that a
//! dead one costs a question milliseconds instead of a time-out, and is found again by itself.

use crate::limits;
use crate::transport::Monotonic;
use std::time::Duration;

/// A circuit breaker (Nygard, "Release It!", 2007): closed while all is well, open after failures,
/// and then let through by one question at a time until one comes back.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    /// Questions in a row that came to nothing.
    failures: u32,
    /// How long it opens the next time.
    pause: Duration,
}

#[derive(Debug)]
enum State {
    Closed,
    /// Nobody is let through before that time, then one.
    Open {
        until: Monotonic,
        why: String,
    },
    /// One has been let through and is not back yet.
    Probing {
        why: String,
    },
}

/// How a question failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection could be made: so it would be for all others.
    Unreachable,
    /// No answer came in time or the connection broke: that may have been this question's luck.
    NoAnswer,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Breaker { state: State::Closed, failures: 0, pause: limits::PLACES_PAUSE_MIN }
    }

    /// Lets a question through, or says why not.
    pub(super) fn admit(&mut self, now: Monotonic) -> Result<(), String> {
        match &mut self.state {
            State::Closed => Ok(()),
            State::Open { until, why } if *until <= now => {
                self.state = State::Probing { why: std::mem::take(why) };
                Ok(())
            }
            State::Open { why, .. } | State::Probing { why } => Err(why.clone()),
        }
    }

    /// Places has answered, whatever it said.
    pub(super) fn succeeded(&mut self) {
        *self = Breaker::new();
    }

    /// A question came to nothing.
    pub(super) fn failed(&mut self, failure: Failure, why: &str, now: Monotonic) {
        if matches!(self.state, State::Open { .. }) {
            // One of those that were let through before.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let probed = matches!(self.state, State::Probing { .. });
        if failure == Failure::Unreachable || probed || self.failures >= limits::PLACES_FAILURES_MAX
        {
            self.state = State::Open { until: now + self.pause, why: why.to_owned() };
            self.pause = (self.pause * 2).min(limits::PLACES_PAUSE_MAX);
        }
    }

    /// A question that was let through was never asked: the next may go instead.
    pub(super) fn abandoned(&mut self, now: Monotonic) {
        if let State::Probing { why } = &mut self.state {
            self.state = State::Open { until: now, why: std::mem::take(why) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_millis(milliseconds)
    }

    #[test]
    fn one_failure_to_connect_opens_it_and_one_success_closes_it() {
        let mut breaker = Breaker::new();
        assert_eq!(breaker.admit(at(0)), Ok(()));
        breaker.failed(Failure::Unreachable, "refused", at(0));
        assert_eq!(breaker.admit(at(0)), Err("refused".to_owned()));
        let later = at(0) + limits::PLACES_PAUSE_MIN;
        assert_eq!(breaker.admit(later), Ok(()), "the probe");
        assert_eq!(breaker.admit(later), Err("refused".to_owned()), "one probe at a time");
        breaker.succeeded();
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn missing_answers_open_it_only_when_there_are_several_in_a_row() {
        let mut breaker = Breaker::new();
        for _ in 1..limits::PLACES_FAILURES_MAX {
            breaker.failed(Failure::NoAnswer, "late", at(0));
            assert_eq!(breaker.admit(at(0)), Ok(()));
        }
        breaker.failed(Failure::NoAnswer, "late", at(0));
        assert!(breaker.admit(at(0)).is_err());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut breaker = Breaker::new();
        let mut now = at(0);
        let mut pause = limits::PLACES_PAUSE_MIN;
        breaker.failed(Failure::Unreachable, "refused", now);
        for _ in 0..20 {
            assert!(breaker.admit(now + (pause - Duration::from_nanos(1))).is_err());
            now = now + pause;
            assert!(breaker.admit(now).is_ok());
            breaker.failed(Failure::NoAnswer, "late", now);
            pause = (pause * 2).min(limits::PLACES_PAUSE_MAX);
        }
    }

    #[test]
    fn failures_of_those_let_through_before_do_not_prolong_it() {
        let mut breaker = Breaker::new();
        for _ in 0..10 {
            breaker.failed(Failure::Unreachable, "refused", at(0));
        }
        assert!(breaker.admit(at(0) + limits::PLACES_PAUSE_MIN).is_ok());
    }

    #[test]
    fn a_probe_that_was_never_asked_makes_room_for_the_next() {
        let mut breaker = Breaker::new();
        breaker.failed(Failure::Unreachable, "refused", at(0));
        assert!(breaker.admit(at(60_000)).is_ok());
        breaker.abandoned(at(60_000));
        assert!(breaker.admit(at(60_000)).is_ok());
    }
}
