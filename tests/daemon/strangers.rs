//! Strangers at the port for neighbours: they are refused with a reason, or skipped, and bounded.

use crate::harness::{Client, DEADLINE, Herd, Server, Waiting};
use herd::limits::{GREETING_TIMEOUT, REFUSALS_SAID_MAX};
use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

const GREETING: &str = "HERD 1 test B A 00000000000000b1\n";

/// A herd of which only A runs; B is played by the test.
fn alone() -> (Herd, Server) {
    alone_with_log("info")
}

/// The same, and this is logged.
fn alone_with_log(filter: &str) -> (Herd, Server) {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[]), ("C", &["B"])]);
    let mut command = herd.command("A");
    command.env("RUST_LOG", filter);
    let server = herd.start_by("A", command);
    (herd, server)
}

/// Greets as B; what A answers.
fn greet(server: &Server) -> (Client, String) {
    let mut b = server.stranger();
    b.send(GREETING);
    let heard = b.line();
    (b, heard)
}

#[test]
fn whoever_greets_wrongly_is_refused_with_a_reason() {
    // They are more than are said otherwise.
    let (_herd, a) = alone_with_log("debug");
    for (greeting, reason) in [
        ("hello", "a greeting was expected"),
        ("", "a greeting was expected"),
        ("GET / HTTP/1.1\r", "a greeting was expected"),
        ("IAMAT kiwi +34.0-118.0 1", "a greeting was expected"),
        ("AT B +0.000000001 kiwi +34.0-118.0 1", "a greeting was expected"),
        ("MARK 0 0000000000000000", "a greeting was expected"),
        ("HERD", "a greeting was expected"),
        ("HERD 1 test B A", "a greeting was expected"),
        ("HERD 1 test B A 00000000000000B1", "a greeting was expected"),
        ("HERD  1 test B A 00000000000000b1", "a greeting was expected"),
        ("\0\u{ff}", "a greeting was expected"),
        ("HERD 4 test B A 00000000000000b1 0 604800", "versions 1 and 2 are spoken here, not 4"),
        (
            "HERD 4 test B A 00000000000000b1 0 604800 and more",
            "versions 1 and 2 are spoken here, not 4",
        ),
        ("HERD 1 goloman B A 00000000000000b1", "this is herd test, not goloman"),
        ("HERD 1 test B C 00000000000000b1", "this is A, not C"),
        ("HERD 1 test C A 00000000000000b1", "C is no neighbour of A"),
        ("HERD 1 test A A 00000000000000b1", "A is no neighbour of A"),
    ] {
        let mut stranger = a.stranger();
        stranger.send(format!("{greeting}\nAT B +0.000000001 kiwi +34.0-118.0 1\n"));
        let answer = String::from_utf8(stranger.wait_for_end()).unwrap();
        assert!(answer.starts_with("REFUSED ") && answer.ends_with('\n'), "{answer:?}");
        assert!(answer.contains(reason), "{greeting:?}: {answer}");
        assert_eq!(answer.lines().count(), 1, "{answer}");
        a.wait_for_log(&format!("is refused: {}", answer["REFUSED ".len()..].trim_end()));
    }
    assert_eq!(a.find("kiwi"), None);
}

#[test]
fn half_a_greeting_is_waited_for_in_vain() {
    let (_herd, a) = alone();
    let mut silent = a.stranger();
    let mut half = a.stranger();
    half.send(&GREETING[..9]);
    // One byte now and then is no greeting either.
    let mut trickling = a.stranger();
    let waiting = Waiting::at_most(DEADLINE);
    while trickling.stream.write_all(b"H").is_ok() {
        assert!(waiting.again(), "it is still listened to:\n{}", a.log());
    }
    assert_eq!(silent.wait_for_end(), b"");
    assert_eq!(half.wait_for_end(), b"");
    a.wait_for_log("silent for 1.0");
    assert_eq!(a.ask("x"), "? x");
}

#[test]
fn a_flood_in_place_of_a_greeting_is_cut_off() {
    let (_herd, a) = alone();
    let before = a.process.resident_bytes();
    let mut stranger = a.stranger();
    let junk = vec![b'x'; 64 * 1_024];
    let waiting = Waiting::at_most(DEADLINE);
    while stranger.stream.write_all(&junk).is_ok() {
        assert!(waiting.again(), "it is still listened to:\n{}", a.log());
    }
    let grown = a.process.resident_bytes().saturating_sub(before);
    assert!(grown < 4 * 1_024 * 1_024, "the server has grown by {grown} bytes");
    a.wait_for_log("is refused");
    assert_eq!(a.ask("x"), "? x");
}

