//! Streams of events where positions end: who comes back is told each departure once.

use super::streams::{AREA, short, told, watch};
use super::*;

/// Positions end after a minute.
fn scene() -> Scene {
    Scene::of(r#""ttl_seconds": 60,"#, ClientBounds::NONE, &[])
}

#[test]
fn who_comes_back_is_told_each_departure_once() {
    for query in ["", AREA] {
        let mut scene = scene();
        report(&mut scene, "kiwi", "34.1");
        report(&mut scene, "fig", "34.2");
        let reader = watch(&mut scene, query, None);
        assert_eq!(short(&told(&mut scene, reader)), ["at kiwi", "at fig", "now"], "{query}");
        scene.pass(SECONDS(62));
        let ended = told(&mut scene, reader);
        let life = scene.node.web.life;
        let ids: Vec<&str> = ended.iter().map(|(id, ..)| &**id).collect();
        assert_eq!(ids, [format!("{life}-2.1"), format!("{life}-2.2")], "{query}");
        let [first, second] = &short(&ended)[..] else { panic!("{ended:?}") };
        assert!(first.starts_with("expired ") && second.starts_with("expired "), "{ended:?}");
        // From each of them it goes on with those behind it, also from the number of the feed alone.
        for (last, behind) in
            [("2", &[&**first, second, "now"][..]), ("2.1", &[second, "now"]), ("2.2", &["now"])]
        {
            let again = watch(&mut scene, query, Some(&format!("{life}-{last}")));
            assert_eq!(short(&told(&mut scene, again)), behind, "{query} {last}");
        }
        // What is not known of departures yet is of no use.
        let again = watch(&mut scene, query, Some(&format!("{life}-2.3")));
        assert_eq!(short(&told(&mut scene, again)), ["now"], "{query}: all, and nobody is left");
        // Behind the next change the number of the feed says it all.
        assert_eq!(scene.status(&get("/?id=lemon&lat=34.3&lon=-118")), 200);
        let then = told(&mut scene, reader);
        assert_eq!(then[0].0, format!("{life}-3"));
        let again = watch(&mut scene, query, Some(&then[0].0));
        assert_eq!(short(&told(&mut scene, again)), ["now"], "{query}");
    }
}

#[test]
fn who_comes_back_is_told_that_somebody_ends_before_it_has_been_looked_at() {
    let mut scene = scene();
    let clients = 4 * limits::EVENTS_PER_WATCHER;
    for number in 0..clients {
        report(&mut scene, &format!("c{number}"), "34.1");
    }
    let last = format!("{}-{clients}", scene.node.web.life);
    // So that the index of areas is there.
    assert_eq!(scene.status(&get("/clients?near=34,-118&km=0")), 200);
    scene.pass(SECONDS(62) - Duration::from_millis(1));
    let reader = scene.visit();
    let request = format!("GET /events{AREA} HTTP/1.1\r\nHost: h\r\nLast-Event-ID: {last}\r\n\r\n");
    scene.sends(reader, &request);
    let all = short(&told(&mut scene, reader));
    assert_eq!(all.iter().filter(|event| event.starts_with("expired ")).count(), clients);
}

#[test]
fn a_report_that_is_dead_when_it_comes_is_taken_and_there_is_nothing_to_show() {
    let mut scene = scene();
    let put = |time: u64| {
        let body = format!(r#"{{"latitude": 34, "longitude": -118, "time": {time}}}"#);
        with_body("PUT", "/clients/kiwi", "", &body)
    };
    // Who sends again what is not answered well would do so for ever.
    assert_eq!(scene.status(&put(1_599_999_900)), 204);
    assert_eq!(scene.status(&get("/clients/kiwi")), 404);
    assert_eq!(scene.status(&put(1_599_999_970)), 200);
    assert_eq!(scene.status(&put(1_599_999_900)), 200, "where it is known to be");
}
