//! One turn (its steps are listed in the [module's docs](super)).

use super::connection::{Connection, Phase};
use super::{Accepted, DriverOf, Planted, Progress, World};
use crate::fault::fault;
use crate::limits;
use crate::transport::{
    Application, ConnectionId, Context, DriverSide, Lost, PeerInfo, Protocol, Transport,
};
use std::mem;

/// A turn of a driver: its application and its world are there for as long as it takes.
pub(super) struct Turn<'t, A: Application, W: World> {
    pub driver: &'t mut DriverOf<A, W>,
    pub app: &'t mut A,
    pub world: &'t mut W,
    /// How many of those who were accepted may go on with their handshake.
    pub handshakes_left: usize,
}

impl<A: Application, W: World> Turn<'_, A, W> {
    pub fn take(&mut self) {
        self.app.turn_begun(self.driver.now);
        self.note();
        self.accept();
        self.read();
        self.fire_timers();
        self.go_on_stopping();
        self.settle();
        self.app.turn_ended(self.driver.now, &self.driver.meters);
        self.settle_end();
        self.write();
        self.settle();
    }

    /// Tells the application of signals and files, and calls `resume_writing` where it is due.
    fn note(&mut self) {
        let now = self.driver.now;
        for signal in mem::take(&mut self.driver.signals) {
            self.app.signalled(signal, now);
        }
        for (file, event) in mem::take(&mut self.driver.file_events) {
            self.app.file_event(file, event, now);
        }
        let mut to_resume = mem::take(&mut self.driver.to_resume);
        for &id in &to_resume {
            self.call(id, |protocol, cx| protocol.resume_writing(cx));
        }
        to_resume.clear();
        self.driver.to_resume = to_resume;
    }

    /// Runs a callback of an open connection.
    pub fn call(
        &mut self,
        id: ConnectionId,
        callback: impl FnOnce(&mut A::Protocol, &mut Context<'_, A>),
    ) {
        let Some(connection) = self.driver.slots.find(id).filter(|c| c.is_open()) else {
            return;
        };
        connection.transport.lend(&mut self.driver.spare);
        let transport = &mut connection.transport;
        let mut cx = Context { app: self.app, transport, now: self.driver.now };
        callback(&mut connection.protocol, &mut cx);
        self.driver.touch(id);
    }

    fn accept(&mut self) {
        (0..self.driver.listeners.len()).for_each(|place| self.accept_at(place));
    }

    /// Accepts those who wait at that listener, as far as a turn does.
    pub fn accept_at(&mut self, place: usize) {
        let now = self.driver.now.monotonic;
        for _ in 0..limits::ACCEPTS_PER_TURN {
            if !self.driver.listeners[place].can_accept(now) {
                break;
            }
            let id = self.driver.slots.next_id();
            match self.world.accept(place, id, now) {
                Ok(Some(accepted)) => self.add_accepted(place, id, accepted),
                Ok(None) => self.driver.listeners[place].ready = false,
                Err(error) => self.driver.listeners[place].pause(now, &error),
            }
        }
    }

    fn add_accepted(&mut self, place: usize, id: ConnectionId, accepted: Accepted<W::Socket>) {
        let Accepted { socket, address, progress } = accepted;
        let listener = &mut self.driver.listeners[place];
        listener.count_accepted(self.driver.now.monotonic);
        self.driver.meters.accepted += 1;
        let protocol = self.app.accepted(listener.name, address, self.driver.now);
        let phase = Phase::ComingUp { until: self.driver.now.monotonic };
        let transport = Transport::new(id);
        let is_pending = matches!(progress, Progress::Pending(_));
        let turns_away = is_pending && protocol.turns_away();
        let mut connection = Connection::new(transport, protocol, phase, Some(socket));
        connection.listener = u16::try_from(place).ok();
        self.driver.slots.insert(id, connection);
        if turns_away {
            self.driver.lose(id, Lost::Aborted);
            return;
        }
        if is_pending
            && let Some(oldest) = self.driver.listeners[place].is_coming_up(id, address.ip())
        {
            self.driver.lose(oldest, Lost::Tls("it makes room for others".to_owned()));
        }
        self.progressed(id, Ok(progress));
    }

    /// Goes on with a connection that is coming up.
    pub fn advance(&mut self, id: ConnectionId) {
        let now = self.driver.now.monotonic;
        let Some(connection) = self.driver.slots.find(id).filter(|c| !c.losing) else {
            return;
        };
        let Some(socket) = connection.socket.as_mut() else {
            fault!("{id} is coming up without a socket");
            self.driver.lose(id, Lost::Aborted);
            return;
        };
        let progress = self.world.advance(id, socket, now);
        // What came with the end of a handshake has no event of its own any more.
        connection.readiness.readable = true;
        self.progressed(id, progress);
    }

    /// A connection that is coming up has come so far.
    pub fn progressed(&mut self, id: ConnectionId, progress: Result<Progress, Lost>) {
        match progress {
            Ok(Progress::Pending(until)) => {
                if let Some(connection) = self.driver.slots.find(id) {
                    connection.phase = Phase::ComingUp { until };
                }
            }
            Ok(Progress::Up(peer)) => self.open(id, &peer),
            Err(cause) => self.driver.lose(id, cause),
        }
        self.driver.arm(id);
    }

    /// The connection is up.
    fn open(&mut self, id: ConnectionId, peer: &PeerInfo) {
        if let Some(connection) = self.driver.slots.find(id).filter(|c| !c.losing) {
            connection.phase = Phase::Open;
            if let Some(listener) = connection.listener {
                self.driver.listeners[usize::from(listener)].is_up(id);
            }
            // A new socket takes output; the world will say when it does not.
            connection.readiness.writable = true;
            self.call(id, |protocol, cx| protocol.connection_made(cx, peer));
            if let Some(connection) = self.driver.slots.find(id)
                && connection.transport.limits_unsent()
                && let Some(socket) = &mut connection.socket
            {
                self.world.limit_unsent(id, socket);
            }
            // What comes up behind a stop is told of it, too.
            match self.driver.slots.find(id).map(|connection| connection.listener) {
                Some(Some(_)) if self.driver.is_stopping() => self.driver.hear_out(id),
                Some(None) if self.driver.drained => self.tell(id),
                _ => {}
            }
        }
    }

    fn fire_timers(&mut self) {
        let (now, stopping) = (self.driver.now.monotonic, self.driver.stopping);
        // A timer that is set in a callback is for the next turn at the earliest, whatever its time.
        for id in self.driver.timers.take_due(now) {
            let Some(connection) = self.driver.slots.find(id) else {
                fault!("a timer of {id} is left over");
                continue;
            };
            connection.armed = None;
            // A timer stands for the deadline of the phase, since whoever changes either arms it
            // anew; only an open connection has two of them.
            match connection.phase {
                Phase::ComingUp { .. } => {
                    self.advance(id);
                    self.driver.queue(id);
                    self.lose_if_late(id);
                }
                Phase::Lingering { .. } => self.driver.lose(id, Lost::Closed),
                Phase::Open if connection.stalls_at(stopping).is_some_and(|at| at <= now) => {
                    self.driver.lose(id, Lost::Stalled);
                }
                Phase::Open if connection.times_out_at(stopping).is_some_and(|at| at <= now) => {
                    match connection.told {
                        true => self.driver.lose(id, Lost::Aborted),
                        false => self.tell(id),
                    }
                }
                Phase::Open => {
                    if connection.transport.take_due_timer(now) {
                        self.call(id, |protocol, cx| protocol.timer_expired(cx));
                        if self.driver.errs_by(Planted::TimerFiresTwice) {
                            self.call(id, |protocol, cx| protocol.timer_expired(cx));
                        }
                    }
                }
            }
            self.driver.arm(id);
        }
        if self.app.deadline().is_some_and(|at| at <= now) {
            self.app.timer_expired(self.driver.now);
        }
    }
}
