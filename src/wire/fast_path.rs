//! Location and time as most clients write them, read in one go: degrees with decimals, one space,
//! seconds with decimals.
//!
//! What tells the fields apart are the few bytes that are no digits. So all bytes are looked at
//! together, once, and after that only those few. It takes half of the instructions that reading
//! number by number does; whatever is written in another way is left to that.

use super::decimal::{self, NANOS};
use super::time::parse_time;
use crate::limits;

/// Bytes that are looked at together: location and time with up to eight and nine decimals.
const BLOCK_BYTES: usize = 48;

// What is written plainly is never too long for a line.
const _: () = assert!(limits::CLIENT_ID_BYTES_MAX + 64 < limits::CLIENT_LINE_BYTES_MAX);

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Of the location in bytes.
    pub location_length: usize,
    /// Of the whole in bytes.
    pub length: usize,
    /// What the time says.
    pub time_nanoseconds: i64,
}

/// The location and the time at the start of `text`, if they are written plainly; `None` does not
/// mean that they are wrong.
#[inline(always)]
pub(super) fn scan(text: &[u8]) -> Option<Found> {
    match text.first_chunk() {
        Some(block) => scan_block(block),
        None => scan_short(text),
    }
}

/// As [`scan`], where less than a block is left.
#[inline(never)]
fn scan_short(text: &[u8]) -> Option<Found> {
    let mut block = [0; BLOCK_BYTES];
    block[..text.len()].copy_from_slice(text);
    scan_block(&block)
}

#[inline(always)]
fn scan_block(block: &[u8; BLOCK_BYTES]) -> Option<Found> {
    let mut others = !digits_mask(block)?;
    let mut next_other = || {
        let at = others.trailing_zeros() as usize;
        others &= others.wrapping_sub(1);
        at
    };
    let [north, first_point, east, second_point, space, third_point, end] =
        [(); 7].map(|()| next_other());
    let is = |at: usize, byte: u8| block.get(at) == Some(&byte);
    let is_sign = |at: usize| matches!(block.get(at), Some(b'+' | b'-'));
    let as_expected = north == 0
        && is_sign(0)
        && is(first_point, b'.')
        && is_sign(east)
        && is(second_point, b'.')
        && is(space, b' ')
        && is(third_point, b'.')
        && end < BLOCK_BYTES;
    let decimals = [east - first_point, space - second_point, end - third_point];
    if !as_expected || decimals.contains(&1) {
        return None;
    }
    // Below 90 and 180 degrees, as the first digits of as many tell.
    let [latitude, longitude] = [&block[1..first_point], &block[east + 1..second_point]];
    let on_earth = matches!(latitude, [_] | [b'0'..=b'8', _])
        && matches!(longitude, [_] | [_, _] | [b'0', _, _] | [b'1', b'0'..=b'7', _]);
    if !on_earth {
        return None;
    }
    let time = &block[space + 1..end];
    let time_nanoseconds = match time.try_into() {
        Ok(time) if third_point - space == 11 => read_usual_time(time),
        _ => parse_time(time),
    };
    Some(Found { location_length: space, length: end, time_nanoseconds: time_nanoseconds? })
}

/// The time that ten digits, a point and nine digits say, unless it is too late.
#[inline(always)]
fn read_usual_time(text: &[u8; 20]) -> Option<i64> {
    let (eight, rest) = text.split_first_chunk()?;
    let ([tens, ones, _], fraction) = rest.split_first_chunk()?;
    let (nearly_all, last) = fraction.split_first_chunk()?;
    let digit = |byte: u8| u64::from(byte - b'0');
    let read_eight = |digits| u64::from(decimal::read_eight(digits));
    let seconds = read_eight(eight) * 100 + digit(*tens) * 10 + digit(*ones);
    let nanos = read_eight(nearly_all) * 10 + digit(*last.first()?);
    i64::try_from(seconds * NANOS + nanos).ok()
}

/// A bit for each byte, from the lowest on: whether it is a digit. The bits above are zero. `None`
/// if a byte is not ASCII.
#[inline(always)]
fn digits_mask(block: &[u8; BLOCK_BYTES]) -> Option<u64> {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let (eights, _) = block.as_chunks();
    let (mut others, mut all) = (0, 0);
    for eight in eights.iter().rev() {
        let values = decimal::digit_values(eight);
        all |= values;
        // The high bit of each byte above 9 is set. In ASCII no byte has a carry.
        let high_bits = values.wrapping_add(0x7676_7676_7676_7676) & HIGH_BITS;
        // The high bits of all bytes come together in the highest byte, again without carries.
        others = others << 8 | high_bits.wrapping_mul(0x0002_0408_1020_4081) >> 56;
    }
    (all & HIGH_BITS == 0).then_some(others ^ ((1 << BLOCK_BYTES) - 1))
}

