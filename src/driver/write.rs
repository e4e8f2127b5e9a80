//! The end of a turn: writing what was touched, and the ends of connections.

use super::connection::Phase;
use super::turn::Turn;
use super::{Planted, Read, World, Written};
use crate::fault::fault;
use crate::limits;
use crate::transport::{Application, ConnectionId, DriverSide, Lost, Protocol, Resume};
use std::mem;

impl<A: Application, W: World> Turn<'_, A, W> {
    /// Writes every connection that was touched, those first that asked to go first.
    pub fn write(&mut self) {
        let mut touched = mem::take(&mut self.driver.touched);
        let order = if self.driver.errs_by(Planted::FirstWrittenLast) {
            [false, true]
        } else {
            [true, false]
        };
        for first in order {
            for &id in &touched {
                if self.driver.slots.find(id).is_some_and(|c| c.transport.is_first() == first) {
                    self.write_all_of(id);
                }
            }
        }
        // Whoever was called meanwhile has been written.
        touched.clear();
        self.driver.touched = touched;
    }

    /// Writes a connection, and again as long as it may go on at once.
    fn write_all_of(&mut self, id: ConnectionId) {
        for round in 1.. {
            match self.write_one(id) {
                None => return,
                Some(Resume::Now) if round < limits::FIRST_WRITES_PER_TURN_MAX => {
                    self.call(id, |protocol, cx| protocol.resume_writing(cx));
                }
                Some(_) => {
                    self.driver.to_resume.push(id);
                    return;
                }
            }
        }
    }

    /// Sends what a connection has to send and does what its transport intends; tells whether its
    /// protocol is to go on.
    fn write_one(&mut self, id: ConnectionId) -> Option<Resume> {
        let connection = self.driver.slots.find(id)?;
        connection.touched = false;
        if connection.is_open() && connection.transport.is_aborted() {
            self.driver.lose(id, Lost::Aborted);
            return None;
        }
        if connection.is_open() && connection.readiness.writable {
            self.offer_output(id);
        }
        if self.driver.slots.find(id).is_some_and(|c| {
            c.is_open() && c.transport.is_closing() && c.transport.output_len() == 0
        }) {
            self.finish(id);
        }
        let connection = self.driver.slots.find(id)?;
        connection.transport.reclaim(&mut self.driver.spare);
        let resume = if connection.is_open() { connection.transport.take_resume() } else { None };
        if connection.can_read() {
            self.driver.queue(id);
        }
        self.driver.arm(id);
        resume
    }

    /// Lets the socket take what it will of the output.
    fn offer_output(&mut self, id: ConnectionId) {
        let now = self.driver.now.monotonic;
        let Some(connection) = self.driver.slots.existing(id) else {
            return;
        };
        let Some(socket) = connection.socket.as_mut() else {
            fault!("{id} is up without a socket");
            return;
        };
        match self.world.write(socket, connection.transport.output()) {
            Ok(Written { count, moved, full }) => {
                match full {
                    true => connection.transport.advance_blocked(count, moved, now),
                    false => connection.transport.advance(count, now),
                }
                connection.readiness.writable = !full;
                self.driver.meters.bytes_written += count as u64;
            }
            Err(cause) => self.driver.lose(id, cause),
        }
    }

    /// All is written and the protocol wants no more: says so, and then waits for the peer to.
    fn finish(&mut self, id: ConnectionId) {
        let (now, is_stopping) = (self.driver.now.monotonic, self.driver.stopping.is_some());
        let Some(connection) = self.driver.slots.existing(id) else {
            return;
        };
        let Some(socket) = connection.socket.as_mut() else {
            fault!("{id} is up without a socket");
            self.driver.lose(id, Lost::Closed);
            return;
        };
        let ended = connection.ended;
        match self.world.finish(socket, ended) {
            // It goes on when the socket takes more, or has had its time.
            Ok(false) => {
                connection.readiness.writable = false;
                connection.transport.advance_blocked(0, false, now);
            }
            Ok(true) if ended || self.may_leave(id) => self.driver.lose(id, Lost::Closed),
            Ok(true) => {
                if let Some(connection) = self.driver.slots.existing(id) {
                    let most = match connection.listener {
                        _ if !is_stopping => limits::LINGER_MAX,
                        // All that it has not read yet is lost if it is cut: so the stop's end does that.
                        None => 2 * limits::STOP_GRACE,
                        Some(_) => limits::STOP_STALL_MAX,
                    };
                    connection.phase = Phase::Lingering { until: now + most };
                }
            }
            Err(cause) => self.driver.lose(id, cause),
        }
    }

    /// Whether the connection need not linger: its protocol does not want to, and nothing is left
    /// unread.
    fn may_leave(&mut self, id: ConnectionId) -> bool {
        let is_leaving = self.driver.slots.find(id).is_some_and(|c| c.transport.is_leaving());
        is_leaving && self.empty(id)
    }

    /// Whether nothing is left unread that would make a close a reset. One read throws away what is
    /// there.
    pub fn empty(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.driver.slots.find(id) else {
            return false;
        };
        let Some(socket) = connection.socket.as_mut() else {
            return false;
        };
        match self.world.read(socket, &mut self.driver.buffer) {
            Ok(Read::Bytes { count, emptied }) => {
                connection.pass_over(count);
                // What waits is not told of a second time.
                connection.readiness.readable |= !emptied;
                emptied
            }
            Ok(Read::Later) => {
                connection.readiness.readable = true;
                false
            }
            Ok(Read::Nothing | Read::End) | Err(_) => true,
        }
    }
}
