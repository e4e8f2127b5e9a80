//! Times as apps write them: numbers and ISO 8601, to POSIX seconds.

use super::Unfit;
use super::number::Number;
use crate::limits::MILLISECONDS_FROM;
use crate::wire::calendar::{SECONDS_A_DAY, days_of};
use crate::wire::decimal::{NANOS, nine_digits, scan_integer, write_integer};
use crate::wire::misnumbered::Misnumbered;

/// Appends the time that `text` says as POSIX seconds. Whether it is too late is left to the line.
pub(super) fn write(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Unfit<'static>> {
    match Number::parse(text) {
        Ok(number) if number.is_negative() => Err(Unfit::Number("time", Misnumbered::Sign)),
        Ok(number) => write_number(out, number).ok_or(Unfit::Exponent("time")),
        Err(_) => write_iso(out, text),
    }
}

/// Appends the time that a clock says, with nine decimals.
pub(super) fn write_now(out: &mut Vec<u8>, nanoseconds: i64) {
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or_default();
    write_integer(out, nanoseconds / NANOS);
    out.push(b'.');
    out.extend_from_slice(&nine_digits((nanoseconds % NANOS) as u32));
}

fn write_number(out: &mut Vec<u8>, number: Number<'_>) -> Option<()> {
    let start = out.len();
    number.write_size(out)?;
    let milliseconds = match scan_integer(&out[start..]) {
        Some((whole, digits)) => start + digits == out.len() && whole >= MILLISECONDS_FROM,
        // Too large for any time, be it of milliseconds: the line will say so.
        None => false,
    };
    if milliseconds {
        out.insert(out.len() - 3, b'.');
    }
    Some(())
}

/// A date and a time of day with `T` or a space between, in the extended or the basic form; then, if
/// it is not UTC, `Z` or how far the zone is ahead. In a query the plus of that may have become a blank.
fn write_iso(out: &mut Vec<u8>, text: &[u8]) -> Result<(), Unfit<'static>> {
    let mut parts = Parts { rest: text };
    let (day, of_day, fraction) = parts.moment().ok_or(Unfit::NoTime)?;
    let ahead = parts.zone().ok_or(Unfit::NoTime)?;
    let (year, month, day) = day;
    let days = days_of(year, month, day).ok_or(Unfit::NoMoment)?;
    let [hours, minutes, seconds] = of_day;
    // 60 is a leap second, which POSIX times do not know: it is the next minute's first.
    if hours > 23 || minutes > 59 || seconds > 60 {
        return Err(Unfit::NoMoment);
    }
    let of_day = i64::from(hours * 3_600 + minutes * 60 + seconds);
    let seconds = days * SECONDS_A_DAY as i64 + of_day - ahead;
    write_integer(out, u64::try_from(seconds).map_err(|_| Unfit::BeforeEpoch)?);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
    Ok(())
}

