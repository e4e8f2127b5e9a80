//! What names a host, in a herd file as in a URL: an IP address, or a host name by its characters.
//! Whether the host exists is found out when it is looked up.

use crate::limits::{HOST_BYTES_MAX, HOST_LABEL_BYTES_MAX};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Whether that is an IP address (IPv6 without brackets, also with a zone) or a host name.
pub fn is_host(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => address.parse::<Ipv6Addr>().is_ok() && is_label(zone),
        None => text.parse::<IpAddr>().is_ok() || is_name(text),
    }
}

/// What is wrong with a host and its port. Its `Display` is a clause: what has them `has ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misaddressed {
    /// There is no host.
    NoHost,
    /// The host is no name, no IPv4 address and no IPv6 address in brackets.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
}

impl fmt::Display for Misaddressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misaddressed::NoHost => "has no host",
            Misaddressed::Host => "has a host that is neither a name nor an address",
            Misaddressed::Port => "has a port that is not a number from 1 to 65535",
        })
    }
}

/// The host (an IPv6 address without its brackets) and the port, if there is one, as a URL has them:
/// `host`, `host:port`, `[address]`, `[address]:port`.
pub fn split_authority(authority: &str) -> Result<(&str, Option<u16>), Misaddressed> {
    let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or(Misaddressed::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| Misaddressed::Host)?;
        match after.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if after.is_empty() => (host, None),
            None => return Err(Misaddressed::Host),
        }
    } else {
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        if host.is_empty() {
            return Err(Misaddressed::NoHost);
        }
        if !is_host(host) {
            return Err(Misaddressed::Host);
        }
        (host, port)
    };
    Ok((host, port.map(parse_port).transpose()?))
}

fn parse_port(port: &str) -> Result<u16, Misaddressed> {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|&port| is_digits && port != 0).ok_or(Misaddressed::Port)
}

/// Labels with dots between them and perhaps one behind. No name ends in a number: what does is
/// meant for an IP address.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= HOST_BYTES_MAX
        && name.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether that is one label of the DNS, as certificates have them: letters, digits and hyphens (RFC 1123,
/// section 2.1).
pub fn is_dns_label(text: &str) -> bool {
    is_label(text) && !text.contains('_')
}

/// The standard allows no underscores in host names; many have them all the same.
fn is_label(label: &str) -> bool {
    (1..=HOST_LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_hosts() {
        for host in [
            "127.0.0.1",
            "0.0.0.0",
            "::",
            "2001:db8::5",
            "::ffff:192.0.2.17",
            "fe80::1%eth0",
            "h",
            "localhost",
            "monterey.example.net",
            "monterey.example.net.",
            "xn--mnchen-3ya.example",
            "node_1.local",
            "4.in-addr.arpa",
            "1e100.net",
            &format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61)),
        ] {
            assert!(is_host(host), "{host}");
        }
    }

    #[test]
    fn all_else_is_none() {
        for text in [
            "",
            ".",
            ":5",
            "h:5",
            "127.0.0.1:5",
            "256.1.1.1",
            "1.2.3",
            "127.0.0.1.",
            "17",
            "[::1]",
            "::1::",
            "127.0.0.1%eth0",
            "fe80::1%",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "-a",
            "a-.b",
            "m\u{fc}nchen.example",
            &"x".repeat(64),
            &format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(62)),
        ] {
            assert!(!is_host(text), "{text}");
        }
    }
}
