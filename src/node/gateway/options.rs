//! How to be a gateway.

use crate::transport::{Endpoint, TlsProfile};
use std::fmt;

/// The TLS configuration for the bus.
pub const BUS_PROFILE: TlsProfile = TlsProfile("bus");

/// Where the bus is, and what is told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Its hosts, in the order in which they are tried: one at least.
    pub endpoints: Vec<Endpoint>,
    /// Who we are to it.
    pub credentials: Credentials,
    /// What the names of all subjects begin with.
    pub subject: String,
    /// Whether each change is published on a subject of its client's, too.
    pub clients: bool,
}

/// Who we are to the bus.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Anybody.
    None,
    /// A user with a password.
    User {
        /// Its name.
        user: String,
        /// Its password.
        password: String,
    },
    /// Whoever holds this token.
    Token(String),
}

/// Shows no secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::None => "None",
            Credentials::User { .. } => "User",
            Credentials::Token(_) => "Token",
        })
    }
}
