//! Another herd file for a server that runs: neighbours that came, went and moved.

use super::servers::servers_of;
use super::{LinkSecurity, Node};
use crate::herd::Herd;
use crate::transport::{Endpoint, Monotonic};
use std::fmt;

/// The names of the neighbours that came, went and moved. Its `Display` is a clause for the log.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NeighbourChanges {
    /// Who are neighbours now and were not.
    pub came: Vec<String>,
    /// Who are none any more.
    pub went: Vec<String>,
    /// Who are dialled elsewhere now.
    pub moved: Vec<String>,
}

impl fmt::Display for NeighbourChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NeighbourChanges { came, went, moved } = self;
        let kinds = [("came", came), ("went", went), ("moved", moved)];
        let mut separator = "";
        for (what, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "{separator}{} {what}", names.join(", "))?;
            separator = "; ";
        }
        if separator.is_empty() { f.write_str("the neighbours are the same") } else { Ok(()) }
    }
}

/// The names of that server's neighbours, and where they are dialled.
pub(super) fn neighbours_of(
    herd: &Herd,
    server: usize,
    links: LinkSecurity,
) -> impl Iterator<Item = (String, Endpoint)> {
    herd.servers[server].neighbours.iter().map(move |&neighbour| {
        let neighbour = &herd.servers[neighbour];
        let certificate_name = herd.certificate_name(neighbour);
        let endpoint = links.protect(neighbour.neighbour_endpoint(), certificate_name);
        (neighbour.name.clone(), endpoint)
    })
}

impl Node {
    /// Goes on as the server with that index of that herd, which
    /// [may follow](Herd::index_after) the one before: who came is dialled, who went is told what it has
    /// not been told and let go, who moved is dialled anew, and who is away is dialled at once. All else
    /// stays as it is.
    ///
    /// # Panics
    /// If `server` is not an index into the herd's servers.
    pub fn set_herd(&mut self, herd: &Herd, server: usize, now: Monotonic) -> NeighbourChanges {
        self.servers = servers_of(herd);
        self.gateway_tells_of_herd(true);
        self.intern_servers(herd);
        self.gateway_tells_of_herd(false);
        let mut changes = NeighbourChanges::default();
        let present: Vec<_> = neighbours_of(herd, server, self.settings.links).collect();
        let stays = |name: &str| present.iter().any(|(known, _)| known == name);
        changes.went.extend(self.peers.names().filter(|name| !stays(name)).map(str::to_owned));
        let mut woken = Vec::new();
        for name in &changes.went {
            let Some(peer) = self.peers.find(name.as_bytes()) else { continue };
            woken.extend(self.peers.let_go(peer, &mut self.positions, now));
        }
        for (name, endpoint) in present {
            match self.peers.find(name.as_bytes()) {
                None => {
                    let cursor = self.positions.open_cursor();
                    self.peers.add(&name, &endpoint, cursor, &mut self.positions);
                    changes.came.push(name);
                }
                Some(peer) => {
                    let peer = &mut self.peers[peer];
                    if *peer.endpoint() != endpoint {
                        woken.extend(peer.move_to(endpoint, now, &mut self.random));
                        changes.moved.push(name);
                    }
                }
            }
        }
        self.peers.dial_all(now);
        woken.into_iter().for_each(|connection| self.wake(connection));
        changes
    }

    /// So that nothing that neighbours tell keeps the herd's servers from being known.
    pub(super) fn intern_servers(&mut self, herd: &Herd) {
        for server in &herd.servers {
            self.positions.intern(server.name.as_bytes());
        }
    }
}
