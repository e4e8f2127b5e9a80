//! Keys that are made anew while servers run: SIGHUP.

use super::doors::{assert_linked, assert_undisturbed};
use super::{EXPIRED, Shown, caller, greeting, herdca, make_fifo, showing, token};
use crate::harness::herd::bare;
use crate::harness::{Herd, Process, Server, until};
use rustls::ClientConfig;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Has a server read its keys again; waits until it says what came of it.
#[track_caller]
fn hang_up(server: &Server, outcome: &str) -> String {
    let before = server.log().lines().count();
    server.process.signal("HUP");
    until(&format!("{} says {outcome:?}", server.name), || {
        let log = server.log();
        log.lines().skip(before).find(|line| line.contains(outcome)).map(str::to_owned)
    })
}

const TAKEN: &str = "certificates and keys are read anew";
const REFUSED: &str = "certificates and keys stay as they were: ";

/// The certificate that A shows to a neighbour.
#[track_caller]
fn shown_by(server: &Server, d: &Arc<ClientConfig>) -> Vec<u8> {
    let mut d = caller(server, d);
    d.send(greeting("D"));
    assert!(d.line().starts_with("HEARD 2 A "));
    d.stream.conn.peer_certificates().unwrap()[0].to_vec()
}

/// A herd of which A and B run and are linked.
fn linked() -> (Herd, [Server; 2]) {
    let herd = Herd::of(&[("A", &["B", "D"]), ("B", &[]), ("D", &[])]).with_keys();
    let servers = ["A", "B"].map(|name| herd.start(name));
    assert_linked(&servers);
    (herd, servers)
}

#[test]
fn renewed_certificates_are_taken_by_new_connections_and_live_links_go_on() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let d = |herd| showing(herd, Some(&Shown::of(herd, "D")));
    let first = shown_by(a, &d(&herd));
    assert_eq!(first, Shown::of(&herd, "A").chain()[0].to_vec());
    // All are renewed at once, also that of D, which A must believe.
    for name in ["A", "B", "D"] {
        herdca(&herd, &["server", name]);
    }
    assert_eq!(shown_by(a, &d(&herd)), first, "it was not asked to");
    servers.iter().for_each(|server| drop(hang_up(server, TAKEN)));
    let second = shown_by(a, &d(&herd));
    assert_ne!(second, first);
    assert_eq!(second, Shown::of(&herd, "A").chain()[0].to_vec());
    assert_undisturbed(&servers);
    for (server, other) in [(a, "B"), (&servers[1], "A")] {
        let ups = server.log().matches(&format!("link to {other} is up")).count();
        assert_eq!(ups, 1, "{} was linked again:\n{}", server.name, server.log());
    }
    // And by whom it dials from now on, and who dials it.
    drop(servers);
    let again = ["A", "B"].map(|name| herd.start(name));
    assert_linked(&again);
}

#[test]
fn what_is_wrong_changes_nothing() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let d = showing(&herd, Some(&Shown::of(&herd, "D")));
    let first = shown_by(a, &d);
    let (keys, own) = (herd.keys(), Shown::of(&herd, "A"));
    let [certificate, key] = [&own.certificate, &own.key].map(|file| fs::read(file).unwrap());
    let mode = |mode| fs::set_permissions(&own.key, Permissions::from_mode(mode)).unwrap();
    let refused = |words: &str| {
        let said = hang_up(a, REFUSED);
        assert!(said.contains(" ERROR ") && said.contains(words), "{words}: {said}");
        assert_eq!(shown_by(a, &d), first, "{words}");
    };
    fs::write(&own.key, fs::read(keys.join("B.key")).unwrap()).unwrap();
    refused("no pair");
    fs::write(&own.key, &key).unwrap();
    fs::write(&own.certificate, &certificate[..certificate.len() / 2]).unwrap();
    refused("A.pem");
    fs::remove_file(&own.certificate).unwrap();
    refused("A.pem");
    // A pair that neighbours would not take.
    for (shown, words) in [
        (Shown::of(&herd, "B"), "A.pem: it is not for a.test"),
        (Shown::by_a_stranger(&herd, &["a.test"]), "A.pem: its authority is not trusted here"),
        (Shown::by_another(&herd, &["a.test"]), "A.pem: its signature is not its authority's"),
        (Shown::by_the_herd(&herd, &["a.test"], EXPIRED), "A.pem: certificate expired"),
    ] {
        shown.install(&keys, "A");
        refused(words);
    }
    fs::write(&own.key, &key).unwrap();
    fs::write(&own.certificate, &certificate).unwrap();
    mode(0o640);
    refused("mode 640");
    mode(0o600);
    fs::write(&own.key, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    refused("key");
    fs::remove_file(&own.key).unwrap();
    refused("A.key");
    fs::write(&own.key, &key).unwrap();
    mode(0o600);
    let authority = fs::read(keys.join("ca.pem")).unwrap();
    fs::write(keys.join("ca.pem"), "").unwrap();
    refused("ca.pem");
    fs::write(keys.join("ca.pem"), authority).unwrap();
    hang_up(a, TAKEN);
    assert_undisturbed(&servers);
}

