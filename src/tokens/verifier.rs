//! Whether a token is to be believed.

use super::claims::{Claims, object, text};
use super::error::{Fault, TokenError};
use super::keys::PublicKey;
use crate::limits::TOKEN_BYTES_MAX;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Believes tokens of one herd that are signed by one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    key: PublicKey,
    herd: String,
}

/// What of a token's header matters, each still JSON. All else is passed over: above all a key that it
/// brings, or says where to find.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Option<&'a RawValue>,
    #[serde(borrow)]
    typ: Option<&'a RawValue>,
    #[serde(borrow)]
    crit: Option<&'a RawValue>,
}

impl Verifier {
    /// For tokens of that herd that are signed by the other half of that key.
    pub fn new(key: PublicKey, herd: &str) -> Verifier {
        Verifier { key, herd: herd.to_owned() }
    }

    /// What the token says, if all is as it must be at that POSIX second. Whether it is
    /// [revoked](super::Revoked) is not known here.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the length, the parts, the header, of it the algorithm first, the
    /// signature, and only then what is signed.
    pub fn verify(&self, token: &[u8], now: u64) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Fault::TooLong.into());
        }
        let mut parts = token.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::Parts.into());
        };
        check_header(&decode(header)?)?;
        let signature = decode(signature)?;
        let signed = &token[..header.len() + 1 + payload.len()];
        if !self.key.verifies(signed, &signature) {
            return Err(Fault::Signature.into());
        }
        Claims::from_payload(&decode(payload)?, &self.herd, now)
    }
}

/// Strict: no padding, no other characters, and no bits behind the last byte, so that there is one way
/// to write each token.
fn decode(part: &[u8]) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Base64)
}

fn check_header(json: &[u8]) -> Result<(), Fault> {
    let header: Header = object(json).ok_or(Fault::Header)?;
    if text(header.alg).as_deref() != Some("EdDSA") {
        return Err(Fault::Algorithm);
    }
    if header.typ.is_some() && text(header.typ).as_deref() != Some("JWT") {
        return Err(Fault::Type);
    }
    if header.crit.is_some() {
        return Err(Fault::Critical);
    }
    Ok(())
}
