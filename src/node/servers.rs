//! The servers of the herd, as its file says: told to clients (`SERVERS`) and shown on the web port.

use super::Node;
use crate::herd::Herd;
use serde::Serialize;
use std::io::Write;

/// One server of the herd, its address for clients, and its neighbours.
#[derive(Debug, Serialize)]
pub(super) struct HerdServer {
    name: String,
    #[serde(skip)]
    host: String,
    #[serde(skip)]
    port: u16,
    talks_with: Vec<String>,
}

impl HerdServer {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// All of that herd, in the order of its file.
pub(super) fn servers_of(herd: &Herd) -> Vec<HerdServer> {
    let name = |server: usize| herd.servers[server].name.clone();
    let servers = herd.servers.iter().map(|server| HerdServer {
        name: server.name.clone(),
        host: server.host.clone(),
        port: server.client_port.or(server.tls_port).unwrap_or_default(),
        talks_with: server.neighbours.iter().map(|&neighbour| name(neighbour)).collect(),
    });
    servers.collect()
}

impl Node {
    /// Appends `SERVER <name> <host> <port> <up|down|self|unknown>` for each server of the herd, as this one
    /// sees it: a neighbour is up if it is linked with both ways, and of the others nothing is known; and
    /// then an empty line.
    pub(super) fn write_servers(&self, out: &mut Vec<u8>) {
        for HerdServer { name, host, port, .. } in &self.servers {
            let seen = match self.peers.is_linked_with(name) {
                _ if *name == self.settings.name => "self",
                None => "unknown",
                Some(true) => "up",
                Some(false) => "down",
            };
            // A vector takes all.
            let _ = writeln!(out, "SERVER {name} {host} {port} {seen}");
        }
        out.push(b'\n');
    }
}
