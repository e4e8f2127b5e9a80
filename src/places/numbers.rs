//! How the numbers of a question are written for Places: plain decimals, exactly, without float,
//! exponent or a digit too many. (What is on the wire is read and written in `wire::decimal`.)

/// Appends `value / unit` with a minus sign if it is below zero; see [`push_decimal`].
pub(super) fn push_signed(out: &mut String, value: i64, unit: u64) {
    if value < 0 {
        out.push('-');
    }
    push_decimal(out, value.unsigned_abs(), unit);
}

/// Appends `value / unit` (a power of ten) as a decimal without zeros at the end.
pub(super) fn push_decimal(out: &mut String, value: u64, unit: u64) {
    out.push_str(&(value / unit).to_string());
    let mut rest = value % unit;
    let mut place = unit / 10;
    if rest > 0 {
        out.push('.');
    }
    while rest > 0 {
        // One digit: the rest is smaller than ten places.
        out.push_str(&(rest / place).to_string());
        rest %= place;
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Location;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_plain_decimals() {
        let print = |value, unit| {
            let mut out = String::new();
            push_signed(&mut out, value, unit);
            out
        };
        for (value, unit, text) in [
            (0, 1_000_000_000, "0"),
            (1, 1_000_000_000, "0.000000001"),
            (-1, 1_000_000_000, "-0.000000001"),
            (-500_000_000, 1_000_000_000, "-0.5"),
            (90_000_000_000, 1_000_000_000, "90"),
            (-179_999_999_999, 1_000_000_000, "-179.999999999"),
            (34_000_000_010, 1_000_000_000, "34.00000001"),
            (500_000, 1_000_000, "0.5"),
            (12_345_000, 1_000_000, "12.345"),
            (50_000_000_000, 1_000_000, "50000"),
            (i64::MIN, 1_000_000_000, "-9223372036.854775808"),
        ] {
            assert_eq!(print(value, unit), text);
        }
    }

    proptest! {
        #[test]
        fn degrees_are_those_of_the_location_that_says_so(
            latitude in -90_000_000_000_i64..=90_000_000_000,
            longitude in -180_000_000_000_i64..=180_000_000_000,
        ) {
            let mut text = String::new();
            for angle in [latitude, longitude] {
                if angle >= 0 {
                    text.push('+');
                }
                push_signed(&mut text, angle, 1_000_000_000);
            }
            let expected = Location {
                latitude_nanodegrees: latitude,
                longitude_nanodegrees: longitude,
            };
            prop_assert_eq!(Location::parse(text.as_bytes()), Some(expected));
        }

        #[test]
        fn a_decimal_is_exact(value in any::<u64>()) {
            let mut text = String::new();
            push_decimal(&mut text, value, 1_000_000);
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert!(!text.contains('.') || (!fraction.is_empty() && !fraction.ends_with('0')));
            let digits = format!("{whole}{fraction:0<6}");
            prop_assert_eq!(digits.parse::<u64>().unwrap(), value);
        }
    }
}
