//! The connections to Places: how many there are, and which of them are free.

use super::outbox::Outbox;
use crate::fault::fault;
use crate::limits;
use crate::transport::{ConnectionId, Endpoint};
use std::time::Duration;

/// Kept-alive connections, and how many more are being made.
#[derive(Debug)]
pub(super) struct Pool {
    endpoint: Endpoint,
    connect_timeout: Duration,
    /// Those without a call, the one last used last.
    idle: Vec<ConnectionId>,
    /// Those that have been woken for a call and have not come for it yet.
    woken: Vec<ConnectionId>,
    /// Those that are to end, or end already: nobody is given them.
    ending: Vec<ConnectionId>,
    /// All that exist or are being made, and how many of them are being made.
    connections: usize,
    dialling: usize,
}

impl Pool {
    pub(super) fn new(endpoint: Endpoint, connect_timeout: Duration) -> Self {
        Pool {
            endpoint,
            connect_timeout,
            idle: Vec::new(),
            woken: Vec::new(),
            ending: Vec::new(),
            connections: 0,
            dialling: 0,
        }
    }

    /// Sees to `waiting` calls: wakes free connections for them, and dials for the rest within
    /// the limit. A free one is never passed over for one that is being made, which may fail.
    pub(super) fn dispatch(&mut self, waiting: usize, outbox: &mut Outbox) {
        let mut uncared = waiting.saturating_sub(self.woken.len());
        while uncared > 0
            && let Some(connection) = self.idle.pop()
        {
            self.woken.push(connection);
            outbox.wake(connection);
            uncared -= 1;
        }
        uncared = uncared.saturating_sub(self.dialling);
        while uncared > 0 && self.connections < limits::PLACES_CONNECTIONS_MAX {
            self.connections += 1;
            self.dialling += 1;
            uncared -= 1;
            outbox.dial(self.endpoint.clone(), self.connect_timeout);
        }
    }

    /// That connection has taken a call.
    pub(super) fn took(&mut self, connection: ConnectionId) {
        self.woken.retain(|&woken| woken != connection);
    }

    /// That connection has no call, and there is none for it.
    pub(super) fn keep(&mut self, connection: ConnectionId) {
        self.woken.retain(|&woken| woken != connection);
        if !self.idle.contains(&connection) {
            self.idle.push(connection);
        }
    }

    /// Whether that connection has no call and has not been woken for one.
    pub(super) fn is_idle(&self, connection: ConnectionId) -> bool {
        self.idle.contains(&connection)
    }

    /// That connection ends, which may take its time: nobody is given it any more.
    pub(super) fn retire(&mut self, connection: ConnectionId) {
        self.idle.retain(|&idle| idle != connection);
        self.woken.retain(|&woken| woken != connection);
        if !self.ending.contains(&connection) {
            self.ending.push(connection);
        }
    }

    /// A kept connection was stale, so those that have been idle may be, too: they are woken to
    /// end.
    pub(super) fn distrust_idle(&mut self, outbox: &mut Outbox) {
        self.idle.iter().for_each(|&connection| outbox.wake(connection));
        self.ending.append(&mut self.idle);
    }

    /// Whether that connection is to end instead of being used.
    pub(super) fn is_ending(&self, connection: ConnectionId) -> bool {
        self.ending.contains(&connection)
    }

    /// A dialled connection came up.
    pub(super) fn connected(&mut self) {
        one_less(&mut self.dialling);
    }

    /// A dialled connection did not come up.
    pub(super) fn unreachable(&mut self) {
        one_less(&mut self.dialling);
        one_less(&mut self.connections);
    }

    /// Why a call had no connection in all its time.
    pub(super) fn why_none(&self) -> String {
        match self.connections - self.dialling {
            0 => "Places was not asked: no connection to it was made in time".to_owned(),
            1 => "Places was not asked: the only connection to it was busy".to_owned(),
            busy => format!("Places was not asked: all {busy} connections to it were busy"),
        }
    }

    /// Whether there is any connection that is up.
    pub(super) fn is_up(&self) -> bool {
        self.connections > self.dialling
    }

    /// Whether there is any connection that is up, and not about to end.
    pub(super) fn has_connections(&self) -> bool {
        self.connections > self.dialling + self.ending.len()
    }

