//! The two halves of the key for tokens, and the files in which they are kept: PEM (RFC 7468) of the one
//! form that RFC 8410 has for Ed25519, as OpenSSL reads and writes it.

use crate::limits::TOKEN_KEY_FILE_BYTES_MAX;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::error::Error;
use std::fmt;

/// What is before the 32 bytes of a public key in DER (SubjectPublicKeyInfo, RFC 8410, section 4).
const PUBLIC_PREFIX: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
/// What is before the 32 bytes of a secret one (PKCS #8, version 1, RFC 8410, section 7).
const SECRET_PREFIX: [u8; 16] =
    *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const PUBLIC_LABEL: &str = "PUBLIC KEY";
const SECRET_LABEL: &str = "PRIVATE KEY";

/// The half by which tokens are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of those bytes (RFC 8032, section 5.1.5).
    pub fn from_bytes(bytes: [u8; 32]) -> PublicKey {
        PublicKey(bytes)
    }

    /// The key in a file: `PUBLIC KEY` in PEM and nothing else.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn from_pem(pem: &[u8]) -> Result<PublicKey, KeyError> {
        let der = der(pem, PUBLIC_LABEL)?;
        let key = der.strip_prefix(&PUBLIC_PREFIX).ok_or(KeyError::NotEd25519)?;
        Ok(PublicKey(key.try_into().map_err(|_| KeyError::NotEd25519)?))
    }

    /// The key as a file has it.
    pub fn to_pem(&self) -> String {
        pem(PUBLIC_LABEL, &[&PUBLIC_PREFIX[..], &self.0].concat())
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

/// The half by which tokens are signed: stays with who gives them out.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key that is made of those bytes, which nobody else must be able to guess.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub fn from_seed(seed: [u8; 32]) -> Result<SigningKey, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::NotEd25519)?;
        Ok(SigningKey { seed, pair })
    }

    /// The key in a file: `PRIVATE KEY` (PKCS #8, not encrypted) in PEM and nothing else.
    ///
    /// # Errors
    ///
    /// It is something else.
    pub fn from_pem(pem: &[u8]) -> Result<SigningKey, KeyError> {
        let der = der(pem, SECRET_LABEL)?;
        let seed = der.strip_prefix(&SECRET_PREFIX).ok_or(KeyError::NotEd25519)?;
        SigningKey::from_seed(seed.try_into().map_err(|_| KeyError::NotEd25519)?)
    }

    /// The key as a file has it.
    pub fn to_pem(&self) -> String {
        pem(SECRET_LABEL, &[&SECRET_PREFIX[..], &self.seed].concat())
    }

    /// The other half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// What is wrong with a key's file; does not tell the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// It has more bytes than such a file may have.
    TooLong,
    /// It is not one object of this label in PEM.
    NotPem(&'static str),
    /// It is a key of another kind, or written in another form.
    NotEd25519,
}

impl Error for KeyError {}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::TooLong => write!(f, "is over {TOKEN_KEY_FILE_BYTES_MAX} bytes"),
            KeyError::NotPem(label) => write!(f, "is not one {label} in PEM"),
            KeyError::NotEd25519 => f.write_str("holds no Ed25519 key as RFC 8410 writes it"),
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    // Both kinds fit in one line.
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// What is in the only object of a PEM file.
fn der(pem: &[u8], label: &'static str) -> Result<Vec<u8>, KeyError> {
    if pem.len() > TOKEN_KEY_FILE_BYTES_MAX {
        return Err(KeyError::TooLong);
    }
    let not = KeyError::NotPem(label);
    let text = str::from_utf8(pem).map_err(|_| not)?;
    let mut lines = text.trim_ascii().lines().map(str::trim_ascii_end);
    let is = |line: Option<&str>, what: &str| line == Some(&format!("-----{what} {label}-----"));
    if !is(lines.next(), "BEGIN") || !is(lines.next_back(), "END") {
        return Err(not);
    }
    STANDARD.decode(lines.collect::<String>()).map_err(|_| not)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_seed([7; 32]).unwrap()
    }

    #[test]
    fn keys_come_back_from_their_files() {
        let (secret, public) = (key().to_pem(), key().public());
        let again = SigningKey::from_pem(secret.as_bytes()).unwrap();
        assert_eq!((again.to_pem(), again.public()), (secret.clone(), public));
        assert_eq!(PublicKey::from_pem(public.to_pem().as_bytes()), Ok(public));
        // Line ends and wrapping as others write them.
        let crlf = public.to_pem().replace('\n', "\r\n");
        assert_eq!(PublicKey::from_pem(crlf.as_bytes()), Ok(public));
        let wrapped = public.to_pem().replacen("MCow", "MC\now", 1) + "\n";
        assert_eq!(PublicKey::from_pem(wrapped.as_bytes()), Ok(public));
        assert_eq!(format!("{:?}", key()), "SigningKey(..)");
    }

    /// RFC 8410, section 10.1 and 10.3.
    #[test]
    fn the_standards_examples_are_read() {
        let public = "-----BEGIN PUBLIC KEY-----\n\
             MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
             -----END PUBLIC KEY-----\n";
        let secret = "-----BEGIN PRIVATE KEY-----\n\
             MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
             -----END PRIVATE KEY-----\n";
        assert_eq!(PublicKey::from_pem(public.as_bytes()).unwrap().to_pem(), public);
        let key = SigningKey::from_pem(secret.as_bytes()).unwrap();
        assert_eq!((key.to_pem().as_str(), key.public().to_pem().as_str()), (secret, public));
    }

    #[test]
    fn all_else_is_refused() {
        let (secret, public) = (key().to_pem(), key().public().to_pem());
        let not = Err(KeyError::NotPem("PUBLIC KEY"));
        for text in [
            String::new(),
            secret.clone(),
            public.replace("BEGIN", "BEGIN "),
            public.replace("END", "END X509"),
            public.clone() + &public,
            public.replace('=', ""),
            public.replace('M', "!"),
            "a comment\n".to_owned() + &public,
            "-----BEGIN PUBLIC KEY-----".to_owned(),
        ] {
            assert_eq!(PublicKey::from_pem(text.as_bytes()), not, "{text}");
        }
        assert_eq!(PublicKey::from_pem(b"\xff"), not);
        // Another algorithm (X25519), a byte too few and one too many.
        let mut other = PUBLIC_PREFIX;
        other[8] = 0x6e;
        for der in [[&other[..], &[7; 32]], [&PUBLIC_PREFIX, &[7; 31]], [&PUBLIC_PREFIX, &[7; 33]]]
        {
            let pem = pem(PUBLIC_LABEL, &der.concat());
            assert_eq!(PublicKey::from_pem(pem.as_bytes()), Err(KeyError::NotEd25519));
        }
        let wrong = SigningKey::from_pem(public.as_bytes()).unwrap_err();
        assert_eq!(wrong.to_string(), "is not one PRIVATE KEY in PEM");
    }

    #[test]
    fn a_key_file_is_short() {
        let mut pem = key().public().to_pem().into_bytes();
        pem.resize(TOKEN_KEY_FILE_BYTES_MAX, b'\n');
        assert!(PublicKey::from_pem(&pem).is_ok());
        pem.push(b'\n');
        assert_eq!(PublicKey::from_pem(&pem), Err(KeyError::TooLong));
    }
}
