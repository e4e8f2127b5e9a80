//! Bytes that wait to be sent: appended at the end, taken from the front.

use super::time::Monotonic;
use crate::limits;
use std::mem;

/// The output of one connection.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many of `bytes` have been taken already.
    taken: u32,
    /// Since when the peer has taken none of what waits.
    waiting_since: Option<Monotonic>,
}

impl Output {
    pub fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Where to append.
    pub fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// What waits.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.taken as usize..]
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken as usize
    }

    /// The peer was offered all of it and took its first `bytes` bytes (maybe 0).
    pub fn advance(&mut self, bytes: usize, now: Monotonic) {
        self.take(bytes);
        if self.len() == 0 {
            self.waiting_since = None;
        } else if bytes > 0 || self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
    }

    /// The same where what was taken may wait behind this, as under TLS, and no more can be sent
    /// now; `moved` says whether any of it was sent.
    pub fn advance_blocked(&mut self, bytes: usize, moved: bool, now: Monotonic) {
        self.take(bytes);
        if moved || self.waiting_since.is_none() {
            self.waiting_since = Some(now);
        }
    }

    fn take(&mut self, bytes: usize) {
        assert!(bytes <= self.len(), "more was taken than there is");
        if bytes == self.len() {
            self.bytes.clear();
            self.taken = 0;
            return;
        }
        let taken = self.taken as usize + bytes;
        // Move the rest to the front only when that is cheap compared with what was sent, so that
        // neither the copying nor the space ahead of the rest can grow without bound.
        if taken >= self.bytes.len() / 2 || u32::try_from(taken).is_err() {
            self.bytes.drain(..taken);
            self.taken = 0;
        } else {
            self.taken = taken as u32;
        }
    }

    pub fn clear(&mut self) {
        *self = Output::default();
    }

    /// Since when the peer has taken nothing, if something waits.
    pub fn waiting_since(&self) -> Option<Monotonic> {
        self.waiting_since
    }

    /// Takes spare memory where there is none.
    pub fn borrow(&mut self, spare: &mut Vec<Vec<u8>>) {
        if self.bytes.capacity() == 0
            && let Some(buffer) = spare.pop()
        {
            self.bytes = buffer;
        }
    }

    /// Gives the memory back when nothing waits, so that idle connections hold none.
    pub fn give_back(&mut self, spare: &mut Vec<Vec<u8>>) {
        if !self.bytes.is_empty() || self.bytes.capacity() == 0 {
            return;
        }
        let buffer = mem::take(&mut self.bytes);
        if buffer.capacity() <= limits::SPARE_BUFFER_BYTES_MAX
            && spare.len() < limits::SPARE_BUFFERS_MAX
        {
            spare.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Monotonic {
        Monotonic::default() + Duration::from_secs(seconds)
    }

    proptest! {
        /// Whatever is appended and however it is taken, the bytes come out in order, and what was
        /// taken is not kept.
        #[test]
        fn output_is_what_was_appended_in_order(
            steps in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..300), 0..400_usize), 0..60)
        ) {
            let mut output = Output::default();
            let (mut appended, mut taken) = (Vec::new(), Vec::new());
            for (bytes, wish) in steps {
                output.append(&bytes);
                appended.extend_from_slice(&bytes);
                let count = wish.min(output.len());
                taken.extend_from_slice(&output.waiting()[..count]);
                output.advance(count, at(1));
                prop_assert!(output.taken as usize <= output.len());
            }
            taken.extend_from_slice(output.waiting());
            prop_assert_eq!(taken, appended);
        }
    }

    #[test]
    fn a_peer_has_its_time_anew_with_each_byte_that_it_takes() {
        let mut output = Output::default();
        assert_eq!(output.waiting_since(), None);
        output.append(b"abc");
        output.advance(0, at(1));
        output.advance(0, at(5));
        assert_eq!(output.waiting_since(), Some(at(1)));
        output.advance(1, at(7));
        assert_eq!(output.waiting_since(), Some(at(7)));
        output.advance(2, at(8));
        assert_eq!(output.waiting_since(), None);
    }

    #[test]
    fn a_peer_that_takes_nothing_of_what_was_buffered_for_it_has_its_time_too() {
        let mut output = Output::default();
        output.append(b"abc");
        output.advance_blocked(3, false, at(1));
        output.advance_blocked(0, false, at(5));
        assert_eq!(output.waiting_since(), Some(at(1)));
        output.advance_blocked(0, true, at(7));
        assert_eq!(output.waiting_since(), Some(at(7)));
        output.advance(0, at(8));
        assert_eq!(output.waiting_since(), None);
    }

    #[test]
    fn memory_is_borrowed_and_given_back_within_bounds() {
        let mut spare = vec![Vec::with_capacity(100)];
        let mut output = Output::default();
        output.borrow(&mut spare);
        assert!(spare.is_empty());
        output.append(b"abc");
        output.give_back(&mut spare);
        assert!(spare.is_empty(), "it is still needed");
        output.advance(3, at(1));
        output.give_back(&mut spare);
        assert_eq!(spare.len(), 1);
        output.append(&vec![0; limits::SPARE_BUFFER_BYTES_MAX + 1]);
        output.advance(limits::SPARE_BUFFER_BYTES_MAX + 1, at(1));
        output.give_back(&mut spare);
        assert_eq!((spare.len(), output.bytes.capacity()), (1, 0), "too large to keep");
    }
}
