//! Cuts a byte stream into lines, whatever pieces it arrives in.

use memchr::memchr;
use std::mem;

/// A line without its LF. A CR before the LF belongs to the line (as white space).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// The whole line.
    Whole(&'a [u8]),
    /// The first bytes, as many as are allowed, of a line that has more. It is reported once, as
    /// soon as that is known; the rest of the line is dropped.
    TooLong(&'a [u8]),
}

/// What is kept between two pieces of a stream: the beginning of a line, if one is pending.
///
/// Holds no heap memory at the start of a line. Bytes are looked at once.
#[derive(Debug, Default)]
pub struct LineReader {
    /// None at the start of a line.
    pending: Option<Box<Pending>>,
}

#[derive(Debug)]
struct Pending {
    bytes: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `bytes` are the beginning of the current line.
    Reading,
    /// `bytes` were handed out and are of no more use.
    HandedOut,
    /// As `HandedOut`, and what comes belongs to a line that was too long, up to its LF.
    Discarding,
}

impl LineReader {
    /// A reader at the start of a stream.
    pub const fn new() -> Self {
        LineReader { pending: None }
    }

    /// Takes the next line off the front of `data`, joined with what earlier data left of it.
    /// `None` when there is no further LF: then all of `data` has been taken.
    ///
    /// A line that lies in `data` is not copied. At most `max_bytes` bytes (the same for all calls)
    /// are kept of a pending line.
    pub fn next<'a, 'd: 'a>(
        &'a mut self,
        data: &mut &'d [u8],
        max_bytes: usize,
    ) -> Option<Line<'a>> {
        if self.pending.as_ref().is_some_and(|pending| pending.state != State::Reading) {
            self.forget(data);
        }
        if data.is_empty() {
            return None;
        }
        if self.pending.is_some() {
            return self.complete(data, max_bytes);
        }
        match find_end(data, max_bytes) {
            End::At(end) => Some(Line::Whole(take_line(data, end))),
            End::Beyond => {
                self.pending = Some(Pending::discarding());
                Some(Line::TooLong(take(data, max_bytes)))
            }
            End::Unknown => {
                let bytes = mem::take(data).to_vec();
                self.pending = Some(Box::new(Pending { bytes, state: State::Reading }));
                None
            }
        }
    }

    /// The line that is pending when no more will come, or when it has to be taken as it is.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let pending = self.pending.take()?;
        match pending.state {
            State::Reading => Some(pending.bytes),
            State::HandedOut => None,
            State::Discarding => {
                self.pending = Some(Pending::discarding());
                None
            }
        }
    }

    /// Whether the next line begins with the data that comes next.
    #[inline]
    pub fn is_at_start(&self) -> bool {
        self.pending.is_none()
    }

    /// Whether the beginning of a line is pending.
    pub fn has_partial(&self) -> bool {
        !self.partial().is_empty()
    }

    /// The beginning of a line that is pending; empty if none is.
    pub fn partial(&self) -> &[u8] {
        match &self.pending {
            Some(pending) if pending.state == State::Reading => &pending.bytes,
            _ => &[],
        }
    }

    /// Drops what was handed out, and what is left of a line that was too long.
    #[cold]
    fn forget(&mut self, data: &mut &[u8]) {
        let Some(pending) = self.pending.take() else { return };
        if pending.state == State::Discarding {
            match memchr(b'\n', data) {
                Some(end) => {
                    take_line(data, end);
                }
                None => {
                    *data = &[];
                    self.pending = Some(Pending::discarding());
                }
            }
        }
    }

    /// Goes on with the line that is pending.
    #[cold]
    fn complete<'a>(&'a mut self, data: &mut &[u8], max_bytes: usize) -> Option<Line<'a>> {
        let Pending { bytes, state } = &mut **self.pending.as_mut()?;
        let room = max_bytes.saturating_sub(bytes.len());
        match find_end(data, room) {
            End::At(end) => {
                bytes.extend_from_slice(take_line(data, end));
                *state = State::HandedOut;
                Some(Line::Whole(bytes))
            }
            End::Beyond => {
                bytes.extend_from_slice(take(data, room));
                bytes.truncate(max_bytes);
                *state = State::Discarding;
                Some(Line::TooLong(bytes))
            }
            End::Unknown => {
                bytes.extend_from_slice(mem::take(data));
                None
            }
        }
    }
}

impl Pending {
    /// Nothing of a line that was too long, the rest of which is to come.
    fn discarding() -> Box<Self> {
        Box::new(Pending { bytes: Vec::new(), state: State::Discarding })
    }
}

/// Where a line ends, as far as can be told.
enum End {
    /// LF is there.
    At(usize),
    /// Not within the bytes allowed.
    Beyond,
    /// Not in the data, of which more is allowed.
    Unknown,
}

fn find_end(data: &[u8], max_bytes: usize) -> End {
    let window = &data[..data.len().min(max_bytes.saturating_add(1))];
    match memchr(b'\n', window) {
        Some(end) => End::At(end),
        None if window.len() > max_bytes => End::Beyond,
        None => End::Unknown,
    }
}

