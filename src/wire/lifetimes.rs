//! For how long a herd remembers: part of the herd file, and told in the greeting of neighbours, as all
//! servers of a herd must let the same records go.

use std::fmt;

/// For how long after its client time a record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A position, in seconds; for ever if that is not said.
    pub ttl_seconds: Option<u32>,
    /// A tombstone, in seconds; not less than a position.
    pub tombstone_seconds: u32,
}

impl Lifetimes {
    /// The least and the most that either may be, in seconds: ten years (contract).
    pub const SECONDS: std::ops::RangeInclusive<u32> = 1..=315_619_200;
    /// A tombstone's, if nothing is said: a week (contract).
    pub const TOMBSTONE_SECONDS: u32 = 604_800;
}

impl Default for Lifetimes {
    fn default() -> Self {
        Lifetimes { ttl_seconds: None, tombstone_seconds: Lifetimes::TOMBSTONE_SECONDS }
    }
}

/// As the herd file names them, for people.
impl fmt::Display for Lifetimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ttl_seconds {
            Some(seconds) => write!(f, "ttl_seconds {seconds}")?,
            None => f.write_str("no ttl_seconds")?,
        }
        write!(f, ", tombstone_seconds {}", self.tombstone_seconds)
    }
}
