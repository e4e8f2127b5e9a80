//! A gateway and a bus that says what it likes: what is told, taken, missed and asked for.

mod missed;

use super::{Bus, Credentials, GatewayOptions};
use crate::herd::Herd;
use crate::limits;
use crate::node::{Node, NodeOptions};
use crate::positions::{Report, Text, Update};
use crate::transport::{
    Action, Application, ConnectionId, Context, DriverSide, Endpoint, Lost, Meters, Now, PeerInfo,
    Protocol, Transport,
};
use std::time::Duration;

const EPOCH: &str = "0000000000000001";

/// A server that is a gateway, and its connection.
struct End {
    node: Node,
    bus: Bus,
    transport: Transport,
    now: Now,
}

impl End {
    fn new() -> Self {
        End::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut GatewayOptions)) -> Self {
        let herd = Herd::load("goloman").unwrap();
        let options = NodeOptions::for_tests(&herd, "Welsh");
        let mut gateway = GatewayOptions {
            endpoints: vec![Endpoint::plain("a", 4222), Endpoint::plain("b", 4222)],
            credentials: Credentials::None,
            subject: "herd".into(),
            clients: false,
        };
        change(&mut gateway);
        let node = Node::new(NodeOptions { gateway: Some(gateway), ..options });
        let mut end = End { node, bus: Bus::new(), transport: connection(), now: Now::default() };
        end.connect();
        end
    }

    /// Dials and connects.
    fn connect(&mut self) -> String {
        self.node.timer_expired(self.now);
        let mut dialled = None;
        while let Some(action) = self.node.next_action() {
            if let Action::Dial { endpoint, .. } = action
                && endpoint.port == 4222
            {
                dialled = Some(endpoint);
            }
        }
        self.bus = Bus::new();
        self.transport = connection();
        let peer = PeerInfo::at(([127, 0, 0, 1], 4222).into());
        self.call(|bus, cx| bus.connection_made(cx, &peer));
        dialled.map(|endpoint| endpoint.to_string()).unwrap_or_default()
    }

    fn call(&mut self, callback: impl FnOnce(&mut Bus, &mut Context<'_, Node>)) {
        let End { node, bus, transport, now } = self;
        callback(bus, &mut Context { app: node, transport, now: *now });
    }

    /// The bus says that; what we say to it.
    fn says(&mut self, text: &str) -> String {
        self.call(|bus, cx| bus.data_received(cx, text.as_bytes()));
        self.sent()
    }

    /// The bus delivers a message; what we say to it.
    fn delivers(&mut self, subject: &str, payload: &str) -> String {
        let bytes = payload.len();
        self.says(&format!("MSG {subject} 1 {bytes}\r\n{payload}\r\n"))
    }

    fn sent(&mut self) -> String {
        let sent = self.transport.output().to_vec();
        self.transport.advance(sent.len(), self.now.monotonic);
        String::from_utf8(sent).unwrap()
    }

    /// The bus greets and has us.
    fn come_up(&mut self) -> String {
        let greeted = self.says("INFO {\"max_payload\":1048576,\"headers\":true}\r\n");
        assert!(greeted.starts_with("CONNECT {") && greeted.ends_with("\r\nPING\r\n"), "{greeted}");
        self.says("PONG\r\n")
    }

    fn up() -> Self {
        let mut end = End::new();
        end.come_up();
        end
    }

    /// Somebody reports at this server.
    fn report(&mut self, client: &str, seconds: i64) {
        let origin = self.node.origin;
        let text = format!("{client} +1-1 {seconds}");
        let text = Text::new(text.as_bytes(), client.len(), 4).unwrap();
        let time_nanoseconds = seconds * 1_000_000_000;
        let report = Report { origin, difference_nanoseconds: 0, time_nanoseconds, text };
        assert!(matches!(self.node.positions.report(&report), Update::New | Update::Newer));
    }

    /// A turn ends; what we say then.
    fn turn(&mut self) -> String {
        self.node.turn_ended(self.now, &Meters::default());
        while self.node.next_action().is_some() {}
        self.call(|bus, cx| bus.woken(cx));
        self.sent()
    }

    /// Time passes, and timers are called; what we say then.
    fn pass(&mut self, time: Duration) -> String {
        let mut left = time.as_millis();
        while left > 0 && !self.transport.is_aborted() {
            left -= 1;
            self.now.monotonic = self.now.monotonic + Duration::from_millis(1);
            if self.transport.take_due_timer(self.now.monotonic) {
                self.call(|bus, cx| bus.timer_expired(cx));
            }
            if self.transport.take_resume().is_some() {
                self.call(|bus, cx| bus.resume_writing(cx));
            }
        }
        self.sent()
    }

    fn knows(&self, client: &str) -> bool {
        self.node.positions.find(client.as_bytes()).is_some()
    }

    fn lose(&mut self) {
        self.call(|bus, cx| bus.connection_lost(cx, &Lost::Closed));
        self.now.monotonic = self.now.monotonic + limits::GATEWAY_REDIAL_PAUSE_MAX;
    }
}

