//! A visitor's conversation, driven by hand.

mod access;
mod digests;
mod ends;
mod expired;
mod forgotten;
mod near;
mod streams;

use super::*;
use crate::herd::Herd;
use crate::node::{ClientBounds, Conversation, NodeOptions, Port};
use crate::transport::{
    Action, Application, ConnectionId, DriverSide, Meters, Monotonic, Now, PeerInfo, Transport,
};
use std::net::SocketAddr;
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// A server of a herd of one, visitors of it, and the time.
struct Scene {
    node: Node,
    visitors: Vec<(Conversation, Transport)>,
    now: Now,
}

impl Scene {
    fn new() -> Self {
        Scene::with(ClientBounds::NONE, &[])
    }

    fn with(bounds: ClientBounds, cors: &[&str]) -> Self {
        Scene::of("", bounds, cors)
    }

    /// `settings` are more members of the herd's file.
    fn of(settings: &str, bounds: ClientBounds, cors: &[&str]) -> Self {
        let servers = r#"[{"name": "Lone", "host": "127.0.0.1", "port": 4000, "web_port": 6000}]"#;
        let json = format!(r#"{{"herd": "lone", {settings} "servers": {servers}}}"#);
        let herd = Herd::from_json(json.as_bytes()).unwrap();
        let options = NodeOptions::for_tests(&herd, "Lone");
        let cors = cors.iter().map(|&origin| origin.to_owned()).collect();
        let node = Node::new(NodeOptions { web: WebOptions { bounds, cors }, ..options });
        let now =
            Now { monotonic: Monotonic::default(), posix_nanoseconds: 1_600_000_000 * SECOND };
        let mut scene = Scene { node, visitors: Vec::new(), now };
        scene.visit();
        scene
    }

    /// Another visitor comes.
    fn visit(&mut self) -> usize {
        let (slot, address) = (self.visitors.len(), SocketAddr::from(([127, 0, 0, 1], 1)));
        let id = ConnectionId { slot: slot as u32, generation: 0 };
        self.visitors.push((self.node.accepted(Port::Web, address, self.now), Transport::new(id)));
        self.call(slot, |protocol, cx| protocol.connection_made(cx, &PeerInfo::at(address)));
        slot
    }

    fn call(
        &mut self,
        visitor: usize,
        callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>),
    ) {
        let (conversation, transport) = &mut self.visitors[visitor];
        let mut cx = Context { app: &mut self.node, transport, now: self.now };
        callback(conversation, &mut cx);
    }

    /// What a visitor sends arrives when its conversation wants data.
    fn sends(&mut self, visitor: usize, data: &str) {
        for _ in 0..100 {
            if self.visitors[visitor].1.wants_data() {
                break;
            }
            self.turn();
        }
        self.call(visitor, |protocol, cx| protocol.data_received(cx, data.as_bytes()));
    }

    /// The turn ends, and those are called whom it calls.
    fn turn(&mut self) {
        self.node.turn_begun(self.now);
        self.node.turn_ended(self.now, &Meters::default());
        while let Some(action) = self.node.next_action() {
            if let Action::Wake(id) = action {
                self.call(id.slot as usize, |protocol, cx| protocol.woken(cx));
            }
        }
        self.node.check().unwrap();
        for visitor in 0..self.visitors.len() {
            let resumes = self.visitors[visitor].1.take_resume().is_some();
            if resumes {
                self.call(visitor, |protocol, cx| protocol.resume_writing(cx));
            }
        }
    }

    /// Time passes, and timers expire that are due by then.
    fn pass(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        self.now.posix_nanoseconds += i64::try_from(time.as_nanos()).unwrap();
        for visitor in 0..self.visitors.len() {
            if self.visitors[visitor].1.take_due_timer(self.now.monotonic) {
                self.call(visitor, |protocol, cx| protocol.timer_expired(cx));
            }
        }
    }

