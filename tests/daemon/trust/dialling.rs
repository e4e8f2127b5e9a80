//! Who answers in a neighbour's place, and is none.

use super::{EXPIRED, Shown, authority};
use crate::harness::{Client, Herd, until};
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{
    HandshakeKind, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version,
};
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;

/// What somebody speaks in B's place who shows that.
fn answering(
    herd: &Herd,
    shown: &Shown,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(default_provider());
    let roots = Arc::new(authority(herd));
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(shown.chain(), shown.private())
        .unwrap();
    Arc::new(config)
}

/// The next time that A dials: it begins with a TLS handshake, whatever was before.
#[track_caller]
fn dialled(listener: &TcpListener) -> TcpStream {
    let stream = until("A dials B", || match listener.accept() {
        Ok((stream, _)) => Some(stream),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(crate::harness::DEADLINE)).unwrap();
    let mut first = [0];
    assert_eq!(stream.peek(&mut first).unwrap(), 1);
    assert_eq!(first, [22], "A does not speak TLS");
    stream
}

#[test]
fn who_is_not_the_neighbour_is_told_nothing_and_never_linked() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[]), ("C", &["B"])]).with_keys();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, herd.neighbour_port("B"))).unwrap();
    listener.set_nonblocking(true).unwrap();
    let a = herd.start("A");
    let (all, old): (&[_], &[_]) = (&[&version::TLS13, &version::TLS12], &[&version::TLS12]);
    for (shown, versions, why) in [
        (Shown::of(&herd, "C"), all, "certificate not valid for name"),
        (Shown::of(&herd, "A"), all, "certificate not valid for name"),
        (Shown::by_a_stranger(&herd, &["b.test"]), all, "its authority is not trusted here"),
        (Shown::by_another(&herd, &["b.test"]), all, "its signature is not its authority's"),
        (Shown::by_the_herd(&herd, &["b.test"], EXPIRED), all, "expired"),
        (Shown::of(&herd, "B"), old, "TLS: "),
    ] {
        let stream = dialled(&listener);
        let session = ServerConnection::new(answering(&herd, &shown, versions)).unwrap();
        let mut stream = StreamOwned::new(session, stream);
        assert!(stream.read(&mut [0; 1_000]).is_err(), "{why}: A says something");
        let warning = until(&format!("A says {why:?} of B"), || {
            let log = a.log();
            let mut lines = log.lines().filter(|line| line.contains(" is away: "));
            lines.find(|line| line.contains(why)).map(str::to_owned)
        });
        assert!(warning.contains(" WARN  B at "), "{warning}");
    }
    // A plain answer is none, and so is none at all.
    let mut plain = Client::new(dialled(&listener));
    plain.send("HEARD 2 B 00000000000000b1 0\n");
    let hello = plain.wait_for_end();
    assert!(!String::from_utf8_lossy(&hello).contains("HERD 2"), "{hello:?}");
    a.wait_for_log(" is away: TLS: what came is not TLS");
    // Nor is who hangs up, in order.
    let silent = Client::new(dialled(&listener));
    silent.finish();
    a.wait_for_log("closed in the middle of the TLS handshake");
    for _ in 0..3 {
        drop(dialled(&listener));
    }
    assert!(!a.log().contains("link to B is up"), "{}", a.log());
    // It is dialled for ever, and this time it is B.
    let session = ServerConnection::new(answering(&herd, &Shown::of(&herd, "B"), all)).unwrap();
    let mut b = Client::over(StreamOwned::new(session, dialled(&listener)));
    let greeting = b.line();
    assert!(greeting.starts_with("HERD 2 test A B "), "{greeting}");
    b.send("HEARD 2 B 00000000000000b1 0\n");
    a.wait_for_log("link to B is up");
    let at = a.report("kiwi", "1");
    until("A tells it", || Some(b.line()).filter(|line| *line == at));
}

#[test]
fn the_neighbour_s_certificate_is_looked_at_each_time_it_is_dialled() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_keys();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, herd.neighbour_port("B"))).unwrap();
    listener.set_nonblocking(true).unwrap();
    let _a = herd.start("A");
    let config = answering(&herd, &Shown::of(&herd, "B"), &[&version::TLS13]);
    for _ in 0..3 {
        let session = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut b = Client::over(StreamOwned::new(session, dialled(&listener)));
        assert!(b.line().starts_with("HERD 2 test A B "));
        assert_eq!(b.stream.conn.handshake_kind(), Some(HandshakeKind::Full));
    }
}
