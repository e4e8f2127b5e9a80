//! The arguments about the web port.

use super::UsageError;
use crate::wire::host::is_host;
use getopts::Matches;
use std::net::Ipv6Addr;

const CORS: &str = "cors";

/// Says which arguments there are.
pub(super) fn declare(options: &mut getopts::Options) {
    options.optmulti(
        "",
        CORS,
        "an origin, such as https://example.org:8443, whose pages may read and report over the web \
         port as its own may; may be given more than once",
        "ORIGIN",
    );
}

/// The origins in `--cors`, each once, as browsers write them.
pub(super) fn cors(given: &Matches) -> Result<Vec<String>, UsageError> {
    let mut origins = Vec::new();
    for text in given.opt_strs(CORS) {
        let origin = origin(&text).ok_or(UsageError::Cors(text))?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

/// An origin as its serialization has it (WHATWG HTML Standard, section 7.1.1): scheme and host in
/// small letters, the port only where it is not the scheme's own. `None` if it is none of HTTP.
fn origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let (host, port) = split(authority)?;
    match port {
        Some(port) if port != usual_port => Some(format!("{scheme}://{host}:{port}")),
        _ => Some(format!("{scheme}://{host}")),
    }
}

/// Host, as it stands in an origin, and port, if there is one.
fn split(authority: &str) -> Option<(String, Option<u16>)> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (address, after) = bracketed.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = if after.is_empty() { None } else { Some(port(after.strip_prefix(':')?)?) };
        return Some((format!("[{address}]"), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (authority, None),
    };
    // One of IPv6 has brackets.
    (is_host(host) && !host.contains(':')).then(|| (host.to_owned(), port))
}

fn port(digits: &str) -> Option<u16> {
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&port| is_digits && port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken_and_written_as_browsers_write_them() {
        for (given, written) in [
            ("https://example.org", "https://example.org"),
            ("https://example.org:8443", "https://example.org:8443"),
            ("HTTP://LocalHost:0080", "http://localhost"),
            ("https://example.org:443", "https://example.org"),
            ("https://example.org:80", "https://example.org:80"),
            ("http://127.0.0.1:5500", "http://127.0.0.1:5500"),
            ("http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ] {
            assert_eq!(origin(given).as_deref(), Some(written), "{given}");
        }
    }

    #[test]
    fn all_else_is_no_origin() {
        for text in [
            "",
            "*",
            "null",
            "example.org",
            "//example.org",
            "ftp://example.org",
            "file://",
            "https://",
            "https://:443",
            "https://example.org/",
            "https://example.org/map",
            "https://example.org?q",
            "https://example.org#",
            "https://me@example.org",
            "https://*.example.org",
            "https://example.org:",
            "https://example.org:0",
            "https://example.org:65536",
            "https://example.org:+80",
            "https://example.org:80:80",
            "https://::1",
            "https://[::1",
            "https://[::1]80",
            "https://[fe80::1%eth0]",
            "https://[example.org]",
            " https://example.org",
            "https://example.org https://example.com",
            "https://m\u{fc}nchen.example",
        ] {
            assert_eq!(origin(text), None, "{text:?}");
        }
    }
}
