//! Making tokens.

use super::{Rights, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

/// What every token of ours begins with.
const HEADER: &[u8] = br#"{"alg":"EdDSA","typ":"JWT"}"#;

/// What a token is to say. Whether a server takes it is for a [`Verifier`](super::Verifier) to tell.
#[derive(Debug, Clone)]
pub struct Grant {
    herd: String,
    name: String,
    id: String,
    expires_at: u64,
    clients: Vec<String>,
    may: Rights,
}

impl Grant {
    /// For somebody of that name, in that herd, until that POSIX second: the token with that id, which
    /// allows nothing yet.
    pub fn new(herd: &str, name: &str, id: &str, expires_at: u64) -> Grant {
        Grant {
            herd: herd.to_owned(),
            name: name.to_owned(),
            id: id.to_owned(),
            expires_at,
            clients: Vec::new(),
            may: Rights::NONE,
        }
    }

    /// About these clients, too: a [`Pattern`](super::Pattern) each.
    pub fn clients<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Grant {
        self.clients.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// With these rights and no others.
    pub fn may(mut self, rights: Rights) -> Grant {
        self.may = rights;
        self
    }

    /// The token.
    pub fn sign(&self, key: &SigningKey) -> String {
        let may: Vec<&str> = self.may.iter().map(|right| right.word()).collect();
        let claims = json!({
            "iss": self.herd,
            "sub": self.name,
            "clients": self.clients,
            "may": may,
            "exp": self.expires_at,
            "jti": self.id,
        });
        key.sign_compact(HEADER, claims.to_string().as_bytes())
    }
}

impl SigningKey {
    /// The compact serialization of a JWS (RFC 7515, section 3.1) of that header and that payload,
    /// whatever they are: what [`Grant::sign`] is made of, and what tests make wrong tokens of.
    pub fn sign_compact(&self, header: &[u8], payload: &[u8]) -> String {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}
