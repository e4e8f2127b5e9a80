//! The rules, as functions of a file's path and text.

use crate::code::{Token, tokens};
use crate::node::node_offences;
use crate::paths::named_paths;
use std::fmt;

/// Lines that a file may have; a longer one is usually about two things.
const FILE_LINES_MAX: usize = 400;

/// The library's modules from the top down: each may name those below it.
const LAYERS: [&str; 17] = [
    "daemon",
    "check",
    "cli",
    "reactor",
    "driver",
    "node",
    "logs",
    "places",
    "journal",
    "positions",
    "herd",
    "transport",
    "tokens",
    "wire",
    "limits",
    "turn_time",
    "fault",
];

/// What may not be named although it lies below. Driver and reactor know nothing of herds, and
/// neither they nor the conversations know each other; logging is `log`'s macros to all but the
/// programs.
const APART: [(&str, &[&str]); 7] = [
    ("check", &["cli", "reactor", "driver", "node", "logs"]),
    ("cli", &["logs"]),
    ("reactor", &["node", "logs", "places", "journal", "positions", "herd", "tokens", "wire"]),
    ("driver", &["node", "logs", "places", "journal", "positions", "herd", "tokens", "wire"]),
    ("node", &["logs"]),
    ("logs", &["places", "journal", "positions", "herd", "transport", "tokens"]),
    ("journal", &["positions", "herd", "transport", "tokens"]),
];

/// Words for effects, where they are allowed, and what they stand for.
const EFFECTS: [(&[&str], &[&str], &str); 6] = [
    (
        &["mio", "TcpListener", "TcpStream", "UdpSocket", "UnixListener", "UnixStream"],
        &["src/reactor/", "src/bin/"],
        "sockets",
    ),
    // (One that nobody answers on.)
    (&["UnixDatagram"], &["src/reactor/", "src/daemon/service_manager"], "sockets"),
    (&["Instant", "SystemTime"], &["src/reactor/", "src/bin/", "src/logs/"], "clocks"),
    // (What a journal holds is taken in before there is a reactor, and while the disk is waited for.)
    (
        &["thread", "sleep"],
        &["src/reactor/", "src/bin/", "src/logs/", "src/daemon/journal/forcing.rs"],
        "threads and sleeping",
    ),
    (&["rustls"], &["src/reactor/", "src/daemon/", "src/bin/"], "TLS"),
    (
        &["print", "println", "eprint", "eprintln", "dbg", "exit"],
        &["src/main.rs", "src/bin/"],
        "printing and exiting",
    ),
];

/// The driver's half of a transport, and who may name it beside the transport itself.
const DRIVERS_HALF: (&[&str], &[&str]) =
    (&["DriverSide", "Resume"], &["src/transport/", "src/driver/", "src/reactor/"]);

/// Named nowhere. The reactor is our own and there is no second way to wait.
const BANNED: [&str; 8] =
    ["async", "await", "tokio", "async_std", "smol", "hyper", "reqwest", "criterion"];

