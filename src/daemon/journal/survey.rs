//! Judges what was read of a file.

use crate::journal::{HeadError, Identity, Part, parts, read_head};
use crate::wire::plural;
use std::fmt;

/// What a file holds.
pub struct Survey<'a> {
    /// Its good blocks, in order.
    pub blocks: Vec<Block<'a>>,
    /// What else there is, in order.
    pub troubles: Vec<Trouble>,
    /// When its newest good block was written, in seconds since 1970.
    pub newest_posix_seconds: Option<u64>,
}

/// The lines of a good block.
pub struct Block<'a> {
    /// Where in the file they begin, in bytes.
    pub lines_at: u64,
    /// With their line ends.
    pub lines: &'a [u8],
}

/// What should not be in a file; places and lengths in bytes. Its `Display` has no line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No block, but there are some behind it.
    Rotten { at: u64, bytes: u64 },
    /// Blocks that are not of this place.
    Alien { at: u64, bytes: u64 },
    /// Blocks that should be before this place.
    Missing { at: u64, blocks: u64 },
    /// The end of what was being written when it was cut off. It may be cut away, and is no fault.
    Torn { at: u64, bytes: u64 },
}

impl Trouble {
    /// Whether this is what no crash explains.
    pub fn is_rot(&self) -> bool {
        !matches!(self, Trouble::Torn { .. })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Trouble::Rotten { at, bytes } => write!(f, "rotten: {} at {at}", plural(bytes, "byte")),
            Trouble::Alien { at, bytes } => {
                write!(f, "alien: {} at {at}, of another file or place", plural(bytes, "byte"))
            }
            Trouble::Missing { at, blocks } => {
                write!(f, "missing: {} before {at}", plural(blocks, "block"))
            }
            Trouble::Torn { at, bytes } => {
                write!(f, "torn: {} at {at}, the end", plural(bytes, "byte"))
            }
        }
    }
}

/// What a file holds that should be this one; `is_newest` says that there is none with a higher number.
pub fn survey<'a>(bytes: &'a [u8], id: &Identity, is_newest: bool) -> Survey<'a> {
    let mut survey = Survey { blocks: vec![], troubles: vec![], newest_posix_seconds: None };
    for part in parts(bytes, id) {
        survey.troubles.push(match part {
            Part::Head { .. } => continue,
            Part::Block { at, posix_seconds, lines, sequence: _ } => {
                let lines_at = at + part.bytes() - lines.len() as u64;
                survey.blocks.push(Block { lines_at, lines });
                survey.newest_posix_seconds = survey.newest_posix_seconds.max(Some(posix_seconds));
                continue;
            }
            Part::Rotten { at, bytes, alien: true } => Trouble::Alien { at, bytes },
            Part::Rotten { at, bytes, alien: false } => Trouble::Rotten { at, bytes },
            Part::Missing { at, blocks } => Trouble::Missing { at, blocks },
            // Nothing in it is good.
            Part::Torn { at: 0, .. } => of_no_use(bytes, is_newest),
            Part::Torn { at, bytes } => Trouble::Torn { at, bytes },
        });
    }
    survey
}

/// Whether there is what looks like a block, though it is not this file's, or not whole.
fn has_blocks(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"BLOCK ").is_some()
}

/// A file with neither the first line that it should have nor a block. It was begun when the server
/// died, if the line is cut off, or if it is the newest, of which the disk may have got anything.
fn of_no_use(bytes: &[u8], is_newest: bool) -> Trouble {
    let (at, length) = (0, bytes.len() as u64);
    match read_head(bytes) {
        Err(HeadError::Torn) => Trouble::Torn { at, bytes: length },
        Err(HeadError::Rotten) if is_newest && !has_blocks(bytes) => {
            Trouble::Torn { at, bytes: length }
        }
        _ => Trouble::Rotten { at, bytes: length },
    }
}
