//! What is passed on, and what is said instead of the rest.

use super::*;
use crate::limits;
use crate::places::RESPONSE_LIMITS;
use crate::wire::http::{HttpError, ResponseReader};
use proptest::prelude::*;

fn response(status: u16, body: &str) -> Response {
    Response { status, keep_alive: true, identity: true, body: body.as_bytes().to_vec() }
}

fn key() -> Key {
    Key::new("AIza/Secret").unwrap()
}

fn problem(status: u16, body: &str) -> (Status, String) {
    let problem = judge(response(status, body), Some(&key())).unwrap_err();
    (problem.status(), problem.message().to_owned())
}

#[test]
fn what_is_in_the_shape_is_passed_on_as_it_is() {
    for (status, body) in [
        (200, r#"{"results":[],"status":"OK"}"#),
        (200, r#"{ "results" : [ ] }"#),
        (200, r#"{"status":7,"results":[{}],"n":1e999,"m":123456789012345678901234567890}"#),
        (200, r#"{"\u0072esults":[1,2],"half \ud800":"\udc00"}"#),
        (200, r#"{"error_message":"no","results":[],"status":"REQUEST_DENIED"}"#),
        (403, r#"{"error_message":"no","results":[],"status":"REQUEST_DENIED"}"#),
        (500, r#"{"status":"OF_TOMORROW","results":[]}"#),
    ] {
        let answer = judge(response(status, body), Some(&key())).unwrap();
        assert_eq!(String::from_utf8(answer.cut(20)).unwrap(), body);
        assert_eq!(answer.bytes(), body.len());
    }
}

#[test]
fn an_error_in_the_shape_of_an_answer_is_known_as_one() {
    for (body, complaint) in [
        (r#"{"results":[],"status":"OK"}"#, None),
        (r#"{"results":[],"status":"ZERO_RESULTS","error_message":"x"}"#, None),
        (r#"{"results":[]}"#, None),
        (r#"{"results":[],"status":7}"#, None),
        (
            r#"{"error_message":"The provided API key is invalid.","results":[],"status":"REQUEST_DENIED"}"#,
            Some((Status::RequestDenied, "The provided API key is invalid.")),
        ),
        (
            r#"{"results":[],"status":"OVER_QUERY_LIMIT"}"#,
            Some((Status::OverQueryLimit, "it does not say why")),
        ),
        (
            r#"{"results":[1],"status":"INVALID_REQUEST","error_message":7}"#,
            Some((Status::InvalidRequest, "it does not say why")),
        ),
        (
            r#"{"results":[],"status":"OF_TOMORROW","error_message":"\u0068m"}"#,
            Some((Status::UnknownError, "OF_TOMORROW: hm")),
        ),
    ] {
        let answer = judge(response(200, body), Some(&key())).unwrap();
        let known = answer.complaint().map(|problem| (problem.status(), problem.message()));
        assert_eq!(known, complaint, "{body}");
        assert_eq!(answer.cut(20), body.as_bytes());
    }
}

#[test]
fn the_rest_is_explained() {
    let unknown = Status::UnknownError;
    for (http, body, status, message) in [
        (200, "", unknown, "Places sent nothing"),
        (204, "", unknown, "Places answered with HTTP status 204"),
        (200, "<html>", unknown, "Places sent what is not JSON"),
        (200, "\u{feff}{\"results\":[]}", unknown, "Places sent what is not JSON"),
        (200, r#"{"results":[]} x"#, unknown, "Places sent what is not JSON"),
        (200, r#"{"results":[1,]}"#, unknown, "Places sent what is not JSON"),
        (200, "{\"results\":[\"a\nb\"]}", unknown, "Places sent what is not JSON"),
        (200, r#"{"results":[{"a":"#, unknown, "Places sent JSON that ends in the middle"),
        (200, r#"[{"results":[]}]"#, unknown, "Places sent JSON that is no object"),
        (200, "{}", unknown, "Places sent no list of results"),
        (200, r#"{"results":{}}"#, unknown, "Places sent no list of results"),
        (200, r#"{"results":[],"results":"["}"#, unknown, "Places sent no list of results"),
        (200, r#"{"a":{"results":[]}}"#, unknown, "Places sent no list of results"),
        (
            302,
            r#"{"results":[]}"#,
            unknown,
            "Places redirects (HTTP status 302), it is not followed",
        ),
        (503, "<html>", unknown, "Places answered with HTTP status 503"),
        (500, r#"{"results":[{}]}"#, unknown, "Places answered with HTTP status 500"),
        (500, r#"{"results":[{}],"status":1}"#, unknown, "Places answered with HTTP status 500"),
    ] {
        assert_eq!(problem(http, body), (status, message.to_owned()), "{body}");
    }
}

#[test]
fn the_words_of_places_are_used() {
    for (http, body, status, message) in [
        (
            200,
            r#"{"status":"OVER_QUERY_LIMIT","error_message":"too \u006duch"}"#,
            Status::OverQueryLimit,
            "Places: too much",
        ),
        (
            429,
            r#"{"status":"OVER_QUERY_LIMIT"}"#,
            Status::OverQueryLimit,
            "Places answered with HTTP status 429",
        ),
        (200, r#"{"status":"OK"}"#, Status::UnknownError, "Places sent no list of results"),
        (
            200,
            r#"{"status":"SILLY","error_message":" "}"#,
            Status::UnknownError,
            "Places sent no list of results",
        ),
        (
            200,
            r#"{"results":null,"status":"NOT_FOUND","error_message":"gone"}"#,
            Status::NotFound,
            "Places: gone",
        ),
        (
            400,
            r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"bad radius"}}"#,
            Status::InvalidRequest,
            "Places: bad radius",
        ),
        (
            403,
            r#"{"error":{"status":"PERMISSION_DENIED","message":"no AIza/Secret, AIza%2FSecret"}}"#,
            Status::RequestDenied,
            "Places: no ***, ***",
        ),
        (
            401,
            r#"{"error":{"status":"UNAUTHENTICATED"}}"#,
            Status::RequestDenied,
            "Places answered with HTTP status 401",
        ),
        (
            429,
            r#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"slow"}}"#,
            Status::OverQueryLimit,
            "Places: slow",
        ),
        (
            500,
            r#"{"error":{"status":"INTERNAL","message":"oops"}}"#,
            Status::UnknownError,
            "Places: oops",
        ),
        (
            500,
            r#"{"error":"oops","status":{}}"#,
            Status::UnknownError,
            "Places answered with HTTP status 500",
        ),
    ] {
        assert_eq!(problem(http, body), (status, message.to_owned()), "{body}");
    }
}

#[test]
fn a_body_with_the_key_is_held_back() {
    for body in [
        r#"{"results":[{"url":"?key=AIza/Secret"}]}"#,
        r#"{"results":[{"url":"?key=AIza%2FSecret"}]}"#,
        r#"{"results":[{"url":"?key=AIza\/Secret"}]}"#,
        r#"{"results":[],"AIza\u002fS\u0065cret":0}"#,
    ] {
        let (status, message) = problem(200, body);
        assert_eq!(status, Status::UnknownError);
        assert_eq!(message, "Places sent the key back in its answer");
        assert!(judge(response(200, body), None).is_ok());
    }
    let denied = r#"{"results":[],"status":"REQUEST_DENIED","error_message":"bad AIza/Secret"}"#;
    assert_eq!(problem(403, denied), (Status::RequestDenied, "Places: bad ***".to_owned()));
}

#[test]
fn a_compressed_body_is_not_looked_at() {
    let compressed = Response { identity: false, ..response(200, r#"{"results":[]}"#) };
    let problem = judge(compressed, None).unwrap_err();
    assert_eq!(problem.message(), "Places compressed its answer, which was not asked for");
}

#[test]
fn deep_nesting_is_no_danger() {
    let depth = limits::PLACES_BODY_BYTES_MAX / 2 - 64;
    for (open, close) in [("[", "]"), ("{\"\":", "}")] {
        let depth = depth / open.len();
        let nested = format!("{}0{}", open.repeat(depth), close.repeat(depth));
        let body = format!("{{\"a\":{nested},\"results\":[1,{nested}]}}");
        let answer = judge(response(200, &body), Some(&key())).unwrap();
        assert!(answer.cut(2) == body.as_bytes());
        assert!(answer.cut(1).ends_with(b",\"results\":[1]}"));
        assert!(judge(response(200, &"[".repeat(depth)), None).is_err());
        let body = format!("{{\"status\":{nested},\"error\":{nested},\"error_message\":{nested}}}");
        assert!(judge(response(200, &body), None).is_err());
    }
}

#[test]
fn many_lists_are_no_danger() {
    let body = format!("{{{}\"a\":0}}", "\"results\":[1,2],".repeat(100_000));
    let answer = judge(response(200, &body), None).unwrap();
    assert!(answer.cut(2) == body.as_bytes());
    assert_eq!(String::from_utf8(answer.cut(1)).unwrap(), body.replace(",2", ""));
}

/// The whole way from the wire: what a misbehaving service's bytes come to.
#[test]
fn a_misbehaving_service_is_named_as_such() {
    let fetch = |bytes: &[u8]| -> Result<Answer, Problem> {
        let mut reader = ResponseReader::new(RESPONSE_LIMITS);
        if let Some((response, _)) = reader.receive(bytes)? {
            return judge(response, None);
        }
        judge(reader.finish()?.ok_or(HttpError::Truncated)?, None)
    };
    let three_megabytes = format!("{{\"results\":[{}0]}}", "0,".repeat(1_500_000));
    for (headers, body, message) in [
        ("Content-Length: 40", "{}", "only part of a message before it closed the connection"),
        ("Content-Length: 3000000", "", "a body that is too large"),
        ("X: y", three_megabytes.as_str(), "a body that is too large"),
        ("Transfer-Encoding: chunked", "zz\r\n", "a chunk size that is no number"),
        ("Content-Length: 1\r\nContent-Length: 2", "{}", "several content lengths that differ"),
        ("Content-Length: 13", "{\"results\":[]", "JSON that ends in the middle"),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}");
        let problem = fetch(text.as_bytes()).unwrap_err();
        assert_eq!(problem.message(), format!("Places sent {message}"));
    }
    assert!(fetch(b"HTTP/1.0 200 OK\r\n\r\n{\"results\":[]}").is_ok());
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        status in 200_u16..600,
    ) {
        let response = Response { status, keep_alive: true, identity: true, body: bytes };
        if let Err(problem) = judge(response, Some(&key())) {
            let answer = problem.answer().cut(20);
            let value: serde_json::Value = serde_json::from_slice(&answer).unwrap();
            prop_assert_eq!(&value["results"], &serde_json::json!([]));
            prop_assert!(!value["error_message"].as_str().unwrap().is_empty());
        }
    }

    #[test]
    fn a_message_of_places_never_shows_the_key(
        before in "\\PC{0,600}",
        after in "\\PC{0,20}",
    ) {
        let message = format!("{before}AIza/Secret{after}");
        let body = serde_json::json!({"error_message": message, "results": [], "status": "X"});
        let problem = judge(response(500, &body.to_string()), Some(&key())).unwrap_err();
        prop_assert!(problem.message().chars().count() <= limits::PLACES_MESSAGE_CHARS_MAX);
        prop_assert!(!key().is_in(&problem.answer().cut(20)));
    }
}
