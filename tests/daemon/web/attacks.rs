//! Visitors who mean no good: they disturb nobody.

use super::{Bystander, tell};
use crate::harness::{Client, Herd, Waiting, until};
use herd::limits::{HTTP_REQUEST_BODY_BYTES_MAX, OUTPUT_HIGH_WATER_BYTES, READ_BUDGET_BYTES};
use std::io::{ErrorKind, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

/// Memory that may come and go with the load.
const SLACK_BYTES: u64 = 4 * 1_024 * 1_024;
/// The pause behind each byte of who is slow. With a second of it the server would be as busy, and the
/// test ten times as long.
const BYTE_PAUSE: Duration = Duration::from_millis(100);

/// Somebody who sends what it has a byte at a time, for ever.
struct Slow {
    client: Client,
    bytes: Vec<u8>,
    sent: usize,
    /// What has come, once something has.
    answer: Option<String>,
}

impl Slow {
    /// Who has sent `begun` already.
    fn new(mut client: Client, begun: &str, dawdles: &str) -> Slow {
        client.send(begun);
        client.stream.set_nonblocking(true).unwrap();
        Slow { client, bytes: dawdles.as_bytes().to_vec(), sent: 0, answer: None }
    }

    /// Sends one byte more, unless there is an answer. Whether there is.
    fn go_on(&mut self) -> bool {
        let mut buffer = [0; 4_096];
        if self.answer.is_none() {
            match self.client.stream.read(&mut buffer) {
                Ok(read) => {
                    self.answer = Some(String::from_utf8_lossy(&buffer[..read]).into_owned())
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    self.client.send([self.bytes[self.sent % self.bytes.len()]]);
                    self.sent += 1;
                }
            }
        }
        self.answer.is_some()
    }
}

#[test]
fn two_hundred_who_dawdle_are_told_so_and_nobody_else_notices() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with("--first-line").with("2");
    let server = herd.start("Solo");
    let (mut client, mut bystander) = (server.client(), Bystander::default());
    let head = "GET /status HTTP/1.1\r\nHost: herd\r\nX-Slow: ";
    let body = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n";
    let chunked = "PUT /clients/kiwi HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    let start = Instant::now();
    let mut slow: Vec<Slow> = (0..200)
        .map(|number| match number % 4 {
            0 => Slow::new(server.visitor(), body, "id=kiwi&lat=1&"),
            1 => Slow::new(server.visitor(), chunked, "1\r\n \r\n"),
            _ => Slow::new(server.visitor(), "", head),
        })
        .collect();
    let waiting = Waiting::at_most(crate::harness::DEADLINE);
    // Not all of them stop as soon as one has, so `all` would not do.
    while slow.iter_mut().filter_map(|slow| slow.go_on().then_some(())).count() < slow.len() {
        bystander.report(&mut client, &server);
        thread::sleep(BYTE_PAUSE);
        assert!(waiting.again(), "they are still there");
    }
    assert!(start.elapsed() >= Duration::from_secs(2), "they had their time");
    for slow in &slow {
        let answer = slow.answer.as_deref().unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?} behind {} bytes", slow.sent);
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer:?}");
    }
    bystander.assert_served("two hundred who dawdle");
    until("they are gone", || (server.process.descriptors() < 200).then_some(()));
    assert_eq!(server.find("kiwi"), None);
}

