//! Servers that are killed and started again: the others go on, and who returns catches up.

use crate::harness::{Client, Herd, Server, posix_nanoseconds, until};
use std::time::{Duration, Instant};

/// Reports one client on an open connection.
fn report(connection: &mut Client, client: &str, time: u64) -> String {
    let answer = connection.ask(&format!("IAMAT {client} +34.068930-118.445127 {time}"));
    assert!(answer.starts_with("AT "), "{answer}");
    answer
}

#[test]
fn survivors_serve_without_a_gap_and_the_returned_one_catches_up() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[])]);
    let [a, mut b, c]: [Server; 3] = herd.start_all().try_into().unwrap();
    // What B has taken itself, and what it has heard.
    let own = b.report("own", "1");
    let heard = a.report("heard", "2");
    [&a, &b, &c].iter().for_each(|server| [&own, &heard].iter().for_each(|at| server.wait_for(at)));
    let (mut at_a, mut at_c) = (a.client(), c.client());
    b.process.kill();
    // The connections of others stay, every command is answered, and the herd still spreads news.
    let mut moved = String::new();
    for time in 0..200 {
        moved = report(&mut at_a, "moving", time);
        report(&mut at_c, &format!("client-{time}"), time);
    }
    c.wait_for(&moved);
    a.wait_for_log("link to B is down");
    let b = herd.start("B");
    b.wait_for(&own);
    b.wait_for(&heard);
    b.wait_for(&moved);
    for time in [0, 99, 199] {
        let at = c.find(&format!("client-{time}")).unwrap();
        assert!(at.starts_with("AT C "), "{at}");
        b.wait_for(&at);
    }
    // Back for good.
    let after = b.report("own", "3");
    a.wait_for(&after);
    c.wait_for(&after);
}

#[test]
fn a_herd_cut_in_two_is_whole_again_when_the_middle_returns() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let [a, mut b, c]: [Server; 3] = herd.start_all().try_into().unwrap();
    b.process.kill();
    let (left, right) = (a.report("left", "1"), c.report("right", "1"));
    // Both sides hear different things of the same client; the newest wins.
    a.report("both", "1");
    let newest = c.report("both", "2");
    assert_eq!((c.find("left"), a.find("right")), (None, None));
    let _b = herd.start("B");
    c.wait_for(&left);
    a.wait_for(&right);
    a.wait_for(&newest);
    c.wait_for(&newest);
}

#[test]
fn who_is_killed_again_and_again_ends_with_everything() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, mut b]: [Server; 2] = herd.start_all().try_into().unwrap();
    let mut reported = Vec::new();
    for life in 0..5 {
        reported.push(b.report(&format!("b-{life}"), "1"));
        a.wait_for(&reported[reported.len() - 1]);
        b.process.kill();
        reported.push(a.report(&format!("a-{life}"), "1"));
        b = herd.start("B");
    }
    for at in &reported {
        b.wait_for(at);
        a.wait_for(at);
    }
}

/// Its neighbour's pause between two tries has become the longest, of several seconds; it ends when the
/// server that is back greets it.
#[test]
fn who_was_away_for_long_knows_at_once_what_its_neighbour_knows() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, mut b]: [Server; 2] = herd.start_all().try_into().unwrap();
    b.process.kill();
    let told = a.report("kiwi", "1");
    let mut slowest = Duration::ZERO;
    for away in [7, 9] {
        let (since, away) = (Instant::now(), Duration::from_secs(away));
        until("its absence to last", || (since.elapsed() >= away).then_some(()));
        let started = Instant::now();
        b = herd.start("B");
        b.wait_for(&told);
        slowest = slowest.max(started.elapsed());
        // That it is linked is said only when it has been linked from both sides.
        until("it to be linked", || b.process.output().contains("linked with all").then_some(()));
        assert_eq!(b.find("kiwi").as_ref(), Some(&told));
        b.process.kill();
    }
    println!("a server that is back knew what its neighbour knows after {slowest:.1?}");
    assert!(slowest < Duration::from_secs(2), "it took {slowest:?}");
}

