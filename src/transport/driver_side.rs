//! The transport as its driver sees it: what the protocol wants, and how far that has come.

use super::buffer::{Ending, Transport, Wish};
use super::time::Monotonic;
use crate::limits;
use std::mem;

/// When [`resume_writing`](super::Protocol::resume_writing) is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// At once: who goes first and had more to write than there was room for sends all of it before
    /// others send theirs.
    Now,
    /// In the next turn.
    NextTurn,
}

/// The driver's half of a [`Transport`]. Protocols have no business with it; a test over the
/// sources keeps it so.
pub trait DriverSide {
    /// The bytes that wait to be sent.
    fn output(&self) -> &[u8];

    /// How many bytes wait to be sent.
    fn output_len(&self) -> usize;

    /// The peer was offered the output at time `now` and took its first `bytes` bytes (maybe 0).
    ///
    /// # Panics
    /// If there were not so many.
    fn advance(&mut self, bytes: usize, now: Monotonic);

    /// The same where no more can be sent now, though all may have been taken: what was taken may
    /// wait behind this, as under TLS. The peer has its time, anew if any of it `moved` on.
    ///
    /// # Panics
    /// As [`advance`](Self::advance).
    fn advance_blocked(&mut self, bytes: usize, moved: bool, now: Monotonic);

    /// Drops all output.
    fn drop_output(&mut self);

    /// Lends spare memory for output to a transport that has none of its own.
    fn lend(&mut self, spare: &mut Vec<Vec<u8>>);

    /// Takes the output's memory back when there is no output.
    fn reclaim(&mut self, spare: &mut Vec<Vec<u8>>);

    /// Since when the peer has taken none of our output, if some waits.
    fn waiting_since(&self) -> Option<Monotonic>;

    /// Whether the protocol asked to flush and close.
    fn is_closing(&self) -> bool;

    /// Whether it asked not to wait for the peer's end then.
    fn is_leaving(&self) -> bool;

    /// Whether the protocol gave the connection up.
    fn is_aborted(&self) -> bool;

    /// Whether data may be delivered.
    fn wants_data(&self) -> bool;

    /// Whether this connection goes before others in a turn.
    fn is_first(&self) -> bool;

    /// Whether the system is to hold little of the output.
    fn limits_unsent(&self) -> bool;

    /// When the protocol wants to be called.
    fn timer(&self) -> Option<Monotonic>;

    /// Takes the timer if it is due.
    fn take_due_timer(&mut self, now: Monotonic) -> bool;

    /// Whether `resume_writing` is due, and when; to be asked after writing, and answered once for
    /// each time that room was requested or the protocol yielded its turn.
    fn take_resume(&mut self) -> Option<Resume>;
}

impl DriverSide for Transport {
    #[inline]
    fn output(&self) -> &[u8] {
        self.output.waiting()
    }

    #[inline]
    fn output_len(&self) -> usize {
        self.output.len()
    }

    fn advance(&mut self, bytes: usize, now: Monotonic) {
        self.output.advance(bytes, now);
    }

    fn advance_blocked(&mut self, bytes: usize, moved: bool, now: Monotonic) {
        self.output.advance_blocked(bytes, moved, now);
    }

    fn drop_output(&mut self) {
        self.output.clear();
    }

    #[inline]
    fn lend(&mut self, spare: &mut Vec<Vec<u8>>) {
        self.output.borrow(spare);
    }

    #[inline]
    fn reclaim(&mut self, spare: &mut Vec<Vec<u8>>) {
        self.output.give_back(spare);
    }

    #[inline]
    fn waiting_since(&self) -> Option<Monotonic> {
        self.output.waiting_since()
    }

    fn is_closing(&self) -> bool {
        matches!(self.ending, Ending::Close | Ending::Leave)
    }

    fn is_leaving(&self) -> bool {
        self.ending == Ending::Leave
    }

    fn is_aborted(&self) -> bool {
        self.ending == Ending::Abort
    }

    fn wants_data(&self) -> bool {
        !self.reading_paused && self.ending == Ending::No
    }

    fn is_first(&self) -> bool {
        self.first
    }

    fn limits_unsent(&self) -> bool {
        self.unsent_limited
    }

    fn timer(&self) -> Option<Monotonic> {
        self.timer
    }

    fn take_due_timer(&mut self, now: Monotonic) -> bool {
        let due = self.timer.is_some_and(|at| at <= now);
        if due {
            self.timer = None;
        }
        due
    }

    fn take_resume(&mut self) -> Option<Resume> {
        if self.output_len() > limits::OUTPUT_LOW_WATER_BYTES {
            return None;
        }
        match mem::replace(&mut self.wish, Wish::Nothing) {
            Wish::Nothing => None,
            Wish::Room if self.first && self.output_len() == 0 => Some(Resume::Now),
            Wish::Room | Wish::NextTurn => Some(Resume::NextTurn),
        }
    }
}
