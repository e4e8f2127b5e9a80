//! The end of a turn: writing what was touched, and the ends of connections.

use super::Reactor;
use super::connection::Phase;
use crate::limits;
use crate::transport::{Application, ConnectionId, Lost};
use std::mem;

impl<A: Application> Reactor<A> {
    /// Writes every connection that was touched, those first that asked to go first.
    pub(super) fn write(&mut self) {
        let touched = mem::take(&mut self.touched);
        for first in [true, false] {
            for &id in &touched {
                if self.slots.find(id).is_some_and(|c| c.transport.is_first() == first) {
                    self.write_one(id);
                }
            }
        }
    }

    /// Sends what a connection has to send and does what its transport intends.
    fn write_one(&mut self, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.touched = false;
        if connection.is_open() && connection.transport.is_aborted() {
            self.lose(id, Lost::Aborted);
            return;
        }
        if connection.is_open() && connection.readiness.writable {
            self.offer_output(id);
        }
        if self.slots.find(id).is_some_and(|c| {
            c.is_open() && c.transport.is_closing() && c.transport.output_len() == 0
        }) {
            self.finish(id);
        }
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.transport.reclaim(&mut self.spare);
        if connection.is_open() && connection.transport.take_room() {
            self.drained.push(id);
        }
        if connection.can_read() {
            self.queue(id);
        }
        self.arm(id);
    }

    /// Lets the socket take what it will of the output.
    fn offer_output(&mut self, id: ConnectionId) {
        let now = self.now.monotonic;
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        if connection.transport.output_len() > 0 {
            connection.delay_no_more();
        }
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        let transport = &mut connection.transport;
        if transport.output_len() == 0 && !stream.wants_flush() {
            return;
        }
        match stream.write(transport.output()) {
            Ok((written, full)) => {
                transport.advance(written, now);
                connection.readiness.writable = !full;
            }
            Err(broken) => self.lose(id, broken.into()),
        }
    }

    /// All is written and the protocol wants no more: FIN, and then wait for the peer's.
    fn finish(&mut self, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        let ended = connection.ended;
        match stream.finish(ended) {
            Ok(false) => {}
            Ok(true) if ended => self.lose(id, Lost::Closed),
            Ok(true) => {
                connection.phase =
                    Phase::Lingering { until: self.now.monotonic + limits::LINGER_MAX };
            }
            Err(broken) => self.lose(id, broken.into()),
        }
    }
}
