//! One turn of the loop (its steps are listed in the [module's docs](super)).

use super::connection::{Connection, Phase};
use super::slots::{id_of, token_of};
use super::stream::{MayHoldMore, Stream, Taken};
use super::{FIRST_LISTENER_TOKEN, RESOLVER_TOKEN, Reactor, SIGNALS_TOKEN};
use crate::limits;
use crate::transport::{Action, Application, ConnectionId, Context, Lost, Protocol, Transport};
use mio::net::TcpStream;
use mio::{Events, Interest};
use rustls::{Connection as Session, ServerConnection};
use std::iter;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

impl<A: Application> Reactor<A> {
    pub(super) fn turn(&mut self, app: &mut A, events: &Events) {
        self.note(app, events);
        self.accept(app);
        self.read(app);
        self.fire_timers(app);
        self.settle(app);
        app.turn_ended(self.now);
        self.settle(app);
        self.write(app);
        self.settle(app);
    }

    /// Takes the events over into cached readiness.
    fn note(&mut self, app: &mut A, events: &Events) {
        for event in events {
            match event.token() {
                RESOLVER_TOKEN => self.take_resolved(),
                SIGNALS_TOKEN => self.take_signals(app),
                token if token.0 > FIRST_LISTENER_TOKEN - self.listeners.len() => {
                    self.listeners[FIRST_LISTENER_TOKEN - token.0].ready = true;
                }
                token => {
                    // The connection may have gone after the kernel noted the event.
                    if let Some(connection) = self.slots.find(id_of(token)) {
                        connection.readiness.add(event);
                        self.queue(id_of(token));
                    }
                }
            }
        }
        for id in mem::take(&mut self.drained) {
            self.call(app, id, |protocol, cx| protocol.resume_writing(cx));
        }
    }

    /// Puts a connection on the list of those that are looked at in the next reading.
    pub(super) fn queue(&mut self, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        if connection.queued {
            return;
        }
        connection.queued = true;
        if connection.transport.is_first() {
            self.ready_first.push(id);
        } else {
            self.ready.push(id);
        }
    }

