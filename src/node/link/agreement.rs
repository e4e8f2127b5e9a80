//! Whether both ends of a link hold the same positions when nothing moves.

use crate::limits;

/// What the digests of both ends have shown.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    /// Both digests as last compared at rest.
    compared: Option<(u64, u64)>,
    /// How often in a row they were the same two and differed.
    differed: u32,
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
        self.differed = if same { self.differed + 1 } else { 1 };
        if self.differed < limits::DISAGREEMENTS_MIN || self.is_said {
            return None;
        }
        self.is_said = true;
        Some(Finding::Differ)
    }

    /// Whether both have held the same different positions for so long that nothing can be on its way
    /// that would end it.
    pub fn is_lost(&self) -> bool {
        self.compared.is_some() && self.differed >= limits::DISAGREEMENTS_MAX
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
            assert!(!agreement.is_lost());
            assert_eq!(agreement.compare(1, 2), None);
        }
        assert!(agreement.is_lost());
        assert_eq!(agreement.compare(2, 2), Some(Finding::AgreeAgain));
        assert_eq!(agreement.compare(2, 2), None);
        assert!(!agreement.is_lost());
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
        assert!(!agreement.is_lost());
    }
}
