//! Whether it makes sense to ask at all: after failures Places is left alone for a while, so that a
//! dead one costs a question milliseconds instead of a time-out, and is found again by itself.

use crate::limits;
use crate::places::Problem;
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
        why: Problem,
    },
    /// One has been let through and is not back yet.
    Probing {
        why: Problem,
    },
}

/// How a question failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection could be made: so it would be for all others.
    Unreachable,
    /// No answer came in time or the connection broke: that may have been this question's luck.
    NoAnswer,
    /// Places answered that it does not answer us: the key or the quota is at fault.
    Refused,
}

impl Failure {
    /// How long Places is left alone at most. Only people can mend a key, and each try may cost;
    /// what cannot be reached may be back at any moment, and to try that costs nothing.
    fn pause_max(self) -> Duration {
        match self {
            Failure::Unreachable | Failure::NoAnswer => limits::PLACES_PAUSE_MAX,
            Failure::Refused => limits::PLACES_REFUSED_PAUSE_MAX,
        }
    }
}

impl Breaker {
    pub(super) fn new() -> Self {
        Breaker { state: State::Closed, failures: 0, pause: limits::PLACES_PAUSE_MIN }
    }

    /// Lets a question through, or says why not.
    pub(super) fn admit(&mut self, now: Monotonic) -> Result<(), Problem> {
        match &self.state {
            State::Closed => Ok(()),
            State::Open { until, why } if *until <= now => {
                self.state = State::Probing { why: why.clone() };
                Ok(())
            }
            State::Open { why, .. } | State::Probing { why } => Err(why.clone()),
        }
    }

    /// Places has answered, if only with an error that another question may be spared.
    pub(super) fn succeeded(&mut self) {
        *self = Breaker::new();
    }

    /// A question came to nothing.
    pub(super) fn failed(&mut self, failure: Failure, why: &Problem, now: Monotonic) {
        if matches!(self.state, State::Open { .. }) {
            // One of those that were let through before.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let probed = matches!(self.state, State::Probing { .. });
        if failure == Failure::Unreachable || probed || self.failures >= limits::PLACES_FAILURES_MAX
        {
            let pause = self.pause.min(failure.pause_max());
            self.state = State::Open { until: now + pause, why: why.clone() };
            self.pause = pause * 2;
        }
    }

    /// A question that was let through was never asked: the next may go instead.
    pub(super) fn abandoned(&mut self, now: Monotonic) {
        if let State::Probing { why } = &self.state {
            self.state = State::Open { until: now, why: why.clone() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Status;

    fn because(why: &str) -> Problem {
        Problem::new(Status::UnknownError, why, None)
    }

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_millis(milliseconds)
    }

    #[test]
    fn one_failure_to_connect_opens_it_and_one_success_closes_it() {
        let mut breaker = Breaker::new();
        assert_eq!(breaker.admit(at(0)), Ok(()));
        breaker.failed(Failure::Unreachable, &because("refused"), at(0));
        assert_eq!(breaker.admit(at(0)), Err(because("refused")));
        let later = at(0) + limits::PLACES_PAUSE_MIN;
        assert_eq!(breaker.admit(later), Ok(()), "the probe");
        assert_eq!(breaker.admit(later), Err(because("refused")), "one probe at a time");
        breaker.succeeded();
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn missing_answers_open_it_only_when_there_are_several_in_a_row() {
        let mut breaker = Breaker::new();
        for _ in 1..limits::PLACES_FAILURES_MAX {
            breaker.failed(Failure::NoAnswer, &because("late"), at(0));
            assert_eq!(breaker.admit(at(0)), Ok(()));
        }
        breaker.failed(Failure::NoAnswer, &because("late"), at(0));
        assert!(breaker.admit(at(0)).is_err());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut breaker = Breaker::new();
        let mut now = at(0);
        let mut pause = limits::PLACES_PAUSE_MIN;
        breaker.failed(Failure::Unreachable, &because("refused"), now);
        for _ in 0..20 {
            assert!(breaker.admit(now + (pause - Duration::from_nanos(1))).is_err());
            now = now + pause;
            assert!(breaker.admit(now).is_ok());
            breaker.failed(Failure::NoAnswer, &because("late"), now);
            pause = (pause * 2).min(limits::PLACES_PAUSE_MAX);
        }
    }

    #[test]
    fn refusals_open_it_for_longer_and_only_when_there_are_several_in_a_row() {
        let mut breaker = Breaker::new();
        let denied = Problem::new(Status::RequestDenied, "no", None);
        for _ in 1..limits::PLACES_FAILURES_MAX {
            breaker.failed(Failure::Refused, &denied, at(0));
            assert_eq!(breaker.admit(at(0)), Ok(()));
        }
        let (mut now, mut tries) = (at(0), 0);
        breaker.failed(Failure::Refused, &denied, now);
        while now < at(3_600_000) {
            match breaker.admit(now) {
                Ok(()) => {
                    tries += 1;
                    breaker.failed(Failure::Refused, &denied, now);
                }
                Err(why) => assert_eq!(why, denied),
            }
            now = now + Duration::from_millis(50);
        }
        // As often as the longest pause has it, and a few times at the beginning.
        let least = 3_600 / limits::PLACES_REFUSED_PAUSE_MAX.as_secs();
        assert!((least..least + 12).contains(&tries), "{tries} tries in an hour");
        // What is unreachable then is looked for as often as ever.
        breaker.failed(Failure::Unreachable, &because("refused"), now);
        assert!(breaker.admit(now + limits::PLACES_REFUSED_PAUSE_MAX).is_ok());
        breaker.failed(Failure::Unreachable, &because("refused"), now);
        assert!(breaker.admit(now + limits::PLACES_PAUSE_MAX).is_ok());
    }

    #[test]
    fn failures_of_those_let_through_before_do_not_prolong_it() {
        let mut breaker = Breaker::new();
        for _ in 0..10 {
            breaker.failed(Failure::Unreachable, &because("refused"), at(0));
        }
        assert!(breaker.admit(at(0) + limits::PLACES_PAUSE_MIN).is_ok());
    }

    #[test]
    fn a_probe_that_was_never_asked_makes_room_for_the_next() {
        let mut breaker = Breaker::new();
        breaker.failed(Failure::Unreachable, &because("refused"), at(0));
        assert!(breaker.admit(at(60_000)).is_ok());
        breaker.abandoned(at(60_000));
        assert!(breaker.admit(at(60_000)).is_ok());
    }
}
