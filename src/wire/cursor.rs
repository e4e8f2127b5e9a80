//! Takes the fields of a line off its front, each checked while it is measured: fields are not
//! split first and read again.
//!
//! What a report passes through is inlined by force, here and in the modules below: measured, that
//! takes a third off the instructions of an `IAMAT`, as its fields do not travel through memory.

use super::ascii::is_white_space;
use super::decimal::{self, Decimal, Number};
use super::{location, name, plain, time};

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

    #[inline(always)]
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
    #[inline(always)]
    pub fn skip_white_space(&mut self) {
        while let [byte, rest @ ..] = self.rest
            && is_white_space(*byte)
        {
            self.rest = rest;
        }
    }

    /// What separates the fields of a command: at least one white-space character.
    pub fn gap(&mut self) -> Option<&'a [u8]> {
        let before = *self;
        self.skip_white_space();
        let gap = self.since(&before);
        (!gap.is_empty()).then_some(gap)
    }

    /// Nothing.
    pub fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// A name of at most `max_bytes` bytes; it ends before white space.
    #[inline(always)]
    pub fn name(&mut self, max_bytes: usize) -> Option<&'a [u8]> {
        let length = name::scan(self.rest, max_bytes)?;
        Some(self.take(length))
    }

    /// A location, as it is written.
    #[inline(always)]
    pub fn location(&mut self) -> Option<&'a [u8]> {
        let length = location::scan(self.rest)?.length;
        Some(self.take(length))
    }

    /// A client's time, as it is written, and in nanoseconds.
    #[inline(always)]
    pub fn time(&mut self) -> Option<(&'a [u8], i64)> {
        let (length, nanoseconds) = time::scan_time(self.rest)?;
        Some((self.take(length), nanoseconds))
    }

    /// A location, a space and a client's time, if they are written plainly.
    #[inline(always)]
    pub fn plain_location_and_time(&mut self) -> Option<(&'a [u8], &'a [u8], i64)> {
        let found = plain::scan(self.rest)?;
        let both = self.take(found.length);
        let (location, time) = both.split_at(found.location_length);
        Some((location, &time[1..], found.time_nanoseconds))
    }

    /// A time difference in nanoseconds.
    #[inline(always)]
    pub fn difference(&mut self) -> Option<i64> {
        let (length, nanoseconds) = time::scan_difference(self.rest)?;
        self.take(length);
        Some(nanoseconds)
    }

    /// A decimal number.
    pub fn decimal(&mut self) -> Option<Decimal> {
        let number = Number::scan(self.rest)?;
        self.take(number.length());
        Some(number.value())
    }

    /// A whole number: what it is, and its digits.
    pub fn integer(&mut self) -> Option<(u64, &'a [u8])> {
        let (integer, length) = decimal::scan_integer(self.rest)?;
        Some((integer, self.take(length)))
    }
}
