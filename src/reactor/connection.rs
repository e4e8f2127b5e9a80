//! One connection as the reactor holds it: socket, transport, protocol, cached readiness, phase.

use super::stream::{Broken, Stream};
use super::tls;
use crate::transport::{DialStage, Endpoint, Lost, Monotonic, Transport};
use mio::event::Event;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How far a connection has come. The law of callbacks holds from `Open` on; before it only
/// `connection_lost` may be called.
#[derive(Debug)]
pub(super) enum Phase {
    /// The name is being looked up, or an address of it tried, the TLS handshake included.
    Dialling(Box<Dialling>),
    /// Accepted, and the TLS handshake is not done.
    Handshaking { deadline: Monotonic },
    /// `connection_made` has been called.
    Open,
    /// All is said: FIN is out, and what the peer still sends is thrown away until it ends, too,
    /// for a socket closed over unread data resets the connection and loses our last answers.
    Lingering { until: Monotonic },
}

/// A connection on its way out.
#[derive(Debug)]
pub(super) struct Dialling {
    pub(super) endpoint: Endpoint,
    /// Addresses of the host that have not been tried.
    pub(super) addresses: VecDeque<SocketAddr>,
    /// For all of it, the TLS handshake included.
    pub(super) deadline: Monotonic,
    /// For the address that is being tried: half of the time that is left, the last all of it.
    pub(super) address_deadline: Monotonic,
    pub(super) stage: DialStage,
    /// Why an address did not do: of those that were tried the one that came furthest.
    pub(super) failure: Option<Lost>,
}

/// A slot's content.
#[derive(Debug)]
pub(super) struct Connection<P> {
    pub(super) transport: Transport,
    pub(super) protocol: P,
    pub(super) phase: Phase,
    /// None while the name is looked up and between two addresses.
    pub(super) stream: Option<Stream>,
    pub(super) readiness: Readiness,
    /// How often something was written to the socket, as far as `delay_no_more` wants to know.
    writes: u8,
    /// The listener that accepted it; None if it was dialled.
    pub(super) listener: Option<u16>,
    /// Whether it is on the list of connections to be written at the end of the turn.
    pub(super) touched: bool,
    /// Whether it is on a list of connections to be read.
    pub(super) queued: bool,
    /// Whether the end of the peer's data has been delivered.
    pub(super) ended: bool,
    /// Whether `connection_lost` is due; nothing else is called any more.
    pub(super) losing: bool,
    /// The deadline under which it stands in the timers.
    pub(super) armed: Option<Monotonic>,
}

/// What the kernel has said about the socket and not taken back by `WouldBlock`: every socket is
/// registered once for both directions, and edges are cached here.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readiness {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer has sent FIN or RST: a short read does not mean that nothing is left.
    pub(super) read_closed: bool,
    /// The socket is in error.
    pub(super) error: bool,
}

impl Readiness {
    pub(super) fn add(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed();
        self.writable |= event.is_writable() || event.is_write_closed();
        self.read_closed |= event.is_read_closed();
        self.error |= event.is_error();
    }
}

impl<P> Connection<P> {
    pub(super) fn new(
        transport: Transport,
        protocol: P,
        phase: Phase,
        stream: Option<Stream>,
    ) -> Self {
        Connection {
            transport,
            protocol,
            phase,
            stream,
            readiness: Readiness::default(),
            writes: 0,
            listener: None,
            touched: false,
            queued: false,
            ended: false,
            losing: false,
            armed: None,
        }
    }

    /// Whether callbacks other than `connection_lost` may be called.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open) && !self.losing
    }

    /// Whether there is something to read and somebody to take it.
    pub(super) fn can_read(&self) -> bool {
        let taker = match self.phase {
            Phase::Open => self.transport.wants_data() && !self.ended,
            Phase::Lingering { .. } => true,
            Phase::Dialling(_) | Phase::Handshaking { .. } => false,
        };
        taker && self.readiness.readable && !self.losing
    }

    /// To be called before each write. Answers go out whole in one write; to wait for more (Nagle's
    /// algorithm) only delays them. It never delays the first write, and many connections have
    /// no second, so the system is told before that.
    pub(super) fn delay_no_more(&mut self) {
        if self.writes < 2 {
            self.writes += 1;
            if self.writes == 2
                && let Some(Err(error)) = self.stream.as_mut().map(Stream::set_nodelay)
            {
                log::debug!("{}: Nagle's algorithm stays on: {error}", self.transport.id());
            }
        }
    }

    /// The next time at which something is to be done without any event.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        match &self.phase {
            Phase::Dialling(dialling) => Some(dialling.address_deadline),
            Phase::Handshaking { deadline } => Some(*deadline),
            Phase::Lingering { until } => Some(*until),
            Phase::Open => match (self.transport.timer(), self.transport.stalls_at()) {
                (Some(timer), Some(stall)) => Some(timer.min(stall)),
                (timer, stall) => timer.or(stall),
            },
        }
    }
}

impl From<Broken> for Lost {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Io(error) => Lost::Io(error),
            Broken::Tls(error) => Lost::Tls(tls::in_words(&error)),
        }
    }
}
