//! Whether the servers hold what they should: asked as a client would ask, for every client at
//! every server.

use crate::ledger::{Floor, Ledger};
use crate::load::{self, ANSWER_MAX};
use crate::servers::{NAMES, client_address, log};
use herd::limits;
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const POLL_PAUSE: Duration = Duration::from_millis(20);

/// Waits until each of `servers` holds for each client of `floor` that report or a newer one; how
/// long that took.
#[track_caller]
pub fn wait_until_known(
    ledger: &Ledger,
    floor: &Floor,
    servers: &[usize],
    limit: Duration,
) -> Duration {
    let start = Instant::now();
    let mut missing: Vec<(usize, &str, u64)> = Vec::new();
    for &server in servers {
        missing.extend(floor.iter().map(|(client, time)| (server, client.as_str(), *time)));
    }
    loop {
        retain_unknown(ledger, &mut missing);
        let elapsed = start.elapsed();
        if missing.is_empty() {
            return elapsed;
        }
        let (count, first) = (missing.len(), missing[0]);
        assert!(elapsed < limit, "{count} positions are not known after {limit:?}: {first:?}");
        thread::sleep(POLL_PAUSE);
    }
}

/// How many clients of `floor` are not known like that at `server`.
pub fn count_unknown(ledger: &Ledger, floor: &Floor, server: usize) -> usize {
    let mut asked: Vec<_> =
        floor.iter().map(|(client, time)| (server, client.as_str(), *time)).collect();
    retain_unknown(ledger, &mut asked);
    asked.len()
}

fn retain_unknown(ledger: &Ledger, asked: &mut Vec<(usize, &str, u64)>) {
    let known = ask_all(asked);
    asked.retain(|&(server, client, time)| {
        let answer = known.get(&(server, client)).map(String::as_str).unwrap_or_default();
        answer.is_empty()
            || answer.starts_with("? ")
            || ledger.time_of(client, answer, &NAMES).unwrap() < time
    });
}

/// Waits until all servers hold the same for all clients, and nothing older than `floor`. To be
/// called when nobody reports any more. How long that took.
#[track_caller]
pub fn wait_until_equal(ledger: &Ledger, floor: &Floor, limit: Duration) -> Duration {
    let all: Vec<usize> = (0..NAMES.len()).collect();
    let start = Instant::now();
    wait_until_known(ledger, floor, &all, limit);
    let clients: Vec<&str> = floor.keys().map(String::as_str).collect();
    let asked: Vec<(usize, &str, u64)> = all
        .iter()
        .flat_map(|&server| clients.iter().map(move |&client| (server, client, 0)))
        .collect();
    loop {
        let known = ask_all(&asked);
        let differs = |client: &&&str| {
            let answers: Vec<_> =
                all.iter().map(|&server| known.get(&(server, **client))).collect();
            answers.iter().any(|answer| answer.is_none() || *answer != answers[0])
        };
        let different: Vec<&&str> = clients.iter().filter(differs).collect();
        if different.is_empty() {
            return start.elapsed();
        }
        assert!(start.elapsed() < limit, "servers differ after {limit:?} about {different:?}");
        thread::sleep(POLL_PAUSE);
    }
}

/// No server has said that it is at rest and holds other positions than its neighbour.
#[track_caller]
pub fn assert_no_disagreement() {
    for (index, name) in NAMES.iter().enumerate() {
        let log = log(index);
        let said = log.lines().find(|line| line.contains("hold different positions"));
        assert!(said.is_none(), "{name}: {said:?}");
    }
}

/// What each server answers about each client; nothing for a server that does not answer.
fn ask_all<'a>(asked: &[(usize, &'a str, u64)]) -> BTreeMap<(usize, &'a str), String> {
    let mut known = BTreeMap::new();
    for server in 0..NAMES.len() {
        let clients: Vec<&str> =
            asked.iter().filter(|(at, _, _)| *at == server).map(|(_, client, _)| *client).collect();
        for (client, answer) in clients.iter().zip(ask(server, &clients).unwrap_or_default()) {
            known.insert((server, *client), answer);
        }
    }
    known
}

fn ask(server: usize, clients: &[&str]) -> std::io::Result<Vec<String>> {
    if clients.is_empty() {
        return Ok(Vec::new());
    }
    let stream = TcpStream::connect_timeout(&client_address(server), ANSWER_MAX)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    let mut stream = BufReader::new(stream);
    let mut answers = Vec::new();
    for some in clients.chunks(limits::QUERIES_PER_CLIENT_MAX) {
        let questions: String =
            some.iter().map(|client| format!("WHATSAT {client} 1 0\n")).collect();
        stream.get_mut().write_all(questions.as_bytes())?;
        for _ in some {
            answers.push(load::near(&mut stream)?);
        }
    }
    Ok(answers)
}
