//! A block: how it is written in place, and how it is known again.

use super::head::Identity;
use crate::fault::fault;
use crate::limits::JOURNAL_BLOCK_BYTES_MAX;
use crc32fast::Hasher;
use std::ops::Range;

/// What a block's first line begins with.
pub(super) const WORD: &[u8] = b"BLOCK ";
/// Bytes of a block's first line, with its line end.
pub(super) const HEADER_BYTES: usize = 56;
const FILE: Range<usize> = 6..16;
const SEQUENCE: Range<usize> = 17..27;
const BYTES: Range<usize> = 28..33;
const POSIX_SECONDS: Range<usize> = 34..46;
const CHECKSUM: Range<usize> = 47..55;

/// A block that is being written at the end of some output: lines are appended to the output by whom
/// they come from, then the block is sealed.
#[derive(Debug)]
#[must_use = "a block that is not sealed is rotten"]
pub struct OpenBlock {
    /// Where in the output it begins.
    start: usize,
}

impl OpenBlock {
    /// Leaves room for the first line.
    pub fn begin(out: &mut Vec<u8>) -> Self {
        let start = out.len();
        out.resize(start + HEADER_BYTES, b' ');
        OpenBlock { start }
    }

    /// Bytes of lines that have been appended; at most [`JOURNAL_BLOCK_BYTES_MAX`] when it is sealed.
    pub fn body_len(&self, out: &[u8]) -> usize {
        out.len().saturating_sub(self.start + HEADER_BYTES)
    }

    /// Writes the first line: all behind it up to the output's end is the block's, the `sequence`th (from
    /// 1) of the file, written at `posix_seconds` since 1970.
    pub fn seal(self, out: &mut [u8], id: &Identity, sequence: u64, posix_seconds: u64) {
        let block = out.get_mut(self.start..);
        let parts = block.and_then(|block| block.split_first_chunk_mut::<HEADER_BYTES>());
        let Some((header, body)) = parts else {
            fault!("the output of a block of the journal has been cut");
            return;
        };
        if body.len() > JOURNAL_BLOCK_BYTES_MAX {
            fault!("a block of the journal has {} bytes", body.len());
        }
        debug_assert!(body.last().is_none_or(|&last| last == b'\n'), "half a line is sealed");
        header[..WORD.len()].copy_from_slice(WORD);
        write_digits(&mut header[FILE], id.file());
        write_digits(&mut header[SEQUENCE], sequence);
        write_digits(&mut header[BYTES], body.len() as u64);
        write_digits(&mut header[POSIX_SECONDS], posix_seconds);
        let checksum = checksum(&names(id), &header[..CHECKSUM.start], body);
        header[CHECKSUM].copy_from_slice(&hexadecimal(checksum));
        header[CHECKSUM.end] = b'\n';
    }

    /// Takes the block out of the output again, with its lines.
    pub fn undo(self, out: &mut Vec<u8>) {
        out.truncate(self.start);
    }
}

/// A block that is whole, though it may be another file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Intact<'a> {
    pub file: u64,
    pub sequence: u64,
    pub posix_seconds: u64,
    pub lines: &'a [u8],
}

impl<'a> Intact<'a> {
    /// The block of the server with these [`names`] at the start of `bytes`, if there is one.
    pub fn read(bytes: &'a [u8], names: &Hasher) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let file = read_digits(&header[FILE])?;
        let sequence = read_digits(&header[SEQUENCE])?;
        let body_bytes = usize::try_from(read_digits(&header[BYTES])?).ok()?;
        let posix_seconds = read_digits(&header[POSIX_SECONDS])?;
        if !header.starts_with(WORD) || body_bytes > JOURNAL_BLOCK_BYTES_MAX {
            return None;
        }
        let lines = rest.get(..body_bytes)?;
        let checksum = checksum(names, &header[..CHECKSUM.start], lines);
        let is_whole = header[CHECKSUM] == hexadecimal(checksum) && header[CHECKSUM.end] == b'\n';
        is_whole.then_some(Intact { file, sequence, posix_seconds, lines })
    }

