//! What a server says of itself, driven by hand. What it says of its links is among the scenarios of the
//! simulator.

mod dashboard;
mod parser;

use crate::herd::Herd;
use crate::limits;
use crate::node::counts::Refused;
use crate::node::{ClientBounds, Conversation, Node, NodeOptions, Port};
use crate::transport::{
    Application, ConnectionId, Context, DriverSide, Lost, Meters, Monotonic, Now, PeerInfo,
    Protocol, Signal, Transport,
};
use parser::{Parsed, parse};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const LONE: &str = r#"{"herd": "lone", "servers": [
    {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;

/// With names that are as wild as names may be.
const PAIR: &str = r#"{"herd": "\"pair\\", "servers": [
    {"name": "Ea\"st\\n", "host": "h", "port": 4000, "talks_with": ["Wé{st}="]},
    {"name": "Wé{st}=", "host": "::1", "port": 5000}]}"#;

/// The first server of a herd, a client of it, and the time.
struct Scene {
    node: Node,
    client: Conversation,
    transport: Transport,
    now: Now,
}

impl Scene {
    fn new(herd: &str, bounds: ClientBounds) -> Self {
        let herd = Herd::from_json(herd.as_bytes()).unwrap();
        let server = herd.servers[0].name.clone();
        let options = NodeOptions::for_tests(&herd, &server);
        let mut node = Node::new(NodeOptions { bounds, ..options });
        let transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
        let now = Now {
            monotonic: Monotonic::default() + Duration::from_secs(100),
            posix_nanoseconds: 1_600_000_000_000_000_000,
        };
        let client = node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 1)), now);
        let mut scene = Scene { node, client, transport, now };
        let peer = PeerInfo::at(([127, 0, 0, 1], 1).into());
        scene.call(|protocol, cx| protocol.connection_made(cx, &peer));
        scene.end_turn();
        scene
    }

    fn call(&mut self, callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>)) {
        let Scene { node, client, transport, now } = self;
        callback(client, &mut Context { app: node, transport, now: *now });
    }

    fn says(&mut self, data: &[u8]) {
        self.call(|protocol, cx| protocol.data_received(cx, data));
    }

    fn end_turn(&mut self) {
        self.node.turn_ended(self.now, &Meters { turns: 7, ..Meters::default() });
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        self.now.posix_nanoseconds += time.as_nanos() as i64;
        self.end_turn();
    }

    fn status(&self) -> Value {
        let mut out = Vec::new();
        self.node.write_status(self.now, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    fn metrics(&self) -> Parsed {
        let mut out = Vec::new();
        self.node.write_metrics(self.now, &mut out);
        parse(&String::from_utf8(out).unwrap()).unwrap()
    }

    /// What a visitor of the web port is answered.
    fn ask(&mut self, path: &str) -> (u16, String, String) {
        let mut visitor =
            self.node.accepted(Port::Web, SocketAddr::from(([127, 0, 0, 1], 1)), self.now);
        let mut transport = Transport::new(ConnectionId { slot: 1, generation: 0 });
        let peer = PeerInfo::at(([127, 0, 0, 1], 1).into());
        let mut cx = Context { app: &mut self.node, transport: &mut transport, now: self.now };
        visitor.connection_made(&mut cx, &peer);
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        visitor.data_received(&mut cx, request.as_bytes());
        visitor.connection_lost(&mut cx, &Lost::Aborted);
        let answer = String::from_utf8_lossy(transport.output()).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let (_, content_type) = head.split_once("Content-Type: ").unwrap();
        let content_type = content_type.lines().next().unwrap().to_owned();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), content_type, body.to_owned())
    }

    fn not_ready(&self) -> Option<String> {
        self.node.readiness(self.now.monotonic).err().map(|why| why.to_string())
    }
}

fn scene(herd: &str) -> Scene {
    Scene::new(herd, ClientBounds::NONE)
}

