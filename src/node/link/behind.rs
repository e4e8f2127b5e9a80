//! How far behind a neighbour is in our feed: which changes it has not acknowledged, and since when they
//! wait. It is measured at our end and by our clock alone.

use crate::limits;
use crate::transport::Monotonic;
use std::collections::VecDeque;
use std::time::Duration;

/// What one neighbour has yet to acknowledge of our feed.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// Up to which of our sequence numbers it has acknowledged the feed.
    acknowledged: u64,
    /// What it is owed beyond that, oldest first; of each turn that brought news one, as long as there
    /// are not too many.
    owed: VecDeque<Owed>,
}

/// Changes up to a sequence number, the first of which waits since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owed {
    up_to: u64,
    since: Monotonic,
}

impl Behind {
    /// A link goes on from there. What has come since `down` began without a link counts as if it had come
    /// then.
    pub fn restart(&mut self, acknowledged: u64, head: u64, down: Monotonic) {
        while self.take_up_to(acknowledged).is_some() {}
        self.acknowledged = acknowledged;
        self.news(head, down);
    }

    /// The feed has come to that head.
    pub fn news(&mut self, head: u64, now: Monotonic) {
        if head <= self.owed.back().map_or(self.acknowledged, |last| last.up_to) {
            return;
        }
        let is_full = self.owed.len() >= limits::LINK_WAITS_MAX;
        match self.owed.back_mut().filter(|_| is_full) {
            // It counts as if it had waited as long as what came before it.
            Some(last) => last.up_to = head,
            None => self.owed.push_back(Owed { up_to: head, since: now }),
        }
    }

    /// All has been sent, and the last of it that is news to the neighbour is that: what is beyond, it has
    /// told us itself.
    pub fn is_owed_up_to(&mut self, told: u64) {
        while let Some(last) = self.owed.pop_back() {
            let before = self.owed.back().map_or(self.acknowledged, |last| last.up_to);
            if before < told {
                self.owed.push_back(Owed { up_to: last.up_to.min(told), ..last });
                return;
            }
        }
    }

    /// It has acknowledged so much. `each` is told how long that had waited, of each turn that brought it.
    pub fn acknowledge(&mut self, sequence: u64, now: Monotonic, mut each: impl FnMut(Duration)) {
        self.acknowledged = sequence;
        while let Some(first) = self.take_up_to(sequence) {
            each(now.since(first.since));
        }
    }

    /// How many changes it has not acknowledged, while the link is up.
    pub fn changes(&self) -> u64 {
        self.owed.back().map_or(0, |last| last.up_to.saturating_sub(self.acknowledged))
    }

    /// Since when the first of them waits.
    pub fn since(&self) -> Option<Monotonic> {
        self.owed.front().map(|first| first.since)
    }

    /// Up to where it has acknowledged the feed.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// The first that is owed, if it is up to there.
    fn take_up_to(&mut self, sequence: u64) -> Option<Owed> {
        self.owed.front().filter(|first| first.up_to <= sequence)?;
        self.owed.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_millis(milliseconds)
    }

    fn acknowledge(behind: &mut Behind, sequence: u64, now: Monotonic) -> Vec<u128> {
        let mut waited = Vec::new();
        behind.acknowledge(sequence, now, |time| waited.push(time.as_millis()));
        waited
    }

    #[test]
    fn what_is_not_acknowledged_waits_since_it_came() {
        let mut behind = Behind::default();
        assert_eq!((behind.changes(), behind.since()), (0, None));
        behind.news(3, at(10));
        behind.news(3, at(11));
        behind.news(7, at(12));
        assert_eq!((behind.changes(), behind.since()), (7, Some(at(10))));
        assert_eq!(acknowledge(&mut behind, 2, at(20)), [], "the turn's last is not among them");
        assert_eq!((behind.changes(), behind.since()), (5, Some(at(10))));
        assert_eq!(acknowledge(&mut behind, 5, at(21)), [11]);
        assert_eq!((behind.changes(), behind.since()), (2, Some(at(12))));
        assert_eq!(acknowledge(&mut behind, 7, at(30)), [18]);
        assert_eq!((behind.changes(), behind.since()), (0, None));
        assert_eq!(acknowledge(&mut behind, 7, at(31)), []);
    }

    #[test]
    fn what_the_neighbour_has_told_itself_is_not_owed() {
        let mut behind = Behind::default();
        behind.news(3, at(1));
        behind.news(5, at(2));
        behind.news(9, at(3));
        behind.is_owed_up_to(4);
        assert_eq!((behind.changes(), behind.since()), (4, Some(at(1))));
        assert_eq!(acknowledge(&mut behind, 4, at(5)), [4, 3]);
        behind.news(12, at(6));
        behind.is_owed_up_to(4);
        assert_eq!((behind.changes(), behind.since()), (0, None), "all of it is its own");
    }

    #[test]
    fn what_comes_while_a_link_is_down_waits_since_it_went_down() {
        let mut behind = Behind::default();
        behind.news(3, at(1));
        behind.news(5, at(2));
        behind.restart(3, 9, at(50));
        assert_eq!((behind.changes(), behind.since()), (6, Some(at(2))));
        behind.restart(9, 9, at(60));
        assert_eq!((behind.changes(), behind.since()), (0, None));
        behind.restart(0, 9, at(70));
        assert_eq!((behind.changes(), behind.since()), (9, Some(at(70))), "it is told everything");
    }

    #[test]
    fn a_neighbour_that_acknowledges_nothing_is_kept_in_mind_by_so_many_waits() {
        let mut behind = Behind::default();
        let most = limits::LINK_WAITS_MAX as u64;
        (1..=most + 5).for_each(|head| behind.news(head, at(head)));
        assert_eq!(behind.owed.len() as u64, most);
        assert_eq!((behind.changes(), behind.since()), (most + 5, Some(at(1))));
        assert_eq!(acknowledge(&mut behind, most - 1, at(most)).len() as u64, most - 1);
        assert_eq!((behind.changes(), behind.since()), (6, Some(at(most))));
    }
}
