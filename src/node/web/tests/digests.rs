//! The digests of ranges of clients.

use super::access::{answer, bearer, guarded, of, request};
use super::*;
use crate::positions::{Report, Text, Update};
use crate::tokens::Right;
use serde_json::Value;

/// Clients `c0` and so on, each of whom has reported.
fn fill(node: &mut Node, clients: usize) {
    let origin = node.positions.intern(b"Lone").unwrap();
    for number in 0..clients {
        let text = format!("c{number} +1+1 1600000000");
        let text = Text::new(text.as_bytes(), text.find(' ').unwrap(), 4).unwrap();
        let time_nanoseconds = 1_600_000_000 * SECOND;
        let report = Report { origin, difference_nanoseconds: 5, time_nanoseconds, text };
        assert_eq!(node.positions.report(&report), Update::New);
    }
}

/// The answer to that query, and in how many turns it came.
fn digests(scene: &mut Scene, query: &str) -> (Value, usize) {
    scene.sends(0, &get(&format!("/digests{query}")));
    let mut turns = 0;
    loop {
        let text = scene.read(0);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
            assert!(head.contains("Content-Type: application/json"), "{head}");
            return (serde_json::from_str(body).unwrap(), turns);
        }
        assert!(turns < 1_000);
        scene.turn();
        turns += 1;
    }
}

#[test]
fn few_are_listed_and_of_many_the_parts_are_told() {
    let mut scene = Scene::new();
    let (none, _) = digests(&mut scene, "");
    assert_eq!((&none["server"], &none["records"]), (&"Lone".into(), &0.into()));
    assert_eq!((&none["clients"], &none["ranges"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    report(&mut scene, "kiwi", "34.068930");
    scene.ask(&with_body("DELETE", "/clients/kiwi?time=1600000001", "", ""));
    report(&mut scene, "plum", "34.068930");
    let (few, _) = digests(&mut scene, "");
    let listed = few["clients"].as_array().unwrap();
    assert_eq!(listed[0]["client"]["id"], "kiwi");
    assert_eq!(listed[0]["client"]["time"], "1600000001");
    assert_eq!((&listed[0]["forgotten"], &listed[1]["forgotten"]), (&true.into(), &false.into()));
    assert_eq!(listed[1]["client"]["server"], "Lone");
    assert_eq!(few["ranges"].as_array().unwrap().len(), 2, "their parts are told, too");
    assert!(listed[1]["client"].get("latitude").is_none(), "nothing of where it is");
    fill(&mut scene.node, 1_000);
    let (many, _) = digests(&mut scene, "");
    assert_eq!((&many["records"], &many["clients"]), (&1_002.into(), &Value::Null));
    assert_eq!(many["digest"], format!("{:016x}", scene.node.positions().digest()));
    let mut all = Vec::new();
    for part in many["ranges"].as_array().unwrap() {
        let query = format!("?prefix={}", part["prefix"].as_str().unwrap());
        let (inside, _) = digests(&mut scene, &query);
        for field in ["prefix", "records", "digest"] {
            assert_eq!(inside[field], part[field], "{query}");
        }
        let clients = inside["clients"].as_array().unwrap();
        all.extend(clients.iter().map(|c| c["client"]["id"].as_str().unwrap().to_owned()));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1_002, "each client is in one part");
    // What was taken later is left out.
    let (before, _) = digests(&mut scene, "?prefix=&before=1600000000");
    assert_eq!(before["records"], 0);
    let (before, _) = digests(&mut scene, "?before=1600000001");
    assert_eq!(before["records"], 1_002, "a forgetting, too, by when it was taken");
}

#[test]
fn many_are_looked_at_in_shares_and_others_are_answered_meanwhile() {
    let mut scene = Scene::new();
    fill(&mut scene.node, 5 * limits::NEAR_PLACES_PER_TURN);
    let (all, turns) = digests(&mut scene, "");
    assert_eq!(all["digest"], format!("{:016x}", scene.node.positions().digest()));
    assert!((4..=7).contains(&turns), "{turns} turns");
    scene.sends(0, &get("/digests"));
    let other = scene.visit();
    scene.sends(other, &get("/clients/c7"));
    assert!(scene.read(other).starts_with("HTTP/1.1 200 "), "nobody waits for it");
    assert_eq!(scene.read(0), "");
    // Two of them share what a turn has, and who has left costs nothing.
    scene.sends(other, &get("/digests"));
    scene.call(other, |protocol, cx| protocol.connection_lost(cx, &Lost::Aborted));
    for _ in 0..20 {
        scene.turn();
    }
    assert!(scene.read(0).starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_no_range_is_refused() {
    let mut scene = Scene::new();
    for query in ["prefix=a", "prefix=xy", "prefix=001122334455667788", "before=x", "before=-1"] {
        assert_eq!(scene.status(&get(&format!("/digests?{query}"))), 400, "{query}");
    }
    assert_eq!(scene.status(&get("/digests?prefix=%zz")), 400);
    assert_eq!(scene.status(&with_body("POST", "/digests", "", "")), 405);
}

#[test]
fn who_is_asked_about_must_be_among_those_of_the_token() {
    let mut scene = guarded();
    fill(&mut scene.node, 12);
    let asked = |scene: &mut Scene, clients: &str, rights: &[Right]| {
        let (status, text) =
            answer(scene, &request("GET", "/digests", &bearer(&of("anna", clients, rights))));
        (status, text.matches("\"id\":").count(), text.contains("\"records\":12"))
    };
    assert_eq!(answer(&mut scene, &request("GET", "/digests", "")).0, 401);
    assert_eq!(asked(&mut scene, "*", &[Right::Ask]), (403, 0, false));
    assert_eq!(asked(&mut scene, "*", &[Right::Status]), (200, 0, true));
    assert_eq!(asked(&mut scene, "c1*", &[Right::Status, Right::Ask]), (200, 3, true));
    assert_eq!(asked(&mut scene, "*", &[Right::Status, Right::Ask]), (200, 12, true));
}
