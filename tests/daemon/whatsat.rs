//! What is near a client, from the real stand-in, asked at every server.

use crate::harness::herd::bare;
use crate::harness::{Herd, Server, StandIn, until};
use serde_json::Value;

/// A client near Los Angeles, one in Ulaanbaatar, one at the oceanic pole of inaccessibility.
const CLIENTS: [(&str, f64, f64); 3] = [
    ("angeleno", 34.068_93, -118.445_127),
    ("ulaan", 47.921_23, 106.918_556),
    ("nemo", -48.876_667, -123.393_333),
];

/// Asks at a server; the `AT` line and the JSON, whose shape is checked.
fn ask(server: &Server, client: &str, radius: &str, bound: usize) -> (String, String) {
    let mut connection = server.client();
    connection.send(format!("WHATSAT {client} {radius} {bound}\n"));
    connection.finish();
    let whole = String::from_utf8(connection.rest()).unwrap();
    let (at, json) = whole.split_once('\n').unwrap();
    let json = json.strip_suffix("\n\n").unwrap();
    assert!(!json.contains("\n\n") && !json.ends_with('\n') && !json.starts_with('\n'), "{json}");
    assert!(results(json).len() <= bound, "{json}");
    (at.to_owned(), json.to_owned())
}

fn results(json: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(json).unwrap();
    json["results"].as_array().unwrap().clone()
}

fn status(json: &str) -> String {
    let json: Value = serde_json::from_str(json).unwrap();
    json["status"].as_str().unwrap().to_owned()
}

/// Great-circle distance by the haversine formula, on a sphere of 6,371 km.
fn kilometres(from: (f64, f64), place: &Value) -> f64 {
    let location = &place["geometry"]["location"];
    let (lat, lng) = (location["lat"].as_f64().unwrap(), location["lng"].as_f64().unwrap());
    let half = |a: f64, b: f64| ((a - b).to_radians() / 2.0).sin().powi(2);
    let cosines = from.0.to_radians().cos() * lat.to_radians().cos();
    2.0 * 6_371.0 * (half(from.0, lat) + cosines * half(from.1, lng)).sqrt().asin()
}

#[test]
fn every_server_tells_what_is_near_every_client() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]).with_places(&places);
    let servers = herd.start_all();
    let reported = servers.iter().zip(CLIENTS).map(|(server, (client, lat, lng))| {
        server.ask(&format!("IAMAT {client} {lat:+}{lng:+} 1520023934.9"))
    });
    let reported: Vec<String> = reported.collect();
    for server in &servers {
        for (at, (client, lat, lng)) in reported.iter().zip(CLIENTS) {
            server.wait_for(at);
            let (line, json) = ask(server, client, "50", 20);
            assert_eq!(&line, at);
            let near = results(&json);
            if client == "nemo" {
                assert_eq!((status(&json).as_str(), near.len()), ("ZERO_RESULTS", 0));
                continue;
            }
            assert_eq!(status(&json), "OK");
            let distances: Vec<f64> = near.iter().map(|p| kilometres((lat, lng), p)).collect();
            assert!(distances[0] < 10.0, "{client}: nothing is near: {distances:?}");
            assert!(distances.iter().all(|&km| km < 50.5), "{distances:?}");
            assert!(distances.is_sorted_by(|a, b| *a <= b + 0.5), "{distances:?}");
            for field in ["name", "place_id", "types", "vicinity"] {
                assert!(near.iter().all(|place| !place[field].is_null()), "{field}: {json}");
            }
        }
    }
}

