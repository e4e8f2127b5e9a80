//! The transport as its protocol sees it: output, and what is to be done with the connection.

use super::id::ConnectionId;
use super::output::Output;
use super::time::Monotonic;
use crate::limits;

/// Whether a protocol has more to write, and what keeps it from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    /// The output was full.
    Room,
    /// It has written its share of the turn.
    NextTurn,
}

/// How far a protocol has gone in ending its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    No,
    Close,
    Leave,
    Abort,
}

/// A buffer with intentions: bytes to send, close, stop reading, call me at a time.
///
/// These methods are for protocols; drivers see the rest by
/// [`DriverSide`](super::DriverSide).
#[derive(Debug)]
pub struct Transport {
    id: ConnectionId,
    pub(super) ending: Ending,
    pub(super) reading_paused: bool,
    pub(super) first: bool,
    pub(super) unsent_limited: bool,
    pub(super) wish: Wish,
    pub(super) timer: Option<Monotonic>,
    pub(super) output: Output,
}

impl Transport {
    /// A transport without output or intentions.
    pub fn new(id: ConnectionId) -> Self {
        Transport {
            id,
            ending: Ending::No,
            reading_paused: false,
            first: false,
            unsent_limited: false,
            wish: Wish::Nothing,
            timer: None,
            output: Output::default(),
        }
    }

    /// The connection that this is.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Sends `bytes` after all that was written before; dropped once the connection is ending.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.ending == Ending::No {
            self.output.append(bytes);
        }
    }

    /// Sends what `compose` appends to the buffer that it is given (it must only append). Not
    /// called once the connection is ending.
    pub fn write_with(&mut self, compose: impl FnOnce(&mut Vec<u8>)) {
        if self.ending == Ending::No {
            compose(self.output.end());
        }
    }

    /// Whether there is room for more output. If not,
    /// [`resume_writing`](super::Protocol::resume_writing) is called when there is.
    pub fn request_room(&mut self) -> bool {
        let full = self.is_full();
        if full {
            self.wish = Wish::Room;
        }
        !full
    }

    /// Whether so much output waits that no more should be made now.
    pub fn is_full(&self) -> bool {
        self.output.len() >= limits::OUTPUT_HIGH_WATER_BYTES
    }

    /// Whether some output waits.
    pub fn has_output(&self) -> bool {
        self.output.len() > 0
    }

    /// How many bytes of output wait.
    pub fn waiting_bytes(&self) -> usize {
        self.output.len()
    }

    /// Asks for [`resume_writing`](super::Protocol::resume_writing) in the next turn, or when there
    /// is room after that: for a protocol that has written its share of a turn and has more.
    pub fn yield_turn(&mut self) {
        self.wish = Wish::NextTurn;
    }

    /// Flushes, then ends the connection. Nothing more is read or written.
    pub fn close(&mut self) {
        if self.ending == Ending::No {
            self.ending = Ending::Close;
        }
    }

    /// As [`close`](Self::close), without waiting for the peer to end, too, unless it has sent more
    /// than a read takes: for a peer that is owed nothing, or that is not to keep us. What it sends
    /// from then on is answered with a reset.
    pub fn leave(&mut self) {
        if self.ending == Ending::No {
            self.ending = Ending::Leave;
        }
    }

    /// Ends the connection at once; output that waits is dropped.
    pub fn abort(&mut self) {
        self.ending = Ending::Abort;
    }

    /// Whether any end was asked for.
    pub fn is_ending(&self) -> bool {
        self.ending != Ending::No
    }

    /// Asks for no more data (nor end of data) until [`resume_reading`](Self::resume_reading).
    pub fn pause_reading(&mut self) {
        self.reading_paused = true;
    }

    /// Takes back [`pause_reading`](Self::pause_reading).
    pub fn resume_reading(&mut self) {
        self.reading_paused = false;
    }

    /// Asks to be called at that time, instead of any time asked for before.
    pub fn set_timer(&mut self, at: Option<Monotonic>) {
        self.timer = at;
    }

    /// Asks that this connection's bytes be read and written before those of others in a turn.
    pub fn go_first(&mut self) {
        self.first = true;
    }

    /// Asks that output be handed to the system only shortly before it can be sent: on a slow path
    /// what the system holds grows old, and what is not written yet can be what is newest. To be
    /// asked for when the connection is made.
    pub fn limit_unsent(&mut self) {
        self.unsent_limited = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::DriverSide;
    use super::*;
    use std::time::Duration;

    fn transport() -> Transport {
        Transport::new(ConnectionId { slot: 0, generation: 0 })
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_written_after_an_end_is_dropped() {
        for end in [Transport::close, Transport::leave, Transport::abort] {
            let mut transport = transport();
            transport.write(b"before");
            end(&mut transport);
            transport.write(b"after");
            transport.write_with(|_| panic!("not called after the end"));
            assert_eq!(transport.output(), b"before");
            assert!(transport.is_ending() && !transport.wants_data());
        }
    }

    #[test]
    fn an_abort_overrules_a_close_and_not_the_other_way_round() {
        let mut transport = transport();
        transport.close();
        assert!(transport.is_closing());
        transport.abort();
        transport.close();
        assert!(transport.is_aborted() && !transport.is_closing());
    }

    #[test]
    fn room_is_told_once_after_it_was_requested_and_only_when_there_is_much() {
        let mut transport = transport();
        assert!(transport.request_room() && transport.take_resume().is_none());
        transport.write(&vec![0; limits::OUTPUT_HIGH_WATER_BYTES]);
        assert!(transport.is_full() && transport.take_resume().is_none(), "nobody requested it");
        assert!(!transport.request_room());
        let excess = limits::OUTPUT_HIGH_WATER_BYTES - limits::OUTPUT_LOW_WATER_BYTES;
        transport.advance(excess - 1, at(1));
        assert!(transport.take_resume().is_none());
        transport.advance(1, at(1));
        assert!(transport.take_resume().is_some());
        assert!(transport.take_resume().is_none(), "once");
    }

    #[test]
    fn who_yields_is_called_once_unless_much_waits() {
        let mut transport = transport();
        transport.yield_turn();
        assert!(transport.take_resume().is_some());
        assert!(transport.take_resume().is_none(), "once");
        transport.write(&vec![0; limits::OUTPUT_LOW_WATER_BYTES + 1]);
        transport.yield_turn();
        assert!(transport.take_resume().is_none());
        transport.advance(1, at(1));
        assert!(transport.take_resume().is_some());
    }

    #[test]
    fn a_timer_is_taken_when_it_is_due_and_then_gone() {
        let mut transport = transport();
        transport.set_timer(Some(at(5)));
        assert!(!transport.take_due_timer(at(4)));
        assert!(transport.take_due_timer(at(5)));
        assert_eq!(transport.timer(), None);
    }
}
