//! Reports as apps send them. Where each request is from is said beside it.

use super::*;
use crate::wire::misnumbered::Misnumbered;
use proptest::prelude::*;

const NOW: i64 = 1_520_023_934_918_963_997;

fn said(report: Result<IamAt<'_>, Unfit<'_>>) -> Result<String, String> {
    let text = |report: IamAt<'_>| String::from_utf8(report.text().into_owned()).unwrap();
    report.map(text).map_err(|unfit| unfit.to_string())
}

fn osmand(query: &str, form: &str) -> Result<String, String> {
    let mut line = ReportLine::new();
    if let Some(report) = line.osmand_get(query.as_bytes(), NOW) {
        let mut other = ReportLine::new();
        assert_eq!(other.osmand(query.as_bytes(), b"", NOW), report);
    }
    said(ReportLine::new().osmand(query.as_bytes(), form.as_bytes(), NOW))
}

fn traccar(body: &str) -> Result<String, String> {
    said(ReportLine::new().traccar(body.as_bytes(), NOW))
}

fn owntracks(body: &str, sender: &Sender<'_>) -> Result<String, String> {
    match ReportLine::new().owntracks(body.as_bytes(), sender, NOW) {
        Ok(None) => Ok("nothing".to_owned()),
        Ok(Some(report)) => said(Ok(report)),
        Err(unfit) => said(Err(unfit)),
    }
}

fn put(client: &str, body: &str) -> Result<String, String> {
    said(ReportLine::new().put(client.as_bytes(), body.as_bytes(), NOW))
}

fn assert_report(report: Result<String, String>, expected: &str) {
    assert_eq!(report.as_deref(), Ok(expected));
}

fn assert_unfit(report: Result<String, String>, why: &str) {
    assert_eq!(report, Err(why.to_owned()));
}

#[test]
fn what_osmand_and_traccar_client_send_in_a_query() {
    for (query, expected) in [
        // Traccar Client for Android until version 8: ProtocolFormatter.kt of
        // traccar/traccar-client-android. Sent by POST, with an empty body.
        (
            "id=48241179&timestamp=1520023934&lat=34.06893&lon=-118.445127&speed=0.0&bearing=0.0\
             &altitude=21.3&accuracy=12.5&batt=87.0",
            "48241179 +34.06893-118.445127 1520023934",
        ),
        // The same near the equator, as Java prints a double.
        ("id=a&timestamp=1&lat=1.0E-5&lon=-0.0", "a +0.000010-0.0 1"),
        // OsmAnd's online tracking with the address that traccar.org/osmand gives.
        (
            "id=123456&lat=42.06288&lon=-88.23412&timestamp=1442068686579&hdop=6.0&altitude=224.0\
             &speed=0.0",
            "123456 +42.06288-88.23412 1442068686.579",
        ),
        // Its test OsmAndProtocolDecoderTest.java in traccar/traccar has these shapes.
        (
            "id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0",
            "902064 +42.06288-88.23412 1453920947",
        ),
        (
            "lat=49.60688&lon=6.15788&timestamp=2014-06-04+09%3A10%3A11&speed=0.0&id=353861053849681",
            "353861053849681 +49.60688+6.15788 1401873011",
        ),
        ("id=123456&timestamp=1377177267&location=60.0,30.0", "123456 +60.0+30.0 1377177267"),
        (
            "lat=60.0&lon=30.0&speed=0.0&heading=0.0&vacc=0&hacc=0&altitude=0&deviceid=123456",
            "123456 +60.0+30.0 1520023934.918963997",
        ),
    ] {
        assert_report(osmand(query, ""), expected);
    }
    // Ids and signs as they may be escaped.
    let escaped = "id=%2E%2E%2Fa%26b%c3%ab&lat=%2B1&lon=%2d1.50&timestamp=1";
    assert_report(osmand(escaped, ""), "../a&b\u{eb} +1-1.50 1");
    assert_report(osmand("id=a&lat=0034.068930&lon=00&timestamp=7", ""), "a +34.068930+0 7");
    assert_report(osmand("id=a&id=b&lat=9&lat=1&lon=2&timestamp=1", ""), "b +1+2 1");
    assert_report(osmand("deviceid=x&id=a&location=9,9&lat=1&lon=2&timestamp=1", ""), "a +1+2 1");
}

