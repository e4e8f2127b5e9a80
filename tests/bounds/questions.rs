//! More questions than Places can answer: bounded for each client and for all together.

use crate::harness::{Client, Herd, Server, StandIn};
use crate::tell;
use herd::limits;
use std::thread;

/// What the server may grow by, whatever is asked.
const GROWTH_BYTES_MAX: u64 = 32 * 1_024 * 1_024;
const GROWTH_OF_ONE_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

fn start(delay_milliseconds: &str) -> (StandIn, Herd, Server) {
    let places = StandIn::start(&["--delay", delay_milliseconds]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    (places, herd, server)
}

/// A question that no other one is equal to, so that each is a call of its own.
fn question(number: usize) -> String {
    format!("WHATSAT kiwi 1.{number:06} 0\n")
}

#[test]
fn a_connection_has_so_many_questions_under_way_and_places_so_many_connections() {
    const ASKED: usize = 100;
    let (_places, _herd, server) = start("100");
    let mut clients: Vec<Client> = (0..4).map(|_| server.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let questions = (0..ASKED).map(|n| question(number * ASKED + n));
        client.send(questions.collect::<String>());
    }
    for client in &mut clients {
        for _ in 0..ASKED {
            assert!(is_answer(&client.near().1));
        }
    }
    let log = server.log();
    let mut most_of_all = 0;
    for client in log.lines().filter_map(|line| line.split("client ").nth(1)).filter_map(id_before)
    {
        let (mut under_way, mut most) = (0, 0);
        for line in log.lines() {
            under_way +=
                usize::from(line.contains(&format!("client {client} waits for the answer")));
            most = most.max(under_way);
            under_way -=
                usize::from(line.contains(&format!("client {client} > AT ")) && under_way > 0);
        }
        most_of_all = most_of_all.max(most);
    }
    assert_eq!(most_of_all, limits::QUERIES_PER_CLIENT_MAX);
    let connections = log.lines().filter(|l| l.contains("places #") && l.ends_with("is connected"));
    let connections = connections.count();
    tell(&format!("4 x {ASKED} questions at once: {connections} connections to Places"));
    assert_eq!(connections, limits::PLACES_CONNECTIONS_MAX);
}

/// Whether Places has sent it, be it that nothing is near.
fn is_answer(json: &str) -> bool {
    json.contains("\"OK\"") || json.contains("\"ZERO_RESULTS\"")
}

/// From `#5.0 connected from ...`, the id.
fn id_before(text: &str) -> Option<&str> {
    text.split_once(" connected from").map(|(id, _)| id)
}

#[test]
fn too_many_questions_are_not_asked_and_everybody_is_answered() {
    const CLIENTS: usize = 300;
    let asked = CLIENTS * limits::QUERIES_PER_CLIENT_MAX;
    assert!(asked > limits::PLACES_WAITING_MAX + limits::PLACES_CONNECTIONS_MAX);
    let (_places, _herd, server) = start("3000");
    let before = server.process.resident_bytes();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        let first = number * limits::QUERIES_PER_CLIENT_MAX;
        let questions = (first..first + limits::QUERIES_PER_CLIENT_MAX).map(question);
        client.send(questions.collect::<String>() + "behind\n");
    }
    // Nobody else waits.
    assert!(server.report("fig", "1").starts_with("AT Solo +"));
    let (mut refused, mut late, mut answered) = (0, 0, 0);
    for client in &mut clients {
        for _ in 0..limits::QUERIES_PER_CLIENT_MAX {
            let (at, json) = client.near();
            assert!(at.starts_with("AT Solo ") && at.contains(" kiwi "), "{at}");
            refused += usize::from(json.contains("too many questions wait"));
            late += usize::from(json.contains("connections to it were busy"));
            answered += usize::from(is_answer(&json));
        }
        assert_eq!(client.line(), "? behind");
    }
    let grown = server.process.resident_bytes().saturating_sub(before);
    tell(&format!(
        "{asked} questions at once to a slow Places: {answered} answered, {late} too late, \
         {refused} not asked; memory grew by {} kB",
        grown / 1_024
    ));
    assert!(refused > 0 && refused <= asked - limits::PLACES_WAITING_MAX, "{refused}");
    assert!(grown <= GROWTH_BYTES_MAX, "the server has grown by {grown} bytes");
}

#[test]
fn answers_behind_a_question_are_held_back_up_to_a_limit() {
    const LINES: usize = 1_000;
    let (_places, _herd, server) = start("2000");
    let mut client = server.client();
    let before = server.process.resident_bytes();
    let line = "x".repeat(16_000);
    let mut writer = Client::new(client.stream.try_clone().unwrap());
    let lines = format!("{line}\n").repeat(LINES);
    let writing = thread::spawn(move || {
        writer.send("WHATSAT kiwi 1 0\n");
        writer.send(lines);
    });
    // Everything that fits is there before the first answer.
    assert!(is_answer(&client.near().1));
    let grown = server.process.resident_bytes().saturating_sub(before);
    for _ in 0..LINES {
        assert!(client.line() == format!("? {line}"), "an answer is wrong or out of turn");
    }
    writing.join().unwrap();
    tell(&format!("16 MB of commands behind a question: memory grew by {} kB", grown / 1_024));
    assert!(grown <= GROWTH_OF_ONE_BYTES_MAX, "the server has grown by {grown} bytes");
}
