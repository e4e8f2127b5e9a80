//! Reports as apps make them, sent by curl, and seen by the whole herd. Where the requests are from is said
//! beside the tests of what is read in them, in `src/wire/ingest/tests.rs`.

use super::curl::{ask, command, curl};
use crate::harness::{Herd, Process, Server, until};
use serde_json::{Value, json};

/// A server and a neighbour of it.
fn pair() -> (Herd, Vec<Server>) {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let servers = herd.start_all();
    (herd, servers)
}

/// The neighbour learns, of a report to a server, the client, its place and its time.
#[track_caller]
fn assert_reported(servers: &[Server], report: &str) {
    let client = report.split(' ').next().unwrap();
    let at = servers[0].find(client).unwrap_or_else(|| panic!("{client} is not known"));
    assert!(at.starts_with("AT A ") && at.ends_with(&format!(" {report}")), "{at}: {report}");
    servers[1].wait_for(&at);
}

#[test]
fn osmand_and_traccar_client_report() {
    let (herd, servers) = pair();
    let android = "/?id=48241179&timestamp=1520023934&lat=34.06893&lon=-118.445127&speed=0.0\
                   &bearing=0.0&altitude=21.3&accuracy=12.5&batt=87.0";
    let osmand = "/?id=123456&lat=42.06288&lon=-88.23412&timestamp=1442068686579&hdop=6.0\
                  &altitude=224.0&speed=0.0";
    let form = "id=902064&lat=42.06288&lon=-88.23412&timestamp=2016-01-27T18%3A55%3A47Z&hdop=6.0";
    let newest = json!({"location": {"event": "motionchange", "is_moving": false,
        "timestamp": "2021-07-21T08:06:34.444Z", "odometer": 0,
        "coords": {"latitude": -6.1148096, "longitude": 106.6837015, "accuracy": 3.8},
        "battery": {"is_charging": false, "level": 0.79}, "extras": {}}, "device_id": "8737767034"});
    let newest = newest.to_string();
    let json = "Content-Type: application/json; charset=utf-8";
    for (path, arguments, report) in [
        (osmand, &[][..], "123456 +42.06288-88.23412 1442068686.579"),
        (android, &["--data", ""], "48241179 +34.06893-118.445127 1520023934"),
        ("/", &["--data", form], "902064 +42.06288-88.23412 1453920947"),
        (
            "/",
            &["--header", json, "--data", &newest],
            "8737767034 -6.1148096+106.6837015 1626854794.444",
        ),
    ] {
        let url = servers[0].url(path);
        assert_eq!(ask(&herd, &[arguments, &[&url]].concat()), "200", "an empty body: {path}");
        assert_reported(&servers, report);
    }
}

#[test]
fn owntracks_reports() {
    let (herd, servers) = pair();
    let iphone = r#"{"_type":"location","acc":65,"alt":163,"batt":92,"conn":"w","lat":48.85833,
        "lon":2.29513,"t":"u","tid":"JJ","topic":"owntracks/jane/phone","tst":1497476456,"vel":0}"#;
    let android =
        r#"{"lon":2.29513,"lat":48.85833,"_type":"location","tst":1497476456,"tid":"JJ"}"#;
    let (user, device) = ("X-Limit-U: joe", "X-Limit-D: pad");
    for (path, body, headers, client) in [
        ("/pub", iphone, &[][..], "jane/phone"),
        ("/owntracks", android, &["--header", user, "--header", device], "joe/pad"),
        ("/pub?u=jane&d=3s", android, &[], "jane/3s"),
        ("/pub", android, &[], "JJ"),
    ] {
        let arguments = ["--header", "Content-Type: application/json", "--data", body];
        let url = servers[0].url(path);
        assert_eq!(ask(&herd, &[headers, &arguments, &[&url]].concat()), "[]200", "{path}");
        assert_reported(&servers, &format!("{client} +48.85833+2.29513 1497476456"));
    }
    // The app gives up for good on an error, so whatever else it sends is well.
    for body in
        [r#"{"_type":"lwt","tst":1}"#, r#"{"_type":"location","lat":91,"lon":0,"tid":"x"}"#, ""]
    {
        let url = servers[0].url("/pub");
        assert_eq!(ask(&herd, &["--data", body, &url]), "[]200", "{body}");
    }
}

#[test]
fn a_client_is_put_got_and_told_to_who_listens_at_the_neighbour() {
    let (herd, servers) = pair();
    let mut listener = command(&["--no-buffer", &servers[1].url("/events")]);
    let listener = Process::start(&mut listener, herd.directory.path());
    until("what was so is told", || listener.output().contains("event: now").then_some(()));
    // An id is one segment, decoded once.
    let (kiwi, url) = ("../kiwi %2F\u{eb}+".replace(' ', ""), "/clients/..%2Fkiwi%252F%C3%AB+");
    let body = json!({"latitude": 34.068_93, "longitude": -118.445_127, "time": "1520023934.50"});
    let put =
        ["--path-as-is", "--request", "PUT", "--data", &body.to_string(), &servers[0].url(url)];
    let answered: Value = serde_json::from_str(&curl(&herd, &put)).unwrap();
    assert_eq!(answered["id"], kiwi.as_str());
    assert_eq!((&answered["server"], &answered["time"]), (&json!("A"), &json!("1520023934.50")));

    let events = until("the neighbour tells of it", || {
        let told = listener.output();
        told.ends_with("\n\n").then_some(told).filter(|told| told.contains("event: at\n"))
    });
    let (_, event) = events.split_once("event: at\ndata: ").unwrap();
    let told: Value = serde_json::from_str(event.trim_end()).unwrap();
    assert_eq!(told, answered);
    for server in &servers {
        let got = curl(&herd, &["--path-as-is", &server.url(url)]);
        assert_eq!(serde_json::from_str::<Value>(&got).unwrap(), answered);
        assert!(server.find(&kiwi).is_some());
    }
}

#[test]
fn who_is_deleted_is_forgotten_by_the_whole_herd() {
    let (herd, servers) = pair();
    let url = servers[0].url("/clients/a%2Fb");
    let at = servers[1].report("a/b", "1");
    servers[0].wait_for(&at);
    let soon = format!("{url}?time=soon");
    assert!(ask(&herd, &["--request", "DELETE", &soon]).ends_with("400"));
    assert_eq!(ask(&herd, &["--request", "DELETE", &url]), "204", "an empty body");
    servers.iter().for_each(|server| server.wait_until_unknown("a/b"));
    assert!(ask(&herd, &["--request", "DELETE", &url]).ends_with("404"));
    let methods = curl(&herd, &["--include", "--request", "OPTIONS", &url]);
    assert!(methods.contains("Allow: GET, HEAD, PUT, DELETE, OPTIONS\r\n"), "{methods}");
}
