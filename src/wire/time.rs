//! POSIX times as clients send them, and the signed differences between clocks.
//!
//! A time is handled as whole nanoseconds since 1970-01-01T00:00:00Z in an `i64` (up to the year
//! 2262). What a client wrote beyond nine decimals is not lost: [`compare_times`] looks at the
//! text for it.

use super::decimal::{self, Decimal, NANOS, Number};
use std::cmp::Ordering;

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
fn to_nanoseconds(seconds: Decimal) -> Option<i64> {
    seconds.in_nanos().and_then(|nanoseconds| i64::try_from(nanoseconds).ok())
}

/// The exact order of two times, each given as [`parse_time`] reads it and as it was written.
pub fn compare_times(
    a_nanoseconds: i64,
    a_text: &[u8],
    b_nanoseconds: i64,
    b_text: &[u8],
) -> Ordering {
    // Without their closing zeros, digits behind a point are ordered like words.
    let beyond = || digits_beyond_nanoseconds(a_text).cmp(digits_beyond_nanoseconds(b_text));
    a_nanoseconds.cmp(&b_nanoseconds).then_with(beyond)
}

/// The decimals after the ninth, without closing zeros.
fn digits_beyond_nanoseconds(text: &[u8]) -> &[u8] {
    let point = memchr::memchr(b'.', text).unwrap_or(text.len());
    let mut digits = text.get(point + 10..).unwrap_or_default();
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

/// Appends a difference in seconds, always signed, with nine decimals: `+0.263873386`.
pub fn write_difference(out: &mut Vec<u8>, nanoseconds: i64) {
    write_difference_and_space(out, nanoseconds);
    out.pop();
}

/// As [`write_difference`], with a space behind.
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

/// Reads exactly what [`write_difference`] writes, in nanoseconds.
pub fn parse_difference(text: &[u8]) -> Option<i64> {
    scan_difference(text).filter(|&(length, _)| length == text.len()).map(|(_, value)| value)
}

/// The length of the difference at the start of `text`, and the difference in nanoseconds.
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

    fn compare(a: &str, b: &str) -> Ordering {
        let [a, b] = [a, b].map(str::as_bytes);
        compare_times(parse_time(a).unwrap(), a, parse_time(b).unwrap(), b)
    }

    #[test]
    fn order_is_exact() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("1", "2", Less),
            ("1", "1.000000000000", Equal),
            ("01.5", "1.50", Equal),
            ("1.0000000001", "1", Greater),
            ("1.0000000001", "1.00000000010", Equal),
            ("1.00000000019", "1.0000000002", Less),
            ("1.123456789", "1.1234567890001", Less),
            ("1.123456789", "1.12345679", Less),
            ("10.0000000001", "9.9999999999", Greater),
        ] {
            assert_eq!(compare(a, b), expected, "{a} {b}");
            assert_eq!(compare(b, a), expected.reverse(), "{b} {a}");
        }
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

    /// A number as a string whose order is that of the numbers.
    fn padded(text: &str) -> String {
        let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{integer:0>20}.{fraction:0<40}")
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_padded_numbers(
            // Few different digits, so that long common beginnings are usual.
            a in "0{0,3}1{0,2}[0-9](\\.[09]{1,9}[01]{0,9}0{0,3})?",
            b in "0{0,3}1{0,2}[0-9](\\.[09]{1,9}[01]{0,9}0{0,3})?",
            prefix in "([1-9](\\.[0-9]{8})?)?",
            a_rest in "[01]{1,8}",
            b_rest in "[01]{1,8}",
        ) {
            prop_assert_eq!(compare(&a, &b), padded(&a).cmp(&padded(&b)));
            let [a, b] = [a_rest, b_rest].map(|rest| prefix.clone() + &rest);
            prop_assert_eq!(compare(&a, &b), padded(&a).cmp(&padded(&b)));
        }

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
        fn any_bytes_are_taken(a: Vec<u8>, b: Vec<u8>) {
            parse_time(&a);
            parse_difference(&a);
            prop_assert_eq!(compare_times(0, &a, 0, &b), compare_times(0, &b, 0, &a).reverse());
        }
    }
}
