//! What the tests of the journal's folder share: files to put into it.

use super::files::path_of;
use crate::journal::{Identity, OpenBlock, write_head};
use std::fs;
use std::path::Path;

/// When the first block of a file was written.
pub const SECONDS: u64 = 1_700_000_000;

pub fn id(file: u64) -> Identity {
    Identity::new("goloman", "Goloman", file)
}

/// The bytes of a file with a block of each of these lines, and where the blocks begin.
pub fn segment(id: &Identity, blocks: &[&str]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::new();
    write_head(&mut bytes, id);
    let mut starts = Vec::new();
    for (sequence, lines) in (1..).zip(blocks) {
        starts.push(bytes.len());
        let block = OpenBlock::begin(&mut bytes);
        bytes.extend_from_slice(lines.as_bytes());
        block.seal(&mut bytes, id, sequence, SECONDS + sequence - 1);
    }
    (bytes, starts)
}

/// Puts a file into the folder, of that number whatever it says itself.
pub fn put(folder: &Path, number: u64, bytes: &[u8]) {
    fs::write(path_of(folder, number), bytes).unwrap();
}

/// A position and a tombstone as lines.
pub fn at(client: &str, time: u64) -> String {
    format!("AT Goloman +0.000000001 {client} +34.068930-118.445127 {time}\n")
}

pub fn gone(client: &str, time: u64) -> String {
    format!("GONE Hands +0.000000001 {client} {time}\n")
}
