//! One connection as the driver holds it: socket, transport, protocol, cached readiness, phase.

use super::world::Readiness;
use crate::limits;
use crate::transport::{DriverSide, Monotonic, Transport};

/// How far a connection has come. The law of callbacks holds from `Open` on; before it only
/// `connection_lost` may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Dialled or accepted, and not up yet; looked at again at that time.
    ComingUp { until: Monotonic },
    /// `connection_made` has been called.
    Open,
    /// All is said: the peer has been told that no more comes, and what it still sends is thrown
    /// away until it ends, too, for a socket closed over unread data resets the connection and
    /// loses our last answers.
    Lingering { until: Monotonic },
}

/// A slot's content.
#[derive(Debug)]
pub(super) struct Connection<P, S> {
    pub transport: Transport,
    pub protocol: P,
    pub phase: Phase,
    /// None only if the world would not even begin to dial.
    pub socket: Option<S>,
    pub readiness: Readiness,
    /// Bytes that came when no more was listened to.
    pub unheard: u32,
    /// The listener that accepted it; None if it was dialled.
    pub listener: Option<u16>,
    /// Whether it is on the list of connections to be written at the end of the turn.
    pub touched: bool,
    /// Whether it is on a list of connections to be read.
    pub queued: bool,
    /// Whether the end of the peer's data has been delivered.
    pub ended: bool,
    /// Whether `connection_lost` is due; nothing else is called any more.
    pub losing: bool,
    /// Whether it has been told that the server stops.
    pub told: bool,
    /// The deadline under which it stands in the timers.
    pub armed: Option<Monotonic>,
}

impl<P, S> Connection<P, S> {
    pub fn new(transport: Transport, protocol: P, phase: Phase, socket: Option<S>) -> Self {
        Connection {
            transport,
            protocol,
            phase,
            socket,
            readiness: Readiness::default(),
            unheard: 0,
            listener: None,
            touched: false,
            queued: false,
            ended: false,
            losing: false,
            told: false,
            armed: None,
        }
    }

    /// Whether callbacks other than `connection_lost` may be called.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open && !self.losing
    }

    /// So much came, and nobody listens any more.
    pub fn pass_over(&mut self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.unheard = self.unheard.saturating_add(bytes);
    }

    /// Whether there is something to read and somebody to take it.
    pub fn can_read(&self) -> bool {
        let taker = match self.phase {
            Phase::Open => self.transport.wants_data() && !self.ended,
            Phase::Lingering { .. } => true,
            Phase::ComingUp { .. } => false,
        };
        taker && self.readiness.readable && !self.losing
    }

    /// When the peer is given up for not taking our output, if some waits; soon if the server is
    /// `stopping` since then.
    pub fn stalls_at(&self, stopping: Option<Monotonic>) -> Option<Monotonic> {
        let since = self.transport.waiting_since()?;
        Some(match stopping {
            None => since + limits::OUTPUT_STALL_MAX,
            // Whoever we dialled, a neighbour above all, has as long as there is.
            Some(stop) if self.listener.is_none() => stop + limits::STOP_GRACE,
            Some(stop) => since.max(stop) + limits::STOP_STALL_MAX,
        })
    }

    /// When a connection that was accepted has had its time, if the server is `stopping` since then: to
    /// come up, to be read, to take what it is owed.
    pub fn times_out_at(&self, stopping: Option<Monotonic>) -> Option<Monotonic> {
        let stop = stopping.filter(|_| self.listener.is_some())?;
        Some(match self.phase {
            Phase::ComingUp { .. } => stop + limits::STOP_PATIENCE,
            Phase::Open if !self.told => stop + limits::STOP_READ_MAX,
            Phase::Open | Phase::Lingering { .. } => stop + limits::STOP_ACCEPTED_MAX,
        })
    }

    /// Whether all has been delivered that had come, or as much as is listened to.
    pub fn is_heard_out(&self) -> bool {
        self.ended || self.transport.is_ending() || !self.readiness.readable
    }

    /// The next time at which something is to be done without any event, if the server is `stopping`
    /// since then or is not.
    pub fn deadline(&self, stopping: Option<Monotonic>) -> Option<Monotonic> {
        if self.losing {
            return None;
        }
        let (own, stall) = match self.phase {
            Phase::ComingUp { until } | Phase::Lingering { until } => (Some(until), None),
            Phase::Open => (self.transport.timer(), self.stalls_at(stopping)),
        };
        own.into_iter().chain(stall).chain(self.times_out_at(stopping)).min()
    }
}
