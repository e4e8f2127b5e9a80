//! What this server knows of each neighbour: how its own link to it stands, and what it has heard
//! from it. The two connections of a pair of neighbours meet here.

use super::random::Random;
use crate::limits;
use crate::positions::{Change, Cursor, NeighbourLife, Positions};
use crate::transport::{ConnectionId, Endpoint, Monotonic};
use std::time::Duration;

/// One neighbour.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: String,
    /// Where its neighbours dial it.
    pub(super) endpoint: Endpoint,
    pub(super) link: LinkState,
    /// Up to where the feed has been told to it.
    pub(super) cursor: Cursor,
    pub(super) heard: Heard,
    away: Away,
}

/// How our link to a neighbour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkState {
    /// To be dialled at that time.
    Down { redial_at: Monotonic },
    /// Dialled, or greeted and not answered yet.
    Dialling,
    /// The neighbour takes the feed.
    Up { connection: ConnectionId, epoch: u64 },
}

/// What a neighbour has told us, and in which of its lives.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The life in which it greeted us last. None before it ever did.
    pub(super) epoch: Option<u64>,
    /// Up to which of its sequence numbers of that life we have heard everything.
    pub(super) up_to: u64,
    /// Marks the positions that it told us in that life.
    pub(super) life: Option<NeighbourLife>,
    /// The connection on which it greeted us last; an earlier one is given up.
    pub(super) connection: Option<ConnectionId>,
}

/// A neighbour's absence: how long, how often tried, when it was last mentioned, and why it was.
#[derive(Debug, Default)]
struct Away {
    since: Option<Monotonic>,
    tries: u32,
    mentioned: Monotonic,
    reason: String,
    pause: Duration,
    /// Since when the link is up, if it is.
    up_since: Option<Monotonic>,
}

/// How much of a failure to reach a neighbour belongs in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// The link was up, this is the first try, or the reason is another than was mentioned last.
    News,
    /// It has been away for so long and so many tries.
    Reminder { away: Duration, tries: u32 },
    /// Nothing new.
    Nothing,
}

impl Peer {
    pub(super) fn new(name: String, endpoint: Endpoint, cursor: Cursor) -> Self {
        Peer {
            name,
            endpoint,
            link: LinkState::Down { redial_at: Monotonic::default() },
            cursor,
            heard: Heard::default(),
            away: Away { pause: limits::REDIAL_PAUSE_MIN, ..Away::default() },
        }
    }

    /// The neighbour greets us. An epoch that we do not know is another life: it has heard nothing
    /// from us, we have heard nothing from it, and what it told us in an earlier life it may have
    /// lost.
    pub(super) fn greeted(
        &mut self,
        positions: &mut Positions,
        epoch: u64,
        connection: ConnectionId,
    ) {
        self.heard.connection = Some(connection);
        if self.heard.epoch == Some(epoch) {
            return;
        }
        if let Some(life) = self.heard.life.take() {
            positions.end_life(life);
        }
        self.heard.epoch = Some(epoch);
        self.heard.up_to = 0;
        self.heard.life = positions.begin_life();
    }

    /// The mark for positions heard in a life of this neighbour, unless that life is over: a
    /// connection of a former life may still deliver what it had under way.
    pub(super) fn life(&self, epoch: u64) -> Option<&NeighbourLife> {
        if self.heard.epoch == Some(epoch) { self.heard.life.as_ref() } else { None }
    }

    /// Whether the neighbour at the other end of our link, in the life in which it answered,
    /// knows this change because it told it to us in that very life.
    pub(super) fn told_us(&self, epoch: u64, change: &Change<'_>) -> bool {
        self.life(epoch).is_some_and(|life| change.is_heard_from(life))
    }

    /// The link came up: the next failure is news again.
    pub(super) fn came_up(&mut self, now: Monotonic, connection: ConnectionId, epoch: u64) {
        self.link = LinkState::Up { connection, epoch };
        self.away = Away { pause: self.away.pause, up_since: Some(now), ..Away::default() };
    }

    /// The link is down: sets the time of the next try, after a pause that doubles with each try
    /// and is drawn from its upper half so that neighbours do not dial in step; the longest pause
    /// if we were refused, since only people can mend that. It starts anew when the link was up for
    /// [`limits::LINK_PROVEN_AFTER`]: a neighbour that listens and breaks at once is not dialled
    /// without a pause for ever. Says what belongs in the log.
    pub(super) fn went_down(
        &mut self,
        now: Monotonic,
        why: &str,
        refused: bool,
        random: &mut Random,
    ) -> Mention {
        let away = &mut self.away;
        if away.up_since.take().is_some_and(|up| now.since(up) >= limits::LINK_PROVEN_AFTER) {
            away.pause = limits::REDIAL_PAUSE_MIN;
        }
        let pause = if refused { limits::REDIAL_PAUSE_MAX } else { away.pause };
        away.pause = (away.pause * 2).min(limits::REDIAL_PAUSE_MAX);
        let shortest = (pause / 2).max(limits::REDIAL_PAUSE_MIN);
        let spread = pause.saturating_sub(shortest).as_millis() as u64;
        let drawn = shortest + Duration::from_millis(random.up_to(spread));
        self.link = LinkState::Down { redial_at: now + drawn };
        away.tries = away.tries.saturating_add(1);
        let since = *away.since.get_or_insert(now);
        if away.tries == 1 || away.reason != why {
            away.mentioned = now;
            why.clone_into(&mut away.reason);
            return Mention::News;
        }
        if now.since(away.mentioned) < limits::AWAY_REMINDER {
            return Mention::Nothing;
        }
        away.mentioned = now;
        Mention::Reminder { away: now.since(since), tries: away.tries }
    }