#[test]
fn it_is_shown_until_when_certificates_are_good() {
    let mut scene = scene(LONE);
    assert_eq!(scene.status()["certificates"], json!([]));
    let name = "herd_certificate_expiry_timestamp_seconds";
    assert!(!scene.metrics().names().contains(name));
    scene.node.set_certificate_ends([("neighbours", 1_700_000_000), ("clients", 1_600_000_001)]);
    let shown = json!([
        {"for": "neighbours", "ends": 1_700_000_000},
        {"for": "clients", "ends": 1_600_000_001},
    ]);
    assert_eq!(scene.status()["certificates"], shown);
    let metrics = scene.metrics();
    assert_eq!(metrics.value(name, &[("for", "neighbours")]), Some(1_700_000_000.0));
    assert_eq!(metrics.value(name, &[("for", "clients")]), Some(1_600_000_001.0));
    scene.node.set_certificate_ends([]);
    assert_eq!(scene.status()["certificates"], json!([]), "read anew");
}

#[test]
fn the_status_has_what_the_contract_names_each_as_what_it_is() {
    let mut scene = scene(PAIR);
    scene.says(b"IAMAT kiwi +1-1 1600000000\n");
    scene.pass(Duration::from_millis(2_500));
    let status = scene.status();
    for (name, is_so) in [
        ("server", status["server"] == "Ea\"st\\n"),
        ("herd", status["herd"] == "\"pair\\"),
        ("version", status["version"] == env!("CARGO_PKG_VERSION")),
        ("uptime_seconds", status["uptime_seconds"] == 2.5),
        ("ready", status["ready"] == false),
        ("not_ready", status["not_ready"].is_string()),
        ("clients", status["clients"] == 1),
        ("reports", status["reports"] == 1),
        ("memory_bytes", status["memory_bytes"].as_u64() > Some(0)),
        ("digest", status["digest"].as_str().is_some_and(|digest| digest.len() == 16)),
        ("connections", status["connections"]["clients"] == 1),
        ("journal", status.get("journal") == Some(&Value::Null)),
        ("places", status["places"]["questions"] == 0),
        ("turn_longest_seconds", status["turn_longest_seconds"] == 0.0),
    ] {
        assert!(is_so, "{name}: {}", status[name]);
    }
    assert_eq!(
        status["servers"],
        json!([
            {"name": "Ea\"st\\n", "talks_with": ["Wé{st}="]},
            {"name": "Wé{st}=", "talks_with": ["Ea\"st\\n"]}
        ])
    );
    // The neighbour has never been there.
    let neighbour = &status["neighbours"][0];
    assert_eq!(
        (&neighbour["name"], &neighbour["address"]),
        (&json!("Wé{st}="), &json!("[::1]:6000"))
    );
    assert_eq!(neighbour["agrees"], Value::Null);
    for direction in ["dialled", "accepted"] {
        assert_eq!(neighbour[direction]["up"], false, "{direction}");
        assert!(neighbour[direction]["since_seconds"].is_f64(), "{direction}");
    }
    assert_eq!(neighbour["dialled"]["behind_changes"], 1);
    assert!(neighbour["dialled"]["behind_seconds"].as_f64() >= Some(2.5));
    assert_eq!(neighbour["accepted"]["behind_changes"], Value::Null);
}

#[test]
fn metrics_are_as_the_format_has_them_whatever_servers_are_called() {
    for herd in [LONE, PAIR] {
        let mut scene = scene(herd);
        scene.says(b"IAMAT kiwi +1-1 1600000000\nWATCH kiwi\nWHATSAT kiwi 1 1\nNEAR kiwi 1 1\n");
        scene.pass(Duration::from_secs(1));
        let metrics = scene.metrics();
        assert!(metrics.names().iter().all(|name| name.starts_with("herd_")));
        for (name, labels, value) in [
            ("herd_build_info", &[("version", env!("CARGO_PKG_VERSION"))][..], 1.0),
            ("herd_start_time_seconds", &[], 1_600_000_000.0),
            ("herd_uptime_seconds", &[], 1.0),
            ("herd_clients", &[], 1.0),
            ("herd_reports_total", &[], 1.0),
            ("herd_turns_total", &[], 7.0),
            ("herd_watchers", &[], 1.0),
            ("herd_watches", &[], 1.0),
            ("herd_connections", &[("kind", "clients")], 1.0),
            ("herd_places_questions_total", &[], 1.0),
        ] {
            assert_eq!(metrics.value(name, labels), Some(value), "{name}");
        }
        if herd == PAIR {
            let server = [("herd", "\"pair\\"), ("server", "Ea\"st\\n")];
            assert_eq!(metrics.value("herd_server_info", &server), Some(1.0));
            let link = [("neighbour", "Wé{st}="), ("direction", "dialled")];
            assert_eq!(metrics.value("herd_link_up", &link), Some(0.0));
        }
        // Whoever asks for figures learns of no client.
        assert!(metrics.samples.keys().all(|(_, labels)| !labels.values().any(|v| v == "kiwi")));
    }
}

