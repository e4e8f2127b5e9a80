//! Why a text is no decimal number.

use std::fmt;

/// What is wrong with a number that [`Decimal::parse`](super::Decimal::parse) does not take. Its
/// `Display` goes on behind what the number is called: `the time` ...
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misnumbered {
    /// It begins with one.
    Sign,
    /// As floating-point numbers have it.
    Exponent,
    /// Nothing is behind its point.
    NoFraction,
    /// Its digits do not fit.
    TooLarge,
    /// All else.
    NoNumber,
}

/// What is wrong with `text`, which is no decimal number.
pub(super) fn misnumbered(text: &[u8]) -> Misnumbered {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |text: &[u8]| {
        let whole = digits(text);
        let fraction = text[whole..].strip_prefix(b".").map_or(0, |rest| 1 + digits(rest));
        if whole == 0 { 0 } else { whole + fraction }
    };
    match text {
        [b'+' | b'-', rest @ ..] if number(rest) > 0 => Misnumbered::Sign,
        _ => match (number(text), &text[number(text)..]) {
            (1.., [b'e' | b'E', ..]) => Misnumbered::Exponent,
            (1.., []) if text.ends_with(b".") => Misnumbered::NoFraction,
            (1.., []) => Misnumbered::TooLarge,
            _ => Misnumbered::NoNumber,
        },
    }
}

impl fmt::Display for Misnumbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misnumbered::Sign => "has a sign",
            Misnumbered::Exponent => "has an exponent",
            Misnumbered::NoFraction => "has no digits behind its point",
            Misnumbered::TooLarge => "is too large",
            Misnumbered::NoNumber => "is no number",
        })
    }
}
