//! The key is seen by Places and by nobody else, whatever Places does with it.

use crate::certificates::Flaw;
use crate::fault::{GOOD, SLACK, Stage, response, serve_well};
use crate::server::over_tls;
use crate::wait_until;
use herd::limits;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// In two pieces, so that nothing takes it for a real one.
const USUAL: [&str; 2] = ["AIza", "SyHostile_Test-only0123456789abcdef"];
/// Looks otherwise in a URL and in JSON.
const AWKWARD: [&str; 2] = ["AIza", "/Sy+\"Test\\only%=&0123456789"];

/// As it is written in a URL.
const AWKWARD_IN_URL: &str = "AIza%2FSy%2B%22Test%5Conly%25%3D%260123456789";

/// A dialect: where it is spoken, what comes before the key in a request, and what is a good answer.
struct Dialect {
    path: &'static str,
    before_key: &'static str,
    good: &'static str,
}

const LEGACY: Dialect =
    Dialect { path: "maps/api/place/nearbysearch/json", before_key: "&key=", good: GOOD };
const NEW: Dialect = Dialect {
    path: "v1/places:searchNearby",
    before_key: "\r\nX-Goog-Api-Key: ",
    good: r#"{"places":[{"displayName":{"text":"Bel Air"}}]}"#,
};

#[test]
fn a_usual_key_is_nowhere() {
    run(&LEGACY, &USUAL.concat(), &USUAL.concat(), &USUAL.concat());
}

#[test]
fn a_key_that_needs_escapes_is_nowhere() {
    run(&LEGACY, &AWKWARD.concat(), AWKWARD_IN_URL, AWKWARD_IN_URL);
}

#[test]
fn a_key_in_a_header_is_nowhere() {
    run(&NEW, &AWKWARD.concat(), AWKWARD_IN_URL, &AWKWARD.concat());
}

/// What a service can do with a key: each shows it somewhere.
fn indiscretions(key: &str, in_url: &str) -> Vec<Vec<u8>> {
    let quoted = serde_json::to_string(key).unwrap();
    let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let page = format!("<html>no such page: /json?key={in_url} ({key})</html>");
    let with_status = |status: &str, fields: &str, body: &str| {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}");
        head.into_bytes()
    };
    vec![
        response(format!(r#"{{"results":[{{"name":{quoted}}}],"status":"OK"}}"#)),
        response(format!(r#"{{"results":[{{"name":"{escaped}"}}],"status":"OK"}}"#)),
        response(format!(r#"{{"results":[],"next":"https://x/?key={in_url}"}}"#)),
        response(format!(r#"{{"error_message":{quoted},"results":[],"status":"REQUEST_DENIED"}}"#)),
        response(format!(r#"{{"error_message":"{escaped}","status":"REQUEST_DENIED"}}"#)),
        response(format!(r#"{{"places":[{{"displayName":{{"text":{quoted}}}}}]}}"#)),
        response(format!(r#"{{"places":[{{"id":"{escaped}"}},{{"types":["{in_url}"]}}]}}"#)),
        response(&page),
        response(key),
        with_status("403 Forbidden", "", &page),
        with_status(
            "400 Bad Request",
            "",
            &format!(r#"{{"error":{{"message":{quoted},"status":"INVALID_ARGUMENT"}}}}"#),
        ),
        with_status(&format!("500 {key}"), &format!("X-Key: {key}\r\n"), ""),
        with_status("302 Found", &format!("Location: /?key={in_url}\r\n"), ""),
        format!("{key}\r\n\r\n").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n").into_bytes(),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n").into_bytes(),
    ]
}

/// Asks a daemon with that key of a service that does all that with it.
fn run(dialect: &Dialect, key: &str, in_url: &str, as_sent: &str) {
    let environment =
        vec![("GOOGLE_PLACES_API_KEY", key.to_owned()), ("RUST_LOG", "trace".to_owned())];
    let stage = Stage::with(environment, dialect.path);
    let mut client = stage.client();
    client.report("kiwi", "+34.068930-118.445127");
    let bodies = indiscretions(key, in_url);
    let good = response(dialect.good);
    let count = bodies.len();
    let next = Mutex::new(bodies.into_iter());
    // When it has done all that, it does well.
    let serve = over_tls(Arc::clone(&stage.tls), move |peer| {
        peer.request()?;
        let body = next.lock().unwrap().next();
        peer.send(body.as_ref().unwrap_or(&good))?;
        peer.finish()
    });
    stage.server.behave(Arc::clone(&serve));
    let mut answers: Vec<_> = (0..count).map(|_| client.ask("kiwi", "10", 20).json).collect();
    let requests = stage.server.tally().requests();
    assert_eq!(requests.len(), count);
    let sent = format!("{}{as_sent}", dialect.before_key);
    assert!(requests.iter().all(|head| head.contains(&sent)), "it was asked without the key");

    stage.server.behave(over_tls(stage.authority.config(Flaw::OtherName), serve_well));
    answers.push(client.ask("kiwi", "10", 20).json);
    stage.server.behave(serve);
    wait_until("recovery", limits::PLACES_PAUSE_MAX + SLACK, || {
        answers.push(client.ask("kiwi", "10", 20).json);
        answers.last().is_some_and(|json| String::from_utf8_lossy(json).contains("Bel Air"))
    });
    client.report("the-last-one", "+1+1");
    stage.daemon.wait_for_log(&["the-last-one"]);
    assert!(stage.daemon.log().contains("TRACE "), "traces are logged");

    let mut seen = files(&stage.daemon.directory);
    seen.push((
        "command line".to_owned(),
        fs::read(stage.daemon.process().join("cmdline")).unwrap(),
    ));
    seen.extend(answers.into_iter().map(|answer| ("answer".to_owned(), answer)));
    for (what, bytes) in seen {
        assert_absent(&what, &bytes, key, in_url);
    }
}

/// All files of a directory by name.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// Neither plainly nor in a disguise that is taken off without a thought. The message does not
/// show it either.
fn assert_absent(what: &str, bytes: &[u8], key: &str, in_url: &str) {
    let text = String::from_utf8_lossy(bytes);
    let quoted = serde_json::to_string(key).unwrap();
    let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for disguise in
        [key, in_url, quoted.trim_matches('"'), &escaped, key.escape_debug().to_string().as_str()]
    {
        assert!(!text.contains(disguise), "the key is in {what}");
    }
    let middle = &key[key.len() / 2..];
    assert!(!text.contains(middle), "half of the key is in {what}");
}
