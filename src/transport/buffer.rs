//! The transport: output waiting to be sent, and what the protocol wants done with its connection.

use super::time::Monotonic;
use crate::limits;
use crate::wire::decimal::integer_before;
use std::fmt;
use std::mem;

/// Which connection of its driver: a slot and how often the slot had been used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// The slot.
    pub slot: u32,
    /// Tells apart connections that used the same slot one after the other.
    pub generation: u32,
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every line of the log has one: put together here and written in one piece.
        let mut text = [b'#'; 1 + 10 + 1 + 10];
        let point = integer_before(&mut text, self.generation.into()) - 1;
        text[point] = b'.';
        let start = integer_before(&mut text[..point], self.slot.into()) - 1;
        text[start] = b'#';
        f.write_str(str::from_utf8(&text[start..]).unwrap_or_default())
    }
}

/// Whether a protocol has more to write, and what keeps it from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Nothing,
    /// The output was full.
    Room,
    /// It has written its share of the turn.
    NextTurn,
}

/// When [`resume_writing`](super::Protocol::resume_writing) is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// At once: who goes first and had more to write than there was room for sends all of it before
    /// others send theirs.
    Now,
    /// In the next turn.
    NextTurn,
}

/// How far a protocol has gone in ending its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    No,
    Close,
    Abort,
}

/// A buffer with intentions: bytes to send, close, stop reading, call me at a time.
///
/// The first half of the methods is for protocols, the second (from [`output`](Self::output) on)
/// for drivers.
#[derive(Debug)]
pub struct Transport {
    id: ConnectionId,
    ending: Ending,
    reading_paused: bool,
    first: bool,
    late: bool,
    wish: Wish,
    timer: Option<Monotonic>,
    /// Since when the peer has taken none of the output that waits.
    waiting_since: Option<Monotonic>,
    output: Vec<u8>,
    /// How much of `output` has been taken already.
    taken: u32,
}

impl Transport {
    /// A transport without output or intentions.
    pub fn new(id: ConnectionId) -> Self {
        Transport {
            id,
            ending: Ending::No,
            reading_paused: false,
            first: false,
            late: false,
            wish: Wish::Nothing,
            timer: None,
            waiting_since: None,
            output: Vec::new(),
            taken: 0,
        }
    }

    /// The connection that this is.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// Sends `bytes` after all that was written before; dropped once the connection is ending.
    pub fn write(&mut self, bytes: &[u8]) {
        if self.ending == Ending::No {
            self.output.extend_from_slice(bytes);
        }
    }

    /// Sends what `compose` appends to the buffer that it is given (it must only append). Not
    /// called once the connection is ending.
    pub fn write_with(&mut self, compose: impl FnOnce(&mut Vec<u8>)) {
        if self.ending == Ending::No {
            compose(&mut self.output);
        }
    }

    /// Whether so much output waits that no more should be made now. After a yes,
    /// [`resume_writing`](super::Protocol::resume_writing) is called when there is room.
    pub fn is_full(&mut self) -> bool {
        let full = self.output_len() >= limits::OUTPUT_HIGH_WATER_BYTES;
        if full {
            self.wish = Wish::Room;
        }
        full
    }

    /// Asks for [`resume_writing`](super::Protocol::resume_writing) in the next turn, or when there
    /// is room after that: for a protocol that has written its share of a turn and has more.
    pub fn go_on_later(&mut self) {
        self.wish = Wish::NextTurn;
    }

    /// Flushes, then ends the connection. Nothing more is read or written.
    pub fn close(&mut self) {
        if self.ending == Ending::No {
            self.ending = Ending::Close;
        }
    }

    /// Ends the connection at once; output that waits is dropped.
    pub fn abort(&mut self) {
        self.ending = Ending::Abort;
    }

    /// Whether [`close`](Self::close) or [`abort`](Self::abort) was asked for.
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
    pub fn send_late(&mut self) {
        self.late = true;
    }

