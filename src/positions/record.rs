//! One record, a position or a tombstone, as it lies in memory.

use super::chunks::Chunks;
use super::epochs::EpochSlot;
use super::feed::Adjacent;
use super::memory::allocated;
use super::origins::OriginId;
use super::report::{Kind, Report};
use super::text::Text;
use crate::limits;

/// Texts up to this length lie in the record itself: an id of 18 bytes with a location and a time
/// as phones write them. Longer ones have memory of their own, which is not given back while the
/// record exists: a client whose reports are now long, now short must not fragment the memory.
pub(super) const INLINE_BYTES: usize = 62;

/// Records by number.
pub(super) type Records = Chunks<Record, 4_096>;

/// The last report of a client. The compiler orders the fields.
#[derive(Debug)]
pub(super) struct Record {
    pub sequence: u64,
    pub time_nanoseconds: i64,
    pub difference_nanoseconds: i64,
    pub adjacent: Adjacent,
    pub origin: OriginId,
    pub heard_from: EpochSlot,
    /// With [`TOMBSTONE`] added if it is one, and then perhaps [`WAS_KNOWN`]: so a search for a position
    /// passes it by at no cost.
    client_len: u16,
    location_len: u16,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Inline { len: u8, bytes: [u8; INLINE_BYTES] },
    Spilled(Vec<u8>),
}

/// More than the length of any id.
const TOMBSTONE: u16 = 1 << 15;

/// The client's position was known here before it was forgotten: for who watches. It is this server's
/// own, part of no order and no digest.
const WAS_KNOWN: u16 = 1 << 14;

const _: () = assert!(limits::CLIENT_ID_BYTES_MAX < WAS_KNOWN as usize);
const _: () = assert!(size_of::<Record>() == 104);

impl Record {
    /// A record of no client, to be filled in and put in the list.
    pub fn empty(origin: OriginId) -> Self {
        Record {
            sequence: 0,
            time_nanoseconds: 0,
            difference_nanoseconds: 0,
            adjacent: Adjacent::NONE,
            origin,
            heard_from: EpochSlot::OURS,
            client_len: 0,
            location_len: 0,
            bytes: Bytes::Inline { len: 0, bytes: [0; INLINE_BYTES] },
        }
    }

    pub fn kind(&self) -> Kind {
        if self.client_len & TOMBSTONE == 0 { Kind::Position } else { Kind::Tombstone }
    }

    pub fn text(&self) -> Text<'_> {
        let client_len = self.client_len & !(TOMBSTONE | WAS_KNOWN);
        Text::stored(self.bytes.as_slice(), client_len, self.location_len)
    }

    /// Whether a position of its client has been known since the record came to be.
    pub fn was_known(&self) -> bool {
        match self.kind() {
            // Not of an empty one, which is of no client yet.
            Kind::Position => self.client_len > 0,
            Kind::Tombstone => self.client_len & WAS_KNOWN != 0,
        }
    }

    /// Whether it is that client's, and a position.
    pub fn is_position_of(&self, client: &[u8]) -> bool {
        usize::from(self.client_len) == client.len() && self.bytes.as_slice().starts_with(client)
    }

    /// Whether it is that client's, of whichever kind.
    pub fn is_of(&self, client: &[u8]) -> bool {
        self.text().client() == client
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

    /// Says whose it is and of which kind, which a report of the same kind does not change.
    pub fn begin(&mut self, text: Text<'_>) {
        // It fits: the text keeps it in the same type.
        let client_len = text.client_len() as u16;
        self.client_len = match text.kind() {
            Kind::Position => client_len,
            Kind::Tombstone if self.was_known() => client_len | TOMBSTONE | WAS_KNOWN,
            Kind::Tombstone => client_len | TOMBSTONE,
        };
    }

    /// Sets all but what [`begin`](Self::begin) does.
    #[inline(always)]
    pub fn set(&mut self, report: &Report<'_>, heard_from: EpochSlot) {
        self.time_nanoseconds = report.time_nanoseconds;
        self.difference_nanoseconds = report.difference_nanoseconds;
        self.origin = report.origin;
        self.heard_from = heard_from;
        // It fits: the text keeps it in the same type.
        self.location_len = report.text.location_len() as u16;
        self.bytes.set(report.text.bytes());
    }

    /// Whether it is of no client: changes are numbered from 1.
    pub fn is_free(&self) -> bool {
        self.sequence == 0
    }

    /// Makes it a record of no client again; its text's memory is given back.
    pub fn clear(&mut self) {
        *self = Record::empty(self.origin);
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
