//! TLS on either side: bytes as over plain TCP, and every failure by its name.

use crate::harness::{
    Call, DEADLINE, Event, Running, Script, Setup, TLS, data_of, echo, events_of, on, pattern,
    read_all,
};
use herd::driver;
use herd::limits::{
    OUTPUT_STALL_MAX, READ_BUDGET_BYTES, READ_LEAST_BYTES, TLS_RECEIVES_PER_READ_MAX,
};
use herd::reactor::{ServerTls, TlsSession, client_config};
use herd::transport::Endpoint;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConfig, StreamOwned};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};

const MANY: usize = 4 * 1_024 * 1_024;

/// A certificate for that name: for a server, and for clients that trust it and nobody else.
pub fn certificate(name: &str) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = format!("reactor-{}-{number}.pem", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    fs::write(&path, cert.pem()).unwrap();
    let client = client_config(Some(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    (Arc::new(server), client)
}

/// A reactor that accepts with TLS for `localhost`, and whom its clients trust.
pub fn accepting(accept: fn() -> Script) -> (Running, Arc<ClientConfig>) {
    let (server, client) = certificate("localhost");
    let mut setup = Setup::accepting(accept);
    setup.accept_tls = Some(ServerTls::for_anybody(server));
    (setup.run(), client)
}

/// A TLS client of the test's own.
pub fn client(
    reactor: &Running,
    trust: &Arc<ClientConfig>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::clone(trust), name).unwrap();
    StreamOwned::new(session, reactor.connect())
}

/// Has one reactor dial another at `host`; what happens to the one that dials.
pub fn dial(
    at: &Running,
    host: &str,
    trust: Result<Arc<ClientConfig>, String>,
    script: Script,
) -> Running {
    let endpoint = Endpoint::tls(host, at.address.port(), TLS);
    let mut setup = Setup::dialling(endpoint, DEADLINE, script);
    setup.dial_tls = trust;
    setup.run()
}

#[track_caller]
fn assert_only_loss(reactor: &Running, beginning: &str) {
    let events = reactor.events();
    let is = matches!(&events[..], [Event::Lost(cause)] if cause.starts_with(beginning));
    assert!(is, "{events:?} is not {beginning}");
}

#[test]
fn reactors_talk_tls_to_each_other() {
    let (accepting, trust) = accepting(echo);
    let mut came = 0;
    let script: Script = Box::new(move |cx, event| match event {
        Event::Made => cx.transport.write(&pattern(MANY)),
        Event::Data(data) => {
            came += data.len();
            if came == MANY {
                cx.transport.close();
            }
        }
        _ => {}
    });
    let dialling = dial(&accepting, "localhost", Ok(trust), script);
    let (dialled, accepted) = (dialling.events(), accepting.events());
    assert!(data_of(&dialled) == pattern(MANY) && data_of(&accepted) == pattern(MANY));
    assert!(accepted.contains(&Event::Ended), "close_notify is the end");
    for events in [dialled, accepted] {
        assert_eq!(events.last(), Some(&Event::Lost("Closed".to_owned())));
    }
}

#[test]
fn the_end_leaves_the_other_direction_open() {
    let accept = || {
        on(Event::Ended, |cx| {
            cx.transport.write(&pattern(MANY));
            cx.transport.close();
        })
    };
    let (reactor, trust) = accepting(accept);
    let mut client = client(&reactor, &trust);
    client.write_all(b"question").unwrap();
    client.conn.send_close_notify();
    client.flush().unwrap();
    assert!(read_all(&mut client) == (pattern(MANY), true), "something is missing");
    drop(client);
    assert_eq!(data_of(&reactor.events()), b"question");
}

#[test]
fn a_connection_cut_without_close_notify_is_no_end() {
    let (reactor, trust) = accepting(echo);
    let mut client = client(&reactor, &trust);
    client.write_all(b"half a mess").unwrap();
    client.read_exact(&mut [0; 11]).unwrap();
    drop(client);
    let events = reactor.events();
    assert_eq!(data_of(&events), b"half a mess");
    assert!(!events.contains(&Event::Ended), "{events:?}");
    assert!(matches!(events.last(), Some(Event::Lost(cause)) if cause.starts_with("Io(")));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let (accepting, trust) = accepting(echo);
    let dialling = dial(&accepting, "127.0.0.1", Ok(trust), echo());
    assert_only_loss(&dialling, "Tls(");
    assert_only_loss(&accepting, "Tls(");
}

#[test]
fn a_certificate_of_an_authority_that_is_not_trusted_is_refused() {
    let (accepting, _) = accepting(echo);
    let (_, trust_in_another) = certificate("localhost");
    let dialling = dial(&accepting, "localhost", Ok(trust_in_another), echo());
    assert_only_loss(&dialling, "Tls(");
    assert_only_loss(&accepting, "Tls(");
}

#[test]
fn without_a_configuration_there_is_no_connection() {
    let (accepting, _) = accepting(echo);
    let dialling = dial(&accepting, "localhost", Err("whom to trust?".to_owned()), echo());
    assert_only_loss(&dialling, "Tls(\"whom to trust?");
}

#[test]
fn plain_text_is_no_handshake() {
    let (reactor, trust) = accepting(echo);
    let mut plain = reactor.connect();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_only_loss(&reactor, "Tls(");
    drop(plain);
    // Nor is silence, and a plain server is no TLS server.
    drop(reactor.connect());
    assert_only_loss(&reactor, "Io(");
    let talkative = Setup::accepting(|| on(Event::Made, |cx| cx.transport.write(b"220 hello\r\n")));
    let talkative = talkative.run();
    assert_only_loss(&dial(&talkative, "localhost", Ok(trust), echo()), "NotTls(");
}

#[test]
fn many_talk_at_once_and_one_that_is_slow_to_greet_holds_up_nobody() {
    let (reactor, trust) = accepting(echo);
    let silent = reactor.connect();
    let mut clients: Vec<_> = (0..20).map(|_| client(&reactor, &trust)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(&pattern(1_000 + number * 1_000)).unwrap();
        client.conn.send_close_notify();
        client.flush().unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        assert!(read_all(client) == (pattern(1_000 + number * 1_000), true), "client {number}");
    }
    drop(clients);
    let calls: Vec<Call> = reactor.calls_until_lost(20);
    for id in calls.iter().filter(|call| call.event == Event::Made).map(|call| call.id.unwrap()) {
        let events = events_of(&calls, id);
        assert_eq!(events.last(), Some(&Event::Lost("Closed".to_owned())), "{events:?}");
    }
    drop(silent);
}

/// What was written waits in the session, where the transport does not see it.
#[test]
fn who_does_not_read_is_given_up_also_when_all_was_written() {
    let accept = || -> Script {
        Box::new(|cx, event| {
            if matches!(event, Event::Data(_)) {
                cx.transport.write(&pattern(MANY));
                cx.transport.close();
            }
        })
    };
    let (reactor, trust) = accepting(accept);
    let mut client = client(&reactor, &trust);
    client.write_all(b"talk to me").unwrap();
    client.flush().unwrap();
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    let longest = OUTPUT_STALL_MAX + DEADLINE;
    let lost = reactor.next_within(longest, |event| matches!(event, Event::Lost(_)));
    assert_eq!(lost, Event::Lost("Stalled".to_owned()));
    drop(client);
}

/// A socket that gives what came a byte at a time.
#[derive(Default)]
struct Crumbs {
    came: VecDeque<u8>,
    said: Vec<u8>,
}

impl Read for Crumbs {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer[0] = self.came.pop_front().ok_or(ErrorKind::WouldBlock)?;
        Ok(1)
    }
}

