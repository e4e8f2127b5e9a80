//! The URL of a message bus: `nats://` or `tls://`, `name:password@` or `token@`, a host and its port; for
//! several hosts commas between them, where the scheme may be left out behind the first.

use super::{CredentialsError, credentials};
use crate::limits;
use crate::node::{BUS_PROFILE, Credentials};
use crate::transport::Endpoint;
use crate::wire::host::{Misaddressed, split_authority};
use crate::wire::uri::decode_segment;
use std::error::Error;
use std::fmt;

/// What is wrong with the URL of a bus. It does not tell the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatsUrlError {
    /// A host has another scheme than `nats` and `tls`, or the first has none.
    Scheme,
    /// Some hosts have the scheme `nats` and some `tls`.
    Mixed,
    /// It has more hosts than the limit.
    TooManyHosts,
    /// So many hosts come before one whose name or port is wrong.
    Host(usize, Misaddressed),
    /// Name and password, or token.
    Credentials(CredentialsError),
    /// A per cent sign in them without two hexadecimal digits behind it, or they are not UTF-8.
    Percent,
    /// Hosts have different ones.
    Different,
}

/// The port of NATS.
const NATS_PORT: u16 = 4_222;

/// Its hosts, and who we are to them.
pub(super) fn parse(url: &str) -> Result<(Vec<Endpoint>, Credentials), NatsUrlError> {
    let mut all_tls = None;
    let mut all_credentials = Credentials::None;
    let mut endpoints = Vec::new();
    for part in url.split(',') {
        let (is_tls, rest) = split_scheme(part)?;
        let is_tls = match (all_tls, is_tls) {
            (None, None) => return Err(NatsUrlError::Scheme),
            (Some(all), Some(this)) if all != this => return Err(NatsUrlError::Mixed),
            (Some(is_tls), _) | (None, Some(is_tls)) => is_tls,
        };
        all_tls = Some(is_tls);
        let (said, authority) = match rest.rsplit_once('@') {
            Some((said, authority)) => (decode(said)?, authority),
            None => (Credentials::None, rest),
        };
        match (said, &all_credentials) {
            (Credentials::None, _) => {}
            (said, Credentials::None) => all_credentials = said,
            (said, all) if said == *all => {}
            _ => return Err(NatsUrlError::Different),
        }
        let before = endpoints.len();
        if before == limits::NATS_HOSTS_MAX {
            return Err(NatsUrlError::TooManyHosts);
        }
        let (host, port) =
            split_authority(authority).map_err(|wrong| NatsUrlError::Host(before, wrong))?;
        let port = port.unwrap_or(NATS_PORT);
        endpoints.push(match is_tls {
            true => Endpoint::tls_behind_greeting(host, port, BUS_PROFILE),
            false => Endpoint::plain(host, port),
        });
    }
    Ok((endpoints, all_credentials))
}

/// Whether the scheme is that of TLS, if there is one, and what follows it.
fn split_scheme(text: &str) -> Result<(Option<bool>, &str), NatsUrlError> {
    match text.split_once("://") {
        None => Ok((None, text)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("nats") => Ok((Some(false), rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tls") => Ok((Some(true), rest)),
        Some(_) => Err(NatsUrlError::Scheme),
    }
}

/// Credentials whose characters may be percent-encoded, as commas, and colons in names and tokens, must be.
fn decode(text: &str) -> Result<Credentials, NatsUrlError> {
    let plain = |part: &str| {
        let bytes = decode_segment(part).map_err(|_| NatsUrlError::Percent)?;
        String::from_utf8(bytes.into_owned()).map_err(|_| NatsUrlError::Percent)
    };
    let (name, password) = match text.split_once(':') {
        Some((name, password)) => (plain(name)?, Some(plain(password)?)),
        None => (plain(text)?, None),
    };
    credentials(&name, password.as_deref()).map_err(NatsUrlError::Credentials)
}

impl fmt::Display for NatsUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NatsUrlError::Scheme => f.write_str("it does not begin with nats:// or tls://"),
            NatsUrlError::Mixed => f.write_str("it has both nats:// and tls://"),
            NatsUrlError::TooManyHosts => {
                write!(f, "it has more than {} hosts", limits::NATS_HOSTS_MAX)
            }
            NatsUrlError::Host(before, wrong) => write!(f, "its part {} {wrong}", before + 1),
            NatsUrlError::Credentials(error) => error.fmt(f),
            NatsUrlError::Percent => f.write_str(
                "name and password, or token, have a % without two hexadecimal digits behind it, \
                 or are not UTF-8",
            ),
            NatsUrlError::Different => f.write_str("its hosts have different credentials"),
        }
    }
}