/// What is left of a text in ISO 8601; each method takes what it is called off the front.
struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    #[expect(clippy::type_complexity, reason = "date, time of day, digits of a fraction")]
    fn moment(&mut self) -> Option<((u32, u32, u32), [u32; 3], &'a [u8])> {
        let year = self.digits(4)?;
        let extended = self.byte(b"-");
        let month = self.digits(2)?;
        if self.byte(b"-") != extended {
            return None;
        }
        let day = self.digits(2)?;
        if !self.byte(b"Tt ") {
            return None;
        }
        let hours = self.digits(2)?;
        if self.byte(b":") != extended {
            return None;
        }
        let minutes = self.digits(2)?;
        let more = if extended { self.byte(b":") } else { self.rest.first()?.is_ascii_digit() };
        let seconds = if more { self.digits(2)? } else { 0 };
        let fraction = if more && self.byte(b".,") {
            let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.take(digits).filter(|digits| !digits.is_empty())?
        } else {
            &[]
        };
        Some(((year, month, day), [hours, minutes, seconds], fraction))
    }

    /// How many seconds the zone is ahead of UTC. It is the last part.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.byte(b"Zz") {
            return self.rest.is_empty().then_some(0);
        }
        let behind = self.byte(b"-");
        if !behind && !self.byte(b"+ ") {
            return None;
        }
        let hours = self.digits(2)?;
        self.byte(b":");
        let minutes = if self.rest.is_empty() { 0 } else { self.digits(2)? };
        let ahead = i64::from(hours * 3_600 + minutes * 60);
        let good = self.rest.is_empty() && hours < 24 && minutes < 60;
        good.then_some(if behind { -ahead } else { ahead })
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.take(count)?;
        digits.iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })
    }

    /// Whether one of these comes, which is taken.
    fn byte(&mut self, bytes: &[u8]) -> bool {
        match self.rest {
            [first, rest @ ..] if bytes.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::time::parse_time;
    use proptest::prelude::*;

    fn written(text: &str) -> Result<String, Unfit<'static>> {
        let mut out = Vec::new();
        write(&mut out, text.as_bytes()).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        for (text, expected) in [
            ("0", "0"),
            ("1377177267", "1377177267"),
            ("1520023934.918963997", "1520023934.918963997"),
            ("1520023934.500", "1520023934.500"),
            ("2147483646", "2147483646"),
            ("2147483646.9", "2147483646.9"),
            ("2147483647", "2147483.647"),
            ("2147483647.0", "2147483647.0"),
            ("1442068686579", "1442068686.579"),
            ("1442068686000", "1442068686.000"),
            ("1.442068686579e12", "1442068686.579"),
            ("1.5E9", "1500000000"),
            ("0001377177267", "1377177267"),
            ("18446744073709551615", "18446744073709551.615"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(written("-1"), Err(Unfit::Number("time", Misnumbered::Sign)));
        assert_eq!(written("1e401"), Err(Unfit::Exponent("time")));
    }

    #[test]
    fn iso_8601_is_read_with_and_without_a_zone() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", "0"),
            ("2016-01-27T18:55:47Z", "1453920947"),
            ("2016-01-27T18:55:47", "1453920947"),
            ("2016-01-27t18:55:47z", "1453920947"),
            ("2014-06-04 09:10:11", "1401873011"),
            ("2025-06-15T13:45:12.862Z", "1749995112.862"),
            ("2025-06-15T13:45:12,8620Z", "1749995112.8620"),
            ("2025-06-15T15:45:12.862+02:00", "1749995112.862"),
            ("2025-06-15T15:45:12.862 02:00", "1749995112.862"),
            ("2025-06-15T08:15:12-0530", "1749995112"),
            ("2025-06-15T15:45+02", "1749995100"),
            ("20250615T134512Z", "1749995112"),
            ("20250615T134512.862+0000", "1749995112.862"),
            ("20250615T1345Z", "1749995100"),
            ("2016-12-31T23:59:60Z", "1483228800"),
            ("2024-02-29T00:00:00Z", "1709164800"),
            ("1969-12-31T23:00:00-02:00", "3600"),
            ("9999-12-31T23:59:59Z", "253402300799"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "now",
            "1.",
            "2025-06-15",
            "2025-06-15T",
            "2025-06-15T13",
            "2025-06-15T13:45:12.Z",
            "2025-06-15T13:45:12ZZ",
            "2025-06-15T13:45:12Z ",
            "2025-06-15T13:45:1",
            "2025-06-15T13:45:12+2",
            "2025-06-15T13:45:12+24:00",
            "2025-06-15T13:45:12+01:60",
            "2025-06-15T134512Z",
            "20250615T13:45:12Z",
            "2025-0615T13:45:12Z",
            "25-06-15T13:45:12Z",
            "+2025-06-15T13:45:12Z",
            "2025-06-15X13:45:12Z",
            "2025-06-15T13:45:12\u{0}",
        ] {
            assert_eq!(written(text), Err(Unfit::NoTime), "{text}");
        }
        for text in [
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-06-00T00:00:00Z",
            "2025-06-15T24:00:00Z",
            "2025-06-15T23:60:00Z",
            "2025-06-15T23:59:61Z",
        ] {
            assert_eq!(written(text), Err(Unfit::NoMoment), "{text}");
        }
        assert_eq!(written("1969-12-31T23:59:59Z"), Err(Unfit::BeforeEpoch));
        assert_eq!(written("1970-01-01T00:00:00+00:01"), Err(Unfit::BeforeEpoch));
    }

    proptest! {
        #[test]
        fn the_clock_s_time_is_exact(nanoseconds in 0..i64::MAX) {
            let mut out = Vec::new();
            write_now(&mut out, nanoseconds);
            prop_assert_eq!(parse_time(&out), Some(nanoseconds));
        }

        #[test]
        fn any_bytes_are_taken_and_what_is_written_is_a_decimal(bytes: Vec<u8>, near in "[0-9:TZ. +-]{0,25}") {
            for text in [&bytes[..], near.as_bytes()] {
                let mut out = Vec::new();
                if write(&mut out, text).is_ok() {
                    prop_assert!(out.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.')));
                }
            }
        }
    }
}
