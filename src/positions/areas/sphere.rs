//! Points on the sphere, and how far apart they are.

use crate::wire::Location;

/// Of the sphere that distances are measured on, in metres: the mean radius of the Earth's ellipsoid,
/// (2a + b) / 3 (Moritz, Geodetic Reference System 1980).
pub(super) const RADIUS_METRES: f64 = 6_371_008.8;
/// The same in the units of points' coordinates. So a unit is 5.93 mm, and the square of any chord
/// fits into 64 bits.
pub(super) const RADIUS_UNITS: i64 = (1 << 30) - 1;
/// By how many units the chord between two points may differ from that between their locations, with
/// something to spare: each of the six coordinates is rounded by at most half a unit, which makes
/// √3 together.
pub(super) const MARGIN_UNITS: i64 = 4;

/// A point on the sphere: the vector to it from the Earth's centre, in units of 5.93 mm (a radius is
/// 2³⁰ - 1 of them). Its axes go through 0° N 0° E, 0° N 90° E and the north pole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Point([i32; 3]);

impl Point {
    /// No place: no location is so far from the Earth's centre.
    pub(super) const NOWHERE: Point = Point([i32::MIN; 3]);

    /// Where a location is. All longitudes of a pole are one point, and so are 180° east and west.
    pub fn of(location: &Location) -> Point {
        let (sin_latitude, cos_latitude) = radians(location.latitude_nanodegrees).sin_cos();
        let (sin_longitude, cos_longitude) = radians(location.longitude_nanodegrees).sin_cos();
        let vector = [cos_latitude * cos_longitude, cos_latitude * sin_longitude, sin_latitude];
        Point(vector.map(|part| (part * RADIUS_UNITS as f64).round_ties_even() as i32))
    }

    /// Each is at most a radius, of either sign.
    pub fn coordinates(&self) -> [i32; 3] {
        self.0
    }

    /// On each axis, in which of the 2²¹ cells of 6.1 m it is.
    #[inline(always)]
    pub(super) fn cells(&self) -> [u32; 3] {
        self.0.map(|part| ((part + (1 << 30)) >> 10) as u32)
    }

    /// The square of the chord to another point.
    #[inline(always)]
    pub(super) fn chord_squared(&self, other: &Point) -> i64 {
        let difference = |axis: usize| i64::from(self.0[axis]) - i64::from(other.0[axis]);
        let [x, y, z] = [difference(0), difference(1), difference(2)];
        x * x + y * y + z * z
    }
}

/// The great-circle distance of two locations in metres, rounded, on a sphere of 6,371.0088 km.
///
/// It is the angle's tangent that is computed, as Vincenty's formula does where the ellipsoid is a
/// sphere (T. Vincenty, Direct and Inverse Solutions of Geodesics on the Ellipsoid, Survey Review 23,
/// 1975): unlike the angle's cosine or the haversine it keeps its digits for all distances, for points
/// a millimetre apart as for antipodal ones.
pub fn metres_between(from: &Location, to: &Location) -> u32 {
    let (sin_from, cos_from) = radians(from.latitude_nanodegrees).sin_cos();
    let (sin_to, cos_to) = radians(to.latitude_nanodegrees).sin_cos();
    let eastwards = to.longitude_nanodegrees - from.longitude_nanodegrees;
    let (sin_eastwards, cos_eastwards) = radians(eastwards).sin_cos();
    let east = cos_to * sin_eastwards;
    let north = cos_from * sin_to - sin_from * cos_to * cos_eastwards;
    let cosine = sin_from * sin_to + cos_from * cos_to * cos_eastwards;
    let angle = (east * east + north * north).sqrt().atan2(cosine);
    (RADIUS_METRES * angle).round() as u32
}

/// The same for a location of which only a point is known, at the chord with this square from the
/// other's point; `None` if that does not tell, because the distance is too near to where rounding
/// changes, or long.
pub(super) fn metres_of_chord(chord_squared: i64) -> Option<u32> {
    // Up to 60 degrees a distance differs by at most 1.16 times as much as its chord: so by 12 mm.
    const UNSURE_METRES: f64 = 0.02;
    if chord_squared > RADIUS_UNITS * RADIUS_UNITS {
        return None;
    }
    let sine_of_half = (chord_squared as f64).sqrt() / (2 * RADIUS_UNITS) as f64;
    let beyond = 2.0 * RADIUS_METRES * sine_of_half.asin() + 0.5;
    let fraction = beyond - beyond.floor();
    (UNSURE_METRES..1.0 - UNSURE_METRES).contains(&fraction).then_some(beyond as u32)
}

/// The chord under an angle of so many metres on the ground, in units; a diameter from half the way
/// around the Earth on.
pub(super) fn chord_of_metres(metres: f64) -> f64 {
    let half = (metres / RADIUS_METRES / 2.0).min(std::f64::consts::FRAC_PI_2);
    (2 * RADIUS_UNITS) as f64 * half.sin()
}

fn radians(nanodegrees: i64) -> f64 {
    nanodegrees as f64 * (std::f64::consts::PI / 180e9)
}
