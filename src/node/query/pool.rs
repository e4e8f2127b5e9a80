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
    /// Those that are to end because another kept one was stale.
    distrusted: Vec<ConnectionId>,
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
            distrusted: Vec::new(),
            connections: 0,
            dialling: 0,
        }
    }

    /// Sees to `waiting` calls: wakes free connections for them, and dials for the rest within
    /// the limit.
    pub(super) fn spread(&mut self, waiting: usize, actions: &mut Actions) {
        let mut uncared = waiting.saturating_sub(self.dialling);
        while uncared > 0
            && let Some(connection) = self.idle.pop()
        {
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

    /// That connection has no call.
    pub(super) fn keep(&mut self, connection: ConnectionId) {
        if !self.idle.contains(&connection) {
            self.idle.push(connection);
        }
    }

    /// A kept connection was stale, so those that have been idle may be, too: they are woken to
    /// end.
    pub(super) fn distrust_idle(&mut self, actions: &mut Actions) {
        actions.extend(self.idle.iter().copied().map(Action::Wake));
        self.distrusted.append(&mut self.idle);
    }

    /// Whether that connection is to end instead of being used.
    pub(super) fn is_distrusted(&self, connection: ConnectionId) -> bool {
        self.distrusted.contains(&connection)
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

    /// Whether there is any connection that is up.
    pub(super) fn has_connections(&self) -> bool {
        self.connections > self.dialling
    }

    /// A connection that was up is gone.
    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        self.connections -= 1;
        self.idle.retain(|&idle| idle != connection);
        self.distrusted.retain(|&distrusted| distrusted != connection);
    }
}
