//! What a token says, once it is believed.

use super::error::{Fault, TokenError};
use super::{Pattern, Right, Rights, is_id};
use crate::limits::{TOKEN_NAME_BYTES_MAX, TOKEN_PATTERN_BYTES_MAX, TOKEN_PATTERNS_MAX};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Who may do what, about which clients, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    name: Box<str>,
    id: Box<str>,
    clients: Box<[Pattern]>,
    rights: Rights,
    expires_at: u64,
}

impl Claims {
    /// Whose token it is (`sub`): any text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The token's id (`jti`).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it allows that, for the clients that it [covers](Claims::covers).
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(right)
    }

    /// All that it allows.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// Whether it is about a client with that id.
    pub fn covers(&self, client: &[u8]) -> bool {
        self.clients.iter().any(|pattern| pattern.matches(client))
    }

    /// Whether it is about every client: one of its patterns is `*`.
    pub fn covers_all(&self) -> bool {
        self.clients.iter().any(Pattern::is_all)
    }

    /// The POSIX second from which on it is worth nothing.
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// Whether it is worth nothing any more at that POSIX second.
    pub fn is_over(&self, now: u64) -> bool {
        now >= self.expires_at
    }

    /// The claims in what was signed, for that herd, at that POSIX second. The caller has verified the
    /// signature.
    pub(super) fn from_payload(payload: &[u8], herd: &str, now: u64) -> Result<Claims, TokenError> {
        let written: Written = object(payload).ok_or(Fault::Claims)?;
        let name =
            text(written.sub).filter(|name| (1..=TOKEN_NAME_BYTES_MAX).contains(&name.len()));
        let id = text(written.jti).filter(|id| is_id(id));
        written
            .judge(herd, now, &name, &id)
            .map_err(|fault| TokenError::of(fault, name.as_deref(), id.as_deref()))
    }
}

/// The claims as they are written, each still JSON: so that it can be said which is wrong. Of one that is
/// there twice serde says so; `null` is as good as none.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    iss: Option<&'a RawValue>,
    #[serde(borrow)]
    sub: Option<&'a RawValue>,
    #[serde(borrow)]
    clients: Option<&'a RawValue>,
    #[serde(borrow)]
    may: Option<&'a RawValue>,
    #[serde(borrow)]
    exp: Option<&'a RawValue>,
    #[serde(borrow)]
    jti: Option<&'a RawValue>,
    #[serde(borrow)]
    nbf: Option<&'a RawValue>,
    #[serde(borrow)]
    aud: Option<&'a RawValue>,
}

impl Written<'_> {
    fn judge(
        &self,
        herd: &str,
        now: u64,
        name: &Option<String>,
        id: &Option<String>,
    ) -> Result<Claims, Fault> {
        let name = name.as_deref().ok_or(Fault::Claim("sub"))?;
        let id = id.as_deref().ok_or(Fault::Claim("jti"))?;
        if text(self.iss).ok_or(Fault::Claim("iss"))? != herd {
            return Err(Fault::Issuer);
        }
        if self.aud.is_some() {
            return Err(Fault::Claim("aud"));
        }
        let expires_at: u64 = read(self.exp).ok_or(Fault::Claim("exp"))?;
        let clients: Vec<String> = read(self.clients).ok_or(Fault::Claim("clients"))?;
        let is_long = |pattern: &String| pattern.len() > TOKEN_PATTERN_BYTES_MAX;
        if clients.len() > TOKEN_PATTERNS_MAX || clients.iter().any(is_long) {
            return Err(Fault::Claim("clients"));
        }
        let may: Vec<String> = read(self.may).ok_or(Fault::Claim("may"))?;
        let begins_at: u64 = match self.nbf {
            Some(_) => read(self.nbf).ok_or(Fault::Claim("nbf"))?,
            None => 0,
        };
        let claims = Claims {
            name: name.into(),
            id: id.into(),
            clients: clients.iter().map(|pattern| Pattern::new(pattern)).collect(),
            rights: may.iter().filter_map(|word| Right::from_word(word)).collect(),
            expires_at,
        };
        if claims.is_over(now) {
            return Err(Fault::Over);
        }
        if now < begins_at {
            return Err(Fault::NotYet);
        }
        Ok(claims)
    }
}

/// What a member is, if it is there and of that type.
fn read<'a, T: Deserialize<'a>>(json: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(json?.get()).ok()
}

/// What a member is, if it is there and a string.
pub(super) fn text(json: Option<&RawValue>) -> Option<String> {
    read(json)
}

/// What a JSON object is as that type. What serde derives would be made of an array as well, and
/// serde_json does not look whether what it passes over is UTF-8.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    let json = str::from_utf8(json).ok()?;
    if !json.trim_ascii_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(json).ok()
}
