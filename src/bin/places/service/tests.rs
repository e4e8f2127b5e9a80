//! Conversations held in memory.

use super::*;
use crate::world::WORLD;
use herd::limits;
use herd::transport::{ConnectionId, DriverSide, Now, PeerInfo, Transport};
use proptest::prelude::*;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::time::Duration;

const QUESTION: &str = "GET /maps/api/place/nearbysearch/json\
    ?location=34.05223,-118.24368&radius=10&key=k1 HTTP/1.1\r\nHost: localhost:8443\r\n\r\n";

/// A driver of one connection.
struct Client {
    service: Service,
    conversation: Conversation,
    transport: Transport,
    now: Now,
    answers: Vec<u8>,
    /// What was sent and may not be delivered yet.
    waiting: Vec<u8>,
}

impl Client {
    fn of(service: Service) -> Client {
        let mut service = service;
        let conversation =
            service.accepted(Port, (Ipv4Addr::LOCALHOST, 50_000).into(), Now::default());
        let mut client = Client {
            service,
            conversation,
            transport: Transport::new(ConnectionId { slot: 0, generation: 0 }),
            now: Now::default(),
            answers: Vec::new(),
            waiting: Vec::new(),
        };
        client.call(|conversation, cx| {
            conversation.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
        });
        client
    }

