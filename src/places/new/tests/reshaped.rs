//! From the new dialect's shape to the legacy one.

use super::*;
use proptest::collection::{hash_map, vec};
use proptest::option;
use proptest::sample::select;

fn value(body: &str) -> Value {
    serde_json::from_str(&answer(body)).unwrap()
}

/// The only result for a place.
fn result(place: &str) -> Value {
    let mut value = value(&format!("{{\"places\":[{place}]}}"));
    assert_eq!(value["results"].as_array().unwrap().len(), 1);
    value["results"][0].take()
}

#[test]
fn a_whole_place_is_reshaped_digit_by_digit() {
    let place = r#"{
        "name": "places/ChIJ1", "id": "ChIJ1", "types": [ "bar" , "point_of_interest" ],
        "shortFormattedAddress": "405 Hilgard \u0041venue\/LA",
        "location": { "longitude": -118.44512700000000000000000001, "latitude": 34.06893E0 },
        "viewport": {
            "low": { "latitude": 34.1000, "longitude": -119 },
            "high": { "latitude": 34.20, "longitude": -118.0 }
        },
        "rating": 4.50, "userRatingCount": 123456789012345678901234567890,
        "businessStatus": "OPERATIONAL", "priceLevel": "PRICE_LEVEL_MODERATE",
        "displayName": { "text": "UCL\u00c4 \ud83c\udf0d", "languageCode": "en" },
        "attributions": [ { "provider": "A & \"B\"", "providerUri": "https://a.b/?c&d='\"" } ]
    }"#;
    let expected = r#"{
   "html_attributions": [
      "<a href=\"https://a.b/?c&amp;d=&#39;&quot;\">A &amp; &quot;B&quot;</a>"
   ],
   "results": [
      {
         "business_status": "OPERATIONAL",
         "geometry": {
            "location": {
               "lat": 34.06893E0,
               "lng": -118.44512700000000000000000001
            },
            "viewport": {
               "northeast": {
                  "lat": 34.20,
                  "lng": -118.0
               },
               "southwest": {
                  "lat": 34.1000,
                  "lng": -119
               }
            }
         },
         "name": "UCL\u00c4 \ud83c\udf0d",
         "place_id": "ChIJ1",
         "price_level": 2,
         "rating": 4.50,
         "types": [
            "bar",
            "point_of_interest"
         ],
         "user_ratings_total": 123456789012345678901234567890,
         "vicinity": "405 Hilgard \u0041venue\/LA"
      }
   ],
   "status": "OK"
}"#;
    assert_eq!(answer(&format!("{{\"places\":[{place}]}}")), expected);
}

