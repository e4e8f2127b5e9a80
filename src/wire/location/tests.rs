//! Locations by example, at their bounds, and against wide integer arithmetic.

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
    fn any_bytes_are_taken(bytes: Vec<u8>, like in "[-+0-9./]{0,30}") {
        Location::parse(&bytes);
        Location::parse(like.as_bytes());
    }
}
