//! Listeners: how many connections each may have, and pausing when the system is out of means.

use crate::fault::fault;
use crate::limits;
use crate::transport::Monotonic;
use std::io;

/// A listener as the driver holds it; its socket is the world's.
#[derive(Debug)]
pub(super) struct Listener<L> {
    pub name: L,
    /// Whether it still listens.
    pub open: bool,
    /// The world said that somebody waits, and nobody took it back.
    pub ready: bool,
    /// No accepting before that time.
    paused_until: Option<Monotonic>,
    /// Connections accepted here that exist, and how many there may be; others wait in the
    /// system's queue.
    pub connections: usize,
    connections_max: usize,
    /// Whether the log has been told that there are so many.
    told_full: bool,
}

impl<L> Listener<L> {
    pub fn new(name: L) -> Self {
        Listener {
            name,
            open: true,
            ready: false,
            paused_until: None,
            connections: 0,
            connections_max: usize::MAX,
            told_full: false,
        }
    }

    pub fn set_connections_max(&mut self, connections_max: usize) {
        self.connections_max = connections_max;
    }

    /// Whether somebody may wait and we may look.
    pub fn can_accept(&self, now: Monotonic) -> bool {
        self.wants_more() && self.paused_until.is_none_or(|until| until <= now)
    }

    /// When it may be worth while to look again, if that is only a matter of time.
    pub fn resumes_at(&self) -> Option<Monotonic> {
        self.paused_until.filter(|_| self.wants_more())
    }

    fn wants_more(&self) -> bool {
        self.open && self.ready && self.connections < self.connections_max
    }

    /// A connection was accepted.
    pub fn count_accepted(&mut self) {
        if self.paused_until.take().is_some() {
            log::info!("accepting goes on");
        }
        self.connections += 1;
        if self.connections == self.connections_max && !self.told_full {
            self.told_full = true;
            log::warn!("{} connections: no more are accepted for now", self.connections);
        }
    }

    /// A connection that was accepted here is gone.
    pub fn count_closed(&mut self) {
        if self.connections == 0 {
            fault!("a listener without connections has lost one");
            return;
        }
        self.connections -= 1;
        // Said again only after some have gone, not for each that comes and goes.
        if self.told_full && self.connections <= self.connections_max - self.connections_max / 8 {
            self.told_full = false;
            log::info!("{} connections: more are accepted again", self.connections);
        }
    }

    /// Out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM): those who wait stay in the
    /// system's queue until a little later.
    pub fn pause(&mut self, now: Monotonic, error: &io::Error) {
        // Said once for each time of need, not for each pause in it.
        if self.paused_until.is_none() {
            log::error!("accepting pauses: {error}");
        }
        self.paused_until = Some(now + limits::ACCEPT_PAUSE);
    }
}
