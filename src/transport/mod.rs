//! What the conversations and whatever drives them share: protocols, transports, time as a value.
//!
//! A [`Protocol`] is one end of one connection: a state machine that is handed what arrived and
//! the time, and that writes into a [`Transport`], which is a buffer with intentions. A *driver*
//! moves bytes between transports and a world: `driver` does it, over the sockets of `reactor` or
//! the virtual ones of the simulator in `tests/`. An [`Application`] is what the protocols of one
//! server share.
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
//!   dropped, and no data is delivered after either. Behind a close the connection lingers until the
//!   peer ends, too, or for [`LINGER_MAX`](crate::limits::LINGER_MAX), so that it gets all
//!   (for [`STOP_STALL_MAX`](crate::limits::STOP_STALL_MAX) once the server stops);
//!   [`Transport::leave`] is a close that does not.
//! * There is no `pause_writing`: a protocol [requests room](Transport::request_room) before it makes
//!   more output and, if there is none, is told by `resume_writing` when there is: in the next turn
//!   or, where the connection [goes first](Transport::go_first) and all of its output was taken, in
//!   the same one.
//! * A protocol with much to send makes a share of it in a turn, so that others are not kept
//!   waiting, and asks by [`Transport::yield_turn`] for `resume_writing` in the next turn, which
//!   then comes without delay; or when there is room, if much of the share still waits.
//!
//! # Two halves
//!
//! A protocol sees of its transport what it may ask for, the methods of [`Transport`]; a driver
//! sees by [`DriverSide`] what was asked for. A test over the sources keeps the second from the
//! conversations.

mod action;
mod buffer;
mod driver_side;
mod id;
mod lost;
mod meters;
mod output;
mod peer;
mod time;

pub use action::{Action, FileEvent, FileId, FileRequest, FileStep, Signal};
pub use buffer::Transport;
pub use driver_side::{DriverSide, Resume};
pub use id::ConnectionId;
pub use lost::{DialStage, Lost};
pub use meters::Meters;
pub use peer::{Endpoint, PeerInfo, Security, TlsProfile, one_source};
pub use time::{Monotonic, Now};

use std::fmt;
use std::io;
use std::net::SocketAddr;

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
    /// Whether the peer, which was accepted, is turned away: no TLS handshake is worth while with it. Without
    /// TLS it is told so as soon as the connection is made.
    fn turns_away(&self) -> bool {
        false
    }

    /// The connection is up, with that peer at its other end.
    fn connection_made(&mut self, cx: &mut Context<'_, A>, peer: &PeerInfo);

    /// Bytes arrived. What is not consumed now is the protocol's to keep.
    fn data_received(&mut self, cx: &mut Context<'_, A>, data: &[u8]);

    /// The peer will send no more. By default the connection is flushed and closed.
    fn eof_received(&mut self, cx: &mut Context<'_, A>) {
        cx.transport.close();
    }

    /// There is room: the output fell to the low-water mark after
    /// [`Transport::request_room`] had said no, or the turn after [`Transport::yield_turn`] has
    /// begun and no more than that waits.
    fn resume_writing(&mut self, _cx: &mut Context<'_, A>) {}

    /// The time set by [`Transport::set_timer`] has come; the timer is no longer set.
    fn timer_expired(&mut self, _cx: &mut Context<'_, A>) {}

    /// Somebody asked for this call by [`Action::Wake`].
    fn woken(&mut self, _cx: &mut Context<'_, A>) {}

    /// The server stops. Who connected to us is told when all that had come from it has been delivered (or
    /// it has gone on sending for [`STOP_READ_MAX`](crate::limits::STOP_READ_MAX)), who was dialled when
    /// nobody is left who connected to us. By default what was written is flushed and the connection
    /// closed; a protocol that still owes something, or waits for the rest of something, may close later,
    /// and is delivered what comes until then. But the driver waits for
    /// [`STOP_ACCEPTED_MAX`](crate::limits::STOP_ACCEPTED_MAX) for those who connected to us, for
    /// [`STOP_GRACE`](crate::limits::STOP_GRACE) in all, and for who takes nothing
    /// [`STOP_STALL_MAX`](crate::limits::STOP_STALL_MAX), unless we dialled it.
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

    /// The ports that it listens on, each with a name of its own.
    type Listener: Copy + Eq + fmt::Debug;

    /// Somebody connected from that address; [`Protocol::connection_made`] follows when the
    /// connection is up, TLS included.
    fn accepted(
        &mut self,
        listener: Self::Listener,
        address: SocketAddr,
        now: Now,
    ) -> Self::Protocol;

    /// A turn begins, at that time, before all its callbacks.
    fn turn_begun(&mut self, _now: Now) {}

    /// All callbacks of a turn are done and nothing has been written to the world yet: the place
    /// to ask ([`Action::Wake`]) for whatever must go out in this turn. `meters` count what the
    /// driver has done so far.
    fn turn_ended(&mut self, _now: Now, _meters: &Meters) {}

    /// The next thing that the application asks of its driver. Polled until `None` after the
    /// callbacks of a turn and again after [`turn_ended`](Application::turn_ended).
    fn next_action(&mut self) -> Option<Action<Self::Protocol, Self::Listener>>;

    /// When [`timer_expired`](Application::timer_expired) is due next, if ever.
    fn deadline(&self) -> Option<Monotonic>;

    /// The time given by [`deadline`](Application::deadline) has come.
    fn timer_expired(&mut self, now: Now);

    /// The process was sent a signal. Nothing else comes of it: who wants to stop asks for
    /// [`Action::Stop`].
    fn signalled(&mut self, signal: Signal, now: Now);

    /// What came of [`Action::Listen`]: the address that is bound, or why none is.
    fn listening(&mut self, _listener: Self::Listener, _outcome: io::Result<SocketAddr>) {}

    /// What came of [`Action::File`].
    fn file_event(&mut self, _file: FileId, _event: FileEvent, _now: Now) {}

    /// The server stops: nobody is accepted who has not connected yet, and every connection is told by
    /// [`Protocol::stopping`] after this, in its time.
    fn stopping(&mut self, _now: Now) {}
}
