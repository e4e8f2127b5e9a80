//! One position as it lies in memory, and the memory for many of them.

use super::Report;
use super::feed::Links;
use super::lives::LifeSlot;
use super::memory::allocated;
use super::origins::OriginId;
use super::text::Text;

/// Texts up to this length lie in the record itself: an id of 18 bytes with a location and a time
/// as phones write them. Longer ones have memory of their own, which never gets less: whoever
/// reports short texts after long ones must not leave holes that no long one fits into.
pub(super) const INLINE_BYTES: usize = 62;

/// Records a chunk.
const CHUNK: usize = 4_096;

/// The last report of a client. The order of the fields is the compiler's.
#[derive(Debug)]
pub(super) struct Record {
    pub sequence: u64,
    pub time_nanoseconds: i64,
    pub difference_nanoseconds: i64,
    pub links: Links,
    pub origin: OriginId,
    pub heard_from: LifeSlot,
    client_len: u16,
    location_len: u16,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Inline { len: u8, bytes: [u8; INLINE_BYTES] },
    Spilled(Vec<u8>),
}

const _: () = assert!(size_of::<Record>() == 104);

impl Record {
    /// A record of nobody, to be filled in and linked.
    pub fn empty(origin: OriginId) -> Self {
        Record {
            sequence: 0,
            time_nanoseconds: 0,
            difference_nanoseconds: 0,
            links: Links::NONE,
            origin,
            heard_from: LifeSlot::NONE,
            client_len: 0,
            location_len: 0,
            bytes: Bytes::Inline { len: 0, bytes: [0; INLINE_BYTES] },
        }
    }

    pub fn text(&self) -> Text<'_> {
        Text::stored(self.bytes.as_slice(), self.client_len, self.location_len)
    }

    /// Whether it is that client's.
    pub fn is_of(&self, client: &[u8]) -> bool {
        usize::from(self.client_len) == client.len() && self.bytes.as_slice().starts_with(client)
    }

    /// The report as it was taken.
    #[inline(always)]
    pub fn report(&self) -> Report<'_> {
        Report {
            origin: self.origin,
            difference_nanoseconds: self.difference_nanoseconds,
            time_nanoseconds: self.time_nanoseconds,
            text: self.text(),
        }
    }

    /// What its text takes besides the record.
    pub fn text_bytes(&self) -> usize {
        match &self.bytes {
            Bytes::Inline { .. } => 0,
            Bytes::Spilled(bytes) => allocated(bytes.capacity()),
        }
    }

    /// How much more that will be when this text is set.
    pub fn growth_bytes(&self, text: Text<'_>) -> usize {
        match text.bytes().len() {
            0..=INLINE_BYTES => 0,
            longer => allocated(longer).saturating_sub(self.text_bytes()),
        }
    }

    #[inline(always)]
    pub fn set(&mut self, report: &Report<'_>, heard_from: LifeSlot) {
        self.time_nanoseconds = report.time_nanoseconds;
        self.difference_nanoseconds = report.difference_nanoseconds;
        self.origin = report.origin;
        self.heard_from = heard_from;
        // The lengths fit: the text keeps them in the same types.
        self.client_len = report.text.client_len() as u16;
        self.location_len = report.text.location_len() as u16;
        self.bytes.set(report.text.bytes());
    }
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Bytes::Spilled(bytes) => bytes,
        }
    }

    /// Allocates only if `new` is long, and longer than all before.
    fn set(&mut self, new: &[u8]) {
        match self {
            Bytes::Inline { len, bytes } if new.len() <= INLINE_BYTES => {
                bytes[..new.len()].copy_from_slice(new);
                *len = new.len() as u8;
            }
            Bytes::Spilled(bytes) if new.len() <= bytes.capacity() => {
                bytes.clear();
                bytes.extend_from_slice(new);
            }
            _ => *self = Bytes::Spilled(new.to_vec()),
        }
    }
}

/// Records by number, in chunks: growing neither moves them nor takes more than one chunk too much.
#[derive(Debug, Default)]
pub(super) struct Records {
    chunks: Vec<Vec<Record>>,
}

impl Records {
    const CHUNK_BYTES: usize = allocated(CHUNK * size_of::<Record>());

    pub fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK + last.len(),
            None => 0,
        }
    }

    /// What they take, but for the texts of their own.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * Self::CHUNK_BYTES + self.chunks.capacity() * size_of::<Vec<Record>>()
    }

    /// How much more it will be with another record.
    pub fn growth_bytes(&self) -> usize {
        if self.len().is_multiple_of(CHUNK) { Self::CHUNK_BYTES } else { 0 }
    }

    pub fn push(&mut self, record: Record) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(record),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(record);
                self.chunks.push(chunk);
            }
        }
    }

    pub fn get(&self, number: u32) -> &Record {
        let number = number as usize;
        &self.chunks[number / CHUNK][number % CHUNK]
    }

    pub fn get_mut(&mut self, number: u32) -> &mut Record {
        let number = number as usize;
        &mut self.chunks[number / CHUNK][number % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Texts of all lengths, one after another in the same record.
        #[test]
        fn bytes_are_what_was_set_last(lens in prop::collection::vec(0_usize..130, 1..20)) {
            let mut bytes = Bytes::Inline { len: 0, bytes: [0; INLINE_BYTES] };
            let mut longest = 0;
            for (step, len) in lens.into_iter().enumerate() {
                let new = vec![step as u8; len];
                bytes.set(&new);
                prop_assert_eq!(bytes.as_slice(), &new[..]);
                longest = longest.max(len);
                prop_assert_eq!(matches!(bytes, Bytes::Inline { .. }), longest <= INLINE_BYTES);
            }
        }
    }

    #[test]
    fn a_text_that_is_no_longer_takes_no_new_memory() {
        let mut bytes = Bytes::Spilled(vec![1; 100]);
        let before = bytes.as_slice().as_ptr();
        for len in [100, 63, 5, 99] {
            bytes.set(&vec![2; len]);
            assert_eq!(bytes.as_slice(), vec![2; len]);
            assert_eq!(bytes.as_slice().as_ptr(), before);
        }
    }
}
