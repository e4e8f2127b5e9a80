//! Clients that reset, half-close, never read: whoever else is there notices nothing.

use crate::harness::{Client, DEADLINE, Herd, Server, StandIn, Waiting, until};
use herd::limits::CLIENT_LINE_BYTES_MAX;
use std::io::{ErrorKind, Write};
use std::thread;
use std::time::Duration;

/// How long a server may take to give up a client that does not read, and some more.
const STALLED_FOR: Duration = Duration::from_secs(45);
/// More than what the kernel takes in for both ends of a connection.
const FLOOD_BYTES: usize = 128 * 1_024 * 1_024;
/// Memory that one connection may cost, the kernel's buffers aside, with room for the allocator.
const CONNECTION_BYTES_MAX: u64 = 8 * 1_024 * 1_024;

/// Sends `commands` over and over without reading, until the server has taken nothing for a
/// moment or all is sent; how much was sent.
fn flood(client: &mut Client, commands: &str) -> usize {
    client.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        let rest = &commands.as_bytes()[sent % commands.len()..];
        match client.stream.write(rest) {
            Ok(written) => sent += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error} behind {sent} bytes"),
        }
    }
    sent
}

#[test]
fn a_client_that_never_reads_is_paused_and_dropped() {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("Solo", &[])]).with_places(&places);
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "warn");
    let server = herd.start_by("Solo", command);
    let known = server.report("kiwi", "1");
    let before = server.process.resident_bytes();
    let reports = "IAMAT fig +34.068930-118.445127 1520023934.918963997\n".repeat(500);
    let questions = "WHATSAT kiwi 50 20\n".repeat(500);
    let refusals = "x".repeat(16_000) + "\n";
    let mut greedy = [reports, questions, refusals].map(|commands| {
        let mut client = server.client();
        let sent = flood(&mut client, &commands);
        assert!(sent < FLOOD_BYTES, "it was read though nobody took the answers");
        assert_eq!(server.find("kiwi").as_ref(), Some(&known), "others are not served");
        client
    });
    let grown = server.process.resident_bytes().saturating_sub(before);
    assert!(grown < 3 * CONNECTION_BYTES_MAX, "the server has grown by {grown} bytes");
    let waiting = Waiting::at_most(STALLED_FOR);
    while server.log().matches("the peer does not read").count() < greedy.len() {
        assert_eq!(server.find("kiwi").as_ref(), Some(&known));
        assert!(waiting.again(), "they are not dropped:\n{}", server.log());
    }
    // They find out, too.
    for client in &mut greedy {
        let dropped = until("the connection is cut", || {
            client.stream.write(b"x\n").err().filter(|e| e.kind() != ErrorKind::WouldBlock)
        });
        let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(kinds.contains(&dropped.kind()), "{dropped}");
    }
}

#[test]
fn a_client_that_reads_late_gets_every_answer() {
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "off");
    let server = herd.start_by("Solo", command);
    let mut client = server.client();
    let line = "x".repeat(1_000) + "\n";
    let sent = flood(&mut client, &line);
    assert!(sent < FLOOD_BYTES);
    client.stream.set_write_timeout(Some(DEADLINE)).unwrap();
    let mut writer = client.stream.try_clone().unwrap();
    // The last line may have been cut by the flood's end; if not, it is sent once more.
    let rest = [&line.as_bytes()[sent % line.len()..], b"end\n"].concat();
    let sending = thread::spawn(move || writer.write_all(&rest));
    let expected = format!("? {}", line.trim_end());
    for number in 0..=sent / line.len() {
        assert_eq!(client.line(), expected, "answer {number}");
    }
    assert_eq!(client.line(), "? end");
    sending.join().unwrap().unwrap();
}

#[test]
fn a_client_may_reset() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut at = String::new();
    for number in 0..50 {
        at = reset(&server, &format!("IAMAT reset-{number} +34.0-118.0 1\nnext"));
    }
    assert!(at.starts_with("AT Solo "), "{at}");
    assert!(server.find("reset-49").is_some());
    // Also while its questions wait.
    for _ in 0..20 {
        reset(&server, "x\nWHATSAT reset-1 10 5\nWHATSAT reset-1 10 5\n");
    }
    assert_eq!(server.ask("x"), "? x");
}

/// Sends commands and goes with answers unread, which makes the kernel reset the connection; gives
/// back the first answer.
fn reset(server: &Server, commands: &str) -> String {
    let mut client = server.client();
    client.send(commands);
    let mut answer = [0; 256];
    let seen = client.stream.peek(&mut answer).unwrap();
    String::from_utf8(answer[..seen].to_vec()).unwrap()
}

#[test]
fn a_half_close_ends_the_last_command_and_then_the_connection() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    for (sent, expected) in [
        ("", ""),
        ("\n \n", ""),
        ("x", "? x\n"),
        ("x\ny", "? x\n? y\n"),
        ("x\ny\n", "? x\n? y\n"),
        ("x\r", "? x\r\n"),
        ("  ", ""),
    ] {
        let mut client = server.client();
        client.send(sent);
        client.finish();
        assert_eq!(client.rest(), expected.as_bytes(), "{sent:?}");
    }
    let mut client = server.client();
    client.send("IAMAT kiwi +34.0-118.0 1");
    client.finish();
    let answer = String::from_utf8(client.rest()).unwrap();
    let answer = answer.strip_suffix('\n').unwrap();
    assert_eq!(server.find("kiwi").as_deref(), Some(answer));
}

#[test]
fn connections_stay_open_for_more() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
    for round in 0..5 {
        for (number, client) in clients.iter_mut().enumerate() {
            assert_eq!(client.ask(&format!("{round} {number}")), format!("? {round} {number}"));
        }
    }
}

#[test]
fn lines_that_are_too_long_are_warned_of_once_in_a_while() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let long = "x".repeat(CLIENT_LINE_BYTES_MAX + 1);
    for _ in 0..20 {
        let mut client = server.client();
        client.send(&long);
        assert_eq!(client.rest().len(), CLIENT_LINE_BYTES_MAX + 3);
    }
    assert_eq!(server.ask("y"), "? y");
    server.wait_for_log(" > ? y");
    assert_eq!(server.log().matches("a line is too long").count(), 1);
}
