//! Tokens: who may do what, about which clients, until when. Pure: no clock, no file, no randomness.
//!
//! A token is a JWT (RFC 7519) in the compact form of a JWS (RFC 7515) with an Ed25519 signature
//! (RFC 8037), made by `herdca` and verified by servers, who hold the public key only. Nothing of a
//! token decides how it is verified: its header must say `EdDSA`, and which key it is does not come with
//! it.
//!
//! | claim | type | what |
//! |---|---|---|
//! | `iss` | string | the herd's name |
//! | `sub` | string | whose token it is, for the log: 1 to 256 bytes |
//! | `clients` | array of strings | the clients that it is about: a [`Pattern`] each |
//! | `may` | array of strings | what it allows: `report`, `forget`, `ask`, `watch`, `status` ([`Right`]) |
//! | `exp` | whole number | from this POSIX second on it is worth nothing |
//! | `jti` | string | its id, by which it can be revoked: 1 to 64 of `A-Z a-z 0-9 - _` |
//! | `nbf` | whole number, optional | before this POSIX second it is worth nothing |
//!
//! A word in `may` that is not known grants nothing and does no harm: an older server serves who holds a
//! newer token for what both know. `aud` is refused, since a token with it is meant for somebody else
//! (RFC 7519, section 4.1.3); other claims are passed over.

mod claims;
mod error;
mod keys;
mod pattern;
mod revoked;
mod rights;
mod sign;
mod verifier;

pub use claims::Claims;
pub use error::{Fault, TokenError};
pub use keys::{KeyError, PublicKey, SigningKey};
pub use pattern::Pattern;
pub use revoked::{Revoked, RevokedError};
pub use rights::{Right, Rights, UnknownRight};
pub use sign::Grant;
pub use verifier::Verifier;

use crate::limits::TOKEN_ID_BYTES_MAX;

/// Whether that may be the id of a token: 1 to [`TOKEN_ID_BYTES_MAX`] of `A-Z a-z 0-9 - _`, so that it is
/// a line of a file and an argument as it is.
pub fn is_id(text: &str) -> bool {
    (1..=TOKEN_ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests;
