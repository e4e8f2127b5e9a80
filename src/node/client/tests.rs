//! A client's conversation, driven by hand: when a command was there.

mod auth;
mod forget;
mod near;

use super::*;
use crate::herd::Herd;
use crate::node::{ClientBounds, Conversation, NodeOptions, Port};
use crate::transport::{Application, ConnectionId, DriverSide, Monotonic, Now, Resume};
use std::net::SocketAddr;
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
/// When the first command is sent.
const START: i64 = 1_600_000_000 * SECOND;

/// A server of a herd of one, a client of it, and the time.
struct Scene {
    node: Node,
    client: Conversation,
    transport: Transport,
    now: Now,
}

impl Scene {
    fn new() -> Self {
        Scene::with(true, ClientBounds::NONE)
    }

    fn with(classic: bool, bounds: ClientBounds) -> Self {
        let json = br#"{"herd": "lone", "servers": [
            {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;
        let herd = Herd::from_json(json).unwrap();
        let options = NodeOptions::for_tests(&herd, "Lone");
        let mut node = Node::new(NodeOptions { classic, bounds, ..options });
        let now = Now { monotonic: Monotonic::default(), posix_nanoseconds: START };
        let client = node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 1)), now);
        let transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
        let mut scene = Scene { node, client, transport, now };
        scene.call(|protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
        });
        scene
    }

    fn call(&mut self, callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>)) {
        let Scene { node, client, transport, now } = self;
        callback(client, &mut Context { app: node, transport, now: *now });
    }

    fn receives(&mut self, data: &str) {
        self.call(|protocol, cx| protocol.data_received(cx, data.as_bytes()));
    }

    /// Time passes, and the timer expires if it is due by then.
    fn pass(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        self.now.posix_nanoseconds += i64::try_from(time.as_nanos()).unwrap();
        if self.transport.take_due_timer(self.now.monotonic) {
            self.call(|protocol, cx| protocol.timer_expired(cx));
        }
    }

    fn answers(&self) -> &str {
        std::str::from_utf8(self.transport.output()).unwrap()
    }
}

#[test]
fn a_command_that_silence_ends_was_there_with_its_last_byte() {
    let mut scene = Scene::new();
    scene.receives("IAMAT kiwi +34.0-118.0 16");
    scene.pass(limits::CLASSIC_SILENCE / 2);
    scene.receives("00000000");
    scene.pass(limits::CLASSIC_SILENCE - Duration::from_nanos(1));
    assert_eq!(scene.answers(), "", "more of it might have come");
    // The process was held up and notices the silence late.
    scene.pass(Duration::from_secs(1));
    assert_eq!(scene.answers(), "AT Lone +0.050000000 kiwi +34.0-118.0 1600000000\n");
}

#[test]
fn a_command_with_an_end_was_there_with_it() {
    for end in ["\n", ""] {
        let mut scene = Scene::new();
        scene.receives("IAMAT kiwi +34.0-118.0 1600000000");
        scene.pass(limits::CLASSIC_SILENCE / 2);
        if end.is_empty() {
            scene.call(|protocol, cx| protocol.eof_received(cx));
        } else {
            scene.receives(end);
        }
        assert_eq!(scene.answers(), "AT Lone +0.050000000 kiwi +34.0-118.0 1600000000\n");
    }
}

#[test]
fn of_two_reports_of_one_time_in_one_turn_the_first_stays() {
    for [first, second] in [["+1+1", "+2+2"], ["+2+2", "+1+1"]] {
        let mut scene = Scene::with(false, ClientBounds::NONE);
        scene.receives(&format!(
            "IAMAT kiwi {first} 1600000000\nIAMAT kiwi {second} 1600000000.0\n"
        ));
        let known = scene.node.positions().find(b"kiwi").map(|known| known.location().to_vec());
        assert_eq!(known.as_deref(), Some(first.as_bytes()));
    }
}

#[test]
fn commands_in_several_pieces_are_all_answered_before_the_end() {
    let mut scene = Scene::new();
    for number in 0..5 {
        scene.receives(&format!("one {number}\ntwo {number}\n"));
        assert!(scene.answers().ends_with(&format!("? one {number}\n? two {number}\n")));
        scene.pass(limits::CLASSIC_SILENCE - Duration::from_nanos(1));
        assert!(!scene.transport.is_ending(), "more may come");
    }
    scene.pass(Duration::from_nanos(1));
    assert!(scene.transport.is_ending(), "it waits for the end");
}

