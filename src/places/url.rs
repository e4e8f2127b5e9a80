//! The URL of a Places service: `https://host[:port][/path][?query]`, strictly.

use super::TLS_PROFILE;
use crate::transport::Endpoint;
use crate::wire::host::{Misaddressed, split_authority};
use std::error::Error;
use std::fmt;

/// The parts of a URL that a request needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) endpoint: Endpoint,
    pub(super) authority: String,
    pub(super) path: String,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// It does not begin with `https://`.
    Scheme,
    /// It has white space, a control character or one that must be percent-encoded.
    Character(char),
    /// A per cent sign without two hexadecimal digits behind it.
    Percent,
    /// It has a user name or password.
    User,
    /// It has a fragment (`#`).
    Fragment,
    /// Its host or its port.
    Address(Misaddressed),
}

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

pub(super) fn parse(url: &str) -> Result<Url, UrlError> {
    const SCHEME: &str = "https://";
    let rest = match url.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => return Err(UrlError::Scheme),
    };
    if rest.contains('#') {
        return Err(UrlError::Fragment);
    }
    check_characters(rest)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(UrlError::User);
    }
    let (host, port) = split_authority(authority).map_err(UrlError::Address)?;
    let port = port.unwrap_or(HTTPS_PORT);
    let endpoint = Endpoint::tls(host, port, TLS_PROFILE);
    let authority = match (port, host.contains(':')) {
        (HTTPS_PORT, false) => host.to_owned(),
        (HTTPS_PORT, true) => format!("[{host}]"),
        _ => endpoint.to_string(),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(Url { endpoint, authority, path: format!("{slash}{path}") })
}

/// Only what may stand in a request line, so that a URL cannot smuggle in another line.
fn check_characters(rest: &str) -> Result<(), UrlError> {
    let allowed = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    if let Some(wrong) = rest.chars().find(|&c| !allowed(c)) {
        return Err(UrlError::Character(wrong));
    }
    let is_encoded = |after: &str| {
        after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    };
    if rest.split('%').skip(1).all(is_encoded) { Ok(()) } else { Err(UrlError::Percent) }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the URL of Places ")?;
        match self {
            UrlError::Scheme => f.write_str("does not begin with https://"),
            UrlError::Character(c) => write!(f, "has a character that may not be in it: {c:?}"),
            UrlError::Percent => f.write_str("has a % without two hexadecimal digits behind it"),
            UrlError::User => f.write_str("has a user name"),
            UrlError::Fragment => f.write_str("has a fragment (#)"),
            UrlError::Address(wrong) => wrong.fmt(f),
        }
    }
}

impl Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_are_found() {
        for (url, host, port, authority, path) in [
            ("https://localhost:8443/a/b", "localhost", 8443, "localhost:8443", "/a/b"),
            (
                "https://maps.example.com/a?b=c",
                "maps.example.com",
                443,
                "maps.example.com",
                "/a?b=c",
            ),
            ("HTTPS://h:443/", "h", 443, "h", "/"),
            ("https://h", "h", 443, "h", "/"),
            ("https://h?b", "h", 443, "h", "/?b"),
            ("https://127.0.0.1:1/?", "127.0.0.1", 1, "127.0.0.1:1", "/?"),
            ("https://[::1]:8443/x", "::1", 8443, "[::1]:8443", "/x"),
            ("https://[2001:db8::1]/%41", "2001:db8::1", 443, "[2001:db8::1]", "/%41"),
            ("https://h/a@b:c", "h", 443, "h", "/a@b:c"),
            ("https://h./x", "h.", 443, "h.", "/x"),
        ] {
            let parsed = parse(url).unwrap();
            let endpoint = Endpoint::tls(host, port, TLS_PROFILE);
            assert_eq!(parsed, Url { endpoint, authority: authority.into(), path: path.into() });
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (url, error) in [
            ("", UrlError::Scheme),
            ("http://h/", UrlError::Scheme),
            ("https:/h", UrlError::Scheme),
            (" https://h/", UrlError::Scheme),
            ("https://", UrlError::Address(Misaddressed::NoHost)),
            ("https:///x", UrlError::Address(Misaddressed::NoHost)),
            ("https://:8443/", UrlError::Address(Misaddressed::NoHost)),
            ("https://h:/", UrlError::Address(Misaddressed::Port)),
            ("https://h:0/", UrlError::Address(Misaddressed::Port)),
            ("https://h:+1/", UrlError::Address(Misaddressed::Port)),
            ("https://h:65536/", UrlError::Address(Misaddressed::Port)),
            ("https://h:1:2/", UrlError::Address(Misaddressed::Port)),
            ("https://[::1]:/", UrlError::Address(Misaddressed::Port)),
            ("https://u@h/", UrlError::User),
            ("https://u:p@h/", UrlError::User),
            ("https://h/#f", UrlError::Fragment),
            ("https://h/a b", UrlError::Character(' ')),
            ("https://h/\r\nX: y", UrlError::Character('\r')),
            ("https://h/é", UrlError::Character('é')),
            ("https://h\\x/", UrlError::Character('\\')),
            ("https://h/%4", UrlError::Percent),
            ("https://h/%g1", UrlError::Percent),
            ("https://h%41/", UrlError::Address(Misaddressed::Host)),
            ("https://a..b/", UrlError::Address(Misaddressed::Host)),
            ("https://-a/", UrlError::Address(Misaddressed::Host)),
            ("https://a-.b/", UrlError::Address(Misaddressed::Host)),
            ("https://1.2.3/", UrlError::Address(Misaddressed::Host)),
            ("https://256.1.1.1/", UrlError::Address(Misaddressed::Host)),
            ("https://2130706433/", UrlError::Address(Misaddressed::Host)),
            ("https://fe80::1%25eth0/", UrlError::Address(Misaddressed::Port)),
            ("https://::1/", UrlError::Address(Misaddressed::NoHost)),
            ("https://[::1/", UrlError::Address(Misaddressed::Host)),
            ("https://[h]/", UrlError::Address(Misaddressed::Host)),
            ("https://[::1]x/", UrlError::Address(Misaddressed::Host)),
            ("https://[fe80::1%25eth0]/", UrlError::Address(Misaddressed::Host)),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
        }
        assert_eq!(
            parse(&format!("https://{}/", "a".repeat(64))),
            Err(UrlError::Address(Misaddressed::Host))
        );
        let error = parse("https://h/\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the URL of Places has a character that may not be in it: '\\n'"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(tail in any::<String>()) {
            if let Ok(url) = parse(&format!("https://{tail}")) {
                prop_assert!(url.path.starts_with('/'));
                let request = format!("{}{}", url.authority, url.path);
                prop_assert!(request.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
