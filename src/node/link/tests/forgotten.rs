//! Clients that are forgotten, between servers of the same and of different versions.

use super::*;
use crate::positions::{Kind, Positions};
use crate::wire::neighbour::Digest;

/// Takes a line's report of either kind at one end.
fn take<P>(end: &mut End<P>, text: &str) {
    let fields: Vec<&str> = text.split(' ').collect();
    let (bytes, client) = (text.as_bytes(), fields[0].len());
    let text = match fields[..] {
        [_, location, _] => Text::new(bytes, client, location.len()),
        _ => Text::of_tombstone(bytes, client),
    };
    let seconds: i64 = fields.last().unwrap().parse().unwrap();
    let report = Report {
        origin: end.node.origin,
        difference_nanoseconds: 0,
        time_nanoseconds: seconds * 1_000_000_000,
        text: text.unwrap(),
    };
    let update = match report.kind() {
        Kind::Position => end.node.positions.report(&report),
        Kind::Tombstone => end.node.positions.forget(&report),
    };
    assert_ne!(update, Update::Known);
}

/// Welsh's turn ends, and its link says this.
fn walk(welsh: &mut End<Dialled>, holiday: &mut End<Accepted>) -> String {
    welsh.node.turn_ended(welsh.now, &Meters::default());
    welsh.call(|protocol, cx| protocol.woken(cx));
    let told = welsh.send(holiday);
    assert_eq!((welsh.node.check(), holiday.node.check()), (Ok(()), Ok(())));
    told
}

fn counts(positions: &Positions) -> (usize, usize) {
    (positions.len(), positions.tombstones())
}

fn acknowledge(holiday: &mut End<Accepted>, welsh: &mut End<Dialled>) -> String {
    holiday.now.monotonic = holiday.now.monotonic + limits::HEARTBEAT_INTERVAL;
    holiday.call(|protocol, cx| protocol.timer_expired(cx));
    holiday.send(welsh)
}

#[test]
fn who_speaks_version_2_is_told_who_is_forgotten_and_who_does_not_is_told_the_rest() {
    for (dialler, accepter, common) in [(1, 2, 1), (2, 1, 1), (2, 2, 2), (2, 3, 2), (3, 3, 3)] {
        let (mut welsh, mut holiday) = greeted(dialler, accepter);
        take(&mut holiday, "kiwi +1-1 5");
        take(&mut welsh, "emu +1-1 5");
        take(&mut welsh, "kiwi 5");
        take(&mut welsh, "moa +1-1 5");
        holiday.send(&mut welsh);
        let told = walk(&mut welsh, &mut holiday);
        let gone = if common == 1 { 0 } else { 1 };
        assert_eq!(told.matches("GONE Welsh +0.000000000 kiwi 5\n").count(), gone, "{told}");
        assert!(told.contains(" emu ") && told.contains(" moa ") && told.contains("MARK 3 "));
        assert_eq!(counts(&holiday.node.positions), (3 - gone, gone));
        assert_eq!(holiday.node.positions.find(b"kiwi").is_some(), common == 1);
        let same = welsh.node.positions.digest() == holiday.node.positions.digest();
        assert_eq!(same, common != 1);
        assert!(welsh.node.feeds_sent());
    }
}

#[test]
fn nobody_is_forgotten_at_the_word_of_who_speaks_version_1() {
    for (version, gone) in [(1, 0), (2, 1)] {
        let (_, mut holiday) = greeted(version, 2);
        let line = b"GONE Welsh +0.000000000 kiwi 5\n";
        holiday.call(|protocol, cx| protocol.data_received(cx, line));
        assert_eq!(counts(holiday.node.positions()), (0, gone));
        assert!(!holiday.transport.is_ending());
    }
}

