//! A host with two addresses: when the first does not do, at whatever stage, the second is tried
//! within the same time; when neither does, what is told is what came furthest.

use crate::away::black_hole;
use crate::certificates::{Authority, Flaw};
use crate::client::{Answer, Client};
use crate::daemon::{Daemon, Setup};
use crate::fault::{PROMPT, SLACK, assert_good, assert_problem, healthy, serve_well};
use crate::server::{Script, Server, over_tls, script};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

/// A name with two addresses, in a namespace of the daemon's own.
const BOTH: &str = "127.0.0.1 localhost\n::1 localhost\n";
const ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether a daemon here can be shown such a name.
fn may_have_two_addresses() -> bool {
    let namespaces = ["--user", "--map-root-user", "--mount", "true"];
    let may = Command::new("unshare").args(namespaces).status().is_ok_and(|s| s.success())
        && ADDRESSES.into_iter().all(|address| TcpListener::bind((address, 0)).is_ok());
    if !may {
        println!("skipped: needs user namespaces (to give a name two addresses) and IPv6");
    }
    may
}

/// How long it may take to connect to such a host, in seconds.
const CONNECT: [&str; 2] = ["--places-connect-timeout", "1"];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Asks a service whose host has both addresses.
fn ask(authority: &Authority, port: u16) -> (Answer, Daemon) {
    let mut setup = Setup::new(port, authority.pem());
    setup.hosts = Some(BOTH);
    setup.arguments = &CONNECT;
    let daemon = setup.start();
    let mut client = Client::connect(daemon.clients);
    client.report("kiwi", "+34.068930-118.445127");
    (client.ask("kiwi", "10", 20), daemon)
}

/// Asks a service that listens on one address of its host of two.
fn ask_at(listener: TcpListener) -> Answer {
    let authority = Authority::new();
    let server = Server::listening(listener, healthy(&authority.config(Flaw::None)));
    ask(&authority, server.address.port()).0
}

/// Servers on both addresses, with that behaviour each.
fn servers(behaviour: [Script; 2]) -> [Server; 2] {
    let listeners = (0..10).find_map(|_| {
        let one = TcpListener::bind((ADDRESSES[0], 0)).unwrap();
        // The port is free on the other address, too, unless somebody was faster.
        let other = TcpListener::bind((ADDRESSES[1], one.local_addr().unwrap().port())).ok()?;
        Some([one, other])
    });
    let [one, other] = listeners.expect("no port is free on both addresses");
    let [first, second] = behaviour;
    [Server::listening(one, first), Server::listening(other, second)]
}

type Behaviour = fn(&Authority) -> Script;

fn closes_at_once(_: &Authority) -> Script {
    script(|_| Ok(()))
}

fn is_silent(_: &Authority) -> Script {
    script(|peer| peer.hold())
}

fn sends_an_alert(_: &Authority) -> Script {
    script(|peer| {
        peer.send(b"\x15\x03\x03\x00\x02\x02\x28")?;
        peer.hold()
    })
}

fn has_an_old_certificate(authority: &Authority) -> Script {
    over_tls(authority.config(Flaw::Expired), serve_well)
}

#[test]
fn a_second_address_is_tried_when_tls_fails_at_the_first() {
    if !may_have_two_addresses() {
        return;
    }
    let cases: [(Behaviour, Duration); 4] = [
        (closes_at_once, PROMPT),
        (sends_an_alert, PROMPT),
        (has_an_old_certificate, PROMPT),
        (is_silent, CONNECT_TIMEOUT),
    ];
    for (bad, within) in cases {
        let mut failed = 0;
        // Whichever of the two comes first, in one of these cases it is the bad one.
        for bad_is_second in [false, true] {
            let authority = Authority::new();
            let mut behaviour = [bad(&authority), healthy(&authority.config(Flaw::None))];
            if bad_is_second {
                behaviour.reverse();
            }
            let servers = servers(behaviour);
            let (answer, daemon) = ask(&authority, servers[0].address.port());
            assert_good("second address", &answer);
            assert!(answer.took < within, "{:?}", answer.took);
            daemon.wait_for_log(&["places < call "]);
            failed += usize::from(daemon.log().contains("cannot be used"));
        }
        assert_eq!(failed, 1, "the bad address was never the first, or never the second");
    }
}

#[test]
fn when_neither_address_does_the_failure_that_came_furthest_is_told() {
    if !may_have_two_addresses() {
        return;
    }
    let pairs: [(Behaviour, Behaviour, &[&str]); 3] = [
        (has_an_old_certificate, is_silent, &["invalid peer certificate", "expired"]),
        (sends_an_alert, is_silent, &["received fatal alert"]),
        (is_silent, is_silent, &["not connected in time: the TLS handshake with ", "was pending"]),
    ];
    for (one, other, words) in pairs {
        for swapped in [false, true] {
            let authority = Authority::new();
            let mut behaviour = [one(&authority), other(&authority)];
            if swapped {
                behaviour.reverse();
            }
            let servers = servers(behaviour);
            let (answer, daemon) = ask(&authority, servers[0].address.port());
            assert_problem("neither", &answer, words);
            assert!(answer.took < CONNECT_TIMEOUT + SLACK, "{:?}", answer.took);
            // The log tells of each.
            for server in &servers {
                daemon.wait_for_log(&[&server.address.to_string(), "cannot be used"]);
            }
        }
    }
    // One refuses, the other is nothing that TLS is spoken with.
    for address in ADDRESSES {
        let authority = Authority::new();
        let listener = TcpListener::bind((address, 0)).unwrap();
        let server = Server::listening(listener, sends_an_alert(&authority));
        let (answer, _daemon) = ask(&authority, server.address.port());
        assert_problem("one refuses", &answer, &["TLS: received fatal alert"]);
    }
}

#[test]
fn a_second_address_is_tried_when_the_first_refuses() {
    if !may_have_two_addresses() {
        return;
    }
    // Whichever of the two comes first, one of these finds nobody there.
    for address in ADDRESSES {
        let answer = ask_at(TcpListener::bind((address, 0)).unwrap());
        assert_good("second address", &answer);
        assert!(answer.took < PROMPT, "{:?}", answer.took);
    }
}

#[test]
fn a_second_address_is_tried_when_the_first_is_silent() {
    if !may_have_two_addresses() {
        return;
    }
    for (silent, other) in [(ADDRESSES[0], ADDRESSES[1]), (ADDRESSES[1], ADDRESSES[0])] {
        // The port is free on the other address, too, unless somebody was faster.
        let (listener, _hole, _queued) = (0..10)
            .find_map(|_| {
                let (hole, queued) = black_hole(silent);
                let port = hole.local_addr().unwrap().port();
                Some((TcpListener::bind((other, port)).ok()?, hole, queued))
            })
            .expect("no port is free on both addresses");
        let answer = ask_at(listener);
        assert_good("second address", &answer);
        assert!(answer.took < CONNECT_TIMEOUT, "{:?}", answer.took);
    }
}