/// Takes `length` bytes off the front.
fn take<'d>(data: &mut &'d [u8], length: usize) -> &'d [u8] {
    let (taken, rest) = data.split_at(length);
    *data = rest;
    taken
}

/// Takes `length` bytes and the LF behind them off the front.
fn take_line<'d>(data: &mut &'d [u8], length: usize) -> &'d [u8] {
    let line = &data[..length];
    *data = &data[length + 1..];
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What came out: the bytes, and whether they were a whole line.
    type Outcome = Vec<(Vec<u8>, bool)>;

    fn kept(reader: &LineReader) -> usize {
        reader.pending.as_ref().map_or(0, |pending| pending.bytes.len())
    }

    fn capacity(reader: &LineReader) -> usize {
        reader.pending.as_ref().map_or(0, |pending| pending.bytes.capacity())
    }

    /// Feeds the pieces, checking the reader's memory on the way.
    fn read<'p>(
        pieces: impl IntoIterator<Item = &'p [u8]>,
        max: usize,
    ) -> (Outcome, Option<Vec<u8>>) {
        let mut reader = LineReader::new();
        let mut lines = Outcome::new();
        for mut piece in pieces {
            // As callers do it, who need themselves while they look at a line.
            let mut taken = mem::take(&mut reader);
            while let Some(line) = taken.next(&mut piece, max) {
                lines.push(match line {
                    Line::Whole(bytes) => (bytes.to_vec(), true),
                    Line::TooLong(bytes) => (bytes.to_vec(), false),
                });
            }
            reader = taken;
            assert!(piece.is_empty());
            assert!(kept(&reader) <= max);
            assert_eq!(reader.has_partial(), capacity(&reader) > 0);
        }
        let rest = reader.finish();
        assert!(!reader.has_partial());
        (lines, rest)
    }

    /// The same, computed from the whole stream at once in the simplest way.
    fn model(stream: &[u8], max: usize) -> (Outcome, Option<Vec<u8>>) {
        let mut parts: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
        let last = parts.pop().unwrap();
        let cut = |part: &[u8]| (part[..part.len().min(max)].to_vec(), part.len() <= max);
        let mut lines: Outcome = parts.into_iter().map(cut).collect();
        if last.len() > max {
            lines.push(cut(last));
            return (lines, None);
        }
        (lines, (!last.is_empty()).then(|| last.to_vec()))
    }

    #[test]
    fn every_split_point_gives_the_same_lines() {
        let stream = b"one\n\n\r\nfour is longer\nexactly8\nexactly 9\nrest";
        for max in [0, 1, 7, 8, 9, 13, 14, 100, usize::MAX] {
            let expected = model(stream, max);
            for first in 0..=stream.len() {
                for second in first..=stream.len() {
                    let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                    assert_eq!(read(pieces, max), expected, "max {max}, {first}, {second}");
                }
            }
            assert_eq!(read(stream.chunks(1), max), expected, "max {max}, byte by byte");
        }
    }

    #[test]
    fn a_line_within_the_data_is_not_copied() {
        let stream = b"one\ntwo\n";
        let mut data = &stream[..];
        let mut reader = LineReader::new();
        for start in [0, 4] {
            match reader.next(&mut data, 10) {
                Some(Line::Whole(line)) => assert!(std::ptr::eq(line, &stream[start..start + 3])),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(reader.next(&mut data, 10), None);
    }

    #[test]
    fn too_long_is_told_at_the_first_byte_too_many_and_once() {
        let mut reader = LineReader::new();
        assert_eq!(reader.next(&mut &b"12345"[..], 5), None);
        assert!(reader.has_partial());
        assert_eq!(reader.next(&mut &b"6"[..], 5), Some(Line::TooLong(b"12345")));
        for _ in 0..1_000 {
            assert_eq!(reader.next(&mut &b"more and more and more"[..], 5), None);
            assert_eq!(capacity(&reader), 0);
        }
        assert_eq!(reader.finish(), None);
        let mut data = &b"end\nnext\n"[..];
        assert_eq!(reader.next(&mut data, 5), Some(Line::Whole(b"next")));
    }

    #[test]
    fn finish_gives_what_is_pending_and_starts_afresh() {
        let mut reader = LineReader::new();
        assert_eq!(reader.finish(), None);
        assert_eq!(reader.next(&mut &b"par"[..], 5), None);
        assert_eq!(reader.next(&mut &b"t"[..], 5), None);
        assert_eq!(reader.finish().as_deref(), Some(&b"part"[..]));
        assert_eq!(reader.next(&mut &b"a"[..], 5), None);
        assert_eq!(reader.next(&mut &b"b\n"[..], 5), Some(Line::Whole(b"ab")));
        assert!(!reader.has_partial());
        assert_eq!(reader.finish(), None);
        assert_eq!(reader.next(&mut &b"c\n"[..], 5), Some(Line::Whole(b"c")));
    }

    #[test]
    fn an_idle_connection_holds_little() {
        assert!(size_of::<LineReader>() <= 8);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_agree_with_the_model(
            pieces in prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..20),
                0..20,
            ),
            max in 0_usize..40,
        ) {
            let expected = model(&pieces.concat(), max);
            prop_assert_eq!(read(pieces.iter().map(Vec::as_slice), max), expected);
        }
    }
}
