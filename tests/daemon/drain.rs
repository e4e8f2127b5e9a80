//! What a stop still answers: all that had come to the machine, and who has a moment to say what it has not
//! said yet.

use crate::harness::{Client, Herd, Server, StandIn, Tls, until};
use crate::stops::stop;
use crate::trust;
use herd::limits::{OUTPUT_STALL_MAX, STOP_GRACE, STOP_PATIENCE};
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const REPORT: &str = "IAMAT kiwi +34.068930-118.445127 1";

/// Asks a server to stop, and goes on once it has begun to.
fn begin_to_stop(server: Server) -> JoinHandle<()> {
    server.process.signal("TERM");
    server.wait_for_log("asked to stop by SIGTERM");
    thread::spawn(move || stopped(server))
}

/// A server that has been asked to stop has its time, and ends well.
fn stopped(mut server: Server) {
    let status = server.process.wait();
    assert_eq!(status.code(), Some(0), "{status}");
    server.wait_for_log(&format!("{} has stopped", server.name));
}

/// What is still read of a connection, however it ends.
fn last_of(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8(all).unwrap()
}

#[test]
fn who_has_said_nothing_yet_has_a_second_to_say_it() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    let [mut silent, mut late, mut half] = [(); 3].map(|()| a.client());
    let [mut visitor, mut asker] = [(); 2].map(|()| a.visitor());
    half.send("x\nIAMAT half +34.0");
    assert_eq!(half.line(), "? x");
    until("all have connected", || {
        let log = a.log();
        let visitors =
            log.lines().filter(|line| line.contains("web ") && line.contains("connected"));
        (log.matches("client ").count() >= 3 && visitors.count() == 2).then_some(())
    });
    let started = Instant::now();
    let stopping = begin_to_stop(a);
    let at = late.ask(REPORT);
    assert!(at.starts_with("AT A "), "{at}");
    half.send("-118.0 1\n");
    assert!(half.line().ends_with(" half +34.0-118.0 1"));
    visitor.send("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
    let not_ready = String::from_utf8(visitor.rest()).unwrap();
    assert!(not_ready.starts_with("HTTP/1.1 503 "), "{not_ready}");
    assert!(not_ready.contains("Connection: close\r\n"), "{not_ready}");
    assert!(not_ready.contains("the server stops"), "{not_ready}");
    // One behind the other.
    asker.send("GET /clients/kiwi HTTP/1.1\r\nHost: h\r\n\r\n".repeat(3));
    let answers = String::from_utf8(asker.rest()).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{answers}");
    assert_eq!(answers.matches("Connection: close\r\n").count(), 1, "{answers}");
    assert_eq!((late.rest(), half.rest(), silent.rest()), (vec![], vec![], vec![]));
    stopping.join().unwrap();
    let took = started.elapsed();
    assert!(took >= STOP_PATIENCE && took < STOP_GRACE, "it took {took:?}");
    b.wait_for(&at);
}

#[test]
fn a_handshake_under_way_is_ended() {
    let herd = Herd::of(&[("A", &[])]).with_tls_only().with_keys();
    let server = herd.start("A");
    let config = trust::showing(&herd, None);
    let mut asked: Client<Tls> = server.tls_client().secure(&config, "a.test");
    assert_eq!(asked.ask("x"), "? x");
    let begun = server.tls_client();
    let stopping = begin_to_stop(server);
    let mut begun: Client<Tls> = begun.secure(&config, "a.test");
    assert!(begun.ask(REPORT).starts_with("AT A "));
    assert_eq!((begun.rest(), asked.rest()), (vec![], vec![]));
    stopping.join().unwrap();
}