#[test]
fn a_form_is_read_where_the_query_says_nothing() {
    // As traccar.org/osmand has it: `curl -d 'id=..' server`.
    let form = "id=a&lat=1.0&lon=2.0&timestamp=1377177267";
    assert_report(osmand("", form), "a +1.0+2.0 1377177267");
    assert_report(osmand("token=secret", form), "a +1.0+2.0 1377177267");
    assert_unfit(osmand("id=b", form), "the lat is missing");
    assert_unfit(osmand("", ""), "the id is missing");
    for (query, expected) in [
        ("", false),
        ("token=x&timestamp=1&identity=1", false),
        ("id", true),
        ("a=b&deviceid=1", true),
        ("lat=1", true),
        ("l%6Fn=1", true),
        ("location=", true),
    ] {
        assert_eq!(is_report(query.as_bytes()), expected, "{query}");
        let mut line = ReportLine::new();
        let report = line.osmand_get(query.as_bytes(), NOW);
        assert_eq!(report.is_some(), expected, "{query}");
        assert!(report.is_none_or(|report| report.is_err()), "{query}");
    }
}

#[test]
fn what_the_line_would_refuse_is_refused_with_the_reason() {
    for (query, why) in [
        ("lat=1&lon=1", "the id is missing"),
        ("id=a&lon=1", "the lat is missing"),
        ("id=a&lat=1", "the lon is missing"),
        ("id=a&location=1;1", "the location is not two numbers with a comma between"),
        ("id=a&location=1,1,1", "the longitude is no number"),
        ("id=&lat=1&lon=1", "the client's id is empty"),
        ("id=a+b&lat=1&lon=1", "the client's id has white space in it"),
        ("id=a%0ab&lat=1&lon=1", "the client's id has white space in it"),
        ("id=%00&lat=1&lon=1", "the client's id has a control character"),
        ("id=%ff&lat=1&lon=1", "the client's id is not UTF-8"),
        ("id=%4&lat=1&lon=1", "in the id no two hexadecimal digits follow the % behind 0 bytes"),
        ("id=a&lat=%zz&lon=1", "in the lat no two hexadecimal digits follow the % behind 0 bytes"),
        ("id=a&lat=90.1&lon=1", "latitude 90.1 is beyond 90"),
        ("id=a&lat=-90.0000000001&lon=1", "latitude -90.0000000001 is beyond 90"),
        ("id=a&lat=1&lon=180.5", "longitude 180.5 is beyond 180"),
        // On the line these would be minutes.
        ("id=a&lat=3404&lon=11826", "the latitude has more degrees than there are"),
        ("id=a&lat=34&lon=1.1826e4", "the longitude has more degrees than there are"),
        ("id=a&lat=&lon=1", "the latitude is no number"),
        ("id=a&lat=nan&lon=1", "the latitude is no number"),
        ("id=a&lat=1,5&lon=1", "the latitude is no number"),
        ("id=a&lat=+1&lon=1", "the latitude is no number"),
        ("id=a&lat=1.&lon=1", "the latitude has no digits behind its point"),
        ("id=a&lat=1e401&lon=1", "the latitude has an exponent beyond 400"),
        ("id=a&lat=1&lon=1&timestamp=", "the time is neither a number nor ISO 8601"),
        ("id=a&lat=1&lon=1&timestamp=-5", "the time has a sign"),
        ("id=a&lat=1&lon=1&timestamp=soon", "the time is neither a number nor ISO 8601"),
        (
            "id=a&lat=1&lon=1&timestamp=2025-02-30T00:00:00Z",
            "the time is on no day, or at no time of it",
        ),
        ("id=a&lat=1&lon=1&timestamp=1969-02-03T00:00:00Z", "the time is before 1970"),
        ("id=a&lat=1&lon=1&timestamp=9999-02-03T00:00:00Z", "the time is beyond the year 2262"),
        ("id=a&lat=1&lon=1&timestamp=99999999999.5", "the time is beyond the year 2262"),
    ] {
        assert_unfit(osmand(query, ""), why);
    }
    let long = "x".repeat(limits::CLIENT_ID_BYTES_MAX + 1);
    let why = "the client's id has 1025 bytes, of 1024 at most";
    assert_unfit(osmand(&format!("id={long}&lat=1&lon=1"), ""), why);
    assert!(osmand(&format!("id={}&lat=1&lon=1", &long[1..]), "").is_ok());
    // "IAMAT a +1.…+1 1" with as many digits as a line has room for, and one more.
    let most = limits::CLIENT_LINE_BYTES_MAX - "IAMAT a +1.+1 1".len();
    let digits = |count| format!("id=a&lat=1.{}&lon=1&timestamp=1", "0".repeat(count));
    assert!(osmand(&digits(most), "").is_ok());
    let why = "it has 16385 bytes as a line, of 16384 at most";
    assert_unfit(osmand(&digits(most + 1), ""), why);
}

