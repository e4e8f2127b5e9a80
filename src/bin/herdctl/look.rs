//! What all servers of a herd say of themselves at one time.

use crate::asker::{Asker, Askers, Unasked};
use herd::herd::Herd;
use herd::wire::Printable;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a server says of itself: `/status`, as far as it is looked at. What an older one does not say is as
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Status {
    pub server: String,
    pub herd: String,
    pub version: String,
    pub uptime_seconds: f64,
    pub ready: bool,
    pub not_ready: Option<String>,
    pub clients: u64,
    pub tombstones: u64,
    pub reports: u64,
    pub questions: u64,
    pub changes: u64,
    pub memory_bytes: u64,
    pub memory_max_bytes: Option<u64>,
    pub digest: String,
    pub watchers: u64,
    pub connections: BTreeMap<String, u64>,
    pub connections_max: BTreeMap<String, Option<u64>>,
    pub neighbours: Vec<Neighbour>,
    pub certificates: Vec<Certificate>,
    pub journal: Option<Journal>,
    pub gateway: Option<Gateway>,
    pub turn_longest_seconds: f64,
}

/// What it says of a neighbour.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Neighbour {
    pub name: String,
    /// On which it tells the neighbour, and on which the neighbour tells it.
    pub dialled: Link,
    pub accepted: Link,
    pub agrees: Option<bool>,
    pub compared_seconds: Option<f64>,
}

/// What it says of one direction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Link {
    pub up: bool,
    pub since_seconds: f64,
    pub behind_changes: Option<u64>,
    pub behind_seconds: Option<f64>,
}

/// What it says of a certificate that it shows.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Certificate {
    #[serde(rename = "for")]
    pub whom: String,
    /// POSIX seconds.
    pub ends: i64,
}

/// What it says of its journal.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Journal {
    pub whole: bool,
    pub bytes: u64,
    pub live_bytes: u64,
    pub failures: u64,
    pub unforced_changes: u64,
    pub room_bytes: Option<u64>,
}

impl Journal {
    /// What its files may take in all: twice what lives and 64 MiB (contract).
    pub fn may_take_bytes(&self) -> u64 {
        self.live_bytes.saturating_mul(2).saturating_add(64 << 20)
    }
}

/// What it says of the bus to which it is a gateway.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Gateway {
    pub address: String,
    pub up: bool,
    pub since_seconds: f64,
    pub complaint: Option<String>,
    pub behind_changes: u64,
    pub behind_seconds: f64,
    pub round_trip_seconds: Option<f64>,
    pub gateways: Vec<OtherGateway>,
}

impl Gateway {
    /// How many gateways of other herds agree with it.
    pub fn agreeing(&self) -> usize {
        self.gateways.iter().filter(|other| other.agrees == Some(true)).count()
    }
}

/// What it says of another gateway.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct OtherGateway {
    pub herd: String,
    pub server: String,
    pub behind_changes: u64,
    pub agrees: Option<bool>,
    pub heard_seconds: f64,
}

/// An answer: what it says, and as it said it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: Status,
    pub raw: Box<RawValue>,
}

/// What became of asking one server.
#[derive(Debug, Clone)]
pub struct Looked {
    pub name: String,
    /// The names of its neighbours, as our herd file has them.
    pub neighbours: Vec<String>,
    pub answer: Result<Answer, Unasked>,
}

/// A look at a whole herd, its servers in the order of its file.
#[derive(Debug, Clone)]
pub struct Look {
    pub herd: String,
    pub servers: Vec<Looked>,
}

impl Looked {
    /// What it says, if it has answered.
    pub fn status(&self) -> Option<&Status> {
        self.answer.as_ref().ok().map(|answer| &answer.status)
    }
}

impl Look {
    /// At a herd now.
    pub fn at(herd: &Herd, askers: &Askers) -> Self {
        Look::of(herd, askers.ask_all("/status", read))
    }

    /// Of these answers.
    pub fn of(herd: &Herd, answers: Vec<Result<Answer, Unasked>>) -> Self {
        let servers = herd.servers.iter().zip(answers).map(|(server, answer)| Looked {
            name: server.name.clone(),
            neighbours: server.neighbours.iter().map(|&n| herd.servers[n].name.clone()).collect(),
            answer,
        });
        Look { herd: herd.name.clone(), servers: servers.collect() }
    }

    /// What `of` says of its neighbour `other`.
    pub fn said(&self, of: &str, other: &str) -> Option<&Neighbour> {
        let status = self.servers.iter().find(|server| server.name == of)?.status()?;
        status.neighbours.iter().find(|neighbour| neighbour.name == other)
    }

    /// Whether the neighbours of that server are linked with it, and who they are that say so.
    pub fn linked_with<'a>(&'a self, server: &'a Looked) -> impl Iterator<Item = &'a str> {
        let is_up = |neighbour: &&String| {
            let said = self.said(neighbour, &server.name);
            said.is_some_and(|said| said.dialled.up || said.accepted.up)
        };
        server.neighbours.iter().filter(is_up).map(String::as_str)
    }

    /// For how long that server has not been heard by any neighbour, if one says so.
    pub fn unheard_seconds(&self, server: &Looked) -> Option<f64> {
        let said = server.neighbours.iter().filter_map(|by| self.said(by, &server.name));
        said.map(|said| said.accepted.since_seconds).reduce(f64::min)
    }

    /// How far that server is behind of those who tell it: seconds and changes.
    pub fn behind(&self, server: &Looked) -> Option<(f64, u64)> {
        let said = server.neighbours.iter().filter_map(|by| self.said(by, &server.name));
        let behind = said.filter_map(|said| {
            Some((said.dialled.behind_seconds?, said.dialled.behind_changes.unwrap_or(0)))
        });
        behind.reduce(|one, other| if other.0 > one.0 { other } else { one })
    }
}

/// Understands `/status` of the server that was asked.
pub fn read(asker: &Asker, body: Vec<u8>) -> Result<Answer, String> {
    let understood = serde_json::from_slice::<Box<RawValue>>(&body)
        .and_then(|raw| Ok(Answer { status: serde_json::from_str(raw.get())?, raw }));
    let answer = understood.map_err(|error| format!("its status cannot be read: {error}"))?;
    let Status { server, herd, .. } = &answer.status;
    if (server.as_str(), herd.as_str()) != (asker.name(), asker.herd()) {
        let (server, herd) = (Printable(server.as_bytes()), Printable(herd.as_bytes()));
        return Err(format!("what answers there is the server {server} of the herd {herd}"));
    }
    Ok(answer)
}
