//! Which URLs are taken, and what a check of health makes of what comes.

use super::*;
use crate::transport::{ConnectionId, DriverSide, Transport};
use std::io;
use std::time::Duration;

const URL: &str = "http://127.0.0.1:13645/healthz";

/// What is sent to a server, and the verdict once `tell` has told what comes of it.
fn verdict(
    tell: impl FnOnce(&mut Question, &mut Context<'_, HealthCheck>),
) -> (String, Result<(), String>) {
    let mut app = HealthCheck::new(URL).unwrap();
    let mut transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
    let Some(Action::Dial { mut protocol, .. }) = app.next_action() else { panic!("it dials") };
    let sent = protocol.request.clone();
    let mut cx = Context { app: &mut app, transport: &mut transport, now: Now::default() };
    protocol.connection_made(&mut cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()));
    assert_eq!(cx.transport.output_len(), sent.len());
    tell(&mut protocol, &mut cx);
    assert!(matches!(app.next_action(), Some(Action::Stop)));
    (sent, app.outcome().map_err(str::to_owned))
}

/// The verdict upon an answer.
fn answered(answer: &str) -> Result<(), String> {
    let (_, verdict) = verdict(|protocol, cx| {
        for byte in answer.as_bytes().chunks(1) {
            protocol.data_received(cx, byte);
        }
        protocol.eof_received(cx);
        protocol.connection_lost(cx, &Lost::Closed);
    });
    verdict
}

#[test]
fn a_server_is_well_that_says_so_and_no_other() {
    assert_eq!(answered("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"), Ok(()));
    let ill = "HTTP/1.1 503 no\r\nContent-Length: 7\r\n\r\nnot \u{1b}\r\n";
    assert_eq!(answered(ill).unwrap_err(), r"status 503: not \x1b");
    for (answer, why) in [
        ("", "closed without an answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "the answer is "),
        ("? GET /healthz HTTP/1.1\n", "the answer is "),
    ] {
        let said = answered(answer).unwrap_err();
        assert!(said.starts_with(why), "{said}");
    }
}

#[test]
fn one_that_cannot_be_reached_is_not_well() {
    let refused = Lost::Connect(io::ErrorKind::ConnectionRefused.into());
    let (_, verdict) = verdict(|protocol, cx| protocol.connection_lost(cx, &refused));
    assert!(verdict.unwrap_err().contains("refused"));
}

#[test]
fn one_that_does_not_answer_in_time_is_not_well() {
    let mut app = HealthCheck::new(URL).unwrap();
    let Some(Action::Dial { timeout, .. }) = app.next_action() else { panic!("it dials") };
    assert_eq!(timeout, limits::HEALTH_CHECK_TIMEOUT);
    let now = Now::default();
    app.turn_ended(now, &Meters::default());
    assert_eq!(app.deadline(), Some(now.monotonic + Duration::from_secs(5)));
    app.turn_ended(
        Now { monotonic: now.monotonic + Duration::from_secs(1), ..now },
        &Meters::default(),
    );
    assert_eq!(
        app.deadline(),
        Some(now.monotonic + limits::HEALTH_CHECK_TIMEOUT),
        "from the start"
    );
    app.timer_expired(now);
    assert_eq!(app.outcome(), Err("no answer within 5s"));
    assert!(matches!(app.next_action(), Some(Action::Stop)));
    assert_eq!(app.deadline(), None);
}

#[test]
fn a_url_says_where_and_what() {
    let tls = |host: &str, port| Endpoint::tls(host, port, HEALTH_PROFILE);
    for (url, endpoint, head) in [
        (
            URL,
            Endpoint::plain("127.0.0.1", 13_645),
            "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:13645\r\n",
        ),
        ("http://h", Endpoint::plain("h", 80), "GET /healthz HTTP/1.1\r\nHost: h\r\n"),
        ("https://[::1]/readyz?", tls("::1", 443), "GET /readyz? HTTP/1.1\r\nHost: [::1]\r\n"),
        ("https://h:1/", tls("h", 1), "GET / HTTP/1.1\r\nHost: h:1\r\n"),
    ] {
        let mut check = HealthCheck::new(url).unwrap();
        let Some(Action::Dial { endpoint: dialled, protocol, .. }) = check.next_action() else {
            panic!("it dials")
        };
        assert_eq!(dialled, endpoint, "{url}");
        assert_eq!(protocol.request, format!("{head}Connection: close\r\n\r\n"), "{url}");
        assert_eq!(check.outcome(), Err("interrupted"));
    }
    for wrong in [
        "",
        "h:80",
        "ftp://h",
        "http://",
        "http://h:x",
        "http://:80",
        "http://h:65536",
        "http://h/a b",
        "http://h/\r\nX: y",
    ] {
        assert!(HealthCheck::new(wrong).is_err(), "{wrong:?}");
    }
}