    /// Puts a connection on the list of those that are written at the end of the turn.
    pub(super) fn touch(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id)
            && !connection.touched
        {
            connection.touched = true;
            self.touched.push(id);
        }
    }

    /// Runs a callback of an open connection.
    pub(super) fn call(
        &mut self,
        app: &mut A,
        id: ConnectionId,
        callback: impl FnOnce(&mut A::Protocol, &mut Context<'_, A>),
    ) {
        let Some(connection) = self.slots.find(id).filter(|c| c.is_open()) else {
            return;
        };
        connection.transport.lend(&mut self.spare);
        let transport = &mut connection.transport;
        callback(&mut connection.protocol, &mut Context { app, transport, now: self.now });
        self.touch(id);
    }

    /// From here on only `connection_lost` is called. The first cause stands.
    pub(super) fn lose(&mut self, id: ConnectionId, cause: Lost) {
        if let Some(connection) = self.slots.find(id)
            && !connection.losing
        {
            connection.losing = true;
            self.lost.push((id, cause));
        }
    }

    fn accept(&mut self, app: &mut A) {
        let now = self.now.monotonic;
        for index in 0..self.listeners.len() {
            for _ in 0..limits::ACCEPTS_PER_TURN {
                let listener = &mut self.listeners[index];
                if !listener.can_accept(now) {
                    break;
                }
                let Some((socket, peer)) = listener.accept(now) else {
                    break;
                };
                self.add_accepted(app, index, socket, peer);
            }
        }
    }

    fn add_accepted(&mut self, app: &mut A, index: usize, socket: TcpStream, peer: SocketAddr) {
        let (stream, phase) = match &self.listeners[index].tls {
            None => (Stream::Plain(socket), Phase::Open),
            Some(config) => match ServerConnection::new(Arc::clone(config)) {
                Ok(session) => {
                    let deadline = self.now.monotonic + limits::HANDSHAKE_TIMEOUT;
                    let stream = Stream::tls(socket, Session::Server(session));
                    (stream, Phase::Handshaking { deadline })
                }
                Err(error) => {
                    log::error!("{peer} is turned away: no TLS session: {error}");
                    self.listeners[index].count_closed();
                    return;
                }
            },
        };
        let protocol = app.accepted(index, peer);
        let id = self
            .slots
            .insert(|id| Connection::new(Transport::new(id), protocol, phase, Some(stream)));
        if let Some(connection) = self.slots.find(id) {
            connection.listener = u16::try_from(index).ok();
        }
        if self.register(id) {
            self.open(app, id);
        }
        self.arm(id);
    }

    /// The connection is up, if its phase says so.
    pub(super) fn open(&mut self, app: &mut A, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id).filter(|c| c.is_open()) {
            // A new socket takes output; the kernel will say when it does not.
            connection.readiness.writable = true;
            self.call(app, id, |protocol, cx| protocol.connection_made(cx));
            if let Some(connection) = self.slots.find(id).filter(|c| c.transport.sends_late())
                && let Some(Err(error)) = connection.stream.as_mut().map(Stream::send_late)
            {
                log::debug!("{id}: the system holds what it likes: {error}");
            }
        }
    }

    /// Registers the connection's new socket with the poll; false if that failed and the
    /// connection is being lost.
    pub(super) fn register(&mut self, id: ConnectionId) -> bool {
        let Some(stream) = self.slots.find(id).and_then(|c| c.stream.as_mut()) else {
            return false;
        };
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(stream.socket(), token_of(id), interest) {
            self.lose(id, Lost::Io(error));
            return false;
        }
        true
    }

    fn read(&mut self, app: &mut A) {
        for id in mem::take(&mut self.ready_first) {
            self.advance(app, id);
        }
        for id in mem::take(&mut self.ready) {
            self.advance(app, id);
        }
    }

    /// Does what a connection's readiness allows.
    fn advance(&mut self, app: &mut A, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.queued = false;
        match connection.phase {
            Phase::Dialling(_) => self.advance_dial(app, id),
            Phase::Handshaking { .. } => self.advance_handshake(app, id),
            Phase::Open | Phase::Lingering { .. } => {}
        }
        self.read_one(app, id);
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let deaf = connection.ended || !connection.transport.wants_data();
        if connection.is_open() && connection.readiness.error && deaf {
            // Nobody will read the error out of the socket: it is reset, and no more can be sent.
            let error = connection.stream.as_mut().and_then(|s| s.socket().take_error().ok());
            if let Some(error) = error.flatten() {
                self.lose(id, Lost::Io(error));
            }
        }
        // Output may have waited for the socket to become writable.
        self.touch(id);
    }

    fn read_one(&mut self, app: &mut A, id: ConnectionId) {
        let first = self.slots.find(id).is_some_and(|c| c.transport.is_first());
        let mut budget =
            if first { limits::READ_BUDGET_FIRST_BYTES } else { limits::READ_BUDGET_BYTES };
        while budget > 0 {
            let Some(connection) = self.slots.find(id).filter(|c| c.can_read()) else {
                return;
            };
            let Some(stream) = connection.stream.as_mut() else {
                return;
            };
            match stream.read(&mut self.buffer[..budget]) {
                Ok(Taken::Nothing) => connection.readiness.readable = false,
                Ok(Taken::End) => {
                    connection.readiness.readable = false;
                    connection.ended = true;
                    if matches!(connection.phase, Phase::Lingering { .. }) {
                        self.lose(id, Lost::Closed);
                    }
                    self.call(app, id, |protocol, cx| protocol.eof_received(cx));
                }
                Ok(Taken::Bytes(count, more)) => {
                    budget -= count;
                    if more == MayHoldMore::No && !connection.readiness.read_closed {
                        connection.readiness.readable = false;
                    }
                    self.deliver(app, id, count);
                }
                Err(broken) => {
                    connection.readiness.readable = false;
                    self.lose(id, broken.into());
                }
            }
        }
        self.queue(id);
    }

    /// Hands the first `count` bytes of the buffer to the protocol, unless it is past listening.
    fn deliver(&mut self, app: &mut A, id: ConnectionId, count: usize) {
        let Some(connection) = self.slots.find(id).filter(|c| c.is_open()) else {
            return;
        };
        connection.transport.lend(&mut self.spare);
        let transport = &mut connection.transport;
        let mut cx = Context { app, transport, now: self.now };
        connection.protocol.data_received(&mut cx, &self.buffer[..count]);
    }

    fn fire_timers(&mut self, app: &mut A) {
        let now = self.now.monotonic;
        while let Some(id) = self.timers.pop_due(now) {
            let Some(connection) = self.slots.find(id) else {
                continue;
            };
            connection.armed = None;
            // A timer stands for the deadline of the phase, since whoever changes either arms it anew;
            // only an open connection has two of them.
            match connection.phase {
                Phase::Dialling(_) => self.dial_timed_out(id),
                Phase::Handshaking { .. } => {
                    self.lose(id, Lost::Tls("no handshake in time".to_owned()));
                }
                Phase::Lingering { .. } => self.lose(id, Lost::Closed),
                Phase::Open => {
                    if connection.transport.stalls_at().is_some_and(|at| at <= now) {
                        self.lose(id, Lost::Stalled);
                    } else if connection.transport.take_due_timer(now) {
                        self.call(app, id, |protocol, cx| protocol.timer_expired(cx));
                    }
                }
            }
            self.arm(id);
        }
        if app.deadline().is_some_and(|at| at <= now) {
            app.timer_expired(self.now);
        }
    }

    /// Brings the connection's entry in the timers up to date.
    pub(super) fn arm(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id) {
            let deadline = if connection.losing { None } else { connection.deadline() };
            if deadline != connection.armed {
                self.timers.change(id, connection.armed, deadline);
                connection.armed = deadline;
            }
        }
    }

    /// Tells protocols of their loss and does what the application asks, until neither is left or
    /// the turn has done enough.
    pub(super) fn settle(&mut self, app: &mut A) {
        let mut asked = Vec::new();
        for _ in 0..limits::ACTION_ROUNDS_PER_TURN {
            let mut quiet = self.lost.is_empty();
            for (id, cause) in mem::take(&mut self.lost) {
                self.bury(app, id, &cause);
            }
            // What is asked for while these are done belongs to the next round.
            asked.extend(iter::from_fn(|| app.next_action()));
            quiet &= asked.is_empty();
            for action in asked.drain(..) {
                match action {
                    Action::Dial { endpoint, protocol, timeout } => {
                        self.dial(endpoint, protocol, timeout);
                    }
                    Action::Wake(id) => self.call(app, id, |protocol, cx| protocol.woken(cx)),
                    Action::Stop => self.stop(app),
                }
            }
            if quiet {
                self.unsettled = false;
                return;
            }
        }
        self.unsettled = true;
    }

    fn bury(&mut self, app: &mut A, id: ConnectionId, cause: &Lost) {
        if let Some(connection) = self.slots.find(id) {
            connection.transport.abort();
            connection.transport.drop_output();
            let transport = &mut connection.transport;
            let mut cx = Context { app, transport, now: self.now };
            connection.protocol.connection_lost(&mut cx, cause);
        }
        if let Some(connection) = self.slots.remove(id) {
            self.timers.change(id, connection.armed, None);
            // At a stop the listeners go first.
            if let Some(listener) = connection.listener.map(usize::from)
                && let Some(listener) = self.listeners.get_mut(listener)
            {
                listener.count_closed();
            }
            // Closing the descriptor takes it out of the poll, too.
        }
    }
}
