//! The driver: one turn after the other it hands what happened to the protocols of an
//! [`Application`] by the law of callbacks that [`transport`](crate::transport) lays down, and what
//! they wrote to the world. It is the same code over any [`World`]: the sockets of the reactor, the
//! simulator's network, the fuzzers' scripts. What ships is what was simulated.
//!
//! # A turn
//!
//! 1. Tell the application the time, and of signals and files; call `resume_writing` where it is due.
//! 2. Accept; then read every connection that can be read, those first that asked to go first,
//!    each within a byte budget (a smaller one for those that go first, since all others wait for
//!    them); what is left over goes on in the next turn.
//! 3. Timers. They come after the reads, so that a process that was stalled does not time out a
//!    peer whose bytes already wait.
//! 4. What the application asks for: dials, wakes, files.
//! 5. [`Application::turn_ended`], and what it asks for: here feeds are walked.
//! 6. Write each connection that was touched, those first that asked to go first, and again while
//!    they have more and all of it is taken.
//! 7. Free what is lost.
//!
//! | file | what it is |
//! |---|---|
//! | `world` | the effects |
//! | `turn` | the steps, accepting, timers, callbacks |
//! | `read`, `write` | bytes in, bytes out, and the ends of connections |
//! | `settle` | what the application asks for, and losses |
//! | `stop` | a clean stop |
//! | `connection`, `slots`, `timers`, `listeners` | what is kept from turn to turn |

#[cfg(debug_assertions)]
mod check;
mod connection;
mod listeners;
mod planted;
mod read;
mod settle;
mod slots;
mod stop;
#[cfg(test)]
mod tests;
mod timers;
mod turn;
mod world;
mod write;

pub use planted::Planted;
pub use world::{Accepted, Progress, Read, Readiness, World, Written};

use crate::fault::fault;
use crate::limits;
use crate::transport::{
    Action, Application, ConnectionId, DriverSide, FileEvent, FileId, Lost, Meters, Monotonic, Now,
    Signal, TlsProfile, Transport,
};
use crate::turn_time;
use connection::Connection;
use listeners::Listener;
use slots::Slots;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use timers::Timers;
use turn::Turn;

/// The driver of one application: `P` are its protocols, `L` names its listeners, `S` are the
/// sockets of its world.
#[derive(Debug)]
pub struct Driver<P, L, S> {
    now: Now,
    slots: Slots<Connection<P, S>>,
    timers: Timers,
    listeners: Vec<Listener<L>>,
    /// Connections to be read, of those that go first and of the others.
    ready_first: Vec<ConnectionId>,
    ready: Vec<ConnectionId>,
    /// Connections to be written at the end of the turn.
    touched: Vec<ConnectionId>,
    /// Connections that are to go on writing in the next turn.
    to_resume: Vec<ConnectionId>,
    /// Memory for such a list.
    list: Vec<ConnectionId>,
    /// Connections whose `connection_lost` is due.
    lost: Vec<(ConnectionId, Lost)>,
    signals: Vec<Signal>,
    file_events: Vec<(FileId, FileEvent)>,
    /// What the application asked for beyond what a turn may do: the next one begins with it.
    deferred: Vec<Action<P, L>>,
    /// Whether losses are left over, too.
    unsettled: bool,
    /// Since when the process is being stopped.
    stopping: Option<Monotonic>,
    /// Nobody who connected to us is left, and those whom we dialled have been told of the stop.
    drained: bool,
    /// Every read goes here first; protocols keep what they do not consume.
    buffer: Box<[u8]>,
    /// Memory for output, lent to connections while they have any.
    spare: Vec<Vec<u8>>,
    meters: Meters,
    planted: Option<Planted>,
}

/// The driver of an application over a world.
pub type DriverOf<A, W> =
    Driver<<A as Application>::Protocol, <A as Application>::Listener, <W as World>::Socket>;

