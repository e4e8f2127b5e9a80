//! Whether both ends of a link, or two gateways, hold the same positions when nothing moves.
//!
//! # When a difference is a loss
//!
//! A neighbour that acknowledges all of our feed has received all that we hold, and says what it holds
//! by its digest. That may be more than what we hold: on its own link to us, which may be slow or cut,
//! the rest may be on its way, for as long as it likes. Only that link can tell when nothing is: a mark
//! with nothing told before it says that its whole feed has come, and what it held then. With the same
//! digest in such a mark and in an acknowledgement of our whole feed each of us has been told what the
//! other holds. If we differ all the same, something told was lost, and nothing under way will bring
//! it: whatever is still to come would come of itself, and is not waited for in vain.
//!
//! Records end by themselves, each at its time, so what is compared is never one digest with one of an
//! earlier moment, but the *difference* of two that are of the same step of the clock: whatever ends at
//! both ends goes from both digests, and the difference is still that of what only one of us holds. Of
//! servers whose clocks differ the one that is ahead knows what it held at the other's step, as long as
//! nothing but ends has changed it ([`Positions::digest_at`]).
//!
//! It is counted several times in a row all the same, each time with a new mark: the one mark that ends
//! what there was when a link came up may be followed by what came meanwhile. And once a heartbeat at most: where
//! much moves acknowledgements come by the dozen, and the difference is the same in all of them while a neighbour
//! that has just come is yet to dial us and tell what it holds.

use crate::limits;
use crate::positions::Positions;
use crate::transport::Monotonic;
use crate::wire::neighbour::{Digest, Version};

/// Whether our digest and that of a neighbour with whom this version is spoken are of the same, if both have
/// been told the same: who cannot be told of tombstones has none in its own.
pub(super) fn is_comparable(version: Version, ours: &Positions) -> bool {
    version.tells_ends() || !ours.knows_ends()
}

/// What the digests of both ends have shown.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    /// By how much the digests differed when last compared at rest.
    compared: Option<u64>,
    /// When that was counted last.
    counted: Option<Monotonic>,
    /// How often in a row they differed by the same.
    differed: u32,
    /// How many of these came when each had been told all that the other holds.
    lost: u32,
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

/// By how much what a neighbour holds differs from what we hold, by its digest: 0 if it does not. `None`
/// if that cannot be said: of a step at which it is not known what we held.
pub(super) fn difference(theirs: Digest, ours: &Positions) -> Option<u64> {
    // The same digest is of the same records, whenever it was.
    if theirs.sum == ours.digest() {
        return Some(0);
    }
    let ours = match theirs.step {
        Some(step) => ours.digest_at(step)?,
        None => ours.digest(),
    };
    Some(theirs.sum.wrapping_sub(ours))
}

/// What we hold, for a neighbour with which that version is spoken.
pub(super) fn digest_for(version: Version, ours: &Positions) -> Digest {
    let step = version.tells_ends().then(|| ours.step().unwrap_or(0));
    Digest { sum: ours.digest(), step }
}

impl Agreement {
    /// Something is under way: digests tell nothing.
    pub fn moved(&mut self) {
        self.compared = None;
    }

    /// The neighbour has received all of our feed, and what it holds differs by that [`difference`]; and by
    /// that what it held by a mark that has come since the last time, with nothing told before it, if one
    /// has. If it `feeds` us and has not told us so, what it holds may be on its way, however slow that is.
    pub fn compare(
        &mut self,
        difference: u64,
        told: Option<u64>,
        feeds: bool,
        now: Monotonic,
    ) -> Option<Finding> {
        if difference == 0 {
            let was_said = std::mem::take(self).is_said;
            return was_said.then_some(Finding::AgreeAgain);
        }
        if self.compared.replace(difference) != Some(difference) {
            (self.counted, self.differed, self.lost) = (None, 0, 0);
        }
        let is_told = told == Some(difference);
        let is_early = self.counted.is_some_and(|at| now < at + limits::DISAGREEMENT_PAUSE);
        if is_early || feeds && !is_told {
            return None;
        }
        self.counted = Some(now);
        self.lost += u32::from(is_told);
        self.differed += 1;
        if self.differed < limits::DISAGREEMENTS_MIN || self.is_said {
            return None;
        }
        self.is_said = true;
        Some(Finding::Differ)
    }

    /// What can be said once they have been compared: nothing where a difference may yet be on its way.
    pub fn verdict(&self) -> Option<bool> {
        match self.compared {
            None => Some(true),
            Some(_) => self.is_said.then_some(false),
        }
    }

