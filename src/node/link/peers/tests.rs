//! What is known of a neighbour, through its absences and its epochs.

use super::*;
use crate::limits;
use crate::node::outage::Mention;
use crate::node::random::Random;
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
    peer.came_up(now, id(1), 7);
    peer.went_down(now, "gone", false, &mut random);
    assert!(peer.redial_at().unwrap().since(now) >= limits::REDIAL_PAUSE_MAX / 2);
    peer.came_up(now, id(1), 7);
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
fn a_cut_is_the_time_between_two_answers_in_the_same_epoch() {
    let mut positions = Positions::new([1, 2]);
    let mut peer = peer(&mut positions);
    let (start, mut random) = (Monotonic::default(), Random::new(3));
    let after = |seconds| start + Duration::from_secs(seconds);
    peer.went_down(start, "not there yet", false, &mut random);
    assert_eq!(peer.cut_for(7, after(9)), None, "it never answered before");
    assert!(peer.answered(&mut positions, (7, 0), id(1), after(9)));
    assert_eq!(peer.cut_for(7, after(10)), None, "the link is up");
    // It fell silent before that was noticed.
    peer.was_heard(after(16));
    peer.went_down(after(20), "silent", false, &mut random);
    peer.went_down(after(25), "not back yet", false, &mut random);
    assert_eq!(peer.cut_for(7, after(50)), Some(Duration::from_secs(34)));
    assert_eq!(peer.cut_for(8, after(50)), None, "it has begun anew");
}

#[test]
fn another_epoch_is_another_life() {
    let mut positions = Positions::new([1, 2]);
    let mut peer = peer(&mut positions);
    assert!(peer.received.mark_of(1).is_none());
    peer.greeted(&mut positions, 1, id(1), Monotonic::default());
    peer.received.marked(id(1), 10, None);
    let welcome = peer.greeted(&mut positions, 1, id(2), Monotonic::default());
    assert_eq!(welcome, Welcome { is_known_epoch: true, received_up_to: 10, former: Some(id(1)) });
    assert!(peer.received.is_heard_on(id(2)) && !peer.received.is_heard_on(id(1)));
    assert!(peer.received.mark_of(1).is_some());
    peer.received.hung_up(id(1));
    let welcome = peer.greeted(&mut positions, 2, id(3), Monotonic::default());
    assert_eq!(welcome, Welcome { is_known_epoch: false, received_up_to: 0, former: Some(id(2)) });
    assert!(peer.received.mark_of(1).is_none() && peer.received.mark_of(2).is_some());
    peer.received.marked(id(2), 20, None);
    assert_eq!(peer.received.up_to(), 0, "that was said on a former connection");
    peer.received.marked(id(3), 20, None);
    peer.received.marked(id(3), 5, None);
    assert_eq!(peer.received.up_to(), 5, "it tells everything again");
    assert_eq!(peer.check(&positions), Ok(()));
}