    fn call(&mut self, call: impl FnOnce(&mut Conversation, &mut Context<'_, Service>)) {
        let Client { service, conversation, transport, now, .. } = self;
        call(conversation, &mut Context { app: service, transport, now: *now });
    }

    /// Sends all that may be delivered, in pieces of at most `piece` bytes.
    fn deliver(&mut self, piece: usize) {
        while self.transport.wants_data() && !self.waiting.is_empty() {
            let length = piece.min(self.waiting.len());
            let data: Vec<u8> = self.waiting.drain(..length).collect();
            self.call(|conversation, cx| conversation.data_received(cx, &data));
        }
    }

    /// Takes all output, as often as that lets the conversation go on.
    fn take(&mut self) {
        loop {
            self.answers.extend_from_slice(self.transport.output());
            self.transport.advance(self.transport.output_len(), self.now.monotonic);
            if self.transport.take_resume().is_none() {
                return;
            }
            self.call(|conversation, cx| conversation.resume_writing(cx));
        }
    }

    fn send(&mut self, text: &str) {
        self.send_in_pieces(text, usize::MAX);
    }

    fn send_in_pieces(&mut self, text: &str, piece: usize) {
        self.waiting.extend_from_slice(text.as_bytes());
        while self.transport.wants_data() && !self.waiting.is_empty() {
            self.deliver(piece);
            self.take();
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        if self.transport.take_due_timer(self.now.monotonic) {
            self.call(|conversation, cx| conversation.timer_expired(cx));
        }
        self.take();
        self.send("");
    }

    /// Status code and body of each answer.
    fn answers(&self) -> Vec<(u16, String)> {
        let mut answers = Vec::new();
        let mut rest = &self.answers[..];
        while !rest.is_empty() {
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let mut head = httparse::Response::new(&mut headers);
            let length = head.parse(rest).expect("a response").unwrap();
            let body_length = head.headers.iter().find(|header| header.name == "Content-Length");
            let body_length = std::str::from_utf8(body_length.expect("a length").value);
            let end = length + body_length.expect("text").parse::<usize>().expect("a number");
            let body = String::from_utf8(rest[length..end].to_vec()).expect("UTF-8");
            answers.push((head.code.expect("a status"), body));
            rest = &rest[end..];
        }
        answers
    }

    fn statuses(&self) -> Vec<u16> {
        self.answers().into_iter().map(|(status, _)| status).collect()
    }
}

fn service() -> Service {
    let gazetteer = Gazetteer::parse(
        "geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n\
         5368361\tLos Angeles\t34.05223\t-118.24368\tUS\t3820914\n",
    );
    let gazetteer = gazetteer.expect("one place");
    Service { gazetteer, required_key: None, delay: Duration::ZERO, stops: 0 }
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn a_question_is_answered_and_the_connection_stays() {
    let mut client = Client::of(service());
    client.send(QUESTION);
    client.send(QUESTION);
    let answers = client.answers();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 200);
    assert_eq!(json(&answers[0].1)["results"][0]["name"], "Los Angeles");
    assert!(!client.transport.is_ending());
}

#[test]
fn a_question_may_come_in_any_two_pieces() {
    for split in 0..QUESTION.len() {
        let mut client = Client::of(service());
        client.send(&QUESTION[..split]);
        assert_eq!(client.answers, b"", "answered before it was asked");
        client.send(&QUESTION[split..]);
        assert_eq!(client.statuses(), [200], "split at {split}");
    }
}

#[test]
fn the_client_says_when_to_close() {
    let mut client = Client::of(service());
    client.send(&QUESTION.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    client.send(QUESTION);
    assert_eq!(client.statuses(), [200]);
    assert!(client.transport.is_closing());

    let mut client = Client::of(service());
    client.send(&QUESTION.replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!((client.statuses(), client.transport.is_closing()), (vec![200], true));

    let mut client = Client::of(service());
    client.send("GET / HT");
    client.call(|conversation, cx| conversation.eof_received(cx));
    assert_eq!((client.statuses(), client.transport.is_closing()), (vec![], true));
}

#[test]
fn other_paths_and_methods_are_refused_and_the_connection_stays() {
    let mut client = Client::of(service());
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/maps/api/place/nearbysearch/xml?location=1,2&radius=3"),
        ("POST", "/maps/api/place/nearbysearch/json"),
        ("HEAD", "/maps/api/place/nearbysearch/json"),
        ("GET", "/v1/places:searchNearby"),
        ("HEAD", "/v1/places:searchNearby"),
        ("POST", "/v1/places:searchnearby"),
        ("GET", "https://localhost:8443/maps/api/place/nearbysearch/json?location=1,2&radius=3"),
    ] {
        client.send(&format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    assert_eq!(client.statuses(), [404, 404, 405, 405, 405, 405, 404, 200]);
    for head in [3, 5] {
        assert_eq!(client.answers()[head].1, "", "a HEAD is answered without a body");
    }
    assert!(!client.transport.is_ending());
}

#[test]
fn what_is_no_request_is_answered_and_ends_the_connection() {
    for (text, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", 413),
    ] {
        let mut client = Client::of(service());
        client.send(text);
        client.send(QUESTION);
        assert_eq!(client.statuses(), [status]);
        assert!(client.transport.is_closing());
    }
    let mut client = Client::of(service());
    client.send(&format!("GET /{}", "x".repeat(100_000)));
    assert_eq!((client.statuses(), client.transport.is_closing()), (vec![431], true));
}

#[test]
fn a_bad_question_is_answered_in_googles_way() {
    let mut client = Client::of(Service { required_key: Some("k1".to_owned()), ..service() });
    client.send(QUESTION);
    client.send(&QUESTION.replace("k1", "k2"));
    client.send(&QUESTION.replace("radius", "diameter"));
    let answers = client.answers();
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let statuses: Vec<Value> =
        answers.iter().map(|(_, body)| json(body)["status"].take()).collect();
    assert_eq!(statuses, ["OK", "REQUEST_DENIED", "INVALID_REQUEST"]);
}

#[test]
fn the_log_never_has_the_key() {
    let service = service();
    for target in [
        "/maps/api/place/nearbysearch/json?key=k1",
        "/maps/api/place/nearbysearch/json?location=1,2&radius=3&key=k1",
        "/maps/api/place/nearbysearch/json?location=k1&radius=k1",
        "/elsewhere?key=k1",
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut reader = RequestReader::new(0);
        let request = reader.next(&mut text.as_bytes());
        let request = request.expect("HTTP").expect("a whole request");
        let (_, outcome) = service.reply(&request);
        assert!(!outcome.contains("k1"), "{outcome}");
        assert!(!request.path().contains("k1"));
    }
    for required_key in [None, Some("k1".to_owned()), Some("k2".to_owned())] {
        let service = Service { required_key, ..self::service() };
        let text = "POST /v1/places:searchNearby HTTP/1.1\r\nHost: x\r\nX-Goog-Api-Key: k1\r\n\
                    X-Goog-FieldMask: k1\r\nContent-Length: 2\r\n\r\nk1";
        let mut reader = RequestReader::new(2);
        let request = reader.next(&mut text.as_bytes());
        let request = request.expect("HTTP").expect("a whole request");
        let (reply, outcome) = service.reply(&request);
        assert!(!outcome.contains("k1"), "{outcome}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("k1"));
    }
}

#[test]
fn late_answers_come_late_one_by_one_and_in_order() {
    let delay = Duration::from_millis(300);
    let mut client = Client::of(Service { delay, ..service() });
    client.send(&[QUESTION, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n", QUESTION].concat());
    assert!(!client.transport.wants_data());
    client.pass(delay - Duration::from_nanos(1));
    assert_eq!(client.statuses(), [0; 0]);
    client.pass(Duration::from_nanos(1));
    assert_eq!(client.statuses(), [200]);
    client.pass(delay);
    assert_eq!(client.statuses(), [200, 404]);
    client.pass(delay);
    assert_eq!(client.statuses(), [200, 404, 200]);
    assert!(client.transport.wants_data());
    assert_eq!(client.transport.timer(), None);
}

#[test]
fn at_the_end_what_was_asked_is_answered_at_once() {
    let mut client = Client::of(Service { delay: Duration::from_secs(10), ..service() });
    client.send(QUESTION);
    client.call(|conversation, cx| conversation.stopping(cx));
    client.take();
    assert_eq!((client.statuses(), client.transport.is_closing()), (vec![200], true));
}

#[test]
fn a_client_that_does_not_read_is_not_answered_without_end() {
    let gazetteer = Gazetteer::parse(WORLD).expect("the embedded data is whole");
    let mut client = Client::of(Service { gazetteer, ..service() });
    let count = 100;
    client.waiting = QUESTION.replace("radius=10&", "radius=50000&").repeat(count).into_bytes();
    client.deliver(usize::MAX);
    assert!(!client.transport.wants_data());
    let one_answer = 20 * 1_024;
    assert!(client.transport.output_len() < limits::OUTPUT_HIGH_WATER_BYTES + one_answer);
    client.take();
    assert_eq!(client.statuses(), vec![200; count]);
    assert!(client.transport.wants_data() && client.conversation.unread.is_empty());
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        order in prop::collection::vec(0..3_usize, 0..8),
        piece in 1..300_usize,
        late in any::<bool>(),
    ) {
        let kinds = [
            QUESTION,
            "GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /v1/places:searchNearby HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        ];
        let text: String = order.iter().map(|kind| kinds[*kind]).collect();
        let delay = if late { Duration::from_millis(1) } else { Duration::ZERO };
        let mut client = Client::of(Service { delay, ..service() });
        client.send_in_pieces(&text, piece);
        for _ in &order {
            client.pass(delay);
        }
        let expected: Vec<u16> = order.iter().map(|kind| [200, 404, 400][*kind]).collect();
        prop_assert_eq!(client.statuses(), expected);
    }

    #[test]
    fn any_bytes_in_any_pieces_are_taken(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6),
    ) {
        let mut client = Client::of(service());
        for piece in pieces {
            if client.transport.wants_data() {
                client.call(|conversation, cx| conversation.data_received(cx, &piece));
            }
        }
    }
}
