//! Requests to the byte, and answers reshaped: by example, by property, and when they are hostile.

use super::*;
use crate::places::{Dialect, FieldMask};
use crate::wire::http::RequestReader;
use proptest::prelude::*;
use serde_json::{Value, json};

mod reshaped;

const CAMPUS: Search = Search {
    latitude_nanodegrees: 34_068_930_000,
    longitude_nanodegrees: -118_445_127_000,
    radius_micrometres: 10_000_000_000,
};

fn service(url: &str, key: Option<&str>) -> Service {
    let key = key.map(|key| Key::new(key).unwrap());
    Service::parse(url, Dialect::New, key).unwrap()
}

fn google() -> Service {
    service("https://places.googleapis.com/v1/places:searchNearby", Some("AIza/Secret"))
}

fn response(status: u16, body: &str) -> Response {
    Response { status, keep_alive: true, identity: true, body: body.as_bytes().to_vec() }
}

fn answer(body: &str) -> String {
    let answer = google().judge(response(200, body)).unwrap();
    String::from_utf8(answer.cut(20)).unwrap()
}

fn problem(status: u16, body: &str) -> (Status, String) {
    let problem = google().judge(response(status, body)).unwrap_err();
    (problem.status(), problem.message().to_owned())
}

#[test]
fn the_request_is_as_documented() {
    let body = "{\"maxResultCount\": 20, \"locationRestriction\": {\"circle\": {\"center\": \
                {\"latitude\": 34.06893, \"longitude\": -118.445127}, \"radius\": 10000}}}";
    assert_eq!(
        String::from_utf8(google().request(&CAMPUS)).unwrap(),
        format!(
            "POST /v1/places:searchNearby HTTP/1.1\r\n\
             Host: places.googleapis.com\r\n\
             User-Agent: herd/{}\r\n\
             Accept: application/json\r\n\
             Accept-Encoding: identity\r\n\
             Content-Type: application/json\r\n\
             Content-Length: {}\r\n\
             X-Goog-Api-Key: AIza/Secret\r\n\
             X-Goog-FieldMask: {}\r\n\r\n{body}",
            env!("CARGO_PKG_VERSION"),
            body.len(),
            FieldMask::DEFAULT
        )
    );
}

#[test]
fn key_fields_port_and_query_are_the_service_s() {
    let fields = "places.id,places.rating".parse().unwrap();
    let service = Service { fields, ..service("https://[::1]:8443/v1/x?a=b", None) };
    let bytes = service.request(&CAMPUS);
    let (mut reader, mut rest) = (RequestReader::new(1_024), &bytes[..]);
    let request = reader.next(&mut rest).unwrap().unwrap();
    assert!(rest.is_empty());
    assert_eq!((request.method(), request.path(), request.query()), ("POST", "/v1/x", "a=b"));
    assert_eq!(request.header("host"), Some("[::1]:8443"));
    assert_eq!(request.header("x-goog-api-key"), None);
    assert_eq!(request.header("x-goog-fieldmask"), Some("places.id,places.rating"));
}

#[test]
fn a_radius_is_more_than_zero_and_at_most_the_largest() {
    for (micrometres, metres) in [
        (0, "0.000001"),
        (1, "0.000001"),
        (500_000, "0.5"),
        (50_000_000_000, "50000"),
        (50_000_000_001, "50000"),
        (u64::MAX, "50000"),
    ] {
        let body = body(&Search { radius_micrometres: micrometres, ..CAMPUS });
        assert!(body.ends_with(&format!("\"radius\": {metres}}}}}}}")), "{body}");
    }
}

#[test]
fn nothing_there_is_zero_results() {
    let expected = "{\n   \"html_attributions\": [],\n   \"results\": [],\n   \
                    \"status\": \"ZERO_RESULTS\"\n}";
    for body in ["{}", "{\n}\n", r#"{"places":[]}"#, r#"{"places":null}"#, r#"{"other":[1]}"#] {
        assert_eq!(answer(body), expected, "{body}");
    }
}

#[test]
fn errors_keep_their_message_and_get_a_legacy_status() {
    for (http, code, status) in [
        (400, "INVALID_ARGUMENT", Status::InvalidRequest),
        (403, "PERMISSION_DENIED", Status::RequestDenied),
        (401, "UNAUTHENTICATED", Status::RequestDenied),
        (429, "RESOURCE_EXHAUSTED", Status::OverQueryLimit),
        (404, "NOT_FOUND", Status::UnknownError),
        (500, "INTERNAL", Status::UnknownError),
        (200, "OF_TOMORROW", Status::UnknownError),
    ] {
        let body = json!({"error": {"code": http, "message": "It \"is\" so", "status": code}});
        assert_eq!(problem(http, &body.to_string()), (status, "It \"is\" so".to_owned()));
    }
    let body = r#"{"error":{"status":"PERMISSION_DENIED","message":"not AIza/Secret!"}}"#;
    assert_eq!(problem(403, body), (Status::RequestDenied, "not ***!".to_owned()));
    let body = r#"{"results":[],"status":"REQUEST_DENIED","error_message":"ask otherwise"}"#;
    assert_eq!(problem(200, body), (Status::RequestDenied, "ask otherwise".to_owned()));
}

