//! When a line is logged: lines in and out at the time of their turn, all else when it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of the last line.
pub(super) struct LogClock {
    time: SystemTime,
    /// The turn that it is from, or in which it was read; none before the first.
    turn: Option<i64>,
}

impl LogClock {
    pub(super) fn new() -> Self {
        LogClock { time: UNIX_EPOCH, turn: None }
    }

    /// The time of a line that has one of its own.
    pub(super) fn now(&mut self) -> SystemTime {
        self.time = SystemTime::now();
        self.time
    }

    /// The time of a line in that turn, which began so many nanoseconds after the epoch: that, or what
    /// was shown since, so that lines of a turn are in order.
    pub(super) fn in_turn(&mut self, turn: Option<i64>) -> SystemTime {
        let Some(began) = turn else { return self.now() };
        if self.turn != turn {
            self.turn = turn;
            self.time = UNIX_EPOCH + Duration::from_nanos(u64::try_from(began).unwrap_or_default());
        }
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_turn_have_its_time_and_are_in_order() {
        let mut clock = LogClock::new();
        let first = clock.in_turn(Some(1_500));
        assert_eq!(first, UNIX_EPOCH + Duration::from_nanos(1_500));
        assert_eq!(clock.in_turn(Some(1_500)), first);
        let now = clock.now();
        assert_eq!(clock.in_turn(Some(1_500)), now, "it would go back");
        // A clock that was set back is shown as it is.
        assert_eq!(clock.in_turn(Some(1_400)), UNIX_EPOCH + Duration::from_nanos(1_400));
        assert_eq!(clock.in_turn(Some(-1)), UNIX_EPOCH);
        assert!(clock.in_turn(None) >= now, "before the first turn it is read");
    }
}
