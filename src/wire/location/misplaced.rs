//! Why a text is no location.

use super::super::Printable;
use super::{Angle, Axis, Form, LATITUDE, LONGITUDE, Number, scan};
use std::fmt;

/// What is wrong with a location. Its `Display` is a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced<'a> {
    /// Neither `+` nor `-` is where the part that is called so should begin.
    NoSign(&'static str),
    /// There is nothing behind the latitude.
    NoLongitude,
    /// No number follows that part's sign.
    NoNumber(&'static str),
    /// Nothing is behind that part's point.
    NoFraction(&'static str),
    /// So many digits before the point belong to no form of that part.
    Digits(&'static str, usize),
    /// That part, as it is written, is beyond so many degrees.
    Beyond(&'static str, &'a [u8], u32),
    /// That part has so many minutes or seconds, as the word behind says.
    Sixty(&'static str, u32, &'static str),
    /// One part has minutes or seconds that the other has not.
    Forms,
    /// What is behind the location.
    Rest(&'a [u8]),
}

/// What is wrong with `text` as a location, if anything is.
pub(in crate::wire) fn misplaced(text: &[u8]) -> Option<Misplaced<'_>> {
    match scan(text) {
        Some(found) => {
            let rest = &text[found.length..];
            (!rest.is_empty()).then_some(Misplaced::Rest(rest))
        }
        None => Some(unscanned(text).unwrap_or_else(|misplaced| misplaced)),
    }
}

/// What is wrong where [`scan`] finds nothing: the first part that does not do, or else that both do
/// and differ in their forms.
fn unscanned(text: &[u8]) -> Result<Misplaced<'_>, Misplaced<'_>> {
    let length = part(&LATITUDE, "latitude", text)?;
    match &text[length..] {
        [] => Ok(Misplaced::NoLongitude),
        rest => part(&LONGITUDE, "longitude", rest).map(|_| Misplaced::Forms),
    }
}

/// The length of the angle at the start of `text`, or what is wrong with it.
fn part<'a>(axis: &Axis, name: &'static str, text: &'a [u8]) -> Result<usize, Misplaced<'a>> {
    let Some((sign @ (b'+' | b'-'), digits)) = text.split_first() else {
        return Err(Misplaced::NoSign(name));
    };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let form = match count {
        0 => return Err(Misplaced::NoNumber(name)),
        _ => Form::of(count, axis).ok_or(Misplaced::Digits(name, count))?,
    };
    let number = Number::scan(digits).ok_or(Misplaced::NoFraction(name))?;
    let length = 1 + number.length();
    let angle = Angle::read(form, *sign == b'-', number);
    if axis.allows(&angle) {
        return Ok(length);
    }
    Err(match (angle.minutes, angle.seconds) {
        (minutes @ 60.., _) => Misplaced::Sixty(name, minutes, "minutes"),
        (_, seconds @ 60..) => Misplaced::Sixty(name, seconds, "seconds"),
        _ => {
            let written = &text[usize::from(*sign == b'+')..length];
            Misplaced::Beyond(name, written, axis.degrees_max)
        }
    })
}

impl fmt::Display for Misplaced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misplaced::NoSign(part) => write!(f, "the {part} has no sign"),
            Misplaced::NoLongitude => f.write_str("the longitude is missing"),
            Misplaced::NoNumber(part) => write!(f, "the {part} is no number"),
            Misplaced::NoFraction(part) => write!(f, "the {part} has no digits behind its point"),
            Misplaced::Digits(part, count) => {
                write!(f, "the {part} has {count} digits before its point")
            }
            Misplaced::Beyond(part, written, most) => {
                write!(f, "{part} {} is beyond {most}", Printable(written))
            }
            Misplaced::Sixty(part, count, unit) => write!(f, "the {part} has {count} {unit}"),
            Misplaced::Forms => f.write_str("latitude and longitude are in different forms"),
            Misplaced::Rest(rest) => {
                write!(f, "something follows the location: {}", Printable(rest))
            }
        }
    }
}
