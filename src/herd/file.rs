//! The herd file: JSON into servers, and every check that a herd must pass.

use super::{Herd, Mistake, Server, ServerMistake};
use crate::limits::{SERVER_NAME_BYTES_MAX, SERVERS_MAX};
use crate::wire::Lifetimes;
use crate::wire::host::is_host;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

/// Added to a server's port for clients where it names none for neighbours (contract).
const NEIGHBOUR_PORT_OFFSET: u16 = 1_000;
/// What some editors put at the beginning of a file; it means nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `herd` and `servers`")]
struct HerdFile {
    herd: String,
    ttl_seconds: Option<Seconds>,
    tombstone_seconds: Option<Seconds>,
    servers: Vec<ServerEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `name`, `host` and `port`")]
struct ServerEntry {
    name: String,
    host: String,
    port: Port,
    tls_port: Option<Port>,
    neighbour_port: Option<Port>,
    listen: Option<String>,
    web_port: Option<Port>,
    web_listen: Option<String>,
    #[serde(default)]
    talks_with: Vec<String>,
}

/// A number of 16 bits; whether it may be 0 is for the field to say.
#[derive(Clone, Copy)]
struct Port(u16);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = format_args!("a port, 1 to {}", u16::MAX);
        deserializer.deserialize_u64(Whole { range: 0..=u16::MAX, words }).map(Port)
    }
}

/// For how long something counts.
#[derive(Clone, Copy)]
struct Seconds(u32);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let range = Lifetimes::SECONDS;
        let words = format_args!("whole seconds, {} to {}", range.start(), range.end());
        deserializer.deserialize_u64(Whole { range: range.clone(), words }).map(Seconds)
    }
}

/// Takes a whole number within a range, with words for when it is none.
struct Whole<'a, N> {
    range: RangeInclusive<N>,
    words: fmt::Arguments<'a>,
}

impl<N: TryFrom<u64> + PartialOrd> Visitor<'_> for Whole<'_, N> {
    type Value = N;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_fmt(self.words)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        let taken = N::try_from(number).ok().filter(|number| self.range.contains(number));
        taken.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

/// The herd that `json` describes, or the first mistake in it.
pub(super) fn parse(json: &[u8]) -> Result<Herd, Mistake> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    let file: HerdFile = serde_json::from_slice(json).map_err(Mistake::Json)?;
    if !is_name(&file.herd) {
        return Err(Mistake::BadHerdName(file.herd));
    }
    let lifetimes = lifetimes(&file)?;
    match file.servers.len() {
        0 => return Err(Mistake::NoServers),
        1..=SERVERS_MAX => {}
        more => return Err(Mistake::TooManyServers(more)),
    }
    let by_name = names(&file.servers)?;
    let mut servers = file
        .servers
        .iter()
        .map(|entry| server(entry).map_err(|mistake| of(&entry.name, mistake)))
        .collect::<Result<Vec<Server>, Mistake>>()?;
    refuse_shared_addresses(&servers)?;
    for (at, entry) in file.servers.iter().enumerate() {
        link(&mut servers, at, entry, &by_name).map_err(|mistake| of(&entry.name, mistake))?;
    }
    for server in &mut servers {
        server.neighbours.sort_unstable();
        server.neighbours.dedup();
    }
    Ok(Herd { name: file.herd, lifetimes, servers })
}

fn lifetimes(file: &HerdFile) -> Result<Lifetimes, Mistake> {
    let ttl_seconds = file.ttl_seconds.map(|Seconds(seconds)| seconds);
    let least = ttl_seconds.unwrap_or(0);
    let tombstone_seconds = match file.tombstone_seconds {
        None => Lifetimes::TOMBSTONE_SECONDS.max(least),
        Some(Seconds(given)) if given < least => {
            return Err(Mistake::ForgottenTooSoon(least, given));
        }
        Some(Seconds(given)) => given,
    };
    Ok(Lifetimes { ttl_seconds, tombstone_seconds })
}