#[test]
fn bodies_without_end_are_cut_and_kept_by_nobody() {
    const VISITORS: usize = 20;
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    let (mut client, mut bystander) = (server.client(), Bystander::default());
    bystander.report(&mut client, &server);
    let before = server.process.resident_bytes();
    let mut visitors: Vec<Client> = (0..VISITORS).map(|_| server.visitor()).collect();
    for visitor in &mut visitors {
        visitor.send("POST /pub HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096));
    // As much as is taken, and then for ever more.
    for _ in 0..HTTP_REQUEST_BODY_BYTES_MAX / 4_096 {
        visitors.iter_mut().for_each(|visitor| visitor.send(&chunk));
        bystander.report(&mut client, &server);
    }
    let mut open = visitors;
    let waiting = Waiting::at_most(crate::harness::DEADLINE);
    while !open.is_empty() {
        bystander.report(&mut client, &server);
        // The server stays for a while to be read; who never stops sending is cut then.
        open.retain_mut(|visitor| visitor.stream.write_all(chunk.as_bytes()).is_ok());
        assert!(waiting.again(), "they still send");
    }
    let grown = server.process.resident_bytes().saturating_sub(before);
    let most = 2 * (VISITORS * HTTP_REQUEST_BODY_BYTES_MAX) as u64 + SLACK_BYTES;
    assert!(grown <= most, "the server has grown by {grown} bytes");
    bystander.assert_served("bodies without end");

    let mut visitor = server.visitor();
    visitor.send("POST /pub HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    visitor.send(chunk.repeat(HTTP_REQUEST_BODY_BYTES_MAX / 4_096) + "1\r\n");
    assert_eq!(visitor.answer().0, 413);
    assert_eq!(visitor.rest(), b"");
}

/// Sends as much as is taken; how much that was.
fn stuff(client: &mut Client, bytes: &[u8]) -> usize {
    client.stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut sent = 0;
    while sent < bytes.len() {
        match client.stream.write(&bytes[sent..]) {
            Ok(written) => sent += written,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
                break;
            }
        }
    }
    sent
}

#[test]
fn ten_thousand_requests_at_once_are_answered_as_they_are_read() {
    const REQUESTS: usize = 10_000;
    const VISITORS: usize = 20;
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    let (mut client, mut bystander) = (server.client(), Bystander::default());
    bystander.report(&mut client, &server);
    let before = server.process.resident_bytes();
    // Twenty-seven bytes each, that ask for the whole page.
    let requests = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(REQUESTS);
    let visitors: Vec<Client> = (0..VISITORS)
        .map(|_| {
            let mut visitor = server.visitor();
            stuff(&mut visitor, requests.as_bytes());
            bystander.report(&mut client, &server);
            visitor
        })
        .collect();
    let grown = server.process.resident_bytes().saturating_sub(before);
    let each = (OUTPUT_HIGH_WATER_BYTES + READ_BUDGET_BYTES) as u64 * 2;
    let figure = grown / VISITORS as u64;
    tell(&format!("{figure} B for each of who asks for {REQUESTS} pages and reads none"));
    assert!(grown <= VISITORS as u64 * each + SLACK_BYTES, "the server has grown by {grown} bytes");
    drop(visitors);
    bystander.assert_served("who does not read");

    // And all of them are answered, in their order, to who reads in the end.
    let mut visitor = server.visitor();
    let asked = (0..REQUESTS)
        .map(|number| format!("GET /clients/c{} HTTP/1.1\r\nHost: h\r\n\r\n", number % 7));
    let asked: String = asked.collect();
    for number in (0..7).filter(|number| number % 2 == 0) {
        server.report(&format!("c{number}"), "1");
    }
    let mut writer = Client::new(visitor.stream.try_clone().unwrap());
    thread::scope(|scope| {
        scope.spawn(move || writer.send(asked));
        for number in 0..REQUESTS {
            let (status, body) = visitor.answer();
            let id = number % 7;
            if id % 2 == 0 {
                assert_eq!(status, 200, "{number}");
                assert!(body.starts_with(&format!("{{\"id\":\"c{id}\"")), "{body}");
            } else {
                assert_eq!(status, 404, "{number}");
            }
        }
    });
}

#[test]
fn shapes_that_two_servers_would_read_differently_are_refused_and_closed() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    let hidden = "GET /?id=smuggled&lat=1&lon=1 HTTP/1.1\r\nHost: h\r\n\r\n";
    let length = hidden.len();
    for (head, status) in [
        (format!("Content-Length: {length}\r\nContent-Length: 0\r\n\r\n"), 400),
        (format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n"), 400),
        (format!("Content-Length: 0, {length}\r\n\r\n"), 400),
        (format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n".to_owned(), 400),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n".to_owned(), 501),
        ("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(), 400),
        ("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n".to_owned(), 400),
        ("Content-Length: +0\r\n\r\n".to_owned(), 400),
        ("Content-Length: 0x0\r\n\r\n".to_owned(), 400),
        ("Content-Length: -1\r\n\r\n".to_owned(), 400),
        ("X-Bare: 1\nContent-Length: 0\r\n\r\n".to_owned(), 400),
        ("X-Bare: 1\r\n\n".to_owned(), 400),
        ("X-Null: \0\r\nContent-Length: 0\r\n\r\n".to_owned(), 400),
        ("Host: other\r\n\r\n".to_owned(), 400),
        ("Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n".to_owned(), 400),
        ("Transfer-Encoding: chunked\r\n\r\n0\n\r\n".to_owned(), 400),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n".to_owned(), 413),
    ] {
        let mut visitor = server.visitor();
        visitor.send(format!("POST /pub HTTP/1.1\r\nHost: h\r\n{head}{hidden}"));
        let (got, body) = visitor.answer();
        assert!(got == status && body.starts_with("{\"error\":"), "{got} {body}: {head:?}");
        assert_eq!(visitor.rest(), b"", "closed behind {head:?}");
    }
    assert_eq!(server.find("smuggled"), None);
    assert!(server.ask("IAMAT kiwi +1+1 1").starts_with("AT Solo "));
}
