//! `AUTH <token>`: a client shows a token.

use super::super::ascii::is_white_space;
use super::super::scanner::Scanner;
use std::fmt;

/// The field of an `AUTH`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The token as it came; whether it is one is not known.
    pub token: &'a [u8],
}

impl<'a> Auth<'a> {
    pub(super) fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let rest = scanner.rest();
        let end = rest.iter().position(|&byte| is_white_space(byte)).unwrap_or(rest.len());
        let (token, behind) = rest.split_at(end);
        let is_one = !token.is_empty() && behind.iter().all(|&byte| is_white_space(byte));
        is_one.then_some(Auth { token })
    }
}

/// What the header of a token begins with: `{"` in base64.
const HEADER_BEGINNING: &[u8] = b"eyJ";
/// What its second part begins with, which is such an object, too, and the point before it.
const PAYLOAD_BEGINNING: &[u8] = b".eyJ";

/// No log shows a token.
impl fmt::Debug for Auth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}

/// Whether a line may hold a token, as one of a client or, with `? ` before it, as one that is copied
/// back, be it again: no log shows it. However it is written, for somebody may have meant it so; also alone,
/// as a request for the web port that came to the wrong one, and anywhere what only a token looks like.
pub fn may_hold_token(mut line: &[u8]) -> bool {
    if memchr::memmem::find(line, PAYLOAD_BEGINNING).is_some() {
        return true;
    }
    while let Some(copied) = line.strip_prefix(b"? ") {
        line = copied;
    }
    let start = line.iter().position(|&byte| !is_white_space(byte)).unwrap_or(line.len());
    let line = &line[start..];
    line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"AUTH"))
        || line.starts_with(HEADER_BEGINNING)
        || may_be_request(line)
}

/// Whether it may be the first line of a request with a token in its query.
fn may_be_request(line: &[u8]) -> bool {
    let is_method = matches!(line.first(), Some(b'G' | b'P' | b'H' | b'D' | b'O'));
    let target = || line.split(|&byte| byte == b' ').nth(1);
    is_method && target().is_some_and(|target| target.starts_with(b"/") && target.contains(&b'?'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Command;

    #[test]
    fn a_token_is_one_field() {
        for line in ["AUTH a.b.c", " AUTH\ta.b.c \r", "AUTH a.b.c\x0b"] {
            let Ok(Some(Command::Auth(auth))) = Command::parse(line.as_bytes()) else {
                panic!("{line:?} is none")
            };
            assert_eq!(auth.token, b"a.b.c");
            assert_eq!(format!("{auth:?}"), "Auth");
        }
        for line in ["AUTH", "AUTH ", "AUTH a b", "AUTHa", "auth a"] {
            assert!(Command::parse(line.as_bytes()).is_err(), "{line:?}");
        }
    }

    #[test]
    fn lines_that_may_hold_a_token_are_known_however_they_are_written() {
        for line in [
            "AUTH x",
            "auth x",
            "  AUTH x",
            "? AUTH x",
            "? \tAuth",
            "AUTHx",
            "\x0b\x0cAUTH x",
            "GET /?token=x HTTP/1.1",
            "? POST /?id=1&%74oken=x HTTP/1.1",
            "Authorization: Bearer x",
            "eyJhbGciOiJFZERTQSJ9.e30.x",
            "? ? AUTH x",
            "? ? ? eyJhbGciOiJFZERTQSJ9.e30.x",
            "WATCH eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.x",
            "/clients/eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.x",
        ] {
            assert!(may_hold_token(line.as_bytes()), "{line:?}");
        }
        for line in [
            "IAMAT AUTH +1+1 5",
            "AUT",
            "",
            "? IAMAT AUTH",
            "WATCH AUTH",
            "GONE a ? 1",
            "GET / HTTP/1.1",
            "IAMAT ? +1+1 5",
        ] {
            assert!(!may_hold_token(line.as_bytes()), "{line:?}");
        }
    }
}
