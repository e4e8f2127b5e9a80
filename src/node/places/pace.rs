//! How fast Places answers at present, and so whether a question that has to wait makes sense.

use crate::limits::PLACES_CONNECTIONS_MAX;
use std::time::Duration;

/// A new answer counts for so much of the whole.
const WEIGHT: u32 = 8;

/// The time that calls are on a connection, smoothed, as by RFC 6298 round trips are. Only answers
/// count: what a silent Places costs says nothing of how fast it is once it is back.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// None before the first answer.
    per_call: Option<Duration>,
}

impl Pace {
    /// A call was answered so long after it had been put on its connection.
    pub(super) fn answered(&mut self, took: Duration) {
        self.per_call = Some(match self.per_call {
            None => took,
            Some(known) => known - known / WEIGHT + took / WEIGHT,
        });
    }

    /// How many calls are made in that time at least, if all connections do nothing else: more may
    /// well be ahead of one that is made all the same, but not if Places stays as fast as it was.
    pub(super) fn calls_in(&self, time: Duration) -> usize {
        let Some(per_call) = self.per_call.filter(|per_call| !per_call.is_zero()) else {
            return usize::MAX;
        };
        let rounds = time.as_nanos() / per_call.as_nanos();
        usize::try_from(rounds).map_or(usize::MAX, |rounds| {
            // Those under way are nearly done, for all that is known.
            rounds.saturating_add(1).saturating_mul(PLACES_CONNECTIONS_MAX)
        })
    }

    /// Whether so little time is left for a call that it is not worth being made: half of what calls
    /// take.
    pub(super) fn is_too_short(&self, left: Duration) -> bool {
        self.per_call.is_some_and(|per_call| left < per_call / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn before_the_first_answer_everything_is_worth_its_wait() {
        let pace = Pace::default();
        assert_eq!(pace.calls_in(Duration::ZERO), usize::MAX);
        assert!(!pace.is_too_short(Duration::ZERO));
    }

    #[test]
    fn calls_in_a_time_are_as_many_as_connections_can_make_and_a_round_more() {
        let mut pace = Pace::default();
        pace.answered(SECOND / 10);
        assert_eq!(pace.calls_in(SECOND), 11 * PLACES_CONNECTIONS_MAX);
        assert_eq!(pace.calls_in(Duration::ZERO), PLACES_CONNECTIONS_MAX);
        assert!(pace.is_too_short(SECOND / 21) && !pace.is_too_short(SECOND / 20));
        pace.answered(Duration::ZERO);
        pace = Pace::default();
        pace.answered(Duration::ZERO);
        assert_eq!(pace.calls_in(SECOND), usize::MAX);
    }

    #[test]
    fn it_follows_places_within_some_calls_and_is_not_thrown_by_one() {
        let mut pace = Pace::default();
        (0..50).for_each(|_| pace.answered(SECOND / 100));
        pace.answered(4 * SECOND);
        assert!(pace.calls_in(SECOND) >= PLACES_CONNECTIONS_MAX);
        (0..40).for_each(|_| pace.answered(SECOND / 100));
        assert!(pace.calls_in(SECOND) > 80 * PLACES_CONNECTIONS_MAX, "{pace:?}");
    }
}
