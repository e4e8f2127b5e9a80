//! What names a host, in a herd file as in a URL: an IP address, or a host name by its characters.
//! Whether the host exists is found out when it is looked up.

use crate::limits::{HOST_BYTES_MAX, HOST_LABEL_BYTES_MAX};
use std::net::{IpAddr, Ipv6Addr};

/// Whether that is an IP address (IPv6 without brackets, also with a zone) or a host name.
pub fn is_host(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => address.parse::<Ipv6Addr>().is_ok() && is_label(zone),
        None => text.parse::<IpAddr>().is_ok() || is_name(text),
    }
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