#[test]
fn turns_are_counted_by_how_long_they_took() {
    let mut scene = scene(LONE);
    for (milliseconds, turns) in [(3, 2), (70, 3)] {
        let took = Duration::from_millis(milliseconds);
        let meters =
            Meters { turn_last: Some(took), turn_longest: took, turns, ..Meters::default() };
        scene.node.turn_ended(scene.now, &meters);
    }
    let metrics = scene.metrics();
    let bucket = |le| metrics.value("herd_turn_duration_seconds_bucket", &[("le", le)]);
    assert_eq!(
        (bucket("0.002"), bucket("0.005"), bucket("0.1")),
        (Some(0.0), Some(1.0), Some(2.0))
    );
    assert_eq!(metrics.value("herd_turn_duration_seconds_sum", &[]), Some(0.073));
    assert_eq!(metrics.value("herd_turn_longest_seconds", &[]), Some(0.07));
    assert_eq!(scene.status()["turn_longest_seconds"], 0.07);
}

#[test]
fn what_is_refused_is_counted_by_why_and_what_is_taken_is_not() {
    let mut scene = scene(LONE);
    let long = [b"IAMAT ".as_slice(), &vec![b'x'; limits::CLIENT_LINE_BYTES_MAX], b"\n"].concat();
    let refused: [(&[u8], Refused); 11] = [
        (b"WHERE IS kiwi\n", Refused::Command),
        (b"iamat kiwi +1-1 1\n", Refused::Command),
        (b"IAMAT \xff +1-1 1\n", Refused::Client),
        (b"IAMAT kiwi +91-1 1\n", Refused::Location),
        (b"WHATSAT kiwi 51 1\n", Refused::Number),
        (b"IAMAT kiwi +1-1 never\n", Refused::Time),
        (b"WHATSAT nobody 1 1\n", Refused::UnknownClient),
        (b"NEAR nobody 1 1\n", Refused::UnknownClient),
        (b"IAMAT kiwi +1-1 1700000000\n", Refused::ClockAhead),
        (b"UNWATCH kiwi\n", Refused::Watch),
        (&long, Refused::TooLong),
    ];
    for (line, _) in refused {
        scene.says(line);
    }
    let answers = String::from_utf8_lossy(scene.transport.output()).into_owned();
    assert_eq!(answers.lines().filter(|line| line.starts_with("? ")).count(), refused.len());
    let (status, metrics) = (scene.status(), scene.metrics());
    for why in Refused::ALL {
        let count = refused.iter().filter(|(_, other)| *other == why).count();
        assert_eq!(status["refused"][why.name()], count, "{why:?}");
        let told = metrics.value("herd_refused_commands_total", &[("reason", why.name())]);
        assert_eq!(told, Some(count as f64), "{why:?}");
    }
    assert_eq!(status["reports"], 0);
}

#[test]
fn reports_are_counted_whether_they_change_anything_or_not() {
    let mut scene = scene(LONE);
    scene.says(b"IAMAT kiwi +1-1 5\nIAMAT kiwi +1-1 6\nIAMAT kiwi +1-1 6\nIAMAT kiwi +1-1 2\nno\n");
    let status = scene.status();
    assert_eq!((&status["reports"], &status["changes"]), (&json!(4), &json!(2)));
}

#[test]
fn a_report_that_finds_no_room_and_a_client_that_is_not_let_in_are_counted() {
    let mut scene = Scene::new(LONE, ClientBounds { connections: 1, ..ClientBounds::NONE });
    scene.node.positions.set_bytes_max(0);
    scene.says(b"IAMAT kiwi +1-1 5\n");
    assert_eq!(scene.status()["refused"]["no_room"], 1);
    scene.client =
        scene.node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 1)), scene.now);
    let peer = PeerInfo::at(([127, 0, 0, 1], 1).into());
    scene.call(|protocol, cx| protocol.connection_made(cx, &peer));
    for (kind, refused) in [("clients", 1.0), ("web", 0.0)] {
        let told = scene.metrics().value("herd_connections_refused_total", &[("kind", kind)]);
        assert_eq!(told, Some(refused), "{kind}");
    }
    let most = |kind| scene.metrics().value("herd_connections_max", &[("kind", kind)]);
    assert_eq!(
        (most("clients"), most("web")),
        (Some(1.0), None),
        "nothing bounds the web port here"
    );
    assert_eq!(scene.status()["connections_max"], json!({"clients": 1, "web": null}));
}

