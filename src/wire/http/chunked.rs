//! The chunked transfer encoding (RFC 9112, section 7.1), strictly: every line ends in CR LF.

use super::HttpError;
use crate::limits;

/// Takes the chunked encoding off a body. Extensions are ignored and trailers skipped; together
/// they are bounded.
#[derive(Debug)]
pub(super) struct ChunkedReader {
    state: State,
    extras_bytes: usize,
}

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum State {
    /// Digits of a chunk's size.
    Size { size: usize, digits: u8 },
    /// The rest of the line behind the size.
    Extension { size: usize },
    /// LF after the size line's CR.
    SizeLf { size: usize },
    /// Data of a chunk.
    Data { remaining: usize },
    /// CR after a chunk's data.
    DataCr,
    /// LF after that.
    DataLf,
    /// A trailer line, or the blank line that ends the body.
    TrailerStart,
    /// The rest of a trailer line.
    Trailer,
    /// LF after a trailer line's CR.
    TrailerLf,
    /// LF of the blank line.
    LastLf,
    /// Nothing.
    Done,
}

/// Longer rows of digits than any 64-bit size needs are refused, be they zeros.
const SIZE_DIGITS_MAX: u8 = 16;

impl ChunkedReader {
    pub(super) fn new() -> Self {
        ChunkedReader { state: State::Size { size: 0, digits: 0 }, extras_bytes: 0 }
    }

    /// Takes what arrived and appends the data to `body`, which is to have at most
    /// `body_bytes_max` bytes. When the body is whole: how much of `data` belonged to it.
    pub(super) fn receive(
        &mut self,
        data: &[u8],
        body: &mut Vec<u8>,
        body_bytes_max: usize,
    ) -> Result<Option<usize>, HttpError> {
        let mut rest = data;
        while let Some((&byte, after)) = rest.split_first() {
            if let State::Data { remaining } = self.state {
                let (taken, after) = rest.split_at(remaining.min(rest.len()));
                body.extend_from_slice(taken);
                rest = after;
                self.state = match remaining - taken.len() {
                    0 => State::DataCr,
                    remaining => State::Data { remaining },
                };
                continue;
            }
            rest = after;
            self.state = self.step(byte, body_bytes_max - body.len())?;
            if let State::Done = self.state {
                return Ok(Some(data.len() - rest.len()));
            }
        }
        Ok(None)
    }

    /// The state after a byte that is not data; `room` is what the body may still grow by.
    fn step(&mut self, byte: u8, room: usize) -> Result<State, HttpError> {
        match (self.state, byte) {
            (State::Size { size, digits }, _) => size_byte(size, digits, byte, room),
            (State::Extension { size }, b'\r') => Ok(State::SizeLf { size }),
            (State::SizeLf { size: 0 }, b'\n') => Ok(State::TrailerStart),
            (State::SizeLf { size }, b'\n') => Ok(State::Data { remaining: size }),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size { size: 0, digits: 0 }),
            (State::DataCr | State::DataLf, _) => Err(HttpError::ChunkEnd),
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::Trailer, b'\r') => Ok(State::TrailerLf),
            (State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::LastLf, b'\n') => Ok(State::Done),
            (State::Extension { .. } | State::TrailerStart | State::Trailer, b'\n') => {
                Err(HttpError::ChunkLineEnd)
            }
            (State::Extension { size }, _) => self.extra(State::Extension { size }),
            (State::TrailerStart | State::Trailer, _) => self.extra(State::Trailer),
            (State::SizeLf { .. } | State::TrailerLf | State::LastLf, _) => {
                Err(HttpError::ChunkLineEnd)
            }
            (State::Data { .. } | State::Done, _) => Ok(self.state),
        }
    }

    /// One more byte that is skipped.
    fn extra(&mut self, state: State) -> Result<State, HttpError> {
        if self.extras_bytes == limits::HTTP_CHUNK_EXTRAS_BYTES_MAX {
            return Err(HttpError::ChunkExtras);
        }
        self.extras_bytes += 1;
        Ok(state)
    }
}

/// The state after a byte where a digit of a chunk's size may be. A size beyond `room` is refused
/// at the digit that makes it so, before it can overflow.
fn size_byte(size: usize, digits: u8, byte: u8, room: usize) -> Result<State, HttpError> {
    let Some(digit) = char::from(byte).to_digit(16) else {
        return match byte {
            b'\r' if digits > 0 => Ok(State::SizeLf { size }),
            b';' | b' ' | b'\t' if digits > 0 => Ok(State::Extension { size }),
            b'\n' if digits > 0 => Err(HttpError::ChunkLineEnd),
            _ => Err(HttpError::ChunkSize),
        };
    };
    if digits == SIZE_DIGITS_MAX {
        return Err(HttpError::ChunkSize);
    }
    let size = size
        .checked_mul(16)
        .and_then(|size| size.checked_add(digit as usize))
        .filter(|&size| size <= room)
        .ok_or(HttpError::BodyTooLarge)?;
    Ok(State::Size { size, digits: digits + 1 })
}
