//! The loop against targets that speak TLS, ask for a token, or do what they should not.

use super::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::net::TcpStream as Blocking;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of a target, how many handshakes were full and how many were not.
#[derive(Default)]
struct Handshakes {
    full: AtomicUsize,
    resumed: AtomicUsize,
}

/// How a target behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manners {
    /// It returns what it reads, and announces its end.
    Good,
    /// It asks for a token first, which it takes.
    Asking,
    /// It takes none.
    Refusing,
    /// It does not announce its end.
    Cutting,
}

/// A target within TLS, whom to trust to speak with it, and the handshakes so far.
fn secured(manners: Manners) -> (SocketAddr, Trust, Arc<Handshakes>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handshakes: Arc<Handshakes> = Arc::default();
    let counted = Arc::clone(&handshakes);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, counted) = (Arc::clone(&config), Arc::clone(&counted));
            thread::spawn(move || {
                let session = ServerConnection::new(config).unwrap();
                let mut stream = StreamOwned::new(session, stream.unwrap());
                // Who breaks off has had enough.
                let _ = serve(&mut stream, manners, &counted);
            });
        }
    });
    let file = format!("herd-load-{}-{}.pem", std::process::id(), address.port());
    let ca = std::env::temp_dir().join(file);
    fs::write(&ca, cert.pem()).unwrap();
    let mut declared = getopts::Options::new();
    crate::trust::declare(&mut declared);
    let mut arguments = vec!["--ca".to_owned(), ca.display().to_string()];
    if manners != Manners::Good {
        let token = ca.with_extension("token");
        fs::write(&token, "sesame").unwrap();
        arguments.extend(["--token-file".to_owned(), token.display().to_string()]);
    }
    let given = declared.parse(arguments).unwrap();
    let trust = crate::trust::TrustOptions::of(&given).load().unwrap();
    fs::remove_file(ca.with_extension("token")).unwrap_or_default();
    fs::remove_file(&ca).unwrap();
    (address, trust, handshakes)
}

fn serve(
    stream: &mut StreamOwned<ServerConnection, Blocking>,
    manners: Manners,
    counted: &Handshakes,
) -> io::Result<()> {
    let mut buffer = [0; 1_000];
    if manners != Manners::Good {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            stream.read_exact(&mut buffer[..1])?;
            line.push(buffer[0]);
        }
        assert_eq!(line, b"AUTH sesame\n");
        let refuses = manners == Manners::Refusing;
        stream.write_all(if refuses { b"? AUTH sesame\n" } else { b"AUTH somebody\n" })?;
    }
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        stream.write_all(&buffer[..count])?;
    }
    match stream.conn.handshake_kind() {
        Some(HandshakeKind::Resumed) => counted.resumed.fetch_add(1, Ordering::SeqCst),
        _ => counted.full.fetch_add(1, Ordering::SeqCst),
    };
    if manners != Manners::Cutting {
        stream.conn.send_close_notify();
        stream.conn.write_tls(&mut stream.sock)?;
    }
    Ok(())
}

#[test]
fn every_command_is_answered_in_every_manner_over_tls() {
    for manners in [Manners::Good, Manners::Asking] {
        let (address, trust, _) = secured(manners);
        for (reconnect, connections, pipeline) in [(false, 3, 7), (false, 1, 64), (true, 2, 1)] {
            let manner = manner(address, trust.clone());
            let manner = Manner { connections, pipeline, reconnect, ..manner };
            let tally = run_in(&manner, Pace::AsAnswered).unwrap();
            assert!(tally.is_clean(), "{tally:?}");
            assert_eq!(tally.answers(), 100);
        }
    }
}

#[test]
fn sessions_are_resumed_unless_each_handshake_is_to_be_full() {
    for full in [false, true] {
        let (address, trust, handshakes) = secured(Manners::Good);
        let trust = if full { trust.without_resumption() } else { trust };
        assert!(run_in(&manner(address, trust), Pace::AsAnswered).unwrap().is_clean());
        let resumed = handshakes.resumed.load(Ordering::SeqCst);
        assert_eq!(resumed == 0, full, "{resumed} resumed");
        assert!(handshakes.full.load(Ordering::SeqCst) >= if full { 100 } else { 1 });
    }
}

#[test]
fn a_token_that_is_not_taken_ends_it() {
    let (address, trust, _) = secured(Manners::Refusing);
    for reconnect in [false, true] {
        let manner = Manner { reconnect, ..manner(address, trust.clone()) };
        let refused = run_in(&manner, Pace::AsAnswered);
        assert!(matches!(refused, Err(Failure::Refused)), "{refused:?}");
    }
}

#[test]
fn an_end_that_is_not_announced_is_a_fault() {
    let (address, trust, _) = secured(Manners::Cutting);
    let tally = run_in(&manner(address, trust), Pace::AsAnswered).unwrap();
    assert!(!tally.is_clean());
    assert!(tally.broken.as_ref().is_some_and(|why| why.contains("close_notify")), "{tally:?}");
}

#[test]
fn another_authority_s_target_is_told_nothing() {
    let (address, ..) = secured(Manners::Good);
    let (_, trust, _) = secured(Manners::Good);
    let refused = run_in(&manner(address, trust), Pace::AsAnswered);
    assert!(matches!(&refused, Err(Failure::Wrong(why)) if why.contains("no TLS")), "{refused:?}");
}