fn connection() -> Transport {
    Transport::new(ConnectionId { slot: 7, generation: 0 })
}

/// The payloads of what was published on a subject that begins so.
fn published(sent: &str, subject: &str) -> Vec<String> {
    let begin = format!("PUB {subject}");
    let mut found = Vec::new();
    let mut rest = sent;
    while let Some((line, behind)) = rest.split_once("\r\n") {
        rest = behind;
        if line.starts_with("PUB ") {
            let bytes: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
            if line.starts_with(&begin) {
                found.push(behind[..bytes].to_owned());
            }
            rest = &behind[bytes + 2..];
        }
    }
    found
}

fn feed(stretch: &str, lines: &str) -> String {
    format!("FEED east Ball {EPOCH} {stretch}\n{lines}")
}

#[test]
fn the_bus_is_greeted_subscribed_to_and_told_what_there_is() {
    let mut end = End::new();
    end.report("kiwi", 5);
    let sent = end.come_up();
    for subject in ["herd.feed", "herd.digest", "herd.again.Welsh"] {
        assert!(sent.contains(&format!("SUB {subject} ")), "{sent}");
    }
    let told = published(&sent, "herd.feed");
    let line = "AT Welsh +0.000000000 kiwi +1-1 5";
    assert_eq!(told, [format!("FEED goloman Welsh {EPOCH} 0 1\n{line}\n")]);
    let digests = published(&sent, "herd.digest");
    assert!(digests[0].starts_with(&format!("DIGEST goloman Welsh {EPOCH} 0 ")), "{digests:?}");
    assert_eq!(end.turn(), "", "there is nothing new");
    end.report("kiwi", 6);
    end.report("fig", 6);
    let told = published(&end.turn(), "herd.feed");
    assert!(told[0].starts_with(&format!("FEED goloman Welsh {EPOCH} 1 3\nAT ")), "{told:?}");
}

#[test]
fn what_other_herds_tell_is_taken_and_not_told_back() {
    let mut end = End::up();
    let sent = end.delivers(
        "herd.feed",
        &feed("0 4", "AT Ball +0.500000000 kiwi +1-1 5\nAT Ball +0.500000000 fig +1-1 5"),
    );
    assert_eq!(sent, "");
    assert!(end.knows("kiwi") && end.knows("fig"), "with and without LF at its end");
    assert_eq!(published(&end.turn(), "herd.feed"), Vec::<String>::new());
    end.delivers("herd.feed", &feed("4 5", "GONE Ball +0.500000000 kiwi 9\n"));
    assert!(end.node.positions.find(b"kiwi").is_none_or(|change| change.position().is_none()));
    // Of our own herd there may be other gateways, which tell what we are told by links.
    let ours = format!("FEED goloman Hands {EPOCH} 0 9\nAT Hands +0.500000000 plum +1-1 5\n");
    end.delivers("herd.feed", &ours);
    assert!(!end.knows("plum"));
}

#[test]
fn what_the_bus_has_not_taken_is_told_again_on_the_next_connection() {
    let mut end = End::up();
    end.report("kiwi", 5);
    assert!(end.turn().ends_with("PING\r\n"));
    end.says("PONG\r\n");
    end.report("fig", 5);
    end.turn();
    end.lose();
    end.report("plum", 5);
    assert_eq!(end.connect(), "b:4222", "the next host");
    let told = published(&end.come_up(), "herd.feed").concat();
    assert!(told.starts_with(&format!("FEED goloman Welsh {EPOCH} 1 3\n")), "{told}");
    assert!(!told.contains(" kiwi ") && told.contains(" fig ") && told.contains(" plum "));
}

