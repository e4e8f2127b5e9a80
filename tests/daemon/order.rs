//! Answers come in the order of the commands, each exactly once, whatever waits for Places.

use crate::harness::herd::bare;
use crate::harness::{Client, Herd, StandIn};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

#[test]
fn what_is_behind_a_slow_question_waits_for_it() {
    let places = StandIn::start(&["--delay", "300"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let known = server.report("kiwi", "1");
    let mut client = server.client();
    client.send(
        "WHATSAT kiwi 10 1\nIAMAT kiwi +34.0-118.0 2\nnonsense\n\nWHATSAT kiwi 10 0\n\
         WHATSAT nobody 1 1\nIAMAT fig +34.0-118.0 3\n",
    );
    assert_eq!(client.near().0, known);
    let moved = client.line();
    assert!(moved.ends_with(" kiwi +34.0-118.0 2"), "{moved}");
    assert_eq!(client.line(), "? nonsense");
    // The second question was asked behind the second report.
    assert_eq!(client.near().0, moved);
    assert_eq!(client.line(), "? WHATSAT nobody 1 1");
    assert!(client.line().ends_with(" fig +34.0-118.0 3"));
}

#[test]
fn nobody_else_waits_for_a_slow_question() {
    // Whoever connects there is never answered, so that the question waits for its deadline.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}/nearby", silent.local_addr().unwrap());
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.arg("-H").arg(herd.file()).args(["--places", &url, "Solo"]);
    let server = herd.start_by("Solo", command);
    server.report("kiwi", "1");
    let mut waiting = server.client();
    waiting.send("WHATSAT kiwi 1 1\nbehind\n");
    server.wait_for_log("waits for the answer to question");
    for number in 0..100 {
        assert_eq!(server.ask(&number.to_string()), format!("? {number}"));
    }
    assert!(!server.log().contains("places < call"), "the others had to wait");
    let (_, json) = waiting.near();
    assert!(json.contains("error_message") && json.contains("UNKNOWN_ERROR"), "{json}");
    assert_eq!(waiting.line(), "? behind");
}

#[test]
fn many_questions_on_one_connection() {
    const QUESTIONS: usize = 100;
    let places = StandIn::start(&["--delay", "20"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let mut client = server.client();
    let mut commands = String::new();
    for number in 0..QUESTIONS {
        // Equal questions would share a call.
        commands += &format!("IAMAT client-{number} +34.{number:03}-118.0 {number}\n");
        commands += &format!("WHATSAT client-{number} 10 {}\n", number % 21);
    }
    client.send(&commands);
    client.finish();
    for number in 0..QUESTIONS {
        let reported = client.line();
        assert!(reported.ends_with(&format!(" client-{number} +34.{number:03}-118.0 {number}")));
        let (at, json) = client.near();
        assert_eq!(at, reported);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["status"], "OK", "{json}");
        assert!(json["results"].as_array().unwrap().len() <= number % 21);
    }
    assert_eq!(client.rest(), b"");
}

#[test]
fn ten_thousand_commands_in_one_segment() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let commands: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    assert!(commands.len() < 0xffff, "it would not fit into a segment of the loopback");
    let expected: String = (0..10_000).map(|number| format!("? {number}\n")).collect();
    let mut client = server.client();
    client.send(&commands);
    client.finish();
    assert!(client.rest() == expected.as_bytes(), "answers are missing, doubled or out of order");
}

#[test]
fn ten_thousand_reports_at_once() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    let mut writer = Client::new(client.stream.try_clone().unwrap());
    let sending = thread::spawn(move || {
        let commands = (0..10_000).map(|n| format!("IAMAT c{} +34.0-118.0 {n}\n", n % 100));
        writer.send(commands.collect::<String>());
        writer.finish();
    });
    for number in 0..10_000 {
        let line = client.line();
        assert!(line.ends_with(&format!(" c{} +34.0-118.0 {number}", number % 100)), "{line}");
    }
    assert_eq!(client.rest(), b"");
    sending.join().unwrap();
    let last = server.find("c7").unwrap();
    assert!(last.ends_with(" c7 +34.0-118.0 9907"), "{last}");
}

#[test]
fn a_line_too_long_behind_a_slow_question_ends_the_conversation_after_it() {
    let places = StandIn::start(&["--delay", "200"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let known = server.report("kiwi", "1");
    let mut client = server.client();
    let long = "x".repeat(100_000);
    client.send(format!("WHATSAT kiwi 10 1\nbefore\n{long}\nbehind\n"));
    assert_eq!(client.near().0, known);
    assert_eq!(client.rest(), format!("? before\n? {}\n", &long[..16_384]).as_bytes());
}

#[test]
fn who_asks_and_goes_holds_up_nobody() {
    let places = StandIn::start(&["--delay", "100"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    let mut client = server.client();
    for number in 0..100 {
        client.ask(&format!("IAMAT client-{number} +34.{number:03}-118.0 1"));
    }
    for number in 0..100 {
        server.client().send(format!("WHATSAT client-{number} 10 1\n"));
    }
    client.send("WHATSAT client-50 20 3\n");
    let (at, json) = client.near();
    assert!(at.ends_with(" client-50 +34.050-118.0 1"), "{at}");
    assert!(json.contains("\"OK\""), "{json}");
}