#[test]
fn questions_that_are_answered_are_counted() {
    let mut scene = scene(LONE);
    scene.says(b"IAMAT kiwi +1-1 1600000000\nNEAR kiwi 1 1\nNEAR nobody 1 1\nWHATSAT kiwi 1 1\n");
    assert_eq!(scene.ask("/clients/kiwi").0, 200);
    assert_eq!(scene.status()["questions"], 3);
    assert_eq!(scene.metrics().value("herd_questions_total", &[]), Some(3.0));
}

#[test]
fn connections_and_their_bytes_are_counted_by_what_they_are_for() {
    let mut scene = scene(PAIR);
    scene.node.timer_expired(scene.now);
    let present = |scene: &Scene, kind: &str| scene.status()["connections"][kind].clone();
    assert_eq!(
        (present(&scene, "clients"), present(&scene, "neighbours_dialled")),
        (1.into(), 1.into())
    );
    scene.says(b"IAMAT kiwi +1-1 5\n");
    let answer = scene.transport.output().len();
    scene.call(|protocol, cx| protocol.connection_lost(cx, &Lost::Aborted));
    assert_eq!(present(&scene, "clients"), 0);
    let metrics = scene.metrics();
    let clients = [("kind", "clients")];
    for (name, value) in [
        ("herd_connections_opened_total", 1),
        ("herd_connections_ended_total", 1),
        ("herd_received_bytes_total", b"IAMAT kiwi +1-1 5\n".len()),
        ("herd_sent_bytes_total", answer),
    ] {
        assert_eq!(metrics.value(name, &clients), Some(value as f64), "{name}");
    }
    assert_eq!(metrics.value("herd_sent_bytes_total", &[("kind", "web")]), Some(0.0));
}

#[test]
fn who_has_no_neighbours_is_ready_at_once_and_nobody_is_who_stops() {
    let mut scene = scene(LONE);
    assert_eq!(scene.not_ready(), None);
    scene.node.signalled(Signal::Terminate, scene.now);
    scene.node.stopping(scene.now);
    assert_eq!(scene.not_ready().as_deref(), Some("the server stops"));
    assert_eq!(scene.status()["ready"], false);
    assert_eq!(scene.metrics().value("herd_ready", &[]), Some(0.0));
}

#[test]
fn who_finds_no_neighbour_is_ready_after_a_while() {
    let mut scene = scene(PAIR);
    let why = "its neighbour is not linked with it both ways yet";
    assert_eq!(scene.not_ready().as_deref(), Some(why));
    assert_eq!(scene.status()["not_ready"], why);
    scene.pass(limits::NEIGHBOUR_SOUGHT_MAX - Duration::from_nanos(1));
    assert_eq!(scene.not_ready().as_deref(), Some(why));
    scene.pass(Duration::from_nanos(1));
    assert_eq!(scene.not_ready(), None);
    assert_eq!(scene.status()["ready"], true);
}

#[test]
fn each_figure_is_asked_for_at_its_path() {
    let mut scene = scene(PAIR);
    let json = "application/json".to_owned();
    assert_eq!(scene.ask("/healthz"), (200, json.clone(), "{\"alive\":true}".into()));
    let (status, _, body) = scene.ask("/readyz");
    let why = "its neighbour is not linked with it both ways yet";
    assert_eq!(
        (status, serde_json::from_str::<Value>(&body).unwrap()),
        (503, json!({"error": why}))
    );
    scene.pass(limits::NEIGHBOUR_SOUGHT_MAX);
    assert_eq!(scene.ask("/readyz"), (200, json.clone(), "{\"ready\":true}".into()));
    let (status, content_type, body) = scene.ask("/status");
    assert_eq!((status, &content_type), (200, &json));
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["ready"], &told["connections"]["web"]), (&json!(true), &json!(1)));
    let (status, content_type, body) = scene.ask("/metrics");
    assert_eq!((status, content_type.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    assert!(
        parse(&body).unwrap().value("herd_received_bytes_total", &[("kind", "web")]) > Some(0.0)
    );
}
