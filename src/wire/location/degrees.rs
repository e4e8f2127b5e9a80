//! Locations as numbers of degrees, for JSON.

use super::{Angle, Form, scan};
use crate::wire::decimal::{NANOS, nine_digits, write_integer};

/// Writes the latitude, then the longitude of a valid location, each behind what `before` writes; nothing
/// if it is none. Where it is written in degrees its digits stay; of minutes and seconds nine decimals
/// are made at most.
pub(in crate::wire) fn write_degrees(
    out: &mut Vec<u8>,
    location: &[u8],
    mut before: impl FnMut(&mut Vec<u8>, &'static str),
) {
    if let Some(found) = scan(location) {
        for (name, angle) in [("latitude", found.latitude), ("longitude", found.longitude)] {
            before(out, name);
            angle.write_degrees(out);
        }
    }
}

impl Angle<'_> {
    /// As JSON has numbers: without plus or superfluous zeros ahead.
    fn write_degrees(&self, out: &mut Vec<u8>) {
        if self.negative {
            out.push(b'-');
        }
        if self.form == Form::Degrees {
            write_integer(out, self.number.integer);
            if !self.number.fraction.is_empty() {
                out.push(b'.');
                out.extend_from_slice(self.number.fraction);
            }
            return;
        }
        let size = self.nanodegrees().unsigned_abs();
        write_integer(out, size / NANOS);
        let digits = nine_digits((size % NANOS) as u32);
        let kept = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        if kept > 0 {
            out.push(b'.');
            out.extend_from_slice(&digits[..kept]);
        }
    }
}
