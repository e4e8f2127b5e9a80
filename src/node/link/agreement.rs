//! Whether both ends of a link hold the same positions when nothing moves.

use crate::limits;

/// What the digests of both ends have shown.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    /// Both digests as last compared at rest.
    compared: Option<(u64, u64)>,
    /// How often in a row they were the same two and differed.
    differed: u32,
    /// How many of these were before the neighbour began to feed us.
    unfed: u32,
    /// Whether it has been said that they differ.
    is_said: bool,
}

/// What belongs in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Both have been at rest for a while and hold different positions.
    Differ,
    /// That was so, and is over.
    AgreeAgain,
}

impl Agreement {
    /// Something is under way: digests tell nothing.
    pub fn moved(&mut self) {
        self.compared = None;
    }

    /// Both ends are at rest with these digests.
    pub fn compare(&mut self, ours: u64, theirs: u64) -> Option<Finding> {
        if ours == theirs {
            let was_said = std::mem::take(self).is_said;
            return was_said.then_some(Finding::AgreeAgain);
        }
        let same = self.compared.replace((ours, theirs)) == Some((ours, theirs));
        if !same {
            (self.differed, self.unfed) = (0, 0);
        }
        self.differed += 1;
        if self.differed < limits::DISAGREEMENTS_MIN || self.is_said {
            return None;
        }
        self.is_said = true;
        Some(Finding::Differ)
    }

    /// Whether both have held the same different positions for so long that nothing can be on its way
    /// that would end it: as long as the neighbour does not feed us, what it holds and we do not is.
    pub fn is_lost(&mut self, is_fed: bool) -> bool {
        if !is_fed {
            self.unfed = self.differed;
        }
        self.compared.is_some() && self.differed - self.unfed >= limits::DISAGREEMENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_said_once_it_lasts_and_once_when_it_is_over() {
        let mut agreement = Agreement::default();
        assert_eq!(agreement.compare(1, 1), None);
        for _ in 1..limits::DISAGREEMENTS_MIN {
            assert_eq!(agreement.compare(1, 2), None);
        }
        assert_eq!(agreement.compare(1, 2), Some(Finding::Differ));
        assert_eq!(agreement.compare(1, 2), None, "it has been said");
        for _ in limits::DISAGREEMENTS_MIN + 1..limits::DISAGREEMENTS_MAX {
            assert!(!agreement.is_lost(true));
            assert_eq!(agreement.compare(1, 2), None);
        }
        assert!(agreement.is_lost(true));
        assert_eq!(agreement.compare(2, 2), Some(Finding::AgreeAgain));
        assert_eq!(agreement.compare(2, 2), None);
        assert!(!agreement.is_lost(true));
    }

    #[test]
    fn what_moves_does_not_differ() {
        let mut agreement = Agreement::default();
        for theirs in 0..10 * u64::from(limits::DISAGREEMENTS_MAX) {
            assert_eq!(agreement.compare(u64::MAX, theirs), None, "other digests each time");
        }
        for _ in 0..10 * limits::DISAGREEMENTS_MAX {
            agreement.moved();
            assert_eq!(agreement.compare(1, 2), None);
        }
        assert!(!agreement.is_lost(true));
    }

    #[test]
    fn a_difference_counts_towards_a_loss_only_while_the_neighbour_feeds_us() {
        let mut agreement = Agreement::default();
        for _ in 0..10 * limits::DISAGREEMENTS_MAX {
            agreement.compare(1, 2);
            assert!(!agreement.is_lost(false));
        }
        for _ in 1..limits::DISAGREEMENTS_MAX {
            agreement.compare(1, 2);
            assert!(!agreement.is_lost(true));
        }
        agreement.compare(1, 2);
        assert!(agreement.is_lost(true));
        assert!(!agreement.is_lost(false), "it was cut off meanwhile");
        agreement.compare(1, 3);
        assert!(!agreement.is_lost(true), "something was on its way");
    }
}