    /// When the neighbour is to be dialled again.
    pub(super) fn redial_at(&self) -> Option<Monotonic> {
        match self.link {
            LinkState::Down { redial_at } => Some(redial_at),
            LinkState::Dialling | LinkState::Up { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(positions: &mut Positions) -> Peer {
        let endpoint = Endpoint::plain("127.0.0.1", 1);
        Peer::new("Hands".into(), endpoint, positions.open_cursor())
    }

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    #[test]
    fn pauses_double_within_their_bounds() {
        let mut positions = Positions::new([1, 2]);
        let mut peer = peer(&mut positions);
        let mut random = Random::new(3);
        let mut now = Monotonic::default();
        let mut longest = limits::REDIAL_PAUSE_MIN;
        for _ in 0..40 {
            peer.went_down(now, "gone", false, &mut random);
            let at = peer.redial_at().unwrap();
            let pause = at.since(now);
            assert!(pause >= limits::REDIAL_PAUSE_MIN && pause <= longest, "{pause:?}");
            assert!(pause >= longest / 2);
            longest = (longest * 2).min(limits::REDIAL_PAUSE_MAX);
            now = at;
        }
        // Who listens and breaks at once is dialled no sooner for it.
        peer.came_up(now, id(1), 9);
        peer.went_down(now, "gone", false, &mut random);
        assert!(peer.redial_at().unwrap().since(now) >= limits::REDIAL_PAUSE_MAX / 2);
        peer.came_up(now, id(1), 9);
        now = now + limits::LINK_PROVEN_AFTER;
        peer.went_down(now, "gone", false, &mut random);
        assert_eq!(peer.redial_at().unwrap().since(now), limits::REDIAL_PAUSE_MIN);
    }

    #[test]
    fn a_refusal_is_retried_slowly() {
        let mut positions = Positions::new([1, 2]);
        let mut peer = peer(&mut positions);
        let now = Monotonic::default();
        peer.went_down(now, "refused", true, &mut Random::new(3));
        assert!(peer.redial_at().unwrap().since(now) >= limits::REDIAL_PAUSE_MAX / 2);
    }

    #[test]
    fn an_absence_is_news_once_and_then_mentioned_now_and_then() {
        let mut positions = Positions::new([1, 2]);
        let mut peer = peer(&mut positions);
        let mut random = Random::new(3);
        let mut now = Monotonic::default();
        let mut reminders = 0;
        assert_eq!(peer.went_down(now, "gone", false, &mut random), Mention::News);
        while now < Monotonic::default() + Duration::from_secs(3_600) {
            now = peer.redial_at().unwrap();
            match peer.went_down(now, "gone", false, &mut random) {
                Mention::News => panic!("news twice"),
                Mention::Reminder { .. } => reminders += 1,
                Mention::Nothing => {}
            }
        }
        assert!((50..=60).contains(&reminders), "{reminders}");
    }

    #[test]
    fn another_reason_is_news_at_once() {
        let mut positions = Positions::new([1, 2]);
        let mut peer = peer(&mut positions);
        let mut random = Random::new(3);
        let now = Monotonic::default();
        for (why, mention) in [
            ("cannot connect", Mention::News),
            ("cannot connect", Mention::Nothing),
            ("refused", Mention::News),
            ("refused", Mention::Nothing),
            ("cannot connect", Mention::News),
        ] {
            assert_eq!(peer.went_down(now, why, false, &mut random), mention, "{why}");
        }
        // It was mentioned a moment ago, if for another reason.
        let later = now + (limits::AWAY_REMINDER - Duration::from_nanos(1));
        assert_eq!(peer.went_down(later, "refused", false, &mut random), Mention::News);
        let due = now + limits::AWAY_REMINDER;
        assert_eq!(peer.went_down(due, "refused", false, &mut random), Mention::Nothing);
    }

    #[test]
    fn another_epoch_is_another_life() {
        let mut positions = Positions::new([1, 2]);
        let mut peer = peer(&mut positions);
        assert!(peer.life(1).is_none());
        peer.greeted(&mut positions, 1, id(1));
        peer.heard.up_to = 10;
        peer.greeted(&mut positions, 1, id(2));
        assert_eq!((peer.heard.up_to, peer.heard.connection), (10, Some(id(2))));
        assert!(peer.life(1).is_some());
        peer.greeted(&mut positions, 2, id(3));
        assert_eq!(peer.heard.up_to, 0);
        assert!(peer.life(1).is_none() && peer.life(2).is_some());
    }
}
