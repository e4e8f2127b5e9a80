//! Connections to the port for neighbours that nobody has been welcomed on: how many there may be.
//!
//! Whoever has not greeted takes a place that a neighbour may need, so there are few, and when there
//! are too many the one that has had the most time goes. Who has greeted is counted apart, by being
//! no stranger any more.

use crate::limits;
use crate::node::log_throttle::LogThrottle;
use crate::transport::{ConnectionId, Monotonic};
use log::warn;
use std::collections::VecDeque;

/// Those who are there.
#[derive(Debug, Default)]
pub(in crate::node) struct Strangers {
    /// Who may still be welcomed, the oldest first.
    waiting: VecDeque<ConnectionId>,
    /// How many have been told that they will not be, and have not gone yet.
    refused: usize,
    crowds: LogThrottle,
}

impl Strangers {
    /// One has connected. The one that has to go for it, if they are too many; it is none any more.
    pub(super) fn came(&mut self, id: ConnectionId, now: Monotonic) -> Option<ConnectionId> {
        self.waiting.push_back(id);
        if self.waiting.len() <= limits::UNGREETED_MAX {
            return None;
        }
        if let Some(others) = self.crowds.admit(now, limits::NEIGHBOUR_TROUBLE_REMINDER) {
            warn!(
                "more than {} connections to the port for neighbours have not greeted: the oldest go; \
                 {others} more did since this was last said",
                limits::UNGREETED_MAX
            );
        }
        self.waiting.pop_front()
    }

    /// Whether that one may still be welcomed.
    pub(super) fn may_stay(&self, id: ConnectionId) -> bool {
        self.waiting.contains(&id)
    }

    /// One has been welcomed, or is gone.
    pub(super) fn left(&mut self, id: ConnectionId) {
        self.waiting.retain(|&stranger| stranger != id);
    }

    /// One is refused. Whether it may stay to read why; then it is to be said when it is
    /// [gone](Self::refused_is_gone).
    pub(super) fn refuse(&mut self, id: ConnectionId) -> bool {
        self.left(id);
        let may_stay = self.refused < limits::REFUSED_MAX;
        self.refused += usize::from(may_stay);
        may_stay
    }

    /// One that was refused and stayed to read why is gone.
    pub(super) fn refused_is_gone(&mut self) {
        self.refused = self.refused.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: usize) -> ConnectionId {
        ConnectionId { slot: slot as u32, generation: 0 }
    }

    #[test]
    fn when_there_are_too_many_the_oldest_goes() {
        let (mut strangers, now) = (Strangers::default(), Monotonic::default());
        for number in 0..limits::UNGREETED_MAX {
            assert_eq!(strangers.came(id(number), now), None);
        }
        // Who has been welcomed is no stranger.
        strangers.left(id(0));
        assert_eq!(strangers.came(id(100), now), None);
        assert_eq!(strangers.came(id(101), now), Some(id(1)));
        assert!(!strangers.may_stay(id(0)) && !strangers.may_stay(id(1)));
        assert!(strangers.may_stay(id(2)) && strangers.may_stay(id(101)));
    }

    #[test]
    fn so_many_stay_to_read_why_they_are_refused() {
        let mut strangers = Strangers::default();
        for number in 0..limits::REFUSED_MAX {
            assert!(strangers.refuse(id(number)));
        }
        assert!(!strangers.refuse(id(100)));
        strangers.refused_is_gone();
        assert!(strangers.refuse(id(101)));
    }
}
