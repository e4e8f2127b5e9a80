//! Questions that are equal share one call, and what a client sends reaches no request as it came.

use crate::fault::{GOOD, Stage, assert_good, response};
use crate::server::over_tls;
use crate::wait_until;
use herd::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn equal_questions_in_flight_share_one_call() {
    const ASKERS: usize = 30;
    let stage = Stage::new();
    let released = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&released);
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        while peer.request()?.is_some() {
            wait_until("the gate", limits::PLACES_DEADLINE, || gate.load(Ordering::SeqCst));
            peer.send(response(GOOD))?;
        }
        Ok(())
    }));
    let mut clients: Vec<_> = (0..ASKERS).map(|_| stage.client()).collect();
    clients[0].report("kiwi", "+34.068930-118.445127");
    // The same point otherwise written.
    clients[0].report("emu", "+34.06893-118.445127000/");
    for (number, client) in clients.iter_mut().enumerate() {
        let name = if number % 2 == 0 { "kiwi" } else { "emu" };
        let radius = if number % 3 == 0 { "10" } else { "10.000" };
        client.send(&format!("WHATSAT {name} {radius} {}", number % 3));
    }
    wait_until("all questions", limits::PLACES_DEADLINE, || {
        stage.daemon.log().matches("waits for the answer to question").count() == ASKERS
    });
    released.store(true, Ordering::SeqCst);
    for (number, client) in clients.iter_mut().enumerate() {
        let json: serde_json::Value = serde_json::from_slice(&client.answer().json).unwrap();
        assert_eq!(json["results"].as_array().unwrap().len(), number % 3);
    }
    assert_eq!(stage.server.tally().requests().len(), 1);
    assert_good("afterwards", &clients[0].ask("kiwi", "10", 20));
    assert_eq!(stage.server.tally().requests().len(), 2, "an answer was kept");
}

#[test]
fn a_client_that_leaves_takes_nobody_s_answer_with_it() {
    let stage = Stage::new();
    let released = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&released);
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        while peer.request()?.is_some() {
            wait_until("the gate", limits::PLACES_DEADLINE, || gate.load(Ordering::SeqCst));
            peer.send(response(GOOD))?;
        }
        Ok(())
    }));
    let [mut stays, mut leaves] = [stage.client(), stage.client()];
    leaves.report("kiwi", "+34.068930-118.445127");
    // The answer to this is left unread, so that leaving is more than a half-close.
    leaves.send("IAMAT kiwi +34.068930-118.445127 1700000000.5\nWHATSAT kiwi 10 20");
    stage.daemon.wait_for_log(&["waits for the answer to question"]);
    stays.send("WHATSAT kiwi 10 20");
    drop(leaves);
    stage.daemon.wait_for_log(&["client #", "reset"]);
    released.store(true, Ordering::SeqCst);
    assert_good("stays", &stays.answer());
}

#[test]
fn nothing_that_a_client_sends_reaches_a_request_as_it_came() {
    let stage = Stage::new();
    let mut client = stage.client();
    let attempts = [
        ("a&key=stolen", "+34.0-118.0", "10"),
        ("b%0d%0aX-Injected:%20y", "-00.000001+000.10/", "0010.50"),
        ("c?radius=1#", "+3406.8930-11845.5127/", "50.000"),
        ("\"d\"HTTP/1.1", "+340653.25-1184530.75", "0"),
    ];
    for (name, location, radius) in attempts {
        client.report(name, location);
        assert_good(name, &client.ask(name, radius, 20));
    }
    let refused = [
        "IAMAT e +34.0-118.0&radius=1 1700000000",
        "IAMAT e +34.0-118.0%20HTTP/1.1 1700000000",
        "IAMAT e +34.0-118.0\u{b}X-Injected:y 1700000000",
        "IAMAT e +34.0-118.0\rX-Injected:y 1700000000",
        "IAMAT e +34.0-118.0/../../other 1700000000",
        "WHATSAT a&key=stolen 10&key=stolen 20",
        "WHATSAT a&key=stolen 1e1 20",
        "WHATSAT a&key=stolen 10 20&pagetoken=x",
        "WHATSAT a&key=stolen 10 20 HTTP/1.1",
    ];
    for command in refused {
        client.send(command);
        assert_eq!(client.line().unwrap(), format!("? {command}"));
    }
    let heads = stage.server.tally().requests();
    assert_eq!(heads.len(), attempts.len());
    let targets = [
        "location=34,-118&radius=10000",
        "location=-0.000001,0.1&radius=10500",
        "location=34.114883333,-118.758545&radius=50000",
        "location=34.114791666,-118.758541666&radius=0",
    ];
    let host = format!("localhost:{}", stage.server.address.port());
    for (head, target) in heads.iter().zip(targets) {
        let request = format!(
            "GET /maps/api/place/nearbysearch/json?{target} HTTP/1.1\r\nHost: {host}\r\n\
             User-Agent: herd/{}\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n\r\n",
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(*head, request);
    }
}
