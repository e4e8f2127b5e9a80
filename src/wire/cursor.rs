//! Takes the fields of a line off its front, each checked while it is measured: no byte of a
//! command is looked at twice.

use super::ascii::is_white_space;
use super::location::Location;
use super::{decimal, name, time};

/// What is left of a line. Each method takes what it names off the front, or gives `None`, after
/// which the line is of no more use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a [u8]) -> Self {
        Cursor { rest: line }
    }

    /// What has not been taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// What has been taken since `before`, an earlier state of this cursor.
    pub fn since(&self, before: &Cursor<'a>) -> &'a [u8] {
        &before.rest[..before.rest.len() - self.rest.len()]
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Exactly these bytes.
    pub fn literal(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(bytes)?;
        Some(())
    }

    /// Any white space.
    pub fn skip_white_space(&mut self) {
        while let [byte, rest @ ..] = self.rest
            && is_white_space(*byte)
        {
            self.rest = rest;
        }
    }

    /// What separates the fields of a command: at least one white-space character.
    pub fn gap(&mut self) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.skip_white_space();
        is_white_space(*first).then_some(())
    }

    /// Nothing.
    pub fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// A name of at most `max_bytes` bytes; it ends before white space.
    pub fn name(&mut self, max_bytes: usize) -> Option<&'a [u8]> {
        let length = name::scan(self.rest, max_bytes)?;
        Some(self.take(length))
    }

    /// A location, as it is written.
    pub fn location(&mut self) -> Option<&'a [u8]> {
        let (_, length) = Location::scan(self.rest)?;
        Some(self.take(length))
    }

    /// A client's time, as it is written, and in nanoseconds.
    pub fn time(&mut self) -> Option<(&'a [u8], i64)> {
        let (length, nanoseconds) = time::scan_time(self.rest)?;
        Some((self.take(length), nanoseconds))
    }

    /// A time difference in nanoseconds.
    pub fn difference(&mut self) -> Option<i64> {
        let (length, nanoseconds) = time::scan_difference(self.rest)?;
        self.take(length);
        Some(nanoseconds)
    }

    /// A decimal number.
    pub fn decimal(&mut self) -> Option<decimal::Decimal> {
        let scanned = decimal::scan(self.rest)?;
        self.take(scanned.length);
        Some(scanned.value)
    }

    /// Digits alone: their value, and how many they are.
    pub fn integer(&mut self) -> Option<(u64, usize)> {
        let (value, digits) = decimal::scan_integer(self.rest)?;
        self.take(digits);
        Some((value, digits))
    }
}
