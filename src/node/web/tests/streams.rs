//! Streams of events.

use super::*;

/// The events in a text: `id`, `event` and `data` of each.
fn events(text: &str) -> Vec<(String, String, String)> {
    let body = text.split_once("\r\n\r\n").map_or(text, |(_, body)| body);
    let events = body.split("\n\n").filter(|event| !event.is_empty() && *event != ":");
    let read = events.map(|event| {
        let value = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{event:?} has no {name}")).to_owned()
        };
        (value("id: "), value("event: "), value("data: "))
    });
    read.collect()
}

/// What happened to whom, in short.
pub(super) fn short(events: &[(String, String, String)]) -> Vec<String> {
    let one = |(_, event, data): &(String, String, String)| {
        let id = data.split('"').nth(3).unwrap_or_default();
        format!("{event} {id}").trim().to_owned()
    };
    events.iter().map(one).collect()
}

pub(super) fn settle(scene: &mut Scene) {
    for _ in 0..20 {
        scene.turn();
    }
}

/// Another visitor watches; `last` is the id of the last event that it knows.
pub(super) fn watch(scene: &mut Scene, query: &str, last: Option<&str>) -> usize {
    let visitor = scene.visit();
    let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    scene.sends(visitor, &format!("GET /events{query} HTTP/1.1\r\nHost: h\r\n{last}\r\n"));
    settle(scene);
    visitor
}

pub(super) fn told(scene: &mut Scene, visitor: usize) -> Vec<(String, String, String)> {
    settle(scene);
    events(&scene.read(visitor))
}

pub(super) const AREA: &str = "?near=34,-118&km=100";

#[test]
fn what_is_so_comes_first_and_then_what_changes() {
    for (query, at_first) in [
        ("", vec!["at kiwi", "at far", "now"]),
        (AREA, vec!["at kiwi", "now"]),
        ("?client=kiwi", vec!["at kiwi", "now"]),
        ("?client=nobody", vec!["now"]),
    ] {
        let mut scene = Scene::new();
        report(&mut scene, "kiwi", "34.068930");
        report(&mut scene, "far", "-34");
        let visitor = watch(&mut scene, query, None);
        let head = scene.read(visitor);
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("text/event-stream"));
        let first = events(&head);
        assert_eq!(short(&first), at_first, "{query}");
        if at_first.len() > 1 {
            assert_eq!(first[0].2, KIWI, "the same JSON as everywhere");
        }
        scene.pass(SECONDS(1));
        let moved = get("/?id=kiwi&lat=-35&lon=-118");
        assert_eq!(scene.status(&moved), 200);
        let then = match query {
            "" | "?client=kiwi" => vec!["at kiwi"],
            AREA => vec!["out kiwi"],
            _ => vec![],
        };
        assert_eq!(short(&told(&mut scene, visitor)), then, "{query}");
    }
}

#[test]
fn who_comes_back_goes_on_from_the_last_event_that_it_knows() {
    for query in ["", AREA, "?client=kiwi"] {
        let mut scene = Scene::new();
        report(&mut scene, "before", "34.1");
        report(&mut scene, "kiwi", "34.2");
        let visitor = watch(&mut scene, query, None);
        let known = told(&mut scene, visitor);
        let last = known.last().unwrap().0.clone();
        let again = watch(&mut scene, query, Some(&last));
        assert_eq!(short(&told(&mut scene, again)), ["now"], "{query}: nothing has changed");
        scene.pass(SECONDS(1));
        assert_eq!(scene.status(&get("/?id=kiwi&lat=34.3&lon=-118")), 200);
        assert_eq!(scene.status(&get("/?id=new&lat=34.3&lon=-118")), 200);
        let again = watch(&mut scene, query, Some(&last));
        let expected: &[_] = match query {
            "?client=kiwi" => &["at kiwi", "now"],
            _ => &["at kiwi", "at new", "now"],
        };
        assert_eq!(short(&told(&mut scene, again)), expected, "{query}");
        // Who was told before the break is known to have been.
        scene.pass(SECONDS(1));
        assert_eq!(scene.status(&get("/?id=before&lat=-34&lon=-118")), 200);
        let expected: &[_] = match query {
            "" => &["at before"],
            AREA => &["out before"],
            _ => &[],
        };
        assert_eq!(short(&told(&mut scene, again)), expected, "{query}");
        // Who left meanwhile is told once, though it may never have been known.
        let late = watch(&mut scene, query, Some(&last));
        let expected: &[_] = match query {
            "" => &["at kiwi", "at new", "at before", "now"],
            AREA => &["at kiwi", "at new", "out before", "now"],
            _ => &["at kiwi", "now"],
        };
        assert_eq!(short(&told(&mut scene, late)), expected, "{query}");
    }
}

