//! Two hashes: a keyed one for the index, which clients must not be able to predict, and a fixed one
//! for the digest, which all servers must compute alike.
//!
//! **Keyed**: SipHash-1-3 (Aumasson and Bernstein, <https://131002.net/siphash/>; the variant with
//! one and three rounds is what Rust's own maps use). Clients choose their ids, so with a hash that
//! can be foreseen, or whose key leaks through its weaknesses, one of them could pile thousands of
//! ids onto one place of the index. Multiply-and-fold hashes are some nanoseconds faster on a short
//! id but promise nothing of the kind.
//!
//! **Fixed**: multiply-and-fold over blocks of 16 bytes, after wyhash
//! (<https://github.com/wangyi-fudan/wyhash>). It is part of the protocol between servers: their
//! digests can be compared only while all of them compute it as it is written here.
//!
//! * `fold(a, b)` is the 128-bit product of `a` and `b`, its low half xor its high half.
//! * `hash(seed, bytes)` starts with `state = seed ^ PI[0]`. For every whole block of 16 bytes
//!   `state = fold(low ^ PI[1], high ^ state)`, where `low` and `high` are its halves, little-endian.
//!   If bytes are left over, one more block is made of the last 16 of all bytes, or of all and zeros
//!   after them if there are not as many. The result is `fold(state ^ PI[2], length ^ PI[3])`.
//! * A server's name has `hash(0, name)`; a record has `hash(s, text)`, where
//!   `s = fold(hash of its origin's name ^ PI[2], difference in nanoseconds ^ PI[3])`.
//!   The text of a position is `client location time`, that of a tombstone `client time`: one has
//!   two spaces and the other one, so no tombstone is hashed as a position is.
//!
//! If a factor is zero, so is the product, whatever the other one was. `PI[1]` contains bytes that
//! are control characters, which no report contains, so the first factor is never zero; the second
//! is zero only by chance, as the state depends on the difference, which clients do not choose to
//! the nanosecond.

/// The first bits of the fraction of pi, as in Blowfish: numbers that cannot have been chosen to
/// weaken the hash.
const PI: [u64; 4] =
    [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];

/// The hash of a server's name that goes into those of its records.
pub(super) fn of_name(name: &[u8]) -> u64 {
    fixed(0, name)
}

/// The hash of a record that goes into the digest.
pub(super) fn of_record(origin: u64, difference_nanoseconds: i64, text: &[u8]) -> u64 {
    let difference = difference_nanoseconds.cast_unsigned();
    fixed(fold(origin ^ PI[2], difference ^ PI[3]), text)
}

fn fixed(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed ^ PI[0];
    let mut rest = bytes;
    while let Some((block, more)) = rest.split_first_chunk() {
        state = absorb(state, block);
        rest = more;
    }
    if !rest.is_empty() {
        state = absorb(state, &last_block(bytes));
    }
    fold(state ^ PI[2], bytes.len() as u64 ^ PI[3])
}

fn absorb(state: u64, block: &[u8; 16]) -> u64 {
    let block = u128::from_le_bytes(*block);
    fold(block as u64 ^ PI[1], (block >> 64) as u64 ^ state)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn last_block(bytes: &[u8]) -> [u8; 16] {
    bytes.last_chunk().copied().unwrap_or_else(|| {
        let mut block = [0; 16];
        block[..bytes.len()].copy_from_slice(bytes);
        block
    })
}

/// SipHash-1-3 under `key`.
#[inline(always)]
pub(super) fn keyed(key: [u64; 2], bytes: &[u8]) -> u64 {
    let mut state = Sip::new(key);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state.absorb(u64::from_le_bytes(*word));
    }
    let rest = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    state.absorb(rest | (bytes.len() as u64) << 56);
    state.finish()
}

struct Sip {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl Sip {
    fn new([k0, k1]: [u64; 2]) -> Self {
        // "somepseudorandomlygeneratedbytes"
        Sip {
            v0: k0 ^ 0x736f_6d65_7073_6575,
            v1: k1 ^ 0x646f_7261_6e64_6f6d,
            v2: k0 ^ 0x6c79_6765_6e65_7261,
            v3: k1 ^ 0x7465_6462_7974_6573,
        }
    }

    fn absorb(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.v0 ^= word;
    }

    fn finish(mut self) -> u64 {
        self.v2 ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::hash::{DefaultHasher, Hasher};

    proptest! {
        /// The standard library's hasher is SipHash-1-3, under the key zero as long as it is made
        /// by `new`.
        #[test]
        fn keyed_is_siphash_1_3(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            let mut reference = DefaultHasher::new();
            reference.write(&bytes);
            prop_assert_eq!(keyed([0, 0], &bytes), reference.finish());
        }

        #[test]
        fn every_bit_of_a_record_counts(
            bytes in prop::collection::vec(any::<u8>(), 1..70),
            place in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let mut other = bytes.clone();
            other[place.index(bytes.len())] ^= 1_u8 << bit;
            prop_assert_ne!(of_record(1, 2, &bytes), of_record(1, 2, &other));
            prop_assert_ne!(of_record(1, 2, &bytes), of_record(1, 3, &bytes));
            prop_assert_ne!(of_record(1, 2, &bytes), of_record(2, 2, &bytes));
        }
    }

    #[test]
    fn the_key_counts() {
        let hashes = [[0, 0], [0, 1], [1, 0]].map(|key| keyed(key, b"kiwi"));
        assert_eq!(BTreeSet::from(hashes).len(), 3);
    }

    /// Servers of different versions compare digests: these values, computed by another program
    /// from the words above, must never change.
    #[test]
    fn fixed_hashes_stay_as_they_are() {
        assert_eq!(of_name(b""), 0x7caa_3d76_6450_37da);
        assert_eq!(of_name(b"Goloman"), 0x2ffb_cba8_cc2a_fbad);
        let text = b"kiwi.cs.ucla.edu +34.068930-118.445127 1621464827.959498503";
        assert_eq!(of_record(of_name(b"Goloman"), 263_873_386, text), 0xdf14_d8fe_b4cf_d686);
        assert_eq!(of_record(of_name(b"Hands"), -1, &text[..32]), 0x2d4f_a40a_4e54_701e);
        let tombstone = b"kiwi.cs.ucla.edu 1621464827.959498503";
        let hash = of_record(of_name(b"Goloman"), 263_873_386, tombstone);
        assert_eq!(hash, 0x0518_ed69_8e60_8e42);
    }

    #[test]
    fn zeros_at_the_end_are_not_padding() {
        let hashes: BTreeSet<_> = (0..64).map(|len| of_name(&[0; 64][..len])).collect();
        assert_eq!(hashes.len(), 64);
    }
}
