//! Listeners: how many connections each may have, and pausing when the system is out of means.

use crate::fault::fault;
use crate::limits;
use crate::transport::{ConnectionId, Monotonic, one_source};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::{io, mem};

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
    crowd: Crowd,
    /// Those that are not up yet, the oldest first, with where they are from.
    coming_up: VecDeque<(ConnectionId, IpAddr)>,
}

/// Whether all connections of a listener are taken, as the log is told: once in a while, though they
/// may come and go a thousand times in it.
#[derive(Debug, Default)]
struct Crowd {
    is_full: bool,
    /// Whether the log has been told of this time.
    is_said: bool,
    /// When it was told last, and of how many times since it was not.
    said_at: Option<Monotonic>,
    unsaid: u64,
}

impl Crowd {
    /// All are taken. Whether that is to be said, and of how many times before it was not.
    fn fill(&mut self, now: Monotonic) -> Option<u64> {
        if mem::replace(&mut self.is_full, true) {
            return None;
        }
        let recent = |at| now.since(at) < limits::FULL_REMINDER;
        self.is_said = !self.said_at.is_some_and(recent);
        if !self.is_said {
            self.unsaid += 1;
            return None;
        }
        self.said_at = Some(now);
        Some(mem::take(&mut self.unsaid))
    }

    /// Some have gone. Whether that is to be said.
    fn thin(&mut self) -> bool {
        mem::take(&mut self.is_full) && self.is_said
    }
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
            crowd: Crowd::default(),
            coming_up: VecDeque::new(),
        }
    }

    pub fn set_connections_max(&mut self, connections_max: usize) {
        self.connections_max = connections_max;
    }

    /// Whether it can be closed, at that time of a stop that was asked for then, and nobody who has
    /// connected before is turned away; in the end it is closed all the same.
    pub fn closes(&self, stop: Monotonic, now: Monotonic) -> bool {
        let since = now.since(stop);
        self.open
            && since >= limits::STOP_ACCEPTING
            && (!self.ready || since >= limits::STOP_PATIENCE)
    }

    /// When it may be closed, in a stop that was asked for then, at that time.
    pub fn closes_at(&self, stop: Monotonic, now: Monotonic) -> Option<Monotonic> {
        let bounds = [limits::STOP_ACCEPTING, limits::STOP_PATIENCE].map(|bound| stop + bound);
        bounds.into_iter().find(|&at| self.open && at > now)
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
    pub fn count_accepted(&mut self, now: Monotonic) {
        if self.paused_until.take().is_some() {
            log::info!("accepting goes on");
        }
        self.connections += 1;
        if self.connections == self.connections_max
            && let Some(unsaid) = self.crowd.fill(now)
        {
            log::warn!(
                "{} connections: no more are accepted for now; that was so {unsaid} more times since \
                 this was last said",
                self.connections
            );
        }
    }

    /// A connection that was accepted here is not up yet. The one that has to go for it, if there are
    /// too many such: whoever comes to be has been faster, or came to a port that is not crowded.
    pub fn is_coming_up(&mut self, id: ConnectionId, address: IpAddr) -> Option<ConnectionId> {
        self.coming_up.push_back((id, address));
        let most = limits::HANDSHAKES_MAX.min(self.connections_max / 4).max(1);
        if self.coming_up.len() <= most {
            return None;
        }
        let source = one_source(address);
        let is_its_own = |other: &(ConnectionId, IpAddr)| one_source(other.1) == source;
        let own = self.coming_up.iter().filter(|other| is_its_own(other)).count();
        let crowds = own > (most / limits::HANDSHAKES_SHARE).max(1);
        let oldest = self.coming_up.iter().position(|other| !crowds || is_its_own(other))?;
        self.coming_up.remove(oldest).map(|(id, _)| id)
    }

    /// One is up, or gone.
    pub fn is_up(&mut self, id: ConnectionId) {
        self.coming_up.retain(|&(other, _)| other != id);
    }

    /// A connection that was accepted here is gone.
    pub fn count_closed(&mut self) {
        if self.connections == 0 {
            fault!("a listener without connections has lost one");
            return;
        }
        self.connections -= 1;
        // Said again only after some have gone, not for each that comes and goes.
        if self.connections <= self.connections_max - self.connections_max / 8 && self.crowd.thin()
        {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    #[test]
    fn of_too_many_handshakes_the_oldest_goes_and_of_a_crowd_s_its_own() {
        let [crowd, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let mut listener = Listener::new(());
        listener.set_connections_max(4 * 16);
        assert_eq!(listener.is_coming_up(id(0), other), None);
        for slot in 1..16 {
            assert_eq!(listener.is_coming_up(id(slot), crowd), None);
        }
        // Nobody's own: the oldest of all; one of the crowd: the crowd's oldest.
        assert_eq!(listener.is_coming_up(id(16), IpAddr::from([192, 0, 2, 3])), Some(id(0)));
        listener.is_up(id(16));
        assert_eq!(listener.is_coming_up(id(17), crowd), None);
        // However many come before those who were let go of are gone.
        let gone: Vec<_> = (18..99).map(|slot| listener.is_coming_up(id(slot), crowd)).collect();
        let expected: Vec<_> = (1..16).chain(17..83).map(|slot| Some(id(slot))).collect();
        assert_eq!(gone, expected);
        assert_eq!(listener.coming_up.len(), 16);
    }

    #[test]
    fn that_all_are_taken_is_said_at_once_and_then_now_and_then() {
        let mut crowd = Crowd::default();
        let mut now = Monotonic::default();
        for unsaid in [0, 9] {
            assert!(!crowd.thin());
            assert_eq!((crowd.fill(now), crowd.fill(now)), (Some(unsaid), None));
            assert!(crowd.thin());
            for _ in 0..9 {
                assert_eq!(crowd.fill(now), None);
                assert!(!crowd.thin(), "nobody has been told that they were taken");
            }
            now = now + limits::FULL_REMINDER;
        }
    }
}