#[test]
fn it_is_told_everything_again_less_and_less_often_while_that_does_not_help() {
    let mut positions = Positions::new([1, 2]);
    let mut peer = peer(&mut positions);
    let mut now = Monotonic::default();
    let mut pauses = |peer: &mut Peer, times: usize| {
        let pauses = (0..times).map(|_| {
            peer.start_over(&mut positions, now);
            let start = now;
            while !peer.may_start_over(now) {
                now = now + Duration::from_secs(1);
            }
            now.since(start).as_secs()
        });
        pauses.collect::<Vec<_>>()
    };
    assert_eq!(limits::START_OVER_PAUSE_MAX.as_secs(), 3_600);
    assert_eq!(pauses(&mut peer, 8), [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    peer.agrees();
    assert_eq!(pauses(&mut peer, 2), [60, 120]);
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
    let dialled = [(); 3].map(|()| peers.dial_next(now).map(|(peer, ..)| peer));
    assert_eq!(dialled, [peers.find(b"Hands"), peers.find(b"Wilkes"), None]);
    assert_eq!((peers.find(b"Holiday"), peers.dial_at()), (None, None));
    let hands = peers.find(b"Hands").unwrap();
    peers[hands].answered(&mut positions, (7, 0), id(1), now);
    assert_eq!(peers.links_up().count(), 1);
    assert_eq!(peers.check(&positions), Ok(()));
    peers[hands].greeted(&mut positions, 7, id(1), Monotonic::default());
    assert!(peers.check(&positions).is_err(), "one connection cannot be both ends");
    peers[hands].greeted(&mut positions, 7, id(2), Monotonic::default());
    let mention = peers[hands].went_down(now, "gone", false, &mut Random::new(3));
    assert_eq!((mention, peers.links_up().count()), (Mention::Down, 0));
    assert!(peers.dial_at() > Some(now));
}

/// A neighbour that has been away for long.
fn away(positions: &mut Positions, refused: bool) -> (Peers, Monotonic) {
    let named = ("Hands".to_owned(), Endpoint::plain("127.0.0.1", 1), positions.open_cursor());
    let mut peers = Peers::new([named].into_iter());
    let mut random = Random::new(3);
    let mut now = Monotonic::default();
    for _ in 0..20 {
        now = peers.dial_at().unwrap();
        let (hands, ..) = peers.dial_next(now).unwrap();
        peers[hands].went_down(now, "gone", refused, &mut random);
        peers.release(hands, positions);
    }
    assert!(peers.dial_at().unwrap().since(now) > limits::REDIAL_PAUSE_MAX / 3);
    (peers, now)
}

#[test]
fn a_neighbour_that_greets_is_dialled_at_once_and_in_a_storm_of_greetings_not_without_pause() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, now) = away(&mut positions, false);
    let hands = peers.find(b"Hands").unwrap();
    let start = now + Duration::from_secs(1);
    let mut dials = 0;
    for step in 0..1_000 {
        let now = start + Duration::from_millis(step);
        peers[hands].greeted(&mut positions, step, id(1), now);
        if step == 0 {
            assert_eq!(peers.dial_at(), Some(now));
        }
        while peers.dial_next(now).is_some() {
            dials += 1;
            peers[hands].went_down(now, "gone", false, &mut Random::new(3));
        }
    }
    assert_eq!(dials, 1_000 / limits::REDIAL_PAUSE_MIN.as_millis());
}

#[test]
fn a_neighbour_that_greets_and_refuses_us_is_dialled_once_a_second() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, mut now) = away(&mut positions, true);
    let hands = peers.find(b"Hands").unwrap();
    for _ in 0..9 {
        peers[hands].greeted(&mut positions, 7, id(1), now);
        let at = peers.dial_at().unwrap();
        assert_eq!(at, now + limits::REDIAL_REFUSED_PAUSE);
        peers.dial_next(at).unwrap();
        peers[hands].went_down(at, "refused", true, &mut Random::new(3));
        now = at;
    }
}

#[test]
fn who_is_let_go_is_told_the_rest_for_so_long_and_gone_with_its_last_connection() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let now = peers.dial_at().unwrap();
    let (hands, ..) = peers.dial_next(now).unwrap();
    peers[hands].connected(id(9));
    peers[hands].answered(&mut positions, (7, 0), id(9), now);
    peers.hold(hands);
    peers[hands].greeted(&mut positions, 7, id(2), now);
    assert_eq!(peers.let_go(hands, &mut positions, now), [id(9), id(2)]);
    assert_eq!((peers.len(), peers.find(b"Hands"), peers.linked_both_ways()), (0, None, 0));
    assert_eq!((peers.links_up().count(), peers.dial_at()), (1, None), "it is told the rest");
    let until = now + limits::NEIGHBOUR_LEAVE_MAX;
    assert_eq!(peers.let_go_at(), Some(until));
    let before = now + (limits::NEIGHBOUR_LEAVE_MAX - Duration::from_nanos(1));
    assert_eq!(peers.cut_those_let_go(before), []);
    assert_eq!(peers.cut_those_let_go(until), [id(9), id(2)]);
    assert!(peers[hands].has_left() && peers.let_go_at().is_none());
    peers[hands].went_down(until, "gone", false, &mut Random::new(3));
    peers.release(hands, &mut positions);
    assert_eq!(peers.dial_at(), None);
    peers[hands].received.hung_up(id(2));
    peers.release(hands, &mut positions);
    assert_eq!(peers.check(&positions), Ok(()));
    // Its place is another's.
    let cursor = positions.open_cursor();
    peers.add("Welsh", &Endpoint::plain("127.0.0.1", 2), cursor, &mut positions);
    assert_eq!(peers.find(b"Welsh"), Some(hands));
}