fn of(server: &str, mistake: ServerMistake) -> Mistake {
    Mistake::Server { server: server.to_owned(), mistake }
}

fn is_name(name: &str) -> bool {
    (1..=SERVER_NAME_BYTES_MAX).contains(&name.len())
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
        && ![".", ".."].contains(&name)
}

/// Where each name stands in the file.
fn names(entries: &[ServerEntry]) -> Result<BTreeMap<&str, usize>, Mistake> {
    let mut by_name = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        if !is_name(&entry.name) {
            return Err(of(&entry.name, ServerMistake::BadName));
        }
        if by_name.insert(entry.name.as_str(), at).is_some() {
            return Err(of(&entry.name, ServerMistake::SameName));
        }
    }
    Ok(by_name)
}

/// The server without its neighbours.
fn server(entry: &ServerEntry) -> Result<Server, ServerMistake> {
    let tls_port = entry.tls_port.map(|given| port("tls_port", given)).transpose()?;
    let client_port = Some(entry.port.0).filter(|&port| port != 0);
    // Where clients connect first of all.
    let (field, main_port) = match (client_port, tls_port) {
        (Some(client_port), _) => ("port", client_port),
        (None, Some(tls_port)) => ("tls_port", tls_port),
        (None, None) => return Err(ServerMistake::NoClients),
    };
    let neighbour_port = match entry.neighbour_port {
        Some(given) => port("neighbour_port", given)?,
        None => main_port
            .checked_add(NEIGHBOUR_PORT_OFFSET)
            .ok_or(ServerMistake::NoNeighbourPort { field })?,
    };
    let host = host("host", &entry.host)?;
    let listen = match &entry.listen {
        Some(listen) => self::host("listen", listen)?,
        None => host.clone(),
    };
    let web_port = entry.web_port.map(|given| port("web_port", given)).transpose()?;
    let web_listen = match &entry.web_listen {
        Some(_) if web_port.is_none() => return Err(ServerMistake::NoWebPort),
        Some(web_listen) => self::host("web_listen", web_listen)?,
        None => listen.clone(),
    };
    Ok(Server {
        name: entry.name.clone(),
        host,
        listen,
        client_port,
        tls_port,
        neighbour_port,
        web_port,
        web_listen,
        neighbours: Vec::new(),
    })
}

fn port(field: &'static str, Port(port): Port) -> Result<u16, ServerMistake> {
    if port == 0 { Err(ServerMistake::NoPort { field }) } else { Ok(port) }
}

fn host(field: &'static str, host: &str) -> Result<String, ServerMistake> {
    let host = host.to_owned();
    if is_host(&host) { Ok(host) } else { Err(ServerMistake::BadHost { field, value: host }) }
}

/// Addresses are compared as others dial them: servers on different machines may well bind the
/// same wildcard address.
fn refuse_shared_addresses(servers: &[Server]) -> Result<(), Mistake> {
    let mut taken = BTreeMap::new();
    for server in servers {
        let endpoints = [
            server.client_endpoint(),
            server.tls_endpoint(),
            Some(server.neighbour_endpoint()),
            server.web_endpoint(),
        ];
        for endpoint in endpoints.into_iter().flatten() {
            let address = endpoint.to_string().to_ascii_lowercase();
            if let Some(with) = taken.insert(address.clone(), &server.name) {
                let with = with.clone();
                return Err(of(&server.name, ServerMistake::SameAddress { address, with }));
            }
        }
    }
    Ok(())
}

/// Notes the links that the server at `at` names, at both their ends.
fn link(
    servers: &mut [Server],
    at: usize,
    entry: &ServerEntry,
    by_name: &BTreeMap<&str, usize>,
) -> Result<(), ServerMistake> {
    for name in &entry.talks_with {
        match by_name.get(name.as_str()) {
            None => return Err(ServerMistake::Unknown(name.clone())),
            Some(&other) if other == at => return Err(ServerMistake::Itself),
            Some(&other) => {
                servers[at].neighbours.push(other);
                servers[other].neighbours.push(at);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