    /// What a visitor has been sent since it was asked last.
    fn read(&mut self, visitor: usize) -> String {
        let transport = &mut self.visitors[visitor].1;
        let text = String::from_utf8(transport.output().to_vec()).unwrap();
        let bytes = transport.output_len();
        transport.advance(bytes, self.now.monotonic);
        text
    }

    fn is_ending(&self, visitor: usize) -> bool {
        self.visitors[visitor].1.is_ending()
    }

    fn wants_data(&self, visitor: usize) -> bool {
        self.visitors[visitor].1.wants_data()
    }

    /// The statuses and bodies of the answers to these requests of the first visitor.
    fn ask(&mut self, requests: &str) -> Vec<(u16, String)> {
        self.sends(0, requests);
        self.turn();
        let mut answers = Vec::new();
        let text = self.read(0);
        let mut rest = &*text;
        while let Some((head, behind)) = rest.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            let length = head
                .split("Content-Length: ")
                .nth(1)
                .map_or(0, |length| length.split("\r\n").next().unwrap().parse().unwrap());
            answers.push((status, behind[..length].to_owned()));
            rest = &behind[length..];
        }
        assert_eq!(rest, "");
        answers
    }

    fn status(&mut self, request: &str) -> u16 {
        let answers = self.ask(request);
        assert_eq!(answers.len(), 1, "{request}: {answers:?}");
        answers[0].0
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n")
}

fn with_body(method: &str, target: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    )
}

const KIWI: &str = r#"{"id":"kiwi","latitude":34.068930,"longitude":-118.445127,"time":"1600000000","server":"Lone","difference":"+0.000000000"}"#;

fn report(scene: &mut Scene, id: &str, latitude: &str) {
    let target = format!("/?id={id}&lat={latitude}&lon=-118.445127&timestamp=1600000000");
    assert_eq!(scene.ask(&get(&target)), [(200, String::new())]);
}

