//! The names of a herd as certificates have them: every server is `<server>.<herd>` in lower case, and
//! its host.

use herd::herd::Herd;
use std::fmt;
use std::net::IpAddr;

/// Servers cannot be called so, since files of the authority are.
const TAKEN: [&str; 2] = ["ca", "tokens"];

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Of DNS, in lower case, without a dot behind it.
    Dns(String),
    /// An address.
    Address(IpAddr),
}

/// A server and what its certificate is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// As the herd calls it; its files are called so, too.
    pub server: String,
    /// `<server>.<herd>`, by which the other servers know it.
    pub own: String,
    /// Where clients reach it.
    pub host: Name,
}

impl Names {
    /// Both of them.
    pub fn all(&self) -> Vec<Name> {
        let own = Name::Dns(self.own.clone());
        if own == self.host { vec![own] } else { vec![own, self.host.clone()] }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Dns(name) => f.write_str(name),
            Name::Address(address) => address.fmt(f),
        }
    }
}

/// The herd's own name, as that of a domain.
pub fn domain(herd: &Herd) -> String {
    herd.name.to_ascii_lowercase()
}

/// The names of all servers, in the herd's order.
///
/// # Errors
///
/// The first name that a certificate cannot have, or that two servers would share.
pub fn names(herd: &Herd) -> Result<Vec<Names>, String> {
    let own = herd.certificate_names().map_err(|mistake| mistake.to_string())?;
    // What ends in a number is taken for an IP address.
    if herd.name.bytes().all(|byte| byte.is_ascii_digit()) {
        let name = &herd.name;
        return Err(format!("the herd's name {name:?} is a number, and no domain is called so"));
    }
    let named = herd.servers.iter().zip(own).map(|(server, own)| {
        let lower = server.name.to_ascii_lowercase();
        if TAKEN.contains(&&*lower) {
            let name = &server.name;
            return Err(format!("server {name:?}: {lower}.key is a file of the authority's"));
        }
        Ok(Names { server: server.name.clone(), own, host: host(&server.host) })
    });
    named.collect()
}

/// What a herd file has as a host: without the zone of an address, which is this machine's own affair,
/// and without the root's dot.
fn host(host: &str) -> Name {
    let bare = host.split('%').next().unwrap_or(host);
    match bare.parse() {
        Ok(address) => Name::Address(address),
        Err(_) => Name::Dns(bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn herd(name: &str, servers: &[(&str, &str)]) -> Herd {
        let servers: Vec<String> = servers
            .iter()
            .zip(5_000..)
            .map(|((name, host), port)| {
                format!(r#"{{"name":{name:?},"host":{host:?},"port":{port}}}"#)
            })
            .collect();
        let json = format!(r#"{{"herd":{name:?},"servers":[{}]}}"#, servers.join(","));
        Herd::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_server_is_its_name_in_the_herd_and_its_host() {
        let herd = herd(
            "Coast-1",
            &[
                ("Monterey", "Monterey.Example.net."),
                ("P2", "192.0.2.17"),
                ("3", "fe80::1%eth0"),
                ("x--y", "x--y.coast-1"),
            ],
        );
        let all = names(&herd).unwrap();
        let written: Vec<String> = all
            .iter()
            .map(|names| names.all().iter().map(Name::to_string).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            written,
            [
                "monterey.coast-1 monterey.example.net",
                "p2.coast-1 192.0.2.17",
                "3.coast-1 fe80::1",
                "x--y.coast-1",
            ]
        );
        assert_eq!(all[0].server, "Monterey");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_in_one_line() {
        let long = "x".repeat(64);
        for (name, servers, word) in [
            ("a.b", &[("A", "h")][..], "\"a.b\""),
            ("42", &[("A", "h")], "number"),
            ("-a", &[("A", "h")], "hyphens"),
            ("a", &[("A_1", "h")], "A_1"),
            ("a", &[("A-", "h")], "A-"),
            ("a", &[("Caf\u{e9}", "h")], "Caf\u{e9}"),
            ("a", &[(&*long, "h")], "63"),
            ("a", &[("Goloman", "h"), ("GOLOMAN", "h")], "case"),
            ("a", &[("CA", "h")], "ca.key"),
            ("a", &[("tokens", "h")], "tokens.key"),
        ] {
            let why = names(&herd(name, servers)).unwrap_err();
            assert!(why.contains(word) && !why.contains('\n'), "{why}");
        }
        assert!(names(&herd("a", &[(&long[1..], "h")])).is_ok());
    }
}
