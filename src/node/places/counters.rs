//! What has been asked of Places and what came of it, counted for whoever wants to know.

use crate::places::Status;
use crate::wire::plural;
use std::fmt;
use std::time::Duration;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// `WHATSAT`s.
    pub questions: u64,
    /// Of these, those answered from the cache.
    pub cached: u64,
    /// Of these, those that joined a call under way.
    pub shared: u64,
    /// Of these, those refused because a cap was reached.
    pub over_cap: u64,
    /// Of these, those answered at once because Places had just failed, or too many waited.
    pub short_circuited: u64,
    /// Requests sent to Places: what the operator pays for, at most. A call that had to be made once
    /// more, since its connection was lost before it was answered, is two, and Places may have seen
    /// only one of them.
    pub calls: u64,
    /// Calls that Places answered well, be it that nothing is there.
    pub answered: u64,
    /// Calls that it answered with `REQUEST_DENIED`.
    pub denied: u64,
    /// Calls that it answered with `OVER_QUERY_LIMIT`.
    pub over_limit: u64,
    /// Calls that it answered with `INVALID_REQUEST`.
    pub invalid: u64,
    /// Calls that it answered with another error or with nonsense.
    pub unusable: u64,
    /// Calls for which no connection could be made.
    pub unreachable: u64,
    /// Calls that had no answer in time.
    pub late: u64,
    /// Calls that had to wait until there was no time left: nothing was sent for them.
    pub not_asked: u64,
    /// Calls whose connection broke.
    pub broken: u64,
    /// The time from question to answer of all calls that were answered.
    pub latency_total: Duration,
    /// The longest of these times.
    pub latency_max: Duration,
}

/// How a call ended without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallFailure {
    Unreachable,
    /// No connection was free in time, or others go before it.
    NotAsked,
    Late,
    Broken,
}

impl Counters {
    pub(super) fn count_failure(&mut self, failure: CallFailure) {
        *match failure {
            CallFailure::Unreachable => &mut self.unreachable,
            CallFailure::NotAsked => &mut self.not_asked,
            CallFailure::Late => &mut self.late,
            CallFailure::Broken => &mut self.broken,
        } += 1;
    }

    pub(super) fn count_response(&mut self, trouble: Option<Status>, took: Duration) {
        *match trouble {
            None => &mut self.answered,
            Some(Status::RequestDenied) => &mut self.denied,
            Some(Status::OverQueryLimit) => &mut self.over_limit,
            Some(Status::InvalidRequest) => &mut self.invalid,
            Some(_) => &mut self.unusable,
        } += 1;
        self.latency_total = self.latency_total.saturating_add(took);
        self.latency_max = self.latency_max.max(took);
    }

    /// The mean time from question to answer of the calls that were answered.
    pub fn latency_mean(&self) -> Duration {
        let responses =
            self.answered + self.denied + self.over_limit + self.invalid + self.unusable;
        let responses = u32::try_from(responses).unwrap_or(u32::MAX);
        self.latency_total.checked_div(responses).unwrap_or_default()
    }
}

impl fmt::Display for Counters {
    /// In words, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} from the cache, {} shared, {} over a cap, {} short-circuited); {}: {} answered, {} \
             denied, {} over the limit, {} invalid, {} unusable, {} unreachable, {} late, {} broken, {} not \
             asked in time; {:.1?} to an answer on average, {:.1?} at most",
            plural(self.questions, "question"),
            self.cached,
            self.shared,
            self.over_cap,
            self.short_circuited,
            plural(self.calls, "call"),
            self.answered,
            self.denied,
            self.over_limit,
            self.invalid,
            self.unusable,
            self.unreachable,
            self.late,
            self.broken,
            self.not_asked,
            self.latency_mean(),
            self.latency_max
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_counted_by_how_it_ended_and_all_is_said_in_words() {
        let mut counters = Counters { questions: 20, cached: 3, ..Counters::default() };
        assert_eq!(counters.latency_mean(), Duration::ZERO);
        let took = Duration::from_millis(30);
        counters.count_response(None, took / 3);
        counters.count_response(Some(Status::RequestDenied), took);
        counters.count_response(Some(Status::OverQueryLimit), took);
        counters.count_response(Some(Status::InvalidRequest), took);
        counters.count_response(Some(Status::NotFound), took);
        counters.count_response(Some(Status::UnknownError), took);
        for failure in [
            CallFailure::Unreachable,
            CallFailure::NotAsked,
            CallFailure::Late,
            CallFailure::Broken,
        ] {
            counters.count_failure(failure);
        }
        assert_eq!(
            counters.to_string(),
            "20 questions (3 from the cache, 0 shared, 0 over a cap, 0 short-circuited); 0 calls: 1 \
             answered, 1 denied, 1 over the limit, 1 invalid, 2 unusable, 1 unreachable, 1 late, 1 broken, \
             1 not asked in time; 26.7ms to an answer on average, 30.0ms at most"
        );
    }
}
