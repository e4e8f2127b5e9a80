//! The areas that are asked about.

use super::sphere::{
    MARGIN_UNITS, Point, RADIUS_METRES, RADIUS_UNITS, chord_of_metres, metres_between,
};
use crate::wire::Location;
use std::f64::consts::PI;

/// Micrometres in a metre.
const MICROS: u64 = 1_000_000;

/// A circle on the ground: all places whose distance from the centre, rounded to the metre, is at
/// most the radius.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Area {
    centre: Location,
    radius_micrometres: u64,
    point: Point,
    /// Of the chord from the centre's point to a place's, in units: beyond the first is certainly
    /// outside, up to the second certainly inside (there may be none such).
    chord: i64,
    sure_chord: i64,
}

impl Area {
    /// Around that centre, with that radius. One of half the way around the Earth holds everything.
    pub fn new(centre: Location, radius_micrometres: u64) -> Area {
        // What is less than half a metre farther than the last whole one is rounded into the area.
        let metres = (radius_micrometres / MICROS) as f64 + 0.5;
        let chord = chord_of_metres(metres);
        let is_all = metres / RADIUS_METRES >= PI;
        let sure_chord =
            if is_all { 2 * RADIUS_UNITS + MARGIN_UNITS } else { chord as i64 - MARGIN_UNITS };
        Area {
            centre,
            radius_micrometres,
            point: Point::of(&centre),
            chord: (chord.ceil() as i64).min(2 * RADIUS_UNITS) + MARGIN_UNITS,
            sure_chord,
        }
    }

    /// Whether it holds that place, exactly: by the rounded distance.
    pub fn contains(&self, location: &Location) -> bool {
        self.reaches(metres_between(&self.centre, location))
    }

    /// Whether what is so far from the centre is inside.
    pub(super) fn reaches(&self, metres: u32) -> bool {
        u64::from(metres) * MICROS <= self.radius_micrometres
    }

    /// Quickly: yes for all places that it contains, and for those at most a few centimetres beyond
    /// (metres, if the radius is above 19,900 km).
    pub fn may_contain(&self, point: Point) -> bool {
        self.point.chord_squared(&point) <= self.chord * self.chord
    }

    /// The middle, as it was given.
    pub(super) fn location(&self) -> &Location {
        &self.centre
    }

    /// The point in the middle.
    pub fn centre(&self) -> Point {
        self.point
    }

    /// How long the chord is from the centre to the edge, in the units of a [`Point`]'s coordinates,
    /// with a margin of some centimetres; a few units more than the sphere's diameter at most. A box
    /// with this half side around the centre holds all that
    /// [`may_contain`](Self::may_contain) says yes to.
    pub fn chord(&self) -> i64 {
        self.chord
    }

    /// The square of a chord up to which all places are inside; less than zero if none is.
    pub(super) fn sure_chord_squared(&self) -> i64 {
        if self.sure_chord < 0 { -1 } else { self.sure_chord * self.sure_chord }
    }
}
