//! What a line of a block says.

use crate::wire::{At, NeighbourLine};

/// A record of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The server that took the report.
    pub server: &'a [u8],
    /// When it took it, minus the client's time.
    pub difference_nanoseconds: i64,
    /// The client's time in nanoseconds since 1970.
    pub time_nanoseconds: i64,
    /// `<client> <location> <time>`; of a tombstone `<client> <time>`.
    pub text: &'a [u8],
    /// Bytes of the client's id in `text`.
    pub client_len: usize,
    /// Bytes of the location in `text`; 0 if it is a tombstone.
    pub location_len: usize,
}

impl<'a> Entry<'a> {
    /// Reads a line, without its LF. There is one way to write it: `None` for anything else.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        if line.last() == Some(&b'\r') {
            return None;
        }
        match line.strip_prefix(b"GONE ") {
            Some(fields) => parse_gone(fields),
            None => match NeighbourLine::parse(line)? {
                NeighbourLine::At(at) => Some(of_at(&at)),
                _ => None,
            },
        }
    }

    /// Whether it says that the client is forgotten.
    pub fn is_tombstone(&self) -> bool {
        self.location_len == 0
    }
}

/// The lines of a block, without their LFs.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

fn of_at<'a>(at: &At<'a>) -> Entry<'a> {
    Entry {
        server: at.server,
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text: at.text,
        client_len: at.client.len(),
        location_len: at.location.len(),
    }
}

/// `<server> <difference> <client> <time>`, judged as an `AT` line with the same fields and some
/// location: only until `wire` has the line itself.
fn parse_gone(fields: &[u8]) -> Option<Entry<'_>> {
    let mut spaces = memchr::memchr_iter(b' ', fields);
    let text = &fields[spaces.nth(1)? + 1..];
    let client_len = memchr::memchr(b' ', text)?;
    let (front, time) = fields.split_at(fields.len() - text.len() + client_len);
    let line = [b"AT ", front, b" +0+0", time].concat();
    let NeighbourLine::At(at) = NeighbourLine::parse(&line)? else { return None };
    Some(Entry {
        server: &fields[..at.server.len()],
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text,
        client_len,
        location_len: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_who_where_and_when() {
        let expected = Entry {
            server: b"Goloman",
            difference_nanoseconds: -500_000_000,
            time_nanoseconds: 1_500_000_000,
            text: b"kiwi +1-2/ 1.5",
            client_len: 4,
            location_len: 5,
        };
        assert_eq!(Entry::parse(b"AT Goloman -0.500000000 kiwi +1-2/ 1.5"), Some(expected));
        let gone = Entry { text: b"kiwi 1.5", location_len: 0, ..expected };
        assert_eq!(Entry::parse(b"GONE Goloman -0.500000000 kiwi 1.5"), Some(gone));
        assert!(gone.is_tombstone() && !expected.is_tombstone());
    }

    #[test]
    fn all_else_says_nothing() {
        for line in [
            "",
            "AT",
            "GONE",
            "GONE ",
            "GONE   ",
            "GONE a +1.000000000 c",
            "GONE a +1.000000000 c ",
            "GONE a +1.000000000 c 1 ",
            "GONE a +1.000000000 c 1\r",
            "GONE a +1.000000000 c +1+1 1",
            "GONE a +1.000000000  1",
            "GONE a +1.0 c 1",
            "GONE a -2.000000000 c 1",
            "GONE a\t+1.000000000 c 1",
            "GONE a +1.000000000 c\tc 1",
            "AT a +1.000000000 c 1",
            "AT a +1.000000000 c +1+1 1\r",
            "MARK 17 fedcba9876543210",
            "BLOCK 1",
        ] {
            assert_eq!(Entry::parse(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn a_block_is_cut_into_its_lines() {
        let lines = |block| lines(block).collect::<Vec<_>>();
        assert_eq!(lines(b"GONE\nwhat\n\nAT\n"), [&b"GONE"[..], b"what", b"", b"AT"]);
        assert_eq!(lines(b"half"), [b"half"]);
        assert_eq!(lines(b""), [b""; 0]);
    }
}