#[test]
fn the_answer_is_cut_to_the_bound_and_not_reformatted() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    let (_, whole) = ask(&server, "kiwi", "50", 20);
    let all = results(&whole);
    assert_eq!(all.len(), 20);
    for bound in [0, 1, 2, 19] {
        let (_, cut) = ask(&server, "kiwi", "50", bound);
        assert_eq!(results(&cut), all[..bound]);
        // It is the whole with a piece taken out.
        let same = |(a, b): &(u8, u8)| a == b;
        let head = cut.bytes().zip(whole.bytes()).take_while(same).count();
        let tail = cut.bytes().rev().zip(whole.bytes().rev()).take_while(same).count();
        assert!(head + tail >= cut.len(), "bound {bound}:\n{cut}");
    }
    let (_, none) = ask(&server, "kiwi", "0", 20);
    assert_eq!((status(&none).as_str(), results(&none).len()), ("ZERO_RESULTS", 0));
    let (_, some) = ask(&server, "kiwi", "5.25", 20);
    let some = results(&some);
    assert!(some.iter().all(|place| kilometres((34.068_93, -118.445_127), place) < 5.3));
    assert_eq!(some, all[..some.len()], "the nearest come first at any radius");
}

#[test]
fn without_places_the_answer_says_why_and_places_may_come_back() {
    let mut places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let known = server.report("kiwi", "1");
    assert_eq!(status(&ask(&server, "kiwi", "10", 5).1), "OK");
    places.stop();
    let unreachable = until("the server notices that Places is gone", || {
        let (at, json) = ask(&server, "kiwi", "10", 5);
        assert_eq!(at, known);
        (status(&json) != "OK").then_some(json)
    });
    assert_eq!((status(&unreachable).as_str(), results(&unreachable).len()), ("UNKNOWN_ERROR", 0));
    let parsed: Value = serde_json::from_str(&unreachable).unwrap();
    let why = parsed["error_message"].as_str().unwrap();
    assert!(why.starts_with("Places "), "{why}");
    places.start_again(&[]);
    until("Places is found again", || {
        let (at, json) = ask(&server, "kiwi", "10", 5);
        assert_eq!(at, known);
        (status(&json) == "OK").then_some(())
    });
}

#[test]
fn a_places_that_is_not_trusted_is_not_believed() {
    let (trusted, other) = (StandIn::start(&[]), StandIn::start(&[]));
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.arg("-H").arg(herd.file()).args(["--places", &other.url(), "Solo"]);
    command.arg("--places-ca").arg(trusted.authority());
    let server = herd.start_by("Solo", command);
    server.report("kiwi", "1");
    let (_, json) = ask(&server, "kiwi", "10", 5);
    assert_eq!(status(&json), "UNKNOWN_ERROR");
    assert!(json.contains("TLS"), "{json}");
    assert!(!other.log().contains("places within"), "it was asked all the same");
}

#[test]
fn connections_to_places_are_kept() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    let mut client = server.client();
    for _ in 0..20 {
        client.send("WHATSAT kiwi 10 1\n");
        assert_eq!(status(&client.near().1), "OK");
    }
    until("all answers are logged", || {
        (server.log().matches("places < call").count() == 20).then_some(())
    });
    let connections = server.log().matches("is connected").count();
    assert_eq!(connections, 1, "each question was asked on a connection of its own");
    // At the stop it is said what was asked and what came of it.
    drop(client);
    let log = herd.directory.join("logs/Solo.log");
    server.process.signal("TERM");
    server.process.end();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("20 questions (") && log.contains("20 calls: 20 answered, "), "{log}");
}

#[test]
fn the_new_dialect_gives_answers_of_the_same_shape() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    let url = places.url().replace("/maps/api/place/nearbysearch/json", "/v1/places:searchNearby");
    command.arg("-H").arg(herd.file()).args(["--places", &url, "--places-dialect", "new", "Solo"]);
    command.arg("--places-ca").arg(places.authority());
    let server = herd.start_by("Solo", command);
    let known = server.report("kiwi", "1");
    let (at, json) = ask(&server, "kiwi", "50", 7);
    assert_eq!((at, status(&json).as_str()), (known, "OK"));
    let near = results(&json);
    assert_eq!(near.len(), 7);
    assert!(near.iter().all(|place| kilometres((34.068_93, -118.445_127), place) < 50.5));
    assert!(near.iter().all(|place| place["name"].is_string()), "{json}");
    server.ask("IAMAT nemo -48.876667-123.393333 1");
    let (_, none) = ask(&server, "nemo", "50", 20);
    assert_eq!((status(&none).as_str(), results(&none).len()), ("ZERO_RESULTS", 0));
}