    /// A connection that was up is gone.
    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        one_less(&mut self.connections);
        for list in [&mut self.idle, &mut self.woken, &mut self.ending] {
            list.retain(|&other| other != connection);
        }
    }
}

#[cfg(any(test, debug_assertions))]
impl Pool {
    /// What is wrong with it while so many calls wait and others are made on `asked`.
    pub(super) fn check(
        &self,
        waiting: usize,
        asked: impl Iterator<Item = ConnectionId>,
    ) -> Result<(), String> {
        let mut known = std::collections::BTreeSet::new();
        let listed = self.idle.iter().chain(&self.woken).chain(&self.ending).copied();
        for connection in listed.chain(asked) {
            if !known.insert(connection) {
                return Err(format!("connection {connection} to Places is in two states"));
            }
        }
        let wrong = if known.len() + self.dialling > self.connections {
            "more connections to Places are known than there are"
        } else if self.connections > limits::PLACES_CONNECTIONS_MAX {
            "there are too many connections to Places"
        } else if waiting > self.woken.len() && !self.idle.is_empty() {
            "a call waits, and a connection to Places is free"
        } else if waiting > 0 && self.connections == 0 {
            "a call waits for nothing"
        } else {
            return Ok(());
        };
        Err(format!("{wrong}: {waiting} calls wait, {self:?}"))
    }
}

fn one_less(count: &mut usize) {
    match count.checked_sub(1) {
        Some(less) => *count = less,
        None => fault!("more connections to Places have come to an end than there were"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Request;
    use super::*;

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    /// A pool with so many connections that are up and idle.
    fn pool(idle: u32) -> (Pool, Outbox) {
        let endpoint = Endpoint::tls("places.test", 443, crate::places::TLS_PROFILE);
        let mut pool = Pool::new(endpoint, Duration::from_secs(1));
        let mut outbox = Outbox::default();
        pool.dispatch(idle as usize, &mut outbox);
        for slot in 0..idle {
            pool.connected();
            pool.keep(id(slot));
        }
        while outbox.next().is_some() {}
        (pool, outbox)
    }

    /// Who is woken, and how many are dialled.
    fn taken(outbox: &mut Outbox) -> (Vec<ConnectionId>, usize) {
        let mut woken = Vec::new();
        let mut dialled = 0;
        while let Some(request) = outbox.next() {
            match request {
                Request::Wake(id) => woken.push(id),
                Request::Dial { .. } => dialled += 1,
            }
        }
        (woken, dialled)
    }

    #[test]
    fn calls_of_one_turn_wake_a_connection_each_and_dial_no_more_than_they_need() {
        let (mut pool, mut outbox) = pool(2);
        pool.dispatch(1, &mut outbox);
        pool.dispatch(2, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![id(1), id(0)], 0));
        pool.dispatch(3, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![], 1));
        // They come for their calls, and go on with others.
        pool.took(id(1));
        pool.keep(id(0));
        pool.dispatch(2, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![id(0)], 0));
    }

    #[test]
    fn a_free_connection_is_not_passed_over_for_one_that_is_being_made() {
        let (mut pool, mut outbox) = pool(1);
        pool.dispatch(2, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![id(0)], 1));
        // The one that there is does both calls.
        pool.took(id(0));
        pool.keep(id(0));
        pool.dispatch(1, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![id(0)], 0));
        pool.unreachable();
        assert_eq!((pool.connections, pool.dialling), (1, 0));
    }

    #[test]
    fn a_connection_that_ends_is_nobody_s() {
        let (mut pool, mut outbox) = pool(2);
        pool.dispatch(1, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![id(1)], 0));
        assert!(pool.is_idle(id(0)) && !pool.is_idle(id(1)));
        for connection in [id(0), id(1)] {
            assert!(pool.has_connections());
            pool.retire(connection);
        }
        assert!(!pool.has_connections() && pool.is_ending(id(0)));
        pool.dispatch(1, &mut outbox);
        assert_eq!(taken(&mut outbox), (vec![], 1));
        pool.disconnected(id(0));
        pool.disconnected(id(1));
        assert!(!pool.has_connections());
        pool.connected();
        assert!(pool.has_connections());
    }
}