#[test]
fn what_traccar_client_sends_as_json() {
    // OsmAndProtocolDecoderTest.java in traccar/traccar, as the apps send it from version 9 on.
    let android = r#"{"location":{"event":"motionchange","is_moving":false,"uuid":"0e9a2473",
        "timestamp":"2021-07-21T08:06:34.444Z","odometer":0,"coords":{"latitude":-6.1148096,
        "longitude":106.6837015,"accuracy":3.8,"speed":18.67,"altitude":35.7},
        "activity":{"type":"still","confidence":100},"battery":{"is_charging":false,"level":0.79},
        "extras":{}},"device_id":"8737767034"}"#;
    assert_report(traccar(android), "8737767034 -6.1148096+106.6837015 1626854794.444");
    let apple = r#"{"location":{"extras":{},"mock":true,"coords":{"speed":-1,"longitude":-122.406417,
        "floor":null,"latitude":37.785834000000001,"accuracy":5},"is_moving":false,"age":188,
        "timestamp":"2025-05-09T04:11:30.579Z"},"device_id":"658765"}"#;
    assert_report(traccar(apple), "658765 +37.785834000000001-122.406417 1746763890.579");
    // The page traccar.org/osmand.
    let documented = r#"{"location": {"timestamp": "2000-01-01T00:00:00.000Z",
        "coords": {"latitude": 0.0, "longitude": 0.0}}, "device_id": "48241179"}"#;
    assert_report(traccar(documented), "48241179 +0.0+0.0 946684800.000");
    let now = r#"{"device_id":"a\u00eb","location":{"coords":{"latitude":1,"longitude":-1e0}}}"#;
    assert_report(traccar(now), "a\u{eb} +1-1 1520023934.918963997");
}

