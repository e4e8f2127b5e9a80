//! Who is near, and what is near a client, as JSON: the same as on the line.

use super::curl::{ask, command, curl};
use crate::harness::{Herd, Process, StandIn, until};
use serde_json::{Value, json};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn who_is_near_is_told_nearest_first() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    for (client, place) in [("far", "+35-118"), ("near", "+34.001-118"), ("there", "+34-118")] {
        server.ask(&format!("IAMAT {client} {place} 1"));
    }
    let asked = |query: &str| parse(&curl(&herd, &[&server.url(&format!("/clients?{query}"))]));
    let found = |answer: &Value| -> Vec<String> {
        let clients = answer["clients"].as_array().unwrap().iter();
        clients.map(|client| client["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(&asked("near=34,-118&km=10")), ["there", "near"]);
    assert_eq!(found(&asked("near=34,-118&km=1000")), ["there", "near", "far"]);
    assert_eq!(found(&asked("near=%2B34,-118&km=1000&limit=1")), ["there"]);
    let nearest = &asked("near=34,-118&km=1000")["clients"][1];
    assert_eq!((&nearest["latitude"], &nearest["longitude"]), (&json!(34.001), &json!(-118)));
    assert!((nearest["kilometres"].as_f64().unwrap() - 0.111).abs() < 0.001, "{nearest}");
}

#[test]
fn places_near_a_client_are_those_of_the_line() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places).with_web();
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    let url = server.url("/clients/kiwi/places?km=50&limit=3");
    let answer = parse(&curl(&herd, &[&url]));
    assert_eq!(answer["client"], parse(&curl(&herd, &[&server.url("/clients/kiwi")])));
    assert_eq!(answer["places"]["results"].as_array().map(Vec::len), Some(3), "{answer}");
    let mut client = server.client();
    client.send("WHATSAT kiwi 50 3\n");
    assert_eq!(parse(&client.near().1), answer["places"]);
    // Answers keep their order, though this one takes its time.
    let both = curl(&herd, &[&url, &server.url("/healthz")]);
    assert!(both.starts_with("{\"client\":"), "{both}");
    for (query, status) in
        [("km=51&limit=3", "400"), ("km=50&limit=21", "400"), ("", "400"), ("km=1", "200")]
    {
        let said = ask(&herd, &[&server.url(&format!("/clients/kiwi/places?{query}"))]);
        assert!(said.ends_with(status), "{query}: {said}");
    }
    assert!(ask(&herd, &[&server.url("/clients/nobody/places?km=1")]).ends_with("404"));
}

#[test]
fn events_go_on_where_they_were_and_begin_anew_in_another_life() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let mut server = herd.start("Solo");
    server.report("kiwi", "1");
    server.report("lemon", "1");
    let listen = |server: &crate::harness::Server, last: Option<&str>| {
        let url = server.url("/events");
        let last = last.map(|last| format!("Last-Event-ID: {last}"));
        let last: Vec<&str> = last.iter().flat_map(|last| ["--header", last]).collect();
        let arguments = [&["--no-buffer"][..], &last, &[url.as_str()]].concat();
        Process::start(&mut command(&arguments), herd.directory.path())
    };
    let told = |listener: &Process| {
        until("up to now", || {
            Some(listener.output()).filter(|told| told.ends_with("event: now\ndata: {}\n\n"))
        })
    };
    let first = told(&listen(&server, None));
    assert_eq!(first.matches("event: at\n").count(), 2, "{first}");
    let last = first.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    server.report("kiwi", "2");
    let resumed = told(&listen(&server, Some(&last)));
    assert_eq!(resumed.matches("event: at\n").count(), 1, "{resumed}");
    assert!(resumed.contains("\"id\":\"kiwi\""), "{resumed}");

    server.process.kill();
    let server = herd.start("Solo");
    server.report("fig", "1");
    let anew = told(&listen(&server, Some(&last)));
    assert_eq!(anew.matches("event: at\n").count(), 1, "what is known in this life: {anew}");
    assert!(anew.contains("\"id\":\"fig\""), "{anew}");
}
