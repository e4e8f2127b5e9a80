//! `--classic`: clients that send no line end and wait for the server to close.

use crate::harness::{Client, Herd, StandIn};
use std::time::{Duration, Instant};

const SILENCE: Duration = Duration::from_millis(100);

/// Sends a command without its end; the whole answer.
fn ask(client: &mut Client, command: &str) -> String {
    let started = Instant::now();
    client.send(command);
    let answer = String::from_utf8(client.rest()).unwrap();
    if !command.ends_with('\n') {
        assert!(started.elapsed() >= SILENCE, "more of the command might have come");
    }
    answer
}

#[test]
fn silence_ends_a_command_and_the_server_closes_after_its_answer() {
    let herd = Herd::of(&[("Solo", &[])]).with("--classic");
    let server = herd.start("Solo");
    let ask = |command: &str| ask(&mut server.client(), command);
    let report = "IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
    let answer = ask(report);
    assert!(answer.starts_with("AT Solo +") && answer.ends_with("1520023934.918963997\n"));
    assert_eq!(ask("nonsense"), "? nonsense\n");
    assert_eq!(ask("nonsense\r"), "? nonsense\r\n");
    assert_eq!(ask("WHATSAT nobody 10 5"), "? WHATSAT nobody 10 5\n");
    // Who does send line ends is served the same way.
    assert_eq!(ask("nonsense\n"), "? nonsense\n");
    assert_eq!(ask("one\ntwo\n"), "? one\n? two\n");
    // Also after white space, which has no answer.
    assert_eq!(ask(" \n\nnonsense"), "? nonsense\n");
}

#[test]
fn commands_behind_the_first_segment_are_answered_too() {
    let herd = Herd::of(&[("Solo", &[])]).with("--classic");
    let server = herd.start("Solo");
    let mut client = server.client();
    // Each in a segment of its own, behind the answer to the one before.
    for number in 0..10 {
        assert_eq!(client.ask(&format!("one {number}")), format!("? one {number}"));
    }
    client.send("last");
    assert_eq!(client.rest(), b"? last\n");
}

#[test]
fn what_comes_behind_the_end_is_told_by_the_log() {
    let herd = Herd::of(&[("Solo", &[])]).with("--classic");
    let server = herd.start("Solo");
    let mut client = server.client();
    client.send("one");
    assert_eq!(client.rest(), b"? one\n");
    client.send("two, too late");
    client.finish();
    server.wait_for_log("closed; 13 bytes that came after its end were not listened to");
}

#[test]
fn half_a_command_is_waited_for_longer_than_a_whole_one() {
    let herd = Herd::of(&[("Solo", &[])]).with("--classic");
    let server = herd.start("Solo");
    let started = Instant::now();
    let command = "IAMAT seg +34.06";
    assert_eq!(ask(&mut server.client(), command), format!("? {command}\n"));
    assert!(started.elapsed() >= Duration::from_secs(1), "more of it might have come");
}

#[test]
fn questions_are_answered_before_the_server_closes() {
    let places = StandIn::start(&["--delay", "200"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places).with("--classic");
    let server = herd.start("Solo");
    let known = ask(&mut server.client(), "IAMAT kiwi +34.068930-118.445127 1");
    for command in ["WHATSAT kiwi 10 5", "WHATSAT kiwi 10 5\n"] {
        let answer = ask(&mut server.client(), command);
        let json = answer.strip_prefix(&known).unwrap().strip_suffix("\n\n").unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["status"], "OK");
        assert_eq!(json["results"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn without_it_silence_ends_nothing() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    client.send("IAMAT kiwi +34.06");
    client.stream.set_read_timeout(Some(4 * SILENCE)).unwrap();
    assert!(client.stream.peek(&mut [0]).is_err(), "half a command was answered");
    server.wait_for_log("17 bytes and no line end behind them");
    server.wait_for_log("--classic");
    client.send("8930-118.445127 1\n");
    assert!(client.line().ends_with(" kiwi +34.068930-118.445127 1"));
    // And the connection stays.
    assert_eq!(client.ask("more"), "? more");
    assert_eq!(server.log().matches("no line end").count(), 1, "once");
}
