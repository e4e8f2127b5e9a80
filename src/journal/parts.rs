//! What a file holds, whatever has become of it.

use super::block::{HEADER_BYTES, Intact, WORD, names};
use super::head::{Identity, write_head};
use crc32fast::Hasher;
use memchr::memmem::Finder;

/// A part of a file. Parts follow each other without gaps; places and lengths are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The first line, as it should be.
    Head {
        /// Its length, with the line end.
        bytes: u64,
    },
    /// A good block.
    Block {
        /// Where it begins.
        at: u64,
        /// Which block of the file it is, from 1.
        sequence: u64,
        /// When it was written, in seconds since 1970.
        posix_seconds: u64,
        /// Its lines, all of them with their line ends.
        lines: &'a [u8],
    },
    /// No good block, while there are whole ones behind it.
    Rotten {
        /// Where it begins.
        at: u64,
        /// Its length.
        bytes: u64,
        /// Whether these are whole blocks which are not of this place: of another file of the server, or
        /// of this one but out of their order. (One of another server cannot be told from a rotten one.)
        alien: bool,
    },
    /// So many blocks should be before the next one. Takes no room: what was in theirs, if anything, is
    /// told as rotten before.
    Missing {
        /// Where the next block begins.
        at: u64,
        /// How many.
        blocks: u64,
    },
    /// The end of the file, without a whole block in it: what was being written when the server or
    /// the machine died.
    Torn {
        /// Where it begins.
        at: u64,
        /// Its length.
        bytes: u64,
    },
}

impl Part<'_> {
    /// Its length.
    pub fn bytes(&self) -> u64 {
        match self {
            Part::Head { bytes } | Part::Rotten { bytes, .. } | Part::Torn { bytes, .. } => *bytes,
            Part::Block { lines, .. } => (HEADER_BYTES + lines.len()) as u64,
            Part::Missing { .. } => 0,
        }
    }
}

/// What a file that should be this one holds, in its order.
///
/// Behind what is rotten it goes on with the next `BLOCK ` that begins a whole block. (It need not begin
/// a line: the line end before it is a byte like any other that may be rotten.) Each costs a checksum
/// over its block, at most, so any bytes are read in a time that is proportional to their number.
pub fn parts<'a>(bytes: &'a [u8], id: &Identity) -> impl Iterator<Item = Part<'a>> + use<'a> {
    let mut head = Vec::new();
    write_head(&mut head, id);
    let head_bytes = if bytes.starts_with(&head) { head.len() } else { 0 };
    Parts {
        bytes,
        at: 0,
        head_bytes,
        file: id.file(),
        names: names(id),
        next_sequence: 1,
        word: Finder::new(WORD),
    }
}

struct Parts<'a> {
    bytes: &'a [u8],
    /// Where the next part begins.
    at: usize,
    /// Of a good first line that has not been told yet.
    head_bytes: usize,
    file: u64,
    names: Hasher,
    /// That the next good block should have.
    next_sequence: u64,
    word: Finder<'static>,
}

impl<'a> Parts<'a> {
    fn block_at(&self, at: usize) -> Option<Intact<'a>> {
        Intact::read(self.bytes.get(at..)?, &self.names)
    }

    /// Where the next whole block is, of whichever file.
    fn next_block(&self) -> Option<(usize, Intact<'a>)> {
        if let Some(block) = self.block_at(self.at) {
            return Some((self.at, block));
        }
        let mut words = self.word.find_iter(&self.bytes[self.at..]);
        words.find_map(|ahead| self.block_at(self.at + ahead).map(|block| (self.at + ahead, block)))
    }

    /// Whether a whole block that ends at `end` is not of this place.
    fn is_alien(&self, block: &Intact<'a>, end: usize) -> bool {
        if block.file != self.file || block.sequence < self.next_sequence {
            return true;
        }
        // A copy of a later block: the one behind it goes on from where we are.
        let goes_on = self.next_sequence..=block.sequence;
        block.sequence > self.next_sequence
            && self.block_at(end).is_some_and(|behind| {
                behind.file == self.file && goes_on.contains(&behind.sequence)
            })
    }

    /// Where the alien blocks end of which the first ends at `end`.
    fn end_of_aliens(&self, mut end: usize) -> usize {
        while let Some(block) = self.block_at(end)
            && self.is_alien(&block, end + block.bytes())
        {
            end += block.bytes();
        }
        end
    }

    /// All from where we are up to there.
    fn rotten(&mut self, end: usize, alien: bool) -> Part<'a> {
        let (at, bytes) = (self.at as u64, (end - self.at) as u64);
        self.at = end;
        Part::Rotten { at, bytes, alien }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.at == self.bytes.len() {
            return None;
        }
        if self.head_bytes > 0 {
            self.at = std::mem::take(&mut self.head_bytes);
            return Some(Part::Head { bytes: self.at as u64 });
        }
        let at = self.at as u64;
        let Some((found_at, block)) = self.next_block() else {
            self.at = self.bytes.len();
            return Some(Part::Torn { at, bytes: self.bytes.len() as u64 - at });
        };
        if found_at > self.at {
            return Some(self.rotten(found_at, false));
        }
        let end = self.at + block.bytes();
        if self.is_alien(&block, end) {
            let end = self.end_of_aliens(end);
            return Some(self.rotten(end, true));
        }
        let Intact { sequence, posix_seconds, lines, .. } = block;
        if sequence > self.next_sequence {
            let blocks = sequence - self.next_sequence;
            self.next_sequence = sequence;
            return Some(Part::Missing { at, blocks });
        }
        self.next_sequence += 1;
        self.at = end;
        Some(Part::Block { at, sequence, posix_seconds, lines })
    }
}
