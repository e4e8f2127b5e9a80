//! How much a link tells in a turn.

use super::*;
use crate::herd::Herd;
use crate::node::{Conversation, NodeOptions, Port};
use crate::positions::{Report, Text, Update};
use crate::transport::{
    Action, Application, ConnectionId, DriverSide, Meters, Now, PeerInfo, Resume, Transport,
};
use crate::wire::neighbour::{Digest, write_acknowledge, write_heard};
use std::net::SocketAddr;
use std::time::Duration;

/// Welsh, who talks with Holiday only, its link to Holiday, and a client.
struct Scene {
    node: Node,
    link: (Conversation, Transport),
    client: (Conversation, Transport),
    now: Now,
}

impl Scene {
    /// The link has greeted and is not answered yet.
    fn new() -> Self {
        let herd = Herd::load("goloman").unwrap();
        let mut node = Node::new(NodeOptions::for_tests(&herd, "Welsh"));
        let now =
            Now { monotonic: Monotonic::default(), posix_nanoseconds: 1_600_000_000_000_000_000 };
        node.timer_expired(now);
        let Some(Action::Dial { protocol: link, .. }) = node.next_action() else {
            panic!("it does not dial");
        };
        let client = node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 1)), now);
        let transport = |slot| Transport::new(ConnectionId { slot, generation: 0 });
        let (link, client) = ((link, transport(0)), (client, transport(1)));
        let mut scene = Scene { node, link, client, now };
        scene.on_link(|protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
        });
        scene.neighbour_takes_all();
        scene
    }

    fn on_link(&mut self, callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>)) {
        let (protocol, transport) = &mut self.link;
        callback(protocol, &mut Context { app: &mut self.node, transport, now: self.now });
    }

    /// The neighbour answers our greeting: it knows nothing of ours.
    fn neighbour_answers(&mut self) {
        self.neighbour_has_received(0);
    }

    /// It answers that it has received so much.
    fn neighbour_has_received(&mut self, up_to: u64) {
        let mut answer = Vec::new();
        write_heard(&mut answer, Version::HIGHEST, b"Holiday", 7, up_to);
        self.on_link(|protocol, cx| protocol.data_received(cx, &answer));
    }

    /// It acknowledges so much, with that digest.
    fn neighbour_acknowledges(&mut self, up_to: u64, digest: u64) {
        let mut line = Vec::new();
        let digest = Digest { sum: digest, step: self.node.positions.step() };
        write_acknowledge(&mut line, up_to, digest);
        self.on_link(|protocol, cx| protocol.data_received(cx, &line));
    }

    /// It marks its feed, with that digest, and has told something before or not.
    fn neighbour_marks(&mut self, digest: u64, has_told: bool) {
        let holiday = self.node.peers.find(b"Holiday").unwrap();
        let id = ConnectionId { slot: 2, generation: 0 };
        let digest = Digest { sum: digest, step: self.node.positions.step() };
        let whole = (!has_told).then_some(digest);
        self.node.peers[holiday].received_mut().marked(id, 1, whole);
    }

    /// It is linked with us, in the epoch in which it answers; and tells us of a client.
    fn neighbour_greets_and_tells(&mut self) {
        let (Scene { node, now, .. }, id) = (self, ConnectionId { slot: 2, generation: 0 });
        let holiday = node.peers.find(b"Holiday").unwrap();
        node.peers[holiday].greeted(&mut node.positions, 7, id, now.monotonic);
        let origin = node.positions.intern(b"Holiday").unwrap();
        let text = Text::new(b"emu +1-1 5", 3, 4).unwrap();
        let report =
            Report { origin, difference_nanoseconds: 0, time_nanoseconds: 5_000_000_000, text };
        let mark = node.peers[holiday].received().mark_of(7);
        assert_eq!(node.positions.update(&report, mark), Update::New);
    }

    fn neighbour_takes_all(&mut self) {
        let transport = &mut self.link.1;
        transport.advance(transport.output_len(), self.now.monotonic);
    }

    /// Each of these clients reports.
    fn report(&mut self, clients: std::ops::Range<u64>) {
        for client in clients {
            self.now.posix_nanoseconds += 1_000;
            let (seconds, nanoseconds) = (
                self.now.posix_nanoseconds / 1_000_000_000,
                self.now.posix_nanoseconds % 1_000_000_000,
            );
            let line = format!("IAMAT c{client} +34-118 {seconds}.{nanoseconds:09}\n");
            let (protocol, transport) = &mut self.client;
            let mut cx = Context { app: &mut self.node, transport, now: self.now };
            protocol.data_received(&mut cx, line.as_bytes());
            transport.advance(transport.output_len(), self.now.monotonic);
        }
    }

    /// Ends a turn: how many positions and marks the link has written in it.
    fn end_turn(&mut self) -> (u64, u64) {
        let before = self.link.1.output_len();
        self.node.turn_ended(self.now, &Meters::default());
        assert_eq!(self.node.check(), Ok(()));
        while let Some(action) = self.node.next_action() {
            assert!(matches!(action, Action::Wake(id) if id == self.link.1.id()));
            self.on_link(|protocol, cx| protocol.woken(cx));
        }
        let written = &self.link.1.output()[before..];
        let lines = |beginning: &[u8]| {
            let lines = written.split_inclusive(|&byte| byte == b'\n');
            lines.filter(|line| line.starts_with(beginning)).count() as u64
        };
        let (positions, marks) = (lines(b"AT "), lines(b"MARK "));
        assert_eq!(positions + marks, lines(b""));
        (positions, marks)
    }

    /// The driver has written: whether the link is called, at once or in the next turn.
    fn goes_on(&mut self) -> Option<Resume> {
        let goes_on = self.link.1.take_resume();
        if goes_on.is_some() {
            self.on_link(|protocol, cx| protocol.resume_writing(cx));
        }
        goes_on
    }
}

