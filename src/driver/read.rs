//! Reading: every connection that can be read, within its budget.

use super::connection::Phase;
use super::turn::Turn;
use super::{Planted, Read, World};
use crate::fault::fault;
use crate::limits;
use crate::transport::{Application, ConnectionId, Context, DriverSide, Lost, Protocol};
use std::mem;

impl<A: Application, W: World> Turn<'_, A, W> {
    /// Reads those that can be read, first those that asked to go first.
    pub fn read(&mut self) {
        let empty = mem::take(&mut self.driver.list);
        let first = mem::replace(&mut self.driver.ready_first, empty);
        let empty = self.look_at_all(first);
        let others = mem::replace(&mut self.driver.ready, empty);
        self.driver.list = self.look_at_all(others);
    }

    /// Returns the list, emptied: what is queued meanwhile is on another.
    fn look_at_all(&mut self, mut ids: Vec<ConnectionId>) -> Vec<ConnectionId> {
        ids.iter().for_each(|&id| self.look_at(id));
        ids.clear();
        ids
    }

    /// Does what a connection's readiness allows.
    fn look_at(&mut self, id: ConnectionId) {
        let Some(connection) = self.driver.slots.find(id) else {
            return;
        };
        connection.queued = false;
        if matches!(connection.phase, Phase::ComingUp { .. }) {
            // Strangers' handshakes cost much: the rest of them wait for the next turn.
            if connection.listener.is_some() {
                if self.handshakes_left == 0 {
                    self.driver.queue(id);
                    return;
                }
                self.handshakes_left -= 1;
            }
            self.advance(id);
        }
        self.read_one(id);
        self.look_for_error(id);
        self.tell_if_heard_out(id);
        // Output may have waited for the socket to become writable.
        self.driver.touch(id);
    }

    /// A connection whose reading is paused, or has ended, would not notice a reset by reading: the
    /// socket is asked.
    fn look_for_error(&mut self, id: ConnectionId) {
        let Some(connection) = self.driver.slots.existing(id) else {
            return;
        };
        let unread = connection.ended || !connection.transport.wants_data();
        if connection.is_open()
            && connection.readiness.error
            && unread
            && let Some(error) = connection.socket.as_mut().and_then(|s| self.world.error(s))
        {
            self.driver.lose(id, error);
        }
    }

    fn read_one(&mut self, id: ConnectionId) {
        let first = self.driver.slots.find(id).is_some_and(|c| c.transport.is_first());
        let mut budget =
            if first { limits::READ_BUDGET_FIRST_BYTES } else { limits::READ_BUDGET_BYTES };
        while budget > 0 {
            let Some(connection) = self.driver.slots.find(id).filter(|c| c.can_read()) else {
                return;
            };
            let Some(socket) = connection.socket.as_mut() else {
                fault!("{id} is up without a socket");
                connection.readiness.readable = false;
                return;
            };
            match self.world.read(socket, &mut self.driver.buffer[..budget]) {
                Ok(Read::Nothing) => connection.readiness.readable = false,
                Ok(Read::Later) => budget = 0,
                Ok(Read::End) => {
                    connection.readiness.readable = false;
                    connection.ended = true;
                    self.end_received(id);
                }
                Ok(Read::Bytes { count, emptied }) => {
                    if emptied && !connection.readiness.read_closed {
                        connection.readiness.readable = false;
                    } else {
                        // Few bytes may have cost much: under TLS each may be a record.
                        budget = budget.saturating_sub(count.max(limits::READ_LEAST_BYTES));
                    }
                    self.driver.meters.bytes_read += count as u64;
                    self.deliver(id, count);
                }
                Err(cause) => {
                    connection.readiness.readable = false;
                    self.driver.lose(id, cause);
                }
            }
        }
        self.driver.queue(id);
    }

    /// The peer will send no more.
    fn end_received(&mut self, id: ConnectionId) {
        let Some(connection) = self.driver.slots.existing(id) else {
            return;
        };
        if matches!(connection.phase, Phase::Lingering { .. }) {
            self.driver.lose(id, Lost::Closed);
            return;
        }
        self.call(id, |protocol, cx| protocol.eof_received(cx));
        if self.driver.errs_by(Planted::HalfCloseForgetsAnswers)
            && let Some(connection) = self.driver.slots.find(id)
        {
            connection.transport.close();
        }
    }

    /// Hands the first `count` bytes of the buffer to the protocol, unless it is past listening.
    fn deliver(&mut self, id: ConnectionId, count: usize) {
        let Some(connection) = self.driver.slots.find(id) else {
            return;
        };
        if !connection.is_open() {
            connection.pass_over(count);
            return;
        }
        connection.transport.lend(&mut self.driver.spare);
        let transport = &mut connection.transport;
        let mut cx = Context { app: self.app, transport, now: self.driver.now };
        connection.protocol.data_received(&mut cx, &self.driver.buffer[..count]);
    }
}