#[test]
fn who_has_been_upgraded_is_told_everything_also_who_was_forgotten() {
    let (mut welsh, mut holiday) = greeted(2, 1);
    take(&mut welsh, "kiwi +1-1 4");
    take(&mut welsh, "kiwi 5");
    holiday.send(&mut welsh);
    walk(&mut welsh, &mut holiday);
    assert_eq!(counts(&holiday.node.positions), (0, 0));
    // It comes back in another epoch, and speaks more.
    welsh.call(|protocol, cx| protocol.connection_lost(cx, &crate::transport::Lost::Aborted));
    welsh.now.monotonic = welsh.now.monotonic + limits::REDIAL_PAUSE_MAX;
    let (peer, attempt, _) = welsh.node.peers.dial_next(welsh.now.monotonic).unwrap();
    welsh.protocol = Dialled::new(peer, attempt);
    welsh.transport = Transport::new(ConnectionId { slot: 8, generation: 0 });
    welsh.call(|protocol, cx| {
        protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
    });
    let accepted = |_: &mut Node| Accepted::new(SocketAddr::from(([127, 0, 0, 1], 1)));
    let mut holiday = End::with_epoch("Holiday", 2, 9, accepted);
    welsh.send(&mut holiday);
    assert_eq!(holiday.send(&mut welsh), "HEARD 2 Holiday 0000000000000009 0\n");
    let told = walk(&mut welsh, &mut holiday);
    assert!(told.starts_with("GONE Welsh +0.000000000 kiwi 5\n"), "{told}");
    assert_eq!(counts(&holiday.node.positions), (0, 1));
    assert_eq!(welsh.node.positions.digest(), holiday.node.positions.digest());
}

#[test]
fn a_neighbour_that_cannot_be_told_of_it_is_acknowledged_with_its_own_digest() {
    let (mut welsh, mut holiday) = greeted(1, 2);
    take(&mut holiday, "kiwi 5");
    holiday.send(&mut welsh);
    // Nothing has been marked yet but that there is nothing.
    welsh.send(&mut holiday);
    take(&mut welsh, "kiwi +1-1 4");
    walk(&mut welsh, &mut holiday);
    for _ in 0..4 * limits::DISAGREEMENTS_MAX {
        let line = acknowledge(&mut holiday, &mut welsh);
        assert_eq!(line, format!("ACK 1 {:016x}\n", welsh.node.positions.digest()));
        welsh.now = holiday.now;
        welsh.call(|protocol, cx| protocol.timer_expired(cx));
        welsh.send(&mut holiday);
    }
    assert_eq!(welsh.node.links_started_over(), 0);
    // Once nothing is forgotten any more it is told what is held.
    holiday.node.positions.remove(b"kiwi");
    let line = acknowledge(&mut holiday, &mut welsh);
    assert_eq!(line, format!("ACK 1 {:016x}\n", holiday.node.positions.digest()));
}

#[test]
fn nothing_follows_from_what_a_neighbour_holds_that_cannot_be_told_of_it() {
    for (accepter, started_over) in [(1, 0), (2, 1)] {
        let (mut welsh, mut holiday) = greeted(2, accepter);
        take(&mut welsh, "kiwi 5");
        holiday.send(&mut welsh);
        walk(&mut welsh, &mut holiday);
        // It feeds us, too, and has told us all that it holds: which is not this.
        let peer = welsh.node.peers.find(b"Holiday").unwrap();
        let id = ConnectionId { slot: 9, generation: 0 };
        let node = &mut welsh.node;
        node.peers[peer].greeted(&mut node.positions, 1, id, welsh.now.monotonic);
        for _ in 0..limits::DISAGREEMENTS_MAX {
            let digest = Digest { sum: 7, step: Some(0) };
            welsh.now.monotonic = welsh.now.monotonic + limits::HEARTBEAT_INTERVAL;
            node.peers[peer].received_mut().marked(id, 1, Some(digest));
            let (protocol, transport) = (&mut welsh.protocol, &mut welsh.transport);
            let mut cx = Context { app: node, transport, now: welsh.now };
            protocol.data_received(&mut cx, b"ACK 1 0000000000000007 0\n");
        }
        assert_eq!(welsh.node.links_started_over(), started_over, "{accepter}");
    }
}
