//! The port for neighbours: every way in that must be shut.

use super::openssl::OpenSsl;
use super::{EXPIRED, GOOD, NOT_YET, Shown, caller, greeting, showing, speaking};
use crate::harness::{Client, Herd, Server, time_in, until};
use herd::limits::{HANDSHAKE_TIMEOUT, REFUSALS_SAID_MAX};
use rustls::{HandshakeKind, version};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What whoever got in would tell.
const LIE: &str = "AT D +0.000000001 lie +34.0-118.0 1\n";

/// A herd with keys of which A and B run and are linked. D would be A's neighbour, too, and C is none.
pub fn linked() -> (Herd, [Server; 2]) {
    let herd = Herd::of(&[("A", &["B", "D"]), ("B", &[]), ("C", &["B"]), ("D", &[])]).with_keys();
    let servers = ["A", "B"].map(|name| {
        let mut command = herd.command(name);
        // What is said of strangers now and then is said of each.
        command.env("RUST_LOG", "debug");
        herd.start_by(name, command)
    });
    assert_linked(&servers);
    (herd, servers)
}

/// Waits until both have come up.
pub fn assert_linked([a, b]: &[Server; 2]) {
    a.wait_for_log("link to B is up");
    b.wait_for_log("link to A is up");
}

/// That the link of those who belong together was not disturbed, and that A knows nothing but the truth.
#[track_caller]
pub fn assert_undisturbed([a, b]: &[Server; 2]) {
    let time = time_in(0);
    let client = format!("kiwi-{time}");
    let at = a.report(&client, &time);
    b.wait_for(&at);
    // What was logged before that is in the file then.
    [a, b].iter().for_each(|server| drop(server.wait_for_log(&client)));
    assert_eq!(a.find("lie"), None);
    for (server, other) in [(a, "B"), (b, "A")] {
        assert!(!server.log().contains(&format!("link to {other} is down")), "{}", server.log());
    }
}

/// Waits until so many lines of the log say of somebody that it is refused for that reason.
#[track_caller]
fn wait_until_refused(server: &Server, why: &str, times: usize) {
    until(&format!("{times} are refused: {why}"), || {
        let log = server.log();
        let said = log.lines().filter(|line| {
            line.contains("from 127.0.0.1:") && line.contains("is refused: ") && line.contains(why)
        });
        (said.count() >= times).then_some(())
    });
}

/// Who must not be let in, and what is said of it.
fn strangers(herd: &Herd) -> Vec<(&'static str, Option<Shown>, &'static str)> {
    let by_the_herd = |name, years| Some(Shown::by_the_herd(herd, &[name], years));
    vec![
        ("nobody", None, "it shows no certificate"),
        (
            "another authority of the same name",
            Some(Shown::by_another(herd, &["d.test"])),
            "its signature is not its authority's",
        ),
        (
            "another authority",
            Some(Shown::by_a_stranger(herd, &["d.test"])),
            "its authority is not trusted here",
        ),
        ("no neighbour", Some(Shown::of(herd, "C")), "not for a name that is expected here"),
        ("itself", Some(Shown::of(herd, "A")), "not for a name that is expected here"),
        ("another name", by_the_herd("x.d.test", GOOD), "not for a name that is expected here"),
        ("expired", by_the_herd("d.test", EXPIRED), "expired"),
        ("not yet valid", by_the_herd("d.test", NOT_YET), "not valid yet"),
    ]
}

#[test]
fn who_has_no_certificate_of_a_neighbour_is_not_let_in() {
    let (herd, servers) = linked();
    let a = &servers[0];
    for (who, shown, why) in strangers(&herd) {
        let mut stranger = caller(a, &showing(&herd, shown.as_ref()));
        stranger.send(greeting("D") + LIE);
        assert_eq!(stranger.wait_for_end(), b"", "{who}");
        wait_until_refused(a, why, 1);
        let before = a.log().matches(why).count();
        let openssl = OpenSsl::connect(&herd, ("A", a.neighbour_port), shown.as_ref(), "-quiet");
        let Some(mut openssl) = openssl else { continue };
        openssl.send(greeting("D") + LIE);
        let said = openssl.end();
        assert!(said.contains("alert") && !said.contains("HEARD"), "{who}: {said}");
        wait_until_refused(a, why, before + 1);
    }
    assert_undisturbed(&servers);
}