#[test]
fn the_rest_is_explained() {
    for (http, body, message) in [
        (200, "", "Places sent nothing"),
        (204, "", "Places answered with HTTP status 204"),
        (302, r#"{"places":[]}"#, "Places redirects (HTTP status 302), it is not followed"),
        (503, "<html>", "Places answered with HTTP status 503"),
        (500, r#"{"places":[{"id":"a"}]}"#, "Places answered with HTTP status 500"),
        (403, r#"{"error":{"message":" ","code":"x"}}"#, "Places answered with HTTP status 403"),
        (200, "<html>", "Places sent what is not JSON"),
        (200, r#"{"places":[{}]} x"#, "Places sent what is not JSON"),
        (200, r#"{"places":[{"id":"a"#, "Places sent JSON that ends in the middle"),
        (200, r#"[{"places":[]}]"#, "Places sent JSON that is no object"),
        (200, r#"{"places":{}}"#, "Places sent no list of places"),
        (200, r#"{"places":"["}"#, "Places sent no list of places"),
        (200, r#"{"error":"no"}"#, "Places sent no list of places"),
        (200, r#"{"places":null,"error":{}}"#, "Places sent no list of places"),
        (200, r#"{"results":[{}],"status":"OK"}"#, "Places sent no list of places"),
    ] {
        assert_eq!(problem(http, body), (Status::UnknownError, message.to_owned()), "{body}");
    }
    let body = "{\"places\":[{\"id\":\"\u{e9}\"}]}".as_bytes();
    let cut = Response { body: body[..body.len() - 5].to_vec(), ..response(200, "") };
    let message = google().judge(cut).unwrap_err().message().to_owned();
    assert_eq!(message, "Places sent what is not UTF-8");
    let compressed = Response { identity: false, ..response(200, "{}") };
    assert!(google().judge(compressed).is_err());
}

#[test]
fn a_body_with_the_key_is_held_back() {
    for body in [
        r#"{"places":[{"id":"AIza/Secret"}]}"#,
        r#"{"places":[{"id":"AIza\/Secret"}]}"#,
        r#"{"places":[],"AIza\u002fS\u0065cret":0}"#,
        r#"{"url":"?key=AIza%2FSecret"}"#,
    ] {
        let message = "Places sent the key back in its answer".to_owned();
        assert_eq!(problem(200, body), (Status::UnknownError, message));
    }
}

proptest! {
    #[test]
    fn only_numbers_come_from_the_question(
        latitude_nanodegrees in any::<i64>(),
        longitude_nanodegrees in any::<i64>(),
        radius_micrometres in any::<u64>(),
    ) {
        let search = Search { latitude_nanodegrees, longitude_nanodegrees, radius_micrometres };
        let bytes = google().request(&search);
        let (mut reader, mut rest) = (RequestReader::new(1_024), &bytes[..]);
        let request = reader.next(&mut rest).unwrap().unwrap();
        prop_assert!(rest.is_empty());
        let mut body: Value = serde_json::from_slice(request.body()).unwrap();
        let circle = &mut body["locationRestriction"]["circle"];
        for (number, expected) in [
            (circle["center"]["latitude"].take(), latitude_nanodegrees as f64 / 1e9),
            (circle["center"]["longitude"].take(), longitude_nanodegrees as f64 / 1e9),
        ] {
            prop_assert!((number.as_f64().unwrap() - expected).abs() <= expected.abs() * 1e-12);
        }
        let radius = circle["radius"].take().as_f64().unwrap();
        prop_assert!(radius > 0.0 && radius <= 50_000.0);
        prop_assert_eq!(body, json!({
            "maxResultCount": 20,
            "locationRestriction": {"circle": {
                "center": {"latitude": null, "longitude": null}, "radius": null,
            }},
        }));
        let head = String::from_utf8(google().request(&CAMPUS)).unwrap();
        let head_length = head.find("\r\n\r\n").unwrap();
        let same = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(same(&bytes), same(&head.as_bytes()[..head_length + 4]));
    }
}
