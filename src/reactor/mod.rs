//! The reactor: a [driver](crate::driver) over mio: sockets, TLS sessions, the clocks, name look-ups, files and
//! signals, on one thread. It knows nothing of herds.
//!
//! Every socket is registered once for both directions, edge-triggered; what the kernel said is
//! cached by the driver until a call answers `WouldBlock`. Before each turn the loop sleeps until
//! an event or a deadline, or not at all if work is left over, and then reads both clocks, once.
//!
//! | file | what it is |
//! |---|---|
//! | `sockets` | the world of the driver: what it asks for, done with sockets |
//! | `stream` | a socket, plain or under TLS |
//! | `session`, `tls` | TLS sessions over any socket; TLS configurations |
//! | `dial`, `resolver` | connections on their way out: look-up, addresses, handshake |
//! | `handed_over` | listening sockets that whoever started the process has made |
//! | `listener`, `signals`, `clock`, `files` | what their names say |

mod clock;
mod dial;
mod files;
mod handed_over;
mod listener;
mod resolver;
mod session;
mod signals;
mod sockets;
mod stream;
mod tls;

pub use clock::system_microseconds;
pub use handed_over::{HandedOver, ListeningSocket};
pub use resolver::LookUp;
pub use session::{Broken, TlsSession};
pub use tls::{
    Authorities, ClientConfigSource, Identity, PeerNames, ServerTls, ServerTlsSource,
    UnusableIdentity, client_config, in_words, mutual_client_config, mutual_server_config,
    server_config,
};

use crate::driver::{DriverOf, Readiness};
use crate::limits;
use crate::transport::{Application, ConnectionId, Now, TlsProfile};
use clock::Clock;
use mio::event::Event;
use mio::{Events, Poll, Token, Waker};
use signals::Signals;
use sockets::Sockets;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Tokens above all those of connections, which are made of a slot and a generation.
const WAKER_TOKEN: Token = Token(usize::MAX);
const SIGNALS_TOKEN: Token = Token(usize::MAX - 1);
const FIRST_LISTENER_TOKEN: usize = usize::MAX - 2;
/// No more listeners than that: their tokens stay clear of those of connections.
const LISTENERS_MAX: usize = 1 << 16;

/// One thread's event loop for one application.
pub struct Reactor<A: Application> {
    poll: Poll,
    clock: Clock,
    driver: DriverOf<A, Sockets>,
    sockets: Sockets,
    signals: Signals,
    turns_timed: bool,
    /// How often at least the idle hook is called, if that is not only when something has happened.
    pulse: Option<Duration>,
}

impl<A: Application> Reactor<A> {
    /// A reactor without listeners.
    ///
    /// # Errors
    /// What the system says when it gives no poll, waker or signal handler.
    pub fn new() -> io::Result<Self> {
        Reactor::with_look_up(resolver::system())
    }

