//! What the log holds, and what is never in it.

use crate::harness::{Herd, Server, StandIn, time_in, until};
use std::fs;
use std::time::Duration;

/// Starts the only server of a herd with that `RUST_LOG`.
fn start(herd: &Herd, filter: &str) -> Server {
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", filter);
    herd.start_by("Solo", command)
}

/// Waits until a client that came and went has been noticed to be gone.
fn wait_for_client_to_go(server: &Server) {
    let before = server.process.descriptors();
    drop(server.client());
    until("the client is gone", || (server.process.descriptors() <= before).then_some(()));
}

#[test]
fn lines_in_and_out_and_connections_are_logged() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    let from = client.stream.local_addr().unwrap();
    let at = client.ask("IAMAT kiwi +34.0-118.0 1");
    assert_eq!(client.ask("no\u{1b}[2J\u{7f}nsense\t\r"), "? no\u{1b}[2J\u{7f}nsense\t\r");
    client.finish();
    assert_eq!(client.rest(), b"");
    let connected = server.wait_for_log(&format!("connected from {from}"));
    let words: Vec<&str> = connected.split_whitespace().collect();
    assert_eq!((words[1], words[2]), ("INFO", "client"), "{connected}");
    let id = words[3];
    server.wait_for_log(&format!("client {id} < IAMAT kiwi +34.0-118.0 1"));
    server.wait_for_log(&format!("client {id} > {at}"));
    server.wait_for_log(&format!("client {id} < no\\x1b[2J\\x7fnsense\\x09\\x0d"));
    server.wait_for_log(&format!("client {id} > ? no\\x1b[2J\\x7fnsense\\x09\\x0d"));
    server.wait_for_log(&format!("client {id}: closed"));
    let log = server.log();
    assert!(!log.contains(['\x1b', '\x7f', '\r', '\t']), "{log}");
    for line in log.lines() {
        // 2026-11-21T03:27:58.123456Z LEVEL text
        let (time, rest) = line.split_at(27);
        assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{line}");
        assert!(rest.starts_with(" INFO  ") || rest.starts_with(" WARN  "), "{line}");
    }
}

#[test]
fn who_was_lost_and_why_is_logged() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let [a, mut b]: [Server; 2] = herd.start_all().try_into().unwrap();
    b.wait_for_log(" is A in a new epoch, received up to 0");
    b.process.kill();
    a.wait_for_log("link to B is down: ");
    a.wait_for_log(", B: ");
    let _b = herd.start("B");
    until("the link is up again", || {
        (a.log().matches("link to B is up").count() == 2).then_some(())
    });
}

#[test]
fn a_herd_whose_links_leave_servers_apart_is_warned_of() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[]), ("C", &["D"]), ("D", &[])]);
    let apart = "WARN  no path of links leads from ";
    assert!(herd.start("B").wait_for_log(apart).contains(" B to C, D: "));
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let a = herd.start("A");
    a.wait_for_log("A listens on");
    assert!(!a.log().contains(apart), "{}", a.log());
}

#[test]
fn rust_log_filters() {
    let herd = Herd::of(&[("Solo", &[])]);
    let off = start(&herd, "off");
    off.ask("nonsense");
    wait_for_client_to_go(&off);
    assert_eq!(off.log(), "");
    drop(off);
    let warn = start(&herd, "warn");
    warn.ask("nonsense");
    warn.ask(&"x".repeat(20_000));
    warn.wait_for_log("a line is too long");
    assert!(warn.log().lines().all(|line| line.contains(" WARN  ")), "{}", warn.log());
    drop(warn);
    let filtered = start(&herd, "off,traffic=info/kiwi");
    filtered.ask("nonsense");
    filtered.report("kiwi", "1");
    filtered.wait_for_log("> AT Solo");
    assert!(filtered.log().lines().all(|line| line.contains("kiwi")), "{}", filtered.log());
}

#[test]
fn traffic_can_be_left_out() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = start(&herd, "info,traffic=off");
    server.report("kiwi", "1");
    let mut client = server.client();
    client.send("WHATSAT kiwi 10 5\n");
    assert!(client.near().1.contains("\"OK\""));
    client.send("x".repeat(20_000));
    client.rest();
    server.wait_for_log("a line is too long");
    let log = server.log();
    for kept in ["Solo listens on", "client #", "connected from", ": closed", " is connected"] {
        assert!(log.contains(kept), "{kept:?} is not in\n{log}");
    }
    for left_out in ["kiwi", " < ", " > ", "question", "xxxxx"] {
        assert!(!log.contains(left_out), "{left_out:?} is in\n{log}");
    }
}