#[test]
fn an_id_that_says_nothing_here_begins_from_the_beginning() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.2");
    let visitor = watch(&mut scene, "", None);
    let last = told(&mut scene, visitor).last().unwrap().0.clone();
    let (life, sequence) = last.split_once('-').unwrap();
    let other_life = format!("{}-{sequence}", life.parse::<u32>().unwrap() ^ 1);
    let not_yet = format!("{life}-{}", u64::MAX);
    for id in [&*other_life, &not_yet, "", "x"] {
        let visitor = watch(&mut scene, "", Some(id));
        assert_eq!(short(&told(&mut scene, visitor)), ["at kiwi", "now"], "{id:?}");
    }
}

#[test]
fn whoever_missed_more_than_is_looked_for_at_once_is_told_the_same() {
    let mut scene = Scene::new();
    let clients = 2 * limits::RESUMED_CHANGES_MAX;
    for number in 0..clients {
        report(&mut scene, &format!("c{number}"), "1");
    }
    let life = scene.node.web.life;
    for missed in [1, limits::RESUMED_CHANGES_MAX, limits::RESUMED_CHANGES_MAX + 1, clients] {
        let last = format!("{life}-{}", clients - missed);
        let visitor = watch(&mut scene, "", Some(&last));
        let mut told = Vec::new();
        while told.last().is_none_or(|last| last != "now") {
            scene.turn();
            told.extend(short(&events(&scene.read(visitor))));
        }
        assert_eq!(told.len() as u64, missed + 1);
        assert_eq!(told[0], format!("at c{}", clients - missed));
    }
}

/// The sequence numbers of ids.
fn sequences(events: &[(String, String, String)]) -> Vec<u64> {
    events.iter().map(|(id, ..)| id.split_once('-').unwrap().1.parse().unwrap()).collect()
}

fn moved(scene: &mut Scene, id: &str, latitude: &str) {
    scene.now.posix_nanoseconds += SECOND;
    let target = format!("/?id={id}&lat={latitude}&lon=-118");
    assert_eq!(scene.status(&get(&target)), 200);
}

