//! Questions and connections to Places, driven by hand: which connection a question is given, and
//! what comes of it.

mod crowds;
mod sharing;

use super::*;
use crate::herd::Herd;
use crate::node::{Conversation, NodeOptions, PlacesSettings, QuestionId};
use crate::places::{AskingLimits, Dialect, Search, Service};
use crate::transport::{Action, Application, ConnectionId, DriverSide, Now, PeerInfo, Transport};
use std::time::Duration;

const URL: &str = "https://localhost:8443/maps/api/place/nearbysearch/json";
const GOOD: &str = r#"{"results":[],"status":"OK"}"#;
const ASKER: ConnectionId = ConnectionId { slot: 1_000, generation: 0 };

/// A server of a herd of one, and the time.
struct Stage {
    node: Node,
    now: Now,
    questions: u32,
    connections: u32,
}

/// A connection to Places.
struct Connection {
    protocol: Conversation,
    transport: Transport,
}

/// What the server asks of its driver.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Dial,
    Wake(ConnectionId),
}

impl Stage {
    fn new() -> Self {
        let service = Service::parse(URL, Dialect::Legacy, None).unwrap();
        Stage::with(PlacesSettings::new(service))
    }

    fn with(places: PlacesSettings) -> Self {
        let json = br#"{"herd": "lone", "servers": [
            {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;
        let herd = Herd::from_json(json).unwrap();
        let options = NodeOptions { places, ..NodeOptions::for_tests(&herd, "Lone") };
        let node = Node::new(NodeOptions { max_skew: Duration::ZERO, ..options });
        Stage { node, now: Now::default(), questions: 0, connections: 0 }
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic = self.now.monotonic + time;
        self.now.posix_nanoseconds += time.as_nanos() as i64;
        if self.node.deadline().is_some_and(|at| at <= self.now.monotonic) {
            self.node.timer_expired(self.now);
        }
    }

    /// Asks what nobody has asked before.
    fn ask(&mut self) -> QuestionId {
        self.ask_for(ASKER)
    }

    /// The same for another client.
    fn ask_for(&mut self, asker: ConnectionId) -> QuestionId {
        self.questions += 1;
        let search = Search {
            latitude_nanodegrees: 0,
            longitude_nanodegrees: 0,
            radius_micrometres: u64::from(self.questions),
        };
        self.node.questions.ask(search, 20, asker, self.now)
    }

    /// What the server asks now; wakes of those who asked are left out.
    fn actions(&mut self) -> Vec<Asked> {
        let mut asked = Vec::new();
        assert_eq!(self.node.check(), Ok(()));
        while let Some(action) = self.node.next_action() {
            match action {
                Action::Dial { .. } => asked.push(Asked::Dial),
                Action::Wake(id) if id.slot < ASKER.slot => asked.push(Asked::Wake(id)),
                _ => {}
            }
        }
        asked
    }

    fn answer(&mut self, id: QuestionId) -> Option<String> {
        let answer = self.node.questions.take_answer(id)?;
        let mut json = Vec::new();
        assert_eq!(answer.write(&mut json), json.len());
        Some(String::from_utf8(json).unwrap())
    }

    /// A connection that was dialled, and is up or not.
    fn connection(&mut self) -> Connection {
        self.connections += 1;
        let id = ConnectionId { slot: self.connections, generation: 0 };
        Connection { protocol: Conversation::with_places(), transport: Transport::new(id) }
    }

    fn call(
        &mut self,
        connection: &mut Connection,
        callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>),
    ) {
        let Connection { protocol, transport } = connection;
        callback(protocol, &mut Context { app: &mut self.node, transport, now: self.now });
    }

    fn made(&mut self, connection: &mut Connection) {
        self.call(connection, |protocol, cx| {
            protocol.connection_made(cx, &PeerInfo::at(([127, 0, 0, 1], 1).into()))
        });
    }

    /// Places answers on that connection.
    fn answered(&mut self, connection: &mut Connection, body: &str) {
        assert!(connection.transport.output_len() > 0, "it was not asked");
        connection.transport.drop_output();
        let length = body.len();
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        self.call(connection, |protocol, cx| protocol.data_received(cx, response.as_bytes()));
    }

    /// Asks a question that is answered well on a new connection, which then is idle.
    fn idle_connection(&mut self) -> Connection {
        let question = self.ask();
        assert_eq!(self.actions(), [Asked::Dial]);
        let mut connection = self.connection();
        self.made(&mut connection);
        self.answered(&mut connection, GOOD);
        assert_eq!(self.answer(question).as_deref(), Some(GOOD));
        self.actions();
        connection
    }

    /// So many connections that are up and idle.
    fn idle_connections(&mut self, count: usize) -> Vec<Connection> {
        let questions: Vec<_> = (0..count).map(|_| self.ask()).collect();
        assert_eq!(self.actions().len(), count);
        let mut connections: Vec<_> = (0..count).map(|_| self.connection()).collect();
        for connection in &mut connections {
            self.made(connection);
        }
        for connection in &mut connections {
            self.answered(connection, GOOD);
        }
        self.actions();
        assert!(questions.into_iter().all(|question| self.answer(question).is_some()));
        connections
    }