#[test]
fn who_comes_back_while_it_is_let_go_is_a_neighbour_as_before() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let now = peers.dial_at().unwrap();
    let (hands, first, _) = peers.dial_next(now).unwrap();
    peers.let_go(hands, &mut positions, now);
    assert!(!peers[hands].is_dialled_by(first), "it does not arrive");
    let (elsewhere, cursor) = (Endpoint::plain("127.0.0.1", 2), positions.open_cursor());
    peers.add("Hands", &elsewhere, cursor, &mut positions);
    assert_eq!(peers.find(b"Hands"), Some(hands));
    let (_, second, endpoint) = peers.dial_next(now).unwrap();
    assert_eq!(endpoint, elsewhere);
    peers.release(hands, &mut positions);
    assert!(peers[hands].is_dialled_by(second));
}

#[test]
fn who_moves_is_dialled_there_at_once_and_its_old_connection_counts_no_more() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let now = peers.dial_at().unwrap();
    let (hands, first, _) = peers.dial_next(now).unwrap();
    peers[hands].connected(id(9));
    peers[hands].answered(&mut positions, (7, 0), id(9), now);
    let elsewhere = Endpoint::plain("127.0.0.1", 2);
    let woken = peers[hands].move_to(elsewhere.clone(), now, &mut Random::new(3));
    assert_eq!((woken, peers[hands].is_dialled_by(first)), (Some(id(9)), false));
    assert_eq!(peers.check(&positions), Ok(()));
    peers.dial_all(now);
    let (_, _, endpoint) = peers.dial_next(now).unwrap();
    assert_eq!(endpoint, elsewhere);
}

#[test]
fn an_attempt_that_hangs_is_not_waited_for_once_the_neighbour_greets() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let now = peers.dial_at().unwrap();
    let (hands, first, _) = peers.dial_next(now).unwrap();
    assert_eq!(peers.dial_at(), None);
    peers[hands].greeted(&mut positions, 7, id(1), now);
    let doubted = now + limits::DIAL_DOUBTED_AFTER;
    assert_eq!(peers.dial_at(), Some(doubted));
    let (_, second, _) = peers.dial_next(doubted).unwrap();
    assert!(peers[hands].is_dialled_by(second) && !peers[hands].is_dialled_by(first));
    peers[hands].connected(id(9));
    peers[hands].greeted(&mut positions, 7, id(2), doubted + limits::DIAL_TIMEOUT);
    assert_eq!(peers.dial_at(), None, "it has connected");
}

#[test]
fn a_link_that_breaks_when_its_neighbour_has_greeted_anew_is_dialled_soon_once() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let mut now = peers.dial_at().unwrap();
    let (hands, ..) = peers.dial_next(now).unwrap();
    peers[hands].connected(id(9));
    peers[hands].answered(&mut positions, (7, 0), id(1), now);
    peers[hands].greeted(&mut positions, 7, id(2), now);
    assert_eq!(peers.linked_both_ways(), 1);
    for soon in [true, false] {
        peers[hands].went_down(now, "gone", false, &mut Random::new(3));
        assert_eq!(peers.linked_both_ways(), 0);
        let at = peers.dial_at().unwrap();
        assert_eq!(at.since(now) == limits::REDIAL_PAUSE_MIN, soon, "{:?}", at.since(now));
        now = at;
        peers.dial_next(now).unwrap();
    }
}

#[test]
fn who_greets_in_the_epoch_of_our_link_goes_before_who_greets_in_another() {
    let mut positions = Positions::new([1, 2]);
    let (mut peers, _) = away(&mut positions, false);
    let now = peers.dial_at().unwrap();
    let (hands, ..) = peers.dial_next(now).unwrap();
    // Somebody was there first.
    peers[hands].greeted(&mut positions, 9, id(1), now);
    peers[hands].received.marked(id(1), 0, None);
    let until = now + limits::NEIGHBOUR_ALIVE;
    assert_eq!(peers[hands].keeps_waiting(7, now), Some(until));
    peers[hands].connected(id(9));
    peers[hands].answered(&mut positions, (7, 0), id(2), now);
    assert_eq!(peers.linked_both_ways(), 0, "that is not who our link leads to");
    assert_eq!(peers[hands].keeps_waiting(9, now), Some(until));
    assert_eq!(peers[hands].keeps_waiting(7, now), None);
    let welcome = peers[hands].greeted(&mut positions, 7, id(3), now);
    assert_eq!(welcome.former, Some(id(1)));
    assert_eq!(peers.linked_both_ways(), 1);
    // And stays, though it has marked nothing yet; one of the same epoch waits, too, when it has.
    assert_eq!(peers[hands].keeps_waiting(9, now), Some(until));
    peers[hands].received.marked(id(3), 0, None);
    assert_eq!(peers[hands].keeps_waiting(7, now), Some(until));
    assert_eq!(peers.check(&positions), Ok(()));
}
