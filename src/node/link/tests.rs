//! Both ends of a link, of servers that speak different versions.

mod forgotten;

use super::{Accepted, Dialled};
use crate::herd::Herd;
use crate::limits;
use crate::node::{Node, NodeOptions};
use crate::positions::{Report, Text, Update};
use crate::transport::{
    Application, ConnectionId, Context, DriverSide, Meters, Monotonic, Now, PeerInfo, Protocol,
    Transport,
};
use crate::wire::neighbour::Version;
use std::net::SocketAddr;
use std::time::Duration;

/// A server with one end of the link.
struct End<P> {
    node: Node,
    protocol: P,
    transport: Transport,
    now: Now,
}

impl<P: Protocol<Node>> End<P> {
    /// The server with that name and highest version.
    fn new(name: &str, version: u32, protocol: impl FnOnce(&mut Node) -> P) -> Self {
        End::with_epoch(name, version, 1, protocol)
    }

    fn with_epoch(
        name: &str,
        version: u32,
        epoch: u64,
        protocol: impl FnOnce(&mut Node) -> P,
    ) -> Self {
        let herd = Herd::load("goloman").unwrap();
        let options = NodeOptions::for_tests(&herd, name);
        let version = Version::new(version);
        let mut node = Node::new(NodeOptions { version, epoch, ..options });
        let transport = Transport::new(ConnectionId { slot: 7, generation: 0 });
        let mut end = End { protocol: protocol(&mut node), node, transport, now: Now::default() };
        end.call(|protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
        });
        end
    }

    fn call(&mut self, callback: impl FnOnce(&mut P, &mut Context<'_, Node>)) {
        let End { node, protocol, transport, now } = self;
        callback(protocol, &mut Context { app: node, transport, now: *now });
    }

    /// What it has written goes to the other end.
    fn send(&mut self, other: &mut End<impl Protocol<Node>>) -> String {
        let sent = self.transport.output().to_vec();
        self.transport.advance(sent.len(), self.now.monotonic);
        other.call(|protocol, cx| protocol.data_received(cx, &sent));
        String::from_utf8(sent).unwrap()
    }
}

/// Welsh dials Holiday: both ends, with these highest versions, when Holiday has been greeted.
fn greeted(dialler: u32, accepter: u32) -> (End<Dialled>, End<Accepted>) {
    let dial = |node: &mut Node| {
        let (peer, attempt, _) = node.peers.dial_next(Monotonic::default()).unwrap();
        Dialled::new(peer, attempt)
    };
    let mut welsh = End::new("Welsh", dialler, dial);
    let mut holiday =
        End::new("Holiday", accepter, |_| Accepted::new(SocketAddr::from(([127, 0, 0, 1], 1))));
    let greeting = welsh.send(&mut holiday);
    let lifetimes = if dialler == 1 { "" } else { " 0 604800" };
    let expected = format!("HERD {dialler} goloman Welsh Holiday 0000000000000001{lifetimes}\n");
    assert_eq!(greeting, expected);
    (welsh, holiday)
}

#[test]
fn servers_that_are_one_version_apart_work_together() {
    for (dialler, accepter, common) in
        [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 2), (2, 3, 2), (3, 2, 2), (3, 3, 3)]
    {
        let (mut welsh, mut holiday) = greeted(dialler, accepter);
        let answer = holiday.send(&mut welsh);
        assert_eq!(answer, format!("HEARD {common} Holiday 0000000000000001 0\n"));
        assert_eq!(welsh.protocol.version(), Version::new(common));
        assert_eq!(holiday.protocol.version(), Version::new(common));
        assert_eq!(welsh.node.links_up(), (1, 1));
        // And what is told on it is taken.
        let text = Text::new(b"kiwi +1-1 5", 4, 4).unwrap();
        let origin = welsh.node.origin;
        let report =
            Report { origin, difference_nanoseconds: 0, time_nanoseconds: 5_000_000_000, text };
        assert_eq!(welsh.node.positions.report(&report), Update::New);
        welsh.node.turn_ended(welsh.now, &Meters::default());
        welsh.call(|protocol, cx| protocol.woken(cx));
        welsh.send(&mut holiday);
        assert!(holiday.node.positions().find(b"kiwi").is_some());
        assert_eq!((welsh.node.check(), holiday.node.check()), (Ok(()), Ok(())));
    }
}

