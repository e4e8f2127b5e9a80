//! Clients that are forgotten, by one server and so by all.

use crate::harness::{Herd, Server, time_in, until};
use herd::limits::NEIGHBOUR_SILENCE_MAX;
use std::time::{Duration, Instant};

/// Forgets a client as of now.
#[track_caller]
fn forget(server: &Server, client: &str) {
    let time = time_in(0);
    let gone = server.ask(&format!("FORGET {client} {time}"));
    let front = format!("GONE {} +", server.name);
    assert!(gone.starts_with(&front) && gone.ends_with(&format!(" {client} {time}")), "{gone}");
}

#[test]
fn who_is_forgotten_at_one_server_is_unknown_at_all_until_it_reports_later() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let servers = herd.start_all();
    let at = servers[0].report("kiwi", &time_in(-1));
    servers.iter().for_each(|server| server.wait_for(&at));
    let mut watcher = servers[1].client();
    assert_eq!(watcher.ask("WATCH kiwi"), "WATCH kiwi");
    assert_eq!([watcher.line(), watcher.line()], [format!("~ {at}"), "~ NOW kiwi".to_owned()]);
    forget(&servers[2], "kiwi");
    servers.iter().for_each(|server| server.wait_until_unknown("kiwi"));
    let gone = watcher.line();
    assert!(gone.starts_with("~ GONE C +") && gone.contains(" kiwi "), "{gone}");
    // An older report changes nothing, at whichever server.
    servers[0].report("kiwi", &time_in(-1));
    let at = servers[1].report("kiwi", &time_in(0));
    servers.iter().for_each(|server| server.wait_for(&at));
}

#[test]
fn a_cut_brings_nobody_back() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let [a, mut b, c]: [Server; 3] = herd.start_all().try_into().unwrap();
    let time = time_in(-1);
    for client in ["kiwi", "emu"] {
        let at = a.report(client, &time);
        c.wait_for(&at);
    }
    b.process.kill();
    forget(&a, "kiwi");
    // On the far side it even reports on, with a time before it was forgotten.
    c.report("kiwi", &time);
    assert!(a.find("kiwi").is_none() && c.find("kiwi").is_some());
    let b = herd.start("B");
    let emu = a.find("emu").unwrap();
    b.wait_for(&emu);
    [&a, &b, &c].iter().for_each(|server| server.wait_until_unknown("kiwi"));
    c.wait_for(&emu);
}

#[test]
fn a_cut_that_is_longer_than_tombstones_last_is_said_when_it_heals() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_tombstone_seconds(1);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    b.process.signal("STOP");
    a.wait_for_log("link to B is down");
    // It is away for as long as that, which nothing but time can show.
    let down = Instant::now();
    until("tombstones are over", || (down.elapsed() > Duration::from_secs(2)).then_some(()));
    b.process.signal("CONT");
    let said = a.wait_for_log("longer than tombstone_seconds (1)");
    assert!(said.contains("WARN") && said.contains("the link to B was down for "), "{said}");
    assert!(down.elapsed() < 4 * NEIGHBOUR_SILENCE_MAX);
}

#[test]
fn what_is_older_than_tombstones_last_cannot_be_forgotten() {
    let herd = Herd::of(&[("A", &[])]).with_tombstone_seconds(100);
    let server = herd.start("A");
    let line = format!("FORGET kiwi {}", time_in(-101));
    assert_eq!(server.ask(&line), format!("? {line}"));
    assert!(server.ask(&format!("FORGET kiwi {}", time_in(-90))).starts_with("GONE A +"));
}
