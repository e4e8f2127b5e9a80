//! Points on Earth as ISO 6709 writes them: latitude, longitude, each with its sign.
//!
//! Three forms, told apart by how many digits the integers have, the same form for both:
//!
//! | form | latitude | longitude |
//! |---|---|---|
//! | degrees | `±D` to `±DDD` | `±D` to `±DDD` |
//! | degrees and minutes | `±DDMM` | `±DDDMM` |
//! | degrees, minutes and seconds | `±DDMMSS` | `±DDDMMSS` |
//!
//! Each may have a fraction, and one `/` may close the whole. (The standard wants two and three
//! digits of degrees; clients send one to three.)

use super::decimal::{self, NANOS, Scanned};

const LATITUDE: Axis = Axis { degree_digits: 2, degrees_max: 90 };
const LONGITUDE: Axis = Axis { degree_digits: 3, degrees_max: 180 };

/// A point, in thousand-millionths of a degree (a tenth of a millimetre on the ground); what is
/// finer is cut off towards zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Degrees north of the equator, within 90.
    pub latitude_nanodegrees: i64,
    /// Degrees east of Greenwich, within 180.
    pub longitude_nanodegrees: i64,
}

impl Location {
    /// Reads a location. `None` if it is none, or not on Earth: the bounds are checked exactly,
    /// however many digits there are.
    pub fn parse(text: &[u8]) -> Option<Location> {
        let (location, length) = Location::scan(text)?;
        (length == text.len()).then_some(location)
    }

    /// The location at the start of `text`, and its length.
    pub(super) fn scan(text: &[u8]) -> Option<(Location, usize)> {
        let (form, latitude, middle) = LATITUDE.scan(text)?;
        let (same_form, longitude, length) = LONGITUDE.scan(&text[middle..])?;
        if form != same_form {
            return None;
        }
        let end = middle + length;
        let closing = usize::from(text.get(end) == Some(&b'/'));
        let location =
            Location { latitude_nanodegrees: latitude, longitude_nanodegrees: longitude };
        Some((location, end + closing))
    }
}

/// What the digits of an angle mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Degrees,
    Minutes,
    Seconds,
}

/// How angles of one kind are written.
struct Axis {
    /// How many digits degrees have when minutes follow.
    degree_digits: usize,
    degrees_max: u64,
}

impl Axis {
    /// The signed angle at the start of `text`: its form, nanodegrees and length.
    fn scan(&self, text: &[u8]) -> Option<(Form, i64, usize)> {
        let (sign, digits) = text.split_first()?;
        if !matches!(sign, b'+' | b'-') {
            return None;
        }
        let scanned = decimal::scan(digits)?;
        let form = self.form(scanned.integer_digits)?;
        let size = self.nanodegrees(form, &scanned)?;
        Some((form, if *sign == b'-' { -size } else { size }, 1 + scanned.length))
    }

    fn form(&self, integer_digits: usize) -> Option<Form> {
        match integer_digits {
            1..=3 => Some(Form::Degrees),
            digits if digits == self.degree_digits + 2 => Some(Form::Minutes),
            digits if digits == self.degree_digits + 4 => Some(Form::Seconds),
            _ => None,
        }
    }

    /// The size of the angle; `None` if it is beyond the bounds, or minutes or seconds are.
    fn nanodegrees(&self, form: Form, scanned: &Scanned) -> Option<i64> {
        let whole = scanned.value.integer;
        let (degrees, minutes, seconds) = match form {
            Form::Degrees => (whole, 0, 0),
            Form::Minutes => (whole / 100, whole % 100, 0),
            Form::Seconds => (whole / 10_000, whole / 100 % 100, whole % 100),
        };
        let more = minutes != 0 || seconds != 0 || scanned.value.has_fraction();
        let beyond = degrees > self.degrees_max || (degrees == self.degrees_max && more);
        if beyond || minutes >= 60 || seconds >= 60 {
            return None;
        }
        let nanos = u64::from(scanned.value.nanos);
        // Cutting the fraction to nine digits first does not change what is left of the quotients.
        let part = match form {
            Form::Degrees => nanos,
            Form::Minutes => (minutes * NANOS + nanos) / 60,
            Form::Seconds => ((minutes * 60 + seconds) * NANOS + nanos) / 3_600,
        };
        // At most 180 NANOS.
        Some((degrees * NANOS + part) as i64)
    }
}

