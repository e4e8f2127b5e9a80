//! From a client's id to its record's number: extendible hashing, which grows in small steps.
//!
//! Entries lie in segments of fixed size. The first bits of a hash choose a place in the directory,
//! which names a segment; the last bits choose where in the segment the search starts. A segment
//! that is full is split in two by one more of the first bits; the directory doubles when a segment
//! needs more bits than it uses. So the longest step of growing is to move one segment's entries
//! (8 KiB) or to copy the directory (4 bytes a segment), at whatever size, and there is never an
//! old table beside a new one: from 9 to 19 bytes an entry at any time, as long as none is removed.
//!
//! Removing moves entries within one segment, so that no search meets a gap before its end: no marker
//! stays where an entry was, and searches are as short as if it had never been added (Knuth, The Art
//! of Computer Programming, volume 3, 6.4, algorithm R). Segments are not joined again: the room of
//! what was removed is used by others.

use super::memory::allocated;
use crate::fault::fault;

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

    /// How much memory it takes, in bytes.
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
            let at = self.segment_of(hash);
            let segment = &mut self.segments[at];
            if segment.used < SEGMENT_USED_MAX {
                if segment.put(Entry::new(hash, number)) {
                    return true;
                }
                // Now it is known to be full, and will be split.
                segment.count();
            } else if segment.depth == DEPTH_MAX {
                return false;
            } else {
                self.split(at, hash);
            }
        }
    }

    /// Removes the record with this hash for which `is_it` says yes, if there is one, and tells its
    /// number.
    pub fn remove(&mut self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let segment = self.segment_of(hash);
        self.segments[segment].remove(hash, is_it)
    }

    /// How many records there are.
    #[cfg(any(test, debug_assertions))]
    pub fn len(&self) -> usize {
        self.segments.iter().map(|segment| usize::from(segment.used)).sum()
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
            let is_upper = first_bits(entry.hash(), depth + 1) & 1 == 1;
            let half = if is_upper { &mut upper } else { &mut self.segments[segment] };
            // There is: it has as much room as the whole.
            half.put(entry);
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

    /// There must be room; whether there was.
    fn put(&mut self, entry: Entry) -> bool {
        let Some(place) = probe(entry.hash()).find(|&at| self.entries[at] == Entry::NONE) else {
            fault!("a segment of the index said to have {} entries is full", self.used);
            return false;
        };
        self.entries[place] = entry;
        self.used += 1;
        true
    }

    fn remove(&mut self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        for place in probe(hash) {
            let entry = self.entries[place];
            let number = entry.number()?;
            if entry.hash() == hash && is_it(number) {
                self.take_out(place);
                return Some(number);
            }
        }
        None
    }

    /// Leaves no gap where there was an entry: of those behind it, up to the next gap, each whose
    /// search would end at the gap before it comes to it moves there and leaves another one.
    fn take_out(&mut self, place: usize) {
        let mut gap = place;
        for step in 1..SEGMENT_ENTRIES {
            let at = (place + step) % SEGMENT_ENTRIES;
            let entry = self.entries[at];
            if entry == Entry::NONE {
                break;
            }
            if steps(entry.hash(), gap) < steps(entry.hash(), at) {
                self.entries[gap] = entry;
                gap = at;
            }
        }
        self.entries[gap] = Entry::NONE;
        match self.used.checked_sub(1) {
            Some(used) => self.used = used,
            None => {
                fault!("a segment of the index said to be empty had an entry");
                self.count();
            }
        }
    }

    /// Makes `used` what it must be.
    fn count(&mut self) {
        let used = self.entries.iter().filter(|&&entry| entry != Entry::NONE).count();
        self.used = used as u16;
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

/// How far a place is from where the search for `hash` starts.
fn steps(hash: u32, place: usize) -> usize {
    place.wrapping_sub(hash as usize) % SEGMENT_ENTRIES
}

#[cfg(test)]
impl Index {
    /// Panics unless all that the segments and the directory say of each other is true, and every
    /// entry is found by a search.
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
            for (place, entry) in segment.entries.iter().enumerate() {
                let mut before = probe(entry.hash()).take_while(|&at| at != place);
                let is_found = before.all(|at| segment.entries[at] != Entry::NONE);
                assert!(is_found || *entry == Entry::NONE, "{place} of {number} is behind a gap");
            }
            entries += belong;
        }
        assert_eq!((entries, self.len()), (records, records));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The high bits of a linear congruential generator (Knuth, MMIX).
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u32) -> u32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
            (((self.0 >> 32) * u64::from(bound)) >> 32) as u32
        }

        /// With few places to start at, around a segment's end, so that entries crowd and wrap; with
        /// few other bits, so that many hashes are the same.
        fn hash(&mut self, places: u32) -> u32 {
            let place = (SEGMENT_ENTRIES as u32 - places / 2 + self.below(places)) % (1 << 10);
            self.below(8) << 29 | self.below(4) << 10 | place
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// In waves: first there come more than go, until segments are split, then more go.
        #[test]
        fn does_what_a_map_does(seed: u64, places in 1_u32..1_024, most in 500_usize..5_000) {
            let mut random = Random(seed);
            let (mut index, mut model) = (Index::new(), BTreeMap::new());
            let mut grows = true;
            for number in 0..15_000 {
                let is_insert = model.is_empty() || (random.below(4) > 0) == grows;
                if is_insert {
                    let hash = random.hash(places);
                    if index.insert(hash, number) {
                        model.insert(number, hash);
                    }
                } else {
                    let from = random.below(number);
                    let (&number, &hash) =
                        model.range(from..).next().or(model.iter().next()).unwrap();
                    prop_assert_eq!(index.remove(hash, |it| it == number), Some(number));
                    prop_assert_eq!(index.remove(hash, |it| it == number), None);
                    prop_assert_eq!(index.find(hash, |it| it == number), None);
                    model.remove(&number);
                }
                grows = if grows { model.len() < most } else { model.len() < most / 4 };
                if number % 1_000 == 0 {
                    index.check_invariants(model.len());
                    for (&number, &hash) in &model {
                        prop_assert_eq!(index.find(hash, |it| it == number), Some(number));
                    }
                }
            }
            for (number, hash) in model {
                prop_assert_eq!(index.remove(hash, |it| it == number), Some(number));
            }
            index.check_invariants(0);
        }
    }

    #[test]
    fn removed_entries_leave_their_room() {
        let mut index = Index::new();
        for number in 0..u32::from(SEGMENT_USED_MAX) {
            assert!(index.insert(7, number));
        }
        assert!(!index.insert(7, 5_000));
        assert_eq!(index.remove(7, |it| it == 3), Some(3));
        assert!(index.insert(7, 5_000));
        assert_eq!(index.find(7, |it| it == 5_000), Some(5_000));
        assert_eq!(index.remove(8, |_| true), None);
        index.check_invariants(usize::from(SEGMENT_USED_MAX));
    }

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
