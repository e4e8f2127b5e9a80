//! `FORGET`: a client is to be forgotten.

use super::super::scanner::Scanner;
use crate::limits;
use std::borrow::Cow;

/// The fields of a `FORGET`, as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forget<'a> {
    /// The client's id.
    pub client: &'a [u8],
    /// A valid time (see [`parse_time`](super::super::time::parse_time)).
    pub time: &'a [u8],
    /// The time in nanoseconds.
    pub time_nanoseconds: i64,
    /// From the client's id to the end of the time.
    span: &'a [u8],
}

impl<'a> Forget<'a> {
    /// `<client> <time>` with a single space, as all answers have it.
    pub fn text(&self) -> Cow<'a, [u8]> {
        if self.span.len() == self.client.len() + 1 + self.time.len()
            && self.span[self.client.len()] == b' '
        {
            Cow::Borrowed(self.span)
        } else {
            Cow::Owned([self.client, self.time].join(&b' '))
        }
    }

    pub(super) fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let start = scanner;
        let client = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        scanner.gap()?;
        let (time, time_nanoseconds) = scanner.time()?;
        let span = scanner.since(&start);
        scanner.skip_white_space();
        scanner.end()?;
        Some(Forget { client, time, time_nanoseconds, span })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::*;

    fn forget(line: &str) -> Option<Forget<'_>> {
        match Command::parse(line.as_bytes()) {
            Ok(Some(Command::Forget(forget))) => Some(forget),
            _ => None,
        }
    }

    #[test]
    fn forgets() {
        for (line, is_as_answered) in [
            ("FORGET kiwi 1520023934.5", true),
            ("\tFORGET\t kiwi 1520023934.5 \r", true),
            ("FORGET kiwi\t1520023934.5", false),
            ("FORGET kiwi  1520023934.5", false),
        ] {
            let found = forget(line).unwrap();
            assert_eq!(
                (found.client, found.time),
                (&b"kiwi"[..], &b"1520023934.5"[..]),
                "{line:?}"
            );
            assert_eq!(found.time_nanoseconds, 1_520_023_934_500_000_000);
            assert_eq!(*found.text(), *b"kiwi 1520023934.5");
            assert_eq!(matches!(found.text(), Cow::Borrowed(_)), is_as_answered, "{line:?}");
        }
    }

    #[test]
    fn what_is_not_a_forget() {
        for line in [
            "FORGET",
            "FORGET kiwi",
            "FORGET kiwi ",
            "FORGET kiwi 1 1",
            "FORGET kiwi +1+1 1",
            "FORGET kiwi 1.",
            "FORGET kiwi -1",
            "FORGET kiwi now",
            "FORGET kiwi 9223372037",
            "FORGETkiwi 1",
            "forget kiwi 1",
            "FORGET a\u{85} 1",
            "GONE Solo +0.000000000 kiwi 1",
        ] {
            assert_eq!(forget(line), None, "{line:?}");
        }
        let long = |bytes| forget(&format!("FORGET {} 1", "x".repeat(bytes))).is_some();
        assert!(long(limits::CLIENT_ID_BYTES_MAX) && !long(limits::CLIENT_ID_BYTES_MAX + 1));
    }
}
