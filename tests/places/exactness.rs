//! What Places sent reaches the client byte for byte, but for the cut and squeezed line ends.

use crate::fault::{Stage, response};
use crate::server::over_tls;
use std::sync::{Arc, Mutex};

/// Elements whose inside looks like their end, or whose digits and escapes must not be touched.
const AWKWARD: [&str; 10] = [
    r#"{ "name" : "] , } \"results\" : [ 1, 2 ]" }"#,
    r#"{ "results" : [ { "results" : [ 1, [ 2, [ ] ] ] }, "]" ], "status" : "NOT_OK" }"#,
    r#"{"n":1.10,"m":-0,"e":1E+02,"big":123456789012345678901234567890,"tiny":1e-400}"#,
    r#""\u00e9\uD83D\ude00\ud800\/\b\f\n\r\t\\\"""#,
    r#"{"a":1,"a":2,"":null,"z":true,"b":false}"#,
    r#"[[[[[]]]],[{}],{"k":[]}]"#,
    "{\t\"tabs\"\t:\t[\t]\t}",
    r#"{"name":"Größe 東京 \u007f"}"#,
    "0",
    r#"{"attributions":"<a href=\"https:\/\/x\/],[\">x<\/a>"}"#,
];
/// White space between elements: as sent, and as it arrives.
const SEPARATORS: [(&str, &str); 5] = [
    (",", ","),
    (" ,\n\n\n   ", " ,\n   "),
    ("\r\n\r\n,\r\n ", "\r\n,\r\n "),
    (" , ", " , "),
    ("\n,\n", "\n,\n"),
];

/// A document of about 1 MB as it is sent, and what must arrive for each bound.
struct Document {
    sent: String,
    head: String,
    /// Each with the separator before it.
    elements: Vec<String>,
    tail: String,
}

impl Document {
    fn new() -> Self {
        let head = "{\n  \"html_attributions\" : [ ],\n  \"results\" : [";
        let mut sent = format!("\n\n{}", head.replace('\n', "\n\n"));
        let mut elements = Vec::new();
        let filling = r#"\u0041\n]},"#.repeat(5_000);
        for number in 0..20 {
            let element = AWKWARD[number % AWKWARD.len()];
            // An element's own line ends are escaped; beside it there is a long one.
            let whole = format!("[{element}, \"{filling}\"]");
            let (as_sent, arrives) = match number {
                0 => ("\n\n    ", "\n    "),
                _ => SEPARATORS[number % SEPARATORS.len()],
            };
            sent += as_sent;
            sent += &whole;
            elements.push(format!("{arrives}{whole}"));
        }
        let tail = "\n  ],\n  \"next\" : 1.50,\n  \"status\" : \"OK\"\n}";
        sent += &tail.replace('\n', "\r\r");
        sent += "\r\n\r\n\n";
        Document { sent, head: head.to_owned(), elements, tail: tail.replace('\n', "\r") }
    }

    fn arrives(&self, bound: usize) -> String {
        match bound {
            // An empty list is written as Places writes one.
            0 => format!("{}{}", self.head, self.tail.trim_start()),
            _ => format!("{}{}{}", self.head, self.elements[..bound].concat(), self.tail),
        }
    }
}

#[test]
fn a_large_awkward_document_arrives_byte_for_byte() {
    let document = Document::new();
    assert!(document.sent.len() > 1_000_000, "{} bytes", document.sent.len());
    let stage = Stage::new();
    let body = document.sent.clone();
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        for piece in [usize::MAX, 1_000, 16_384, 70_001] {
            peer.request()?;
            if piece == usize::MAX {
                peer.send(response(&body))?;
                continue;
            }
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for piece in body.as_bytes().chunks(piece) {
                let size = format!("{:x}\r\n", piece.len());
                peer.send([size.as_bytes(), piece, b"\r\n"].concat())?;
            }
            peer.send("0\r\n\r\n")?;
        }
        Ok(())
    }));
    let mut client = stage.client();
    let at = client.report("kiwi", "+34.068930-118.445127");
    for bound in [20, 7, 1, 0] {
        let answer = client.ask("kiwi", "10", bound);
        assert_eq!(answer.at, at);
        let json = String::from_utf8(answer.json).unwrap();
        let arrives = document.arrives(usize::from(bound));
        let differs = json.bytes().zip(arrives.bytes()).position(|(one, other)| one != other);
        assert!(json == arrives, "bound {bound}: differs at {differs:?}, {} bytes", json.len());
    }
    assert_eq!(stage.server.tally().connections(), 1);
}

#[test]
fn answers_of_the_service_are_passed_on_whatever_they_say() {
    let deep = format!(r#"{{"results":[{}{}]}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let bodies = [
        r#"{"html_attributions":[],"results":[],"status":"ZERO_RESULTS"}"#.to_owned(),
        r#"{"error_message":"Slow down","results":[],"status":"OVER_QUERY_LIMIT"}"#.to_owned(),
        r#" { "results" : [ 1.0e0 ] } "#.to_owned(),
        r#"{"results":[],"results":["\u0000"],"status":7}"#.to_owned(),
        deep,
    ];
    let stage = Stage::new();
    let next = Mutex::new(bodies.clone().into_iter());
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        while peer.request()?.is_some() {
            let body = next.lock().unwrap().next().unwrap_or_default();
            peer.send(response(body))?;
        }
        Ok(())
    }));
    let mut client = stage.client();
    client.report("kiwi", "+34.068930-118.445127");
    for body in bodies {
        let json = String::from_utf8(client.ask("kiwi", "10", 20).json).unwrap();
        assert!(json == body, "{:.200} became {json:.200}", body);
    }
    // Passed on or not, an operator must see it.
    stage.daemon.wait_for_log(&["WARN  places < call ", "OVER_QUERY_LIMIT: Slow down"]);
}
