//! POSIX times as clients send them, and the signed differences between clocks.
//!
//! A time is handled as whole nanoseconds since 1970-01-01T00:00:00Z in an `i64` (up to the year
//! 2262). What a client wrote beyond nine decimals is not lost: who compares reports looks at the
//! text for it.

use super::decimal::{self, Decimal, NANOS, Number};

/// Reads a client's time: POSIX seconds, digits with an optional fraction. In nanoseconds; digits
/// beyond the ninth decimal are cut off. `None` if it is no such number or does not fit.
pub fn parse_time(text: &[u8]) -> Option<i64> {
    Decimal::parse(text).and_then(to_nanoseconds)
}

/// The length of the time at the start of `text`, and the time.
#[inline(always)]
pub(super) fn scan_time(text: &[u8]) -> Option<(usize, i64)> {
    let number = Number::scan(text)?;
    Some((number.length(), to_nanoseconds(number.value())?))
}

#[inline(always)]
pub(super) fn to_nanoseconds(seconds: Decimal) -> Option<i64> {
    seconds.in_nanos().and_then(|nanoseconds| i64::try_from(nanoseconds).ok())
}

/// Appends a difference in seconds, always signed, with nine decimals, and a space behind:
/// `+0.263873386 `.
#[inline(always)]
pub(super) fn write_difference_and_space(out: &mut Vec<u8>, nanoseconds: i64) {
    let size = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { b'-' } else { b'+' };
    let seconds = size / NANOS;
    let [first, rest @ ..] = decimal::nine_digits((size % NANOS) as u32);
    if seconds >= 10 {
        out.push(sign);
        decimal::write_integer(out, seconds);
        out.extend_from_slice(&[b'.', first]);
        out.extend_from_slice(&rest);
        out.push(b' ');
        return;
    }
    // The usual one is as long as a word and a half, and put together in a register.
    let head = u32::from_le_bytes([sign, b'0' + seconds as u8, b'.', first]);
    let rest = u128::from(u64::from_le_bytes(rest));
    let whole = u128::from(head) | rest << 32 | u128::from(b' ') << 96;
    let [usual @ .., _, _, _] = whole.to_le_bytes();
    out.extend_from_slice(&usual);
}

/// The length of the difference at the start of `text`, exactly as it is written, and the difference
/// in nanoseconds.
#[inline(always)]
pub(super) fn scan_difference(text: &[u8]) -> Option<(usize, i64)> {
    let (sign, digits) = text.split_first()?;
    let number = Number::scan(digits)?;
    let superfluous_zero = number.integer_digits > 1 && digits[0] == b'0';
    if superfluous_zero || number.fraction.len() != 9 {
        return None;
    }
    let size = number.value().in_nanos()?;
    let nanoseconds = match sign {
        b'+' => i64::try_from(size).ok()?,
        b'-' if size > 0 => 0_i64.checked_sub_unsigned(size)?,
        _ => return None,
    };
    Some((1 + number.length(), nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1520023934.918963997", Some(1_520_023_934_918_963_997)),
            ("1520023934", Some(1_520_023_934_000_000_000)),
            ("1520023934.5", Some(1_520_023_934_500_000_000)),
            ("0001.9999999999999", Some(1_999_999_999)),
            ("9223372036.854775807", Some(i64::MAX)),
            ("9223372036.8547758079", Some(i64::MAX)),
            ("9223372036.854775808", None),
            ("9223372037", None),
            ("18446744073.709551616", None),
            ("99999999999999999999999999", None),
            ("", None),
            ("1.", None),
            (".5", None),
            ("+1", None),
            ("-1", None),
            ("1e9", None),
            ("nan", None),
            ("inf", None),
            ("1 ", None),
        ] {
            assert_eq!(parse_time(text.as_bytes()), expected, "{text}");
        }
    }

    fn write_difference(out: &mut Vec<u8>, nanoseconds: i64) {
        write_difference_and_space(out, nanoseconds);
        assert_eq!(out.pop(), Some(b' '));
    }

    fn parse_difference(text: &[u8]) -> Option<i64> {
        scan_difference(text).filter(|&(length, _)| length == text.len()).map(|(_, value)| value)
    }

    #[test]
    fn differences() {
        for (nanoseconds, text) in [
            (263_873_386, "+0.263873386"),
            (-3_000_000_001, "-3.000000001"),
            (0, "+0.000000000"),
            (-1, "-0.000000001"),
            (9_999_999_999, "+9.999999999"),
            (-9_999_999_999, "-9.999999999"),
            (10_000_000_000, "+10.000000000"),
            (-10_000_000_000, "-10.000000000"),
            (86_400_000_000_000, "+86400.000000000"),
            (i64::MAX, "+9223372036.854775807"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            let mut out = b"x".to_vec();
            write_difference(&mut out, nanoseconds);
            assert_eq!(str::from_utf8(&out[1..]).unwrap(), text);
            assert_eq!(parse_difference(text.as_bytes()), Some(nanoseconds), "{text}");
        }
    }

    #[test]
    fn differences_that_are_not_as_written() {
        for text in [
            "",
            "+",
            "0.000000000",
            "-0.000000000",
            "+00.000000000",
            "+01.000000000",
            "+1",
            "+1.5",
            "+1.0000000000",
            "+1.00000000",
            "+.000000000",
            " +1.000000000",
            "+1.000000000 ",
            "++1.000000000",
            "+-1.000000000",
            "+9223372036.854775808",
            "-9223372036.854775809",
            "+99999999999999999999.000000000",
            "+1e0.00000000",
            "+1.000000000\n",
            "*1.000000000",
        ] {
            assert_eq!(parse_difference(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn differences_are_read_as_written(nanoseconds: i64, shift in 0_u32..63) {
            for nanoseconds in [nanoseconds, nanoseconds >> shift] {
                let mut out = Vec::new();
                write_difference(&mut out, nanoseconds);
                prop_assert_eq!(parse_difference(&out), Some(nanoseconds));
            }
        }

        #[test]
        fn what_is_read_as_a_difference_is_written_so(text in "[-+][0-9]{1,11}\\.[0-9]{9}") {
            if let Some(nanoseconds) = parse_difference(text.as_bytes()) {
                let mut out = Vec::new();
                write_difference(&mut out, nanoseconds);
                prop_assert_eq!(out, text.into_bytes());
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>) {
            parse_time(&bytes);
            parse_difference(&bytes);
        }
    }
}