#[test]
fn who_has_a_neighbour_s_certificate_greets_as_that_neighbour_or_not_at_all() {
    let (herd, servers) = linked();
    let [a, _] = &servers;
    let d = Shown::of(&herd, "D");
    let why = "the certificate is for d.test, and that of B for b.test";
    let mut impostor = caller(a, &showing(&herd, Some(&d)));
    impostor.send(greeting("B") + LIE);
    let answer = String::from_utf8(impostor.wait_for_end()).unwrap();
    assert_eq!(answer, format!("REFUSED {why}\n"));
    wait_until_refused(a, why, 1);
    let openssl = |from: &str| {
        let openssl = OpenSsl::connect(&herd, ("A", a.neighbour_port), Some(&d), "-quiet");
        openssl.map(|mut openssl| {
            openssl.send(greeting(from));
            openssl
        })
    };
    if let Some(openssl) = openssl("B") {
        let said = openssl.end();
        assert!(said.contains("REFUSED the certificate is for d.test"), "{said}");
        wait_until_refused(a, why, 2);
    }
    assert_undisturbed(&servers);
    // As itself it is welcome, or nothing of all this would be for its certificate.
    if let Some(openssl) = openssl("D") {
        openssl.wait_for("HEARD 2 A ");
    }
    let mut neighbour = caller(a, &showing(&herd, Some(&d)));
    neighbour.send(greeting("D"));
    assert!(neighbour.line().starts_with("HEARD 2 A "));
    neighbour.send("AT D +0.000000001 fig +34.0-118.0 1\n");
    a.wait_for("AT D +0.000000001 fig +34.0-118.0 1");
    assert_undisturbed(&servers);
}

#[test]
fn a_neighbour_s_certificate_is_looked_at_each_time_it_comes() {
    let (herd, servers) = linked();
    let config = showing(&herd, Some(&Shown::of(&herd, "D")));
    for _ in 0..3 {
        let mut d = caller(&servers[0], &config);
        d.send(greeting("D"));
        assert!(d.line().starts_with("HEARD 2 A "));
        assert_eq!(d.stream.conn.handshake_kind(), Some(HandshakeKind::Full));
        d.notify_close();
        d.rest();
    }
    assert_undisturbed(&servers);
}

#[test]
fn who_speaks_another_tls_or_none_is_not_let_in() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let d = Shown::of(&herd, "D");
    let old = Arc::new(speaking(&herd, Some(&d), &[&version::TLS12]));
    let mut stranger = caller(a, &old);
    assert!(stranger.shake_hands().is_err());
    let why = "it speaks no version of TLS that is spoken here";
    wait_until_refused(a, why, 1);
    // What would follow is not even begun: there is nothing to renegotiate.
    let options = "-tls1_2 -legacy_renegotiation";
    if let Some(mut old) = OpenSsl::connect(&herd, ("A", a.neighbour_port), Some(&d), options) {
        old.send("R\n");
        let said = old.end();
        assert!(said.contains("alert protocol version"), "{said}");
        wait_until_refused(a, why, 2);
    }
    for (at, plain) in [&greeting("D"), "GET / HTTP/1.1\r\n\r\n", "\n", "\0"].iter().enumerate() {
        let mut plain_speaker: Client = a.stranger();
        plain_speaker.send(plain);
        // A line of its own is all that such a one may read: an alert.
        let said = plain_speaker.wait_for_end();
        assert!(said.is_empty() || said[0] == 21, "{plain:?}: {said:?}");
        if at < 2 {
            wait_until_refused(a, "what came is not TLS", at + 1);
        }
    }
    assert_undisturbed(&servers);
}

#[test]
fn a_thousand_strangers_are_few_lines_in_the_log() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_keys();
    let servers = ["A", "B"].map(|name| herd.start(name));
    assert_linked(&servers);
    let a = &servers[0];
    let lines = || a.log().lines().count();
    let before = lines();
    for number in 0..1_000 {
        let mut stranger = a.stranger();
        match number % 4 {
            0 => stranger.send(greeting("B")),
            // The beginning of a handshake.
            1 => stranger.send([22, 3, 1]),
            _ => {}
        }
        // It is waited for now and then, so that they are strangers in a row and not a crowd.
        if number % 4 == 0 {
            stranger.wait_for_end();
        }
    }
    let config = showing(&herd, None);
    for _ in 0..50 {
        let mut stranger = caller(a, &config);
        stranger.send(greeting("B"));
        stranger.wait_for_end();
    }
    assert_undisturbed(&servers);
    let said = lines() - before;
    let most = 3 * usize::try_from(REFUSALS_SAID_MAX).unwrap() + 20;
    assert!(said <= most, "{said} lines:\n{}", a.log());
    assert!(a.log().contains("is refused: "), "{}", a.log());
}

#[test]
fn silent_strangers_do_not_keep_a_neighbour_out() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_keys();
    let a = herd.start("A");
    // More than may be there at all; some have begun to shake hands.
    let mut silent: Vec<Client> = (0..100).map(|_| a.stranger()).collect();
    silent.iter_mut().step_by(3).for_each(|stranger| stranger.send([22, 3, 1, 1]));
    let started = Instant::now();
    let servers = [a, herd.start("B")];
    assert_linked(&servers);
    let took = started.elapsed();
    // Far above what it takes, and below what a stranger is waited for.
    assert!(took < HANDSHAKE_TIMEOUT - Duration::from_secs(1), "{took:?}");
    assert_undisturbed(&servers);
    // The oldest had to go.
    silent[0].wait_for_end();
}