/// The log is in the order of the wire, also where answers wait behind a question.
#[test]
fn an_answer_is_logged_when_it_is_sent() {
    let mut places = StandIn::start(&["--delay", "60000"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    let mut client = server.client();
    client.send("before\nWHATSAT kiwi 10 5\nbehind\t\r\nand one\n");
    assert_eq!(client.line(), "? before");
    server.wait_for_log("< and one");
    let sent = |log: &str| {
        let sent = log.lines().filter_map(|line| Some(line.split_once(" > ")?.1.to_owned()));
        sent.filter(|sent| !sent.starts_with("call ")).skip(1).collect::<Vec<String>>()
    };
    assert_eq!(sent(&server.log()), ["? before"], "nothing else is sent yet");
    places.stop();
    assert_eq!(client.near().0.split(' ').nth(1), Some("Solo"));
    assert_eq!((client.line(), client.line()), ("? behind\t\r".into(), "? and one".into()));
    server.wait_for_log("> ? and one");
    let sent = sent(&server.log());
    assert_eq!(sent[0], "? before");
    assert!(sent[1].starts_with("AT Solo ") && sent[1].ends_with(" bytes of JSON"), "{sent:?}");
    assert_eq!(sent[2..], ["? behind\\x09\\x0d", "? and one"]);
}

/// Who asks and goes was sent nothing.
#[test]
fn an_answer_that_is_never_sent_is_not_logged_as_sent() {
    let places = StandIn::start(&["--delay", "60000"]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let server = herd.start("Solo");
    server.report("kiwi", "1");
    let mut client = server.client();
    client.send("WHATSAT kiwi 10 5\nbehind\nunread\n");
    server.wait_for_log("< unread");
    let reset = socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO));
    reset.unwrap();
    drop(client);
    let id = server.wait_for_log("< unread").split_whitespace().nth(3).unwrap().to_owned();
    server.wait_for_log(&format!("client {id}: "));
    assert!(!server.log().contains("> ? "), "{}", server.log());
}

#[test]
fn why_a_command_is_refused_is_logged_for_those_who_debug() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = start(&herd, "debug");
    let mut client = server.client();
    let too_far = time_in(90_000);
    for (command, why) in [
        ("WHERE IS kiwi".to_owned(), "that is no command: there is no command WHERE"),
        ("WHATSAT nobody 10 5".to_owned(), "nobody has told where that client is"),
        (format!("IAMAT kiwi +34.0-118.0 {too_far}"), "ahead of our clock, more than --max-skew"),
        (format!("IAMAT  kiwi +34.0-118.0 {too_far}"), "ahead of our clock, more than --max-skew"),
    ] {
        assert_eq!(client.ask(&command), format!("? {command}"));
        server.wait_for_log(&format!("> ? {command}"));
        let log = server.log();
        let is_reason =
            |line: &&str| line.contains(" DEBUG herd::node::") && line.contains(": client #");
        let reason = log.lines().rfind(is_reason);
        assert!(reason.is_some_and(|reason| reason.ends_with(why)), "{command}: {log}");
    }
}

#[test]
fn marks_are_logged_for_those_who_debug() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let mut command = herd.command("A");
    command.env("RUST_LOG", "debug");
    let a = herd.start_by("A", command);
    let _b = herd.start("B");
    a.wait_for_log("> mark 0");
    a.wait_for_log("< ack 0");
}

#[test]
fn the_key_is_told_to_places_and_to_nobody_else() {
    let key = "AIza-not.a_real~key/with+odd=characters";
    let places = StandIn::start(&["--require-key", key]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let with_key = |key: &str| {
        let mut command = herd.command("Solo");
        command.env("GOOGLE_PLACES_API_KEY", key).env("RUST_LOG", "trace");
        herd.start_by("Solo", command)
    };
    let ask = |server: &Server| {
        server.report("kiwi", "1");
        let mut client = server.client();
        client.send("WHATSAT kiwi 10 5\n");
        client.near().1
    };
    let (server, wrong) = (with_key(key), "wrong-key-of-ours");
    let answer = ask(&server);
    assert!(answer.contains("\"OK\""), "{answer}");
    server.wait_for_log("places < call");
    let command_line = fs::read(format!("/proc/{}/cmdline", server.process.id())).unwrap();
    let command_line = String::from_utf8(command_line).unwrap();
    let said = server.process.output() + &server.process.errors();
    let mut all = vec![answer, server.log(), command_line, said, places.log()];
    drop(server);
    let server = with_key(wrong);
    let answer = ask(&server);
    let parsed: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(parsed["status"], "REQUEST_DENIED");
    assert_eq!(parsed["results"], serde_json::json!([]));
    assert!(parsed["error_message"].as_str().is_some_and(|why| !why.is_empty()), "{answer}");
    server.wait_for_log("places < call");
    all.extend([answer, server.log(), places.log()]);
    for text in all {
        for secret in [key, wrong, "AIza", "with%2Bodd", "with+odd"] {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
    }
}

/// Without lines in and out a stranger must not fill the log, however often it comes.
#[test]
fn strangers_at_the_port_for_neighbours_do_not_fill_the_log() {
    const STRANGERS: usize = 10_000;
    const LOGGED_BYTES_MAX: usize = 100_000;
    let herd = Herd::of(&[("Solo", &[])]);
    let server = start(&herd, "info,traffic=off");
    for _ in 0..STRANGERS {
        let mut stranger = server.stranger();
        stranger.send("GET / HTTP/1.1\r\n");
        assert_eq!(stranger.line(), "REFUSED a greeting was expected");
    }
    server.wait_for_log("is refused: a greeting was expected");
    let log = server.log();
    assert!(log.len() < LOGGED_BYTES_MAX, "{} bytes were logged", log.len());
}