#[test]
fn json_that_is_no_report_of_traccar_client() {
    let with = |location: &str| format!(r#"{{"device_id":"a","location":{location}}}"#);
    for (body, why) in [
        (String::new(), "the body is no JSON"),
        ("id=a".to_owned(), "the body is no JSON"),
        ("{} x".to_owned(), "the body is no JSON"),
        ("[]".to_owned(), "the body is not an object"),
        (r#"{"location":{}}"#.to_owned(), "the device_id is missing"),
        (r#"{"device_id":5,"location":{}}"#.to_owned(), "the device_id is not a string"),
        (r#"{"device_id":"\ud800","location":{}}"#.to_owned(), "the device_id is not text"),
        (
            r#"{"device_id":"a b","location":{}}"#.to_owned(),
            "the client's id has white space in it",
        ),
        (r#"{"device_id":"a"}"#.to_owned(), "the location is missing"),
        (with("5"), "the location is not an object"),
        (with("{}"), "the location.coords is missing"),
        (with(r#"{"coords":[]}"#), "the location.coords is not an object"),
        (with(r#"{"coords":{"longitude":1}}"#), "the latitude is missing"),
        (with(r#"{"coords":{"latitude":"1","longitude":1}}"#), "the latitude is not a number"),
        (with(r#"{"coords":{"latitude":91,"longitude":1}}"#), "latitude 91 is beyond 90"),
        (
            with(r#"{"coords":{"latitude":1,"longitude":1},"timestamp":true}"#),
            "the time is not a number or a string",
        ),
    ] {
        assert_unfit(traccar(&body), why);
    }
}

#[test]
fn what_owntracks_sends() {
    // The booklet's page on JSON; on the iPhone with `topic`, on Android without it before version 2.5
    // (owntracks/android, issues 512 and 760).
    let iphone = r#"{"_type":"location","acc":65,"alt":163,"batt":92,"conn":"w","lat":48.85833,
        "lon":2.29513,"t":"u","tid":"JJ","topic":"owntracks/jane/phone","tst":1497476456,"vel":0}"#;
    let nobody = Sender::default();
    assert_report(owntracks(iphone, &nobody), "jane/phone +48.85833+2.29513 1497476456");
    let android =
        r#"{"lon":2.29513,"lat":48.85833,"_type":"location","tst":1497476456,"tid":"JJ"}"#;
    assert_report(owntracks(android, &nobody), "JJ +48.85833+2.29513 1497476456");
    // README.md of owntracks/recorder: `/pub?u=jane&d=3s`, or the headers.
    let query = Sender { query: b"u=jane&d=3s", ..nobody };
    assert_report(owntracks(android, &query), "jane/3s +48.85833+2.29513 1497476456");
    let headers = Sender { user: Some("joe"), device: Some("pad"), ..nobody };
    assert_report(owntracks(android, &headers), "joe/pad +48.85833+2.29513 1497476456");
    // What is said first wins; a half says nothing.
    let both = Sender { query: b"u=jane&d=3s", ..headers };
    assert_report(owntracks(iphone, &both), "jane/phone +48.85833+2.29513 1497476456");
    assert_report(owntracks(android, &both), "jane/3s +48.85833+2.29513 1497476456");
    let half = Sender { query: b"u=jane", ..headers };
    assert_report(owntracks(android, &half), "joe/pad +48.85833+2.29513 1497476456");
    let half = Sender { query: b"u=jane&d=", user: Some("joe"), device: None };
    assert_report(owntracks(android, &half), "JJ +48.85833+2.29513 1497476456");
    for topic in ["phone", "owntracks/jane/", "a//phone", ""] {
        let body = iphone.replace("owntracks/jane/phone", topic);
        assert_report(owntracks(&body, &nobody), "JJ +48.85833+2.29513 1497476456");
    }
    let now = r#"{"_type":"location","lat":1,"lon":1,"tid":"JJ"}"#;
    assert_report(owntracks(now, &nobody), "JJ +1+1 1520023934.918963997");
}

#[test]
fn owntracks_sends_more_than_locations() {
    let nobody = Sender::default();
    for body in [
        "",
        "[]",
        "{}",
        "null",
        r#"[{"_type":"location","lat":1,"lon":1,"tid":"JJ"}]"#,
        r#"{"_type":"lwt","tst":1497476456}"#,
        r#"{"_type":"transition","wtst":1,"lat":12.34,"lon":44.5,"tst":2,"tid":"JP","event":"enter"}"#,
        r#"{"_type":"encrypted","data":"eW91ci1zZWNyZXQ="}"#,
        r#"{"_type":5,"lat":1,"lon":1,"tid":"JJ"}"#,
        r#"{"_type":"Location","lat":1,"lon":1,"tid":"JJ"}"#,
    ] {
        assert_eq!(owntracks(body, &nobody).as_deref(), Ok("nothing"), "{body}");
    }
    let located = |rest: &str| format!(r#"{{"_type":"location",{rest}}}"#);
    for (body, why) in [
        ("{".to_owned(), "the body is no JSON"),
        ("_type=location".to_owned(), "the body is no JSON"),
        (located(r#""lat":1,"lon":1"#), "the topic is missing"),
        (located(r#""lat":1,"lon":1,"tid":7"#), "the tid is not a string"),
        (located(r#""lat":1,"lon":1,"tid":"""#), "the client's id is empty"),
        (
            located(r#""lat":1,"lon":1,"topic":"a/jane doe/x""#),
            "the client's id has white space in it",
        ),
        (located(r#""lat":1,"tid":"JJ""#), "the lon is missing"),
        (located(r#""lat":"1","lon":1,"tid":"JJ""#), "the lat is not a number"),
        (located(r#""lat":1,"lon":1,"tid":"JJ","tst":-1"#), "the time has a sign"),
    ] {
        assert_unfit(owntracks(&body, &nobody), why);
    }
    let escape = Sender { query: b"u=%&d=x", ..nobody };
    let why = "in the query no two hexadecimal digits follow the % behind 0 bytes";
    assert_unfit(owntracks(&located(r#""lat":1,"lon":1,"tid":"JJ""#), &escape), why);
}

#[test]
fn what_is_put_as_a_client() {
    for (body, expected) in [
        (
            r#"{"latitude": 34.068930, "longitude": -118.445127, "time": 1520023934.918963997}"#,
            "../a +34.068930-118.445127 1520023934.918963997",
        ),
        (r#"{"time":"1520023934.50","longitude":1,"latitude":-0}"#, "../a -0+1 1520023934.50"),
        (
            r#"{"latitude":1E1,"longitude":1.5e-1,"time":1442068686579}"#,
            "../a +10+0.15 1442068686.579",
        ),
        (r#"{"latitude":1,"longitude":2,"time":"2016-01-27T18:55:47"}"#, "../a +1+2 1453920947"),
        (r#"{"latitude":1,"longitude":2}"#, "../a +1+2 1520023934.918963997"),
        (r#"{"latitude":1,"longitude":2,"time":null,"x":[]}"#, "../a +1+2 1520023934.918963997"),
        (r#"{"latitude":9,"longitude":2,"latitude":1,"time":1}"#, "../a +1+2 1"),
    ] {
        assert_report(put("../a", body), expected);
    }
    for (body, why) in [
        ("", "the body is no JSON"),
        ("\u{feff}{}", "the body is no JSON"),
        ("5", "the body is not an object"),
        (r#"{"longitude":2}"#, "the latitude is missing"),
        (r#"{"latitude":"1","longitude":2}"#, "the latitude is not a number"),
        (r#"{"latitude":1,"longitude":true}"#, "the longitude is not a number"),
        (r#"{"latitude":1,"longitude":2,"time":{}}"#, "the time is not a number or a string"),
        (
            r#"{"latitude":1,"longitude":2,"time":"soon"}"#,
            "the time is neither a number nor ISO 8601",
        ),
        (r#"{"latitude":1,"longitude":2,"time":1e999}"#, "the time has an exponent beyond 400"),
    ] {
        assert_unfit(put("a", body), why);
    }
    assert_unfit(put("a b", "{}"), "the client's id has white space in it");
    let unfit = Unfit::Number("time", Misnumbered::Sign);
    let body = br#"{"latitude":1,"longitude":2,"time":-1}"#;
    assert_eq!(ReportLine::new().put(b"a", body, NOW), Err(unfit));
}

proptest! {
    #[test]
    fn what_comes_out_is_what_the_line_says(
        id in "[!-~\u{e0}-\u{ff}]{1,20}",
        latitude in -90.0_f64..=90.0,
        longitude in -180.0_f64..=180.0,
        milliseconds in 2_147_483_647_u64..4_000_000_000_000,
    ) {
        let escaped: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = format!("id={escaped}&lat={latitude:e}&lon={longitude}&timestamp={milliseconds}");
        let mut line = ReportLine::new();
        let report = line.osmand(query.as_bytes(), b"", NOW).unwrap();
        prop_assert_eq!(report.client, id.as_bytes());
        prop_assert_eq!(report.time_nanoseconds as u64, milliseconds * 1_000_000);
        let location = str::from_utf8(report.location).unwrap();
        let middle = location.rfind(['+', '-']).unwrap();
        prop_assert_eq!(location[..middle].parse::<f64>().unwrap(), latitude);
        prop_assert_eq!(location[middle..].parse::<f64>().unwrap(), longitude);
    }

    #[test]
    fn any_bytes_are_taken(query: Vec<u8>, body: Vec<u8>, text: String) {
        let mut line = ReportLine::new();
        let sender = Sender { query: &query, user: Some(&text), device: None };
        for body in [&body[..], text.as_bytes()] {
            let _ = line.osmand(&query, body, NOW);
            let _ = line.traccar(body, NOW);
            let _ = line.owntracks(body, &sender, NOW);
            let _ = line.put(&query, body, NOW);
        }
    }
}
