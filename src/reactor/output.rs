//! The end of a turn: writing what was touched, and the ends of connections.

use super::Reactor;
use super::connection::Phase;
use crate::limits;
use crate::transport::{Application, ConnectionId, Lost, Protocol, Resume};
use std::mem;

impl<A: Application> Reactor<A> {
    /// Writes every connection that was touched, those first that asked to go first.
    pub(super) fn write(&mut self, app: &mut A) {
        let touched = mem::take(&mut self.touched);
        for first in [true, false] {
            for &id in &touched {
                if self.slots.find(id).is_some_and(|c| c.transport.is_first() == first) {
                    self.write_all_of(app, id);
                }
            }
        }
        // Whoever was called meanwhile has been written.
        self.touched.clear();
    }

    /// Writes a connection, and again as long as it may go on at once.
    fn write_all_of(&mut self, app: &mut A, id: ConnectionId) {
        for round in 1.. {
            match self.write_one(id) {
                None => return,
                Some(Resume::Now) if round < limits::FIRST_WRITES_PER_TURN_MAX => {
                    self.call(app, id, |protocol, cx| protocol.resume_writing(cx));
                }
                Some(_) => {
                    self.drained.push(id);
                    return;
                }
            }
        }
    }

    /// Sends what a connection has to send and does what its transport intends; tells whether its
    /// protocol is to go on.
    fn write_one(&mut self, id: ConnectionId) -> Option<Resume> {
        let connection = self.slots.find(id)?;
        connection.touched = false;
        if connection.is_open() && connection.transport.is_aborted() {
            self.lose(id, Lost::Aborted);
            return None;
        }
        if connection.is_open() && connection.readiness.writable {
            self.offer_output(id);
        }
        if self.slots.find(id).is_some_and(|c| {
            c.is_open() && c.transport.is_closing() && c.transport.output_len() == 0
        }) {
            self.finish(id);
        }
        let connection = self.slots.find(id)?;
        connection.transport.reclaim(&mut self.spare);
        let resume = if connection.is_open() { connection.transport.take_resume() } else { None };
        if connection.can_read() {
            self.queue(id);
        }
        self.arm(id);
        resume
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