#[test]
fn servers_that_are_further_apart_refuse_each_other_with_a_reason() {
    for (dialler, accepter, reason) in [
        (3, 1, "protocol version 1 is spoken here, not 3: servers may be one version apart"),
        (
            1,
            3,
            "protocol versions 2 and 3 are spoken here, not 1: servers may be one version apart",
        ),
    ] {
        let (mut welsh, mut holiday) = greeted(dialler, accepter);
        assert!(holiday.transport.is_closing());
        assert_eq!(holiday.send(&mut welsh), format!("REFUSED {reason}\n"));
        assert_is_refused(&mut welsh);
    }
}

#[test]
fn an_answer_in_a_version_that_is_not_spoken_is_no_answer() {
    for (dialler, answer) in [(1, 2), (1, 0), (2, 3), (2, 0), (3, 1), (3, 4)] {
        let (mut welsh, _) = greeted(dialler, dialler);
        let answer = format!("HEARD {answer} Holiday 0000000000000001 0\n");
        welsh.call(|protocol, cx| protocol.data_received(cx, answer.as_bytes()));
        assert_is_refused(&mut welsh);
    }
}

#[test]
fn servers_whose_herd_files_differ_refuse_each_other_with_both_figures() {
    let (mut welsh, _) = greeted(2, 2);
    let mut holiday =
        End::new("Holiday", 2, |_| Accepted::new(SocketAddr::from(([127, 0, 0, 1], 1))));
    let greeting = "HERD 2 goloman Welsh Holiday 0000000000000001 60 604800\n";
    holiday.call(|protocol, cx| protocol.data_received(cx, greeting.as_bytes()));
    assert!(holiday.transport.is_closing());
    let reason = "herd files differ: ttl_seconds 60, tombstone_seconds 604800 there, \
                  no ttl_seconds, tombstone_seconds 604800 here";
    assert_eq!(holiday.send(&mut welsh), format!("REFUSED {reason}\n"));
    assert_is_refused(&mut welsh);
}

/// It is given up, and dialled again, but not soon.
fn assert_is_refused(welsh: &mut End<Dialled>) {
    assert!(welsh.transport.is_aborted());
    welsh.call(|protocol, cx| protocol.connection_lost(cx, &crate::transport::Lost::Aborted));
    assert_eq!(welsh.node.links_up(), (0, 1));
    let again = welsh.node.deadline().unwrap();
    assert!(again.since(welsh.now.monotonic) >= limits::REDIAL_PAUSE_MAX / 2, "{again:?}");
}

#[test]
fn what_there_was_is_summed_up_and_ends_when_it_has_been_told() {
    let (mut welsh, mut holiday) = greeted(1, 1);
    let origin = welsh.node.origin;
    let report = |welsh: &mut End<Dialled>, client: &str| {
        let line = format!("{client} +1-1 5");
        let text = Text::new(line.as_bytes(), client.len(), 4).unwrap();
        let report =
            Report { origin, difference_nanoseconds: 0, time_nanoseconds: 5_000_000_000, text };
        assert_eq!(welsh.node.positions.report(&report), Update::New);
    };
    ["kiwi", "emu"].iter().for_each(|client| report(&mut welsh, client));
    holiday.send(&mut welsh);
    let turn = |welsh: &mut End<Dialled>, holiday: &mut End<Accepted>| {
        welsh.node.turn_ended(welsh.now, &Meters::default());
        welsh.call(|protocol, cx| protocol.woken(cx));
        welsh.send(holiday)
    };
    assert!(holiday.protocol.is_catching_up());
    let told = turn(&mut welsh, &mut holiday);
    assert_eq!((told.matches("AT Welsh ").count(), told.matches("MARK 2 ").count()), (2, 2));
    assert!(!holiday.protocol.is_catching_up());
    // What comes from here on is news.
    report(&mut welsh, "moa");
    let told = turn(&mut welsh, &mut holiday);
    assert_eq!((told.matches("AT Welsh ").count(), told.matches("MARK 3 ").count()), (1, 1));
    assert!(!holiday.protocol.is_catching_up());
}

/// Holiday, to whom Welsh has said this once it had greeted; what it made of it all, in order.
fn told_by_welsh(lines: &str) -> End<Accepted> {
    let (_, mut holiday) = greeted(1, 1);
    // A share at a time, as it comes.
    for piece in lines.as_bytes().chunks(10_000) {
        holiday.call(|protocol, cx| protocol.data_received(cx, piece));
        assert_eq!(holiday.node.check(), Ok(()));
    }
    holiday
}

