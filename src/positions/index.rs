//! From a client's id to its record's number: extendible hashing, which grows in small steps.
//!
//! Entries lie in segments of fixed size. The first bits of a hash choose a place in the directory,
//! which names a segment; the last bits choose where in the segment the search starts. A segment
//! that is full is split in two by one more of the first bits; the directory doubles when a segment
//! needs more bits than it uses. So the longest step of growing is to move one segment's entries
//! (8 KiB) or to copy the directory (4 bytes a segment), at whatever size, and there is never an
//! old table beside a new one: from 9 to 19 bytes an entry at any time.

use super::memory::allocated;

/// Entries a segment has room for: 8 KiB.
const SEGMENT_ENTRIES: usize = 1 << SEGMENT_BITS;
const SEGMENT_BITS: u32 = 10;
/// Entries at which a segment is split: beyond seven eighths searches get long.
const SEGMENT_USED_MAX: u16 = (SEGMENT_ENTRIES / 8 * 7) as u16;
/// Bits of a hash that can choose a segment: those that do not choose a place in it.
const DEPTH_MAX: u32 = u32::BITS - SEGMENT_BITS;

#[derive(Debug)]
pub(super) struct Index {
    /// How many first bits of a hash choose from the directory.
    depth: u32,
    /// For each value of these bits, which segment.
    directory: Vec<u32>,
    /// Boxed, so that they stay where they are while this grows.
    segments: Vec<Box<Segment>>,
}

#[derive(Debug)]
struct Segment {
    /// How many first bits of their hashes all entries have in common.
    depth: u32,
    used: u16,
    entries: [Entry; SEGMENT_ENTRIES],
}

/// A record's number plus one, and above it the hash of the client's id; or zero for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(u64);

impl Index {
    pub fn new() -> Self {
        Index { depth: 0, directory: vec![0], segments: vec![Segment::new(0)] }
    }

    /// What it takes.
    pub fn bytes(&self) -> usize {
        self.segments.len() * allocated(size_of::<Segment>())
            + self.segments.capacity() * size_of::<Box<Segment>>()
            + self.directory.capacity() * size_of::<u32>()
    }

    /// The record with this hash for which `is_it` says yes.
    #[inline(always)]
    pub fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let segment = &self.segments[self.segment_of(hash)];
        for place in probe(hash) {
            let entry = segment.entries[place];
            match entry.number() {
                None => return None,
                Some(number) if entry.hash() == hash && is_it(number) => return Some(number),
                Some(_) => {}
            }
        }
        None
    }

    /// What [`find`](Self::find) looks at first, whatever it is.
    pub fn first_probed(&self, hash: u32) -> u64 {
        self.segments[self.segment_of(hash)].entries[hash as usize % SEGMENT_ENTRIES].0
    }

    /// Adds a record (with a number below `u32::MAX`) that is not in the index. Says no if too many
    /// hashes begin alike, which takes more clients than fit or a key that is no secret.
    #[must_use]
    pub fn insert(&mut self, hash: u32, number: u32) -> bool {
        loop {
            let segment = self.segment_of(hash);
            if self.segments[segment].used < SEGMENT_USED_MAX {
                self.segments[segment].put(Entry::new(hash, number));
                return true;
            }
            if self.segments[segment].depth == DEPTH_MAX {
                return false;
            }
            self.split(segment, hash);
        }
    }

    fn segment_of(&self, hash: u32) -> usize {
        self.directory[first_bits(hash, self.depth)] as usize
    }

    /// Splits a segment, which is where `hash` belongs.
    fn split(&mut self, segment: usize, hash: u32) {
        let depth = self.segments[segment].depth;
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|&segment| [segment; 2]).collect();
            self.depth += 1;
        }
        let whole = std::mem::replace(&mut self.segments[segment], Segment::new(depth + 1));
        let mut upper = Segment::new(depth + 1);
        for entry in whole.entries.into_iter().filter(|&entry| entry != Entry::NONE) {
            if first_bits(entry.hash(), depth + 1) & 1 == 1 {
                upper.put(entry);
            } else {
                self.segments[segment].put(entry);
            }
        }
        // The upper half of the directory's places that named the segment.
        let places = 1 << (self.depth - depth);
        let first = first_bits(hash, depth) * places;
        self.directory[first + places / 2..first + places].fill(self.segments.len() as u32);
        self.segments.push(upper);
    }
}

