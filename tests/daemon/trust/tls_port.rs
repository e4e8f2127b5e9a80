//! The port for clients that speak TLS: all is as without, and strangers keep nobody out.

use super::openssl::OpenSsl;
use super::{Shown, client, showing, speaking};
use crate::harness::{Client, DEADLINE, Herd, Server, Tls, Waiting, until};
use herd::limits::CLIENT_LINE_BYTES_MAX;
use rustls::{HandshakeKind, version};
use std::io::{ErrorKind, Read, Write};
use std::net::UdpSocket;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const REPORT: &str = "IAMAT kiwi +34.068930-118.445127 1";

/// A server that has keys and a port for TLS, and no other.
fn solo(options: &[&str]) -> (Herd, Server) {
    let herd = Herd::of(&[("A", &[])]).with_tls_only().with_keys();
    let herd = options.iter().fold(herd, |herd, option| herd.with(option));
    let server = herd.start("A");
    (herd, server)
}

#[test]
fn who_begins_no_handshake_has_no_longer_than_who_says_nothing() {
    let (_herd, server) = solo(&["--first-line", "2"]);
    let mut silent = [server.tls_client(), server.tls_client()];
    silent[1].send([22, 3, 1, 1]);
    let began = Instant::now();
    for stranger in &mut silent {
        stranger.wait_for_end();
    }
    let took = began.elapsed();
    // Far above what it takes, and below what a handshake may take else.
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(8), "{took:?}");
}

/// What has been sent and come so far, by somebody who does both at the same time.
#[derive(Default)]
struct Pipe {
    sent: usize,
    came: Vec<u8>,
    ended: bool,
}

impl Pipe {
    /// Sends and, if it `reads`, receives until it is `enough`, or nothing moves for half a second when
    /// nothing is read.
    fn flow(
        &mut self,
        client: &mut Client<Tls>,
        input: &[u8],
        reads: bool,
        enough: impl Fn(&Pipe) -> bool,
    ) {
        let stream = &mut client.stream;
        stream.sock.set_nonblocking(true).unwrap();
        let (waiting, mut moved_at) = (Waiting::at_most(DEADLINE), Instant::now());
        while !enough(self) && (reads || moved_at.elapsed() < Duration::from_millis(500)) {
            let before = (self.sent, self.came.len());
            if self.sent < input.len() && !stream.conn.wants_write() {
                let end = input.len().min(self.sent + 16_384);
                self.sent += stream.conn.writer().write(&input[self.sent..end]).unwrap();
            }
            let mut flows =
                stream.conn.wants_write() && would(stream.conn.write_tls(&mut stream.sock));
            if reads && would(stream.conn.read_tls(&mut stream.sock)) {
                flows = true;
                let state = stream.conn.process_new_packets().unwrap();
                let mut plain = vec![0; state.plaintext_bytes_to_read()];
                stream.conn.reader().read_exact(&mut plain).unwrap();
                self.came.extend(plain);
                self.ended |= state.peer_has_closed();
            }
            if flows || before != (self.sent, self.came.len()) {
                moved_at = Instant::now();
            } else {
                assert!(waiting.again(), "{} sent, {} came", self.sent, self.came.len());
            }
        }
        stream.sock.set_nonblocking(false).unwrap();
    }
}

/// Whether a socket could do that.
fn would(done: std::io::Result<usize>) -> bool {
    match done {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            false
        }
    }
}

#[test]
fn commands_are_answered_as_without_tls() {
    let (herd, a) = solo(&[]);
    for versions in [[&version::TLS12], [&version::TLS13]] {
        let config = Arc::new(speaking(&herd, None, &versions));
        // By the herd's name for it, and by its host.
        for name in ["a.test", "127.0.0.1"] {
            let mut client = a.tls_client().secure(&config, name);
            assert!(client.ask(REPORT).starts_with("AT A "));
            assert_eq!(client.stream.conn.protocol_version(), Some(versions[0].version));
            client.send(format!("{REPORT}\nx\nWATCH kiwi\nIAMAT fig +1+1 1"));
            client.notify_close();
            let rest = String::from_utf8(client.rest()).unwrap();
            let lines: Vec<&str> = rest.lines().collect();
            assert!(lines[0].starts_with("AT A ") && lines[1] == "? x", "{rest}");
            assert_eq!(lines[2], "WATCH kiwi", "{rest}");
            assert!(rest.contains("\n~ NOW kiwi\n") && rest.contains(" fig +1+1 1\n"), "{rest}");
        }
    }
    // Who does not believe the authority, or looks for another, is not deceived.
    let mut other = a.tls_client().secure(&showing(&herd, None), "b.test");
    assert!(other.shake_hands().is_err());
    let mut client = client(&herd, &a);
    let line = "x".repeat(CLIENT_LINE_BYTES_MAX + 1);
    client.send(format!("{line}\ny\n"));
    let answer = String::from_utf8(client.rest()).unwrap();
    assert_eq!(answer, format!("? {}\n", &line[1..]), "{} bytes", answer.len());
    // What is no TLS gets an alert at most.
    let mut plain = a.tls_client();
    plain.send(format!("{REPORT}\n"));
    let said = plain.wait_for_end();
    assert!(said.is_empty() || said[0] == 21, "{said:?}");
}

