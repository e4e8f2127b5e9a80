//! Questions in the new dialect, answered and refused, and that both dialects tell the same.

use super::*;
use crate::gazetteer::Gazetteer;
use crate::service::Service;
use crate::world::WORLD;
use herd::places::{self, Dialect, Key, RESPONSE_LIMITS, Search};
use herd::wire::http::{RequestReader, Response, ResponseReader};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

static STAND_IN: LazyLock<Service> = LazyLock::new(|| Service {
    gazetteer: Gazetteer::parse(WORLD).expect("the embedded data is whole"),
    required_key: None,
    delay: Duration::ZERO,
    stops: 0,
});

/// What a request with these header lines and this body is made of.
fn with_request<T>(headers: &str, body: &str, then: impl FnOnce(&Request<'_>) -> T) -> T {
    let length = body.len();
    let text = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    with_request_of(text.as_bytes(), then)
}

fn with_request_of<T>(bytes: &[u8], then: impl FnOnce(&Request<'_>) -> T) -> T {
    let (mut reader, mut rest) = (RequestReader::new(65_536), bytes);
    then(&reader.next(&mut rest).expect("HTTP").expect("whole"))
}

fn body(latitude: f64, longitude: f64, radius: f64) -> String {
    let circle = json!({
        "center": {"latitude": latitude, "longitude": longitude}, "radius": radius,
    });
    json!({"locationRestriction": {"circle": circle}}).to_string()
}

fn read(body: &str) -> Result<Question, Refusal> {
    with_request("X-Goog-FieldMask: *\r\n", body, |request| Question::read(request, None))
}

/// HTTP status and JSON of the answer.
fn ask(headers: &str, body: &str) -> (u16, Value) {
    let reply = with_request(headers, body, |request| answered(&STAND_IN, request));
    (reply.status, serde_json::from_slice(&reply.body).expect("JSON"))
}

/// What a client reads of the stand-in's reply.
fn answered(stand_in: &Service, request: &Request<'_>) -> Response {
    let bytes = stand_in.response(request);
    ResponseReader::new(RESPONSE_LIMITS).receive(&bytes).expect("HTTP").expect("whole").0
}

#[test]
fn a_question_is_answered_in_googles_shape() {
    let (status, answer) = ask("X-Goog-FieldMask: *\r\n", &body(34.0736, -118.4004, 100.0));
    assert_eq!(status, 200);
    let expected = json!({"places": [{
        "name": "places/geonames:5328041",
        "id": "geonames:5328041",
        "types": ["locality", "political"],
        "location": {"latitude": 34.07362, "longitude": -118.40036},
        "viewport": {
            "low": {"latitude": 34.0646268, "longitude": -118.4112172},
            "high": {"latitude": 34.0826132, "longitude": -118.3895028},
        },
        "displayName": {"text": "Beverly Hills"},
        "shortFormattedAddress": "West Hollywood, US",
        "attributions": [{
            "provider": "GeoNames (CC BY 4.0)", "providerUri": "https://www.geonames.org/",
        }],
    }]});
    assert_eq!(answer, expected);
    let nowhere = body(-48.876667, -123.393333, 50_000.0);
    assert_eq!(ask("X-Goog-FieldMask: *\r\n", &nowhere), (200, json!({})));
}

#[test]
fn the_mask_says_what_is_told() {
    let told = |mask: &str| {
        let headers = format!("X-Goog-FieldMask: {mask}\r\n");
        ask(&headers, &body(34.0736, -118.4004, 100.0)).1["places"][0].take()
    };
    assert_eq!(told("places.id"), json!({"id": "geonames:5328041"}));
    let name = json!({"displayName": {"text": "Beverly Hills"}});
    assert_eq!(told("places.displayName.text,places.rating"), name);
    assert_eq!(told("places.rating"), json!({}));
    assert_eq!(told("places").as_object().map(serde_json::Map::len), Some(8));
}

#[test]
fn the_count_is_twenty_unless_it_is_less() {
    for (count, places) in [("", 20), ("\"maxResultCount\":20,", 20), ("\"maxResultCount\":3,", 3)]
    {
        let body = body(34.05, -118.24, 50_000.0).replacen('{', &format!("{{{count}"), 1);
        let (_, answer) = ask("X-Goog-FieldMask: places.id\r\n", &body);
        assert_eq!(answer["places"].as_array().map(Vec::len), Some(places));
    }
}

#[test]
fn wrong_questions_are_refused_in_googles_shape() {
    let circle = |text: &str| format!("{{\"locationRestriction\":{{\"circle\":{{{text}}}}}}}");
    let with_count = |count: &str| {
        body(1.0, 2.0, 3.0).replacen('{', &format!("{{\"maxResultCount\":{count},"), 1)
    };
    for (body, refusal) in [
        (String::new(), Refusal::BadBody),
        ("[1".to_owned(), Refusal::BadBody),
        ("{\"locationRestriction\":7}".to_owned(), Refusal::BadBody),
        (circle("\"center\":{\"latitude\":\"x\"},\"radius\":1"), Refusal::BadBody),
        (with_count("1.5"), Refusal::BadBody),
        ("{}".to_owned(), Refusal::NoCircle),
        ("{\"locationRestriction\":{\"rectangle\":{}}}".to_owned(), Refusal::NoCircle),
        (circle("\"radius\":1"), Refusal::NoCircle),
        (body(90.1, 0.0, 1.0), Refusal::BadCentre),
        (body(0.0, -180.1, 1.0), Refusal::BadCentre),
        (circle("\"center\":{}"), Refusal::BadRadius),
        (body(1.0, 2.0, 0.0), Refusal::BadRadius),
        (body(1.0, 2.0, -1.0), Refusal::BadRadius),
        (body(1.0, 2.0, 50_000.1), Refusal::BadRadius),
        (with_count("0"), Refusal::BadCount),
        (with_count("21"), Refusal::BadCount),
        (with_count("-1"), Refusal::BadCount),
    ] {
        assert_eq!(read(&body), Err(refusal), "{body}");
        let (status, answer) = ask("X-Goog-FieldMask: *\r\n", &body);
        let error = json!({
            "code": 400, "message": refusal.message(), "status": "INVALID_ARGUMENT",
        });
        assert_eq!((status, answer), (400, json!({"error": error})));
    }
    for (headers, refusal) in [
        ("", Refusal::NoMask),
        ("X-Goog-FieldMask: \r\n", Refusal::NoMask),
        ("X-Goog-FieldMask: id\r\n", Refusal::BadMask),
    ] {
        let read = with_request(headers, "{}", |request| Question::read(request, None));
        assert_eq!(read, Err(refusal));
        assert_eq!(ask(headers, "{}").0, 400);
    }
}

#[test]
fn missing_coordinates_are_zero_and_unknown_members_are_passed_over() {
    let text = "{\"rankPreference\":\"DISTANCE\",\"locationRestriction\":{\"circle\":\
                {\"center\":{\"longitude\":9.5,\"x\":1},\"radius\":5e4}}}";
    let near = read(text).expect("a question").near;
    let centre = Location { latitude: 0.0, longitude: 9.5 };
    assert_eq!(near, legacy::Question { centre, radius_metres: 50_000.0 });
}

#[test]
fn a_required_key_is_required_first() {
    let read = |headers: &str| {
        with_request(headers, "", |request| Question::read(request, Some("k1")).err())
    };
    assert_eq!(read(""), Some(Refusal::NoKey));
    assert_eq!(read("X-Goog-Api-Key: k2\r\n"), Some(Refusal::WrongKey));
    assert_eq!(read("X-Goog-Api-Key: k1\r\n"), Some(Refusal::NoMask));
    for refusal in [Refusal::NoKey, Refusal::WrongKey] {
        let json = answer::Answer::refusing(refusal).to_json().expect("serialisable");
        let json: Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(json["error"]["code"], 403);
        assert_eq!(json["error"]["status"], "PERMISSION_DENIED");
        assert_eq!(refusal.http_status(), 403);
    }
}

/// What a client of the herd gets in either dialect.
fn through_the_herd(search: &Search) -> [Result<Vec<u8>, places::Problem>; 2] {
    [Dialect::Legacy, Dialect::New].map(|dialect| {
        let path = if dialect == Dialect::New { PATH } else { legacy::PATH };
        let url = format!("https://localhost:8443{path}");
        let key = Key::new("AIzaSecret").expect("a key");
        let service = places::Service::parse(&url, dialect, Some(key)).expect("a service");
        let bytes = service.request(search);
        let answer = with_request_of(&bytes, |request| answered(&STAND_IN, request));
        service.judge(answer).map(|answer| answer.cut(20))
    })
}

proptest! {
    #[test]
    fn both_dialects_tell_the_same_to_the_byte(
        (latitude, longitude) in prop_oneof![
            (-90.0..=90.0, -180.0..=180.0),
            (33.0..35.0, -119.0..-117.0),
        ],
        radius in prop_oneof![Just(0.0), 0.0..=50_000.0],
    ) {
        let search = Search {
            latitude_nanodegrees: (latitude * 1e9) as i64,
            longitude_nanodegrees: (longitude * 1e9) as i64,
            radius_micrometres: (radius * 1e6) as u64,
        };
        let [legacy, new] = through_the_herd(&search);
        let text = |answer: Result<Vec<u8>, places::Problem>| {
            answer.map(|json| String::from_utf8(json).expect("UTF-8"))
        };
        let legacy = text(legacy);
        prop_assert!(legacy.is_ok());
        prop_assert_eq!(legacy, text(new));
    }

    #[test]
    fn any_body_is_taken(body in prop_oneof![
        ".*",
        "[{}:,\"0-9a-z]*",
        prop::sample::select(&["null", "true", "1e999", "[]", "{}"][..]).prop_map(|value| {
            format!("{{\"locationRestriction\":{{\"circle\":{{\"center\":{value}}}}}}}")
        }),
    ]) {
        let (status, _) = ask("X-Goog-FieldMask: *\r\n", &body);
        prop_assert_eq!(status, 400);
    }
}
