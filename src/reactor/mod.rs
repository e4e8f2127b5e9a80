//! The reactor: mio, sockets, TLS sessions, timers, the clocks, name look-ups and signals, on one
//! thread. It drives the protocols of an [`Application`] by the law of callbacks that
//! [`transport`](crate::transport) lays down, and knows nothing of herds.
//!
//! # A turn
//!
//! 1. Sleep until an event, a deadline, or at once if work is left over.
//! 2. Read both clocks, once.
//! 3. Note the events: every socket is registered once for both directions, edge-triggered, and
//!    what the kernel said is cached until a call answers `WouldBlock`.
//! 4. Accept; then read every connection that can be read, those first that asked to go first,
//!    each within a byte budget (a smaller one for those that go first, since all others wait for
//!    them); what is left over goes on in the next turn.
//! 5. Timers. They come after the reads, so that a process that was stalled does not time out a
//!    peer whose bytes already wait.
//! 6. What the application asks for: dials and wakes.
//! 7. [`Application::turn_ended`], and what it asks for: here feeds are walked.
//! 8. Write each connection that was touched, once, those first that asked to go first.
//! 9. Free what is lost.

mod clock;
mod connection;
mod dial;
mod listener;
mod output;
mod resolver;
mod signals;
mod slots;
mod stop;
mod stream;
mod timers;
mod tls;
mod turn;

pub use resolver::LookUp;
pub use tls::{ClientConfigSource, client_config};

use crate::limits;
use crate::transport::{Application, ConnectionId, Lost, Monotonic, Now};
use clock::Clock;
use listener::{Listener, bind};
use mio::{Events, Interest, Poll, Token};
use resolver::Resolver;
use rustls::ServerConfig;
use signals::Signals;
use slots::Slots;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use timers::Timers;

/// Tokens above all those of connections (a slot and a generation, see [`slots`]).
const RESOLVER_TOKEN: Token = Token(usize::MAX);
const SIGNALS_TOKEN: Token = Token(usize::MAX - 1);
const FIRST_LISTENER_TOKEN: usize = usize::MAX - 2;

/// One thread's event loop for one application.
pub struct Reactor<A: Application> {
    poll: Poll,
    clock: Clock,
    now: Now,
    listeners: Vec<Listener>,
    slots: Slots<A::Protocol>,
    timers: Timers,
    resolver: Resolver,
    signals: Signals,
    tls: ClientConfigSource,
    /// Connections to be read, of those that go first and of the others.
    ready_first: Vec<ConnectionId>,
    ready: Vec<ConnectionId>,
    /// Connections to be written at the end of the turn.
    touched: Vec<ConnectionId>,
    /// Connections that are to go on writing in the next turn.
    drained: Vec<ConnectionId>,
    /// Connections whose `connection_lost` is due.
    lost: Vec<(ConnectionId, Lost)>,
    /// The application may have asked for more than a turn could do.
    unsettled: bool,
    /// Since when the process is being stopped.
    stopping: Option<Monotonic>,
    /// Every read goes here first; protocols keep what they do not consume.
    buffer: Box<[u8]>,
    /// Memory for output, lent to connections while they have any.
    spare: Vec<Vec<u8>>,
}

impl<A: Application> Reactor<A> {
    /// A reactor without listeners. `tls` gives the configuration with which TLS endpoints are
    /// dialled.
    ///
    /// # Errors
    /// What the system says when it gives no poll, waker or signal handler.
    pub fn new(tls: ClientConfigSource) -> io::Result<Self> {
        Reactor::with_look_up(tls, resolver::system())
    }

