//! Who pays: a cap on the calls in each second and each day.

use crate::transport::Now;

const SECOND_NANOSECONDS: u64 = 1_000_000_000;
const DAY_NANOSECONDS: i64 = 86_400 * 1_000_000_000;

/// Counts calls against their caps.
#[derive(Debug)]
pub(super) struct Quota {
    second: Window,
    day: Window,
}

/// The second and the day for which a call is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reservation {
    second: i64,
    day: i64,
}

/// Calls in the current second of the monotonic clock, or day of the wall clock (UTC, which is what
/// bills go by).
#[derive(Debug)]
struct Window {
    /// None: no cap.
    calls_max: Option<u32>,
    /// Which second or day it is.
    current: i64,
    calls: u32,
}

impl Quota {
    pub(super) fn new(per_second: Option<u32>, per_day: Option<u32>) -> Self {
        Quota { second: Window::new(per_second), day: Window::new(per_day) }
    }

    /// Whether another call may be made now, or which cap says no.
    pub(super) fn check(&mut self, now: Now) -> Result<(), &'static str> {
        if !self.second.has_room((now.monotonic.nanoseconds() / SECOND_NANOSECONDS) as i64) {
            return Err("no more calls to Places this second (this server's own cap)");
        }
        if !self.day.has_room(now.posix_nanoseconds.div_euclid(DAY_NANOSECONDS)) {
            return Err("no more calls to Places today (this server's own cap)");
        }
        Ok(())
    }

    /// A call is to be made.
    pub(super) fn reserve(&mut self) -> Reservation {
        for window in [&mut self.second, &mut self.day] {
            window.calls = window.calls.saturating_add(1);
        }
        Reservation { second: self.second.current, day: self.day.current }
    }

    /// That call was not made: Places has not heard of it, and so nobody pays for it.
    pub(super) fn give_back(&mut self, reserved: Reservation) {
        let windows = [(&mut self.second, reserved.second), (&mut self.day, reserved.day)];
        for (window, current) in windows {
            if window.current == current {
                window.calls = window.calls.saturating_sub(1);
            }
        }
    }
}

impl Window {
    fn new(calls_max: Option<u32>) -> Self {
        Window { calls_max, current: 0, calls: 0 }
    }

    fn has_room(&mut self, current: i64) -> bool {
        // A wall clock that steps back over midnight must not open the day anew; one that steps back
        // by more had been wrong, and must not keep it closed until it is there again.
        if current > self.current || current < self.current - 1 {
            self.current = current;
            self.calls = 0;
        }
        self.calls_max.is_none_or(|max| self.calls < max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Monotonic;

    /// So long after the start, which was at the beginning of a day.
    fn at(seconds: u64) -> Now {
        Now {
            monotonic: Monotonic::from_nanoseconds(seconds * SECOND_NANOSECONDS),
            posix_nanoseconds: 20_000 * DAY_NANOSECONDS + (seconds * SECOND_NANOSECONDS) as i64,
        }
    }

    /// The same with a wall clock that was set meanwhile.
    fn at_wall(seconds: u64, wall_days_ahead: i64) -> Now {
        let now = at(seconds);
        let ahead = wall_days_ahead * DAY_NANOSECONDS;
        Now { posix_nanoseconds: now.posix_nanoseconds + ahead, ..now }
    }

    fn calls(quota: &mut Quota, now: Now, tries: usize) -> usize {
        (0..tries)
            .filter(|_| {
                quota.check(now).is_ok() && {
                    quota.reserve();
                    true
                }
            })
            .count()
    }

    #[test]
    fn each_second_and_each_day_has_its_share() {
        let mut quota = Quota::new(Some(3), Some(7));
        assert_eq!(calls(&mut quota, at(100), 10), 3);
        assert_eq!(calls(&mut quota, at(101), 10), 3);
        assert_eq!(calls(&mut quota, at(102), 10), 1, "the day is used up");
        assert_eq!(calls(&mut quota, at(86_399), 10), 0);
        assert_eq!(calls(&mut quota, at(86_400), 10), 3, "the next day");
    }

    #[test]
    fn a_clock_that_steps_back_over_midnight_opens_nothing() {
        let mut quota = Quota::new(None, Some(2));
        assert_eq!(calls(&mut quota, at(86_400), 5), 2);
        assert_eq!(calls(&mut quota, at_wall(86_410, -1), 5), 0);
        assert_eq!(calls(&mut quota, at(86_420), 5), 0);
        assert_eq!(calls(&mut quota, at(2 * 86_400), 5), 2);
    }

    #[test]
    fn a_clock_that_was_wrong_by_years_closes_nothing_for_years() {
        let mut quota = Quota::new(Some(1), Some(2));
        assert_eq!(calls(&mut quota, at_wall(1, 1_000), 5), 1);
        assert_eq!(calls(&mut quota, at_wall(2, 1_000), 5), 1);
        assert_eq!(calls(&mut quota, at_wall(3, 1_000), 5), 0, "the day is used up");
        // It is set right; seconds go on as they always do.
        assert_eq!(calls(&mut quota, at(4), 5), 1);
        assert_eq!(calls(&mut quota, at(4), 5), 0);
        assert_eq!(calls(&mut quota, at(5), 5), 1);
    }

    #[test]
    fn what_was_not_called_is_not_counted() {
        let mut quota = Quota::new(Some(2), Some(3));
        assert!(quota.check(at(100)).is_ok());
        let reserved = quota.reserve();
        assert_eq!(calls(&mut quota, at(100), 5), 1);
        quota.give_back(reserved);
        assert_eq!(calls(&mut quota, at(100), 5), 1);
        // In another second it has to do only with the day.
        assert!(quota.check(at(101)).is_ok());
        quota.give_back(reserved);
        assert_eq!(calls(&mut quota, at(101), 5), 2);
        assert_eq!(calls(&mut quota, at(102), 5), 0, "three in all");
    }

    #[test]
    fn without_caps_nothing_is_refused() {
        let mut quota = Quota::new(None, None);
        assert_eq!(calls(&mut quota, at(1), 1_000), 1_000);
    }
}
