//! Numbers as programs print them (`-12`, `34.068930`, `1.0E-7`), taken apart and written out.

use crate::limits::EXPONENT_DIGITS_MAX;
use crate::wire::decimal::digits_prefix;
use crate::wire::misnumbered::Misnumbered;

/// A number: JSON's grammar, and also with a plus or with zeros ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    /// `None` if it is beyond the limit.
    exponent: Option<i32>,
}

impl<'a> Number<'a> {
    pub fn parse(text: &'a [u8]) -> Result<Number<'a>, Misnumbered> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (integer, rest) = digits(rest);
        if integer.is_empty() {
            return Err(Misnumbered::NoNumber);
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest),
            _ => (&[][..], rest),
        };
        if fraction.is_empty() && text[..text.len() - rest.len()].ends_with(b".") {
            return Err(Misnumbered::NoFraction);
        }
        let exponent = match rest {
            [] => Some(0),
            [b'e' | b'E', rest @ ..] => exponent(rest).ok_or(Misnumbered::NoNumber)?,
            _ => return Err(Misnumbered::NoNumber),
        };
        Ok(Number { negative, integer, fraction, exponent })
    }

    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Appends the number without its sign: `digits[.digits]`, as many as it is written with. `None` if
    /// its exponent is beyond the limit.
    pub fn write_size(&self, out: &mut Vec<u8>) -> Option<()> {
        let exponent = self.exponent?;
        if exponent == 0 {
            let zeros = self.integer.iter().take_while(|&&digit| digit == b'0').count();
            out.extend_from_slice(&self.integer[zeros.min(self.integer.len() - 1)..]);
            if !self.fraction.is_empty() {
                out.push(b'.');
                out.extend_from_slice(self.fraction);
            }
            return Some(());
        }
        let digits = || self.integer.iter().chain(self.fraction);
        let count = self.integer.len() + self.fraction.len();
        // Where the point is: so many digits are before it.
        let point = self.integer.len() as i64 + i64::from(exponent);
        match usize::try_from(point) {
            Ok(point) if point >= count => {
                push_integer(out, digits().chain(std::iter::repeat_n(&b'0', point - count)));
            }
            Ok(point) => {
                push_integer(out, digits().take(point));
                out.push(b'.');
                out.extend(digits().skip(point));
            }
            Err(_) => {
                out.extend_from_slice(b"0.");
                out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
                out.extend(digits());
            }
        }
        Some(())
    }
}

/// The digits at the start, and what is behind them.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(digits_prefix(text))
}

/// An exponent behind its `e`; none inside if it is beyond the limit.
fn exponent(text: &[u8]) -> Option<Option<i32>> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (digits, []) = digits(rest) else { return None };
    if digits.is_empty() {
        return None;
    }
    let size = digits
        .iter()
        .fold(0_i32, |size, digit| size.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
    let within = size <= EXPONENT_DIGITS_MAX;
    Some(within.then_some(if negative { -size } else { size }))
}

/// Appends digits without superfluous zeros ahead, but at least one.
fn push_integer<'a>(out: &mut Vec<u8>, digits: impl Iterator<Item = &'a u8>) {
    let start = out.len();
    out.extend(digits.skip_while(|&&digit| digit == b'0'));
    if out.len() == start {
        out.push(b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Result<String, Misnumbered> {
        let number = Number::parse(text.as_bytes())?;
        let mut out = if number.is_negative() { b"-".to_vec() } else { Vec::new() };
        if number.write_size(&mut out).is_none() {
            out = b"beyond".to_vec();
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn digits_stay_and_exponents_are_written_out() {
        for (text, expected) in [
            ("34.068930", "34.068930"),
            ("-118", "-118"),
            ("+1.50", "1.50"),
            ("0", "0"),
            ("-0", "-0"),
            ("-0.0", "-0.0"),
            ("007.70", "7.70"),
            ("000", "0"),
            // As Java and JavaScript print small numbers.
            ("1.0E-7", "0.00000010"),
            ("5e-7", "0.0000005"),
            ("-4.9E-324", &format!("-0.{}49", "0".repeat(323))),
            ("3.40e1", "34.0"),
            ("3.4e1", "34"),
            ("3.4e+2", "340"),
            ("0.0012e3", "1.2"),
            ("0.00012e3", "0.12"),
            ("12.5e0", "12.5"),
            ("1.520023934918E9", "1520023934.918"),
            ("0e5", "0"),
            ("1e-0", "1"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn exponents_are_bounded() {
        let most = EXPONENT_DIGITS_MAX;
        assert_eq!(written(&format!("1e{most}")).unwrap().len() as i32, 1 + most);
        assert_eq!(written(&format!("1e-{most}")).unwrap().len() as i32, 2 + most);
        for beyond in
            [format!("0e{}", most + 1), format!("1e-{}", most + 1), "1e99999999999".into()]
        {
            assert_eq!(written(&beyond).as_deref(), Ok("beyond"), "{beyond}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in
            ["", "-", "+", "x", ".5", "1x", "1e", "1e+", "1e1.5", "1,5", "nan", "0x10", "1 ", "--1"]
        {
            assert_eq!(written(text), Err(Misnumbered::NoNumber), "{text}");
        }
        for text in ["1.", "1.e5", "-1.x"] {
            assert_eq!(written(text), Err(Misnumbered::NoFraction), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_out_is_the_same_number(
            number in any::<f64>().prop_filter("finite", |number| number.is_finite()),
        ) {
            for text in [format!("{number:e}"), format!("{number}")] {
                let out = written(&text).unwrap();
                prop_assert!(out.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')));
                prop_assert_eq!(out.parse::<f64>().unwrap().to_bits(), number.to_bits());
            }
        }
    }
}