    // What follows is for drivers.

    /// The bytes that wait to be sent.
    pub fn output(&self) -> &[u8] {
        &self.output[self.taken as usize..]
    }

    /// How many bytes wait to be sent.
    pub fn output_len(&self) -> usize {
        self.output.len() - self.taken as usize
    }

    /// The peer was offered the output at time `now` and took its first `bytes` bytes (maybe 0).
    pub fn advance(&mut self, bytes: usize, now: Monotonic) {
        assert!(bytes <= self.output_len(), "more was taken than there is");
        if bytes == self.output_len() {
            self.output.clear();
            self.taken = 0;
            self.waiting_since = None;
            return;
        }
        if bytes > 0 || self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
        let taken = self.taken as usize + bytes;
        // Move the rest to the front only when that is cheap compared with what was sent, so that
        // neither the copying nor the space ahead of the rest can grow without bound.
        if taken >= self.output.len() / 2 || u32::try_from(taken).is_err() {
            self.output.drain(..taken);
            self.taken = 0;
        } else {
            self.taken = taken as u32;
        }
    }

    /// Drops all output.
    pub fn drop_output(&mut self) {
        self.output = Vec::new();
        self.taken = 0;
        self.waiting_since = None;
    }

    /// Lends spare memory for output to a transport that has none of its own.
    pub fn lend(&mut self, spare: &mut Vec<Vec<u8>>) {
        if self.output.capacity() == 0
            && let Some(buffer) = spare.pop()
        {
            self.output = buffer;
        }
    }

    /// Takes the output's memory back when there is no output, so that idle connections hold none.
    pub fn reclaim(&mut self, spare: &mut Vec<Vec<u8>>) {
        if !self.output.is_empty() || self.output.capacity() == 0 {
            return;
        }
        let buffer = mem::take(&mut self.output);
        if buffer.capacity() <= limits::SPARE_BUFFER_BYTES_MAX
            && spare.len() < limits::SPARE_BUFFERS_MAX
        {
            spare.push(buffer);
        }
    }

    /// When the peer is given up for not taking our output, if some waits.
    pub fn stalls_at(&self) -> Option<Monotonic> {
        self.waiting_since.map(|since| since + limits::OUTPUT_STALL_MAX)
    }

    /// Whether the protocol asked to flush and close.
    pub fn is_closing(&self) -> bool {
        self.ending == Ending::Close
    }

    /// Whether the protocol gave the connection up.
    pub fn is_aborted(&self) -> bool {
        self.ending == Ending::Abort
    }

    /// Whether data may be delivered.
    pub fn wants_data(&self) -> bool {
        !self.reading_paused && self.ending == Ending::No
    }

    /// Whether this connection goes before others in a turn.
    pub fn is_first(&self) -> bool {
        self.first
    }

    /// Whether the system is to hold little of the output.
    pub fn sends_late(&self) -> bool {
        self.late
    }

    /// When the protocol wants to be called.
    pub fn timer(&self) -> Option<Monotonic> {
        self.timer
    }

    /// Takes the timer if it is due.
    pub fn take_due_timer(&mut self, now: Monotonic) -> bool {
        let due = self.timer.is_some_and(|at| at <= now);
        if due {
            self.timer = None;
        }
        due
    }

    /// Whether `resume_writing` is due, and when; to be asked after writing, and answered once for
    /// each time that the output was full or the protocol wanted to go on.
    pub fn take_resume(&mut self) -> Option<Resume> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn transport() -> Transport {
        Transport::new(ConnectionId { slot: 0, generation: 0 })
    }

