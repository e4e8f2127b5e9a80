//! The tokens that count no more although they are not over.

use super::is_id;
use crate::limits::{REVOKED_FILE_BYTES_MAX, TOKEN_ID_BYTES_MAX};
use std::collections::HashSet;
use std::error::Error;
use std::fmt;

/// The ids (`jti`) of revoked tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    ids: HashSet<Box<str>>,
}

impl Revoked {
    /// Those in a file of that content: an id a line. Blank lines and `\r` at a line's end are passed
    /// over.
    ///
    /// # Errors
    ///
    /// The file is too large, or the first line that is no id. With any such line it is not known who is
    /// meant, so there is no set then.
    pub fn parse(text: &[u8]) -> Result<Revoked, RevokedError> {
        if text.len() as u64 > REVOKED_FILE_BYTES_MAX {
            return Err(RevokedError::TooLarge);
        }
        let mut ids = HashSet::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            match str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) {
                Ok("") => {}
                Ok(id) if is_id(id) => drop(ids.insert(id.into())),
                _ => return Err(RevokedError::NoId { line: at + 1 }),
            }
        }
        Ok(Revoked { ids })
    }

    /// Whether the token with that id is among them.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// What is wrong with a file of revoked tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedError {
    /// It has more bytes than it may have.
    TooLarge,
    /// A line is no id.
    NoId {
        /// Which, counted from 1.
        line: usize,
    },
}

impl Error for RevokedError {}

impl fmt::Display for RevokedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RevokedError::TooLarge => write!(f, "is over {REVOKED_FILE_BYTES_MAX} bytes"),
            RevokedError::NoId { line } => write!(
                f,
                "line {line} is no id of a token: 1 to {TOKEN_ID_BYTES_MAX} letters, digits, `-`, `_`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_a_line() {
        let revoked = Revoked::parse(b"one\n\ntwo\r\n-_9\none").unwrap();
        assert_eq!(revoked.len(), 3);
        for id in ["one", "two", "-_9"] {
            assert!(revoked.contains(id), "{id}");
        }
        assert!(!revoked.contains("three") && !revoked.contains(""));
        assert!(Revoked::parse(b"").unwrap().is_empty());
    }

    #[test]
    fn a_line_that_is_no_id_is_named() {
        let long = "x".repeat(TOKEN_ID_BYTES_MAX);
        assert!(Revoked::parse(long.as_bytes()).unwrap().contains(&long));
        for wrong in [&b"two three"[..], b"# two", b" two", b"\xff", b"\rtwo", &[b'x'; 65]] {
            let text = [b"one\n\n", wrong, b"\nfour\n"].concat();
            let why = Revoked::parse(&text).unwrap_err();
            assert_eq!(why, RevokedError::NoId { line: 3 });
            assert!(why.to_string().starts_with("line 3 is no id"));
        }
    }

    #[test]
    fn a_file_has_an_end() {
        let mut text = vec![b'\n'; REVOKED_FILE_BYTES_MAX as usize];
        assert!(Revoked::parse(&text).unwrap().is_empty());
        text.push(b'\n');
        assert_eq!(Revoked::parse(&text), Err(RevokedError::TooLarge));
    }
}
