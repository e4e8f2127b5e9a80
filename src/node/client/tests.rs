//! A client's conversation, driven by hand: when a command was there.

use super::*;
use crate::herd::Herd;
use crate::node::{Conversation, NodeOptions, PlacesSettings, Port};
use crate::places::{Dialect, Service};
use crate::transport::{Application, ConnectionId, DriverSide, Now};
use std::net::SocketAddr;
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
/// When the first command is sent.
const START: i64 = 1_600_000_000 * SECOND;

/// A server of a herd of one with `--classic`, a client of it, and the time.
struct Scene {
    node: Node,
    client: Conversation,
    transport: Transport,
    now: Now,
}

impl Scene {
    fn new() -> Self {
        let json = br#"{"herd": "lone", "servers": [
            {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;
        let service = Service::parse("https://localhost:1/", Dialect::Legacy, None).unwrap();
        let herd = Herd::from_json(json).unwrap();
        let options = NodeOptions::for_tests(&herd, "Lone", PlacesSettings::new(service));
        let mut node = Node::new(NodeOptions { classic: true, ..options });
        let client = node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 1)));
        let transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
        let now = Now { monotonic: Monotonic::default(), posix_nanoseconds: START };
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
