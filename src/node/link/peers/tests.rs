//! What is known of a neighbour, through its absences and its epochs.

use super::*;
use crate::limits;
use std::time::Duration;

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
    peer.came_up(now, id(1));
    peer.went_down(now, "gone", false, &mut random);
    assert!(peer.redial_at().unwrap().since(now) >= limits::REDIAL_PAUSE_MAX / 2);
    peer.came_up(now, id(1));
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
            Mention::Down | Mention::News => panic!("news twice"),
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
    assert!(peer.mark_of(1).is_none());
    peer.greeted(&mut positions, 1, id(1));
    peer.marked(1, 10);
    let welcome = peer.greeted(&mut positions, 1, id(2));
    assert_eq!(welcome, Welcome { is_known_epoch: true, received_up_to: 10, former: Some(id(1)) });
    assert!(peer.is_heard_on(id(2)) && !peer.is_heard_on(id(1)));
    assert!(peer.mark_of(1).is_some());
    peer.hung_up(id(1));
    let welcome = peer.greeted(&mut positions, 2, id(3));
    assert_eq!(welcome, Welcome { is_known_epoch: false, received_up_to: 0, former: Some(id(2)) });
    assert!(peer.mark_of(1).is_none() && peer.mark_of(2).is_some());
    peer.marked(1, 20);
    assert_eq!(peer.received_up_to(), 0, "that was said of the former epoch");
    assert_eq!(peer.check(&positions), Ok(()));
}

#[test]
fn those_due_are_dialled_once_each() {
    let mut positions = Positions::new([1, 2]);
    let named = ["Hands", "Wilkes"].map(|name| {
        let endpoint = Endpoint::plain("127.0.0.1", 1);
        (name.to_owned(), endpoint, positions.open_cursor())
    });
    let mut peers = Peers::new(named.into_iter());
    let now = Monotonic::default();
    assert_eq!(peers.dial_at(), Some(now));
    let dialled = [(); 3].map(|()| peers.dial_next(now).map(|(peer, _)| peer));
    assert_eq!(dialled, [peers.find(b"Hands"), peers.find(b"Wilkes"), None]);
    assert_eq!((peers.find(b"Holiday"), peers.dial_at()), (None, None));
    let hands = peers.find(b"Hands").unwrap();
    peers[hands].answered(&mut positions, 0, id(1), now);
    assert_eq!(peers.links_up().count(), 1);
    assert_eq!(peers.check(&positions), Ok(()));
    peers[hands].greeted(&mut positions, 7, id(1));
    assert!(peers.check(&positions).is_err(), "one connection cannot be both ends");
    peers[hands].greeted(&mut positions, 7, id(2));
    let mention = peers[hands].went_down(now, "gone", false, &mut Random::new(3));
    assert_eq!((mention, peers.links_up().count()), (Mention::Down, 0));
    assert!(peers.dial_at() > Some(now));
}