    #[test]
    fn an_id_shows_as_slot_and_generation() {
        for (slot, generation, shown) in
            [(0, 0, "#0.0"), (12, 345, "#12.345"), (u32::MAX, u32::MAX, "#4294967295.4294967295")]
        {
            assert_eq!(ConnectionId { slot, generation }.to_string(), shown);
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_secs(seconds)
    }

    proptest! {
        /// Whatever is written and however it is taken, the bytes come out in order, and the
        /// buffer does not keep what was taken.
        #[test]
        fn output_is_what_was_written_in_order(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), 0..400_usize), 0..60)
        ) {
            let mut transport = transport();
            let (mut written, mut taken) = (Vec::new(), Vec::new());
            for (bytes, wish) in steps {
                transport.write(&bytes);
                written.extend_from_slice(&bytes);
                let count = wish.min(transport.output_len());
                taken.extend_from_slice(&transport.output()[..count]);
                transport.advance(count, at(1));
                prop_assert!(transport.taken as usize <= transport.output_len());
            }
            taken.extend_from_slice(transport.output());
            prop_assert_eq!(taken, written);
        }
    }

    #[test]
    fn what_is_written_after_an_end_is_dropped() {
        for end in [Transport::close, Transport::abort] {
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
    fn room_is_told_once_after_it_was_asked_for_and_only_when_there_is_much() {
        let mut transport = transport();
        assert!(!transport.is_full() && transport.take_resume().is_none());
        transport.write(&vec![0; limits::OUTPUT_HIGH_WATER_BYTES]);
        assert!(transport.take_resume().is_none(), "nobody asked");
        assert!(transport.is_full());
        let excess = limits::OUTPUT_HIGH_WATER_BYTES - limits::OUTPUT_LOW_WATER_BYTES;
        transport.advance(excess - 1, at(1));
        assert!(transport.take_resume().is_none());
        transport.advance(1, at(1));
        assert!(transport.take_resume().is_some());
        assert!(transport.take_resume().is_none(), "once");
    }

    #[test]
    fn who_goes_on_later_is_called_once_unless_much_waits() {
        let mut transport = transport();
        transport.go_on_later();
        assert!(transport.take_resume().is_some());
        assert!(transport.take_resume().is_none(), "once");
        transport.write(&vec![0; limits::OUTPUT_LOW_WATER_BYTES + 1]);
        transport.go_on_later();
        assert!(transport.take_resume().is_none());
        transport.advance(1, at(1));
        assert!(transport.take_resume().is_some());
    }

    #[test]
    fn a_peer_has_its_time_anew_with_each_byte_that_it_takes() {
        let mut transport = transport();
        assert_eq!(transport.stalls_at(), None);
        transport.write(b"abc");
        transport.advance(0, at(1));
        transport.advance(0, at(5));
        assert_eq!(transport.stalls_at(), Some(at(1) + limits::OUTPUT_STALL_MAX));
        transport.advance(1, at(7));
        assert_eq!(transport.stalls_at(), Some(at(7) + limits::OUTPUT_STALL_MAX));
        transport.advance(2, at(8));
        assert_eq!(transport.stalls_at(), None);
    }

    #[test]
    fn a_timer_is_taken_when_it_is_due_and_then_gone() {
        let mut transport = transport();
        transport.set_timer(Some(at(5)));
        assert!(!transport.take_due_timer(at(4)));
        assert!(transport.take_due_timer(at(5)));
        assert_eq!(transport.timer(), None);
    }

    #[test]
    fn memory_is_lent_and_taken_back_within_bounds() {
        let mut spare = vec![Vec::with_capacity(100)];
        let mut transport = transport();
        transport.lend(&mut spare);
        assert!(spare.is_empty());
        transport.write(b"abc");
        transport.reclaim(&mut spare);
        assert!(spare.is_empty(), "it is still needed");
        transport.advance(3, at(1));
        transport.reclaim(&mut spare);
        assert_eq!(spare.len(), 1);
        transport.write(&vec![0; limits::SPARE_BUFFER_BYTES_MAX + 1]);
        transport.advance(limits::SPARE_BUFFER_BYTES_MAX + 1, at(1));
        transport.reclaim(&mut spare);
        assert_eq!((spare.len(), transport.output.capacity()), (1, 0), "too large to keep");
    }
}