/// Appends an angle as a plain decimal number of degrees with as few decimals as it needs:
/// `34.06893`, `-118.445127`, `0`.
pub fn write_degrees(out: &mut Vec<u8>, nanodegrees: i64) {
    let size = nanodegrees.unsigned_abs();
    if nanodegrees < 0 {
        out.push(b'-');
    }
    decimal::write_integer(out, size / NANOS);
    let fraction = (size % NANOS) as u32;
    if fraction != 0 {
        out.push(b'.');
        out.extend_from_slice(&decimal::nine_digits(fraction));
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Option<(i64, i64)> {
        Location::parse(text.as_bytes())
            .map(|location| (location.latitude_nanodegrees, location.longitude_nanodegrees))
    }

    #[test]
    fn locations() {
        const DEGREE: i64 = 1_000_000_000;
        for (text, latitude, longitude) in [
            ("+34.068930-118.445127", 34_068_930_000, -118_445_127_000),
            ("+34.068930-118.445127/", 34_068_930_000, -118_445_127_000),
            ("+0+0", 0, 0),
            ("-0-0", 0, 0),
            ("+1-2", DEGREE, -2 * DEGREE),
            ("-12+12", -12 * DEGREE, 12 * DEGREE),
            ("+012-012", 12 * DEGREE, -12 * DEGREE),
            ("+5.5-005.25/", 5_500_000_000, -5_250_000_000),
            ("+27.5916+086.5640", 27_591_600_000, 86_564_000_000),
            ("+1.0000000019-1.0000000019", 1_000_000_001, -1_000_000_001),
            // Degrees and minutes.
            ("+4030-07330", 40_500_000_000, -73_500_000_000),
            ("+2735.5+08633.75/", 27_591_666_666, 86_562_500_000),
            ("-0059.99-00000.06", -999_833_333, -1_000_000),
            // Degrees, minutes and seconds.
            ("+403000-0733000", 40_500_000_000, -73_500_000_000),
            ("+352139+1384339", 35_360_833_333, 138_727_500_000),
            ("+000000.000003600-0000000.0000072/", 1, -2),
            ("-895959.999999999+1795959.9999999999", -89_999_999_999, 179_999_999_999),
        ] {
            assert_eq!(parse(text), Some((latitude, longitude)), "{text}");
        }
    }

    #[test]
    fn no_locations() {
        for text in [
            "",
            "/",
            "+",
            "+1",
            "+1/",
            "+1+",
            "1+1",
            "+1 +1",
            "+1+1 ",
            " +1+1",
            "+1+1//",
            "+1/+1",
            "+1+1/x",
            "+1+1x",
            "+1+1+1",
            "+1.+1",
            "+.5+1",
            "+1+.5",
            "+1+1.",
            "+1+1./",
            "++1+1",
            "+1,5+1",
            "+1e1+1",
            "+nan+nan",
            "\u{2212}1+1",
            "+1°+1°",
            "+1..5+1",
            // Digit counts of no form.
            "+12345-12345",
            "+12345-01234",
            "+1234567-1234567",
            "+0001+0001",
            "+1234+1234",
            "+00000001+00000001",
            "+000000000000000000000000000001+1",
            // Two different forms.
            "+4030-73.5",
            "+40.5-07330",
            "+4030-0733000",
            "+403000-07330",
            "+403000-73",
            "+40-0733000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_bounds_are_exact() {
        for good in [
            "+90+180",
            "-90-180",
            "+090+180",
            "+90.000-180.0000000000000000000",
            "+9000+18000",
            "+9000.0-18000.00",
            "-900000+1800000",
            "-900000.0+1800000.000000000000",
            "+89.99999999999999999999+179.99999999999999999999",
            "+8959.99+17959.99",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        let fraction = format!("+90.{}1", "0".repeat(10_000));
        for latitude in
            ["+91", "-91", "+999", "+90.0000000000000000001", "-90.000000001", "+90.1", &fraction]
        {
            assert_eq!(parse(&format!("{latitude}+0")), None, "{latitude}");
        }
        for longitude in ["+181", "-999", "-180.00000000000000000001", "+180.000000001"] {
            assert_eq!(parse(&format!("+0{longitude}")), None, "{longitude}");
        }
        for minutes in [
            "+9001+00000",
            "+9000.0000000001+00000",
            "+9100+00000",
            "+0060+00000",
            "+0000+00060",
            "+0099+00000",
            "+0000+18001",
            "-0000-18000.00000000000001",
            "+900001+0000000",
            "+900000.00000000000001+0000000",
            "+000060+0000000",
            "+006000+0000000",
            "+000000+0000060",
            "+000000+0006000",
            "+000000+1800000.00000000000001",
            "+000000+1810000",
            "+000000+1800001",
            "+000000+1800100",
        ] {
            assert_eq!(parse(minutes), None, "{minutes}");
        }
    }

    #[test]
    fn degrees_are_written_plainly() {
        for (nanodegrees, text) in [
            (34_068_930_000, "34.06893"),
            (-118_445_127_000, "-118.445127"),
            (0, "0"),
            (100_000_000_000, "100"),
            (-1, "-0.000000001"),
            (500_000_000, "0.5"),
            (i64::MIN, "-9223372036.854775808"),
            (i64::MAX, "9223372036.854775807"),
        ] {
            let mut out = b"0".to_vec();
            write_degrees(&mut out, nanodegrees);
            assert_eq!(str::from_utf8(&out[1..]).unwrap(), text);
        }
    }

    /// An angle in all its digits, judged with integers that have room for all of them.
    #[derive(Debug, Clone)]
    struct Written {
        negative: bool,
        degrees: u64,
        minutes: u64,
        seconds: u64,
        fraction: String,
    }

    impl Written {
        fn text(&self, form: u8, degree_digits: usize) -> String {
            let sign = if self.negative { '-' } else { '+' };
            let degrees = format!("{:0degree_digits$}", self.degrees);
            let whole = match form {
                0 => degrees,
                1 => format!("{degrees}{:02}", self.minutes),
                _ => format!("{degrees}{:02}{:02}", self.minutes, self.seconds),
            };
            let point = if self.fraction.is_empty() { "" } else { "." };
            format!("{sign}{whole}{point}{}", self.fraction)
        }

        fn nanodegrees(&self, form: u8, max: u64) -> Option<i64> {
            let scale = 10_i128.pow(self.fraction.len() as u32);
            let fraction: i128 = format!("0{}", self.fraction).parse().unwrap();
            let [degrees, minutes, seconds, max] =
                [self.degrees, self.minutes, self.seconds, max].map(i128::from);
            let (units, per_degree) = match form {
                0 => (degrees, 1),
                1 => (degrees * 60 + minutes, 60),
                _ => (degrees * 3_600 + minutes * 60 + seconds, 3_600),
            };
            let number = units * scale + fraction;
            let below_60 = (form < 1 || minutes < 60) && (form < 2 || seconds < 60);
            let within = below_60 && number <= max * per_degree * scale;
            let size = (number * i128::from(NANOS) / (per_degree * scale)) as i64;
            within.then_some(if self.negative { -size } else { size })
        }
    }

    fn written(max: u64) -> impl Strategy<Value = Written> {
        let degrees = prop_oneof![0..=max, max - 1..=max + 1];
        let sixty = || prop_oneof![Just(0_u64), 0_u64..100, 58_u64..62];
        let fraction = prop_oneof!["[0-9]{0,20}", "0{0,20}", "0{8,14}1", "9{0,20}"];
        (any::<bool>(), degrees, sixty(), sixty(), fraction).prop_map(
            |(negative, degrees, minutes, seconds, fraction)| Written {
                negative,
                degrees,
                minutes,
                seconds,
                fraction,
            },
        )
    }

    proptest! {
        #[test]
        fn angles_agree_with_wide_arithmetic(
            latitude in written(90), longitude in written(180), form in 0_u8..3, slash: bool,
        ) {
            let close = if slash { "/" } else { "" };
            let text = latitude.text(form, 2) + &longitude.text(form, 3) + close;
            let expected = latitude.nanodegrees(form, 90).zip(longitude.nanodegrees(form, 180));
            prop_assert_eq!(parse(&text), expected, "{}", text);
        }

        #[test]
        fn what_is_written_is_read(
            latitude in -90_000_000_000_i64..=90_000_000_000,
            longitude in -180_000_000_000_i64..=180_000_000_000,
        ) {
            let mut text = Vec::new();
            for angle in [latitude, longitude] {
                if angle >= 0 {
                    text.push(b'+');
                }
                write_degrees(&mut text, angle);
            }
            let text = str::from_utf8(&text).unwrap();
            prop_assert_eq!(parse(text), Some((latitude, longitude)));
        }

        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, like in "[-+0-9./]{0,30}") {
            Location::parse(&bytes);
            Location::parse(like.as_bytes());
        }
    }
}
