//! Why a token is worth nothing, in words that may be logged: nothing of the token is in them but, once
//! its signature was found good, whose it is.

use crate::wire::Printable;
use std::error::Error;
use std::fmt;

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has more bytes than a token may have.
    TooLong,
    /// It is not three parts with two `.` between them.
    Parts,
    /// A part is not base64url without padding, written in the one way in which it may be.
    Base64,
    /// The header is no JSON object, or has a member twice.
    Header,
    /// It is not signed by Ed25519, or says no word about it.
    Algorithm,
    /// The header says that it is something other than a JWT.
    Type,
    /// The header has something that must be understood.
    Critical,
    /// The signature is not by the herd's key for tokens.
    Signature,
    /// What is signed is no JSON object, or has a claim twice.
    Claims,
    /// That claim is not there, or not what it must be.
    Claim(&'static str),
    /// It is another herd's.
    Issuer,
    /// It was good once.
    Over,
    /// It is not good yet.
    NotYet,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::TooLong => "it is too long",
            Fault::Parts => "it is not three parts with dots between them",
            Fault::Base64 => "it is not base64url",
            Fault::Header => "its header is not JSON as it must be",
            Fault::Algorithm => "its `alg` is not `EdDSA`",
            Fault::Type => "its `typ` is not `JWT`",
            Fault::Critical => "its header has `crit`",
            Fault::Signature => "it is not signed by this herd's key",
            Fault::Claims => "its claims are not JSON as they must be",
            Fault::Claim(claim) => {
                return write!(f, "its claim `{claim}` is missing or not as it must be");
            }
            Fault::Issuer => "it is of another herd (`iss`)",
            Fault::Over => "it is over (`exp`)",
            Fault::NotYet => "it does not count yet (`nbf`)",
        })
    }
}

/// A token that was refused: why, and whose it is if that is sure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    fault: Fault,
    name: Option<String>,
    id: Option<String>,
}

impl TokenError {
    pub(super) fn of(fault: Fault, name: Option<&str>, id: Option<&str>) -> TokenError {
        TokenError { fault, name: name.map(str::to_owned), id: id.map(str::to_owned) }
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// Whose it is (`sub`), if it is signed by the herd's key: any text.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its id (`jti`), if it is signed by the herd's key.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl From<Fault> for TokenError {
    fn from(fault: Fault) -> TokenError {
        TokenError { fault, name: None, id: None }
    }
}

impl Error for TokenError {}

/// On one line, fit for a log.
impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "token of {}", Printable(name.as_bytes()))?,
            None => f.write_str("token")?,
        }
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.fault)
    }
}
