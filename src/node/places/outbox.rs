//! What the questions to Places ask of the driver, in their own words: they know no conversations.

use crate::transport::{ConnectionId, Endpoint};
use std::collections::VecDeque;
use std::time::Duration;

/// Something that is wanted in this turn.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::node) enum Request {
    /// Another connection to Places.
    Dial { endpoint: Endpoint, timeout: Duration },
    /// That somebody is called: a client whose answer is there, or a connection to Places.
    Wake(ConnectionId),
}

/// What is wanted and has not been taken yet, in its order.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Request>);

impl Outbox {
    pub fn dial(&mut self, endpoint: Endpoint, timeout: Duration) {
        self.0.push_back(Request::Dial { endpoint, timeout });
    }

    pub fn wake(&mut self, connection: ConnectionId) {
        self.0.push_back(Request::Wake(connection));
    }

    pub fn next(&mut self) -> Option<Request> {
        self.0.pop_front()
    }
}
