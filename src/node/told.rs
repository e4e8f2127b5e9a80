//! What another server tells, on a link or by the bus, as the positions take it.

use super::Node;
use crate::limits;
use crate::positions::{OriginId, Report, Text};
use crate::wire::At;

/// Why a position is not taken, or a client not forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It cannot be kept, whoever tells it.
    Broken,
    /// Its server is not known, and too many are.
    Name,
    /// It would take too much memory.
    NoRoom,
}

/// The report, or that a client was forgotten, which the server with that number took; none if it cannot be
/// kept, whoever tells it.
pub(super) fn report_told<'a>(at: &At<'a>, origin: OriginId) -> Option<Report<'a>> {
    Some(Report {
        origin,
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text: Text::of_told(at)?,
    })
}

impl Node {
    /// The server with that name, and whether it was not known and is not of the herd. Those of the herd are
    /// known; of others some may be named, by all who tell us together: if each might name as many, one
    /// server could hold what another has no room for.
    pub(super) fn origin_told(&mut self, server: &[u8]) -> Option<(OriginId, bool)> {
        if let Some(origin) = self.positions.find_origin(server) {
            return Some((origin, false));
        }
        if self.foreign_servers() >= limits::FOREIGN_SERVERS_MAX {
            return None;
        }
        self.positions.intern(server).map(|origin| (origin, true))
    }

    fn foreign_servers(&self) -> usize {
        let by_bus = self.gateway.as_ref().map_or(0, |gateway| gateway.foreign_servers());
        self.peers.foreign_servers() + by_bus
    }
}
