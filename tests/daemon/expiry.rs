//! Positions whose time is over: unknown everywhere, then and not before, and told to those who watch.

use crate::harness::{Client, Herd, Server, posix_nanoseconds, time_in, until};
use serde_json::Value;
use std::thread;
use std::time::Duration;

const TTL_SECONDS: u32 = 3;
/// Within what time watchers are told (contract), and what a crowded machine may add.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_secs(2);

fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap()
}

/// When a position of that client time ends, in POSIX nanoseconds.
fn end_of(time: &str) -> i128 {
    let (seconds, fraction) = time.split_once('.').unwrap();
    let seconds: i128 = seconds.parse().unwrap();
    (seconds + i128::from(TTL_SECONDS)) * 1_000_000_000 + fraction.parse::<i128>().unwrap()
}

/// An answer over HTTP: its status and its body.
fn get(server: &Server, request: &str) -> (u16, String) {
    let mut visitor = server.visitor();
    visitor.send(format!("{request} HTTP/1.1\r\nHost: h\r\n\r\n"));
    visitor.answer()
}

fn status(server: &Server) -> Value {
    serde_json::from_str(&get(server, "GET /status").1).unwrap()
}

/// Whether a server knows kiwi, asked in each way that there is.
fn known(server: &Server) -> Vec<(&'static str, bool)> {
    let near = server.ask("NEAR +34-118 100 5");
    let clients = get(server, "GET /clients?near=34,-118&km=100").1;
    vec![
        ("WHATSAT", server.find("kiwi").is_some()),
        ("NEAR a place", near.contains(" kiwi ")),
        ("NEAR a client", !server.ask("NEAR kiwi 100 5").starts_with('?')),
        ("GET", get(server, "GET /clients/kiwi").0 == 200),
        ("GET near", clients.contains("\"kiwi\"")),
    ]
}

/// Reads on until the words come; when that was.
fn hear(client: &mut Client, words: &str) -> (Vec<String>, i128) {
    let mut lines = Vec::new();
    loop {
        lines.push(client.line());
        if lines.last().is_some_and(|line| line.contains(words)) {
            return (lines, posix_nanoseconds());
        }
    }
}

/// A reader of a stream of events, with what it is told of at first.
fn stream(server: &Server, query: &str, last: Option<&str>) -> Client {
    let mut visitor = server.visitor();
    let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    visitor.send(format!("GET /events{query} HTTP/1.1\r\nHost: h\r\n{last}\r\n"));
    visitor
}

#[test]
fn a_position_is_unknown_on_all_servers_when_its_time_is_over_and_not_before() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web().with_ttl_seconds(TTL_SECONDS);
    let servers = herd.start_all();
    let time = time_in(0);
    let at = servers[0].report("kiwi", &time);
    let end = end_of(&time);
    servers[1].wait_for(&at);
    thread::scope(|scope| {
        for server in &servers {
            scope.spawn(move || {
                until(&format!("kiwi is unknown at {}", server.name), || {
                    let before = posix_nanoseconds();
                    let known = known(server);
                    let after = posix_nanoseconds();
                    for (how, is_known) in &known {
                        assert!(!is_known || before < end, "{how} knows it when it is over");
                        assert!(*is_known || after >= end, "{how} does not know it before");
                    }
                    known.iter().all(|(_, is_known)| !is_known).then_some(())
                });
                until("it is counted", || (status(server)["expired"] == 1).then_some(()));
                assert_eq!(status(server)["clients"], 0);
                let metrics = get(server, "GET /metrics").1;
                for line in ["herd_expired_total 1", "herd_clients 0", "herd_tombstones 0"] {
                    assert!(metrics.lines().any(|other| other == line), "{line}: {metrics}");
                }
            });
        }
    });
    // A new one is a new life, and both still agree.
    let at = servers[1].report("kiwi", &time_in(0));
    servers.iter().for_each(|server| server.wait_for(&at));
    for trouble in ["hold different positions", "is told everything again"] {
        servers.iter().for_each(|server| assert!(!server.log().contains(trouble), "{trouble}"));
    }
}

