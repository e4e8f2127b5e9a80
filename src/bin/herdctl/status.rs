//! `herdctl status`: what is wrong, then a line for each server; or the same for programs.

use crate::amounts::{bytes, count, fitted, time, wrapped};
use crate::judge::{Finding, Kind};
use crate::look::{Look, Looked, Status};
use herd::wire::plural;
use serde::Serialize;
use serde_json::value::RawValue;

/// What is there on a terminal.
const COLUMNS: usize = 80;
/// Most findings that are shown to people; the rest is counted.
const FINDINGS_SHOWN_MAX: usize = 24;
/// The columns of a server's line: what is above each, and how wide it is.
pub const HEADS: [(&str, usize); 9] = [
    ("SERVER", 14),
    ("STATE", 9),
    ("FOR", 8),
    ("CLIENTS", 11),
    ("MEMORY", 9),
    ("CONNS", 7),
    ("LINKS", 7),
    ("BEHIND", 8),
    ("AGREES", 7),
];

/// For people.
pub fn text(look: &Look, found: &[Finding]) -> String {
    let mut lines = vec![headline(look, found)];
    for finding in found.iter().take(FINDINGS_SHOWN_MAX) {
        lines.extend(wrapped(finding.text(), COLUMNS, "  "));
    }
    if let Some(more) = found.len().checked_sub(FINDINGS_SHOWN_MAX).filter(|&more| more > 0) {
        lines.push(format!("  and {more} more"));
    }
    lines.push(String::new());
    lines.push(row(HEADS.map(|(head, _)| head.to_owned())));
    lines.extend(look.servers.iter().map(|server| row(cells(look, server, found))));
    lines.extend(gateways::lines(look));
    lines.join("\n") + "\n"
}

/// How the herd is, in a line.
pub fn headline(look: &Look, found: &[Finding]) -> String {
    let servers = plural(look.servers.len(), "server");
    match found.len() {
        0 => format!("{}: {servers}, all is well", look.herd),
        1 => format!("{}: {servers}, something is wrong:", look.herd),
        some => format!("{}: {servers}, {some} things are wrong:", look.herd),
    }
}

/// In one word how a server is.
pub fn state(server: &Looked, found: &[Finding]) -> &'static str {
    match server.status() {
        Some(status) if status.ready => "ready",
        Some(_) => "not ready",
        None if found.iter().any(|f| f.kind() == Kind::Away && f.is_about(&server.name)) => "AWAY",
        None => "unasked",
    }
}

fn cells(look: &Look, server: &Looked, found: &[Finding]) -> [String; 9] {
    let name = server.name.clone();
    let state = state(server, found).to_owned();
    let behind = look.behind(server).map(|(seconds, _)| seconds);
    let behind = behind.map_or_else(none, time);
    let Some(status) = server.status() else {
        let unheard = look.unheard_seconds(server).filter(|_| state == "AWAY");
        let since = unheard.map_or_else(none, time);
        return [name, state, since, none(), none(), none(), none(), behind, none()];
    };
    let [links, agreeing] = links(status);
    let connections = status.connections.get("clients").copied().unwrap_or(0);
    let (up, clients) = (time(status.uptime_seconds), count(status.clients));
    let (memory, connections) = (bytes(status.memory_bytes), count(connections));
    [name, state, up, clients, memory, connections, links, behind, agreeing]
}

/// Of how many neighbours both links are up, and how many agree.
pub fn links(status: &Status) -> [String; 2] {
    let all = status.neighbours.len();
    let up = status.neighbours.iter().filter(|n| n.dialled.up && n.accepted.up).count();
    let agree = status.neighbours.iter().filter(|n| n.agrees == Some(true)).count();
    [up, agree].map(|some| format!("{some}/{all}"))
}

/// The first two columns begin at their left, numbers end at their right.
fn row(cells: [String; 9]) -> String {
    let mut line = String::new();
    for (at, (cell, (_, width))) in cells.iter().zip(HEADS).enumerate() {
        let cell = fitted(cell, width - 1);
        line += &match at {
            0 | 1 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        };
    }
    line.trim_end().to_owned()
}

fn none() -> String {
    "-".to_owned()
}

#[derive(Serialize)]
struct Document<'a> {
    herd: &'a str,
    well: bool,
    wrong: &'a [Finding],
    servers: Vec<Server<'a>>,
}

#[derive(Serialize)]
struct Server<'a> {
    name: &'a str,
    answered: bool,
    error: Option<String>,
    status: Option<&'a RawValue>,
}

/// For programs.
pub fn json(look: &Look, found: &[Finding]) -> Result<String, serde_json::Error> {
    let servers = look.servers.iter().map(|server| Server {
        name: &server.name,
        answered: server.answer.is_ok(),
        error: server.answer.as_ref().err().map(|why| why.text()),
        status: server.answer.as_ref().ok().map(|answer| &*answer.raw),
    });
    let document = Document {
        herd: &look.herd,
        well: found.is_empty(),
        wrong: found,
        servers: servers.collect(),
    };
    Ok(serde_json::to_string(&document)? + "\n")
}

mod gateways;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::{NOW, link, look, of, well};
    use crate::judge::wrong;

    #[test]
    fn a_herd_that_is_well_in_80_columns() {
        let look = look([Ok(well("A")), Ok(well("B")), Ok(well("C"))]);
        let text = text(&look, &wrong(&look, NOW));
        let expected = "\
three: 3 servers, all is well

SERVER        STATE         FOR    CLIENTS   MEMORY  CONNS  LINKS  BEHIND AGREES
A             ready       3 min      1,200   1.0 MB      3    2/2   0.0 s    2/2
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }

    #[test]
    fn what_is_wrong_comes_first_and_names_that_are_long_are_cut() {
        let mut a = well("A");
        of(&mut a, "B")["accepted"] = link(false, 12.0);
        of(&mut a, "B")["dialled"] = link(false, 12.0);
        a["clients"] = 1_234_567_890_u64.into();
        a["memory_bytes"] = 123_456_789_012_u64.into();
        a["uptime_seconds"] = 1e9.into();
        let why = "nobody answers at h:6000, or at any of the addresses that this name has besides";
        let mut look = look([Ok(a), Err(why), Ok(well("C"))]);
        look.servers[1].answer = Err(crate::asker::Unasked::Failed(why.to_owned()));
        look.servers[2].answer = look.servers[1].answer.clone();
        let found = wrong(&look, NOW);
        let first = text(&look, &found);
        assert!(
            first.starts_with("three: 3 servers, 3 things are wrong:\n  B is away, "),
            "{first}"
        );
        assert!(first.contains("\nB             AWAY         12 s "), "{first}");
        assert!(first.contains("\nC             unasked         - "), "{first}");
        look.servers[0].name = "a name of sixty-four bytes".to_owned();
        for line in text(&look, &found).lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn programs_are_told_what_each_server_says() {
        let look = look([Ok(well("A")), Err("no"), Ok(well("C"))]);
        let found = wrong(&look, NOW);
        let told: serde_json::Value = serde_json::from_str(&json(&look, &found).unwrap()).unwrap();
        assert_eq!((&told["herd"], &told["well"]), (&"three".into(), &false.into()));
        assert_eq!(told["wrong"][0]["kind"], "unasked");
        assert_eq!(told["servers"][0]["status"]["of_a_later_version"][1], 2);
        assert_eq!(told["servers"][1]["error"], "no");
        assert!(told["servers"][1]["status"].is_null());
    }
}