#[cfg(test)]
mod tests {
    use super::super::scanner::Scanner;
    use super::*;
    use proptest::prelude::*;

    /// What the grammar says of the same text, read number by number.
    fn model(text: &[u8]) -> Option<Found> {
        let start = Scanner::new(text);
        let mut scanner = start;
        let location_length = scanner.location()?.len();
        scanner.literal(b" ")?;
        let (_, time_nanoseconds) = scanner.time()?;
        Some(Found { location_length, length: scanner.since(&start).len(), time_nanoseconds })
    }

    #[test]
    fn what_clients_write_is_plain() {
        for text in [
            "+34.068930-118.445127 1520023934.918963997",
            "-89.999999-179.999999 1520023934.918963997",
            "+34.068930+003.445127 1520023934.918963997",
            "+0.0-0.0 0.0",
            "+3.14159265+70.00000001 1520023934.918963997",
            "+34.06893012+118.44512701 1520023934.91896399",
            "+34.06-118.44 1520023934.918",
            "+34.06-118.44 1.9189639970000001",
            "+34.06-118.44 9223372036.854775807",
        ] {
            for rest in ["", "\n", "\r\n", "\nIAMAT and so on, until the block is full", " x"] {
                let text = [text, rest].concat();
                let found = scan(text.as_bytes());
                assert!(found.is_some() && found == model(text.as_bytes()), "{text:?}: {found:?}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_others() {
        for text in [
            "",
            "+",
            "+34.068930-118.445127",
            "+34.068930-118.445127 ",
            "+34.068930-118.445127 1520023934",
            "+34.068930-118.445127 1520023934.",
            "+34.068930-118.445127/ 1520023934.918963997",
            "+34.068930-118.445127  1520023934.918963997",
            "+34.068930-118.445127\t1520023934.918963997",
            "+34-118 1520023934.918963997",
            "+34.-118.5 1520023934.918963997",
            "+.5-118.5 1520023934.918963997",
            "34.5-118.5 1520023934.918963997",
            "+3404.068930-11804.445127 1520023934.918963997",
            "+90.0-118.5 1520023934.918963997",
            "+034.5-118.5 1520023934.918963997",
            "+34.5-180.0 1520023934.918963997",
            "+34.5-200.0 1520023934.918963997",
            "+34.5-118.5 .5",
            "+34.5-118.5 9223372036.854775808",
            "+34.5-118.5 9999999999.999999999",
            "+34.5-118.5 1520023934.91896399\u{e9}",
            "+34.0689301234-118.4451270123 15200239340.918963997",
            "+34.0689301234-118.4451270123 1520023934.1234567",
        ] {
            assert_eq!(scan(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn any_byte_at_any_place_is_a_digit_or_not() {
        for place in 0..BLOCK_BYTES {
            for byte in 0..=u8::MAX {
                let mut block = [b'5'; BLOCK_BYTES];
                block[place] = byte;
                let digits = (1 << BLOCK_BYTES) - 1;
                let without = if byte.is_ascii_digit() { digits } else { digits & !(1 << place) };
                let expected = byte.is_ascii().then_some(without);
                assert_eq!(digits_mask(&block), expected, "{byte:#x} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_the_grammar_says(
            text in "[-+][0-9]{1,4}(\\.[0-9]{0,9})?[-+][0-9]{1,4}(\\.[0-9]{0,9})?/?[ \t]{1,2}\
                     [0-9]{1,12}(\\.[0-9]{0,12})?",
            rest: Vec<u8>,
        ) {
            let text = [text.as_bytes(), &rest].concat();
            if let Some(found) = scan(&text) {
                prop_assert_eq!(Some(found), model(&text));
            }
        }

        #[test]
        fn with_one_byte_changed_too(place in 0..44_usize, byte: u8, short in 0..50_usize) {
            let mut text = b"+34.068930-118.445127 1520023934.918963997\nIAMAT x".to_vec();
            text[place] = byte;
            for text in [&text[..], &text[..short]] {
                if let Some(found) = scan(text) {
                    prop_assert_eq!(Some(found), model(text));
                }
            }
        }

        #[test]
        fn masks_are_those_of_a_plain_loop(block: [u8; 32], all_ascii: bool) {
            let mut whole = [b'0'; BLOCK_BYTES];
            whole[8..40].copy_from_slice(&block);
            if all_ascii {
                whole = whole.map(|byte| byte & 0x7f);
            }
            let digits = (0..BLOCK_BYTES).filter(|&at| whole[at].is_ascii_digit());
            let plain = digits.fold(0, |mask, at| mask | 1 << at);
            prop_assert_eq!(digits_mask(&whole), whole.is_ascii().then_some(plain));
        }
    }
}
