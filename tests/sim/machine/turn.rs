//! One turn: note, accept, read, timers, actions, the feed, writing, losses; in this order.

use super::super::agenda::Time;
use super::super::env::Env;
use super::super::net::Read;
use super::super::trace::Tag;
use super::super::watch::Seen;
use super::connection::Phase;
use super::{Machine, State};
use herd::limits;
use herd::node::{Conversation, Node};
use herd::transport::{Action, Application, ConnectionId, Context, DialStage, Lost, Protocol};
use std::io;
use std::iter;
use std::mem;
use std::net::Ipv4Addr;

impl Machine {
    /// Takes the turn that was planned for `at`; an outdated plan is passed over.
    pub fn turn(&mut self, env: &mut Env, at: Time) {
        if self.turn_at != Some(at) || self.state != State::Running {
            return;
        }
        self.turn_at = None;
        self.last_turn = at;
        self.turns += 1;
        self.read_clocks(env);
        env.trace.note(at, Tag::Turn, self.index as u64, self.turns, b"");
        self.begin_stop(env);
        for id in mem::take(&mut self.drained) {
            if !self.is_left_asleep(env, id) {
                self.call(env, id, |protocol, cx| protocol.resume_writing(cx));
            }
        }
        self.accept(env);
        for id in mem::take(&mut self.ready_first) {
            self.advance(env, id);
        }
        for id in mem::take(&mut self.ready) {
            self.advance(env, id);
        }
        self.fire_timers(env);
        self.settle(env);
        if let Some(node) = &mut self.node {
            node.turn_ended(self.now);
        }
        self.settle(env);
        self.write(env);
        self.settle(env);
        if let Some(node) = &self.node {
            env.checks.turn_ended(self.index, node);
        }
        self.end_stop(env);
        self.plan_next_turn(env);
    }

    /// Puts a connection on the list of those that are looked at in the next reading.
    pub(super) fn queue(&mut self, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        if mem::replace(&mut connection.queued, true) {
            return;
        }
        if connection.transport.is_first() {
            self.ready_first.push(id);
        } else {
            self.ready.push(id);
        }
    }