impl Write for Crumbs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.said.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_record_that_comes_in_crumbs_does_not_hold_up_a_turn() {
    let (config, trust) = certificate("localhost");
    let mut client = ClientConnection::new(trust, "localhost".try_into().unwrap()).unwrap();
    let (mut server, mut socket) = (TlsSession::accept(config).unwrap(), Crumbs::default());
    while client.is_handshaking() || client.wants_write() {
        while client.wants_write() {
            client.write_tls(&mut socket.came).unwrap();
        }
        server.handshake(&mut socket).unwrap();
        client.read_tls(&mut &*std::mem::take(&mut socket.said)).unwrap();
        client.process_new_packets().unwrap();
    }
    client.writer().write_all(&pattern(1_000)).unwrap();
    client.write_tls(&mut socket.came).unwrap();
    let (wire, mut buffer) = (socket.came.len(), [0; 2_000]);
    for _ in 0..(wire - 1) / TLS_RECEIVES_PER_READ_MAX {
        let before = socket.came.len();
        assert_eq!(server.read(&mut socket, &mut buffer).unwrap(), driver::Read::Later);
        assert_eq!(before - socket.came.len(), TLS_RECEIVES_PER_READ_MAX);
    }
    let read = server.read(&mut socket, &mut buffer).unwrap();
    assert_eq!(read, driver::Read::Bytes { count: 1_000, emptied: false });
    assert!(buffer[..1_000] == pattern(1_000));
    assert_eq!(server.read(&mut socket, &mut buffer).unwrap(), driver::Read::Nothing);
}

#[test]
fn records_of_a_byte_cost_their_turn() {
    let (server, trust) = certificate("localhost");
    let (go, waits) = mpsc::channel::<()>();
    let mut waits = Some(waits);
    let mut setup = Setup::accepting(move || -> Script {
        let waits = waits.take().unwrap();
        // All of it is there before the next read.
        Box::new(move |cx, event| match event {
            Event::Data(data) if data == b"wait" => waits.recv().unwrap(),
            Event::Ended => cx.transport.close(),
            _ => {}
        })
    });
    setup.accept_tls = Some(ServerTls::for_anybody(server));
    let reactor = setup.run();
    let mut client = client(&reactor, &trust);
    client.write_all(b"wait").unwrap();
    client.flush().unwrap();
    let mut wire = Vec::new();
    for _ in 0..8_000 {
        client.conn.writer().write_all(b"x").unwrap();
        client.conn.write_tls(&mut wire).unwrap();
    }
    client.sock.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while sent < wire.len()
        && let Ok(count) = client.sock.write(&wire[sent..])
    {
        sent += count;
    }
    let reads_max = READ_BUDGET_BYTES / READ_LEAST_BYTES;
    assert!(sent > 2 * reads_max * READ_LEAST_BYTES || sent == wire.len(), "{sent} bytes fit");
    go.send(()).unwrap();
    client.sock.set_nonblocking(false).unwrap();
    client.sock.write_all(&wire[sent..]).unwrap();
    client.conn.send_close_notify();
    client.flush().unwrap();
    read_all(&mut client);
    drop(client);
    let calls = reactor.calls_until_lost(1);
    let mut in_turn: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for call in &calls {
        if let Event::Data(data) = &call.event {
            let (reads, bytes) = in_turn.entry(call.at).or_default();
            (*reads, *bytes) = (*reads + 1, *bytes + data.len());
        }
    }
    assert_eq!(in_turn.values().map(|(_, bytes)| bytes).sum::<usize>(), 4 + 8_000);
    assert!(in_turn.values().all(|(reads, _)| *reads <= reads_max), "{in_turn:?}");
}