#[test]
fn pipelined_requests_are_answered_in_their_order_in_whatever_pieces_they_come() {
    let requests = [
        get("/?id=kiwi&lat=34.068930&lon=-118.445127&timestamp=1600000000"),
        get("/clients/kiwi"),
        with_body(
            "PUT",
            "/clients/a%2Fb",
            "",
            r#"{"latitude":1,"longitude":2,"time":"1599999999.5"}"#,
        ),
        get("/clients?near=34,-118&km=100"),
        get("/nothing"),
        get("/clients/a%2Fb"),
    ]
    .concat();
    let a_b = r#"{"id":"a/b","latitude":1,"longitude":2,"time":"1599999999.5","server":"Lone","difference":"+0.500000000"}"#;
    let near = format!(r#"{{"clients":[{{"kilometres":41.727,{}]}}"#, &KIWI[1..]);
    let nothing = r#"{"error":"there is nothing at that path"}"#;
    let expected = [(200, ""), (200, KIWI), (200, a_b), (200, &near), (404, nothing), (200, a_b)]
        .map(|(status, body)| (status, body.to_owned()));
    for piece in [1, 7, 100, requests.len()] {
        let mut scene = Scene::new();
        for piece in requests.as_bytes().chunks(piece) {
            scene.sends(0, str::from_utf8(piece).unwrap());
        }
        scene.turn();
        assert_eq!(scene.ask(""), expected, "in pieces of {piece}");
    }
}

#[test]
fn an_answer_that_takes_its_time_keeps_those_behind_it() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    let asked = [get("/clients/kiwi/places?km=10"), get("/clients/kiwi"), get("/clients/kiwi")];
    scene.sends(0, &asked.concat());
    assert_eq!(scene.read(0), "", "Places is asked");
    // Another one is not kept by it.
    let other = scene.visit();
    scene.sends(other, &get("/clients/kiwi"));
    assert!(scene.read(other).ends_with(KIWI));
    scene.pass(limits::PLACES_DEADLINE);
    scene.node.timer_expired(scene.now);
    scene.turn();
    scene.turn();
    let answers = scene.ask("");
    assert_eq!(answers.len(), 3);
    let places = &answers[0].1;
    assert!(places.starts_with(&format!(r#"{{"client":{KIWI},"places":{{"#)), "{places}");
    assert_eq!(answers[2], (200, KIWI.to_owned()));
}

#[test]
fn what_is_asked_in_a_wrong_way_is_told_so() {
    let mut scene = Scene::new();
    for (request, status) in [
        (get("/?id=kiwi&lat=91&lon=0"), 400),
        (get("/?lat=1&lon=0"), 400),
        (get("/?id=kiwi&lat=1&lon=0&timestamp=1700000000"), 400),
        (get("/clients/nobody"), 404),
        (get("/clients/%ff"), 400),
        (get("/clients/"), 400),
        (get("/clients/%zz"), 400),
        (get("/clients"), 400),
        (get("/clients?near=1,2"), 400),
        (get("/clients/kiwi/places"), 400),
        (get("/clients/kiwi/places?km=5"), 404),
        (get("/clients/kiwi/else"), 404),
        (get("/clients/kiwi/places/"), 404),
        (get("//"), 404),
        (get("/events?near=1,2"), 400),
        (get("/pub"), 405),
        (with_body("POST", "/clients/kiwi", "", ""), 405),
        (with_body("POST", "/", "Content-Type: text/csv\r\n", "a,b"), 415),
        (with_body("POST", "/", "Content-Encoding: gzip\r\n", "x"), 415),
        (with_body("POST", "/pub", "", "no JSON"), 400),
        (with_body("PUT", "/clients/kiwi", "", "{}"), 400),
        (with_body("PUT", "/clients/a%20b", "", r#"{"latitude":1,"longitude":2}"#), 400),
    ] {
        assert_eq!(scene.status(&request), status, "{request}");
    }
    scene.sends(0, &with_body("HEAD", "/?id=kiwi&lat=1&lon=0", "", ""));
    assert!(scene.read(0).starts_with("HTTP/1.1 405 "), "a HEAD never reports");
    assert!(!scene.is_ending(0), "the connection stays");
    assert_eq!(scene.node.positions().len(), 0, "nothing was taken");
}

#[test]
fn what_is_no_request_ends_the_connection() {
    for (request, status) in [
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b/c@\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nOrigin: http://x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: x\r\n\r\n", 400),
        ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", 413),
    ] {
        let mut scene = Scene::new();
        assert_eq!(scene.status(request), status, "{request}");
        assert!(scene.is_ending(0));
    }
    let mut scene = Scene::new();
    assert_eq!(scene.status(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(16_384))), 431);
}

#[test]
fn a_body_is_asked_for_unless_it_would_be_in_vain() {
    let mut scene = Scene::new();
    let body = r#"{"latitude":1,"longitude":2}"#;
    let request = with_body("PUT", "/clients/kiwi", "Expect: 100-continue\r\n", body);
    let (head, _) = request.split_at(request.len() - body.len());
    scene.sends(0, head);
    assert_eq!(scene.read(0), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(scene.status(body), 200);
    scene.sends(0, &head.replace("kiwi", "kiwi/else"));
    assert!(scene.read(0).starts_with("HTTP/1.1 404 "));
    assert!(scene.is_ending(0), "whether a body follows is not known");
}

#[test]
fn only_our_own_page_and_those_that_were_named_may_change_what_is_known() {
    let mut scene = Scene::with(ClientBounds::NONE, &["https://a.example"]);
    let put =
        |fields: &str| with_body("PUT", "/clients/kiwi", fields, r#"{"latitude":1,"longitude":2}"#);
    for (fields, status) in [
        ("", 200),
        ("Origin: http://h\r\nSec-Fetch-Site: same-origin\r\n", 200),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Origin: https://a.example\r\nSec-Fetch-Site: cross-site\r\n", 200),
        ("Origin: https://b.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),
    ] {
        assert_eq!(scene.status(&put(fields)), status, "{fields}");
    }
    let picture =
        get("/?id=kiwi&lat=1&lon=2").replace("\r\n\r\n", "\r\nSec-Fetch-Site: cross-site\r\n\r\n");
    assert_eq!(scene.status(&picture), 403, "as a page's picture it is from elsewhere, too");
    let asks =
        |origin: &str| format!("GET /clients/kiwi HTTP/1.1\r\nHost: h\r\nOrigin: {origin}\r\n\r\n");
    scene.sends(0, &asks("https://a.example"));
    let allowed = "Access-Control-Allow-Origin: https://a.example\r\nVary: Origin\r\n";
    assert!(scene.read(0).contains(allowed));
    scene.sends(0, &asks("https://b.example"));
    let kept = scene.read(0);
    assert!(!kept.contains("Access-Control"), "the browser keeps it from that page: {kept}");
    assert!(kept.contains("Vary: Origin\r\n"), "and no cache gives it to the other: {kept}");
}

#[test]
fn who_asks_for_the_head_gets_no_body_and_its_length() {
    let mut scene = Scene::new();
    report(&mut scene, "kiwi", "34.068930");
    for target in
        ["/clients/kiwi", "/clients/nobody", "/", "/status", "/metrics", "/digests", "/events"]
    {
        scene.sends(0, &get(target).replace("GET", "HEAD"));
        let head = scene.read(0);
        scene.turn();
        assert!(head.ends_with("\r\n\r\n") && head.matches("\r\n\r\n").count() == 1, "{head}");
        assert_eq!(head.contains("Content-Length: "), target != "/events", "{head}");
        assert_eq!(scene.is_ending(0), head.contains("Connection: close"), "{head}");
    }
    assert!(scene.is_ending(0), "a stream has no other end");
}

#[test]
fn a_page_is_sent_as_there_is_room() {
    let mut scene = Scene::new();
    scene.sends(0, &get("/").repeat(2));
    let mut page = String::new();
    loop {
        let piece = scene.read(0);
        assert!(piece.len() < limits::OUTPUT_HIGH_WATER_BYTES + 64 * 1_024, "{}", piece.len());
        if piece.is_empty() {
            break;
        }
        page += &piece;
        scene.turn();
    }
    assert_eq!(page.matches("HTTP/1.1 200 OK\r\n").count(), 2);
    assert_eq!(page.matches(page::PAGE).count(), 2);
}

#[test]
fn the_forms_of_owntracks_are_always_well_but_for_what_is_no_json() {
    let mut scene = Scene::new();
    let send = |body: &str| with_body("POST", "/pub?u=anna&d=phone", "", body);
    let well = [(200, "[]".to_owned())];
    let location = r#"{"_type":"location","lat":1,"lon":2,"tst":1600000000}"#;
    assert_eq!(scene.ask(&send(location)), well);
    for other in ["", r#"{"_type":"lwt"}"#, r#"{"_type":"location","lat":91,"lon":2}"#] {
        assert_eq!(scene.ask(&send(other)), well, "{other}");
    }
    let far_ahead = location.replace("16000", "17000");
    assert_eq!(scene.ask(&send(&far_ahead)), well);
    assert_eq!(scene.node.positions().len(), 1);
    assert_eq!(scene.status(&get("/clients/anna%2Fphone")), 200);
}

#[test]
fn one_more_than_there_may_be_is_told_so() {
    let mut scene = Scene::with(ClientBounds { connections: 1, ..ClientBounds::NONE }, &[]);
    let other = scene.visit();
    assert!(scene.read(other).starts_with("HTTP/1.1 503 ") && scene.is_ending(other));
    assert!(!scene.is_ending(0));
}
