//! What a neighbour tells on one connection: positions and marks.

use super::catch_up::CatchUp;
use super::peers::{Peer, PeerId};
use crate::limits;
use crate::node::Node;
use crate::node::lines::{IN, log_at};
use crate::positions::{OriginId, Positions, Report, Text, Update};
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::At;
use log::{Level, info};
use std::mem;

/// What has been told on it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What has been told since it came up, until that is all that there was.
    catch_up: Option<CatchUp>,
    /// Whether anything has been told since the last mark.
    since_mark: bool,
    /// How many names of servers that nobody knew.
    names: usize,
}

/// Why a position is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It cannot be kept, whoever tells it.
    Broken,
    /// Its server is not known, and too many are.
    Name,
    /// It would take too much memory.
    NoRoom,
}

impl Told {
    /// On a connection that has come up now.
    pub fn since(now: Monotonic) -> Self {
        Told { catch_up: Some(CatchUp::new(now)), ..Told::default() }
    }

    /// Whether what is told is still what there was when the connection came up.
    #[cfg(test)]
    pub fn is_catching_up(&self) -> bool {
        self.catch_up.is_some()
    }

    /// A position is told, by that neighbour in that epoch.
    pub fn position(
        &mut self,
        node: &mut Node,
        (peer, epoch): (PeerId, u64),
        id: ConnectionId,
        line: &[u8],
        at: &At<'_>,
    ) -> Result<(), NotTaken> {
        self.log(id, line);
        let report = Report {
            origin: self.origin(&mut node.positions, at.server).ok_or(NotTaken::Name)?,
            difference_nanoseconds: at.difference_nanoseconds,
            time_nanoseconds: at.time_nanoseconds,
            text: Text::new(at.text, at.client.len(), at.location.len()).ok_or(NotTaken::Broken)?,
        };
        // Known already, newer or the first of its client: all is well, and the feed does the rest.
        match node.positions.update(&report, node.peers[peer].received().mark_of(epoch)) {
            Update::Full => Err(NotTaken::NoRoom),
            Update::New | Update::Newer | Update::Known => Ok(()),
        }
    }

    /// As news, or as one of what there was.
    fn log(&mut self, id: ConnectionId, line: &[u8]) {
        self.since_mark = true;
        let level = if let Some(catch_up) = &mut self.catch_up {
            catch_up.count(line.len() + 1);
            Level::Trace
        } else {
            Level::Info
        };
        log_at(level, ("neighbour", IN), id, line);
    }

    /// The server with that name. Those of the herd are known; of others a connection may name some.
    fn origin(&mut self, positions: &mut Positions, server: &[u8]) -> Option<OriginId> {
        if let Some(origin) = positions.find_origin(server) {
            return Some(origin);
        }
        if self.names >= limits::NEW_ORIGINS_PER_CONNECTION_MAX {
            return None;
        }
        self.names += 1;
        positions.intern(server)
    }

    /// The neighbour marks its feed. With nothing told before it a mark says that what there was has
    /// been told; one that goes back, that everything is told again.
    pub fn mark(
        &mut self,
        peer: &mut Peer,
        id: ConnectionId,
        (sequence, digest): (u64, u64),
        now: Monotonic,
    ) {
        let has_told = mem::take(&mut self.since_mark);
        if sequence < peer.received().up_to() {
            self.catch_up.get_or_insert_with(|| CatchUp::new(now));
        } else if !has_told
            && let Some(told) = self.catch_up.take()
            && !told.is_empty()
        {
            info!("caught up with {}: {}", peer.name(), told.summary(now));
        }
        peer.received_mut().marked(id, sequence, (!has_told).then_some(digest));
    }
}