    /// Puts a connection on the list of those that are written at the end of the turn.
    pub(super) fn touch(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id)
            && !mem::replace(&mut connection.touched, true)
        {
            self.touched.push(id);
        }
    }

    /// Runs a callback of an open connection, and looks at what it did.
    pub(super) fn call(
        &mut self,
        env: &mut Env,
        id: ConnectionId,
        callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>),
    ) {
        let (Some(node), Some(connection)) = (&mut self.node, self.slots.find(id)) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let before = connection.transport.output_len();
        let seen = Seen { machine: self.index, life: self.life, now: self.now };
        connection.watch.before(env, &seen, node);
        connection.transport.lend(&mut self.spare);
        let transport = &mut connection.transport;
        callback(&mut connection.protocol, &mut Context { app: node, transport, now: self.now });
        let written = &connection.transport.output()[before..];
        if !written.is_empty() {
            let now = env.agenda.now();
            env.trace.note(now, Tag::Output, self.index as u64, u64::from(id.slot), written);
        }
        connection.watch.after(env, &seen, node, &connection.transport, before, connection.end);
        self.touch(id);
    }

    /// From here on only `connection_lost` is called. The first cause stands.
    pub(super) fn lose(&mut self, id: ConnectionId, cause: Lost) {
        if let Some(connection) = self.slots.find(id)
            && !mem::replace(&mut connection.losing, true)
        {
            self.lost.push((id, cause));
        }
    }

    /// Does what a connection's readiness allows.
    fn advance(&mut self, env: &mut Env, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.queued = false;
        if matches!(connection.phase, Phase::Dialling { .. }) {
            self.advance_dial(env, id);
        }
        self.read_one(env, id);
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let deaf = connection.ended || !connection.transport.wants_data();
        let reset = connection.end.is_some_and(|end| env.net.is_reset(end));
        if connection.is_open() && reset && deaf {
            // Nobody will read the error out of the socket.
            self.lose(id, broken());
        }
        self.touch(id);
    }

    fn read_one(&mut self, env: &mut Env, id: ConnectionId) {
        let first = self.slots.find(id).is_some_and(|c| c.transport.is_first());
        let mut budget =
            if first { limits::READ_BUDGET_FIRST_BYTES } else { limits::READ_BUDGET_BYTES };
        while budget > 0 {
            let Some(connection) = self.slots.find(id).filter(|c| c.can_read()) else {
                return;
            };
            let Some(end) = connection.end else {
                return;
            };
            let most = match env.net.is_whole(end) {
                true => budget,
                false => budget.min(env.random.magnitude(1, env.read_bytes_max) as usize),
            };
            let buffer = &mut self.buffer[..most];
            let read = env.net.read(end, buffer, &mut env.agenda, &mut env.random);
            let (now, who, which) = (env.agenda.now(), self.index as u64, u64::from(id.slot));
            match read {
                Read::Nothing => connection.readable = false,
                Read::End => {
                    env.trace.note(now, Tag::End, who, which, b"");
                    connection.readable = false;
                    connection.ended = true;
                    if matches!(connection.phase, Phase::Lingering { .. }) {
                        self.lose(id, Lost::Closed);
                    } else if connection.is_open() {
                        let seen = Seen { machine: self.index, life: self.life, now: self.now };
                        if let Some(node) = &self.node {
                            connection.watch.ended(env, &seen, node);
                        }
                        self.call(env, id, |protocol, cx| protocol.eof_received(cx));
                    }
                }
                Read::Bytes(count) => {
                    budget -= count;
                    env.trace.note(now, Tag::Read, who, which, &buffer[..count]);
                    self.deliver(env, id, count);
                }
                Read::Reset => {
                    env.trace.note(now, Tag::Broken, who, which, b"");
                    connection.readable = false;
                    self.lose(id, broken());
                }
            }
        }
        self.queue(id);
    }

    /// Hands the first `count` bytes of the buffer to the protocol, unless it is past listening.
    fn deliver(&mut self, env: &mut Env, id: ConnectionId, count: usize) {
        let (Some(connection), Some(node)) = (self.slots.find(id), &self.node) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let mut data = mem::take(&mut self.buffer);
        let seen = Seen { machine: self.index, life: self.life, now: self.now };
        let filtered = connection
            .filter
            .as_mut()
            .map(|filter| env.planted.pass(filter, &seen, node, &data[..count]));
        let bytes = filtered.as_deref().unwrap_or(&data[..count]);
        if !bytes.is_empty() {
            connection.watch.arrived(env, &seen, node, bytes);
            let misheard = connection.filter.as_mut().and_then(|f| env.planted.misheard(f, &seen));
            self.call(env, id, |protocol, cx| protocol.data_received(cx, bytes));
            if let Some(line) = misheard {
                self.call(env, id, |protocol, cx| protocol.data_received(cx, &line));
            }
        }
        mem::swap(&mut self.buffer, &mut data);
    }

    fn fire_timers(&mut self, env: &mut Env) {
        let now = self.now.monotonic;
        while let Some(&(at, id)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            let Some(connection) = self.slots.find(id) else {
                continue;
            };
            connection.armed = None;
            match connection.phase {
                Phase::Dialling { .. } => {
                    // Hosts have no addresses here.
                    let nowhere = (Ipv4Addr::UNSPECIFIED, 0).into();
                    self.lose(id, Lost::ConnectTimeout(DialStage::Connect(nowhere)));
                }
                Phase::Lingering { .. } => self.lose(id, Lost::Closed),
                Phase::Open => {
                    if connection.transport.stalls_at().is_some_and(|at| at <= now) {
                        self.lose(id, Lost::Stalled);
                    } else if connection.transport.take_due_timer(now) {
                        self.call(env, id, |protocol, cx| protocol.timer_expired(cx));
                    }
                }
            }
            self.arm(id);
        }
        if let Some(node) = &mut self.node
            && node.deadline().is_some_and(|at| at <= now)
        {
            node.timer_expired(self.now);
        }
    }

    /// Brings the connection's entry in the timers up to date.
    pub(super) fn arm(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id) {
            let deadline = if connection.losing { None } else { connection.deadline() };
            let armed = mem::replace(&mut connection.armed, deadline);
            if deadline != armed {
                armed.map(|at| self.timers.remove(&(at, id)));
                deadline.map(|at| self.timers.insert((at, id)));
            }
        }
    }

    /// Tells protocols of their loss and does what the application asks, until neither is left or
    /// the turn has done enough.
    fn settle(&mut self, env: &mut Env) {
        let mut asked = Vec::new();
        for _ in 0..limits::ACTION_ROUNDS_PER_TURN {
            let mut quiet = self.lost.is_empty();
            for (id, cause) in mem::take(&mut self.lost) {
                self.bury(env, id, &cause);
            }
            let node = self.node.as_mut();
            asked.extend(node.into_iter().flat_map(|node| iter::from_fn(|| node.next_action())));
            quiet &= asked.is_empty();
            for action in asked.drain(..) {
                match action {
                    Action::Dial { endpoint, protocol, timeout } => {
                        self.dial(env, &endpoint, protocol, timeout);
                    }
                    Action::Stop => unreachable!("a node never asks for it"),
                    Action::Wake(id) => {
                        if !self.is_left_asleep(env, id) {
                            self.call(env, id, |protocol, cx| protocol.woken(cx));
                        }
                    }
                }
            }
            self.unsettled = !quiet;
            if quiet {
                return;
            }
        }
    }

    /// Whether a planted bug keeps a link from walking on: once its output was full, or in every
    /// other turn.
    pub(super) fn is_left_asleep(&mut self, env: &Env, id: ConnectionId) -> bool {
        let in_this_turn = env.planted.walks_in_the_next_turn() && self.turns.is_multiple_of(2);
        (env.planted.forgets_to_walk() || in_this_turn)
            && self.slots.find(id).is_some_and(|connection| match connection.watch.as_link() {
                Some(link) => in_this_turn || link.full,
                None => false,
            })
    }

    fn bury(&mut self, env: &mut Env, id: ConnectionId, cause: &Lost) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let what = cause.to_string();
        let now = env.agenda.now();
        env.trace.note(now, Tag::Lost, self.index as u64, u64::from(id.slot), what.as_bytes());
        connection.transport.abort();
        connection.transport.drop_output();
        if let Some(node) = &mut self.node {
            let transport = &mut connection.transport;
            let mut cx = Context { app: node, transport, now: self.now };
            connection.protocol.connection_lost(&mut cx, cause);
        }
        if let Some(connection) = self.slots.remove(id) {
            connection.armed.map(|at| self.timers.remove(&(at, id)));
            if let Some(end) = connection.end {
                env.net.close(end, &mut env.agenda, &mut env.random);
            }
        }
    }
}

/// The connection was reset.
pub(super) fn broken() -> Lost {
    Lost::Io(io::Error::from(io::ErrorKind::ConnectionReset))
}
