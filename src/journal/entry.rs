//! What a line of a block says.

use crate::wire::{At, NeighbourLine};

/// The record that a line says, without its LF; of a client that was forgotten without a location. There is
/// one way to write it: `None` for anything else.
pub fn record(line: &[u8]) -> Option<At<'_>> {
    match NeighbourLine::parse(line)? {
        NeighbourLine::At(at) | NeighbourLine::Gone(at) if line.last() != Some(&b'\r') => Some(at),
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_who_where_and_when() {
        let expected = At {
            server: b"Goloman",
            difference_nanoseconds: -500_000_000,
            client: b"kiwi",
            location: b"+1-2/",
            time: b"1.5",
            time_nanoseconds: 1_500_000_000,
            text: b"kiwi +1-2/ 1.5",
        };
        assert_eq!(record(b"AT Goloman -0.500000000 kiwi +1-2/ 1.5"), Some(expected));
        let gone = At { text: b"kiwi 1.5", location: b"", ..expected };
        assert_eq!(record(b"GONE Goloman -0.500000000 kiwi 1.5"), Some(gone));
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
            assert_eq!(record(line.as_bytes()), None, "{line:?}");
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
