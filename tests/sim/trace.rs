//! What happened, in order: always as a hash, on demand as bytes or as text.
//!
//! Two runs of a seed are the same when their traces are; a tally would not tell.

use super::agenda::{SECOND, Time};
use std::collections::VecDeque;
use std::fmt::Write;

/// Lines that are kept of a trace in words.
const LINES_KEPT: usize = 400;

/// Kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    Turn,
    Dial,
    Accept,
    Read,
    End,
    Broken,
    Output,
    Write,
    Finish,
    Lost,
    Fault,
    Client,
    Places,
    World,
    File,
    Bus,
}

/// How much of a trace is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Its hash.
    Hash,
    /// Its bytes.
    Bytes,
    /// Its last lines, in words.
    Words,
}

/// The trace of a run.
#[derive(Debug)]
pub struct Trace {
    detail: Detail,
    hash: u64,
    records: u64,
    bytes: Vec<u8>,
    lines: VecDeque<String>,
}

impl Trace {
    pub fn new(detail: Detail) -> Self {
        let lines = VecDeque::new();
        Trace { detail, hash: 0xcbf2_9ce4_8422_2325, records: 0, bytes: Vec::new(), lines }
    }

    /// Notes that something happened to somebody: two numbers that say who, and bytes.
    pub fn note(&mut self, now: Time, tag: Tag, who: u64, which: u64, data: &[u8]) {
        self.records += 1;
        for word in [now, tag as u64, who, which, data.len() as u64] {
            self.mix(word);
        }
        let mut words = data.chunks_exact(8);
        for word in &mut words {
            self.mix(word.try_into().map_or(0, u64::from_le_bytes));
        }
        words.remainder().iter().for_each(|&byte| self.mix(u64::from(byte)));
        match self.detail {
            Detail::Hash => {}
            Detail::Bytes => {
                for word in [now, tag as u64, who, which, data.len() as u64] {
                    self.bytes.extend_from_slice(&word.to_le_bytes());
                }
                self.bytes.extend_from_slice(data);
            }
            Detail::Words => self.say(now, tag, who, which, data),
        }
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }

    fn say(&mut self, now: Time, tag: Tag, who: u64, which: u64, data: &[u8]) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        let mut line = String::new();
        let (seconds, rest) = (now / SECOND, now % SECOND);
        let shown = &data[..data.len().min(240)];
        let more = data.len() - shown.len();
        let text = shown.escape_ascii();
        let _ = write!(line, "{seconds:>5}.{rest:09} {tag:?} {who} {which:x} {text}");
        if more > 0 {
            let _ = write!(line, " and {more} bytes");
        }
        self.lines.push_back(line);
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn records(&self) -> u64 {
        self.records
    }

    /// The bytes, if they were kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The last `count` lines, if words were kept.
    pub fn last_lines(&self, count: usize) -> String {
        let skipped = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(skipped).fold(String::new(), |all, line| all + line + "\n")
    }
}
