//! When what has been appended is forced to the disk: once a second or, where answers wait for it, one force
//! after the other, each for all that came during the one before (group commit).
//!
//! **Where the disk takes its time** that alone would be half of what it can do: who is answered by one force
//! reports again just behind the beginning of the next, and waits for two. So there the next one is put off
//! until these reports are in: as long as turns go on to bring something, for a part of what the last
//! force took. Where it is quick, to wait for them costs more than it saves.

use crate::limits;
use crate::transport::Monotonic;
use std::time::Duration;

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Pace {
    /// Whether answers wait for the disk.
    always: bool,
    /// When the next force is due.
    at: Option<Monotonic>,
    /// When the last one ended, and until when the next may be put off.
    ended_at: Monotonic,
    gather_until: Option<Monotonic>,
}

impl Pace {
    pub fn new(always: bool) -> Self {
        Pace { always, at: None, ended_at: Monotonic::default(), gather_until: None }
    }

    /// There is something to be forced: in this turn if it `is_urgent`, or within a second.
    pub fn soon(&mut self, now: Monotonic, is_urgent: bool) {
        let is_urgent = is_urgent || self.always;
        let pause = if is_urgent { Duration::ZERO } else { limits::JOURNAL_SYNC };
        self.at.get_or_insert(now + pause);
    }

    /// Whether it is to be forced at the end of this turn, which `has_news` if it has brought something, with
    /// so many forces under way.
    pub fn is_due(&self, now: Monotonic, has_news: bool, under_way: usize) -> bool {
        // Answers leave behind the turn in which their force has ended.
        let gathers = |until| under_way > 0 || now == self.ended_at || has_news && now < until;
        self.at.is_some_and(|at| at <= now) && !self.gather_until.is_some_and(gathers)
    }

    /// All that there is will be forced.
    pub fn asked(&mut self) {
        self.at = None;
    }

    /// A force has ended that took so long.
    pub fn ended(&mut self, took: Duration, now: Monotonic) {
        let gathers = self.always && took >= limits::JOURNAL_GATHER_MIN;
        self.gather_until = gathers.then(|| now + took / limits::JOURNAL_GATHER_PART);
        self.ended_at = now;
    }

    /// Nothing is to be forced any more.
    pub fn give_up(&mut self) {
        (self.at, self.gather_until) = (None, None);
    }

    /// When there is something to do, with so many forces under way: what is put off until one ends is
    /// called by that.
    pub fn deadline(&self, under_way: usize) -> Option<Monotonic> {
        self.at.filter(|_| self.gather_until.is_none() || under_way == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(microseconds: u64) -> Monotonic {
        Monotonic::from_nanoseconds(microseconds * 1_000)
    }

    /// A force that began at once and took so many microseconds has just ended, and there is more to force.
    fn behind_a_force_of(microseconds: u64, always: bool) -> Pace {
        let mut pace = Pace::new(always);
        pace.soon(at(0), false);
        pace.asked();
        pace.soon(at(10), false);
        pace.ended(Duration::from_micros(microseconds), at(microseconds));
        pace
    }

    #[test]
    fn without_answers_that_wait_it_is_forced_a_second_later_or_when_that_is_urgent() {
        for (is_urgent, due) in [(false, 1_000_000), (true, 0)] {
            let mut pace = Pace::new(false);
            assert_eq!(pace.deadline(0), None);
            pace.soon(at(0), is_urgent);
            pace.soon(at(9), true);
            assert_eq!(pace.deadline(0), Some(at(due)));
            assert!(due == 0 || !pace.is_due(at(due - 1), true, 0));
            assert!(pace.is_due(at(due), true, 0));
            pace.asked();
            assert!(!pace.is_due(at(due), true, 0));
        }
    }

    #[test]
    fn a_quick_disk_is_asked_at_once_also_during_a_force() {
        let pace = behind_a_force_of(599, true);
        assert!(pace.is_due(at(599), true, 0) && pace.is_due(at(599), false, 1));
        assert_eq!(pace.deadline(1), Some(at(10)));
    }

    #[test]
    fn a_slow_disk_is_asked_when_turns_bring_nothing_more_or_a_part_of_a_force_later() {
        let pace = behind_a_force_of(2_000, true);
        // Answers have yet to leave.
        assert!(!pace.is_due(at(2_000), false, 0));
        assert_eq!(pace.deadline(0), Some(at(10)));
        assert!(pace.is_due(at(2_100), false, 0));
        assert!(!pace.is_due(at(2_499), true, 0));
        assert!(pace.is_due(at(2_500), true, 0));
        // The end of a force calls by itself.
        assert!(!pace.is_due(at(9_000), false, 1));
        assert_eq!(pace.deadline(1), None);
    }

    #[test]
    fn where_no_answers_wait_or_the_disk_has_failed_nothing_is_put_off() {
        let pace = behind_a_force_of(2_000, false);
        assert!(pace.is_due(at(1_000_010), true, 1));
        let mut pace = behind_a_force_of(2_000, true);
        pace.give_up();
        assert_eq!(pace.deadline(0), None);
        pace.soon(at(2_000), true);
        assert!(pace.is_due(at(2_000), true, 0));
    }
}
