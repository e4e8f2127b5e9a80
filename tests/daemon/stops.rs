//! A clean stop: prompt, with status 0, and what was acknowledged is passed on.

use crate::harness::{Client, Herd, Server, StandIn};
use herd::limits::{STOP_GRACE, STOP_PATIENCE, STOP_STALL_MAX};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long a stop may take whatever clients do (contract).
const PROMPTLY: Duration = Duration::from_secs(5);

/// Asks a server to stop by that signal and waits until it has ended with status 0.
#[track_caller]
pub fn stop(mut server: Server, signal: &str) {
    let started = Instant::now();
    server.process.signal(signal);
    let status = server.process.wait();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(started.elapsed() < PROMPTLY, "it took {:?}", started.elapsed());
    server.wait_for_log(&format!("asked to stop by SIG{signal}"));
    server.wait_for_log(&format!("{} has stopped", server.name));
}

#[test]
fn sigint_and_sigterm_stop_it() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    for signal in ["INT", "TERM"] {
        let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
        stop(a, signal);
        stop(b, signal);
    }
}

#[test]
fn clients_do_not_hold_it_up() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut idle = server.client();
    assert_eq!(idle.ask("x"), "? x");
    let mut half = server.client();
    half.send("IAMAT kiwi +34.0-1");
    let mut busy = server.client();
    let mut writer = busy.stream.try_clone().unwrap();
    // Goes on sending until it is cut, and never reads.
    let sending = thread::spawn(move || {
        let commands = "nonsense\n".repeat(1_000);
        while writer.write_all(commands.as_bytes()).is_ok() {}
    });
    assert_eq!(busy.line(), "? nonsense");
    stop(server, "TERM");
    sending.join().unwrap();
    assert_eq!(idle.wait_for_end(), b"");
    half.wait_for_end();
}

#[test]
fn who_is_owed_nothing_is_not_waited_for() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, _b]: [Server; 2] = herd.start_all().try_into().unwrap();
    a.wait_for_links();
    let mut crowd: Vec<Client> = (0..20).map(|_| a.client()).collect();
    for (number, client) in crowd.iter_mut().enumerate() {
        let at = client.ask(&format!("IAMAT kiwi-{number} +34.0-118.0 1"));
        assert!(at.starts_with("AT A "), "{at}");
    }
    let started = Instant::now();
    stop(a, "TERM");
    assert!(started.elapsed() < STOP_PATIENCE, "it took {:?}", started.elapsed());
    // Ended in order.
    for client in &mut crowd {
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn neighbours_that_take_nothing_or_are_none_are_not_waited_for() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &[]), ("C", &[])]);
    // C takes connections and says nothing; B has stopped, and there is nothing to tell it.
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, herd.neighbour_port("C"))).unwrap();
    let b = herd.start("B");
    let a = herd.start("A");
    let (_taken, _) = mute.accept().unwrap();
    for server in [&a, &b] {
        server.wait_for_log(" has caught up");
    }
    let mut fed = a.stranger();
    fed.send("HERD 1 test C A 00000000000000c1\nMARK 0 0000000000000000\n");
    assert!(fed.line().starts_with("HEARD 1 A "));
    let silent = a.stranger();
    b.process.signal("STOP");
    let started = Instant::now();
    stop(a, "TERM");
    let took = started.elapsed();
    b.process.signal("CONT");
    assert!(took < STOP_PATIENCE, "it took {took:?}");
    drop((fed, silent));
}

/// A client that never reads, so there is always something that it is still to get.
fn who_does_not_read(server: &Server) -> Client {
    let mut client = server.client();
    client.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let commands = "nonsense\n".repeat(10_000);
    while client.stream.write(commands.as_bytes()).is_ok() {}
    client
}

#[test]
fn who_does_not_read_has_a_second() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let client = who_does_not_read(&server);
    let mut process = server.process;
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
    // Not cut when the grace is over.
    let log = fs::read_to_string(herd.directory.join("logs/Solo.log")).unwrap();
    assert!(log.contains(": the peer does not read"), "{log}");
    drop(client);
}

#[test]
fn a_second_signal_stops_it_at_once() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = who_does_not_read(&server);
    server.process.signal("TERM");
    server.wait_for_log("asked to stop by SIGTERM");
    let started = Instant::now();
    stop(server, "INT");
    assert!(started.elapsed() < STOP_GRACE / 2, "it took {:?}", started.elapsed());
    client.wait_for_end();
}

#[test]
fn what_was_acknowledged_is_passed_on() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [mut a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    for round in 0..10 {
        let at = a.report("kiwi", &round.to_string());
        stop(a, "TERM");
        b.wait_for(&at);
        a = herd.start("A");
        a.wait_for_links();
    }
}