#[test]
fn ten_thousand_commands_in_a_row_are_answered_in_order_also_to_who_reads_late() {
    let (herd, a) = solo(&[]);
    let input: String = (0..10_000).map(|n| format!("IAMAT kiwi +34.0-118.0 {n}\n")).collect();
    let mut fast = client(&herd, &a);
    fast.shake_hands().unwrap();
    let mut pipe = Pipe::default();
    pipe.flow(&mut fast, input.as_bytes(), true, |pipe| pipe.sent == input.len());
    fast.stream.conn.send_close_notify();
    pipe.flow(&mut fast, input.as_bytes(), true, |pipe| pipe.ended);
    let answers = String::from_utf8(pipe.came).unwrap();
    assert_eq!(answers.lines().count(), 10_000);
    assert!(answers.lines().enumerate().all(|(n, line)| line.ends_with(&format!(" {n}"))));

    // Somebody who asks for far more than any buffer holds and does not read is not waited for.
    let resident = a.process.resident_bytes();
    let long = "y".repeat(16_000);
    let input: String = (0..4_000).map(|n| format!("{long}{n}\n")).collect();
    let mut slow = client(&herd, &a);
    slow.shake_hands().unwrap();
    let mut pipe = Pipe::default();
    pipe.flow(&mut slow, input.as_bytes(), false, |pipe| pipe.sent == input.len());
    assert!(pipe.sent < input.len(), "all of {} bytes were taken", input.len());
    assert!(client(&herd, &a).ask(REPORT).starts_with("AT A "), "others are served");
    let grown = a.process.resident_bytes().saturating_sub(resident);
    assert!(grown < 8 << 20, "the server has grown by {grown} bytes");
    pipe.flow(&mut slow, input.as_bytes(), true, |pipe| pipe.sent == input.len());
    slow.stream.conn.send_close_notify();
    pipe.flow(&mut slow, input.as_bytes(), true, |pipe| pipe.ended);
    assert_eq!(pipe.came.len(), input.len() + 2 * 4_000);
    assert!(pipe.came.ends_with(b"y3999\n"));
}

#[test]
fn silent_strangers_and_crowds_keep_nobody_out() {
    // (It counts from the beginning of the handshake, which takes long on a machine that is busy.)
    let (herd, a) = solo(&["--first-line", "6"]);
    let descriptors = a.process.descriptors();
    // More than may be under way; some have begun.
    let mut silent: Vec<Client> = (0..400).map(|_| a.tls_client()).collect();
    silent.iter_mut().step_by(3).for_each(|stranger| stranger.send([22, 3, 1, 1]));
    let config = showing(&herd, None);
    let asked = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let mut client = a.tls_client().secure(&config, "a.test");
                    assert!(client.ask(REPORT).starts_with("AT A "));
                    client.notify_close();
                    client.rest();
                }
            });
        }
    });
    // Far above what it takes, and below what a stranger is waited for.
    assert!(asked.elapsed() < Duration::from_secs(9), "{:?}", asked.elapsed());
    // The oldest had to go.
    silent[0].wait_for_end();
    drop(silent);
    // Who has shaken hands and says nothing, or half a line, is left in time.
    let mut half = client(&herd, &a);
    half.send(&REPORT[..9]);
    let waited = Instant::now();
    half.rest();
    assert!(waited.elapsed() < Duration::from_secs(9), "{:?}", waited.elapsed());
    a.wait_for_log("given up, no command has come in the time of --first-line");
    until("all descriptors are given back", || {
        (a.process.descriptors() <= descriptors + 1).then_some(())
    });
}

