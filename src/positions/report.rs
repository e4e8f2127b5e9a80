//! What the store is told of a client, and what becomes of it.

use super::origins::OriginId;
use super::text::Text;

/// What is said of a client. Of two that are equally old a tombstone stays: see
/// [`order`](super::order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Where it is.
    Position,
    /// That it is forgotten.
    Tombstone,
}

/// What a client reported, or when it was forgotten, and when a server took that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// The server that took the report, from [`Positions::intern`](super::Positions::intern).
    pub origin: OriginId,
    /// When it did, minus the client's time, in nanoseconds.
    pub difference_nanoseconds: i64,
    /// The client's time in whole nanoseconds since 1970-01-01T00:00:00Z, rounded down; the same
    /// time as the one written in `text`.
    pub time_nanoseconds: i64,
    /// Client, location and time as the client wrote them; a tombstone has no location.
    pub text: Text<'a>,
}

impl Report<'_> {
    /// Whether it is a position or a tombstone, which its text tells.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        self.text.kind()
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Update {
    /// Nothing was known of the client, neither a position nor a tombstone.
    New,
    /// It replaced the client's position or tombstone.
    Newer,
    /// The same report or a greater one is known; nothing changed.
    Known,
    /// There is no room: nothing is known of the client, or its text is longer than all before;
    /// nothing changed.
    Full,
}
