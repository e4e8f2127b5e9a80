//! What holds for every fault, and how it is shown.

use crate::certificates::{Authority, Flaw};
use crate::client::{Answer, Client, Pulse};
use crate::daemon::{Daemon, Setup};
use crate::server::{Peer, Script, Server, over_tls};
use crate::wait_until;
use herd::limits;
use rustls::ServerConfig;
use serde_json::Value;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What a well-behaved service says.
pub const GOOD: &str = "{\n   \"html_attributions\" : [],\n   \"results\" : [\n      { \"name\" : \
     \"Bel Air\" },\n      { \"name\" : \"Westwood\" }\n   ],\n   \"status\" : \"OK\"\n}";
/// Scheduling, on a machine that is busy with other tests.
pub const SLACK: Duration = Duration::from_secs(1);
/// What an answer costs that waits for nothing.
pub const PROMPT: Duration = Duration::from_millis(1_500);
/// What any other client may have to wait meanwhile. No deadline is as short, so a daemon that
/// waited for Places would be found out.
const OTHERS_WAIT_MAX: Duration = Duration::from_millis(500);
/// What one question may cost in memory: a body at its limit, twice while its memory grows, our
/// copies of it for the client, and the daemon's own first use of TLS.
pub const MEMORY_GROWTH_BYTES_MAX: u64 = 8 * limits::PLACES_BODY_BYTES_MAX as u64;

/// One thing that a service should not do.
pub struct Fault {
    pub name: &'static str,
    pub script: fn(&Stage) -> Script,
    pub outcome: Outcome,
    /// When the client must have its answer.
    pub within: Duration,
}

/// What a client gets.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// What the service meant.
    Good,
    /// No results, and a message with these words, of which the log tells too.
    Problem(&'static [&'static str]),
}

/// A daemon and its Places service.
pub struct Stage {
    pub authority: Authority,
    pub server: Server,
    pub daemon: Daemon,
    /// TLS as it should be.
    pub tls: Arc<ServerConfig>,
}

impl Stage {
    pub fn new() -> Self {
        Stage::with(Vec::new(), "maps/api/place/nearbysearch/json")
    }

    /// A daemon with that environment, and a service at that path.
    pub fn with(environment: Vec<(&'static str, String)>, path: &str) -> Self {
        let authority = Authority::new();
        let tls = authority.config(Flaw::None);
        let server = Server::start(healthy(&tls));
        let mut setup = Setup::new(server.address.port(), authority.pem());
        setup.places = format!("https://localhost:{}/{path}", server.address.port());
        setup.environment = environment;
        // With a key there are caps otherwise.
        setup.arguments = &["--places-calls-per-second=1000"];
        let daemon = setup.start();
        Stage { authority, server, daemon, tls }
    }

    pub fn client(&self) -> Client {
        Client::connect(self.daemon.clients)
    }
}

/// A server that answers each request well and keeps its connections.
pub fn healthy(tls: &Arc<ServerConfig>) -> Script {
    over_tls(Arc::clone(tls), serve_well)
}

/// Answers each request well.
pub fn serve_well(peer: &mut Peer) -> io::Result<()> {
    while peer.request()?.is_some() {
        peer.send(response(GOOD))?;
    }
    Ok(())
}

/// A whole response with that body.
pub fn response(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut whole =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    whole.extend_from_slice(body);
    whole
}

/// Shows each of `faults` on a stage of its own, at most `at_a_time`.
pub fn show_all(faults: &[Fault], at_a_time: usize) {
    let next = AtomicUsize::new(0);
    let show_next = || {
        while let Some(fault) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
            show(fault);
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_a_time.min(faults.len()) {
            scope.spawn(show_next);
        }
    });
}

fn show(fault: &Fault) {
    let stage = Stage::new();
    println!("{}", fault.name);
    let name = fault.name;
    let mut client = stage.client();
    let at = client.report("kiwi", "+34.068930-118.445127");
    let memory_before = stage.daemon.memory_peak_bytes();
    let pulse = Pulse::start(stage.daemon.clients);

    stage.server.behave((fault.script)(&stage));
    let answer = client.ask("kiwi", "10", 20);
    assert_eq!(answer.at, at, "{name}");
    assert!(answer.took < fault.within, "{name}: answered after {:?}", answer.took);
    match fault.outcome {
        Outcome::Good => assert_good(name, &answer),
        Outcome::Problem(words) => {
            assert_problem(name, &answer, words);
            let in_log: Vec<&str> = ["WARN  places"].iter().chain(words).copied().collect();
            stage.daemon.wait_for_log(&in_log);
        }
    }
    let memory_growth = stage.daemon.memory_peak_bytes() - memory_before;
    assert!(memory_growth < MEMORY_GROWTH_BYTES_MAX, "{name}: {memory_growth} bytes more");

    stage.server.behave(healthy(&stage.tls));
    wait_for_recovery(name, &mut client);
    assert_served(name, pulse);
}

/// The service is well again: the daemon finds it out by itself.
pub fn wait_for_recovery(name: &str, client: &mut Client) {
    wait_until(&format!("recovery: {name}"), limits::PLACES_PAUSE_MAX + SLACK, || {
        client.ask("kiwi", "10", 20).json == GOOD.as_bytes()
    });
}

/// Everybody else was served all the while.
pub fn assert_served(name: &str, pulse: Pulse) {
    let (reports, worst) = pulse.stop();
    println!("{name}: {reports} reports of others, the slowest after {worst:?}");
    assert!(worst < OTHERS_WAIT_MAX, "{name}: another client waited {worst:?}");
}

pub fn assert_good(name: &str, answer: &Answer) {
    let json = String::from_utf8_lossy(&answer.json);
    assert_eq!(json, GOOD, "{name}");
}

/// It has the legacy shape, no results, and says what happened in these words.
pub fn assert_problem(name: &str, answer: &Answer, words: &[&str]) {
    let json = String::from_utf8_lossy(&answer.json);
    println!("{name}: after {:?}: {json}", answer.took);
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["results"], Value::Array(Vec::new()), "{name}");
    assert_eq!(document["html_attributions"], Value::Array(Vec::new()), "{name}");
    assert_eq!(document["status"], "UNKNOWN_ERROR", "{name}");
    let message = document["error_message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{name}: {word:?} is not in {message:?}");
    }
}