#[test]
fn a_message_is_as_long_as_the_bus_takes_and_what_is_longer_is_left_out() {
    let mut end = End::new();
    let long = "x".repeat(900);
    end.report(&long, 5);
    (0..99).for_each(|number| end.report(&format!("client-{number}"), 5));
    end.says("INFO {\"max_payload\":1024}\r\n");
    let mut sent = end.says("PONG\r\n");
    sent += &end.pass(Duration::from_millis(10));
    let told = published(&sent, "herd.feed");
    assert!(told.iter().all(|message| message.len() <= 1_024) && told.len() > 2);
    assert!(told.iter().any(|message| message.len() > 800), "none is full");
    let mut from = 0;
    for message in &told {
        let head: Vec<&str> = message.lines().next().unwrap().split(' ').collect();
        assert_eq!(head[4], from.to_string());
        from = head[5].parse().unwrap();
    }
    let lines = told.iter().flat_map(|message| message.lines().skip(1)).count();
    assert_eq!((from, lines), (100, 99), "all but the one that is too long");
}

#[test]
fn clients_have_subjects_of_their_own_if_that_is_asked_for() {
    let mut end = End::with(|options| options.clients = true);
    end.come_up();
    end.report("a.b", 5);
    let sent = end.turn();
    let told = published(&sent, "herd.client.");
    assert_eq!(told, ["AT Welsh +0.000000000 a.b +1-1 5"]);
    assert!(sent.contains("PUB herd.client.a=2Eb "), "{sent}");
    let text = Text::of_tombstone(b"a.b 6", 3).unwrap();
    let origin = end.node.origin;
    let report =
        Report { origin, difference_nanoseconds: 0, time_nanoseconds: 6_000_000_000, text };
    assert_eq!(end.node.positions.forget(&report), Update::Newer);
    let sent = end.turn();
    let deleted = "NATS/1.0\r\nKV-Operation: DEL\r\n\r\nGONE Welsh +0.000000000 a.b 6\r\n";
    assert!(sent.contains("HPUB herd.client.a=2Eb ") && sent.contains(deleted), "{sent}");
}

#[test]
fn a_bus_that_does_not_greet_answer_or_speak_in_turn_is_given_up() {
    let mut silent = End::new();
    silent.pass(2 * limits::GATEWAY_SILENCE_MAX);
    assert!(silent.transport.is_aborted());
    let mut unanswered = End::new();
    unanswered.says("INFO {}\r\n");
    for _ in 0..60 {
        unanswered.says("+OK\r\n");
        unanswered.pass(Duration::from_secs(1));
    }
    assert!(unanswered.transport.is_aborted(), "whatever else it says");
    for text in ["PONG\r\n", "MSG herd.feed 1 0\r\n\r\n", "INFO {\r\n", "MSG herd.feed 1 x\r\n"] {
        let mut early = End::new();
        early.says(text);
        assert!(early.transport.is_aborted(), "{text:?}");
    }
    let mut dead = End::up();
    let sent = dead.pass(limits::GATEWAY_PING_INTERVAL);
    assert!(sent.contains("\r\nPING\r\n"), "{sent}");
    dead.pass(limits::GATEWAY_SILENCE_MAX);
    assert!(dead.transport.is_aborted());
}

#[test]
fn a_bus_that_asks_for_tls_is_dialled_with_it_and_one_that_stops_is_left() {
    let mut end = End::new();
    end.says("INFO {\"tls_required\":true}\r\n");
    assert!(end.transport.is_aborted());
    assert_eq!(end.sent(), "", "nothing is said in the clear");
    let gateway = end.node.gateway.as_ref().unwrap();
    assert!(gateway.hosts.present().is_tls());
    let mut end = End::up();
    end.says("INFO {\"ldm\":true}\r\n");
    assert!(end.transport.is_aborted());
}

