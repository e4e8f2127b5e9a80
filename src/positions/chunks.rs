//! Memory for many elements of one kind, which grows in small steps.

use super::memory::allocated;

/// Elements by number, from 0, in chunks of `LEN`: growing neither moves them nor takes more than one
/// chunk too much. Chunks are never given back: who removes elements uses their numbers again.
#[derive(Debug)]
pub(super) struct Chunks<T, const LEN: usize> {
    chunks: Vec<Vec<T>>,
}

impl<T, const LEN: usize> Default for Chunks<T, LEN> {
    fn default() -> Self {
        Chunks { chunks: vec![] }
    }
}

impl<T, const LEN: usize> Chunks<T, LEN> {
    const CHUNK_BYTES: usize = allocated(LEN * size_of::<T>());

    pub fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * LEN + last.len(),
            None => 0,
        }
    }

    /// What they take, but for what elements have of their own.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * Self::CHUNK_BYTES + self.chunks.capacity() * size_of::<Vec<T>>()
    }

    /// How much more it will be with another number.
    pub fn growth_bytes(&self) -> usize {
        if self.len().is_multiple_of(LEN) { Self::CHUNK_BYTES } else { 0 }
    }

    pub fn push(&mut self, element: T) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < LEN => chunk.push(element),
            _ => {
                let mut chunk = Vec::with_capacity(LEN);
                chunk.push(element);
                self.chunks.push(chunk);
            }
        }
    }

    pub fn get(&self, number: u32) -> &T {
        let number = number as usize;
        &self.chunks[number / LEN][number % LEN]
    }

    pub fn get_mut(&mut self, number: u32) -> &mut T {
        let number = number as usize;
        &mut self.chunks[number / LEN][number % LEN]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_moves_nothing_and_takes_a_chunk_at_a_time() {
        let mut chunks: Chunks<u32, 4> = Chunks::default();
        assert_eq!((chunks.len(), chunks.bytes()), (0, 0));
        chunks.push(0);
        let (first, a_chunk) = (std::ptr::from_ref(chunks.get(0)), allocated(16));
        for number in 1..100 {
            let grown = if number % 4 == 0 { a_chunk } else { 0 };
            assert_eq!(chunks.growth_bytes(), grown);
            chunks.push(number);
            *chunks.get_mut(number) += 1;
        }
        assert!((0..100).all(|number| *chunks.get(number) == number + u32::from(number > 0)));
        assert_eq!((chunks.len(), std::ptr::from_ref(chunks.get(0))), (100, first));
        assert!((25 * a_chunk..25 * a_chunk + 32 * 24 + 1).contains(&chunks.bytes()));
    }
}
