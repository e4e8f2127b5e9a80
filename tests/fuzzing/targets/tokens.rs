//! Tokens, the files of their keys and of those that are revoked, and patterns of clients. What is behind a
//! signature is reached by signing it.

use herd::limits::{TOKEN_BYTES_MAX, TOKEN_ID_BYTES_MAX, TOKEN_NAME_BYTES_MAX};
use herd::tokens::{Pattern, PublicKey, Revoked, Right, SigningKey, Verifier, is_id};

const NOW: u64 = 1_800_000_000;

/// An input is taken for a token and for each kind of file as it is; and, around its first line end, for
/// a header and claims to be signed.
pub fn tokens(input: &[u8]) {
    let key = SigningKey::from_seed([7; 32]).expect("any seed is a key");
    let verifier = Verifier::new(key.public(), "coast");
    assert!(verifier.verify(input, NOW).is_err(), "nobody has signed it");
    let middle = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (header, payload) = input.split_at(middle);
    let token = key.sign_compact(header, payload);
    match verifier.verify(token.as_bytes(), NOW) {
        Ok(claims) => {
            assert!(token.len() <= TOKEN_BYTES_MAX);
            assert!((1..=TOKEN_NAME_BYTES_MAX).contains(&claims.name().len()));
            assert!(is_id(claims.id()) && claims.id().len() <= TOKEN_ID_BYTES_MAX);
            assert!(claims.expires_at() > NOW && !claims.is_over(NOW));
            assert!(!claims.covers_all() || claims.covers(input));
            assert!(
                Right::ALL
                    .iter()
                    .all(|right| claims.may(*right) == claims.rights().contains(*right))
            );
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
    if let Ok(read) = PublicKey::from_pem(input) {
        assert_eq!(PublicKey::from_pem(read.to_pem().as_bytes()), Ok(read));
    }
    if let Ok(read) = SigningKey::from_pem(input) {
        let again = SigningKey::from_pem(read.to_pem().as_bytes()).expect("it was written");
        assert_eq!(again.public(), read.public());
    }
    if let Ok(revoked) = Revoked::parse(input) {
        let ids = input.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
        assert!(
            ids.map(|id| id.trim_end_matches('\r')).all(|id| id.is_empty() || revoked.contains(id))
        );
    }
    if let (Ok(pattern), id) = (str::from_utf8(header), payload) {
        let pattern = Pattern::new(pattern);
        let meant = pattern.matches(id);
        assert!(meant || !pattern.is_all());
    }
}
