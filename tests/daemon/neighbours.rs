//! The lines between servers, spoken by the test in place of a neighbour, on either side.

use crate::harness::{Client, DEADLINE, Herd, Server, Waiting, posix_nanoseconds, until};
use herd::limits::{DISAGREEMENT_PAUSE, DISAGREEMENTS_MIN};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

/// A herd of which only A runs; the test listens in place of B.
fn beside_b() -> (Herd, Server, TcpListener) {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, herd.neighbour_port("B"))).unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = herd.start("A");
    (herd, server, listener)
}

/// The next time that A dials; with A's epoch from its greeting.
#[track_caller]
fn dialled(listener: &TcpListener) -> (Client, String) {
    let stream = until("A dials B", || match listener.accept() {
        Ok((stream, _)) => Some(stream),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    });
    stream.set_nonblocking(false).unwrap();
    let mut link = Client::new(stream);
    let greeting = link.line();
    let rest = greeting.strip_prefix("HERD 2 test A B ").expect(&greeting);
    let epoch =
        rest.strip_suffix(" 0 604800").expect("it says for how long it remembers").to_owned();
    assert!(epoch.len() == 16 && epoch.bytes().all(|b| b.is_ascii_hexdigit()), "{greeting}");
    (link, epoch)
}

/// The next line that is no mark, and the sequence number of the mark behind it.
fn told(link: &mut Client) -> (String, u64) {
    let line =
        until("a position is told", || Some(link.line()).filter(|line| !line.starts_with("MARK ")));
    let mark = link.line();
    let sequence = mark.split(' ').nth(1).unwrap();
    assert!(mark.starts_with("MARK "), "{mark}");
    (line, sequence.parse().unwrap())
}

/// Which of two clients moved last does not matter where all is told.
fn sorted(mut lines: [String; 2]) -> [String; 2] {
    lines.sort();
    lines
}

#[test]
fn a_link_tells_the_feed_and_goes_on_where_it_was_heard() {
    let (_herd, a, listener) = beside_b();
    let (mut link, epoch) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    let first = a.report("kiwi", "1");
    let (line, mark) = told(&mut link);
    assert_eq!(line, first);
    link.send(format!("ACK {mark} 0000000000000000 0\n"));
    let second = a.report("fig", "1");
    assert_eq!(told(&mut link).0, second);
    // Only the first was kept, and so A is told.
    drop(link);
    let (mut link, same_epoch) = dialled(&listener);
    assert_eq!(same_epoch, epoch, "it is the same life of A");
    link.send(format!("HEARD 2 B 00000000000000b1 {mark}\n"));
    assert_eq!(told(&mut link).0, second);
    // Lost everything: all is told again.
    drop(link);
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b2 0\n");
    let lines = [link.line(), link.line()];
    assert_eq!(sorted(lines), sorted([first, second]));
}

#[test]
fn what_a_neighbour_told_is_not_told_back_in_the_same_life_but_in_the_next() {
    let (_herd, a, listener) = beside_b();
    let mut b = a.stranger();
    b.send("HERD 2 test B A 00000000000000b1 0 604800\n");
    let heard = b.line();
    assert!(heard.starts_with("HEARD 2 A ") && heard.ends_with(" 0"), "{heard}");
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    let told_to_a = "AT B +0.000000001 kiwi +34.0-118.0 1";
    b.send(format!("{told_to_a}\nMARK 5 0000000000000000 0\n"));
    a.wait_for(told_to_a);
    let own = a.report("fig", "1");
    assert_eq!(told(&mut link).0, own, "the neighbour was told what it had told");
    // The same life again: it is heard from where it was.
    let mut again = a.stranger();
    again.send("HERD 2 test B A 00000000000000b1 0 604800\n");
    assert!(again.line().ends_with(" 5"));
    // Another life: nothing was heard of it, and all is told to it.
    let mut reborn = a.stranger();
    reborn.send("HERD 2 test B A 00000000000000b2 0 604800\n");
    assert!(reborn.line().ends_with(" 0"));
    drop(link);
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b2 0\n");
    let lines = [link.line(), link.line()];
    assert_eq!(sorted(lines), sorted([told_to_a.to_owned(), own]));
}

