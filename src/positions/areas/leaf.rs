//! The records that lie together.

use super::super::memory::{allocated, take_from};

/// Records at which a leaf is split: so many that what a leaf takes beside them counts little, and few
/// enough for a search to look at all of them.
pub(super) const LEAF_PLACES_MAX: usize = 32;
/// By how many records the room of a leaf grows and shrinks.
const STEP: usize = 4;

#[derive(Debug)]
pub(super) struct Leaf {
    numbers: Vec<u32>,
    /// The inner node above, if there is one.
    pub parent: Option<u32>,
    /// How many of the first bits of their paths all records have in common.
    pub level: u8,
}

const _: () = assert!(size_of::<Leaf>() <= 40);

impl Leaf {
    pub fn new(parent: Option<u32>, level: u8) -> Self {
        Leaf { numbers: vec![], parent, level }
    }

    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    pub fn is_full(&self) -> bool {
        self.numbers.len() >= LEAF_PLACES_MAX
    }

    /// Adds a record; `bytes` is the sum of what leaves take.
    pub fn push(&mut self, number: u32, bytes: &mut usize) {
        self.reserve(1, bytes);
        self.numbers.push(number);
    }

    /// Takes a record out; whether it was there.
    pub fn remove(&mut self, number: u32, bytes: &mut usize) -> bool {
        let Some(at) = self.numbers.iter().position(|&one| one == number) else { return false };
        self.numbers.swap_remove(at);
        if self.numbers.len() + 2 * STEP <= self.numbers.capacity() {
            self.shrink(bytes);
        }
        true
    }

    /// Takes over all records of another leaf.
    pub fn append(&mut self, other: &mut Leaf, bytes: &mut usize) {
        self.reserve(other.numbers.len(), bytes);
        self.numbers.append(&mut other.numbers);
        other.shrink(bytes);
    }

    /// Moves the records that are on that side to another leaf, which is empty.
    pub fn split_off(
        &mut self,
        other: &mut Leaf,
        is_other: impl Fn(u32) -> bool,
        bytes: &mut usize,
    ) {
        let count = self.numbers.iter().filter(|&&number| is_other(number)).count();
        other.reserve(count, bytes);
        self.numbers.retain(|number| {
            let moves = is_other(*number);
            if moves {
                other.numbers.push(*number);
            }
            !moves
        });
        self.shrink(bytes);
    }

    /// What the numbers take.
    pub fn bytes(&self) -> usize {
        match self.numbers.capacity() {
            0 => 0,
            numbers => allocated(numbers * size_of::<u32>()),
        }
    }

    fn reserve(&mut self, more: usize, bytes: &mut usize) {
        let len = self.numbers.len() + more;
        if len > self.numbers.capacity() {
            take_from(bytes, self.bytes());
            self.numbers.reserve_exact(len.next_multiple_of(STEP) - self.numbers.len());
            *bytes += self.bytes();
        }
    }

    fn shrink(&mut self, bytes: &mut usize) {
        take_from(bytes, self.bytes());
        self.numbers.shrink_to(self.numbers.len().next_multiple_of(STEP));
        *bytes += self.bytes();
    }
}
