//! Whether all that a driver keeps fits together: for tests, the simulator, the fuzzers and soaks,
//! which look after each turn. Not in builds without debug assertions.

use super::Driver;
use crate::transport::{ConnectionId, DriverSide};
use std::collections::BTreeSet;

impl<P, L: Copy + Eq, S> Driver<P, L, S> {
    /// Looks at everything between two turns.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), String> {
        let mut armed = 0;
        for (id, connection) in self.slots.iter() {
            let say = |what: &str| Err(format!("{id}: {what}"));
            if let Some(at) = connection.armed {
                armed += 1;
                if !self.timers.has(id, at) {
                    return say("its timer is not among the timers");
                }
            }
            // Who is touched is written in the next turn, and what follows from that is done then.
            let seen_to = !connection.touched && !connection.losing;
            if seen_to && connection.armed != connection.deadline(self.stopping) {
                return say("its timer is not that of its deadline");
            }
            if connection.touched && !self.touched.contains(&id) {
                return say("it is not on the list of those to be written");
            }
            let queued = self.ready.contains(&id) || self.ready_first.contains(&id);
            if connection.queued && !queued {
                return say("it is not on a list of those to be read");
            }
            if seen_to && connection.can_read() && !connection.queued {
                return say("it can be read and is on no list");
            }
            if connection.socket.is_none() && !connection.losing {
                return say("it has no socket");
            }
            let waits = connection.transport.output_len() > 0;
            if seen_to && connection.is_open() && waits && connection.readiness.writable {
                return say("its output waits though it could be written");
            }
        }
        if self.timers.len() != armed {
            return Err(format!("{} timers for {armed} connections", self.timers.len()));
        }
        self.check_lists()?;
        self.check_listeners()
    }

    fn check_lists(&self) -> Result<(), String> {
        for list in [&self.ready, &self.ready_first, &self.touched, &self.to_resume] {
            // Most of the time they are short, and this is looked at after each turn.
            let is_twice = |(at, id)| list.iter().take(at).any(|other: &ConnectionId| other == id);
            let repeats = match list.len() {
                0..8 => list.iter().enumerate().any(is_twice),
                length => list.iter().collect::<BTreeSet<_>>().len() < length,
            };
            if repeats {
                return Err(format!("a connection is on a list twice: {list:?}"));
            }
        }
        Ok(())
    }

    fn check_listeners(&self) -> Result<(), String> {
        for (place, listener) in self.listeners.iter().enumerate() {
            let here = |listener: Option<u16>| listener.map(usize::from) == Some(place);
            let accepted = self.slots.iter().filter(|(_, c)| here(c.listener)).count();
            if accepted != listener.connections {
                let counted = listener.connections;
                return Err(format!("listener {place} counts {counted} of {accepted}"));
            }
        }
        Ok(())
    }
}