#[test]
fn catching_up_is_one_line_in_the_log_at_each_end_and_news_are_lines() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    let mut connection = a.client();
    let reported: Vec<String> =
        (0..500).map(|n| report(&mut connection, &format!("client-{n}"), n)).collect();
    let b = herd.start("B");
    reported.iter().for_each(|at| b.wait_for(at));
    let bytes: usize = reported.iter().map(|at| at.len() + 1).sum();
    let summary = format!("500 positions, {bytes} bytes in ");
    a.wait_for_log(&format!("B has caught up: {summary}"));
    b.wait_for_log(&format!("caught up with A: {summary}"));
    let news = a.report("kiwi", "1");
    b.wait_for(&news);
    let lines = |server: &Server, arrow: &str| {
        server.log().lines().filter(|line| line.contains(arrow)).count()
    };
    // The answers to all reports, and to B the news.
    until("the news to be logged", || (lines(&a, " > AT ") > 501).then_some(()));
    b.wait_for_log(&format!(" < {news}"));
    assert_eq!((lines(&a, " > AT "), lines(&b, " < AT ")), (502, 1), "{}", b.log());
}

/// As the README tells operators to do it: the log says when the next server may be restarted.
#[test]
fn a_rolling_restart_by_the_log_loses_nothing() {
    let names = ["A", "B", "C"];
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[])]);
    let mut servers = herd.start_all();
    let reported: Vec<String> =
        (0..60).map(|n| servers[n % 3].report(&format!("client-{n}"), &n.to_string())).collect();
    // They know nothing of the last report but through each other.
    servers.iter().for_each(|server| reported.iter().for_each(|at| server.wait_for(at)));
    for (n, name) in names.into_iter().enumerate() {
        servers[n].process.signal("TERM");
        assert!(servers[n].process.wait().success());
        servers[n] = herd.start(name);
        for neighbour in servers.iter().filter(|server| server.name != name) {
            neighbour.wait_until_caught_up(name);
        }
    }
    for server in &servers {
        for at in &reported {
            let client = at.split(' ').nth(3).unwrap();
            assert_eq!(server.find(client).as_ref(), Some(at), "at {}", server.name);
        }
    }
}

#[test]
fn all_but_one_may_die_at_once() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &["D"]), ("D", &[])]);
    let mut servers = herd.start_all();
    let reported: Vec<String> = servers.iter().map(|s| s.report(&s.name, "1")).collect();
    let last = servers.len() - 1;
    reported.iter().for_each(|at| servers[last].wait_for(at));
    servers[..last].iter_mut().for_each(|server| server.process.kill());
    let alone = servers[last].report("alone", "1");
    servers.truncate(0);
    // The last one has gone as well: what is only in memory is lost, and the herd starts anew.
    let mut servers = herd.start_all();
    assert_eq!(servers[last].find("alone"), None);
    let again = servers[0].report("alone", "1");
    assert_ne!(alone, again);
    servers[last].wait_for(&again);
    servers[0].process.kill();
    let first = herd.start("A");
    first.wait_for(&again);
}

#[test]
fn a_neighbour_that_stops_answering_is_noticed_within_five_seconds() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    // Its sockets stay open, the kernel goes on to acknowledge, and nothing comes.
    let stopped_at = posix_nanoseconds();
    b.process.signal("STOP");
    a.wait_for_log("link to B is down: silent for");
    let took = posix_nanoseconds() - stopped_at;
    let missed = a.report("missed", "1");
    b.process.signal("CONT");
    b.wait_for(&missed);
    let limit = Duration::from_secs(5).as_nanos();
    assert!(u128::try_from(took).unwrap() < limit, "noticed after {took} ns");
}

#[test]
fn who_is_alone_serves_and_does_not_flood_its_log() {
    let herd = Herd::of(&[("A", &["B", "C", "D"]), ("B", &[]), ("C", &[]), ("D", &[])]);
    let a = herd.start("A");
    let at = a.report("kiwi", "1");
    assert_eq!(a.find("kiwi"), Some(at));
    for name in ["B", "C", "D"] {
        a.wait_for_log(&format!("WARN  {name} at "));
    }
    // By then each has been dialled a few times.
    let until_then = posix_nanoseconds() + 500_000_000;
    until("half a second has passed", || (posix_nanoseconds() > until_then).then_some(()));
    let warnings = a.log().matches("is away").count();
    assert_eq!(warnings, 3, "one for each neighbour:\n{}", a.log());
}