    fn timer_expires(&mut self, connection: &mut Connection) {
        assert!(connection.transport.take_due_timer(self.now.monotonic), "it is not due");
        self.call(connection, |protocol, cx| protocol.timer_expired(cx));
    }
}

#[test]
fn after_a_silence_the_idle_connections_are_not_trusted_either() {
    let mut stage = Stage::new();
    let mut connections = stage.idle_connections(3);
    let question = stage.ask();
    let mut asked = connections.pop().unwrap();
    assert_eq!(stage.actions(), [Asked::Wake(asked.transport.id())]);
    stage.call(&mut asked, |protocol, cx| protocol.woken(cx));
    stage.pass(limits::PLACES_FIRST_BYTE_TIMEOUT);
    stage.timer_expires(&mut asked);
    assert_eq!(told(stage.answer(question)).1, "Places did not begin to answer in time");
    assert!(asked.transport.is_aborted());
    for (connection, woken) in connections.iter_mut().zip(stage.actions()) {
        assert_eq!(woken, Asked::Wake(connection.transport.id()));
        stage.call(connection, |protocol, cx| protocol.woken(cx));
        assert!(connection.transport.is_aborted());
    }
    // The next question finds out by itself whether anybody is there.
    stage.ask();
    assert_eq!(stage.actions(), [Asked::Dial]);
}

/// A settled question's status and message.
fn told(answer: Option<String>) -> (String, String) {
    let answer: serde_json::Value = serde_json::from_str(&answer.expect("an answer")).unwrap();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("error_message"))
}

const DENIED: &str = r#"{"error_message":"The provided API key is invalid.","results":[],"status":"REQUEST_DENIED"}"#;

#[test]
fn a_key_that_is_refused_costs_a_few_calls_and_then_one_now_and_then() {
    let mut stage = Stage::new();
    let mut connection = stage.idle_connection();
    let asked_on = |stage: &mut Stage, connection: &mut Connection, body: &str| {
        let question = stage.ask();
        assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id())]);
        stage.call(connection, |protocol, cx| protocol.woken(cx));
        stage.answered(connection, body);
        stage.answer(question)
    };
    for _ in 0..limits::PLACES_FAILURES_MAX {
        let answer = asked_on(&mut stage, &mut connection, DENIED);
        assert_eq!(answer.as_deref(), Some(DENIED), "it is not passed on byte for byte");
    }
    let question = stage.ask();
    assert_eq!(stage.actions(), []);
    let (status, message) = told(stage.answer(question));
    assert_eq!(status, "REQUEST_DENIED");
    assert_eq!(message, "The provided API key is invalid.; it is left alone for a moment");
    stage.pass(limits::PLACES_PAUSE_MIN);
    let answer = asked_on(&mut stage, &mut connection, GOOD);
    assert_eq!(answer.as_deref(), Some(GOOD), "it does not recover");
    // What may be one question's fault closes nothing.
    let invalid = r#"{"results":[],"status":"INVALID_REQUEST"}"#;
    for _ in 0..10 * limits::PLACES_FAILURES_MAX {
        asked_on(&mut stage, &mut connection, invalid);
    }
    let counters = stage.node.places_counters();
    assert_eq!((counters.answered, counters.denied, counters.invalid), (2, 3, 30));
    assert_eq!((counters.questions, counters.calls, counters.short_circuited), (36, 35, 1));
}

#[test]
fn errors_of_places_are_not_given_again() {
    let service = Service::parse(URL, Dialect::Legacy, None).unwrap();
    let cache = Duration::from_secs(60);
    let mut stage = Stage::with(PlacesSettings {
        limits: AskingLimits { cache, ..AskingLimits::default() },
        service,
    });
    let mut connection = stage.idle_connection();
    for (body, asked_again) in [(DENIED, true), (GOOD, true), (GOOD, false)] {
        // The same question each time.
        stage.questions = 7;
        let question = stage.ask();
        assert_eq!(stage.actions().len(), usize::from(asked_again), "{body}");
        if asked_again {
            stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
            stage.answered(&mut connection, body);
        }
        assert_eq!(stage.answer(question).as_deref(), Some(body));
    }
    assert_eq!(stage.node.places_counters().cached, 1);
}

#[test]
fn a_dead_places_does_not_use_up_the_calls_of_the_day() {
    const CALLS: usize = 3;
    let service = Service::parse(URL, Dialect::Legacy, None).unwrap();
    let calls_per_day = Some(CALLS as u32);
    let mut stage = Stage::with(PlacesSettings {
        limits: AskingLimits { calls_per_day, ..AskingLimits::default() },
        service,
    });
    for _ in 0..100 {
        let question = stage.ask();
        assert_eq!(stage.actions(), [Asked::Dial]);
        let mut nobody = stage.connection();
        let refused = Lost::Connect(std::io::ErrorKind::ConnectionRefused.into());
        stage.call(&mut nobody, |protocol, cx| protocol.connection_lost(cx, &refused));
        assert_eq!(told(stage.answer(question)).0, "UNKNOWN_ERROR");
        stage.pass(limits::PLACES_PAUSE_MAX);
    }
    let mut connection = stage.idle_connection();
    for _ in 1..CALLS {
        let question = stage.ask();
        stage.actions();
        stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
        stage.answered(&mut connection, GOOD);
        assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
    }
    let question = stage.ask();
    assert_eq!(stage.actions(), []);
    let (status, message) = told(stage.answer(question));
    assert_eq!(status, "OVER_QUERY_LIMIT");
    assert!(message.contains("today"), "{message}");
    let counters = stage.node.places_counters();
    assert_eq!((counters.calls, counters.unreachable, counters.over_cap), (3, 100, 1));
}

