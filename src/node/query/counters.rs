//! What has been asked of Places and what came of it, counted for whoever wants to know.

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
    pub spared: u64,
    /// Calls made to Places; what the operator pays for.
    pub calls: u64,
    /// Calls that Places answered with something to pass on.
    pub answered: u64,
    /// Calls that Places answered with an error or with nonsense.
    pub unusable: u64,
    /// Calls for which no connection could be made.
    pub unreachable: u64,
    /// Calls that had no answer in time.
    pub late: u64,
    /// Calls whose connection broke.
    pub broken: u64,
    /// The time from question to answer of all calls that were answered.
    pub latency_total: Duration,
    /// The longest of these times.
    pub latency_max: Duration,
}

/// How a call ended without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum CallFailure {
    Unreachable,
    Late,
    Broken,
}

impl Counters {
    pub(super) fn count_failure(&mut self, failure: CallFailure) {
        *match failure {
            CallFailure::Unreachable => &mut self.unreachable,
            CallFailure::Late => &mut self.late,
            CallFailure::Broken => &mut self.broken,
        } += 1;
    }

    pub(super) fn count_response(&mut self, usable: bool, took: Duration) {
        if usable {
            self.answered += 1;
        } else {
            self.unusable += 1;
        }
        self.latency_total = self.latency_total.saturating_add(took);
        self.latency_max = self.latency_max.max(took);
    }
}
