//! The end of a turn: writing what was touched, and the ends of connections.

use super::super::env::Env;
use super::super::trace::Tag;
use super::super::watch::Standing;
use super::Machine;
use super::connection::Phase;
use super::turn::broken;
use herd::limits;
use herd::transport::{ConnectionId, Lost, Protocol, Resume};
use std::mem;

impl Machine {
    /// Writes every connection that was touched, those first that asked to go first.
    pub(super) fn write(&mut self, env: &mut Env) {
        let touched = mem::take(&mut self.touched);
        for first in if env.planted.writes_links_last() { [false, true] } else { [true, false] } {
            if !first {
                self.check_links(env);
            }
            for &id in &touched {
                if self.slots.find(id).is_some_and(|c| c.transport.is_first() == first) {
                    self.write_all_of(env, id);
                }
            }
        }
        // Whoever was called meanwhile has been written.
        self.touched.clear();
    }

    /// Looks at the links before anybody else is written; nothing makes more for them in this turn.
    fn check_links(&mut self, env: &mut Env) {
        let all = mem::take(&mut env.acknowledged);
        let (own, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(machine, _)| *machine == self.index);
        env.acknowledged = others;
        let Some(node) = &self.node else {
            return;
        };
        let head = node.positions().head();
        for (id, told) in node.links_sent_up_to() {
            if let Some(connection) = self.slots.find(id).filter(|c| c.is_open())
                && !connection.transport.is_ending()
                && let Some(link) = connection.watch.as_link_mut()
            {
                let waits = connection.transport.output_len();
                let takes_more = connection.writable;
                let standing = Standing { told, head, waits, takes_more };
                link.turn_ends(env, self.index, standing, node, &own);
            }
        }
    }

    /// Writes a connection, and again as long as it may go on at once.
    fn write_all_of(&mut self, env: &mut Env, id: ConnectionId) {
        for round in 1.. {
            match self.write_one(env, id) {
                None => return,
                Some(Resume::Now) if round < limits::FIRST_WRITES_PER_TURN_MAX => {
                    if !self.is_left_asleep(env, id) {
                        self.call(env, id, |protocol, cx| protocol.resume_writing(cx));
                    }
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
    fn write_one(&mut self, env: &mut Env, id: ConnectionId) -> Option<Resume> {
        let connection = self.slots.find(id)?;
        connection.touched = false;
        if connection.is_open() && connection.transport.is_aborted() {
            self.lose(id, Lost::Aborted);
            return None;
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
        let connection = self.slots.find(id)?;
        let transport = &connection.transport;
        if connection.is_open() && transport.is_closing() && transport.output_len() == 0 {
            self.finish(env, id);
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