/// Something that breaks a rule.
#[derive(Debug)]
pub struct Offence {
    pub file: String,
    /// Counted from 1; 0 for the file as a whole.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// What is wrong with the file at `path`, which is relative to the top level.
pub fn file_offences(path: &str, source: &str) -> Vec<Offence> {
    let mut found: Vec<(usize, String)> = Vec::new();
    if !source.starts_with("//!") {
        found.push((1, "does not open with //! that says what it is for".to_owned()));
    }
    let lines = source.lines().count();
    if lines > FILE_LINES_MAX {
        found.push((0, format!("has {lines} lines, more than {FILE_LINES_MAX}")));
    }
    let tokens = tokens(source);
    for token in tokens.iter().filter(|token| BANNED.contains(&token.text)) {
        found.push((token.line, format!("names {}", token.text)));
    }
    if path.starts_with("src/") && !is_for_tests(path) {
        found.extend(effect_offences(path, &tokens));
        found.extend(layer_offences(path, &tokens));
    }
    let offence = |(line, what)| Offence { file: path.to_owned(), line, what };
    found.into_iter().map(offence).collect()
}

/// `tests.rs` and what is in a folder `tests` is named behind `#[cfg(test)]` only.
fn is_for_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn effect_offences(path: &str, tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (words, places) = DRIVERS_HALF;
    let drivers = [(words, places, "the driver's half of a transport")];
    for (words, places, what) in EFFECTS.into_iter().chain(drivers) {
        if places.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        for token in tokens.iter().filter(|token| words.contains(&token.text)) {
            let places = places.join(", ");
            found.push((token.line, format!("names {}: {what} only in {places}", token.text)));
        }
    }
    found
}

fn layer_offences(path: &str, tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let Some(modules) = module_path(path) else { return Vec::new() };
    let own = modules[0];
    if !LAYERS.contains(&own) {
        return vec![(0, format!("module {own} has no place among the layers"))];
    }
    let named = named_paths(tokens, &modules);
    let across = named.iter().filter(|named| !may_name(own, named.segments[0]));
    let across = across.map(|named| {
        (named.line, format!("{own} names {}, against the layers", named.segments[0]))
    });
    let mut found: Vec<(usize, String)> = across.collect();
    // Of braces each member names it.
    found.dedup();
    found.extend(node_offences(&modules, tokens, &named));
    found
}

/// The file's modules from the library's root down; `None` for the root itself and for programs.
fn module_path(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    if matches!(path, "lib" | "main") || path.starts_with("bin/") {
        return None;
    }
    Some(path.split('/').filter(|part| *part != "mod").collect())
}

fn may_name(own: &str, other: &str) -> bool {
    let layer = |module| LAYERS.iter().position(|layer| *layer == module);
    let apart = APART.iter().any(|(module, others)| *module == own && others.contains(&other));
    match (layer(own), layer(other)) {
        (Some(own), Some(other)) => own <= other && !apart,
        // Not a module of a layer: an item of the root.
        _ => true,
    }
}

/// Which of the packages that the project does without `manifest` names as dependencies.
pub fn dependency_offences(manifest: &str) -> Vec<Offence> {
    let mut found = Vec::new();
    let mut section = "";
    for (at, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('[') {
            section = line;
        }
        // `[dependencies]` with names as keys, or `[dependencies.name]`.
        let key = line.split(['=', '.', ' ']).next().unwrap_or("");
        let in_header = line.trim_matches(['[', ']']).rsplit('.').next().unwrap_or("");
        let name = if line.starts_with('[') { in_header } else { key };
        let name = name.trim_matches('"').replace('-', "_");
        if section.contains("dependencies") && BANNED.contains(&name.as_str()) {
            let what = format!("depends on {name}");
            found.push(Offence { file: "Cargo.toml".to_owned(), line: at + 1, what });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &str, source: &str) -> Vec<String> {
        file_offences(path, &format!("//! Doc.\n{source}")).iter().map(|o| o.to_string()).collect()
    }

    #[test]
    fn layers_are_named_downwards_only() {
        assert_eq!(
            said("src/positions/feed.rs", "use crate::{limits, node::{self, herd}, wire::x};"),
            ["src/positions/feed.rs:2: positions names node, against the layers"]
        );
        assert_eq!(said("src/node/link.rs", "fn f() { crate::reactor::run() }").len(), 1);
        assert_eq!(said("src/reactor/mod.rs", "use super::node::Node;").len(), 1);
        assert_eq!(said("src/reactor/tcp.rs", "use super::super::herd::Herd;").len(), 1);
        assert_eq!(said("src/reactor/tcp.rs", "use super::node;").len(), 0);
        assert_eq!(said("src/wire/mod.rs", "use crate::transport::Now;").len(), 1);
        assert_eq!(said("src/node/mod.rs", "use crate::{\n    logs,\n};").len(), 1);
        assert_eq!(said("src/cli.rs", "use crate::{herd::Herd, places};").len(), 0);
        let all = "use crate::{check, cli, logs, node, reactor};";
        assert_eq!(said("src/daemon/server.rs", all).len(), 0);
        assert_eq!(said("src/cli.rs", "use crate::daemon::Failure;").len(), 1);
        assert_eq!(said("src/main.rs", "use herd::{cli, daemon};").len(), 0);
        assert_eq!(said("src/novel.rs", "").len(), 1);
    }

    #[test]
    fn effects_stay_where_they_belong() {
        for effect in ["mio::Poll", "std::time::Instant", "SystemTime::now()", "std::thread::spawn"]
        {
            let source = format!("\nfn f() {{ {effect} }}");
            let found = said("src/node/mod.rs", &source);
            assert!(
                found.len() == 1 && found[0].starts_with("src/node/mod.rs:3: names "),
                "{found:?}"
            );
            assert_eq!(said("src/reactor/mod.rs", &source).len(), 0);
            assert_eq!(said("src/bin/ask/main.rs", &source).len(), 0);
            assert_eq!(said("src/node/tests.rs", &source).len(), 0);
            assert_eq!(
                said("src/node/mod.rs", &format!("#[cfg(test)] mod t {{ {source} }}")).len(),
                0
            );
        }
        assert_eq!(said("src/node/mod.rs", "use crate::transport::DriverSide;").len(), 1);
        assert_eq!(said("src/driver/turn.rs", "use crate::transport::DriverSide;").len(), 0);
        assert_eq!(said("src/logs/mod.rs", "use std::time::SystemTime;").len(), 0);
        assert_eq!(said("src/logs/mod.rs", "use std::net::TcpStream;").len(), 1);
        assert_eq!(said("src/places/mod.rs", "use rustls::X;").len(), 1);
        assert_eq!(
            said("src/reactor/mod.rs", "fn f() { println!(); std::process::exit(1) }").len(),
            2
        );
    }

    #[test]
    fn every_file_says_what_it_is_for_and_is_of_a_readable_size() {
        assert_eq!(
            file_offences("src/cli.rs", "use std::fmt;\n")[0].to_string(),
            "src/cli.rs:1: does not open with //! that says what it is for"
        );
        assert_eq!(said("tests/x.rs", &"\n".repeat(FILE_LINES_MAX - 1)).len(), 0);
        assert_eq!(
            said("tests/x.rs", &"\n".repeat(FILE_LINES_MAX)),
            ["tests/x.rs: has 401 lines, more than 400"]
        );
    }

    #[test]
    fn there_is_no_second_way_to_wait() {
        assert_eq!(said("benches/x.rs", "async fn f() { g().await }").len(), 2);
        let manifest = "[package]\nname = \"hyper\"\n[dependencies]\nmio = \"1\"\nasync-std = \"1\"\n\
            [dev-dependencies.tokio]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nsmol = \"2\"";
        let lines: Vec<usize> = dependency_offences(manifest).iter().map(|o| o.line).collect();
        assert_eq!(lines, [5, 6, 9]);
    }
}