#[test]
fn who_answers_the_greeting_wrongly_is_not_told_anything() {
    let (_herd, a, listener) = beside_b();
    a.report("kiwi", "1");
    for (answer, logged) in [
        ("REFUSED not today\n", "refused: not today"),
        ("HEARD 2 C 00000000000000b1 0\n", "it is C, not B"),
        (
            "HEARD 3 B 00000000000000b1 0 more\n",
            "it answers in protocol version 3, and protocol versions 1 and 2 are spoken here",
        ),
    ] {
        let (mut link, _) = dialled(&listener);
        link.send(answer);
        assert_eq!(link.wait_for_end(), b"", "{answer}");
        // Each reason is said at once, and that the connection is gone.
        let warning = a.wait_for_log(&format!(" is away: {logged}"));
        assert!(warning.contains(" WARN  B at "), "{warning}");
    }
    let count = |words: &str| a.log().lines().filter(|line| line.contains(words)).count();
    until("all losses are logged", || (count(" to B: ") == count(" to B connected")).then_some(()));
    // Retried for ever, though slowly.
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    assert!(told(&mut link).0.starts_with("AT A "));
}

#[test]
fn who_speaks_nonsense_where_a_neighbour_should_be_is_given_up() {
    let (_herd, a, listener) = beside_b();
    let (mut link, _) = dialled(&listener);
    let waiting = Waiting::at_most(DEADLINE);
    while link.stream.write_all(b"220 mail.example.org ESMTP\r\n").is_ok() {
        assert!(waiting.again(), "it is still listened to:\n{}", a.log());
    }
    a.wait_for_log("broken line 1: 220 mail.example.org ESMTP");
    assert_eq!(a.ask("x"), "? x");
    // It is dialled again, and this time B is there.
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    a.wait_for_log("link to B is up");
}

#[test]
fn a_neighbour_that_holds_other_positions_is_said_when_it_has_differed_several_times() {
    let (_herd, a, listener) = beside_b();
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    a.report("kiwi", "1");
    let (_, head) = told(&mut link);
    let differ = "hold different positions";
    let acknowledgement = |digest: u64| {
        let step = posix_nanoseconds() / 1_000_000_000;
        format!("ACK {head} {digest:016x} {step}\n")
    };
    let differs = |link: &mut Client, digest: u64| {
        let before = a.log().lines().count();
        link.send(acknowledgement(digest) + "\n");
        // The line behind it makes no sense, and is logged once the first has been read.
        until("it has been read", || {
            a.log().lines().skip(before).find(|line| line.contains("broken line")).map(drop)
        });
    };
    // While something moves every digest is another, and what was before does not count.
    let since = Instant::now();
    [1, 2, 3, 4].into_iter().for_each(|digest| differs(&mut link, digest));
    // What does not change counts once a heartbeat, however often it is said.
    until("it is said", || {
        link.send(acknowledgement(4));
        a.log().contains(differ).then_some(())
    });
    assert!(since.elapsed() >= (DISAGREEMENTS_MIN - 1) * DISAGREEMENT_PAUSE);
    differs(&mut link, 4);
    assert_eq!(a.log().matches(differ).count(), 1, "{}", a.log());
}