#[test]
fn much_is_told_in_shares_each_in_a_turn_of_its_own() {
    let mut scene = Scene::new();
    scene.report(0..1_000);
    scene.end_turn();
    scene.neighbour_answers();
    let mut told = 0;
    while told < 1_000 {
        let share = limits::WALK_RECORDS_MAX.min(1_000 - told);
        // When that was all there was, a second mark says so.
        let marks = if told + share == 1_000 { 2 } else { 1 };
        assert_eq!(scene.end_turn(), (share, marks), "after {told}");
        told += share;
        scene.neighbour_takes_all();
        let later = (told < 1_000).then_some(Resume::NextTurn);
        assert_eq!(scene.goes_on(), later, "after {told}");
        assert_eq!(scene.link.1.output_len(), 0, "the share of the turn has been told");
    }
    assert_eq!(scene.end_turn(), (0, 0), "all has been told");
}

#[test]
fn what_comes_in_a_turn_leaves_in_it() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    assert_eq!(scene.end_turn(), (0, 0));
    let many = limits::WALK_RECORDS_MAX * 4;
    scene.report(0..many);
    assert_eq!(scene.end_turn(), (many, 1));
    scene.neighbour_takes_all();
    assert_eq!(scene.goes_on(), None, "there is nothing left");
}

#[test]
fn who_is_behind_gains_on_what_comes() {
    let mut scene = Scene::new();
    scene.report(0..5_000);
    scene.end_turn();
    scene.neighbour_answers();
    let mut turns = 0;
    while !scene.node.feeds_sent() {
        // More than a share in each turn, of clients that are told already or about to be.
        scene.report(turns * 300..turns * 300 + 300);
        scene.end_turn();
        scene.neighbour_takes_all();
        scene.goes_on();
        turns += 1;
        assert!(turns < 5_000 / limits::WALK_RECORDS_MAX, "it never gets there");
    }
}

#[test]
fn a_link_that_is_full_waits_for_room() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    scene.report(0..5_000);
    scene.end_turn();
    assert!(scene.link.1.output_len() >= limits::OUTPUT_HIGH_WATER_BYTES);
    assert_eq!(scene.goes_on(), None);
    scene.report(0..1);
    assert_eq!(scene.end_turn(), (0, 0));
    let waiting = scene.link.1.output_len();
    let taken = waiting - limits::OUTPUT_LOW_WATER_BYTES;
    scene.link.1.advance(taken, scene.now.monotonic);
    assert_eq!(scene.goes_on(), Some(Resume::NextTurn));
    assert!(scene.link.1.output_len() > limits::OUTPUT_LOW_WATER_BYTES, "the rest of its share");
}

#[test]
fn what_comes_in_a_turn_leaves_in_it_however_much_it_is() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    scene.report(0..5_000);
    scene.end_turn();
    scene.neighbour_takes_all();
    let mut rounds = 1;
    while scene.goes_on() == Some(Resume::Now) {
        scene.neighbour_takes_all();
        rounds += 1;
    }
    assert!(scene.node.feeds_sent());
    assert!((2..limits::FIRST_WRITES_PER_TURN_MAX).contains(&rounds), "{rounds} rounds");
}

#[test]
fn a_stop_waits_until_the_neighbour_has_been_told() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    scene.report(0..5_000);
    scene.node.stopping(scene.now);
    scene.on_link(|protocol, cx| protocol.stopping(cx));
    let mut turns = 0;
    while !scene.link.1.is_ending() {
        assert!(!scene.node.feeds_sent());
        scene.end_turn();
        scene.neighbour_takes_all();
        scene.goes_on();
        turns += 1;
        assert!(turns < 5_000, "it never ends");
    }
    assert!(scene.node.feeds_sent());
}

#[test]
fn who_has_received_more_than_there_is_is_told_everything() {
    let mut scene = Scene::new();
    scene.report(0..10);
    scene.end_turn();
    scene.neighbour_has_received(11);
    assert_eq!(scene.end_turn().0, 10);
    assert_eq!(scene.node.links_started_over(), 1);
}