    /// The same with another way to find the addresses of a name than the system's. It is called on
    /// threads of its own.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn with_look_up(look_up: LookUp) -> io::Result<Self> {
        let poll = Poll::new()?;
        let clock = Clock::new();
        let waker = Arc::new(Waker::new(poll.registry(), WAKER_TOKEN)?);
        Ok(Reactor {
            driver: DriverOf::<A, Sockets>::new(clock.read()),
            clock,
            sockets: Sockets::new(poll.registry().try_clone()?, &waker, look_up),
            signals: Signals::new(poll.registry(), SIGNALS_TOKEN)?,
            poll,
            turns_timed: false,
            pulse: None,
        })
    }

    /// With which configuration endpoints of that profile are dialled; it is asked for each dial.
    pub fn set_client_tls(&mut self, profile: TlsProfile, source: ClientConfigSource) {
        self.sockets.set_client_tls(profile, source);
    }

    /// What is spoken where listeners of that profile accept; it is asked for each connection.
    pub fn set_server_tls(&mut self, profile: TlsProfile, source: ServerTlsSource) {
        self.sockets.set_server_tls(profile, source);
    }

    /// Listens on `address`, speaking TLS if a profile is given; returns the bound address.
    ///
    /// # Errors
    /// What the system says when the address cannot be bound.
    pub fn listen(
        &mut self,
        listener: A::Listener,
        address: SocketAddr,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        self.driver.listen(&mut self.sockets, listener, address, tls)
    }

    /// Listens on a socket that was handed over and listens already, speaking TLS if a profile is given;
    /// returns its address. When the application stops, it is closed here at once and never shut down: who
    /// waits there is served by whoever has it next.
    ///
    /// # Errors
    /// What the system says of the socket.
    pub fn listen_on(
        &mut self,
        listener: A::Listener,
        socket: ListeningSocket,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        let sockets = &mut self.sockets;
        self.driver.listen_at(listener, |place| sockets.adopt(place, socket.0, tls))
    }

    /// Bounds the connections accepted by a listener: further peers wait in the kernel's queue until
    /// one of them ends. So descriptors can be kept for others.
    pub fn set_connections_max(&mut self, listener: A::Listener, connections_max: usize) {
        self.driver.set_connections_max(listener, connections_max);
    }

    /// Has the meters tell how long the last and the longest turn were, for one more look at a clock a turn.
    pub fn time_turns(&mut self) {
        self.turns_timed = true;
    }

    /// Has the idle hook called so often at least, by the loop itself between its turns: who hears of it by
    /// that knows that the loop goes on.
    pub fn set_pulse(&mut self, pulse: Duration) {
        self.pulse = Some(pulse);
    }

    /// The time of the current turn.
    pub fn now(&self) -> Now {
        self.driver.now()
    }

    /// Runs until the application asks to stop, and then until all connections are gone, after
    /// [`STOP_GRACE`](limits::STOP_GRACE), or until it asks a second time. `on_idle` is called with
    /// the application and the time when the loop has had nothing to do for a moment, now and then when it
    /// always has, and when a stop begins and ends.
    ///
    /// # Errors
    /// What the system says when it cannot poll.
    pub fn run(&mut self, app: &mut A, mut on_idle: impl FnMut(&mut A, Now)) -> io::Result<()> {
        let mut events = Events::with_capacity(limits::EVENTS_PER_POLL);
        let mut now = self.driver.now();
        // Since when there has been something to do that the hook has not heard of, and when it was called.
        let mut busy_since = None;
        let mut called = now.monotonic;
        while !self.driver.has_stopped() {
            let pulse = self.pulse.map(|pulse| (called + pulse).since(now.monotonic));
            let soon = busy_since.map(|_| limits::IDLE_AFTER);
            let timeout = self.timeout(app, now).into_iter().chain(soon).chain(pulse).min();
            self.poll(&mut events, timeout)?;
            now = self.clock.read();
            let busy = !events.is_empty() || self.timeout(app, now) == Some(Duration::ZERO);
            let enough = |since| !busy || now.monotonic.since(since) >= limits::BUSY_MAX;
            let is_due = self.pulse.is_some_and(|pulse| now.monotonic.since(called) >= pulse);
            if busy_since.is_some_and(enough) || is_due {
                on_idle(app, now);
                (busy_since, called) = (None, now.monotonic);
            }
            if busy {
                busy_since = busy_since.or(Some(now.monotonic));
                let was_stopping = self.driver.is_stopping();
                self.turn(app, &mut events, now)?;
                if self.driver.is_stopping() && !was_stopping {
                    on_idle(app, now);
                }
            }
        }
        // Those who did not end in time are cut, and told so.
        self.driver.end(app, &mut self.sockets);
        on_idle(app, now);
        Ok(())
    }

    /// Sleeps until something happens. That it is interrupted is nothing.
    fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }

    fn turn(&mut self, app: &mut A, events: &mut Events, now: Now) -> io::Result<()> {
        self.note(events, now);
        // The kernel may know of more than it was asked for. All of it is read before timers are
        // looked at, or a peer would be timed out whose bytes already wait.
        for _ in 1..limits::POLLS_PER_TURN {
            if events.iter().count() < limits::EVENTS_PER_POLL {
                break;
            }
            self.poll(events, Some(Duration::ZERO))?;
            self.note(events, now);
        }
        self.driver.turn(app, &mut self.sockets, now);
        if self.turns_timed {
            let took = self.clock.read_monotonic().since(now.monotonic);
            self.driver.time_turn(took);
        }
        Ok(())
    }

    /// Tells the driver what has happened.
    fn note(&mut self, events: &Events, now: Now) {
        for event in events {
            match event.token() {
                WAKER_TOKEN => self.take_from_helpers(now),
                SIGNALS_TOKEN => {
                    self.signals.take().for_each(|signal| self.driver.signal(signal));
                }
                token if token.0 > FIRST_LISTENER_TOKEN - LISTENERS_MAX => {
                    self.driver.incoming(FIRST_LISTENER_TOKEN - token.0);
                }
                token => self.driver.ready(id_of(token), readiness_of(event)),
            }
        }
    }

    /// What helper threads have come back with.
    fn take_from_helpers(&mut self, now: Now) {
        for id in self.sockets.take_resolved(now.monotonic) {
            self.driver.ready(id, Readiness::default());
        }
        while let Some((file, event)) = self.sockets.take_file_event() {
            self.driver.file_event(file, event);
        }
    }

    /// How long the poll may sleep at that time.
    fn timeout(&self, app: &A, now: Now) -> Option<Duration> {
        if self.driver.has_work() {
            return Some(Duration::ZERO);
        }
        let deadline = self.driver.deadline().into_iter().chain(app.deadline()).min();
        deadline.map(|at| at.since(now.monotonic))
    }
}

fn readiness_of(event: &Event) -> Readiness {
    Readiness {
        readable: event.is_readable() || event.is_read_closed(),
        writable: event.is_writable() || event.is_write_closed(),
        read_closed: event.is_read_closed(),
        error: event.is_error(),
    }
}

/// The token under which a connection's socket is registered.
fn token_of(id: ConnectionId) -> Token {
    Token((id.generation as usize) << 32 | id.slot as usize)
}

/// The connection whose socket was registered under `token`.
fn id_of(token: Token) -> ConnectionId {
    ConnectionId { slot: token.0 as u32, generation: (token.0 >> 32) as u32 }
}

const _: () = assert!(usize::BITS == 64, "tokens hold a slot and a generation of 32 bits each");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_ids_are_the_same_thing() {
        let id = ConnectionId { slot: 7, generation: u32::MAX / 2 - 1 };
        assert_eq!(id_of(token_of(id)), id);
        let highest = token_of(ConnectionId { slot: u32::MAX, ..id });
        assert!(highest.0 < FIRST_LISTENER_TOKEN - LISTENERS_MAX);
    }
}