#[test]
fn all_that_had_come_is_answered() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    // Who does not read is not read from either, until nothing more is taken anywhere.
    let mut client = a.client();
    SockRef::from(&client.stream).set_send_buffer_size(16 * 1_024).unwrap();
    client.stream.set_nonblocking(true).unwrap();
    let (mut number, mut bytes, mut rest) = (0, 0, Vec::new());
    let (began, mut moved_at) = (Instant::now(), Instant::now());
    // Now and then the system takes a little more, though all is full; who never reads is dropped.
    while moved_at.elapsed() < Duration::from_millis(500) && began.elapsed() < OUTPUT_STALL_MAX / 3
    {
        if rest.is_empty() {
            number += 1;
            rest = format!("IAMAT kiwi-{} +34.0-118.0 {number}\n", number % 100).into_bytes();
        }
        match client.stream.write(&rest) {
            Ok(written) => {
                bytes += written;
                rest.drain(..written);
                moved_at = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(bytes > 1 << 18, "{bytes} bytes only");
    // Those who wait in the kernel while the server does nothing.
    a.process.signal("STOP");
    let mut waiting: Vec<Client> = (0..100).map(|_| a.client()).collect();
    waiting.iter_mut().for_each(|client| client.send(format!("{REPORT}\n")));
    a.process.signal("TERM");
    a.process.signal("CONT");
    for client in &mut waiting {
        assert!(client.line().starts_with("AT A "));
        assert_eq!(client.rest(), b"");
    }
    client.stream.set_nonblocking(false).unwrap();
    let answers = last_of(&mut client.stream);
    let answered = answers.lines().count();
    // What the client's own system still held had not come.
    let least = number - 128 * 1_024 / 30;
    assert!(answered >= least, "{answered} of {number} were answered");
    let last = answers.lines().last().unwrap();
    assert!(last.ends_with(&format!(" {answered}")), "{last}");
    stopped(a);
    b.wait_for(last);
}

#[test]
fn who_connects_meanwhile_is_served_or_refused_and_never_dropped() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let address: SocketAddr = server.address();
    let ended = Arc::new(AtomicBool::new(false));
    let storm: Vec<JoinHandle<usize>> = (0..8)
        .map(|_| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                let mut served = 0;
                while !ended.load(Ordering::Relaxed) {
                    let Ok(stream) = TcpStream::connect(address) else { continue };
                    let mut client = Client::new(stream);
                    assert_eq!(client.ask("x"), "? x");
                    assert_eq!(client.rest_after_end(), b"");
                    served += 1;
                }
                served
            })
        })
        .collect();
    server.wait_for_log("< x");
    stop(server, "TERM");
    ended.store(true, Ordering::Relaxed);
    let served: Vec<usize> = storm.into_iter().map(|storm| storm.join().unwrap()).collect();
    assert!(served.iter().sum::<usize>() > 0);
}

#[test]
fn places_has_a_second_to_answer() {
    let places = StandIn::start(&["--delay", "400"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places).with_web();
    let server = herd.start("Solo");
    let known = server.report("kiwi", "1");
    let (mut client, mut visitor) = (server.client(), server.visitor());
    client.send("WHATSAT kiwi 10 2\nbehind\nWHATSAT kiwi 20 2\n");
    visitor.send("GET /clients/kiwi/places?km=30 HTTP/1.1\r\nHost: h\r\n\r\n");
    server.wait_for_log("< WHATSAT kiwi 20 2");
    server.wait_for_log("< GET /clients/kiwi/places");
    stop(server, "TERM");
    for behind in ["? behind", ""] {
        let (at, json) = client.near();
        assert_eq!(at, known);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["status"], "OK", "{json}");
        if !behind.is_empty() {
            assert_eq!(client.line(), behind);
        }
    }
    assert_eq!(client.rest(), b"");
    let answer = String::from_utf8(visitor.rest()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"OK\""), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
}

#[test]
fn watchers_and_streams_end() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    let (mut watcher, mut stream) = (server.client(), server.visitor());
    assert_eq!(watcher.ask("WATCH *"), "WATCH *");
    assert_eq!(watcher.line(), "~ NOW *");
    stream.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    server.wait_for_log("< GET /events");
    let started = Instant::now();
    stop(server, "TERM");
    assert!(started.elapsed() < STOP_PATIENCE, "it took {:?}", started.elapsed());
    assert_eq!(watcher.rest(), b"");
    assert!(stream.rest().starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_neighbour_that_does_not_listen_is_told_what_can_be_and_left() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[])]);
    let [a, b, c]: [Server; 3] = herd.start_all().try_into().unwrap();
    b.process.signal("STOP");
    let mut client = a.client();
    let mut last = String::new();
    for number in 0..2_000 {
        last = client.ask(&format!("IAMAT client-{number} +34.0-118.0 1"));
    }
    stop(a, "TERM");
    c.wait_for(&last);
    b.process.signal("CONT");
    b.wait_for(&last);
}

#[test]
fn who_goes_on_for_ever_is_left_in_time() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    // One that asks without an end and reads little, and one that dribbles.
    let mut busy = a.client();
    let mut writer = busy.stream.try_clone().unwrap();
    let sending = thread::spawn(move || {
        let commands = "IAMAT busy +34.0-118.0 1\n".repeat(1_000);
        while writer.write_all(commands.as_bytes()).is_ok() {}
    });
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let reading = thread::spawn(move || {
        let mut buffer = [0; 64];
        while !told.load(Ordering::Relaxed) && busy.stream.read(&mut buffer).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let mut dribbling = a.client();
    let at = dribbling.ask(REPORT);
    let dribble = thread::spawn(move || {
        while dribbling.stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    stop(a, "TERM");
    ended.store(true, Ordering::Relaxed);
    b.wait_for(&at);
    [sending, reading, dribble].into_iter().for_each(|thread| thread.join().unwrap());
}
