//! What the conversations and whatever drives them share: protocols, transports, time as a value.
//!
//! A [`Protocol`] is one end of one connection: a state machine that is handed what arrived and
//! the time, and that writes into a [`Transport`], which is a buffer with intentions. A *driver*
//! moves bytes between transports and the world: `reactor` does it with sockets, the simulator in
//! `tests/` with virtual ones. An [`Application`] is what the protocols of one server share.
//!
//! # The law of callbacks
//!
//! It is asyncio's, made strict. For each connection the driver calls
//!
//! 1. [`connection_made`](Protocol::connection_made) once, when bytes can flow (after connecting
//!    and the TLS handshake). A connection that never came to be gets only `connection_lost`.
//! 2. [`data_received`](Protocol::data_received) any number of times, in order. What was read
//!    before a half-close or a reset is delivered first.
//! 3. [`eof_received`](Protocol::eof_received) at most once, after all data.
//! 4. [`connection_lost`](Protocol::connection_lost) exactly once, and last.
//!
//! Between the first and the last come, at the driver's pace,
//! [`timer_expired`](Protocol::timer_expired), [`resume_writing`](Protocol::resume_writing) and
//! [`woken`](Protocol::woken).
//!
//! * No callback runs inside another: closing, dialling and waking are *requested* in a callback
//!   and done after it.
//! * [`Transport::close`] flushes, [`Transport::abort`] does not; what is written after either is
//!   dropped, and no data is delivered after either.
//! * There is no `pause_writing`: a protocol asks [`Transport::is_full`] before it makes more
//!   output, and is told by `resume_writing` when there is room again: in the next turn or, where the
//!   connection [goes first](Transport::go_first) and all of its output was taken, in the same one.
//! * A protocol with much to send makes a share of it in a turn, so that others are not kept
//!   waiting, and asks by [`Transport::go_on_later`] for `resume_writing` in the next turn, which
//!   then comes without delay; or when there is room, if much of the share still waits.

mod buffer;
mod time;

pub use buffer::{ConnectionId, Resume, Transport};
pub use time::{Monotonic, Now};

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// What a callback may touch besides its own protocol.
pub struct Context<'a, A> {
    /// What the protocols of this server share.
    pub app: &'a mut A,
    /// The connection's buffer with intentions.
    pub transport: &'a mut Transport,
    /// The time of this turn; no callback reads a clock.
    pub now: Now,
}