#[test]
fn an_address_has_so_many_connections_by_tls_too() {
    // Which address is ours is asked of the system, and nothing is sent; loopback's is not counted.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let Some(own) = own.ok().filter(|own| !own.ip().is_loopback()) else {
        let _ =
            writeln!(std::io::stderr(), "  LEFT OUT: this machine has no address but loopback's");
        return;
    };
    let herd = Herd::at("0.0.0.0", &[("A", &[])]).with_tls().with_keys();
    let herd = herd.with("--connections-per-address").with("3");
    let a = herd.start("A");
    let port = a.tls_client().stream.peer_addr().unwrap().port();
    let config = showing(&herd, None);
    let connect = || Client::connect((own.ip(), port).into()).secure(&config, "a.test");
    let mut held: Vec<Client<Tls>> = (0..3).map(|_| connect()).collect();
    held.iter_mut().for_each(|client| assert!(client.ask(REPORT).starts_with("AT A ")));
    // No handshake is worth while.
    assert!(connect().shake_hands().is_err());
    // Its own address does not count, and a place that is free is free.
    let mut local = a.tls_client().secure(&config, "a.test");
    assert!(local.ask(REPORT).starts_with("AT A "));
    held.clear();
    // Their places are free once they are known to have left, not before.
    until("they have left", || {
        (a.log().matches(": cut off without close_notify").count() >= 3).then_some(())
    });
    // Who has not shaken hands has a place, too.
    let silent: Vec<Client> = (0..3).map(|_| Client::connect((own.ip(), port).into())).collect();
    until("all places are taken", || connect().shake_hands().is_err().then_some(()));
    drop(silent);
    until("a place is free", || {
        let mut client = connect();
        let _ = client.stream.write_all(format!("{REPORT}\n").as_bytes());
        let mut answer = [0; 5];
        (client.stream.read(&mut answer).is_ok() && answer == *b"AT A ").then_some(())
    });
}

#[test]
fn sessions_are_resumed() {
    let (herd, a) = solo(&[]);
    for versions in [[&version::TLS12], [&version::TLS13]] {
        let config = Arc::new(speaking(&herd, None, &versions));
        let kinds = [(); 3].map(|()| {
            let mut client = a.tls_client().secure(&config, "a.test");
            assert!(client.ask(REPORT).starts_with("AT A "));
            client.stream.conn.handshake_kind().unwrap()
        });
        let resumed = [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed];
        assert_eq!(kinds, resumed, "{versions:?}");
    }
    let port = a.tls_client().stream.peer_addr().unwrap().port();
    for version in ["-tls1_2", "-tls1_3"] {
        for (session, word) in [("-sess_out", "New, TLS"), ("-sess_in", "Reused, TLS")] {
            let options = format!("{version} {session} session{version}");
            let openssl = OpenSsl::connect(&herd, ("A", port), None, &options);
            let Some(mut openssl) = openssl else { return };
            openssl.send(format!("{REPORT}\n"));
            openssl.wait_for("AT A ");
            let said = openssl.hang_up();
            assert!(said.contains(word), "{options}: {said}");
        }
    }
}

#[test]
fn a_session_is_not_negotiated_again() {
    let (herd, a) = solo(&[]);
    let port = a.tls_client().stream.peer_addr().unwrap().port();
    let Some(mut openssl) = OpenSsl::connect(&herd, ("A", port), None, "-tls1_2") else { return };
    openssl.send(format!("{REPORT}\n"));
    openssl.wait_for("AT A ");
    openssl.send("R\n");
    let said = openssl.end();
    assert!(said.contains("RENEGOTIATING") && said.contains("no renegotiation"), "{said}");
    assert!(client(&herd, &a).ask(REPORT).starts_with("AT A "));
}

#[test]
fn a_certificate_of_its_own_is_shown_to_clients_and_visitors() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_tls().with_web().with_keys();
    let shown = Shown::by_the_herd(&herd, &["a.test"], super::GOOD);
    let mut command = herd.command("A");
    command.args(["--cert", shown.certificate.to_str().unwrap()]);
    command.args(["--key", shown.key.to_str().unwrap()]);
    let servers = [herd.start_by("A", command), herd.start("B")];
    let config = showing(&herd, None);
    let shown_at = |connection: Client, name: &str| {
        let mut client = connection.secure(&config, name);
        client.shake_hands().unwrap();
        client.stream.conn.peer_certificates().unwrap()[0].to_vec()
    };
    let [a, b] = &servers;
    for connection in [a.tls_client(), a.visitor()] {
        assert_eq!(shown_at(connection, "a.test"), shown.chain()[0].to_vec());
    }
    for connection in [b.tls_client(), b.visitor()] {
        assert_eq!(shown_at(connection, "b.test"), Shown::of(&herd, "B").chain()[0].to_vec());
    }
    // Neighbours are shown the herd's own.
    super::doors::assert_linked(&servers);
    // It is read anew, and who is connected goes on.
    let mut client = a.tls_client().secure(&config, "a.test");
    assert!(client.ask(REPORT).starts_with("AT A "));
    let renewed = Shown::by_the_herd(&herd, &["a.test"], super::GOOD);
    renewed.copy_to(&shown);
    a.process.signal("HUP");
    a.wait_for_log("certificates and keys are read anew");
    assert_eq!(shown_at(a.tls_client(), "a.test"), renewed.chain()[0].to_vec());
    assert!(client.ask(REPORT).starts_with("AT A "));
    // It is not of herdca's making.
    Shown::ending_in(&herd, "a.test", Duration::from_secs(86_400 * 9 / 2)).copy_to(&shown);
    a.process.signal("HUP");
    let said = a.wait_for_log("the certificate for clients ends in 4 days");
    assert!(said.contains("renew the files of --cert and --key, and send SIGHUP"), "{said}");
}