/// Reports by the thousand until the server closes; its whole answers. Tells when the first thousand have come.
fn report_until_the_end(client: Client, index: usize, begun: &Sender<()>) -> Vec<String> {
    let mut writer = client.stream.try_clone().unwrap();
    let mut reader = BufReader::new(client.stream);
    let mut answered = Vec::new();
    loop {
        let report = |number: usize| format!("IAMAT client-{index}-{number} +34.0-118.0 1\n");
        let reports: String = (answered.len()..answered.len() + 1_000).map(report).collect();
        if writer.write_all(reports.as_bytes()).is_err() {
            return answered;
        }
        for _ in 0..1_000 {
            let mut line = String::new();
            // Where it is cut off is the end, too.
            match reader.read_line(&mut line) {
                Ok(1..) if line.ends_with('\n') => answered.push(line.trim_end().to_owned()),
                Ok(_) | Err(_) => return answered,
            }
        }
        let _ = begun.send(());
    }
}

#[test]
fn every_answer_of_a_busy_server_is_kept() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    // What is logged of each line would have the log begin a new file within the stop.
    let mut command = herd.command("A");
    command.env("RUST_LOG", "info,traffic=off");
    let (a, b) = (herd.start_by("A", command), herd.start("B"));
    [&a, &b].into_iter().for_each(Server::wait_for_links);
    // Several at once: in a turn more can be answered than one write of a link has room for. No more is
    // under way than can be told in the time of a stop, also on a machine that is busy.
    let (begun, has_begun) = mpsc::channel();
    let busy: Vec<_> = (0..4)
        .map(|index| {
            let (client, begun) = (a.client(), begun.clone());
            thread::spawn(move || report_until_the_end(client, index, &begun))
        })
        .collect();
    (0..busy.len()).for_each(|_| has_begun.recv().unwrap());
    stop(a, "TERM");
    let answered: Vec<String> = busy.into_iter().flat_map(|busy| busy.join().unwrap()).collect();
    let mut at_b: Client = b.client();
    let step = answered.len().div_ceil(500);
    for at in answered.iter().step_by(step).chain(answered.last()) {
        let id = at.split(' ').nth(3).unwrap();
        assert_eq!(&at_b.ask(&format!("WHATSAT {id} 1 0")), at, "it was acknowledged and lost");
        while !at_b.line().is_empty() {}
    }
}

#[test]
fn a_question_that_waits_for_long_is_answered_without_places() {
    let places = StandIn::start(&["--delay", "60000"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let known = server.report("kiwi", "1");
    let mut client = server.client();
    client.send("WHATSAT kiwi 10 2\nbehind\nWHATSAT kiwi 11 2\n");
    server.wait_for_log("< WHATSAT kiwi 11 2");
    let started = Instant::now();
    stop(server, "TERM");
    assert!(started.elapsed() < STOP_GRACE / 2, "it took {:?}", started.elapsed());
    assert!(started.elapsed() >= STOP_PATIENCE, "Places had {:?}", started.elapsed());
    for behind in ["? behind", ""] {
        let (at, json) = client.near();
        assert_eq!(at, known);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["status"], &json["results"]), (&"UNKNOWN_ERROR".into(), &[0; 0].into()));
        assert!(json["error_message"].as_str().unwrap().contains("stops"), "{json}");
        if !behind.is_empty() {
            assert_eq!(client.line(), behind);
        }
    }
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_neighbour_that_pauses_is_told_when_it_goes_on() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    b.process.signal("STOP");
    let mut client = a.client();
    let report = |number: u32| format!("IAMAT c{number} +34.068930-118.445127 1\n");
    client.send((0..20_000).map(report).collect::<String>());
    let last = (0..20_000).map(|_| client.line()).last().unwrap();
    let mut a = a;
    a.process.signal("TERM");
    a.wait_for_log("asked to stop by SIGTERM");
    // That it takes nothing for so long is the fault.
    thread::sleep(STOP_STALL_MAX + STOP_STALL_MAX / 2);
    b.process.signal("CONT");
    assert_eq!(a.process.wait().code(), Some(0));
    b.wait_for(&last);
    assert!(!a.log().contains("at the stop"), "{}", a.log());
}

#[test]
fn a_neighbour_that_does_not_go_on_is_named_with_what_it_lacks() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    b.process.signal("STOP");
    a.report("kiwi", "1");
    let started = Instant::now();
    let mut a = a;
    a.process.signal("TERM");
    assert_eq!(a.process.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let warning = a.wait_for_log("B has acknowledged 0 of 1 change at the stop");
    assert!(warning.contains(" WARN "), "{warning}");
    b.process.signal("CONT");
}
