//! Classes of ASCII characters, eight bytes at a time.
//!
//! Names and whole command lines are checked for every command and once more for the log, so the
//! usual case (plain ASCII) must cost about one instruction a byte.

/// 1 in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte.
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Whether a byte separates fields: space, tab, LF, vertical tab, form feed or CR (the `isspace` of
/// C, and what Python's `bytes.split` splits at).
#[inline(always)]
pub(super) fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// How many bytes from the start are visible ASCII characters (`!` to `~`).
pub(super) fn visible_prefix(bytes: &[u8]) -> usize {
    prefix_from::<b'!'>(bytes)
}

/// Whether all bytes are visible ASCII characters or spaces.
pub(super) fn is_printable(bytes: &[u8]) -> bool {
    prefix_from::<b' '>(bytes) == bytes.len()
}

/// How many bytes from the start lie between `LOWEST` and `~`.
#[inline(always)]
fn prefix_from<const LOWEST: u8>(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(chunk) = bytes[length..].first_chunk::<8>() {
        let eight = u64::from_le_bytes(*chunk);
        // The high bit of a byte that is too low (by the subtraction), DEL (by the addition) or not
        // ASCII is set. Carries and borrows come only from such bytes and only disturb later ones,
        // so the first high bit is right.
        let below = eight.wrapping_sub(ONES * LOWEST as u64);
        let above = eight.wrapping_add(ONES);
        let outside = (below | above | eight) & HIGH_BITS;
        if outside != 0 {
            return length + outside.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let within = |byte: &&u8| (LOWEST..=b'~').contains(*byte);
    length + bytes[length..].iter().take_while(within).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_is_the_six_of_c() {
        let white: Vec<u8> = (0..=255).filter(|&byte| is_white_space(byte)).collect();
        assert_eq!(white, b"\t\n\x0b\x0c\r ");
    }

    #[test]
    fn every_byte_at_every_place_ends_the_prefix_or_does_not() {
        for place in 0..20 {
            for byte in 0..=255_u8 {
                let mut bytes = [b'a'; 20];
                bytes[place] = byte;
                let visible = byte.is_ascii_graphic();
                assert_eq!(visible_prefix(&bytes), if visible { 20 } else { place }, "{byte:#x}");
                assert_eq!(is_printable(&bytes), visible || byte == b' ', "{byte:#x} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_prefix_is_that_of_a_plain_loop(
            bytes in prop::collection::vec(0x1e_u8..=0xff, 0..40),
        ) {
            let plain = bytes.iter().take_while(|byte| byte.is_ascii_graphic()).count();
            prop_assert_eq!(visible_prefix(&bytes), plain);
        }
    }
}