#[test]
fn what_cannot_be_whole_yet_is_waited_for_longer() {
    let mut scene = Scene::new();
    scene.receives("IAMAT seg +34.06");
    scene.pass(limits::CLASSIC_SILENCE);
    scene.pass(limits::CLASSIC_SILENCE_MAX - limits::CLASSIC_SILENCE - Duration::from_nanos(1));
    assert_eq!(scene.answers(), "");
    scene.receives("8930-118.445127 1600000000");
    scene.pass(limits::CLASSIC_SILENCE);
    assert!(scene.answers().starts_with("AT Lone +"), "{}", scene.answers());
    assert!(scene.transport.is_ending());
    let mut scene = Scene::new();
    scene.receives("IAMAT seg +34.06");
    scene.pass(limits::CLASSIC_SILENCE);
    scene.pass(limits::CLASSIC_SILENCE_MAX - limits::CLASSIC_SILENCE);
    assert_eq!(scene.answers(), "? IAMAT seg +34.06\n");
    assert!(scene.transport.is_ending());
}

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn who_sends_no_whole_command_is_given_up() {
    let bounds = ClientBounds { first_line: SECONDS(60), ..ClientBounds::NONE };
    for classic in [false, true] {
        let mut scene = Scene::with(classic, bounds);
        scene.pass(SECONDS(60) - Duration::from_nanos(1));
        assert!(!scene.transport.is_ending());
        scene.pass(Duration::from_nanos(1));
        assert!(scene.transport.is_ending());
    }
    // A byte now and then is no command, and white space is none.
    let mut scene = Scene::with(false, bounds);
    scene.receives(" \n\n");
    for byte in "IAMAT kiwi +34.0-118.0 1600000000".chars() {
        scene.receives(&byte.to_string());
        scene.pass(SECONDS(2));
    }
    assert!(scene.transport.is_ending() && scene.answers().is_empty());
    // Who has sent one may take any time.
    let mut scene = Scene::with(false, bounds);
    scene.receives("x\n");
    for _ in 0..5 {
        scene.pass(SECONDS(1_000));
    }
    assert!(!scene.transport.is_ending());
    assert_eq!(scene.transport.timer(), None, "nothing is waited for");
}

#[test]
fn who_sends_no_command_any_more_is_given_up_where_that_is_wanted() {
    let bounds = ClientBounds { idle: SECONDS(10), ..ClientBounds::NONE };
    let mut scene = Scene::with(false, bounds);
    for _ in 0..5 {
        scene.receives("x\n");
        let all = scene.transport.output_len();
        scene.transport.advance(all, scene.now.monotonic);
        scene.pass(SECONDS(9));
        scene.receives("half a line");
        scene.receives("\n");
        let all = scene.transport.output_len();
        scene.transport.advance(all, scene.now.monotonic);
        scene.pass(SECONDS(9));
        assert!(!scene.transport.is_ending());
    }
    for _ in 0..9 {
        scene.receives("x");
        scene.pass(SECONDS(1));
    }
    assert!(scene.transport.is_ending());
}

#[test]
fn one_more_than_there_may_be_is_told_so() {
    let bounds = ClientBounds { connections: 0, ..ClientBounds::NONE };
    let scene = Scene::with(false, bounds);
    assert_eq!(scene.answers(), "? too many connections\n");
    assert!(scene.transport.is_ending() && scene.transport.is_leaving());
}

#[test]
fn who_is_accepted_counts_from_then_on_and_is_turned_away_before_a_handshake() {
    let bounds = ClientBounds {
        per_address: 2,
        new_per_address: 3,
        first_line: SECONDS(60),
        ..ClientBounds::NONE
    };
    let Scene { mut node, now, .. } = Scene::with(false, bounds);
    let from = SocketAddr::from(([192, 0, 2, 1], 1));
    let accept = |node: &mut Node, after: Duration| {
        let now = Now { monotonic: now.monotonic + after, ..now };
        node.accepted(Port::ClientsTls, from, now)
    };
    // A handshake that is under way counts, and none begins beyond the bound; a place is free when one breaks.
    let [mut first, mut second] = [(); 2].map(|()| accept(&mut node, SECONDS(0)));
    assert!(!first.turns_away() && !second.turns_away());
    assert!(accept(&mut node, SECONDS(0)).turns_away());
    let mut transport = Transport::new(ConnectionId { slot: 1, generation: 0 });
    let mut cx = Context { app: &mut node, transport: &mut transport, now };
    first.connection_lost(&mut cx, &Lost::Aborted);
    assert!(!accept(&mut node, SECONDS(0)).turns_away());
    // Of new ones there are so many in a second.
    let mut cx = Context { app: &mut node, transport: &mut transport, now };
    second.connection_lost(&mut cx, &Lost::Aborted);
    assert!(accept(&mut node, SECONDS(0)).turns_away(), "the fourth in a second");
    // The first command is waited for from then on, however long the handshake took.
    let mut third = accept(&mut node, SECONDS(2));
    let now = Now { monotonic: now.monotonic + SECONDS(9), ..now };
    let mut cx = Context { app: &mut node, transport: &mut transport, now };
    third.connection_made(&mut cx, &PeerInfo::at(from));
    assert_eq!(transport.timer(), Some(Monotonic::default() + SECONDS(62)));
}

