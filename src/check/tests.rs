//! What a check finds, and what it advises.

use super::*;
use crate::places::{Dialect, Key, Service};
use crate::transport::{ConnectionId, DialStage, DriverSide, Meters, PeerInfo, Transport};
use std::io;
use std::net::Ipv4Addr;

const LOCAL: &str = "https://localhost:8443/maps/api/place/nearbysearch/json";
const GOOGLE_LEGACY: &str = "https://maps.googleapis.com/maps/api/place/nearbysearch/json";
const GOOGLE_NEW: &str = "https://places.googleapis.com/v1/places:searchNearby";

fn check_of(url: &str, dialect: Dialect, key: Option<&str>) -> Check {
    let key = key.map(|key| Key::new(key).unwrap());
    Check::new(PlacesSettings::new(Service::parse(url, dialect, key).unwrap()), false)
}

fn check() -> Check {
    check_of(LOCAL, Dialect::Legacy, None)
}

/// What a check finds that is connected and gets `response`.
fn after(response: &str) -> (String, Result<(), String>) {
    findings(check(), response)
}

fn findings(mut app: Check, response: &str) -> (String, Result<(), String>) {
    let mut transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
    let Some(Action::Dial { mut protocol, endpoint, .. }) = app.next_action() else {
        panic!("a check dials");
    };
    assert!(endpoint.is_tls());
    let mut cx = Context { app: &mut app, transport: &mut transport, now: Now::default() };
    protocol.connection_made(&mut cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()));
    assert!(cx.transport.output_len() > 0, "nothing is asked");
    for byte in response.as_bytes().chunks(1) {
        protocol.data_received(&mut cx, byte);
    }
    protocol.eof_received(&mut cx);
    protocol.connection_lost(&mut cx, &Lost::Closed);
    assert!(matches!(app.next_action(), Some(Action::Stop)));
    assert!(app.next_action().is_none(), "it stops once");
    let (findings, verdict) = app.outcome();
    (findings.join("\n"), verdict.map_err(str::to_owned))
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[test]
fn a_good_answer_is_told_with_a_sample() {
    let body = r#"{"results": [{"name": "Bel Air"}], "status": "OK"}"#;
    let (findings, verdict) = after(&http("200 OK", body));
    assert_eq!(verdict, Ok(()));
    for part in ["localhost:8443", "HTTP status 200", "1 results", "Bel Air"] {
        assert!(findings.contains(part), "{part:?} is not in {findings}");
    }
}

