//! The end of a turn: writing what was touched, and the ends of connections.

use super::super::env::Env;
use super::super::trace::Tag;
use super::Machine;
use super::connection::Phase;
use super::turn::broken;
use herd::limits;
use herd::transport::{ConnectionId, Lost};
use std::mem;

impl Machine {
    /// Writes every connection that was touched, those first that asked to go first.
    pub(super) fn write(&mut self, env: &mut Env) {
        let touched = mem::take(&mut self.touched);
        for first in [true, false] {
            for &id in &touched {
                if self.slots.find(id).is_some_and(|c| c.transport.is_first() == first) {
                    self.write_one(env, id);
                }
            }
        }
    }

    /// Sends what a connection has to send and does what its transport intends.
    fn write_one(&mut self, env: &mut Env, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.touched = false;
        if connection.is_open() && connection.transport.is_aborted() {
            self.lose(id, Lost::Aborted);
            return;
        }
        if connection.is_open()
            && connection.writable
            && connection.transport.output_len() > 0
            && let Some(end) = connection.end
        {
            let transport = &mut connection.transport;
            let output = transport.output();
            match env.net.write(end, output, &mut env.agenda, &mut env.random) {
                Ok(count) => {
                    connection.writable = count == output.len();
                    let now = env.agenda.now();
                    let size = (count as u64).to_le_bytes();
                    let (who, which) = (self.index as u64, u64::from(id.slot));
                    env.trace.note(now, Tag::Write, who, which, &size);
                    transport.advance(count, self.now.monotonic);
                }
                Err(_) => self.lose(id, broken()),
            }
        }
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let transport = &connection.transport;
        if connection.is_open() && transport.is_closing() && transport.output_len() == 0 {
            self.finish(env, id);
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

    /// All is written and the protocol wants no more: FIN, and then wait for the peer's.
    fn finish(&mut self, env: &mut Env, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let Some(end) = connection.end else {
            return;
        };
        connection.watch.finished(env);
        let now = env.agenda.now();
        env.trace.note(now, Tag::Finish, self.index as u64, u64::from(id.slot), b"");
        env.net.finish(end, &mut env.agenda, &mut env.random);
        if connection.ended {
            self.lose(id, Lost::Closed);
        } else {
            connection.phase = Phase::Lingering { until: self.now.monotonic + limits::LINGER_MAX };
        }
    }
}