#[test]
fn names_that_are_invented_keep_no_server_of_the_herd_from_being_known() {
    let invented = limits::ORIGINS_MAX;
    let mut lines: String =
        (0..invented).map(|n| format!("AT invented{n} +0.000000000 c{n} +1-1 5\n")).collect();
    for server in ["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"] {
        lines += &format!("AT {server} +0.000000000 {server} +1-1 5\n");
    }
    let holiday = told_by_welsh(&lines);
    let positions = holiday.node.positions();
    assert!(!holiday.transport.is_ending());
    assert_eq!(positions.len(), limits::FOREIGN_SERVERS_MAX + 5);
    assert!(positions.find(b"Wilkes").is_some());
    // Another connection brings no more, nor does another neighbour.
    let mut holiday = holiday;
    for (slot, neighbour, client) in [(8, "Welsh", "late"), (9, "Goloman", "later")] {
        holiday.transport = Transport::new(ConnectionId { slot, generation: 0 });
        holiday.protocol = Accepted::new(SocketAddr::from(([127, 0, 0, 1], 1)));
        let line = format!(
            "HERD 1 goloman {neighbour} Holiday 0000000000000002\n\
             AT one_more +0.000000000 {client} +1-1 5\nAT invented1 +0.000000000 c1 +1-1 6\n"
        );
        holiday.call(|protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()));
            protocol.data_received(cx, line.as_bytes());
        });
        assert!(holiday.node.positions().find(client.as_bytes()).is_none(), "{neighbour}");
    }
    let all = format!("{} by Welsh", limits::FOREIGN_SERVERS_MAX);
    assert_eq!(holiday.node.peers.foreign_servers(), limits::FOREIGN_SERVERS_MAX);
    assert_eq!(holiday.node.peers.who_named_foreign_servers(), all);
    // A name that has been taken is known.
    let holiday = told_by_welsh(&(lines + "AT invented0 +0.000000000 other +1-1 5\n"));
    assert!(holiday.node.positions().find(b"other").is_some());
}

#[test]
fn a_neighbour_that_tells_more_than_twice_the_memory_allowed_is_dropped_and_not_taken_back_at_once()
{
    let (mut welsh, mut holiday) = greeted(1, 1);
    let bytes_max = 1 << 20;
    holiday.node.positions.set_bytes_max(bytes_max);
    let lines: String =
        (0..40_000).map(|n| format!("AT Welsh +0.000000000 c{n} +1-1 5\n")).collect();
    for piece in lines.as_bytes().chunks(10_000) {
        if holiday.transport.is_aborted() {
            break;
        }
        holiday.call(|protocol, cx| protocol.data_received(cx, piece));
    }
    assert!(holiday.transport.is_aborted());
    let (bytes, known) = (holiday.node.positions().bytes(), holiday.node.positions().len());
    assert!(bytes > bytes_max && bytes <= 2 * bytes_max + bytes_max / 4, "{bytes}");
    // Clients that are known are served on.
    let text = Text::new(b"c0 +2-2 9", 2, 4).unwrap();
    let report = Report {
        origin: holiday.node.origin,
        difference_nanoseconds: 0,
        time_nanoseconds: 9_000_000_000,
        text,
    };
    assert_eq!(holiday.node.positions.report(&report), Update::Newer);
    assert_eq!(holiday.node.positions().len(), known);
    holiday.call(|protocol, cx| protocol.connection_lost(cx, &crate::transport::Lost::Aborted));
    for (after, answer) in [
        (Duration::ZERO, "REFUSED there is no room for more positions (see --memory)\n"),
        (limits::REDIAL_PAUSE_MAX, "HEARD 1 Holiday 0000000000000001 0\n"),
    ] {
        let slot = 8 + u32::from(after > Duration::ZERO);
        holiday.transport = Transport::new(ConnectionId { slot, generation: 0 });
        holiday.protocol = Accepted::new(SocketAddr::from(([127, 0, 0, 1], 1)));
        holiday.now.monotonic = Monotonic::default() + after;
        holiday.call(|protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()));
            let greeting = b"HERD 1 goloman Welsh Holiday 0000000000000001\n";
            protocol.data_received(cx, greeting);
        });
        assert_eq!(holiday.transport.output(), answer.as_bytes());
    }
    holiday.send(&mut welsh);
    assert_eq!(welsh.node.links_up(), (1, 1));
}
