//! Numbers that nobody can guess.

use super::Failure;

/// Four numbers from the system's source for secrets.
pub(super) fn random_numbers() -> Result<[u64; 4], Failure> {
    let mut bytes = [[0; 8]; 4];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(bytes.as_flattened_mut())
        .map_err(|_| Failure::Run("the system has no randomness to give".to_owned()))?;
    Ok(bytes.map(u64::from_ne_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_do_not_come_again() {
        let all: BTreeSet<u64> = (0..64).flat_map(|_| random_numbers().unwrap()).collect();
        assert_eq!(all.len(), 4 * 64);
    }
}
