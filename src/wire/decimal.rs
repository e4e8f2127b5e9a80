//! Decimal numbers as locations, times and radii use them: digits with an optional fraction, no
//! sign, no exponent. Read and written eight digits at a time; never as a float.

/// Nanos (thousand-millionths) in a whole.
pub const NANOS: u64 = 1_000_000_000;

/// The powers of ten up to that of nine: cheaper than to compute them.
const POWERS_OF_TEN: [u32; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// `0` in each byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A number as it was written, cut to nine decimals, and whether that cut anything away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// The digits before the point.
    pub integer: u64,
    /// The first nine digits after the point: below [`NANOS`].
    pub nanos: u32,
    /// Whether a digit after the ninth is not zero.
    pub beyond: bool,
}

impl Decimal {
    /// Reads `digits[.digits]` with at least one digit on each side of the point. Leading zeros are
    /// allowed. `None` for anything else, and if the integer does not fit.
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let number = Number::scan(text)?;
        (number.length() == text.len()).then(|| number.value())
    }

    /// Whether the number is at most `whole`, exactly.
    pub fn is_at_most(&self, whole: u64) -> bool {
        let has_fraction = self.nanos != 0 || self.beyond;
        self.integer < whole || (self.integer == whole && !has_fraction)
    }

    /// The number times [`NANOS`], cut; `None` if it does not fit.
    pub fn in_nanos(&self) -> Option<u64> {
        self.integer.checked_mul(NANOS)?.checked_add(u64::from(self.nanos))
    }
}

/// A number that was found in some text; its fraction has not been read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    /// What the digits before the point say.
    pub integer: u64,
    /// How many they are: at least one.
    pub integer_digits: usize,
    /// The digits after the point; none if there is no point.
    pub fraction: &'a [u8],
}

impl<'a> Number<'a> {
    /// Finds the number at the start of `text`; see [`Decimal::parse`].
    #[inline(always)]
    pub fn scan(text: &'a [u8]) -> Option<Number<'a>> {
        let (integer, integer_digits) = scan_integer(text)?;
        let [b'.', rest @ ..] = &text[integer_digits..] else {
            return Some(Number { integer, integer_digits, fraction: &[] });
        };
        let fraction = &rest[..digits_prefix(rest)];
        (!fraction.is_empty()).then_some(Number { integer, integer_digits, fraction })
    }

    /// Of the whole number in bytes.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.integer_digits + usize::from(!self.fraction.is_empty()) + self.fraction.len()
    }

    /// Whether the number is more than its integer.
    pub fn has_fraction(&self) -> bool {
        self.fraction.iter().any(|&digit| digit != b'0')
    }

    /// The first nine digits after the point, as a number below [`NANOS`].
    #[inline(always)]
    pub fn nanos(&self) -> u32 {
        let digits = &self.fraction[..self.fraction.len().min(9)];
        match digits.split_first_chunk::<8>() {
            Some((eight, [])) => read_eight(eight) * 10,
            Some((eight, ninth)) => read_eight(eight) * 10 + u32::from(ninth[0] - b'0'),
            None => read_few(digits) * POWERS_OF_TEN[9 - digits.len()],
        }
    }

    /// The number itself.
    #[inline(always)]
    pub fn value(&self) -> Decimal {
        let beyond = self.fraction.len() > 9 && self.fraction[9..].iter().any(|&d| d != b'0');
        Decimal { integer: self.integer, nanos: self.nanos(), beyond }
    }
}

/// What the digits at the start of `text` say and how many they are; `None` if there are none, or
/// if what they say does not fit.
#[inline(always)]
pub(super) fn scan_integer(text: &[u8]) -> Option<(u64, usize)> {
    let (mut integer, mut length) = (0, 0);
    if let Some(eight) = text.first_chunk() {
        let values = digit_values(eight);
        length = digits_in(values);
        if length == 0 {
            return None;
        }
        // The digits move up to the end of the eight, and zeros before them.
        integer = u64::from(read_values(values << (64 - 8 * length)));
        if length < 8 {
            return Some((integer, length));
        }
    }
    while let Some(digit) = text.get(length).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        // Nineteen digits always fit; whether more do is seen below.
        integer = integer.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    match length {
        0 => None,
        1..20 => Some((integer, length)),
        _ => read_many(&text[..length]).map(|integer| (integer, length)),
    }
}

/// The number that many digits say; `None` if it does not fit.
#[cold]
fn read_many(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |integer, &digit| {
        integer.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// How many digits there are at the start of `text`.
#[inline(always)]
pub(super) fn digits_prefix(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((eight, more)) = rest.split_first_chunk() {
        let digits = digits_in(digit_values(eight));
        if digits < 8 {
            return text.len() - rest.len() + digits;
        }
        rest = more;
    }
    text.len() - rest.len() + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// What eight digits say each; a byte that is none gives more than nine.
#[inline(always)]
pub(super) fn digit_values(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes) ^ ZEROS
}

/// How many of these values are those of digits, up to the first that is not.
#[inline(always)]
fn digits_in(values: u64) -> usize {
    // The high bit of each byte above 9 is set, either by the addition or from the start; carries
    // come only from such bytes and only disturb later ones, so the first is right.
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    others.trailing_zeros() as usize / 8
}

/// The number that fewer than eight digits say.
#[inline(always)]
fn read_few(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, &digit| value * 10 + u32::from(digit - b'0'))
}

/// The number that eight digits say.
#[inline(always)]
pub(super) fn read_eight(digits: &[u8; 8]) -> u32 {
    read_values(digit_values(digits))
}

/// The number that eight digits of these values say. Adjacent digits are joined into pairs, pairs
/// into fours, fours into eight: the well-known way with three multiplications.
#[inline(always)]
fn read_values(values: u64) -> u32 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    (high.wrapping_add(low) >> 32) as u32
}

