//! The file that is appended to: lines become blocks, and blocks what is handed over in a turn.

use crate::journal::{Identity, OpenBlock, write_head};
use crate::limits;
use crate::node::lines::write_change;
use crate::positions::Change;

/// A place in the journal: a file's number, and bytes of it.
pub(super) type Place = (u64, u64);

/// The end of a journal.
#[derive(Debug)]
pub(super) struct Writer {
    id: Identity,
    /// Blocks that the file has, and bytes, with those that wait.
    blocks: u64,
    bytes: u64,
    /// What has not been handed over.
    waiting: Vec<u8>,
    lines: u64,
    open: Option<OpenBlock>,
    posix_seconds: u64,
}

/// A block is sealed when another line may not fit in.
const BLOCK_BYTES_FULL: usize = limits::JOURNAL_BLOCK_BYTES_MAX - limits::NEIGHBOUR_LINE_BYTES_MAX;

impl Writer {
    /// Of a file that is empty.
    pub fn new(id: Identity, posix_seconds: u64) -> Self {
        let mut waiting = Vec::new();
        write_head(&mut waiting, &id);
        Writer { id, blocks: 0, bytes: 0, waiting, lines: 0, open: None, posix_seconds }
    }

    /// The file's number.
    pub fn number(&self) -> u64 {
        self.id.file()
    }

    /// Blocks are of that time from now on.
    pub fn set_time(&mut self, posix_seconds: u64) {
        self.posix_seconds = posix_seconds;
    }

    /// How much waits to be handed over.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting.len()
    }

    /// Where the file ends with what waits: not before, though a block that is open will be sealed.
    pub fn end(&self) -> Place {
        (self.number(), self.bytes + self.waiting.len() as u64)
    }

    /// A record as it is now.
    #[inline]
    pub fn line(&mut self, change: &Change<'_>) {
        let block = match &self.open {
            Some(block) => block,
            None => self.open.insert(OpenBlock::begin(&mut self.waiting)),
        };
        write_change(&mut self.waiting, change);
        self.lines += 1;
        if block.body_len(&self.waiting) > BLOCK_BYTES_FULL {
            self.seal();
        }
    }

    /// A block without lines, which says that the server lives.
    pub fn empty_block(&mut self) {
        self.seal();
        self.open = Some(OpenBlock::begin(&mut self.waiting));
        self.seal();
    }

    fn seal(&mut self) {
        if let Some(block) = self.open.take() {
            self.blocks += 1;
            block.seal(&mut self.waiting, &self.id, self.blocks, self.posix_seconds);
        }
    }

    /// What is to be appended, and how many lines that has; None if nothing is.
    pub fn take(&mut self) -> Option<(Vec<u8>, u64)> {
        self.seal();
        if self.waiting.is_empty() {
            return None;
        }
        // The next turn brings about as much.
        let room = self.waiting.len().min(limits::JOURNAL_BLOCK_BYTES_MAX);
        let waiting = std::mem::replace(&mut self.waiting, Vec::with_capacity(room));
        self.bytes += waiting.len() as u64;
        Some((waiting, std::mem::take(&mut self.lines)))
    }
}