#[test]
fn half_a_line_is_looked_at_once_and_costs_nothing_then() {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    assert_eq!(scene.transport.timer(), None);
    scene.receives("x\n");
    assert_eq!(scene.transport.timer(), None);
    scene.receives("IAMAT");
    assert!(scene.transport.timer().is_some());
    scene.pass(limits::HALF_LINE_HINT_AFTER);
    assert_eq!(scene.transport.timer(), None);
    scene.receives(" kiwi");
    assert_eq!(scene.transport.timer(), None, "it has been said");
    assert!(!scene.transport.is_ending());
}

/// The server stops, and all that had come has been delivered.
fn stop(scene: &mut Scene) {
    scene.node.stopping(scene.now);
    scene.call(|protocol, cx| protocol.stopping(cx));
}

#[test]
fn at_a_stop_who_has_said_nothing_or_half_of_something_has_a_second_for_it() {
    for (sent, is_over) in [("", false), ("IAMAT ki", false), ("x\n", true), ("x\ny", false)] {
        for says_more in [true, false] {
            let mut scene = Scene::with(false, ClientBounds::NONE);
            scene.receives(sent);
            stop(&mut scene);
            assert_eq!(scene.transport.is_ending(), is_over, "{sent:?}");
            if is_over {
                continue;
            }
            let before = scene.answers().len();
            if says_more {
                scene.receives("\n");
                scene.receives("z\n");
            } else {
                scene.pass(limits::STOP_PATIENCE - Duration::from_millis(1));
                assert!(!scene.transport.is_ending(), "{sent:?}");
                scene.pass(Duration::from_millis(1));
            }
            assert!(scene.transport.is_closing(), "{sent:?}");
            assert_eq!(scene.answers().len() > before, says_more, "{sent:?}");
        }
    }
}

#[test]
fn at_a_stop_only_who_is_owed_something_is_waited_for() {
    for is_taken in [true, false] {
        let mut scene = Scene::with(false, ClientBounds::NONE);
        scene.receives("x\n");
        if is_taken {
            scene.transport.advance(scene.transport.output_len(), scene.now.monotonic);
        }
        stop(&mut scene);
        assert!(scene.transport.is_closing());
        assert_eq!(scene.transport.is_leaving(), is_taken);
    }
}

#[test]
fn at_a_stop_what_was_put_off_is_answered() {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    let long = "x".repeat(limits::OUTPUT_HIGH_WATER_BYTES / 8) + "\n";
    scene.receives(&(long.repeat(9) + "IAMAT kiwi +1+1 1600000000\n"));
    stop(&mut scene);
    scene.pass(limits::STOP_PATIENCE);
    assert!(!scene.transport.is_ending());
    let now = scene.now.monotonic;
    scene.transport.advance(scene.transport.output_len(), now);
    scene.call(|protocol, cx| protocol.resume_writing(cx));
    assert!(scene.answers().ends_with("kiwi +1+1 1600000000\n"));
    assert!(scene.transport.is_closing());
}

#[test]
fn what_was_put_off_waits_for_a_turn_whose_links_tell_it() {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    let long = "x".repeat(limits::OUTPUT_HIGH_WATER_BYTES / 8) + "\n";
    scene.receives(&(long.repeat(9) + "IAMAT kiwi +1+1 1600000000\n"));
    assert!(!scene.transport.wants_data());
    let now = scene.now.monotonic;
    scene.transport.advance(scene.transport.output_len(), now);
    scene.transport.take_resume();
    // It may be called behind the walks of the links.
    scene.call(|protocol, cx| protocol.woken(cx));
    assert_eq!((scene.answers(), scene.node.positions.len()), ("", 0));
    assert_eq!(scene.transport.take_resume(), Some(Resume::NextTurn));
    scene.call(|protocol, cx| protocol.resume_writing(cx));
    assert!(scene.answers().ends_with("kiwi +1+1 1600000000\n"));
    assert_eq!(scene.node.positions.len(), 1);
    assert!(scene.transport.wants_data());
}