#[test]
fn broken_lines_of_a_neighbour_are_skipped_and_counted() {
    let (_herd, a) = alone();
    let (mut b, heard) = greet(&a);
    assert!(heard.starts_with("HEARD 1 A "), "{heard}");
    let broken = [
        "nonsense",
        "",
        "AT",
        "AT B kiwi",
        "MARK",
        "MARK x 0000000000000000",
        "MARK 1 0",
        "AT B +0.1 kiwi +34.0-118.0 1",
        "AT B +0.000000001 kiwi +99.0-118.0 1",
        "IAMAT kiwi +34.0-118.0 1",
        "ACK 1 0000000000000000",
        "HEARD 1 A 0000000000000001 0",
        GREETING.trim_end(),
        "AT B +0.000000001 ki\0wi +34.0-118.0 1",
        "\u{1b}[2J",
    ];
    for line in broken {
        b.send(format!("{line}\n"));
    }
    b.send("AT B +0.000000001 kiwi +34.0-118.0 1\nMARK 7 0000000000000000\n");
    a.wait_for("AT B +0.000000001 kiwi +34.0-118.0 1");
    a.wait_for_log("broken line 1: nonsense");
    let said = REFUSALS_SAID_MAX as usize;
    assert_eq!(a.log().matches(": broken line ").count(), said, "{}", a.log());
    assert!(!a.log().contains('\x1b'));
    // The mark was heard; it is acknowledged.
    while !b.line().starts_with("ACK 7 ") {}
    drop(b);
    a.wait_for_log(&format!("; broken lines: {}", broken.len()));
}

#[test]
fn what_strangers_have_the_log_say_is_bounded_however_many_they_are() {
    let (_herd, a) = alone();
    let before = a.log().len();
    let broken = format!("{}\n", "x".repeat(2_000)).repeat(20);
    for number in 0..200 {
        let mut b = a.stranger();
        b.send(format!("HERD 1 test B A {number:016x}\n{broken}"));
        assert!(b.line().starts_with("HEARD 1 A "));
    }
    assert_eq!(a.ask("x"), "? x");
    a.wait_for_log(" > ? x");
    let log = a.log();
    for what in [" connected from ", " is B in a new epoch", ": broken line "] {
        let lines = log.lines().filter(|line| line.contains("neighbour #") && line.contains(what));
        assert_eq!(lines.count(), REFUSALS_SAID_MAX as usize, "{what}:\n{log}");
    }
    let written = log.len() - before;
    assert!(written < 64 * 1_024, "{written} bytes:\n{log}");
}

#[test]
fn long_lines_of_a_neighbour_are_skipped_and_not_kept() {
    let (_herd, a) = alone();
    let (mut b, _) = greet(&a);
    let before = a.process.resident_bytes();
    let junk = vec![b'x'; 1_024 * 1_024];
    for _ in 0..32 {
        b.send(&junk);
    }
    b.send("\nAT B +0.000000001 kiwi +34.0-118.0 1\n");
    a.wait_for("AT B +0.000000001 kiwi +34.0-118.0 1");
    let grown = a.process.resident_bytes().saturating_sub(before);
    assert!(grown < 4 * 1_024 * 1_024, "the server has grown by {grown} bytes");
    a.wait_for_log("broken line 1: xxx");
    assert!(!a.log().contains("broken line 2"), "a long line is one line");
}

#[test]
fn a_neighbour_that_floods_takes_no_memory_and_starves_nobody() {
    let (_herd, a) = alone();
    let (mut b, _) = greet(&a);
    let before = a.process.resident_bytes();
    let lines = "nonsense\nMARK 1 0000000000000000\n".repeat(1_000);
    for _ in 0..200 {
        b.send(&lines);
        assert_eq!(a.ask("x"), "? x");
    }
    let grown = a.process.resident_bytes().saturating_sub(before);
    assert!(grown < 8 * 1_024 * 1_024, "the server has grown by {grown} bytes");
}

/// More connections than there are places come and say nothing, and go on coming.
#[test]
fn silent_strangers_keep_no_neighbour_out() {
    let (_herd, a) = alone();
    let mut slowest = Duration::ZERO;
    let mut strangers = VecDeque::new();
    for _ in 0..20 {
        strangers.extend((0..10).map(|_| a.stranger()));
        let start = Instant::now();
        let (b, heard) = greet(&a);
        assert!(heard.starts_with("HEARD 1 A "), "{heard}");
        slowest = slowest.max(start.elapsed());
        drop(b);
        // So many hold on, more than all places.
        strangers.drain(..strangers.len().saturating_sub(100));
    }
    println!("a neighbour was welcomed within {slowest:.1?} among silent strangers");
    assert!(slowest < GREETING_TIMEOUT, "{slowest:?}");
    a.wait_for_log("have not greeted: the oldest go");
    assert!(!a.log().contains("no more are accepted"), "{}", a.log());
    // They are let go one by one, the oldest first.
    for mut stranger in strangers {
        assert_eq!(stranger.wait_for_end(), b"");
    }
}
