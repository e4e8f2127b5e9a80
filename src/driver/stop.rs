//! A clean stop, in two steps. First those who connected to us: who waits to be accepted is accepted, all
//! that had come is delivered, and then each is told. When none of them is left, those whom we dialled are
//! told, who may be owed what the others said last. The second time that a stop is asked for, all are cut.

use super::connection::Phase;
use super::turn::Turn;
use super::{Driver, World};
use crate::limits;
use crate::transport::{Application, ConnectionId, Lost, Monotonic, Protocol};

impl<P, L: Copy + Eq, S> Driver<P, L, S> {
    /// Whether the process is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Whether a stop has come to its end: no connection is left, or they have had their time.
    pub fn has_stopped(&self) -> bool {
        self.stopping.is_some_and(|since| {
            let is_over = self.now.monotonic.since(since) >= limits::STOP_GRACE;
            is_over || self.slots.len() == 0 && !self.is_listening()
        })
    }

    fn is_listening(&self) -> bool {
        self.listeners.iter().any(|listener| listener.open)
    }

    /// Whether those whom we dialled are to be told: nobody else is left.
    pub(super) fn is_to_be_drained(&self) -> bool {
        let is_empty = || self.listeners.iter().all(|known| !known.open && known.connections == 0);
        self.is_stopping() && !self.drained && is_empty()
    }

    /// When a stop has something to do that no connection's timer stands for.
    pub(super) fn stop_deadline(&self) -> Option<Monotonic> {
        let since = self.stopping?;
        let now = self.now.monotonic;
        let closing = self.listeners.iter().filter_map(|known| known.closes_at(since, now)).min();
        Some(closing.unwrap_or(since + limits::STOP_GRACE))
    }

    /// Has a connection read, whatever the world has said of it: it is told of the stop when nothing is
    /// left.
    pub(super) fn hear_out(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id) {
            connection.readiness.readable = !connection.ended;
            self.queue(id);
        }
    }
}

impl<A: Application, W: World> Turn<'_, A, W> {
    /// Begins to stop; the second time cuts everybody.
    pub fn stop(&mut self) {
        if self.driver.is_stopping() {
            log::warn!("stopping at once");
            self.stop_listening(|_| true);
            self.cut_all();
            return;
        }
        let now = self.driver.now;
        self.driver.stopping = Some(now.monotonic);
        self.app.stopping(now);
        self.hold_off();
        for id in self.driver.slots.ids() {
            let Some(connection) = self.driver.slots.find(id) else { continue };
            match connection.phase {
                Phase::Lingering { until } => self.stop_lingering(id, until),
                Phase::Open if connection.listener.is_some() => self.driver.hear_out(id),
                Phase::Open | Phase::ComingUp { .. } => {}
            }
            self.driver.arm(id);
        }
    }

    /// Goes on with a stop, if there is one: closes listeners where nobody waits any more, and tells those
    /// whom we dialled when nobody else is left.
    pub fn go_on_stopping(&mut self) {
        let (now, Some(since)) = (self.driver.now.monotonic, self.driver.stopping) else { return };
        for place in 0..self.driver.listeners.len() {
            if self.driver.listeners[place].closes(since, now) {
                // Who has come since is the last.
                self.driver.listeners[place].ready = true;
                self.accept_at(place);
                self.driver.listeners[place].open = false;
                self.world.stop_listening(place);
            }
        }
        if self.driver.is_to_be_drained() {
            self.driver.drained = true;
            for id in self.driver.slots.ids() {
                match self.driver.slots.find(id).map(|connection| connection.phase) {
                    Some(Phase::ComingUp { .. }) => self.driver.lose(id, Lost::Aborted),
                    Some(Phase::Open) => self.tell(id),
                    Some(Phase::Lingering { .. }) | None => {}
                }
            }
        }
    }

    /// Tells a connection that the server stops, if all that had come on it has been delivered.
    pub fn tell_if_heard_out(&mut self, id: ConnectionId) {
        if self.driver.is_stopping()
            && let Some(connection) = self.driver.slots.find(id)
            && connection.listener.is_some()
            && !connection.told
            && connection.is_open()
            && connection.is_heard_out()
        {
            self.tell(id);
        }
    }

    /// Tells a connection that the server stops.
    pub fn tell(&mut self, id: ConnectionId) {
        if let Some(connection) = self.driver.slots.find(id) {
            connection.told = true;
            self.call(id, |protocol, cx| protocol.stopping(cx));
        }
    }

    /// One that has not come up in the time that a stop leaves for that will not.
    pub fn lose_if_late(&mut self, id: ConnectionId) {
        let (now, stopping) = (self.driver.now.monotonic, self.driver.stopping);
        if let Some(connection) = self.driver.slots.find(id)
            && matches!(connection.phase, Phase::ComingUp { .. })
            && connection.times_out_at(stopping).is_some_and(|at| at <= now)
        {
            self.driver.lose(id, Lost::Aborted);
        }
    }

    /// Has nobody come to our listeners any more. Where another has the socket, who waits is left to it.
    fn hold_off(&mut self) {
        for (place, listener) in self.driver.listeners.iter_mut().enumerate() {
            if !listener.open {
                continue;
            }
            if self.world.hold_off(place) {
                listener.ready = true;
            } else {
                listener.open = false;
                self.world.stop_listening(place);
            }
        }
    }

    /// All is said, and the server stops: only who still sends is waited for, and not for long.
    fn stop_lingering(&mut self, id: ConnectionId, until: Monotonic) {
        if self.empty(id) {
            self.driver.lose(id, Lost::Closed);
        } else if let Some(connection) = self.driver.slots.find(id) {
            let most = self.driver.now.monotonic + limits::STOP_STALL_MAX;
            connection.phase = Phase::Lingering { until: until.min(most) };
            self.driver.touch(id);
        }
    }

    /// Loses all connections that are left.
    pub fn cut_all(&mut self) {
        for id in self.driver.slots.ids() {
            self.driver.lose(id, Lost::Aborted);
        }
    }
}
