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

mod degrees;
mod misplaced;

pub(super) use degrees::write_degrees;
pub use misplaced::Misplaced;
pub(super) use misplaced::misplaced;

use super::decimal::{NANOS, Number};

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
        let found = scan(text)?;
        (found.length == text.len()).then(|| Location {
            latitude_nanodegrees: found.latitude.nanodegrees(),
            longitude_nanodegrees: found.longitude.nanodegrees(),
        })
    }
}

/// A valid location that was found in some text.
pub(super) struct Found<'a> {
    latitude: Angle<'a>,
    longitude: Angle<'a>,
    /// Of the whole location in bytes.
    pub length: usize,
}

/// Finds and checks the location at the start of `text`. What it amounts to is computed only for
/// those who ask: most locations are only passed on.
#[inline(always)]
pub(super) fn scan(text: &[u8]) -> Option<Found<'_>> {
    let latitude = LATITUDE.scan(text)?;
    let middle = latitude.length();
    let longitude = LONGITUDE.scan(&text[middle..])?;
    if latitude.form != longitude.form {
        return None;
    }
    let end = middle + longitude.length();
    let closing = usize::from(text.get(end) == Some(&b'/'));
    Some(Found { latitude, longitude, length: end + closing })
}

/// What the digits of an angle mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Degrees,
    Minutes,
    Seconds,
}

/// An angle.
#[derive(Clone, Copy)]
struct Angle<'a> {
    form: Form,
    negative: bool,
    degrees: u32,
    minutes: u32,
    seconds: u32,
    /// As it is written; its fraction is that of the form's last unit.
    number: Number<'a>,
}

impl<'a> Angle<'a> {
    /// What a number with that form's digits says.
    #[inline(always)]
    fn read(form: Form, negative: bool, number: Number<'a>) -> Self {
        // At most seven digits.
        let whole = number.integer as u32;
        let (degrees, minutes, seconds) = match form {
            Form::Degrees => (whole, 0, 0),
            Form::Minutes => (whole / 100, whole % 100, 0),
            Form::Seconds => (whole / 10_000, whole / 100 % 100, whole % 100),
        };
        Angle { form, negative, degrees, minutes, seconds, number }
    }

    fn length(&self) -> usize {
        1 + self.number.length()
    }

    fn nanodegrees(&self) -> i64 {
        let [degrees, minutes, seconds, nanos] =
            [self.degrees, self.minutes, self.seconds, self.number.nanos()].map(i64::from);
        // That the fraction was cut to nine digits does not change what is left of the quotients.
        let part = match self.form {
            Form::Degrees => nanos,
            Form::Minutes => (minutes * NANOS as i64 + nanos) / 60,
            Form::Seconds => ((minutes * 60 + seconds) * NANOS as i64 + nanos) / 3_600,
        };
        let size = degrees * NANOS as i64 + part;
        if self.negative { -size } else { size }
    }
}

/// How angles of one kind are written.
struct Axis {
    /// How many digits degrees have when minutes follow.
    degree_digits: usize,
    degrees_max: u32,
}

impl Form {
    /// The form in which there are so many digits before the point.
    #[inline(always)]
    fn of(digits: usize, axis: &Axis) -> Option<Form> {
        match digits {
            1..=3 => Some(Form::Degrees),
            digits if digits == axis.degree_digits + 2 => Some(Form::Minutes),
            digits if digits == axis.degree_digits + 4 => Some(Form::Seconds),
            _ => None,
        }
    }
}

impl Axis {
    /// The signed angle at the start of `text`.
    #[inline(always)]
    fn scan<'a>(&self, text: &'a [u8]) -> Option<Angle<'a>> {
        let (sign, rest) = text.split_first()?;
        if !matches!(sign, b'+' | b'-') {
            return None;
        }
        let number = Number::scan(rest)?;
        let form = Form::of(number.integer_digits, self)?;
        let angle = Angle::read(form, *sign == b'-', number);
        self.allows(&angle).then_some(angle)
    }

    #[inline(always)]
    fn allows(&self, angle: &Angle<'_>) -> bool {
        if angle.degrees >= self.degrees_max {
            let more = angle.minutes != 0 || angle.seconds != 0 || angle.number.has_fraction();
            return angle.degrees == self.degrees_max && !more;
        }
        angle.minutes < 60 && angle.seconds < 60
    }
}

#[cfg(test)]
mod tests;