#[test]
fn a_neighbour_that_falls_silent_is_noticed_within_five_seconds() {
    let (_herd, a, listener) = beside_b();
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 00000000000000b1 0\n");
    let mut accepted = a.stranger();
    accepted.send("HERD 2 test B A 00000000000000b1 0 604800\n");
    let silent_since = posix_nanoseconds();
    // Meanwhile it is told marks, so that it would notice A's silence.
    let came = String::from_utf8(link.wait_for_end()).unwrap();
    assert!(came.matches("MARK 0 ").count() >= 3, "{came}");
    let acknowledged = String::from_utf8(accepted.wait_for_end()).unwrap();
    assert!(acknowledged.matches("ACK 0 ").count() >= 3, "{acknowledged}");
    let took = posix_nanoseconds() - silent_since;
    let limit = Duration::from_secs(5).as_nanos();
    assert!(u128::try_from(took).unwrap() < limit, "noticed after {took} ns");
    a.wait_for_log("link to B is down: silent for");
}

#[test]
fn the_largest_and_smallest_numbers_are_passed_on_unharmed() {
    let (_herd, a, listener) = beside_b();
    let mut b = a.stranger();
    b.send("HERD 2 test B A ffffffffffffffff 0 604800\n");
    assert!(b.line().starts_with("HEARD 2 A "));
    let positions = [
        "AT B -315619200.000000000 first +90-180 9223372036.854775807",
        "AT Nobody +9223372036.854775807 second -0+000/ 0",
        "AT B +0.000000000 third +340408.148-1182642.4572/ 0000.00",
    ];
    b.send(positions.join("\n") + "\nMARK 18446744073709551615 ffffffffffffffff 0\n");
    positions.iter().for_each(|at| a.wait_for(at));
    // A neighbour that claims to have received more than there is has received nothing that counts.
    let (mut link, _) = dialled(&listener);
    link.send("HEARD 2 B 0000000000000000 18446744073709551615\n");
    let warning = a.wait_for_log("it is told everything again");
    assert!(
        warning.contains(" WARN  B has received 18446744073709551615 of 3 changes"),
        "{warning}"
    );
    let mut all: Vec<String> = positions.map(|_| link.line()).into();
    all.sort();
    assert_eq!(all, {
        let mut sorted = positions.map(str::to_owned);
        sorted.sort();
        sorted
    });
    assert!(link.line().starts_with("MARK 3 "));
    let own = a.report("fig", "1");
    assert_eq!(told(&mut link).0, own);
    // Said again it changes nothing for a minute.
    link.send("ACK 18446744073709551615 ffffffffffffffff 0\nACK 0 0000000000000000 0\n");
    let own = a.report("fig", "2");
    assert_eq!(told(&mut link).0, own);
    // What counts is its last mark.
    b.send("MARK 7 ffffffffffffffff 0\n");
    while !b.line().starts_with("ACK 7 ") {}
    drop(b);
    let mut again = a.stranger();
    again.send("HERD 2 test B A ffffffffffffffff 0 604800\n");
    assert!(again.line().ends_with(" 7"));
}

#[test]
fn a_neighbour_that_tells_too_much_for_the_memory_is_dropped_and_clients_are_served() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with("--memory").with("1");
    let a = herd.start("A");
    let known = a.report("kiwi", "1");
    let mut b = a.stranger();
    b.send("HERD 2 test B A 00000000000000b1 0 604800\n");
    assert!(b.line().starts_with("HEARD 2 A "));
    let mut told = 0;
    // It is not listened to for ever, though it never ends.
    until("it is dropped", || {
        let lines: String = (told..told + 1_000)
            .map(|n| format!("AT B +0.000000000 client-{n} +34.0-118.0 1\n"))
            .collect();
        told += 1_000;
        b.stream.write_all(lines.as_bytes()).err()
    });
    a.wait_for_log(" ERROR no room for what B tells");
    assert_eq!(a.find("kiwi"), Some(known));
    let moved = a.report("kiwi", "2");
    assert_eq!(a.find("kiwi"), Some(moved));
    let mut again = a.stranger();
    again.send("HERD 2 test B A 00000000000000b1 0 604800\n");
    let answer = again.line();
    assert!(answer.starts_with("REFUSED there is no room"), "{answer}");
}