impl Error for NatsUrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(user: &str, password: &str) -> Credentials {
        Credentials::User { user: user.to_owned(), password: password.to_owned() }
    }

    fn token(token: &str) -> Credentials {
        Credentials::Token(token.to_owned())
    }

    #[test]
    fn one_host_has_a_port_and_perhaps_credentials() {
        for (url, host, port, credentials) in [
            ("nats://localhost", "localhost", 4_222, Credentials::None),
            ("NATS://h:1", "h", 1, Credentials::None),
            ("nats://127.0.0.1:65535", "127.0.0.1", 65_535, Credentials::None),
            ("nats://[::1]", "::1", 4_222, Credentials::None),
            ("nats://[2001:db8::1]:5", "2001:db8::1", 5, Credentials::None),
            ("nats://u:p@h", "h", 4_222, user("u", "p")),
            ("nats://t0ken@[::1]:5", "::1", 5, token("t0ken")),
            ("nats://u%40x:p%3A%2C%25@h", "h", 4_222, user("u@x", "p:,%")),
            ("nats://a%3Ab@h", "h", 4_222, token("a:b")),
            ("nats://u:p:q@r@h", "h", 4_222, user("u", "p:q@r")),
            ("nats://u:a+b%C3%A9@h", "h", 4_222, user("u", "a+bé")),
        ] {
            assert_eq!(parse(url), Ok((vec![Endpoint::plain(host, port)], credentials)), "{url}");
        }
    }

    #[test]
    fn several_hosts_share_scheme_and_credentials() {
        let tls = |host: &str, port| Endpoint::tls_behind_greeting(host, port, BUS_PROFILE);
        let hosts = vec![tls("a", 4_222), tls("b", 5), tls("::1", 6)];
        for url in [
            "tls://u:p@a,b:5,[::1]:6",
            "tls://a,TLS://u:p@b:5,[::1]:6",
            "tls://u:p@a,tls://u:p@b:5,u:p@[::1]:6",
        ] {
            assert_eq!(parse(url), Ok((hosts.clone(), user("u", "p"))), "{url}");
        }
    }

    #[test]
    fn errors_name_what_is_wrong_and_no_secret() {
        use CredentialsError::{Character, Empty, TooLong};
        use Misaddressed::{Host, NoHost, Port};
        let long =
            format!("nats://u:{}@h", "s3cret".repeat(limits::NATS_CREDENTIALS_BYTES_MAX / 6 + 1));
        let many = format!("nats://h{}", ",h".repeat(limits::NATS_HOSTS_MAX));
        for (url, error) in [
            ("", NatsUrlError::Scheme),
            ("h", NatsUrlError::Scheme),
            ("u:s3cret@h", NatsUrlError::Scheme),
            ("http://u:s3cret@h", NatsUrlError::Scheme),
            ("nats://u:s3cret@a,ws://b", NatsUrlError::Scheme),
            ("nats://u:s3cret@a,tls://b", NatsUrlError::Mixed),
            ("nats://", NatsUrlError::Host(0, NoHost)),
            ("nats://u:s3cret@", NatsUrlError::Host(0, NoHost)),
            ("nats://a,", NatsUrlError::Host(1, NoHost)),
            ("nats://a,b,c:0", NatsUrlError::Host(2, Port)),
            ("nats://a:65536", NatsUrlError::Host(0, Port)),
            ("nats://a/", NatsUrlError::Host(0, Host)),
            ("nats://s3cret@a b", NatsUrlError::Host(0, Host)),
            ("nats://[::1", NatsUrlError::Host(0, Host)),
            ("nats://@h", NatsUrlError::Credentials(Empty)),
            ("nats://:s3cret@h", NatsUrlError::Credentials(Empty)),
            ("nats://u:@h", NatsUrlError::Credentials(Empty)),
            ("nats://u:s3cret%0a@h", NatsUrlError::Credentials(Character)),
            (&long, NatsUrlError::Credentials(TooLong)),
            ("nats://u:s3cret%@h", NatsUrlError::Percent),
            ("nats://u:s3cret%ff@h", NatsUrlError::Percent),
            ("nats://u:s3cret@a,u:s4cret@b", NatsUrlError::Different),
            ("nats://u:s3cret@a,s3cret@b", NatsUrlError::Different),
            (&many, NatsUrlError::TooManyHosts),
        ] {
            let Err(found) = parse(url) else { panic!("{url} is taken") };
            assert_eq!(found, error, "{url}");
            let shown = format!("{found} {found:?}");
            assert!(!shown.contains("cret") && !shown.contains(['\n', '\r']), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(tail: String, plain in "[a-z@:,%/\\[\\]0-9]{0,40}") {
            for tail in [tail, plain] {
                if let Ok((endpoints, _)) = parse(&format!("nats://{tail}")) {
                    prop_assert!(!endpoints.is_empty());
                }
            }
        }
    }
}
