//! What a visitor of the web port sends, and whether what it receives are the answers: one response for
//! each request, well formed, in the order of the requests, and nothing behind one that closes.

use super::events::Events;
use super::responses::{Response, Responses};
use herd::limits;
use herd::wire::http::{Connection, HttpError, Request, RequestReader};
use herd::wire::ingest::is_report;
use herd::wire::uri;
use serde_json::Value;

/// What of a request says something about its answer.
struct Asked {
    method: String,
    path: String,
    is_report: bool,
    closes: bool,
}

/// Panics unless `received` is the beginning of the right answers to what was `sent`. If `complete` no
/// answer may be missing.
pub fn check(sent: &[u8], received: &[u8], complete: bool) {
    let (requests, error) = requests(sent);
    let mut responses = Responses::default();
    responses.add(received);
    let mut is_over = false;
    for asked in &requests {
        let response = responses.next(asked.method == "HEAD").unwrap_or_else(|why| panic!("{why}"));
        let Some(response) = response else {
            assert!(!complete, "no answer to {} {}", asked.method, asked.path);
            return;
        };
        judge(asked, &response);
        if response.streams && response.content_type == "application/json" {
            // A long answer, to who knows no chunks.
            return;
        }
        if response.streams && asked.method == "GET" {
            let rest = responses.take_rest();
            let told = Events::default().each(&rest, |event| {
                assert!(["at", "out", "gone", "now"].contains(&event.kind), "{event:?}");
                assert!(serde_json::from_str::<Value>(event.data).is_ok(), "{event:?}");
                Ok(())
            });
            assert_eq!(told, Ok(()));
            return;
        }
        is_over = response.closes;
        assert!(is_over || !asked.closes, "{} {} closes", asked.method, asked.path);
        if is_over {
            break;
        }
    }
    // To what is no request, or only half of one.
    if !is_over {
        match responses.next(false).unwrap_or_else(|why| panic!("{why}")) {
            Some(response) => {
                let is_one = (400..600).contains(&response.status) && response.closes;
                assert!(is_one, "unasked for: {response:?}");
                is_error(&response);
            }
            None => assert!(!complete || error.is_none(), "no answer to {error:?}"),
        }
    }
    assert!(!complete || responses.is_empty(), "behind the last: {responses:?}");
}

/// The requests up to the last that is answered, and what is wrong behind them.
fn requests(mut sent: &[u8]) -> (Vec<Asked>, Option<HttpError>) {
    let mut reader = RequestReader::new(limits::HTTP_REQUEST_BODY_BYTES_MAX);
    let mut found = Vec::new();
    loop {
        match reader.next(&mut sent) {
            Ok(Some(request)) => {
                let asked = Asked::new(&request);
                let closes = asked.closes;
                found.push(asked);
                if closes {
                    return (found, None);
                }
            }
            Ok(None) => return (found, reader.finish().err()),
            Err(error) => return (found, Some(error)),
        }
    }
}

impl Asked {
    fn new(request: &Request<'_>) -> Self {
        Asked {
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            is_report: is_report(request.query().as_bytes()),
            closes: request.connection() == Connection::Closes,
        }
    }
}

fn is_error(response: &Response) {
    let error: Value = serde_json::from_slice(&response.body).expect("it is JSON");
    assert!(error["error"].is_string(), "{error}");
}

fn judge(asked: &Asked, response: &Response) {
    let (method, path) = (asked.method.as_str(), asked.path.as_str());
    let shown = || format!("{method} {path}: {response:?}");
    if response.streams {
        let is_long = path == "/clients" && response.content_type == "application/json";
        let is_event_stream = response.content_type == "text/event-stream";
        let is_asked = path == "/events" && matches!(method, "GET" | "HEAD") && is_event_stream;
        assert!(is_asked || is_long, "{}", shown());
        return;
    }
    if response.status >= 400 {
        if method != "HEAD" {
            is_error(response);
        }
        return;
    }
    if method == "HEAD" || method == "OPTIONS" {
        assert!(response.body.is_empty() && matches!(response.status, 200 | 204), "{}", shown());
        return;
    }
    if method == "DELETE" {
        assert!(response.body.is_empty() && response.status == 204, "{}", shown());
        return;
    }
    assert_eq!(response.status, 200, "{}", shown());
    let json = || -> Value { serde_json::from_slice(&response.body).expect("it is JSON") };
    match path {
        "/" if method == "POST" || asked.is_report => assert!(response.body.is_empty()),
        "/" => {
            assert!(response.body.ends_with(b"</html>\n") || response.content_type.contains("html"))
        }
        "/pub" | "/owntracks" => assert_eq!(response.body, b"[]"),
        "/clients" => assert!(json()["clients"].is_array()),
        "/digests" => assert!(json()["ranges"].is_array()),
        "/status" => assert_eq!(json()["server"], "Goloman"),
        "/healthz" => assert_eq!(json()["alive"], true),
        "/readyz" => assert_eq!(json()["ready"], true),
        "/metrics" => assert!(response.content_type.starts_with("text/plain; version=0.0.4")),
        _ => {
            let mut segments = uri::segments(path);
            assert_eq!(segments.next(), Some("clients"), "{}", shown());
            let id = segments.next().map(uri::decode_segment).expect("a client");
            let id = String::from_utf8(id.expect("it is escaped well").into_owned());
            let json = json();
            let client = if segments.next() == Some("places") { &json["client"] } else { &json };
            assert_eq!(client["id"].as_str(), id.ok().as_deref(), "{}", shown());
        }
    }
}
