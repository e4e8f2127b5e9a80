//! `WATCH` as users see it: what is so, what changes, and nothing else.

use crate::harness::{Client, Herd, until};

/// The next lines, without what the server's clock makes of them.
fn lines(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| plain(&client.line())).collect()
}

fn plain(line: &str) -> String {
    let fields: Vec<&str> = line.split(' ').collect();
    match fields[..] {
        ["~", "AT", server, _, id, location, time] => format!("~ {server} {id} {location} {time}"),
        _ => line.to_owned(),
    }
}

/// What has come up to the answer of a command that changes nothing.
fn so_far(client: &mut Client) -> Vec<String> {
    client.send("done?\n");
    let mut lines = Vec::new();
    loop {
        let line = client.line();
        if line == "? done?" {
            return lines;
        }
        lines.push(plain(&line));
    }
}

#[test]
fn a_client_is_watched_before_and_after_it_is_known() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let (mut watcher, mut kiwi) = (server.client(), server.client());
    assert_eq!(watcher.ask("WATCH  kiwi\r"), "WATCH  kiwi\r", "as it came");
    assert_eq!(watcher.line(), "~ NOW kiwi");
    kiwi.ask("IAMAT kiwi +34-118 1");
    assert_eq!(lines(&mut watcher, 1), ["~ Solo kiwi +34-118 1"]);
    kiwi.ask("IAMAT kiwi +34-118 2");
    kiwi.ask("IAMAT kiwi +35-118 1.5");
    kiwi.ask("IAMAT lemon +34-118 2");
    kiwi.ask("IAMAT kiwi +34-118 3");
    let moved = ["~ Solo kiwi +34-118 2", "~ Solo kiwi +34-118 3"];
    assert_eq!(lines(&mut watcher, 2), moved, "also when its time alone is new; nothing of others");
    let mut late = server.client();
    late.send("WATCH kiwi\nIAMAT fig +1+1 1\n");
    assert_eq!(late.line(), "WATCH kiwi");
    assert!(late.line().starts_with("AT Solo "), "answers do not wait");
    assert_eq!(lines(&mut late, 2), ["~ Solo kiwi +34-118 3", "~ NOW kiwi"]);
    assert_eq!(watcher.ask("UNWATCH kiwi"), "UNWATCH kiwi");
    kiwi.ask("IAMAT kiwi +34-118 4");
    assert_eq!(lines(&mut late, 1), ["~ Solo kiwi +34-118 4"]);
    assert!(so_far(&mut watcher).is_empty());
}

#[test]
fn an_area_is_entered_and_left() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let (mut watcher, mut mover) = (server.client(), server.client());
    mover.ask("IAMAT in +34.001-118 1");
    mover.ask("IAMAT out +40-118 1");
    mover.ask("IAMAT edge +34-118 1");
    assert_eq!(watcher.ask("WATCH +34-118 1.5"), "WATCH +34-118 1.5");
    let now = ["~ Solo in +34.001-118 1", "~ Solo edge +34-118 1", "~ NOW +34-118 1.5"];
    assert_eq!(lines(&mut watcher, 3), now, "in the feed's order");
    mover.ask("IAMAT out +34-118 2");
    mover.ask("IAMAT in +40-118 2");
    mover.ask("IAMAT never +50-118 2");
    mover.ask("IAMAT edge +34.001-118 2");
    let moved = ["~ Solo out +34-118 2", "~ OUT in", "~ Solo edge +34.001-118 2"];
    assert_eq!(lines(&mut watcher, 3), moved);
    assert!(so_far(&mut watcher).is_empty());
}

#[test]
fn everything_is_told_from_the_first_and_each_client_once() {
    const CLIENTS: usize = 20_000;
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut mover = server.client();
    for chunk in (0..CLIENTS).collect::<Vec<_>>().chunks(1_000) {
        mover.send(chunk.iter().map(|id| format!("IAMAT c{id} +1+1 1\n")).collect::<String>());
        chunk.iter().for_each(|_| drop(mover.line()));
    }
    let mut watcher = server.client();
    assert_eq!(watcher.ask("WATCH *"), "WATCH *");
    // Meanwhile the first and the last move.
    mover.ask("IAMAT c0 +2+2 2");
    mover.ask(&format!("IAMAT c{} +2+2 2", CLIENTS - 1));
    let mut told = vec![Vec::new(); CLIENTS];
    let mut after_now = None;
    let is_done = |told: &[Vec<String>]| {
        [0, CLIENTS - 1].iter().all(|&id| told[id].last().is_some_and(|time| time == "2"))
    };
    while after_now.is_none() || !is_done(&told) {
        let line = watcher.line();
        if line == "~ NOW *" {
            assert_eq!(after_now.replace(0), None);
            assert!(told.iter().all(|times| times.len() <= 2 && !times.is_empty()));
            continue;
        }
        let fields: Vec<&str> = line.split(' ').collect();
        let id: usize = fields[4][1..].parse().unwrap();
        told[id].push(fields[6].to_owned());
    }
    assert!(told[1..CLIENTS - 1].iter().all(|times| times[..] == ["1"]));
    assert!(so_far(&mut watcher).is_empty());
}

