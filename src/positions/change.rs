//! What the store tells of one client.

use super::epochs::NeighbourEpoch;
use super::origins::{OriginId, Origins};
use super::record::Record;
use super::report::Kind;
use super::text::Text;
use std::ops::Deref;

/// The last accepted change of a client: a position or a tombstone. Cursors yield these.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub(super) number: u32,
    pub(super) record: &'a Record,
    pub(super) origins: &'a Origins,
}

/// A client's last position: a [`Change`] of that kind, which also has a location.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a>(Change<'a>);

/// The number of a client's record in the store. That of a removed record is used again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordNumber(pub(super) u32);

impl<'a> Change<'a> {
    /// The number of the record.
    pub fn number(&self) -> RecordNumber {
        RecordNumber(self.number)
    }

    /// Whether it is a position or a tombstone.
    pub fn kind(&self) -> Kind {
        self.record.kind()
    }

    /// Whether a position of the client has been known here, now or before, as long as it has a record:
    /// nobody was ever told of one whose tombstone came first.
    pub fn was_known(&self) -> bool {
        self.record.was_known()
    }

    /// The position, if it is one.
    pub fn position(self) -> Option<Position<'a>> {
        (self.kind() == Kind::Position).then_some(Position(self))
    }

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

    /// Client, location (a tombstone has none) and time, as the client wrote them.
    pub fn text(&self) -> Text<'a> {
        self.record.text()
    }

    /// The client's id.
    pub fn client(&self) -> &'a [u8] {
        self.text().client()
    }

    /// The time, as the client wrote it.
    pub fn time(&self) -> &'a [u8] {
        self.text().time()
    }

    /// Whether it was heard from that neighbour, in that epoch.
    pub fn is_heard_from(&self, epoch: &NeighbourEpoch) -> bool {
        self.record.heard_from == epoch.slot()
    }
}

impl<'a> Position<'a> {
    /// The location, as the client wrote it.
    pub fn location(&self) -> &'a [u8] {
        self.text().location()
    }
}

impl<'a> Deref for Position<'a> {
    type Target = Change<'a>;

    fn deref(&self) -> &Change<'a> {
        &self.0
    }
}
