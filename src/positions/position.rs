//! What the store tells of one client.

use super::lives::NeighbourLife;
use super::origins::{OriginId, Origins};
use super::record::Record;
use super::text::Text;

/// A client's last position, in the store.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    pub(super) record: &'a Record,
    pub(super) origins: &'a Origins,
}

impl<'a> Position<'a> {
    /// The number of this change in the feed of this store.
    pub fn sequence(&self) -> u64 {
        self.record.sequence
    }

    /// The server that took the report.
    pub fn origin(&self) -> OriginId {
        self.record.origin
    }

    /// Its name.
    pub fn origin_name(&self) -> &'a [u8] {
        self.origins.name(self.record.origin)
    }

    /// When it took the report, minus the client's time, in nanoseconds.
    pub fn difference_nanoseconds(&self) -> i64 {
        self.record.difference_nanoseconds
    }

    /// The client's time in whole nanoseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn time_nanoseconds(&self) -> i64 {
        self.record.time_nanoseconds
    }

    /// Client, location and time, as the client wrote them.
    pub fn text(&self) -> Text<'a> {
        self.record.text()
    }

    /// The client's id.
    pub fn client(&self) -> &'a [u8] {
        self.text().client()
    }

    /// The location, as the client wrote it.
    pub fn location(&self) -> &'a [u8] {
        self.text().location()
    }

    /// The time, as the client wrote it.
    pub fn time(&self) -> &'a [u8] {
        self.text().time()
    }

    /// Whether it was heard from that neighbour, in that life.
    pub fn is_heard_from(&self, life: &NeighbourLife) -> bool {
        self.record.heard_from == life.slot()
    }
}