#[test]
fn what_makes_no_sense_in_a_message_is_passed_over() {
    let mut end = End::up();
    for payload in [
        "",
        "\n",
        "nonsense",
        "AT Ball +0.500000000 kiwi +1-1 5\n",
        "FEED east\n",
        "FEED east Ball x 1 2\n",
    ] {
        assert_eq!(end.delivers("herd.feed", payload), "");
    }
    let lines = "nonsense\nAT Ball +0.500000000 kiwi +1-1 5\nFEED east Ball 0000000000000001 7 8\n";
    end.delivers("herd.feed", &feed("0 1", lines));
    assert!(end.knows("kiwi") && !end.transport.is_aborted());
    let long = "x".repeat(2 * limits::NEIGHBOUR_LINE_BYTES_MAX);
    end.delivers("herd.feed", &feed("1 2", &(long + "\nAT Ball +0.500000000 fig +1-1 5\n")));
    assert!(end.knows("fig") && !end.transport.is_aborted());
}

#[test]
fn there_are_only_so_many_gateways_and_servers_that_are_known_by_name() {
    let mut end = End::up();
    for number in 0..limits::GATEWAY_SOURCES_MAX + 9 {
        let payload = format!(
            "FEED h{number} Ball {EPOCH} 0 1\nAT S{number} +0.500000000 c{number} +1-1 5\n"
        );
        end.delivers("herd.feed", &payload);
    }
    let gateway = end.node.gateway.as_ref().unwrap();
    assert_eq!(gateway.sources.iter(end.now.monotonic).count(), limits::GATEWAY_SOURCES_MAX);
    assert!(end.knows(&format!("c{}", limits::GATEWAY_SOURCES_MAX + 8)), "but all is taken");
    for number in 0..limits::FOREIGN_SERVERS_MAX {
        let payload =
            format!("FEED h Ball {EPOCH} 0 1\nAT T{number} +0.500000000 d{number} +1-1 5\n");
        end.delivers("herd.feed", &payload);
    }
    assert!(end.knows("d0") && !end.knows(&format!("d{}", limits::FOREIGN_SERVERS_MAX - 1)));
}

#[test]
fn at_a_stop_the_bus_is_told_the_rest_and_left_when_it_has_taken_it() {
    let mut end = End::up();
    end.report("kiwi", 5);
    end.node.stopping(end.now);
    end.call(|bus, cx| bus.stopping(cx));
    let sent = end.sent();
    assert!(published(&sent, "herd.feed")[0].contains(" kiwi ") && !end.transport.is_ending());
    end.says("PONG\r\n");
    assert!(end.transport.is_ending() && !end.transport.is_aborted());
}

#[test]
fn who_always_has_news_is_behind_by_a_round_trip_and_not_for_ever() {
    let mut end = End::up();
    for number in 0..200 {
        end.report(&format!("a{number}"), 5);
        end.turn();
        end.pass(Duration::from_millis(50));
        end.report(&format!("b{number}"), 5);
        end.says("PONG\r\n");
    }
    let Node { gateway, positions, .. } = &end.node;
    let (changes, time) = gateway.as_ref().unwrap().feed.behind(positions, end.now.monotonic);
    assert!(changes <= 4 && time <= Duration::from_millis(200), "{changes} for {time:?}");
}

#[test]
fn what_a_new_server_of_ours_took_before_we_knew_it_is_told_when_we_do() {
    let mut end = End::up();
    let origin = end.node.positions.intern(b"Salinas").unwrap();
    let text = Text::new(b"kiwi +1-1 5", 4, 4).unwrap();
    let report =
        Report { origin, difference_nanoseconds: 0, time_nanoseconds: 5_000_000_000, text };
    assert_eq!(end.node.positions.update(&report, None), Update::New);
    assert_eq!(published(&end.turn(), "herd.feed"), Vec::<String>::new());
    let servers = r#"{"name":"Welsh","host":"h","port":1,"talks_with":["Salinas"]},
                     {"name":"Salinas","host":"h","port":3}"#;
    let file = format!(r#"{{"herd":"goloman","servers":[{servers}]}}"#);
    let herd = Herd::from_json(file.as_bytes()).unwrap();
    end.node.set_herd(&herd, 0, end.now.monotonic);
    let told = published(&end.turn(), "herd.feed").concat();
    assert!(told.contains("AT Salinas "), "{told}");
}
