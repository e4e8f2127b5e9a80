//! Trouble that may come a thousand times a second, and is to be logged at once and then now and then.

use crate::limits;
use crate::transport::Monotonic;
use std::time::Duration;

/// When one kind of trouble was logged.
#[derive(Debug, Default)]
pub(super) struct LogThrottle {
    logged: Option<Monotonic>,
    /// How often it came since then.
    passed_over: u64,
}

impl LogThrottle {
    /// It has come. Whether it is to be logged, which is once in each `pause`; and if so how often it
    /// came since the last time and was not.
    pub(super) fn admit(&mut self, now: Monotonic, pause: Duration) -> Option<u64> {
        if self.logged.is_some_and(|logged| now.since(logged) < pause) {
            self.passed_over += 1;
            return None;
        }
        self.logged = Some(now);
        self.take()
    }

    /// It has come and is logged for another reason: as [`admit`](Self::admit).
    pub(super) fn take(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.passed_over))
    }
}

/// The same for what is news more than once: the first of a while are logged one by one, since each may
/// have a reason of its own, and then one now and then.
#[derive(Debug, Default)]
pub(super) struct Burst {
    first: Monotonic,
    count: u64,
    further: LogThrottle,
}

impl Burst {
    /// One has come: as [`LogThrottle::admit`].
    pub(super) fn admit(&mut self, now: Monotonic) -> Option<u64> {
        if self.is_over(now) {
            (self.first, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count == 1 {
            self.first = now;
        }
        if self.count < limits::REFUSALS_SAID_MAX {
            return self.further.take();
        }
        self.further.admit(now, limits::REFUSAL_REMINDER)
    }

    /// Whether the while is over.
    pub(super) fn is_over(&self, now: Monotonic) -> bool {
        now.since(self.first) >= limits::REFUSAL_REMINDER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::NO_ROOM_REMINDER;

    #[test]
    fn what_has_no_room_is_told_at_once_and_then_now_and_then() {
        let mut throttle = LogThrottle::default();
        let mut now = Monotonic::default() + Duration::from_secs(1);
        assert_eq!(throttle.admit(now, NO_ROOM_REMINDER), Some(0));
        for count in [3, 0] {
            for _ in 0..count {
                assert_eq!(throttle.admit(now, NO_ROOM_REMINDER), None);
            }
            now = now + NO_ROOM_REMINDER;
            assert_eq!(throttle.admit(now, NO_ROOM_REMINDER), Some(count));
        }
    }
}
