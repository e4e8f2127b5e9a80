//! The places that lie together.

use super::super::memory::{allocated, take_from};
use super::sphere::Point;

/// Places at which a leaf is split: so many that what a leaf takes beside them counts little, and few
/// enough for a search to look at all of them.
pub(super) const LEAF_PLACES_MAX: usize = 64;
/// By how many places the room of a leaf grows and shrinks.
const STEP: usize = 8;

/// A record's number and where it is: what a search needs lies side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub point: Point,
    pub number: u32,
}

#[derive(Debug)]
pub(super) struct Leaf {
    places: Vec<Place>,
    /// The inner node above, if there is one.
    pub parent: Option<u32>,
    /// How many of the first bits of their paths all places have in common.
    pub level: u8,
}

const _: () = assert!(size_of::<Place>() == 16 && size_of::<Leaf>() <= 40);

impl Leaf {
    pub fn new(parent: Option<u32>, level: u8) -> Self {
        Leaf { places: vec![], parent, level }
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    pub fn is_full(&self) -> bool {
        self.places.len() >= LEAF_PLACES_MAX
    }

    /// Which of the places is the record's.
    pub fn position_of(&self, number: u32) -> Option<usize> {
        self.places.iter().position(|place| place.number == number)
    }

    /// Moves a place within the leaf.
    pub fn set(&mut self, at: usize, point: Point) {
        self.places[at].point = point;
    }

    /// Adds a place; `bytes` is the sum of what leaves take.
    pub fn push(&mut self, place: Place, bytes: &mut usize) {
        self.reserve(1, bytes);
        self.places.push(place);
    }

    /// Takes a place out.
    pub fn remove(&mut self, at: usize, bytes: &mut usize) {
        self.places.swap_remove(at);
        if self.places.len() + 2 * STEP <= self.places.capacity() {
            self.shrink(bytes);
        }
    }

    /// Takes over all places of another leaf.
    pub fn append(&mut self, other: &mut Leaf, bytes: &mut usize) {
        self.reserve(other.places.len(), bytes);
        self.places.append(&mut other.places);
        other.shrink(bytes);
    }

    /// Moves the places that are on that side to another leaf, which is empty.
    pub fn split_off(
        &mut self,
        other: &mut Leaf,
        is_other: impl Fn(&Place) -> bool,
        bytes: &mut usize,
    ) {
        let count = self.places.iter().filter(|place| is_other(place)).count();
        other.reserve(count, bytes);
        self.places.retain(|place| {
            let moves = is_other(place);
            if moves {
                other.places.push(*place);
            }
            !moves
        });
        self.shrink(bytes);
    }

    /// What the places take.
    pub fn bytes(&self) -> usize {
        match self.places.capacity() {
            0 => 0,
            places => allocated(places * size_of::<Place>()),
        }
    }

    fn reserve(&mut self, more: usize, bytes: &mut usize) {
        let len = self.places.len() + more;
        if len > self.places.capacity() {
            take_from(bytes, self.bytes());
            self.places.reserve_exact(len.next_multiple_of(STEP) - self.places.len());
            *bytes += self.bytes();
        }
    }

    fn shrink(&mut self, bytes: &mut usize) {
        take_from(bytes, self.bytes());
        self.places.shrink_to(self.places.len().next_multiple_of(STEP));
        *bytes += self.bytes();
    }
}
