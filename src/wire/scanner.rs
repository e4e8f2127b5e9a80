//! Takes the fields of a line off its front, each checked while it is measured: fields are not
//! split first and read again.
//!
//! What a report passes through is inlined by force, here and in the modules below: measured, that
//! takes a third off the instructions of an `IAMAT`, as its fields do not travel through memory.

use super::ascii::is_white_space;
use super::decimal::{self, Decimal, Number};
use super::{fast_path, location, name, time};

/// What is left of a line. Each method takes what it names off the front, or gives `None`, after
/// which the line is of no more use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub fn new(line: &'a [u8]) -> Self {
        Scanner { rest: line }
    }

    /// What has not been taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// What has been taken since `before`, an earlier state of this scanner.
    pub fn since(&self, before: &Scanner<'a>) -> &'a [u8] {
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
        let found = fast_path::scan(self.rest)?;
        let both = self.take(found.length);
        let (location, time) = both.split_at(found.location_length);
        Some((location, &time[1..], found.time_nanoseconds))
    }

    /// A location, a space and a client's time, in whatever way they are written, and nothing else.
    #[inline(always)]
    pub fn last_location_and_time(self) -> Option<(&'a [u8], &'a [u8], i64)> {
        let mut plain = self;
        if let Some(found) = plain.plain_location_and_time()
            && plain.end().is_some()
        {
            return Some(found);
        }
        self.any_last_location_and_time()
    }

    // Apart, so that what is written plainly does not pass through it.
    #[inline(never)]
    fn any_last_location_and_time(mut self) -> Option<(&'a [u8], &'a [u8], i64)> {
        let location = self.location()?;
        self.literal(b" ")?;
        let (time, time_nanoseconds) = self.time()?;
        self.end()?;
        Some((location, time, time_nanoseconds))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_read_alike(text: &[u8]) {
        let scanner = Scanner::new(text);
        let (usual, any) = (scanner.last_location_and_time(), scanner.any_last_location_and_time());
        assert_eq!(usual, any, "{}", text.escape_ascii());
    }

    #[test]
    fn the_last_fields_are_followed_by_nothing() {
        let text = b"+34.068930-118.445127 1520023934.918963997";
        let time = 1_520_023_934_918_963_997;
        let found = Scanner::new(text).last_location_and_time();
        assert_eq!(found, Some((&text[..21], &text[22..], time)));
        for more in
            [" ", "0 ", "\r", "/", ".", " and a line that is longer than what is read at once"]
        {
            let text = [text, more.as_bytes()].concat();
            assert_eq!(Scanner::new(&text).last_location_and_time(), None, "{more:?}");
        }
    }

    proptest! {
        /// What is written plainly is read by `fast_path`, the rest number by number.
        #[test]
        fn the_last_fields_are_read_alike_in_either_way(
            text in "[-+][0-9]{1,4}(\\.[0-9]{0,9})?[-+][0-9]{1,4}(\\.[0-9]{0,9})?/?[ \t]{1,2}\
                     [0-9]{1,12}(\\.[0-9]{0,12})?[ \r0-9x]{0,2}",
        ) {
            assert_read_alike(text.as_bytes());
        }

        #[test]
        fn and_with_one_byte_changed_too(place in 0..42_usize, byte: u8, length in 0..=42_usize) {
            let mut text = *b"+34.068930-118.445127 1520023934.918963997";
            text[place] = byte;
            assert_read_alike(&text);
            assert_read_alike(&text[..length]);
        }
    }
}
