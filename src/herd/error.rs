//! What can be wrong with a herd, said in one line that names the place.

use super::BUILT_IN;
use crate::limits::{HERD_FILE_BYTES_MAX, SERVER_NAME_BYTES_MAX, SERVERS_MAX};
use std::error::Error;
use std::fmt;
use std::io;

/// A herd that cannot be used, and why.
#[derive(Debug)]
pub struct HerdError {
    /// The herd as it was asked for: a name or a path.
    pub place: String,
    /// What is wrong.
    pub mistake: Mistake,
}

/// What is wrong with a herd.
#[derive(Debug)]
pub enum Mistake {
    /// Not built in, and no file that can be read.
    Unreadable(io::Error),
    /// The file is larger than a herd's may be.
    TooLarge,
    /// Not JSON, or not of the herd file's shape.
    Json(serde_json::Error),
    /// The herd's own name cannot be used.
    BadHerdName(String),
    /// What says that a client is forgotten would be let go before the client's position is: the fields
    /// `ttl_seconds` and `tombstone_seconds`.
    ForgottenTooSoon(u32, u32),
    /// The herd's own name is no label of the DNS, of which certificates are made.
    NoLabel(String),
    /// There are no servers.
    NoServers,
    /// There are more servers than a herd may have.
    TooManyServers(usize),
    /// Something about one server.
    Server {
        /// Its name as given.
        server: String,
        /// What is wrong with it.
        mistake: ServerMistake,
    },
}

/// What is wrong with one server of a herd.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerMistake {
    /// Its name cannot be used.
    BadName,
    /// A server before it has the same name.
    SameName,
    /// The field holds neither a host name nor an IP address.
    BadHost {
        /// `host`, `listen` or `web_listen`.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// The field holds port 0.
    NoPort {
        /// `tls_port`, `neighbour_port` or `web_port`.
        field: &'static str,
    },
    /// `port` is 0 and there is no `tls_port`.
    NoClients,
    /// 1000 more than the port for clients is none, and there is no `neighbour_port`.
    NoNeighbourPort {
        /// Where that port comes from: `port` or `tls_port`.
        field: &'static str,
    },
    /// There is a `web_listen` but no `web_port` to listen on.
    NoWebPort,
    /// Two listeners have the same host and port.
    SameAddress {
        /// The host and port.
        address: String,
        /// Whose listener is there already, which may be the server itself.
        with: String,
    },
    /// It talks with somebody who is not in the herd.
    Unknown(String),
    /// It talks with itself.
    Itself,
    /// Its name is no label of the DNS, of which certificates are made.
    NoLabel,
    /// Its name differs from that one only in case, so that they would have the same certificate.
    OnlyCase(String),
    /// Its host is the name of that one's certificate, and certificates are for hosts, too.
    HostOf(String),
}

impl Error for HerdError {}
impl Error for Mistake {}

impl fmt::Display for HerdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "herd {}: {}", self.place.replace(char::is_control, " "), self.mistake)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::Unreadable(error) => {
                f.write_str("not built in (")?;
                for (at, (name, _)) in BUILT_IN.iter().enumerate() {
                    write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
                }
                write!(f, ") and no file that can be read: {error}")
            }
            Mistake::TooLarge => write!(f, "the file is over {HERD_FILE_BYTES_MAX} bytes"),
            // The message may quote what the file holds, and with it line ends.
            Mistake::Json(error) => {
                let said = error.to_string().replace(char::is_control, " ");
                f.write_str(&said.replace("expected a sequence", "expected a list"))
            }
            Mistake::BadHerdName(name) => write!(f, "field `herd`: {name:?} {BadName}"),
            Mistake::NoLabel(name) => write!(f, "field `herd`: {name:?} {NoLabel}"),
            Mistake::ForgottenTooSoon(ttl, tombstone) => write!(
                f,
                "field `tombstone_seconds`: {tombstone} is less than `ttl_seconds`, which is {ttl}"
            ),
            Mistake::NoServers => f.write_str("field `servers`: there must be at least one"),
            Mistake::TooManyServers(servers) => {
                write!(f, "field `servers`: {servers} are too many, at most {SERVERS_MAX}")
            }
            Mistake::Server { server, mistake } => write!(f, "server {server:?}: {mistake}"),
        }
    }
}

/// Why there can be no certificate for a name.
struct NoLabel;

impl fmt::Display for NoLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "is no label of the DNS, as certificates need: letters, digits and hyphens, 1 to 63, no \
             hyphen at either end",
        )
    }
}

/// Why a name is refused.
struct BadName;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "is no name: 1 to {SERVER_NAME_BYTES_MAX} bytes without white space, \
             control characters or `/`, and neither `.` nor `..`"
        )
    }
}

impl fmt::Display for ServerMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerMistake::BadName => write!(f, "name {BadName}"),
            ServerMistake::SameName => f.write_str("another server has this name"),
            ServerMistake::BadHost { field, value } => write!(
                f,
                "{field} {value:?} is neither a host name nor an IP address (without brackets)"
            ),
            ServerMistake::NoPort { field } => write!(f, "{field} must be 1 to 65535"),
            ServerMistake::NoClients => {
                f.write_str("port must be 1 to 65535, or 0 where there is a tls_port")
            }
            ServerMistake::NoNeighbourPort { field } => {
                write!(f, "{field} + 1000 is over 65535: give a neighbour_port")
            }
            ServerMistake::NoWebPort => {
                f.write_str("web_listen is of no use without a web_port: give one")
            }
            ServerMistake::SameAddress { address, with } => {
                write!(f, "{address} is a port of {with:?} already")
            }
            ServerMistake::Unknown(name) => {
                write!(f, "talks_with names {name:?}, who is not in the herd")
            }
            ServerMistake::Itself => f.write_str("talks_with names the server itself"),
            ServerMistake::NoLabel => write!(f, "its name {NoLabel}"),
            ServerMistake::OnlyCase(other) => write!(
                f,
                "its name differs from {other:?} only in case: certificates could not tell them apart"
            ),
            ServerMistake::HostOf(other) => write!(
                f,
                "its host is what the certificate of {other:?} is for: with its own it could pass for it"
            ),
        }
    }
}
