//! Which parts of another gateway's feed have come, whatever the bus loses, repeats and reorders.

use crate::limits::GATEWAY_STRETCHES_MAX;
use crate::wire::gateway::Stretch;

/// What has come of a feed, by its sequence numbers.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// All of it up to here.
    up_to: u64,
    /// Up to where it has been told, as far as is known.
    told: u64,
    /// What has come beyond that: in order, apart from each other and from `up_to`.
    beyond: Vec<Stretch>,
}

impl Stretches {
    /// A stretch has come.
    pub fn came(&mut self, stretch: Stretch) {
        self.told(stretch.to);
        if stretch.to > self.up_to {
            let at = self.beyond.partition_point(|known| known.from < stretch.from);
            self.beyond.insert(at, stretch);
            self.join();
            // What is farthest counts as missing.
            self.beyond.truncate(GATEWAY_STRETCHES_MAX);
        }
    }

    /// It is known to have been told up to there.
    pub fn told(&mut self, up_to: u64) {
        self.told = self.told.max(up_to);
    }

    fn join(&mut self) {
        let mut joined: Vec<Stretch> = Vec::with_capacity(self.beyond.len());
        for stretch in self.beyond.drain(..) {
            if stretch.from <= self.up_to {
                self.up_to = self.up_to.max(stretch.to);
            } else if let Some(last) = joined.last_mut()
                && stretch.from <= last.to
            {
                last.to = last.to.max(stretch.to);
            } else {
                joined.push(stretch);
            }
        }
        self.beyond = joined;
    }

    /// Up to where all of it has come.
    pub fn up_to(&self) -> u64 {
        self.up_to
    }

    /// How many numbers it has been told beyond that.
    pub fn behind(&self) -> u64 {
        self.told - self.up_to
    }

    /// The stretch in which all lies that is missing, if anything is.
    pub fn missing(&self) -> Option<Stretch> {
        let to = match self.beyond.last() {
            Some(last) if last.to == self.told => last.from,
            _ => self.told,
        };
        (self.up_to < to).then_some(Stretch { from: self.up_to, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn stretch(from: u64, to: u64) -> Stretch {
        Stretch { from, to }
    }

    #[test]
    fn a_gap_is_missing_until_it_is_filled() {
        let mut stretches = Stretches::default();
        stretches.came(stretch(0, 5));
        assert_eq!(stretches.missing(), None);
        stretches.came(stretch(8, 9));
        assert_eq!(stretches.missing(), Some(stretch(5, 8)));
        stretches.came(stretch(2, 4));
        assert_eq!(stretches.missing(), Some(stretch(5, 8)), "that was known");
        stretches.told(12);
        assert_eq!((stretches.missing(), stretches.behind()), (Some(stretch(5, 12)), 7));
        stretches.came(stretch(4, 12));
        assert_eq!((stretches.missing(), stretches.up_to()), (None, 12));
    }

    #[test]
    fn of_many_gaps_the_farthest_are_told_again() {
        let mut stretches = Stretches::default();
        let count = GATEWAY_STRETCHES_MAX as u64 + 3;
        (1..=count).for_each(|n| stretches.came(stretch(10 * n, 10 * n + 5)));
        assert_eq!(stretches.beyond.len(), GATEWAY_STRETCHES_MAX);
        assert_eq!(stretches.missing(), Some(stretch(0, 10 * count + 5)));
    }

    proptest! {
        /// Against a set of all numbers that came.
        #[test]
        fn what_has_come_is_what_is_not_missing(
            all in proptest::collection::vec((0_u64..60, 0_u64..9), 1..30),
        ) {
            let (mut stretches, mut known) = (Stretches::default(), BTreeSet::new());
            for (from, length) in all {
                stretches.came(stretch(from, from + length));
                known.extend(from + 1..=from + length);
                let up_to = (1..).find(|number| !known.contains(number)).unwrap_or(1) - 1;
                let told = known.last().copied().unwrap_or(0).max(stretches.told);
                prop_assert_eq!((stretches.up_to(), stretches.told), (up_to, told));
                match stretches.missing() {
                    None => prop_assert!((1..=told).all(|number| known.contains(&number))),
                    Some(Stretch { from, to }) => {
                        prop_assert_eq!(from, up_to);
                        prop_assert!((to + 1..=told).all(|number| known.contains(&number)));
                        prop_assert!(!known.contains(&to) && !known.contains(&(from + 1)));
                    }
                }
            }
        }
    }
}
