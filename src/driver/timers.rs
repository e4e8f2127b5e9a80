//! When which connection wants to be called: exactly one entry for each that has a deadline.

use crate::fault::fault;
use crate::transport::{ConnectionId, Monotonic};
use std::collections::BTreeSet;

/// Deadlines in their order.
#[derive(Debug, Default)]
pub(super) struct Timers {
    entries: BTreeSet<(Monotonic, ConnectionId)>,
}

impl Timers {
    /// Moves the deadline of `id` from `old` to `new`.
    pub fn change(&mut self, id: ConnectionId, old: Option<Monotonic>, new: Option<Monotonic>) {
        if let Some(at) = old
            && !self.entries.remove(&(at, id))
        {
            fault!("a timer of {id} that was set is gone");
        }
        if let Some(at) = new {
            self.entries.insert((at, id));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Monotonic> {
        self.entries.first().map(|&(at, _)| at)
    }

    /// Takes the earliest entry if it is due.
    pub fn pop_due(&mut self, now: Monotonic) -> Option<ConnectionId> {
        let &(at, id) = self.entries.first()?;
        if at > now {
            return None;
        }
        self.entries.pop_first();
        Some(id)
    }

    #[cfg(debug_assertions)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(debug_assertions)]
    pub fn has(&self, id: ConnectionId, at: Monotonic) -> bool {
        self.entries.contains(&(at, id))
    }
}