/// A connection as it stands between turns, for those who watch.
#[derive(Debug)]
pub struct Standing<'a> {
    /// Which.
    pub id: ConnectionId,
    /// Its transport.
    pub transport: &'a Transport,
    /// Whether it is up and not being lost.
    pub is_open: bool,
    /// Whether the world took all that it was offered.
    pub takes_more: bool,
}

impl<P, L: Copy + Eq, S> Driver<P, L, S> {
    /// A driver without listeners or connections, at that time.
    pub fn new(now: Now) -> Self {
        Driver {
            now,
            slots: Slots::default(),
            timers: Timers::default(),
            listeners: Vec::new(),
            ready_first: Vec::new(),
            ready: Vec::new(),
            touched: Vec::new(),
            to_resume: Vec::new(),
            list: Vec::new(),
            lost: Vec::new(),
            signals: Vec::new(),
            file_events: Vec::new(),
            deferred: Vec::new(),
            unsettled: true,
            stopping: None,
            drained: false,
            buffer: vec![0; limits::READ_BUDGET_BYTES].into_boxed_slice(),
            spare: Vec::new(),
            meters: Meters::default(),
            planted: None,
        }
    }

    /// Listens on `address`, before the first turn or between two; returns the bound address.
    ///
    /// # Errors
    /// What the system says when the address cannot be bound.
    pub fn listen<W: World<Socket = S>>(
        &mut self,
        world: &mut W,
        listener: L,
        address: SocketAddr,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        self.listen_at(listener, |place| world.listen(place, address, tls))
    }

    /// The same with a listener that `open` has the world make in the place that it is given.
    ///
    /// # Errors
    /// What `open` says.
    pub fn listen_at<T>(
        &mut self,
        listener: L,
        open: impl FnOnce(usize) -> io::Result<T>,
    ) -> io::Result<T> {
        // The place of one that listens no more and whose connections are gone is used again.
        let unused = |known: &Listener<L>| !known.open && known.connections == 0;
        let place = self.listeners.iter().position(unused).unwrap_or(self.listeners.len());
        let bound = open(place)?;
        match self.listeners.get_mut(place) {
            Some(known) => *known = Listener::new(listener),
            None => self.listeners.push(Listener::new(listener)),
        }
        Ok(bound)
    }

    /// Bounds the connections accepted by a listener: further peers wait in the system's queue until
    /// one of them ends. So descriptors can be kept for others.
    pub fn set_connections_max(&mut self, listener: L, connections_max: usize) {
        let named = self.listeners.iter_mut().filter(|known| known.name == listener);
        named.for_each(|known| known.set_connections_max(connections_max));
    }

    /// A socket has news.
    pub fn ready(&mut self, id: ConnectionId, news: Readiness) {
        self.meters.events += 1;
        // The connection may have gone after the world noted the event.
        if let Some(connection) = self.slots.find(id) {
            connection.readiness.add(news);
            self.queue(id);
        }
    }

    /// Somebody waits at the listener in that place.
    pub fn incoming(&mut self, place: usize) {
        self.meters.events += 1;
        match self.listeners.get_mut(place) {
            Some(listener) => listener.ready = true,
            None => fault!("somebody waits at listener {place}, which there is not"),
        }
    }