    /// Bytes of the whole.
    pub fn bytes(&self) -> usize {
        HEADER_BYTES + self.lines.len()
    }
}

/// What the checksums of a server's blocks begin with.
pub(super) fn names(id: &Identity) -> Hasher {
    let mut hasher = Hasher::new();
    for part in [id.herd(), " ", id.server(), " "] {
        hasher.update(part.as_bytes());
    }
    hasher
}

fn checksum(names: &Hasher, front: &[u8], body: &[u8]) -> u32 {
    let mut hasher = names.clone();
    hasher.update(front);
    hasher.update(body);
    hasher.finalize()
}

/// Eight lower-case digits.
pub(super) fn hexadecimal(number: u32) -> [u8; 8] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|place| DIGITS[(number >> (4 * (7 - place))) as usize & 15])
}

/// Fills `out` with the digits of a number.
fn write_digits(out: &mut [u8], mut number: u64) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    if number != 0 {
        fault!("a number in the journal is too large for its field");
    }
}

/// The number that up to 19 digits, and nothing else, say.
fn read_digits(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_written_in_place_and_read_back() {
        let id = Identity::new("goloman", "Goloman", 7);
        let mut out = b"what was there".to_vec();
        let start = out.len();
        let block = OpenBlock::begin(&mut out);
        assert_eq!(block.body_len(&out), 0);
        out.extend_from_slice(b"AT\n");
        assert_eq!(block.body_len(&out), 3);
        block.seal(&mut out, &id, 12, 1_520_023_935);
        let header = b"BLOCK 0000000007 0000000012 00003 001520023935 ";
        assert!(out[start..].starts_with(header), "{}", String::from_utf8_lossy(&out));
        // By the book: CRC-32 of it all in one piece.
        let checked = [b"goloman Goloman ", &header[..], b"AT\n"].concat();
        assert_eq!(
            out[start..][CHECKSUM],
            *format!("{:08x}", crc32fast::hash(&checked)).as_bytes()
        );
        let read = Intact::read(&out[start..], &names(&id));
        let expected =
            Intact { file: 7, sequence: 12, posix_seconds: 1_520_023_935, lines: b"AT\n" };
        assert_eq!(read, Some(expected));
        assert_eq!(expected.bytes(), out.len() - start);
        let other = Identity::new("goloman", "Hands", 7);
        assert_eq!(Intact::read(&out[start..], &names(&other)), None);
    }

    /// The value that the catalogue of parametrised CRC algorithms has for `123456789`.
    #[test]
    fn the_checksum_is_the_one_that_is_documented() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(hexadecimal(0x0bf4_3926), *b"0bf43926");
    }

    #[test]
    fn a_block_that_is_undone_leaves_nothing() {
        let mut out = b"before".to_vec();
        let block = OpenBlock::begin(&mut out);
        out.extend_from_slice(b"AT\n");
        block.undo(&mut out);
        assert_eq!(out, b"before");
    }

    #[test]
    fn the_largest_block_is_read_and_one_that_is_larger_is_not() {
        let id = Identity::new("goloman", "Goloman", 7);
        let mut out = Vec::new();
        let block = OpenBlock::begin(&mut out);
        out.resize(out.len() + JOURNAL_BLOCK_BYTES_MAX, b'\n');
        block.seal(&mut out, &id, 1, 2);
        let read = Intact::read(&out, &names(&id)).map(|block| block.lines.len());
        assert_eq!(read, Some(JOURNAL_BLOCK_BYTES_MAX));
        // One more, with the checksum that it should have.
        out.push(b'\n');
        write_digits(&mut out[BYTES], JOURNAL_BLOCK_BYTES_MAX as u64 + 1);
        let checksum = checksum(&names(&id), &out[..CHECKSUM.start], &out[HEADER_BYTES..]);
        out[CHECKSUM].copy_from_slice(&hexadecimal(checksum));
        assert_eq!(Intact::read(&out, &names(&id)), None);
    }
}
