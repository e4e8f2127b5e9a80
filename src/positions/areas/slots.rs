//! Elements whose numbers are used again when they have gone.

use super::super::chunks::Chunks;

/// Elements a chunk.
const CHUNK: usize = 256;

#[derive(Debug)]
pub(super) struct Slots<T> {
    elements: Chunks<T, CHUNK>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Slots { elements: Chunks::default(), free: vec![] }
    }
}

impl<T> Slots<T> {
    /// Its number.
    pub fn add(&mut self, element: T) -> u32 {
        if let Some(number) = self.free.pop() {
            *self.elements.get_mut(number) = element;
            return number;
        }
        self.elements.push(element);
        self.elements.len() as u32 - 1
    }

    /// The number may be given to another one; what is there until then does not matter.
    pub fn free(&mut self, number: u32) {
        self.free.push(number);
    }

    #[inline(always)]
    pub fn get(&self, number: u32) -> &T {
        self.elements.get(number)
    }

    #[inline(always)]
    pub fn get_mut(&mut self, number: u32) -> &mut T {
        self.elements.get_mut(number)
    }

    /// How many are in use.
    #[cfg(any(test, debug_assertions))]
    pub fn len(&self) -> usize {
        self.elements.len() - self.free.len()
    }

    pub fn bytes(&self) -> usize {
        self.elements.bytes() + self.free.capacity() * size_of::<u32>()
    }
}