#[test]
fn who_acknowledges_more_than_it_was_sent_is_told_everything_once_a_minute() {
    let mut scene = Scene::new();
    scene.report(0..10);
    scene.end_turn();
    scene.neighbour_answers();
    // There is as much, and it has not been sent yet.
    scene.neighbour_acknowledges(10, 0);
    assert_eq!(scene.node.links_started_over(), 1);
    assert_eq!(scene.end_turn().0, 10);
    scene.neighbour_acknowledges(10, 0);
    for told in [0, 0, 10, 0] {
        scene.neighbour_acknowledges(u64::MAX, 0);
        assert_eq!(scene.end_turn().0, told);
        scene.now.monotonic = scene.now.monotonic + limits::START_OVER_PAUSE / 2;
    }
    assert_eq!(scene.node.links_started_over(), 2);
}

#[test]
fn who_holds_other_positions_for_long_is_told_everything_also_what_it_once_told() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    scene.report(0..10);
    assert_eq!(scene.end_turn().0, 10);
    let differ = |scene: &mut Scene| {
        for _ in 0..limits::DISAGREEMENTS_MAX {
            assert_eq!(scene.end_turn().0, 0);
            scene.neighbour_marks(1, false);
            scene.now.monotonic = scene.now.monotonic + limits::HEARTBEAT_INTERVAL;
            scene.neighbour_acknowledges(scene.node.positions.head(), 1);
        }
    };
    differ(&mut scene);
    assert_eq!(scene.end_turn().0, 0, "what it holds and we do not may be on its way");
    scene.neighbour_greets_and_tells();
    scene.end_turn();
    scene.now.monotonic = scene.now.monotonic + limits::HEARTBEAT_INTERVAL;
    scene.on_link(|protocol, cx| protocol.timer_expired(cx));
    for has_told in [None, Some(true)] {
        for _ in 0..2 * limits::DISAGREEMENTS_MAX {
            if let Some(has_told) = has_told {
                scene.neighbour_marks(1, has_told);
            }
            scene.neighbour_acknowledges(scene.node.positions.head(), 1);
            assert_eq!(scene.end_turn().0, 0, "its own link to us is slow");
        }
    }
    differ(&mut scene);
    assert_eq!(scene.end_turn().0, 11);
    differ(&mut scene);
    assert_eq!(scene.end_turn().0, 0, "a minute has not passed");
    scene.now.monotonic = scene.now.monotonic + limits::START_OVER_PAUSE;
    scene.neighbour_acknowledges(scene.node.positions.head(), 1);
    assert_eq!(scene.end_turn().0, 11);
}

#[test]
fn a_stop_waits_only_for_what_the_neighbour_has_not_acknowledged() {
    for (told, acknowledged, waits) in [(0, 0, false), (10, 10, false), (10, 9, true)] {
        let mut scene = Scene::new();
        scene.neighbour_answers();
        scene.report(0..told);
        assert_eq!(scene.end_turn().0, told);
        scene.neighbour_acknowledges(acknowledged, 0);
        scene.neighbour_takes_all();
        scene.node.stopping(scene.now);
        scene.on_link(|protocol, cx| protocol.stopping(cx));
        let link = &scene.link.1;
        assert!(link.is_closing());
        assert_eq!(link.is_leaving(), !waits, "{told} {acknowledged}");
    }
}

#[test]
fn at_a_stop_who_has_not_answered_our_greeting_has_a_second_if_there_is_anything_to_tell() {
    let mut scene = Scene::new();
    scene.on_link(|protocol, cx| protocol.stopping(cx));
    assert!(scene.link.1.is_aborted());
    for answers in [true, false] {
        let mut scene = Scene::new();
        scene.report(0..10);
        scene.node.stopping(scene.now);
        scene.on_link(|protocol, cx| protocol.stopping(cx));
        assert!(!scene.link.1.is_ending());
        if answers {
            scene.neighbour_answers();
            assert_eq!(scene.end_turn().0, 10);
            assert!(scene.link.1.is_closing());
        } else {
            assert_eq!(scene.link.1.timer(), Some(scene.now.monotonic + limits::STOP_PATIENCE));
            scene.on_link(|protocol, cx| protocol.timer_expired(cx));
            assert!(scene.link.1.is_aborted());
        }
    }
}

#[test]
fn a_cut_counts_from_when_the_neighbour_was_heard_last() {
    let mut scene = Scene::new();
    scene.neighbour_answers();
    let heard = scene.now.monotonic;
    scene.now.monotonic = heard + Duration::from_secs(4);
    scene.on_link(|protocol, cx| protocol.connection_lost(cx, &Lost::Aborted));
    let holiday = scene.node.peers.find(b"Holiday").unwrap();
    let now = scene.now.monotonic + Duration::from_secs(1);
    assert_eq!(scene.node.peers[holiday].cut_for(7, now), Some(Duration::from_secs(5)));
}