#[test]
fn what_places_says_cannot_steer_the_terminal() {
    let hostile = "x\\n\\u001b[2J\\u202e\\u200b\\u009b";
    let shown = r"x\x0a\x1b[2J\u{202e}\u{200b}\u{9b}";
    let ok = format!(r#"{{"results": [{{"name": "{hostile}"}}], "status": "OK"}}"#);
    let (findings, verdict) = after(&http("200 OK", &ok));
    assert_eq!(verdict, Ok(()));
    assert!(findings.ends_with(&format!(", first \"{shown}\"")), "{findings}");
    let refused =
        format!(r#"{{"error_message": "{hostile}", "results": [], "status": "NOT_FOUND"}}"#);
    let why = after(&http("200 OK", &refused)).1.unwrap_err();
    assert_eq!(why, format!("NOT_FOUND: {shown}"));
}

#[test]
fn what_places_refuses_is_told_in_its_words() {
    let body = r#"{"error_message": "bad key", "results": [], "status": "REQUEST_DENIED"}"#;
    let (_, verdict) = after(&http("200 OK", body));
    let why = verdict.unwrap_err();
    assert!(why.starts_with("REQUEST_DENIED: bad key (no key was given: "), "{why}");
}

#[test]
fn nonsense_silence_and_no_connection_are_told_apart() {
    assert!(after("SSH-2.0-x\r\n\r\n").1.unwrap_err().starts_with("Places sent"));
    assert!(after("").1.unwrap_err().contains("unasked"));
    assert!(after(&http("500 No", "oops")).1.unwrap_err().contains("UNKNOWN_ERROR"));
    let mut app = check();
    app.turn_ended(Now::default(), &Meters::default());
    app.timer_expired(Now::default());
    assert!(app.outcome().1.unwrap_err().starts_with("not connected after"));
}

/// An error as the new dialect has it.
fn error(code: &str, message: &str) -> String {
    let status = if code == "INVALID_ARGUMENT" { "400 Bad Request" } else { "403 Forbidden" };
    http(status, &format!(r#"{{"error":{{"code":0,"message":"{message}","status":"{code}"}}}}"#))
}

#[test]
fn what_google_answers_comes_with_what_to_do() {
    for (code, message, advice) in [
        (
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            "copy it anew from the Google Cloud console",
        ),
        (
            "PERMISSION_DENIED",
            "Places API (New) has not been used in project 1 before or it is disabled.",
            "enable \"Places API (New)\" in the Google Cloud console",
        ),
        (
            "PERMISSION_DENIED",
            "Requests to this API places.googleapis.com method x are blocked.",
            "the restrictions of the key",
        ),
        (
            "PERMISSION_DENIED",
            "The provided API key has an IP address restriction.",
            "the restrictions of the key",
        ),
        ("PERMISSION_DENIED", "This API method requires billing to be enabled.", "billing account"),
        ("PERMISSION_DENIED", "No.", "whether the key is right"),
        ("RESOURCE_EXHAUSTED", "Quota exceeded for quota metric x", "quota is used up"),
    ] {
        let check = check_of(GOOGLE_NEW, Dialect::New, Some("AIzaSecret"));
        let why = findings(check, &error(code, message)).1.unwrap_err();
        assert!(why.contains(message) && why.contains(advice), "{why}");
        assert!(!why.contains('\n') && !why.contains("AIzaSecret"), "{why}");
    }
    // The wrong question is ours to mend, not the operator's.
    let check = check_of(GOOGLE_NEW, Dialect::New, Some("AIzaSecret"));
    let why = findings(check, &error("INVALID_ARGUMENT", "Invalid radius.")).1;
    assert_eq!(why, Err("INVALID_REQUEST: Invalid radius.".to_owned()));
    for (message, advice) in [
        ("You're calling a legacy API, which is not enabled for your project.", "no new project"),
        ("The provided API key is invalid. ", "copy it anew"),
        ("This API project is not authorized to use this API.", "is enabled for its project"),
    ] {
        let check = check_of(GOOGLE_LEGACY, Dialect::Legacy, Some("AIzaSecret"));
        let body =
            format!(r#"{{"error_message":"{message}","results":[],"status":"REQUEST_DENIED"}}"#);
        let why = findings(check, &http("200 OK", &body)).1.unwrap_err();
        assert!(why.contains(message) && why.contains(advice), "{why}");
    }
}

#[test]
fn other_services_are_not_taken_for_google() {
    let denied = r#"{"error_message":"no","results":[],"status":"REQUEST_DENIED"}"#;
    let check = check_of(LOCAL, Dialect::Legacy, Some("secret"));
    let why = findings(check, &http("200 OK", denied)).1.unwrap_err();
    assert_eq!(why, "REQUEST_DENIED: no (is that the key that this service demands?)");
    let why = after(&http("404 Not Found", "<html>")).1.unwrap_err();
    assert!(why.contains("is the path in --places right"), "{why}");
    // A key that is not there is said whoever is asked.
    let check = check_of(GOOGLE_NEW, Dialect::New, None);
    let why = findings(check, &error("PERMISSION_DENIED", "Unregistered callers")).1.unwrap_err();
    assert!(why.contains("set GOOGLE_PLACES_API_KEY"), "{why}");
}

#[test]
fn what_keeps_a_connection_from_coming_about_comes_with_what_to_do() {
    let at = (Ipv4Addr::LOCALHOST, 8_443).into();
    let refused = || Lost::Connect(io::ErrorKind::ConnectionRefused.into());
    for (cause, is_stand_in, parts) in [
        (refused(), true, ["connection refused", "start it with `places`"]),
        (refused(), false, ["connection refused", "does it run"]),
        (Lost::Tls("bad".to_owned()), true, ["TLS: bad", ".herd"]),
        (Lost::Tls("bad".to_owned()), false, ["TLS: bad", "--places-ca"]),
        (Lost::NotTls("bad".to_owned()), true, ["TLS: bad", ".herd"]),
        (Lost::NotTls("bad".to_owned()), false, ["TLS: bad", "a server of HTTPS"]),
        (Lost::Resolve("x".to_owned()), false, ["name look-up failed: x", "resolve names"]),
        (
            Lost::ConnectTimeout(DialStage::LookUp),
            false,
            ["the name look-up was pending", "resolve names"],
        ),
        (
            Lost::ConnectTimeout(DialStage::Connect(at)),
            false,
            ["the TCP connect to 127.0.0.1:8443 was pending", "may this machine go there"],
        ),
        (
            Lost::ConnectTimeout(DialStage::Handshake(at)),
            false,
            ["the TLS handshake with 127.0.0.1:8443 was pending", "a server of HTTPS"],
        ),
    ] {
        let service = Service::parse(LOCAL, Dialect::Legacy, None).unwrap();
        let mut app = Check::new(PlacesSettings::new(service), is_stand_in);
        let mut transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
        let Some(Action::Dial { mut protocol, .. }) = app.next_action() else {
            panic!("a check dials");
        };
        let mut cx = Context { app: &mut app, transport: &mut transport, now: Now::default() };
        protocol.connection_lost(&mut cx, &cause);
        let why = app.outcome().1.unwrap_err();
        assert!(parts.iter().all(|part| why.contains(part)), "{why}");
    }
}