#[test]
fn who_watches_is_told_within_a_second_and_once() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web().with_ttl_seconds(TTL_SECONDS);
    let servers = herd.start_all();
    let (time, at_b) = (time_in(0), &servers[1]);
    let at = servers[0].report("kiwi", &time);
    at_b.wait_for(&at);
    let end = end_of(&time);
    let watches = ["WATCH kiwi", "WATCH +34-118 100", "WATCH *"];
    let lines = watches.map(|watch| {
        let mut client = at_b.client();
        assert_eq!(client.ask(watch), watch);
        (client, "~ EXPIRED kiwi")
    });
    let streams = ["?client=kiwi", "?near=34,-118&km=100", ""]
        .map(|query| (stream(at_b, query, None), "event: expired"));
    thread::scope(|scope| {
        for (mut watcher, words) in lines.into_iter().chain(streams) {
            scope.spawn(move || {
                let (told, heard) = hear(&mut watcher, words);
                assert!(told.iter().any(|line| line.contains("kiwi")), "{told:?}");
                assert!(heard >= end, "told before");
                let most = end + nanoseconds(TOLD_WITHIN + SLACK);
                assert!(heard <= most, "told {} ns late", heard - end);
                if words.starts_with("event") {
                    let (told, _) = hear(&mut watcher, "data: ");
                    assert_eq!(told.last().map(|line| &**line), Some("data: {\"id\":\"kiwi\"}"));
                } else {
                    assert_eq!(watcher.ask("done?"), "? done?", "nothing more is told");
                }
            });
        }
    });
}

#[test]
fn who_comes_back_to_a_stream_is_told_who_has_expired_meanwhile() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_ttl_seconds(1);
    let server = herd.start("Solo");
    server.report("kiwi", &time_in(0));
    let mut reader = stream(&server, "?client=kiwi", None);
    let (told, _) = hear(&mut reader, "event: now");
    let ids: Vec<&str> = told.iter().filter_map(|line| line.strip_prefix("id: ")).collect();
    let last = (*ids.last().unwrap_or_else(|| panic!("{told:?}"))).to_owned();
    drop(reader);
    server.wait_until_unknown("kiwi");
    until("it is counted", || (status(&server)["expired"] == 1).then_some(()));
    for query in ["?client=kiwi", ""] {
        let mut reader = stream(&server, query, Some(&last));
        let (told, _) = hear(&mut reader, "event: now");
        let expired = told.iter().filter(|line| line.contains("event: expired")).count();
        assert_eq!(expired, 1, "{told:?}");
        assert!(told.contains(&"data: {\"id\":\"kiwi\"}".to_owned()), "{told:?}");
    }
}

#[test]
fn a_report_that_is_dead_when_it_comes_is_answered_and_not_kept() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web().with_ttl_seconds(60);
    let servers = herd.start_all();
    let mut watcher = servers[0].client();
    assert_eq!([watcher.ask("WATCH *"), watcher.line()], ["WATCH *", "~ NOW *"]);
    let time = time_in(-61);
    servers[0].report("kiwi", &time);
    assert_eq!(servers[0].find("kiwi"), None);
    let query = format!("GET /?id=fig&lat=1&lon=1&timestamp={time}");
    assert_eq!(get(&servers[0], &query).0, 200);
    assert_eq!(get(&servers[0], "GET /clients/fig").0, 404);
    let status = status(&servers[0]);
    assert_eq!((&status["clients"], &status["changes"]), (&0.into(), &0.into()), "{status}");
    let plum = servers[0].report("plum", &time_in(-59));
    servers[1].wait_for(&plum);
    assert_eq!(watcher.line(), format!("~ {plum}"), "nobody was told of the others");
    assert_eq!(servers[1].find("kiwi"), None);
}

#[test]
fn the_memory_of_what_has_ended_is_used_again() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_ttl_seconds(1);
    let server = herd.start("Solo");
    let mut client = server.client();
    let mut bytes = Vec::new();
    for crowd in 0..3_u64 {
        // Within less than their lives.
        let reports = (0..5_000).map(|id| format!("IAMAT {crowd}-{id} +1+1 {}\n", time_in(1)));
        client.send(reports.collect::<String>());
        (0..5_000).for_each(|_| assert!(client.line().starts_with("AT ")));
        bytes.push(status(&server)["memory_bytes"].as_u64().unwrap());
        until("all have ended", || {
            (status(&server)["expired"] == 5_000 * (crowd + 1)).then_some(())
        });
    }
    assert!(bytes[1] <= bytes[0] && bytes[2] <= bytes[0], "{bytes:?}");
}

#[test]
fn servers_whose_settings_differ_refuse_each_other_and_say_both_figures() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_ttl_seconds(100);
    let a = herd.start("A");
    let herd = herd.with_ttl_seconds(200);
    let b = herd.start("B");
    let figures = ["ttl_seconds 100, tombstone_seconds 604800", "ttl_seconds 200"];
    for server in [&a, &b] {
        let refused = server.wait_for_log("is refused: herd files differ: ");
        let away = server.wait_for_log("is away: refused: herd files differ: ");
        for said in [refused, away] {
            assert!(said.contains(" WARN "), "{said}");
            figures.iter().for_each(|figure| assert!(said.contains(figure), "{said}"));
        }
    }
    for server in [&a, &b] {
        let log = server.log();
        let said = |words| log.lines().filter(|line| line.contains(words)).count();
        assert_eq!(said("is away: refused: herd files differ: "), 1, "not for each try");
        assert!(!log.contains(" is up in version "), "{log}");
    }
}
