//! Collects the head of a response (first line and headers) until the blank line that ends it.

use super::HttpError;
use memchr::memchr;

/// The head so far. It is parsed only once it is whole, so that a peer that sends byte by byte
/// costs no more than one that does not.
///
/// Lines end in LF, with or without a CR before it (as in the parser that reads the head
/// afterwards); blank lines before the first line are passed over, but count.
#[derive(Debug)]
pub(super) struct HeadReader {
    bytes: Vec<u8>,
    bytes_max: usize,
    line_start: usize,
    /// Whether there was a line that is not blank.
    begun: bool,
}

impl HeadReader {
    pub(super) fn new(bytes_max: usize) -> Self {
        HeadReader { bytes: Vec::new(), bytes_max, line_start: 0, begun: false }
    }

    /// Takes what arrived. When the head is whole: how much of `data` belonged to it.
    pub(super) fn receive(&mut self, data: &[u8]) -> Result<Option<usize>, HttpError> {
        let mut consumed = 0;
        while let Some(line_end) = memchr(b'\n', &data[consumed..]) {
            let line = &data[consumed..=consumed + line_end];
            self.push(line)?;
            consumed += line.len();
            let blank = matches!(&self.bytes[self.line_start..], b"\n" | b"\r\n");
            self.line_start = self.bytes.len();
            if blank && self.begun {
                return Ok(Some(consumed));
            }
            self.begun |= !blank;
        }
        self.push(&data[consumed..])?;
        Ok(None)
    }

    /// The head; whole after `receive` said so.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes room for the next head.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.line_start = 0;
        self.begun = false;
    }

    /// Whether nothing but blank lines has come.
    pub(super) fn is_blank(&self) -> bool {
        !self.begun && matches!(&self.bytes[self.line_start..], b"" | b"\r")
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        if bytes.len() > self.bytes_max - self.bytes.len() {
            return Err(HttpError::HeadTooLarge);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