/// The eight digits of a number below 100,000,000 with leading zeros: [`read_eight`] backwards.
#[inline(always)]
fn eight_digits(number: u32) -> [u8; 8] {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    // Division by 100 and by 10 in all lanes at once, by multiplication with rounded-up inverses.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = ((fours - 100 * hundreds) << 16) | hundreds;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = ((pairs - 10 * tens) << 8) | tens;
    (digits | ZEROS).to_le_bytes()
}

/// The nine digits of `nanos` (below [`NANOS`]) with leading zeros.
#[inline(always)]
pub(crate) fn nine_digits(nanos: u32) -> [u8; 9] {
    let mut digits = [0; 9];
    digits[0] = b'0' + (nanos / 100_000_000) as u8;
    digits[1..].copy_from_slice(&eight_digits(nanos % 100_000_000));
    digits
}

/// Writes the digits of `number` up to the end of `buffer`, which must have room for them; returns
/// where they start.
#[inline(always)]
pub(crate) fn integer_before(buffer: &mut [u8], mut number: u64) -> usize {
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return start;
        }
    }
}

/// Appends metres as kilometres with three decimals.
pub fn write_kilometres(out: &mut Vec<u8>, metres: u32) {
    write_integer(out, u64::from(metres / 1_000));
    out.push(b'.');
    out.extend([100, 10, 1].map(|unit| b'0' + (metres / unit % 10) as u8));
}

/// Appends `number`.
pub fn write_integer(out: &mut Vec<u8>, number: u64) {
    let mut buffer = [0; 20];
    let start = integer_before(&mut buffer, number);
    out.extend_from_slice(&buffer[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Option<(u64, u32, bool)> {
        Decimal::parse(text.as_bytes()).map(|number| (number.integer, number.nanos, number.beyond))
    }

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("0", (0, 0, false)),
            ("7", (7, 0, false)),
            ("007.50", (7, 500_000_000, false)),
            ("1520023934.918963997", (1_520_023_934, 918_963_997, false)),
            ("1.12345678", (1, 123_456_780, false)),
            ("1.123456789000", (1, 123_456_789, false)),
            ("1.12345678900000000000001", (1, 123_456_789, true)),
            ("1.0000000009", (1, 0, true)),
            ("18446744073709551615", (u64::MAX, 0, false)),
            ("18446744073709551615.9", (u64::MAX, 900_000_000, false)),
            ("0000000000000000000000000000000000000001", (1, 0, false)),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn no_numbers() {
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "1..2",
            "1.2.3",
            "+1",
            "-1",
            "1e5",
            "1 ",
            " 1",
            "1.5e3",
            "nan",
            "inf",
            "0x10",
            "1,5",
            "1_000",
            "١",
            "1.2345678/",
            "12345678/",
            "1.12345678 ",
            "1.123456789x",
            "18446744073709551616",
            "99999999999999999999",
            "1/",
            "1:",
            "100000000000000000000000000000000000000000000000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn comparing_with_a_whole_number_is_exact() {
        for (text, expected) in [
            ("49.99999999999999", true),
            ("50", true),
            ("50.000000000000", true),
            ("50.000000001", false),
            ("50.00000000000000000001", false),
            ("51", false),
        ] {
            let number = Decimal::parse(text.as_bytes()).unwrap();
            assert_eq!(number.is_at_most(50), expected, "{text}");
        }
    }

    #[test]
    fn nanos_are_checked() {
        let nanos = |text: &str| Decimal::parse(text.as_bytes()).unwrap().in_nanos();
        assert_eq!(nanos("18446744073.709551615"), Some(u64::MAX));
        assert_eq!(nanos("18446744073.709551616"), None);
        assert_eq!(nanos("18446744074"), None);
    }

    #[test]
    fn lanes_are_divided_rightly() {
        for number in 0..10_000 {
            assert_eq!(eight_digits(number * 10_001)[..4], *format!("{number:04}").as_bytes());
            assert_eq!(eight_digits(number)[4..], *format!("{number:04}").as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(integer: u64, fraction in "[0-9]{1,30}", zeros in 0_usize..12) {
            let text = format!("{}{integer}.{fraction}", "0".repeat(zeros));
            let nanos = format!("{fraction:0<9}")[..9].parse().unwrap();
            let beyond = fraction.len() > 9 && fraction[9..].contains(|digit| digit != '0');
            prop_assert_eq!(parse(&text), Some((integer, nanos, beyond)));
        }

        #[test]
        fn a_number_ends_at_its_first_other_byte(
            number in "0{0,9}[0-9]{1,19}(\\.[0-9]{1,20})?", other in "[^0-9.]", rest: Vec<u8>,
        ) {
            let text = [number.as_bytes(), other.as_bytes(), &rest].concat();
            let scanned = Number::scan(&text).unwrap();
            prop_assert_eq!(scanned.length(), number.len());
            prop_assert_eq!(Some(scanned.value()), Decimal::parse(number.as_bytes()));
        }

        #[test]
        fn digits_are_those_of_the_standard_library(number: u64, nanos in 0_u32..NANOS as u32) {
            let mut out = Vec::new();
            write_integer(&mut out, number);
            prop_assert_eq!(out, number.to_string().into_bytes());
            let nine = nine_digits(nanos).to_vec();
            prop_assert_eq!(nine, format!("{nanos:09}").into_bytes());
        }

        #[test]
        fn any_bytes_are_taken(text: Vec<u8>, digits in "[0-9.]{0,40}") {
            Decimal::parse(&text);
            Decimal::parse(digits.as_bytes());
        }
    }
}
