//! Connections on their way out: names, addresses, time-outs.

use crate::harness::{DEADLINE, Event, Running, Setup, TLS, echo, endpoint, on, read_all};
use herd::transport::Endpoint;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener};
use std::time::{Duration, Instant};

#[track_caller]
fn only_loss(reactor: &Running) -> String {
    match &reactor.events()[..] {
        [Event::Lost(cause)] => cause.clone(),
        other => panic!("{other:?}"),
    }
}

/// Has a reactor dial `listener` at that host, and exchanges a few bytes.
fn talk(listener: &TcpListener, host: &str) {
    let port = listener.local_addr().unwrap().port();
    let at = Endpoint::plain(host, port);
    let reactor = Setup::dialling(at, DEADLINE, echo()).run();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    peer.write_all(b"hello").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut peer), (b"hello".to_vec(), true));
    drop(peer);
    assert_eq!(reactor.events().len(), 4);
}

#[test]
fn addresses_and_names_are_dialled() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    talk(&listener, "127.0.0.1");
    // A name may have an address of the other family before the one that answers.
    talk(&listener, "localhost");
    // Not every machine has the other family.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        talk(&listener, "::1");
    }
}

#[test]
fn what_dials_may_speak_first() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let script = on(Event::Made, |cx| {
        cx.transport.write(b"hello");
        cx.transport.close();
    });
    let at = endpoint(listener.local_addr().unwrap());
    let reactor = Setup::dialling(at, DEADLINE, script).run();
    let (mut peer, _) = listener.accept().unwrap();
    assert_eq!(read_all(&mut peer), (b"hello".to_vec(), true));
    drop(peer);
    assert_eq!(reactor.events(), [Event::Made, Event::Lost("Closed".to_owned())]);
}

#[test]
fn a_name_that_is_nobodys_is_said() {
    // Two dots in a row are in no name: no network is needed to know that.
    let at = Endpoint::plain("no..body", 1);
    let cause = only_loss(&Setup::dialling(at, DEADLINE, echo()).run());
    assert!(cause.starts_with("Resolve(") && cause.contains("no..body"), "{cause}");
}

#[test]
fn look_ups_do_not_hold_up_the_loop() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = endpoint(listener.local_addr().unwrap());
    let mut setup = Setup::dialling(at, DEADLINE, echo());
    for number in 0..50 {
        let host = format!("nobody-{number}..example");
        setup.dials.push((Endpoint::plain(host, 1), DEADLINE, echo()));
    }
    let reactor = setup.run();
    let (peer, _) = listener.accept().unwrap();
    drop(peer);
    let calls = reactor.calls_until_lost(51);
    let lost = calls.iter().filter(|call| matches!(call.event, Event::Lost(_)));
    assert_eq!(lost.count(), 51);
}

#[test]
fn who_never_greets_back_is_given_up_in_time() {
    // TCP comes up, the TLS handshake does not.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let at = Endpoint::tls("127.0.0.1", port, TLS);
    let timeout = Duration::from_millis(200);
    let mut setup = Setup::dialling(at, timeout, echo());
    setup.dial_tls = herd::reactor::client_config(None);
    let started = Instant::now();
    let stage = format!("ConnectTimeout(Handshake(127.0.0.1:{port}))");
    assert_eq!(only_loss(&setup.run()), stage);
    assert!(started.elapsed() >= timeout);
}
