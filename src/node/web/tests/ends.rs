//! How a visitor's connection ends: given up, or closed by the visitor.

use super::*;

#[test]
fn who_dawdles_is_told_so_and_who_says_nothing_is_given_up() {
    let bounds = ClientBounds { first_line: SECONDS(60), ..ClientBounds::NONE };
    let mut scene = Scene::with(bounds, &[]);
    scene.pass(SECONDS(60));
    assert!(scene.is_ending(0) && scene.read(0).is_empty());
    for request in [get("/"), with_body("POST", "/", "", "id=kiwi&lat=1&lon=2")] {
        let mut scene = Scene::with(bounds, &[]);
        scene.pass(SECONDS(59));
        for byte in request[..request.len() - 1].chars() {
            scene.sends(0, &byte.to_string());
            scene.pass(Duration::from_millis(500));
            scene.turn();
        }
        scene.pass(SECONDS(60));
        let answer = scene.read(0);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(scene.is_ending(0));
    }
    // Who has asked may take any time until the next, which has its own.
    let mut scene = Scene::with(bounds, &[]);
    assert_eq!(scene.status(&get("/clients/nobody")), 404);
    scene.pass(SECONDS(1_000));
    scene.sends(0, "GET");
    scene.pass(SECONDS(59));
    assert!(!scene.is_ending(0));
    scene.pass(SECONDS(1));
    assert!(scene.is_ending(0));
}

#[test]
fn at_the_half_close_all_is_answered_that_was_asked() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    scene.sends(0, &get("/clients/kiwi/places?km=10"));
    scene.call(0, |protocol, cx| protocol.eof_received(cx));
    assert!(!scene.is_ending(0));
    scene.pass(limits::PLACES_DEADLINE);
    scene.node.timer_expired(scene.now);
    scene.turn();
    assert!(scene.read(0).starts_with("HTTP/1.1 200 "));
    assert!(scene.is_ending(0));
    let half = scene.visit();
    scene.sends(half, "GET / HT");
    scene.call(half, |protocol, cx| protocol.eof_received(cx));
    assert!(scene.read(half).starts_with("HTTP/1.1 400 ") && scene.is_ending(half));
}

/// The server stops, and all that had come from that visitor has been delivered.
fn stop(scene: &mut Scene, visitor: usize) {
    scene.node.stopping(scene.now);
    scene.call(visitor, |protocol, cx| protocol.stopping(cx));
}

#[test]
fn at_a_stop_the_last_answer_says_that_it_is() {
    let mut scene = Scene::new();
    stop(&mut scene, 0);
    assert!(!scene.is_ending(0), "it has said nothing yet");
    let requests = [get("/healthz"), get("/clients/nobody"), get("/readyz")].concat();
    let (first, last) = requests.split_at(requests.len() - 9);
    scene.sends(0, first);
    assert!(!scene.is_ending(0), "it is in the middle of a request");
    scene.sends(0, last);
    let read = scene.read(0);
    let statuses = ["HTTP/1.1 200 ", "HTTP/1.1 404 ", "HTTP/1.1 503 "];
    assert!(statuses.iter().all(|status| read.matches(status).count() == 1), "{read}");
    assert_eq!(read.matches("Connection: close\r\n").count(), 1, "{read}");
    assert!(
        read.ends_with("{\"error\":\"the server stops\"}") || read.contains("the server stops")
    );
    assert!(scene.is_ending(0));
}

#[test]
fn at_a_stop_who_has_asked_is_done_and_who_has_not_has_a_second() {
    let mut scene = Scene::new();
    assert_eq!(scene.status(&get("/healthz")), 200);
    stop(&mut scene, 0);
    assert!(scene.is_ending(0));
    let silent = scene.visit();
    stop(&mut scene, silent);
    assert!(!scene.is_ending(silent));
    scene.pass(limits::STOP_PATIENCE);
    assert!(scene.is_ending(silent) && scene.read(silent).is_empty());
}

#[test]
fn at_a_stop_what_waits_for_places_is_answered_and_said_to_be_the_last() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    scene.sends(0, &get("/clients/kiwi/places?km=10"));
    stop(&mut scene, 0);
    assert!(!scene.is_ending(0) && scene.read(0).is_empty());
    scene.pass(limits::STOP_PATIENCE);
    scene.node.timer_expired(scene.now);
    scene.turn();
    let read = scene.read(0);
    assert!(read.starts_with("HTTP/1.1 200 ") && read.contains("the server stops"), "{read}");
    assert!(read.contains("Connection: close\r\n"), "{read}");
    assert!(scene.is_ending(0));
}
