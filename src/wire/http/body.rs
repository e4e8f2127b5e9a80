//! Collects the body of a message, whichever way its end is told.

use super::HttpError;
use super::chunked::ChunkedReader;
use super::fields::Framing;
use crate::limits::HTTP_BODY_RESERVED_BYTES_MAX;

/// The body so far.
#[derive(Debug)]
pub(super) struct BodyReader {
    bytes: Vec<u8>,
    bytes_max: usize,
    ending: Ending,
}

#[derive(Debug)]
enum Ending {
    Length { remaining: usize },
    Chunked(ChunkedReader),
    UntilClose,
}

impl BodyReader {
    /// Refuses a body whose announced length is beyond the limit.
    pub(super) fn new(framing: Framing, bytes_max: usize) -> Result<Self, HttpError> {
        let mut bytes = Vec::new();
        let ending = match framing {
            Framing::Length(length) => {
                let remaining = usize::try_from(length)
                    .ok()
                    .filter(|&length| length <= bytes_max)
                    .ok_or(HttpError::BodyTooLarge)?;
                bytes.reserve(remaining.min(HTTP_BODY_RESERVED_BYTES_MAX));
                Ending::Length { remaining }
            }
            Framing::Chunked => Ending::Chunked(ChunkedReader::new()),
            Framing::UntilClose => Ending::UntilClose,
        };
        Ok(BodyReader { bytes, bytes_max, ending })
    }

    /// Takes what arrived. When the body is whole (which may need no byte): how much of `data`
    /// belonged to it.
    pub(super) fn receive(&mut self, data: &[u8]) -> Result<Option<usize>, HttpError> {
        match &mut self.ending {
            Ending::Length { remaining } => {
                let taken = data.len().min(*remaining);
                self.bytes.extend_from_slice(&data[..taken]);
                *remaining -= taken;
                Ok((*remaining == 0).then_some(taken))
            }
            Ending::Chunked(chunked) => chunked.receive(data, &mut self.bytes, self.bytes_max),
            Ending::UntilClose => {
                if data.len() > self.bytes_max - self.bytes.len() {
                    return Err(HttpError::BodyTooLarge);
                }
                self.bytes.extend_from_slice(data);
                Ok(None)
            }
        }
    }

    /// The peer closed: whole now, or truncated.
    pub(super) fn finish(self) -> Result<Vec<u8>, HttpError> {
        match self.ending {
            Ending::UntilClose => Ok(self.bytes),
            Ending::Length { .. } | Ending::Chunked(_) => Err(HttpError::Truncated),
        }
    }

    /// The same without taking it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The memory that it takes.
    pub(super) fn bytes_kept(&self) -> usize {
        self.bytes.capacity()
    }

    /// The body, when `receive` said that it is whole.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_alone_reserves_little() {
        let length = 16 * HTTP_BODY_RESERVED_BYTES_MAX;
        let reader = BodyReader::new(Framing::Length(length as u64), length).unwrap();
        assert_eq!(reader.bytes.capacity(), HTTP_BODY_RESERVED_BYTES_MAX);
    }
}
