//! What the application asks for, and losses, until neither is left.

use super::connection::{Connection, Phase};
use super::turn::Turn;
use super::{Progress, World};
use crate::fault::fault;
use crate::limits;
use crate::transport::{
    Action, Application, ConnectionId, Context, DriverSide, Endpoint, Lost, Protocol, TlsProfile,
    Transport,
};
use std::io;
use std::iter;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

impl<A: Application, W: World> Turn<'_, A, W> {
    /// Tells protocols of their loss and does what the application asks, until neither is left or
    /// the turn has done enough.
    pub fn settle(&mut self) {
        let mut asked = mem::take(&mut self.driver.deferred);
        for _ in 0..limits::ACTION_ROUNDS_PER_TURN {
            let mut quiet = self.driver.lost.is_empty();
            self.notify_losses();
            // What is asked for while these are done belongs to the next round.
            asked.extend(iter::from_fn(|| self.app.next_action()));
            quiet &= asked.is_empty();
            asked.drain(..).for_each(|action| self.act(action));
            if quiet {
                self.driver.unsettled = false;
                return;
            }
        }
        self.driver.unsettled = true;
        // Or they would be done after the end of the turn, of which others have been told.
        self.driver.deferred.extend(iter::from_fn(|| self.app.next_action()));
    }

    /// Does what the application asks for at the end of the turn, and nothing that was left over
    /// before: whoever does that may take in more, of which the end has not been told.
    pub fn settle_end(&mut self) {
        let deferred = mem::take(&mut self.driver.deferred);
        let unsettled = self.driver.unsettled;
        self.settle();
        self.driver.deferred.splice(..0, deferred);
        self.driver.unsettled |= unsettled;
    }

    fn act(&mut self, action: Action<A::Protocol, A::Listener>) {
        match action {
            Action::Dial { endpoint, protocol, timeout } => self.dial(&endpoint, protocol, timeout),
            Action::Wake(id) => self.call(id, |protocol, cx| protocol.woken(cx)),
            Action::Listen { listener, address, tls } => self.listen(listener, address, tls),
            Action::StopListening(listener) => self.stop_listening(|name| *name == listener),
            Action::File(file, request) => {
                if let Some(event) = self.world.file(file, request) {
                    self.app.file_event(file, event, self.driver.now);
                }
            }
            Action::Stop => self.stop(),
        }
    }

    /// Starts to connect; the protocol hears of any failure by `connection_lost`.
    fn dial(&mut self, endpoint: &Endpoint, protocol: A::Protocol, timeout: Duration) {
        let now = self.driver.now.monotonic;
        self.driver.meters.dialled += 1;
        let id = self.driver.slots.next_id();
        let (socket, progress) = match self.world.dial(id, endpoint, timeout, now) {
            Ok((socket, until)) => (Some(socket), Ok(Progress::Pending(until))),
            Err(cause) => (None, Err(cause)),
        };
        let phase = Phase::ComingUp { until: now };
        let connection = Connection::new(Transport::new(id), protocol, phase, socket);
        self.driver.slots.insert(id, connection);
        self.progressed(id, progress);
    }

    fn listen(&mut self, listener: A::Listener, address: SocketAddr, tls: Option<TlsProfile>) {
        let outcome = match self.driver.stopping {
            None => self.driver.listen(self.world, listener, address, tls),
            Some(_) => Err(io::Error::other("the server stops")),
        };
        self.app.listening(listener, outcome);
    }

    pub fn stop_listening(&mut self, which: impl Fn(&A::Listener) -> bool) {
        for (place, listener) in self.driver.listeners.iter_mut().enumerate() {
            if listener.open && which(&listener.name) {
                listener.open = false;
                self.world.stop_listening(place);
            }
        }
    }

    /// Tells protocols of their loss.
    pub fn notify_losses(&mut self) {
        for (id, cause) in mem::take(&mut self.driver.lost) {
            self.notify_lost(id, &cause);
        }
    }

    /// The last callback of a connection; then its slot is free.
    fn notify_lost(&mut self, id: ConnectionId, cause: &Lost) {
        let Some(connection) = self.driver.slots.find(id) else {
            fault!("{id} is lost twice");
            return;
        };
        connection.transport.abort();
        connection.transport.drop_output();
        let transport = &mut connection.transport;
        let mut cx = Context { app: self.app, transport, now: self.driver.now };
        connection.protocol.connection_lost(&mut cx, cause);
        let Some(connection) = self.driver.slots.remove(id) else {
            fault!("{id} is gone while it is told of its loss");
            return;
        };
        self.driver.timers.change(id, connection.armed, None);
        if let Some(listener) = connection.listener {
            self.driver.listeners[usize::from(listener)].is_up(id);
            self.driver.listeners[usize::from(listener)].count_closed();
        }
        if let Some(socket) = connection.socket {
            self.world.close(id, socket);
        }
    }
}
