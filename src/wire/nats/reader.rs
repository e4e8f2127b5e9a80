//! Cuts what a NATS server sends into pieces.

use crate::limits;
use crate::wire::{Line, LineReader, decimal};
use memchr::memchr2;
use std::error::Error;
use std::fmt;

/// A piece of what a NATS server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// `INFO`: JSON for [`Info::parse`](super::Info::parse).
    Info(&'a [u8]),
    /// `MSG` or `HMSG`: a message begins. Its payload follows, and then [`End`](Piece::End).
    Message {
        /// What it was published on.
        subject: &'a [u8],
        /// Where its publisher waits for an answer.
        reply_to: Option<&'a [u8]>,
        /// How long the payload is, at most [`limits::NATS_PAYLOAD_BYTES_MAX`]. Headers are skipped and
        /// not counted.
        bytes: usize,
    },
    /// The next bytes of the payload: one at least.
    Payload(&'a [u8]),
    /// The payload is whole. It may have been empty.
    End,
    /// Whether we are there.
    Ping,
    /// It is there.
    Pong,
    /// What we said was understood; only who asks for it is told so.
    Ok,
    /// Something that we said is refused: why, without the quotes around it.
    Error(&'a [u8]),
    /// An operation that is not known here: its whole line.
    Unknown(&'a [u8]),
}

/// Why it is not known any more what the bytes of a stream mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// A line is longer than the limit.
    LineTooLong,
    /// A message has too few fields, or too many.
    Fields,
    /// A message's length is no number, larger than the limit or, without its headers, less than nothing.
    Length,
    /// What follows a payload is not its line end.
    PayloadEnd,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::LineTooLong => {
                write!(f, "a line is longer than {} bytes", limits::NATS_LINE_BYTES_MAX)
            }
            Broken::Fields => f.write_str("a message has too few fields, or too many"),
            Broken::Length => f.write_str("a message's length is none"),
            Broken::PayloadEnd => f.write_str("a payload is not followed by a line end"),
        }
    }
}

impl Error for Broken {}

/// Cuts what a NATS server sends into pieces, wherever reads end. Keeps a line that is pending, never a
/// payload.
#[derive(Debug, Default)]
pub struct Reader {
    lines: LineReader,
    state: State,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// A line.
    #[default]
    Line,
    /// So many bytes of headers, and of payload behind them.
    Headers { left: usize, payload: usize },
    /// So many bytes of payload.
    Payload { left: usize },
    /// LF, behind a payload and its CR.
    Lf,
    /// Nothing that is understood.
    Broken(Broken),
}

impl Reader {
    /// Takes the next piece off the front of `data`, joined with what earlier data left of it. `None` when
    /// there is none: then all of `data` has been taken.
    ///
    /// # Errors
    ///
    /// The stream is not understood any more; the same is returned for ever.
    pub fn next<'a, 'd: 'a>(
        &'a mut self,
        data: &mut &'d [u8],
    ) -> Option<Result<Piece<'a>, Broken>> {
        if let State::Headers { left, payload } = self.state {
            let skipped = take(data, left).len();
            self.state = match left - skipped {
                0 => State::Payload { left: payload },
                left => State::Headers { left, payload },
            };
        }
        match self.state {
            State::Headers { .. } => None,
            State::Payload { left: 0 } => self.payload_end(data),
            State::Payload { left } => {
                let taken = take(data, left);
                self.state = State::Payload { left: left - taken.len() };
                (!taken.is_empty()).then_some(Ok(Piece::Payload(taken)))
            }
            State::Lf => self.payload_end(data),
            State::Broken(broken) => Some(Err(broken)),
            State::Line => {
                let read = match self.lines.next(data, limits::NATS_LINE_BYTES_MAX)? {
                    Line::Whole(line) => read(line, &mut self.state),
                    Line::TooLong(_) => Err(Broken::LineTooLong),
                };
                Some(read.inspect_err(|&broken| self.state = State::Broken(broken)))
            }
        }
    }

    /// Takes CR and LF, or as much of them as there is.
    fn payload_end<'a>(&mut self, data: &mut &[u8]) -> Option<Result<Piece<'a>, Broken>> {
        while let Some(&byte) = take(data, 1).first() {
            self.state = match (self.state, byte) {
                (State::Payload { .. }, b'\r') => State::Lf,
                (State::Lf, b'\n') => {
                    self.state = State::Line;
                    return Some(Ok(Piece::End));
                }
                _ => {
                    self.state = State::Broken(Broken::PayloadEnd);
                    return Some(Err(Broken::PayloadEnd));
                }
            };
        }
        None
    }

    /// How many bytes it keeps.
    pub fn bytes_kept(&self) -> usize {
        self.lines.partial().len()
    }
}

