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