    /// The same with another way to find the addresses of a name than the system's. It is called on
    /// threads of its own.
    ///
    /// # Errors
    /// See [`new`](Self::new).
    pub fn with_look_up(tls: ClientConfigSource, look_up: LookUp) -> io::Result<Self> {
        let poll = Poll::new()?;
        let clock = Clock::new();
        Ok(Reactor {
            now: clock.read(),
            clock,
            listeners: Vec::new(),
            slots: Slots::default(),
            timers: Timers::default(),
            resolver: Resolver::new(poll.registry(), RESOLVER_TOKEN, look_up)?,
            signals: Signals::new(poll.registry(), SIGNALS_TOKEN)?,
            poll,
            tls,
            ready_first: Vec::new(),
            ready: Vec::new(),
            touched: Vec::new(),
            drained: Vec::new(),
            lost: Vec::new(),
            unsettled: true,
            stopping: None,
            buffer: vec![0; limits::READ_BUDGET_BYTES].into_boxed_slice(),
            spare: Vec::new(),
        })
    }

    /// Listens on `address`, speaking TLS if `tls` is given; returns the bound address. Listeners
    /// are numbered from 0 in the order of these calls.
    ///
    /// # Errors
    /// What the system says when the address cannot be bound.
    pub fn listen(
        &mut self,
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
    ) -> io::Result<SocketAddr> {
        let mut socket = bind(address)?;
        let token = Token(FIRST_LISTENER_TOKEN - self.listeners.len());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        let bound = socket.local_addr()?;
        self.listeners.push(Listener::new(socket, tls));
        Ok(bound)
    }

    /// Bounds the connections accepted by a listener: further peers wait in the kernel's queue until
    /// one of them ends. So descriptors can be kept for others.
    ///
    /// # Panics
    /// If there is no listener with that number.
    pub fn set_connections_max(&mut self, listener: usize, connections_max: usize) {
        self.listeners[listener].set_connections_max(connections_max);
    }

    /// The time of the current turn.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Runs until SIGINT or SIGTERM, then stops cleanly: accepts no more, tells every protocol,
    /// and ends when all connections are gone, after [`STOP_GRACE`](limits::STOP_GRACE), or at a
    /// second signal. `on_idle` is called with the application when the loop has had nothing to do
    /// for a moment, and now and then when it always has.
    ///
    /// # Errors
    /// What the system says when it cannot poll.
    pub fn run(&mut self, app: &mut A, mut on_idle: impl FnMut(&A)) -> io::Result<()> {
        let mut events = Events::with_capacity(limits::EVENTS_PER_TURN);
        // Since when there has been something to do that the hook has not heard of.
        let mut busy_since = None;
        while !self.has_stopped() {
            let mut timeout = self.timeout(app);
            if busy_since.is_some() {
                timeout = Some(timeout.map_or(limits::IDLE_AFTER, |t| t.min(limits::IDLE_AFTER)));
            }
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.now = self.clock.read();
            let now = self.now.monotonic;
            let busy = !events.is_empty() || self.timeout(app) == Some(Duration::ZERO);
            if busy_since.is_some_and(|since| !busy || now.since(since) >= limits::BUSY_MAX) {
                on_idle(app);
                busy_since = None;
            }
            if busy {
                busy_since = busy_since.or(Some(now));
                self.turn(app, &events);
            }
        }
        // Those who did not end in time are cut, and told so.
        for id in self.slots.ids() {
            self.lose(id, Lost::Aborted);
        }
        self.settle(app);
        on_idle(app);
        Ok(())
    }

    /// How long the poll may sleep.
    fn timeout(&self, app: &A) -> Option<Duration> {
        let work_left = self.unsettled
            || !self.ready.is_empty()
            || !self.ready_first.is_empty()
            || !self.touched.is_empty()
            || !self.drained.is_empty()
            || !self.lost.is_empty();
        let now = self.now.monotonic;
        if work_left || self.listeners.iter().any(|listener| listener.can_accept(now)) {
            return Some(Duration::ZERO);
        }
        let paused = self.listeners.iter().filter_map(|listener| listener.resumes_at());
        let stopping = self.stopping.map(|since| since + limits::STOP_GRACE);
        let deadline = paused.chain(stopping).chain(self.timers.next()).chain(app.deadline()).min();
        deadline.map(|at| at.since(now))
    }

    fn has_stopped(&self) -> bool {
        let Some(since) = self.stopping else {
            return false;
        };
        self.slots.is_empty() || self.now.monotonic.since(since) >= limits::STOP_GRACE
    }
}