/// Takes up to `most` bytes off the front.
fn take<'d>(data: &mut &'d [u8], most: usize) -> &'d [u8] {
    let (taken, rest) = data.split_at(most.min(data.len()));
    *data = rest;
    taken
}

/// What a line says; `state` is that behind it.
fn read<'a>(line: &'a [u8], state: &mut State) -> Result<Piece<'a>, Broken> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (operation, arguments) = split_field(line);
    let is = |name: &str| operation.eq_ignore_ascii_case(name.as_bytes());
    if is("MSG") {
        read_message(arguments, state)
    } else if is("HMSG") {
        read_message_with_headers(arguments, state)
    } else if is("PING") {
        Ok(Piece::Ping)
    } else if is("PONG") {
        Ok(Piece::Pong)
    } else if is("INFO") {
        Ok(Piece::Info(arguments))
    } else if is("+OK") {
        Ok(Piece::Ok)
    } else if is("-ERR") {
        Ok(Piece::Error(without_quotes(arguments)))
    } else {
        Ok(Piece::Unknown(line))
    }
}

/// `MSG <subject> <subscription> [reply-to] <bytes>`
fn read_message<'a>(arguments: &'a [u8], state: &mut State) -> Result<Piece<'a>, Broken> {
    let (fields, count) = fields::<4>(arguments)?;
    let (subject, reply_to, bytes) = match fields[..count] {
        [subject, _, bytes] => (subject, None, bytes),
        [subject, _, reply_to, bytes] => (subject, Some(reply_to), bytes),
        _ => return Err(Broken::Fields),
    };
    let bytes = length(bytes)?;
    *state = State::Payload { left: bytes };
    Ok(Piece::Message { subject, reply_to, bytes })
}

/// `HMSG <subject> <subscription> [reply-to] <bytes of headers> <bytes of both>`
fn read_message_with_headers<'a>(
    arguments: &'a [u8],
    state: &mut State,
) -> Result<Piece<'a>, Broken> {
    let (fields, count) = fields::<5>(arguments)?;
    let (subject, reply_to, headers, both) = match fields[..count] {
        [subject, _, headers, both] => (subject, None, headers, both),
        [subject, _, reply_to, headers, both] => (subject, Some(reply_to), headers, both),
        _ => return Err(Broken::Fields),
    };
    let headers = length(headers)?;
    let bytes = length(both)?.checked_sub(headers).ok_or(Broken::Length)?;
    *state = State::Headers { left: headers, payload: bytes };
    Ok(Piece::Message { subject, reply_to, bytes })
}

/// All fields, and how many there are.
fn fields<const MOST: usize>(text: &[u8]) -> Result<([&[u8]; MOST], usize), Broken> {
    let (mut fields, mut count) = ([&[][..]; MOST], 0);
    let mut rest = trim(text);
    while !rest.is_empty() {
        let field = fields.get_mut(count).ok_or(Broken::Fields)?;
        (*field, rest) = split_field(rest);
        count += 1;
    }
    Ok((fields, count))
}

/// The first field, and what follows the blanks behind it, without those at the end.
fn split_field(text: &[u8]) -> (&[u8], &[u8]) {
    let text = trim(text);
    let (field, behind) = text.split_at(memchr2(b' ', b'\t', text).unwrap_or(text.len()));
    (field, trim(behind))
}

/// Without blanks (spaces and tabs) at either end.
fn trim(text: &[u8]) -> &[u8] {
    let is_no_blank = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = text.iter().position(is_no_blank).unwrap_or(text.len());
    let end = text.iter().rposition(is_no_blank).map_or(start, |last| last + 1);
    &text[start..end]
}

fn length(digits: &[u8]) -> Result<usize, Broken> {
    decimal::scan_integer(digits)
        .filter(|&(_, read)| read == digits.len())
        .and_then(|(length, _)| usize::try_from(length).ok())
        .filter(|&length| length <= limits::NATS_PAYLOAD_BYTES_MAX)
        .ok_or(Broken::Length)
}

fn without_quotes(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")).unwrap_or(text)
}
