//! The connections to Places: how many there are, and which of them are free.

use super::super::{Actions, Conversation};
use crate::limits;
use crate::transport::{Action, ConnectionId, Endpoint};
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
    /// the limit.
    pub(super) fn spread(&mut self, waiting: usize, actions: &mut Actions) {
        let mut uncared = waiting.saturating_sub(self.dialling + self.woken.len());
        while uncared > 0
            && let Some(connection) = self.idle.pop()
        {
            self.woken.push(connection);
            actions.push_back(Action::Wake(connection));
            uncared -= 1;
        }
        while uncared > 0 && self.connections < limits::PLACES_CONNECTIONS_MAX {
            self.connections += 1;
            self.dialling += 1;
            uncared -= 1;
            actions.push_back(Action::Dial {
                endpoint: self.endpoint.clone(),
                protocol: Conversation::fetch(),
                timeout: self.connect_timeout,
            });
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
    pub(super) fn distrust_idle(&mut self, actions: &mut Actions) {
        actions.extend(self.idle.iter().copied().map(Action::Wake));
        self.ending.append(&mut self.idle);
    }

    /// Whether that connection is to end instead of being used.
    pub(super) fn is_ending(&self, connection: ConnectionId) -> bool {
        self.ending.contains(&connection)
    }

    /// A dialled connection came up.
    pub(super) fn connected(&mut self) {
        self.dialling -= 1;
    }

    /// A dialled connection did not come up.
    pub(super) fn unreachable(&mut self) {
        self.dialling -= 1;
        self.connections -= 1;
    }

    /// Why a call had no connection in all its time.
    pub(super) fn why_none(&self) -> String {
        match self.connections - self.dialling {
            0 => "Places was not asked: no connection to it was made in time".to_owned(),
            1 => "Places was not asked: the only connection to it was busy".to_owned(),
            busy => format!("Places was not asked: all {busy} connections to it were busy"),
        }
    }

    /// Whether there is any connection that is up, and not about to end.
    pub(super) fn has_connections(&self) -> bool {
        self.connections > self.dialling + self.ending.len()
    }

    /// A connection that was up is gone.
    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        self.connections -= 1;
        for list in [&mut self.idle, &mut self.woken, &mut self.ending] {
            list.retain(|&other| other != connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::TLS_PROFILE;

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    /// A pool with so many connections that are up and idle.
    fn pool(idle: u32) -> (Pool, Actions) {
        let endpoint = Endpoint::tls("places.test", 443, TLS_PROFILE);
        let mut pool = Pool::new(endpoint, Duration::from_secs(1));
        let mut actions = Actions::new();
        pool.spread(idle as usize, &mut actions);
        for slot in 0..idle {
            pool.connected();
            pool.keep(id(slot));
        }
        actions.clear();
        (pool, actions)
    }

    /// Who is woken, and how many are dialled.
    fn taken(actions: &mut Actions) -> (Vec<ConnectionId>, usize) {
        let mut woken = Vec::new();
        let mut dialled = 0;
        for action in actions.drain(..) {
            match action {
                Action::Wake(id) => woken.push(id),
                _ => dialled += 1,
            }
        }
        (woken, dialled)
    }

    #[test]
    fn calls_of_one_turn_wake_a_connection_each_and_dial_no_more_than_they_need() {
        let (mut pool, mut actions) = pool(2);
        pool.spread(1, &mut actions);
        pool.spread(2, &mut actions);
        assert_eq!(taken(&mut actions), (vec![id(1), id(0)], 0));
        pool.spread(3, &mut actions);
        assert_eq!(taken(&mut actions), (vec![], 1));
        // They come for their calls, and go on with others.
        pool.took(id(1));
        pool.keep(id(0));
        pool.spread(2, &mut actions);
        assert_eq!(taken(&mut actions), (vec![id(0)], 0));
    }

    #[test]
    fn a_connection_that_ends_is_nobody_s() {
        let (mut pool, mut actions) = pool(2);
        pool.spread(1, &mut actions);
        assert_eq!(taken(&mut actions), (vec![id(1)], 0));
        assert!(pool.is_idle(id(0)) && !pool.is_idle(id(1)));
        for connection in [id(0), id(1)] {
            assert!(pool.has_connections());
            pool.retire(connection);
        }
        assert!(!pool.has_connections() && pool.is_ending(id(0)));
        pool.spread(1, &mut actions);
        assert_eq!(taken(&mut actions), (vec![], 1));
        pool.disconnected(id(0));
        pool.disconnected(id(1));
        assert!(!pool.has_connections());
        pool.connected();
        assert!(pool.has_connections());
    }
}