#[test]
fn revoked_tokens_and_another_key_for_tokens_count_from_the_next_signal_on() {
    let herd = Herd::of(&[("A", &[])]).with_keys().with("--require-tokens");
    let a = herd.start("A");
    let tokens = [(); 2].map(|()| token(&herd, "*", "report"));
    let report = "IAMAT kiwi +34.0-118.0 1";
    let refused = format!("? {report}");
    let mut clients = tokens.each_ref().map(|(token, _)| {
        let mut client = a.client();
        assert_eq!(client.ask(&format!("AUTH {token}")), "AUTH somebody");
        client
    });
    herdca(&herd, &["revoke", &tokens[0].1]);
    assert!(clients[0].ask(report).starts_with("AT A "), "it was not asked to look");
    hang_up(&a, TAKEN);
    assert_eq!(clients[0].ask(report), refused);
    assert!(clients[1].ask(report).starts_with("AT A "));
    let auth = format!("AUTH {}", tokens[0].0);
    assert_eq!(a.ask(&auth), format!("? {auth}"));
    let said = a.wait_for_log("is revoked");
    assert!(said.contains(&tokens[0].1) && said.contains("somebody"), "{said}");
    // What makes no sense changes nothing, not even a half of it.
    let [key, revoked] = ["tokens.pub", "revoked"].map(|file| herd.keys().join(file));
    let [good_key, good_revoked] = [&key, &revoked].map(|file| fs::read(file).unwrap());
    for file in [&key, &revoked] {
        fs::write(file, "no good").unwrap();
        let said = hang_up(&a, REFUSED);
        assert!(said.contains(file.to_str().unwrap()), "{said}");
        assert_eq!(clients[0].ask(report), refused);
        assert!(clients[1].ask(report).starts_with("AT A "));
        fs::write(&key, &good_key).unwrap();
        fs::write(&revoked, &good_revoked).unwrap();
    }
    // Another key: what the former has signed is worth nothing, on connections that are there, too.
    let other = herd.directory.join("other");
    let mut command = bare(env!("CARGO_BIN_EXE_herdca"));
    command.arg("new").arg(&other).arg("--herd").arg(herd.file());
    assert_eq!(Process::run(&mut command, herd.directory.path()).code, Some(0));
    for file in ["tokens.pub", "tokens.key"] {
        fs::copy(other.join(file), herd.keys().join(file)).unwrap();
    }
    hang_up(&a, TAKEN);
    assert_eq!(clients[1].ask(report), refused);
    let (new, _) = token(&herd, "*", "report");
    assert_eq!(clients[1].ask(&format!("AUTH {new}")), "AUTH somebody");
    assert!(clients[1].ask(report).starts_with("AT A "));
}

#[test]
fn what_would_block_whoever_opens_it_is_refused_and_nobody_waits() {
    let herd = Herd::of(&[("A", &[])]).with_keys().with("--require-tokens");
    let a = herd.start("A");
    for file in ["revoked", "tokens.pub", "ca.pem", "A.pem", "A.key"] {
        let path = herd.keys().join(file);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        make_fifo(&path);
        let said = hang_up(&a, REFUSED);
        assert!(said.contains(&format!("{file}: it is no regular file")), "{said}");
        assert_eq!(a.ask("x"), "? x");
        fs::remove_file(&path).unwrap();
        fs::write(&path, good).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    hang_up(&a, TAKEN);
}

#[test]
fn a_certificate_that_ends_soon_is_warned_of_at_the_start_and_when_it_is_read() {
    let herd = Herd::of(&[("A", &[])]).with_keys();
    Shown::ending_in(&herd, "a.test", 20 * DAY + DAY / 2).install(&herd.keys(), "A");
    let a = herd.start("A");
    let said = a.wait_for_log("the certificate for neighbours ends in 20 days");
    assert!(said.contains(" WARN "), "{said}");
    Shown::ending_in(&herd, "a.test", 40 * DAY).install(&herd.keys(), "A");
    let before = a.log().len();
    hang_up(&a, TAKEN);
    assert_eq!(a.ask("x"), "? x");
    assert!(!a.log()[before..].contains("the certificate"), "{}", a.log());
}
