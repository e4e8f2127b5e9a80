//! What is fuzzed: functions that take any bytes and panic if something is wrong. The tests beside
//! this folder call them with inputs drawn from seeds, `tests/fuzz` has them guided by coverage.

mod conversations;
mod disk;
mod documents;
#[path = "../../sim/web/events.rs"]
mod events;
mod exchange;
mod http;
mod ingest;
mod journal;
mod nats;
mod net;
mod parsers;
mod questions;
#[path = "../../sim/web/http.rs"]
mod responses;
mod script;
mod store;
mod tokens;
mod transcript;
mod world;

/// A function to be fuzzed and what it is called; its corpus is in the folder of that name.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// How many drawn inputs fit in a few seconds of an ordinary test run.
    pub inputs: u64,
}

const fn target(name: &'static str, run: fn(&[u8]), inputs: u64) -> Target {
    Target { name, run, inputs }
}

/// All of them.
pub const TARGETS: [Target; 21] = [
    target("lines", parsers::lines, 40_000),
    target("command", parsers::command, 100_000),
    target("neighbour_line", parsers::neighbour_line, 100_000),
    target("numbers", parsers::numbers, 100_000),
    target("response", http::response, 15_000),
    target("request", http::request, 15_000),
    target("ingest", ingest::ingest, 40_000),
    target("question", questions::question, 40_000),
    target("places", documents::places, 15_000),
    target("herd", documents::herd, 40_000),
    target("journal", journal::journal, 40_000),
    target("nats", nats::nats, 40_000),
    target("nats_words", nats::nats_words, 40_000),
    target("tokens", tokens::tokens, 10_000),
    target("store", store::store, 8_000),
    target("client", conversations::client, 8_000),
    target("classic", conversations::classic, 8_000),
    target("neighbour", conversations::neighbour, 8_000),
    target("fetch", conversations::fetch, 8_000),
    target("web", conversations::web, 4_000),
    target("bus", conversations::bus, 4_000),
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    static ALL: [Target; TARGETS.len()] = TARGETS;
    ALL.iter().find(|target| target.name == name)
}