#[test]
fn a_connection_whose_idle_time_is_up_is_given_no_question() {
    let mut stage = Stage::new();
    let mut connection = stage.idle_connection();
    stage.pass(limits::PLACES_IDLE_MAX - Duration::from_nanos(1));
    assert!(!connection.transport.take_due_timer(stage.now.monotonic), "it ends too soon");
    stage.pass(Duration::from_nanos(1));
    stage.timer_expires(&mut connection);
    assert!(connection.transport.is_closing());
    // The peer takes its time to end it, too.
    let question = stage.ask();
    assert_eq!(stage.actions(), [Asked::Dial]);
    let mut other = stage.connection();
    stage.made(&mut other);
    stage.answered(&mut other, GOOD);
    assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
}

#[test]
fn a_connection_that_was_just_given_a_question_does_not_end_for_having_been_idle() {
    let mut stage = Stage::new();
    let mut connection = stage.idle_connection();
    stage.pass(limits::PLACES_IDLE_MAX);
    let question = stage.ask();
    // Reads come before timers, and timers before wakes.
    stage.timer_expires(&mut connection);
    assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id())]);
    stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
    stage.answered(&mut connection, GOOD);
    assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
}

/// A connection is free while another is being made, which comes to nothing.
#[test]
fn a_question_is_asked_on_the_connection_that_is_free() {
    let mut stage = Stage::new();
    let mut connection = stage.idle_connection();
    let first = stage.ask();
    assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id())]);
    let second = stage.ask();
    assert_eq!(stage.actions(), [Asked::Dial]);
    stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
    stage.answered(&mut connection, GOOD);
    stage.answered(&mut connection, GOOD);
    assert!([first, second].into_iter().all(|question| stage.answer(question).is_some()));
    assert_eq!(stage.actions(), []);
    let third = stage.ask();
    assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id())]);
    let mut nobody = stage.connection();
    let refused = Lost::Connect(std::io::ErrorKind::ConnectionRefused.into());
    stage.call(&mut nobody, |protocol, cx| protocol.connection_lost(cx, &refused));
    stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
    stage.answered(&mut connection, GOOD);
    assert_eq!(stage.answer(third).as_deref(), Some(GOOD));
}

#[test]
fn a_question_for_a_connection_that_ends_before_it_is_asked_goes_elsewhere() {
    let ends: [fn(&mut Conversation, &mut Context<'_, Node>); 2] = [
        |protocol, cx| protocol.eof_received(cx),
        |protocol, cx| protocol.data_received(cx, b"HTTP/1.1 408 Request Timeout\r\n\r\n"),
    ];
    for end in ends {
        let mut stage = Stage::new();
        let mut connection = stage.idle_connection();
        let question = stage.ask();
        stage.call(&mut connection, end);
        assert!(connection.transport.is_ending());
        assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id()), Asked::Dial]);
        stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
        assert_eq!(connection.transport.output_len(), 0, "it is asked all the same");
        let mut other = stage.connection();
        stage.made(&mut other);
        stage.answered(&mut other, GOOD);
        assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
    }
}

#[test]
fn a_question_that_never_had_a_connection_is_told_that_places_was_not_asked() {
    const MAX: usize = limits::PLACES_CONNECTIONS_MAX;
    let mut stage = Stage::new();
    let asked: Vec<_> = (0..MAX).map(|_| stage.ask()).collect();
    let waiting = stage.ask();
    assert_eq!(stage.actions().len(), MAX);
    let mut connections: Vec<_> = (0..MAX).map(|_| stage.connection()).collect();
    connections.iter_mut().for_each(|connection| stage.made(connection));
    stage.pass(limits::PLACES_DEADLINE);
    for question in asked {
        assert_eq!(told(stage.answer(question)).1, "Places did not answer in time");
    }
    let busy = format!("Places was not asked: all {MAX} connections to it were busy");
    assert_eq!(told(stage.answer(waiting)), ("UNKNOWN_ERROR".to_owned(), busy));
    assert_eq!(stage.node.places_counters().calls, MAX as u64);
    // None is there yet.
    let mut stage = Stage::new();
    let waiting = stage.ask();
    stage.pass(limits::PLACES_DEADLINE);
    let none = "Places was not asked: no connection to it was made in time";
    assert_eq!(told(stage.answer(waiting)).1, none);
}