    /// The process was sent a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.signals.push(signal);
    }

    /// A file has news.
    pub fn file_event(&mut self, file: FileId, event: FileEvent) {
        self.meters.events += 1;
        self.file_events.push((file, event));
    }

    /// Takes a turn at that time.
    pub fn turn<A, W>(&mut self, app: &mut A, world: &mut W, now: Now)
    where
        A: Application<Protocol = P, Listener = L>,
        W: World<Socket = S>,
    {
        self.now = now;
        turn_time::begin(now.posix_nanoseconds);
        self.meters.turns += 1;
        self.begin(app, world).take();
    }

    /// Cuts the connections that are left after a stop, and tells their protocols. What they ask for
    /// then is not done any more.
    pub fn end<A, W>(&mut self, app: &mut A, world: &mut W)
    where
        A: Application<Protocol = P, Listener = L>,
        W: World<Socket = S>,
    {
        let mut turn = self.begin(app, world);
        turn.cut_all();
        turn.notify_losses();
    }

    fn begin<'t, A, W>(&'t mut self, app: &'t mut A, world: &'t mut W) -> Turn<'t, A, W>
    where
        A: Application<Protocol = P, Listener = L>,
        W: World<Socket = S>,
    {
        Turn { driver: self, app, world, handshakes_left: limits::HANDSHAKES_PER_TURN }
    }

    /// The time of the last turn.
    pub fn now(&self) -> Now {
        self.now
    }

    /// What has been counted so far.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// A turn took so long.
    pub fn time_turn(&mut self, took: Duration) {
        self.meters.turn_longest = self.meters.turn_longest.max(took);
        self.meters.turn_last = Some(took);
    }

    /// Whether there is something to do at once, whatever the world says.
    pub fn has_work(&self) -> bool {
        self.unsettled
            || !self.deferred.is_empty()
            || !self.ready.is_empty()
            || !self.ready_first.is_empty()
            || !self.touched.is_empty()
            || !self.to_resume.is_empty()
            || !self.lost.is_empty()
            || !self.signals.is_empty()
            || !self.file_events.is_empty()
            || self.listeners.iter().any(|listener| listener.can_accept(self.now.monotonic))
            || self.is_to_be_drained()
    }

    /// When there will be something to do without any news from the world; the application's own
    /// deadline is its.
    pub fn deadline(&self) -> Option<Monotonic> {
        let paused = self.listeners.iter().filter_map(Listener::resumes_at);
        paused.chain(self.stop_deadline()).chain(self.timers.next()).min()
    }

    /// All connections as they stand.
    pub fn connections(&self) -> impl Iterator<Item = (Standing<'_>, &P)> {
        self.slots.iter().map(|(id, connection)| {
            let (is_open, takes_more) = (connection.is_open(), connection.readiness.writable);
            let transport = &connection.transport;
            (Standing { id, transport, is_open, takes_more }, &connection.protocol)
        })
    }

    /// A connection as it stands, and its protocol to be told so.
    pub fn find(&mut self, id: ConnectionId) -> Option<(Standing<'_>, &mut P)> {
        let connection = self.slots.find(id)?;
        let (is_open, takes_more) = (connection.is_open(), connection.readiness.writable);
        let transport = &connection.transport;
        Some((Standing { id, transport, is_open, takes_more }, &mut connection.protocol))
    }

    /// The sockets of all connections that have one.
    pub fn sockets(&self) -> impl Iterator<Item = &S> {
        self.slots.iter().filter_map(|(_, connection)| connection.socket.as_ref())
    }

    /// Puts a connection on the list of those that are looked at in the next reading.
    fn queue(&mut self, id: ConnectionId) {
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
    fn touch(&mut self, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id)
            && !connection.touched
        {
            connection.touched = true;
            self.touched.push(id);
        }
    }

    /// From here on only `connection_lost` is called. The first cause stands.
    fn lose(&mut self, id: ConnectionId, cause: Lost) {
        if let Some(connection) = self.slots.find(id)
            && !connection.losing
        {
            connection.losing = true;
            let cause = match cause {
                Lost::Closed if connection.unheard > 0 => {
                    Lost::ClosedOver { bytes: connection.unheard }
                }
                other => other,
            };
            self.lost.push((id, cause));
        }
    }

    /// Brings the connection's entry in the timers up to date.
    fn arm(&mut self, id: ConnectionId) {
        let stopping = self.stopping;
        if let Some(connection) = self.slots.find(id) {
            let deadline = connection.deadline(stopping);
            if deadline != connection.armed {
                self.timers.change(id, connection.armed, deadline);
                connection.armed = deadline;
            }
        }
    }
}