#[test]
fn what_is_missing_or_of_another_type_is_left_out() {
    for place in [
        "{}",
        r#"{"id":1,"displayName":"x","location":[1,2],"viewport":1,"types":"a"}"#,
        r#"{"id":null,"displayName":{"text":{}},"location":null,"viewport":{},"types":null}"#,
        r#"{"shortFormattedAddress":["a"],"rating":"4","userRatingCount":true}"#,
        r#"{"priceLevel":2,"businessStatus":{},"attributions":{"provider":"x"}}"#,
        r#"{"priceLevel":"PRICE_LEVEL_UNSPECIFIED","displayName":[],"attributions":[1,{}]}"#,
        r#"{"location":{},"viewport":{"low":{"latitude":1}}}"#,
        r#"{"location":{"latitude":"1","longitude":2},"viewport":{"low":[],"high":[]}}"#,
        r#"{"\ud800":"\udc00","Id":"x","ID":"y"}"#,
    ] {
        assert_eq!(result(place), json!({}), "{place}");
    }
    assert_eq!(result(r#"{"types":["a",1,null,"b",["c"]]}"#), json!({"types": ["a", "b"]}));
    assert_eq!(result(r#"{"id":"a","id":"b"}"#), json!({"place_id": "b"}));
    assert_eq!(value(r#"{"places":[1,null,"a",[]]}"#)["status"], "ZERO_RESULTS");
    let mixed = value(r#"{"places":[1,{"id":"a"},[]]}"#);
    assert_eq!(mixed["results"], json!([{"place_id": "a"}]));
}

#[test]
fn a_coordinate_that_is_zero_is_not_written_by_the_service() {
    let location = |text: &str| result(text)["geometry"]["location"].take();
    let equator = json!({"lat": 0, "lng": 9.5});
    assert_eq!(location(r#"{"location":{"longitude":9.5}}"#), equator);
    let greenwich = json!({"lat": 51.5, "lng": 0});
    assert_eq!(location(r#"{"location":{"latitude":51.5}}"#), greenwich);
}

#[test]
fn price_levels_are_numbers() {
    for (name, level) in [
        ("PRICE_LEVEL_FREE", 0),
        ("PRICE_LEVEL_INEXPENSIVE", 1),
        ("PRICE_LEVEL_MODERATE", 2),
        ("PRICE_LEVEL_EXPENSIVE", 3),
        ("PRICE_LEVEL_VERY_EXPENSIVE", 4),
        ("PRICE_LEVEL_\\u0046REE", 0),
    ] {
        let place = format!("{{\"priceLevel\":\"{name}\"}}");
        assert_eq!(result(&place), json!({"price_level": level}));
    }
}

#[test]
fn each_attribution_is_given_once_and_cannot_be_a_script() {
    let attributions = |list: &str| {
        value(&format!("{{\"places\":[{{\"attributions\":{list}}},{{\"attributions\":{list}}}]}}"))
            ["html_attributions"]
            .take()
    };
    assert_eq!(attributions(r#"[{"provider":"A"},{"provider":"B"}]"#), json!(["A", "B"]));
    assert_eq!(attributions(r#"[{"providerUri":"https://a"},{"provider":""}]"#), json!([]));
    let script = r#"[{"provider":"<script>","providerUri":"javascript:alert(1)"}]"#;
    assert_eq!(attributions(script), json!(["&lt;script&gt;"]));
    let long = format!("[{{\"provider\":\"{}\"}}]", "a".repeat(2_000));
    assert_eq!(attributions(&long), json!([]));
}

#[test]
fn an_answer_is_cut_like_any_other() {
    let places: Vec<String> = (0..30).map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
    let body = format!("{{\"places\":[{}]}}", places.join(","));
    let answer = google().judge(response(200, &body)).unwrap();
    for bound in [0, 1, 19, 20] {
        let cut: Value = serde_json::from_slice(&answer.cut(bound)).unwrap();
        let results = cut["results"].as_array().unwrap();
        assert_eq!(results.len(), usize::from(bound));
        assert!(
            results
                .iter()
                .zip(&places)
                .all(|(result, place)| { place.contains(&result["place_id"].to_string()) })
        );
        assert_eq!(cut["status"], "OK");
    }
}

/// What a hostile service can make of two megabytes.
#[test]
fn what_is_large_stays_bounded() {
    let most = limits::PLACES_BODY_BYTES_MAX - 100;
    for (body, answer_bytes_max) in [
        (format!("{{\"places\":[{}{{}}]}}", "{},".repeat(most / 3 - 1)), 1_000),
        (format!("{{\"places\":[{{\"types\":[{}\"\"]}}]}}", "\"\",".repeat(most / 3 - 9)), 2_000),
        (
            format!(
                "{{\"places\":[{{\"attributions\":[{}{{}}]}}]}}",
                (0..60_000).map(|n| format!("{{\"provider\":\"{n}\"}},")).collect::<String>()
            ),
            2_000,
        ),
        (format!("{{\"places\":[{{\"id\":\"{}\"}}]}}", "é".repeat(most / 2 - 20)), most + 200),
        (format!("{{\"places\":[{{{}\"a\":0}}]}}", "\"id\":\"\",".repeat(most / 8 - 5)), 500),
    ] {
        assert!(body.len() <= limits::PLACES_BODY_BYTES_MAX);
        let bytes = google().judge(response(200, &body)).unwrap().bytes();
        assert!(bytes <= answer_bytes_max, "{bytes}");
    }
    let depth = most / 2 - 100;
    for deep in [format!("{}{}", "[".repeat(depth), "]".repeat(depth))] {
        for name in ["id", "types", "location", "displayName", "attributions", "x"] {
            let body = format!("{{\"places\":[{{\"{name}\":{deep}}}]}}");
            assert!(google().judge(response(200, &body)).unwrap().bytes() < 200, "{name}");
        }
        assert!(google().judge(response(200, &format!("{{\"places\":{deep}}}"))).is_ok());
        assert!(google().judge(response(200, &format!("{{\"error\":{deep}}}"))).is_err());
    }
}

/// A number as text, with digits that no float keeps.
fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?"
}

/// Any JSON, as text, most of it in the shape of places or nearly so.
fn nearly(depth: u32) -> BoxedStrategy<String> {
    const NAMES: [&str; 16] = [
        "places",
        "id",
        "displayName",
        "text",
        "location",
        "latitude",
        "longitude",
        "viewport",
        "low",
        "high",
        "types",
        "priceLevel",
        "attributions",
        "provider",
        "error",
        "\\ud800",
    ];
    let leaf = prop_oneof![
        number(),
        any::<String>().prop_map(|text| json!(text).to_string()),
        select(&["null", "true", r#""\ud800""#, r#""PRICE_LEVEL_FREE""#][..])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(depth, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" ,\n"))),
            hash_map(select(&NAMES[..]), inner, 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\" : {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
    .boxed()
}

proptest! {
    #[test]
    fn numbers_keep_their_digits_and_strings_their_escapes(
        rating in option::of(number()),
        count in option::of(number()),
        (lat, lng) in (number(), number()),
        name in any::<String>(),
        escaped in any::<bool>(),
    ) {
        let name = if escaped {
            let escapes = |unit: u16| format!("\\u{unit:04x}");
            format!("\"{}\"", name.encode_utf16().map(escapes).collect::<String>())
        } else {
            json!(name).to_string()
        };
        let optional = |name: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!("\"{name}\":{value},"))
        };
        let (new_rating, new_count) =
            (optional("rating", &rating), optional("userRatingCount", &count));
        let place = format!(
            "{{{new_rating}{new_count}\"displayName\":{{\"text\":{name}}},\
             \"location\":{{\"latitude\":{lat},\"longitude\":{lng}}}}}"
        );
        let text = answer(&format!("{{\"places\":[{place}]}}"));
        let mut expected = vec![
            format!("\"lat\": {lat},\n"),
            format!("\"lng\": {lng}\n"),
            format!("\"name\": {name}"),
        ];
        expected.extend(rating.map(|rating| format!("\"rating\": {rating}")));
        expected.extend(count.map(|count| format!("\"user_ratings_total\": {count}\n")));
        for piece in expected {
            prop_assert!(text.contains(&piece), "{} is not in {}", piece, text);
        }
    }

    #[test]
    fn any_json_ends_in_the_legacy_shape_or_a_problem(json in nearly(4), places in any::<bool>()) {
        let body = if places { format!("{{\"places\":[{json}]}}") } else { json };
        let answer = match google().judge(response(200, &body)) {
            Ok(answer) => answer,
            Err(problem) => problem.answer(),
        };
        for bound in [0, 1, 20] {
            let cut = answer.cut(bound);
            let text = String::from_utf8(cut).unwrap();
            prop_assert!(!text.contains("\n\n") && !text.contains('\r') && !text.ends_with('\n'));
            let envelope = read_envelope(text.as_bytes());
            prop_assert!(envelope.is_ok_and(|envelope| envelope.is_other_than_places()));
        }
    }

    #[test]
    fn any_bytes_are_taken(body in vec(any::<u8>(), 0..200), status in 200..600_u16) {
        let _ = google().judge(Response { body, ..response(status, "") });
    }
}