impl Segment {
    fn new(depth: u32) -> Box<Self> {
        Box::new(Segment { depth, used: 0, entries: [Entry::NONE; SEGMENT_ENTRIES] })
    }

    /// There must be room.
    fn put(&mut self, entry: Entry) {
        if let Some(place) = probe(entry.hash()).find(|&at| self.entries[at] == Entry::NONE) {
            self.entries[place] = entry;
            self.used += 1;
        }
    }
}

impl Entry {
    const NONE: Entry = Entry(0);

    fn new(hash: u32, number: u32) -> Self {
        Entry(u64::from(hash) << 32 | (u64::from(number) + 1))
    }

    fn hash(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn number(self) -> Option<u32> {
        (self.0 as u32).checked_sub(1)
    }
}

fn first_bits(hash: u32, bits: u32) -> usize {
    (u64::from(hash) >> (u32::BITS - bits)) as usize
}

/// The places of a segment in the order in which they are searched for `hash`.
fn probe(hash: u32) -> impl Iterator<Item = usize> {
    (0..SEGMENT_ENTRIES).map(move |step| (hash as usize + step) % SEGMENT_ENTRIES)
}

#[cfg(test)]
impl Index {
    /// Panics unless all that the segments and the directory say of each other is true.
    pub fn check_invariants(&self, records: usize) {
        assert_eq!(self.directory.len(), 1 << self.depth);
        let mut named = vec![0; self.segments.len()];
        self.directory.iter().for_each(|&segment| named[segment as usize] += 1);
        let mut entries = 0;
        for (number, segment) in self.segments.iter().enumerate() {
            assert_eq!(named[number], 1 << (self.depth - segment.depth));
            let used = segment.entries.iter().filter(|&&entry| entry != Entry::NONE);
            let belong = used.filter(|entry| self.segment_of(entry.hash()) == number).count();
            assert_eq!(belong, usize::from(segment.used));
            entries += belong;
        }
        assert_eq!(entries, records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bijection on 32 bits, so that the hash alone tells numbers apart.
    fn scramble(number: u32) -> u32 {
        number.wrapping_mul(0x9e37_79b9).rotate_left(16).wrapping_mul(0x85eb_ca6b)
    }

    #[test]
    fn finds_what_was_inserted_while_it_grows() {
        let mut index = Index::new();
        for number in 0..200_000 {
            assert_eq!(index.find(scramble(number), |_| true), None);
            assert!(index.insert(scramble(number), number));
            let earlier = number / 3;
            assert_eq!(index.find(scramble(earlier), |_| true), Some(earlier));
        }
        index.check_invariants(200_000);
        for number in 0..200_000 {
            assert_eq!(index.find(scramble(number), |it| it == number), Some(number));
        }
        assert_eq!(index.find(scramble(200_001), |_| true), None);
    }

    #[test]
    fn an_entry_takes_from_9_to_19_bytes() {
        let mut index = Index::new();
        for number in 0..200_000 {
            assert!(index.insert(scramble(number), number));
            if number < 10_000 || number % 1_000 != 0 {
                continue;
            }
            let each = index.bytes() as f64 / f64::from(number + 1);
            assert!((9.0..19.0).contains(&each), "{each} bytes with {number}");
        }
    }

    #[test]
    fn records_with_the_same_hash_are_told_apart_until_there_is_no_room() {
        let mut index = Index::new();
        let room = u32::from(SEGMENT_USED_MAX);
        for number in 0..room {
            assert!(index.insert(7, number));
        }
        assert!(!index.insert(7, room));
        index.check_invariants(room as usize);
        for number in 0..room {
            assert_eq!(index.find(7, |it| it == number), Some(number));
        }
        assert_eq!(index.find(7, |it| it == room), None);
        assert!(index.insert(!7, room), "others still find room");
    }
}