    /// Whether both have held the same different positions for long, and nothing is on its way that
    /// would end it.
    pub fn is_lost(&self) -> bool {
        self.compared.is_some() && self.lost >= limits::DISAGREEMENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positions::{OriginId, Report, Text, Update};
    use std::ops::{Deref, DerefMut};

    /// An agreement that is looked at once a heartbeat.
    #[derive(Default)]
    struct Beating {
        agreement: Agreement,
        now: Monotonic,
    }

    impl Deref for Beating {
        type Target = Agreement;

        fn deref(&self) -> &Agreement {
            &self.agreement
        }
    }

    impl DerefMut for Beating {
        fn deref_mut(&mut self) -> &mut Agreement {
            &mut self.agreement
        }
    }

    impl Beating {
        fn compare(&mut self, differ: u64, told: Option<u64>, feeds: bool) -> Option<Finding> {
            self.now = self.now + limits::HEARTBEAT_INTERVAL;
            self.agreement.compare(differ, told, feeds, self.now)
        }
    }

    #[test]
    fn digests_with_tombstones_are_compared_with_who_is_told_of_them() {
        let mut positions = Positions::new([1, 2]);
        let [one, two] = [1, 2].map(Version::new);
        assert!(is_comparable(one, &positions) && is_comparable(two, &positions));
        let origin: OriginId = positions.intern(b"Hands").unwrap();
        let text = Text::of_tombstone(b"kiwi 5", 4).unwrap();
        let time_nanoseconds = 5_000_000_000;
        let report = Report { origin, difference_nanoseconds: 0, time_nanoseconds, text };
        assert_eq!(positions.forget(&report), Update::New);
        assert!(!is_comparable(one, &positions) && is_comparable(two, &positions));
    }

    #[test]
    fn a_difference_is_said_once_it_lasts_and_once_when_it_is_over() {
        let mut agreement = Beating::default();
        assert_eq!(agreement.compare(0, Some(0), true), None);
        for _ in 1..limits::DISAGREEMENTS_MIN {
            assert_eq!(agreement.compare(1, Some(1), true), None);
        }
        assert_eq!(agreement.compare(1, Some(1), true), Some(Finding::Differ));
        assert_eq!(agreement.compare(1, Some(1), true), None, "it has been said");
        for _ in limits::DISAGREEMENTS_MIN + 1..limits::DISAGREEMENTS_MAX {
            assert!(!agreement.is_lost());
            assert_eq!(agreement.compare(1, Some(1), true), None);
        }
        assert!(agreement.is_lost());
        assert_eq!(agreement.compare(0, Some(0), true), Some(Finding::AgreeAgain));
        assert_eq!(agreement.compare(0, Some(0), true), None);
        assert!(!agreement.is_lost());
    }

    #[test]
    fn who_feeds_us_slowly_does_not_differ_and_who_does_not_feed_us_does() {
        let mut agreement = Beating::default();
        for _ in 0..10 * limits::DISAGREEMENTS_MAX {
            assert_eq!(agreement.compare(1, None, true), None, "it is on its way");
            assert_eq!(agreement.compare(1, Some(2), true), None, "that was before");
        }
        for _ in 1..limits::DISAGREEMENTS_MIN {
            assert_eq!(agreement.compare(1, None, false), None);
        }
        assert_eq!(agreement.compare(1, None, false), Some(Finding::Differ));
        assert!(!agreement.is_lost());
    }

    #[test]
    fn what_comes_within_a_heartbeat_counts_once() {
        for (told, feeds) in [(Some(1), true), (None, false)] {
            let mut agreement = Beating::default();
            for _ in 1..limits::DISAGREEMENTS_MIN {
                assert_eq!(agreement.compare(1, told, feeds), None);
                let soon = agreement.now + limits::DISAGREEMENT_PAUSE / 2;
                for _ in 0..10 * limits::DISAGREEMENTS_MAX {
                    assert_eq!(agreement.agreement.compare(1, told, feeds, soon), None);
                }
            }
            assert_eq!(agreement.compare(1, told, feeds), Some(Finding::Differ));
            assert!(!agreement.is_lost());
        }
    }

    #[test]
    fn what_moves_does_not_differ() {
        let mut agreement = Beating::default();
        for theirs in 0..10 * u64::from(limits::DISAGREEMENTS_MAX) {
            let found = agreement.compare(theirs + 1, Some(theirs + 1), true);
            assert_eq!(found, None, "other digests each time");
        }
        for _ in 0..10 * limits::DISAGREEMENTS_MAX {
            agreement.moved();
            assert_eq!(agreement.compare(1, Some(1), true), None);
        }
        assert!(!agreement.is_lost());
    }

    #[test]
    fn a_difference_is_a_loss_only_once_all_that_the_neighbour_holds_has_been_told() {
        let mut agreement = Beating::default();
        for _ in 0..10 * limits::DISAGREEMENTS_MAX {
            agreement.compare(1, None, true);
            agreement.compare(1, Some(2), true);
        }
        assert!(!agreement.is_lost(), "what it held when it marked its feed is not what it holds");
        for _ in 0..limits::DISAGREEMENTS_MAX {
            assert!(!agreement.is_lost());
            agreement.compare(1, Some(1), true);
            agreement.compare(1, None, true);
        }
        assert!(agreement.is_lost());
        agreement.compare(2, Some(2), true);
        assert!(!agreement.is_lost(), "something was on its way");
    }
}