/// One end of one connection, driven by callbacks (see the law in the [module's docs](self)).
pub trait Protocol<A> {
    /// The connection is up.
    fn connection_made(&mut self, cx: &mut Context<'_, A>);

    /// Bytes arrived. What is not consumed now is the protocol's to keep.
    fn data_received(&mut self, cx: &mut Context<'_, A>, data: &[u8]);

    /// The peer will send no more. By default the connection is flushed and closed.
    fn eof_received(&mut self, cx: &mut Context<'_, A>) {
        cx.transport.close();
    }

    /// There is room: the output fell to the low-water mark after [`Transport::is_full`] had said yes, or the turn
    /// after [`Transport::go_on_later`] has begun and no more than that waits.
    fn resume_writing(&mut self, _cx: &mut Context<'_, A>) {}

    /// The time set by [`Transport::set_timer`] has come; the timer is no longer set.
    fn timer_expired(&mut self, _cx: &mut Context<'_, A>) {}

    /// Somebody asked for this call by [`Action::Wake`].
    fn woken(&mut self, _cx: &mut Context<'_, A>) {}

    /// The server stops: no more data will be delivered. By default what was written is flushed
    /// and the connection closed; a protocol that still owes something may close later, but the
    /// driver waits for [`STOP_GRACE`](crate::limits::STOP_GRACE) at most.
    fn stopping(&mut self, cx: &mut Context<'_, A>) {
        cx.transport.close();
    }

    /// The connection is gone, or never came to be. The last callback; writes are dropped.
    fn connection_lost(&mut self, cx: &mut Context<'_, A>, cause: &Lost);
}

/// One server as its driver sees it: it makes protocols for what is accepted, asks for actions,
/// and is told when a turn ends.
pub trait Application: Sized {
    /// The protocols of this application, usually an enum of them.
    type Protocol: Protocol<Self>;

    /// A peer connected to the listener with this index (in the order given to the driver).
    fn accepted(&mut self, listener: usize, peer: SocketAddr) -> Self::Protocol;

    /// All callbacks of a turn are done and nothing has been written to the world yet: the place
    /// to ask ([`Action::Wake`]) for whatever must go out in this turn.
    fn turn_ended(&mut self, now: Now);

    /// The next thing that the application asks of its driver. Polled until `None` after the
    /// callbacks of a turn and again after [`turn_ended`](Application::turn_ended).
    fn next_action(&mut self) -> Option<Action<Self::Protocol>>;

    /// When [`timer_expired`](Application::timer_expired) is due next, if ever.
    fn deadline(&self) -> Option<Monotonic>;

    /// The time given by [`deadline`](Application::deadline) has come.
    fn timer_expired(&mut self, now: Now);

    /// The server stops: nothing more is accepted, and every connection is told by
    /// [`Protocol::stopping`] after this.
    fn stopping(&mut self, now: Now);
}

/// What an application asks of its driver.
#[derive(Debug)]
pub enum Action<P> {
    /// Connect to `endpoint` and hand the connection to `protocol`, which hears of failure (also
    /// of not being connected within `timeout`) by `connection_lost`.
    Dial {
        /// Where to.
        endpoint: Endpoint,
        /// Who speaks there.
        protocol: P,
        /// For look-up, connect and TLS handshake together.
        timeout: Duration,
    },
    /// Call [`Protocol::woken`] of that connection in this turn, if it still exists and is up.
    Wake(ConnectionId),
    /// Stop cleanly, as at a signal.
    Stop,
}

/// Where to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an IP address (IPv6 without brackets); for TLS also the name to verify.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How far a connection on its way out had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialStage {
    /// The host's name was being looked up.
    LookUp,
    /// TCP was connecting to that address.
    Connect(SocketAddr),
    /// TLS was being agreed on with that address.
    Handshake(SocketAddr),
}

impl DialStage {
    /// The address that was tried, if there was one.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            DialStage::LookUp => None,
            DialStage::Connect(address) | DialStage::Handshake(address) => Some(address),
        }
    }
}

impl fmt::Display for DialStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialStage::LookUp => f.write_str("the name look-up was pending"),
            DialStage::Connect(address) => write!(f, "the TCP connect to {address} was pending"),
            DialStage::Handshake(address) => {
                write!(f, "the TLS handshake with {address} was pending")
            }
        }
    }
}

/// Why a connection is gone, or why it never came to be.
#[derive(Debug)]
pub enum Lost {
    /// Closed in order: all that was written was handed over.
    Closed,
    /// Given up by its own protocol.
    Aborted,
    /// The peer took none of our output for too long.
    Stalled,
    /// Not connected in time; how far it had come.
    ConnectTimeout(DialStage),
    /// The host name could not be resolved.
    Resolve(String),
    /// The connection was refused or unreachable; nothing was exchanged.
    Connect(io::Error),
    /// TLS could not be set up or broke down.
    Tls(String),
    /// The connection broke: reset, timed out in the kernel, ...
    Io(io::Error),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Closed => f.write_str("closed"),
            Lost::Aborted => f.write_str("given up"),
            Lost::Stalled => f.write_str("the peer does not read"),
            Lost::ConnectTimeout(stage) => write!(f, "not connected in time: {stage}"),
            Lost::Resolve(why) => write!(f, "name look-up failed: {why}"),
            Lost::Connect(error) => write!(f, "cannot connect: {error}"),
            Lost::Tls(why) => write!(f, "TLS: {why}"),
            Lost::Io(error) => write!(f, "{error}"),
        }
    }
}