#[test]
fn who_leaves_while_what_is_so_is_told_is_told_in_its_turn() {
    let clients = 12 * limits::EVENTS_PER_WATCHER;
    let mut scene = Scene::new();
    for number in 0..clients {
        report(&mut scene, &format!("c{number}"), "34");
    }
    // So that the index of areas is there.
    assert_eq!(scene.status(&get("/clients?near=34,-118&km=0")), 200);
    for last in [None, Some(clients as u64 / 2)] {
        let last = last.map(|last| format!("{}-{last}", scene.node.web.life));
        let visitor = scene.visit();
        let fields = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!("GET /events{AREA} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        scene.sends(visitor, &request);
        scene.turn();
        let mut all = events(&scene.read(visitor));
        assert!(all.len() < clients / 2, "a share of it");
        // The first has been told or passed over, the last has not: both come back and leave again.
        for id in ["c0".to_owned(), format!("c{}", clients - 1)] {
            moved(&mut scene, &id, "34.1");
            scene.turn();
            moved(&mut scene, &id, "-34");
            moved(&mut scene, &id, "-35");
        }
        while let more = told(&mut scene, visitor)
            && !more.is_empty()
        {
            all.extend(more);
        }
        let sequences = sequences(&all);
        assert!(
            sequences.is_sorted(),
            "who goes on from any of them misses nothing: {sequences:?}"
        );
        let of = |id: &str| -> Vec<String> {
            short(&all).into_iter().filter(|event| event.split(' ').nth(1) == Some(id)).collect()
        };
        assert_eq!(of("c0").last().unwrap(), "out c0");
        let others = all.iter().filter(|(_, event, _)| event == "out").count();
        assert!(others <= 2, "{all:?}");
        if fields.is_empty() {
            assert_eq!(
                all.len() - sequences.iter().filter(|s| **s > clients as u64).count(),
                clients - 1
            );
        } else {
            let last = format!("c{}", clients - 1);
            assert_eq!(of(&last).last().unwrap(), &format!("out {last}"), "it was told of before");
        }
        for id in ["c0".to_owned(), format!("c{}", clients - 1)] {
            moved(&mut scene, &id, "34");
        }
        scene.call(visitor, |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
    }
}

#[test]
fn a_comment_comes_every_so_often_unless_the_reader_is_slow() {
    let mut scene = Scene::new();
    let visitor = watch(&mut scene, "", None);
    scene.read(visitor);
    for _ in 0..3 {
        scene.pass(limits::COMMENT_INTERVAL - Duration::from_nanos(1));
        assert_eq!(scene.read(visitor), "");
        scene.pass(Duration::from_nanos(1));
        assert_eq!(scene.read(visitor), ":\n\n");
    }
    for _ in 0..3 {
        scene.pass(limits::COMMENT_INTERVAL);
    }
    assert_eq!(scene.read(visitor), ":\n\n", "one is enough while it is not read");
}

#[test]
fn a_stream_that_has_told_all_ends_at_the_half_close_though_nothing_changes() {
    for query in ["", AREA, "?client=kiwi"] {
        let mut scene = Scene::new();
        report(&mut scene, "kiwi", "34.2");
        let visitor = watch(&mut scene, query, None);
        assert_eq!(short(&told(&mut scene, visitor)), ["at kiwi", "now"]);
        scene.call(visitor, |protocol, cx| protocol.eof_received(cx));
        assert!(scene.is_ending(visitor), "{query}");
        scene.node.check().unwrap();
    }
}

#[test]
fn what_is_sent_behind_the_request_for_a_stream_is_passed_over_and_the_end_is_seen() {
    let behind = [get("/healthz"), "\r\n".to_owned(), "GET /half".to_owned()];
    for behind in &behind {
        for before in ["", "GET /clients/kiwi/places?km=1 HTTP/1.1\r\nHost: h\r\n\r\n"] {
            let mut scene = Scene::new();
            report(&mut scene, "kiwi", "34.2");
            let visitor = scene.visit();
            scene.sends(visitor, &format!("{before}{}{behind}", get("/events")));
            scene.pass(limits::PLACES_DEADLINE);
            scene.node.timer_expired(scene.now);
            settle(&mut scene);
            let read = scene.read(visitor);
            assert!(read.contains("event: now"), "{read}");
            let answers = 1 + usize::from(!before.is_empty());
            assert_eq!(read.matches("HTTP/1.1 ").count(), answers, "{read}");
            assert!(scene.wants_data(visitor), "its end is waited for");
            scene.call(visitor, |protocol, cx| protocol.eof_received(cx));
            assert!(scene.is_ending(visitor));
        }
    }
}

#[test]
fn behind_the_head_of_a_stream_the_connection_is_closed() {
    let mut scene = Scene::new();
    let visitor = scene.visit();
    scene.sends(visitor, &format!("HEAD /events HTTP/1.1\r\nHost: h\r\n\r\n{}", get("/healthz")));
    let read = scene.read(visitor);
    assert!(read.contains("Connection: close\r\n\r\n") && read.ends_with("\r\n\r\n"), "{read}");
    assert!(scene.is_ending(visitor));
}

#[test]
fn a_stream_ends_with_what_is_so_at_the_half_close_and_at_once_at_the_stop() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.2");
    let visitor = scene.visit();
    scene.sends(visitor, &get("/events"));
    scene.call(visitor, |protocol, cx| protocol.eof_received(cx));
    assert_eq!(short(&told(&mut scene, visitor)), ["at kiwi", "now"]);
    assert!(scene.is_ending(visitor));
    let idle = watch(&mut scene, "", None);
    scene.call(idle, |protocol, cx| protocol.eof_received(cx));
    assert!(scene.is_ending(idle), "all of that has been told before");
    let visitor = watch(&mut scene, "", None);
    scene.call(visitor, |protocol, cx| protocol.stopping(cx));
    assert!(scene.is_ending(visitor));
    let gone = watch(&mut scene, "", None);
    scene.call(gone, |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
    scene.node.check().unwrap();
}

#[test]
fn nothing_behind_a_stream_is_answered() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    let visitor = scene.visit();
    scene.sends(visitor, &(get("/events") + &get("/clients/kiwi")));
    scene.sends(visitor, &get("/clients/kiwi"));
    scene.call(visitor, |protocol, cx| protocol.eof_received(cx));
    settle(&mut scene);
    let told = scene.read(visitor);
    assert_eq!(short(&events(&told)), ["at kiwi", "now"]);
    assert!(told.matches("HTTP/1.1 ").count() == 1 && told.ends_with("data: {}\n\n"), "{told}");
    assert!(scene.is_ending(visitor));
    // Where there is no stream the next request is answered.
    let answers = scene.ask(&[get("/events?near=1,2"), get("/clients/kiwi")].concat());
    assert_eq!(answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [400, 200]);
}