#[test]
fn what_is_no_watch_is_refused_with_its_own_words() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    for line in [
        "WATCH",
        "WATCH +34-118",
        "WATCH +34-118 20041",
        "WATCH +34-118 -1",
        "WATCH +34 5",
        "WATCH kiwi lemon",
        "WATCH * 5",
        "WATCH kiwi 1 2",
        "UNWATCH kiwi",
        "UNWATCH *",
        "watch kiwi",
    ] {
        assert_eq!(client.ask(line), format!("? {line}"));
    }
    // The thousandth is one too few, the one behind it one too many.
    for number in 1..=1_000 {
        let watch = format!("WATCH c{number}");
        assert_eq!(client.ask(&watch), watch);
        assert_eq!(client.line(), format!("~ NOW c{number}"));
    }
    assert_eq!(client.ask("WATCH one-more"), "? WATCH one-more");
    assert_eq!(client.ask("WATCH c7"), "WATCH c7", "that is one of them");
    assert_eq!(client.line(), "~ NOW c7");
    assert_eq!(client.ask("UNWATCH c8"), "UNWATCH c8");
    assert_eq!(client.ask("UNWATCH c8"), "? UNWATCH c8");
    assert_eq!(client.ask("WATCH one-more"), "WATCH one-more");
}

#[test]
fn an_own_report_is_answered_before_its_event() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    client.send("WATCH *\n");
    assert_eq!(lines(&mut client, 2), ["WATCH *", "~ NOW *"]);
    for round in 1..200 {
        client.send(format!("IAMAT kiwi +1+1 {round}\n"));
        let (answer, event) = (client.line(), client.line());
        assert!(answer.starts_with("AT Solo "), "{answer}");
        assert_eq!(event, format!("~ {answer}"));
    }
}

#[test]
fn at_the_half_close_what_is_so_is_told_and_then_the_end() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    for (watch, events) in [("WATCH *", 2), ("WATCH kiwi", 2), ("WATCH +34-118 20040", 2)] {
        let mut client = server.client();
        client.send(format!("{watch}\n"));
        client.finish();
        let told = String::from_utf8(client.rest()).unwrap();
        let told: Vec<&str> = told.lines().collect();
        assert_eq!(told.len(), 1 + events, "{told:?}");
        assert_eq!((told[0], told[2]), (watch, &*watch.replace("WATCH", "~ NOW")));
    }
}

#[test]
fn nobody_watches_with_classic() {
    let herd = Herd::of(&[("Solo", &[])]).with("--classic");
    let server = herd.start("Solo");
    for line in ["WATCH kiwi", "WATCH *", "UNWATCH kiwi"] {
        assert_eq!(server.ask(line), format!("? {line}"));
    }
}

#[test]
fn the_other_servers_reports_are_events_here() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let servers = herd.start_all();
    let mut watcher = servers[1].client();
    watcher.ask("WATCH *");
    assert_eq!(watcher.line(), "~ NOW *");
    let answer = servers[0].report("kiwi", "1");
    assert_eq!(watcher.line(), format!("~ {answer}"));
}

#[test]
fn who_watches_is_not_idle() {
    let herd = Herd::of(&[("Solo", &[])]).with("--idle").with("1");
    let server = herd.start("Solo");
    let mut watcher = server.client();
    watcher.ask("WATCH kiwi");
    let mut idle = server.client();
    idle.ask("hello");
    assert!(idle.rest().is_empty(), "it is closed");
    until("a second more", || server.log().contains("given up").then_some(()));
    assert_eq!(watcher.line(), "~ NOW kiwi");
    server.report("kiwi", "1");
    assert!(watcher.line().starts_with("~ AT "));
}
