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

    /// Takes the entries that are due, in their order.
    pub fn take_due(&mut self, now: Monotonic) -> Vec<ConnectionId> {
        let mut due = Vec::new();
        while self.entries.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, id)) = self.entries.pop_first()
        {
            due.push(id);
        }
        due
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
