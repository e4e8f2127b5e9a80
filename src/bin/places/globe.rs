//! Points on the globe and the distance between them: pure.
//!
//! The earth is taken for a sphere, which is wrong by at most about half a per cent: a town within
//! 50 km is out by less than 300 m, and these "places" are kilometres wide.

/// The earth's mean radius R1 = (2a + b) / 3 of WGS 84 in metres (IUGG; H. Moritz, "Geodetic
/// Reference System 1980", Journal of Geodesy 74, 2000).
pub const EARTH_RADIUS_METRES: f64 = 6_371_008.8;

/// A point in decimal degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// -90 (south) to 90 (north).
    pub latitude: f64,
    /// -180 (west) to 180 (east).
    pub longitude: f64,
}

impl Location {
    /// The point, unless a coordinate is out of its range or not a number.
    pub fn new(latitude: f64, longitude: f64) -> Option<Location> {
        ((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude))
            .then_some(Location { latitude, longitude })
    }

    /// Metres along the great circle to `other`, by the haversine formula (R. W. Sinnott, "Virtues
    /// of the Haversine", Sky & Telescope 68, 1984), which stays exact for small distances.
    pub fn metres_to(self, other: Location) -> f64 {
        let (phi, other_phi) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_latitude = (other_phi - phi) / 2.0;
        let half_longitude = (other.longitude - self.longitude).to_radians() / 2.0;
        let haversine = half_latitude.sin().powi(2)
            + phi.cos() * other_phi.cos() * half_longitude.sin().powi(2);
        // Rounding may take the haversine of antipodes a little above one.
        2.0 * EARTH_RADIUS_METRES * haversine.sqrt().min(1.0).asin()
    }

    /// The point on the unit sphere: x towards (0, 0), y towards (0, 90 E), z towards the pole.
    pub fn unit_vector(self) -> [f64; 3] {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    }

    /// South-west and north-east corner of the box that reaches `metres` (up to a few kilometres)
    /// to each side. At the antimeridian the north-east corner is the one with the lesser
    /// longitude; around a pole the box holds all longitudes.
    pub fn surroundings(self, metres: f64) -> (Location, Location) {
        let height = (metres / EARTH_RADIUS_METRES).to_degrees();
        let south = (self.latitude - height).max(-90.0);
        let north = (self.latitude + height).min(90.0);
        let width = height / self.latitude.to_radians().cos();
        let (west, east) = if south == -90.0 || north == 90.0 || width >= 180.0 {
            (-180.0, 180.0)
        } else {
            (wrapped(self.longitude - width), wrapped(self.longitude + width))
        };
        (
            Location { latitude: south, longitude: west },
            Location { latitude: north, longitude: east },
        )
    }
}

/// The straight line through the unit sphere between points that far apart along it.
pub fn chord(metres: f64) -> f64 {
    let half_angle = metres / EARTH_RADIUS_METRES / 2.0;
    2.0 * half_angle.min(std::f64::consts::FRAC_PI_2).sin()
}

/// A longitude that went past the antimeridian by less than a turn, brought back.
fn wrapped(longitude: f64) -> f64 {
    if longitude < -180.0 {
        longitude + 360.0
    } else if longitude > 180.0 {
        longitude - 360.0
    } else {
        longitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(latitude: f64, longitude: f64) -> Location {
        Location::new(latitude, longitude).expect("a point on the globe")
    }

    fn anywhere() -> impl Strategy<Value = Location> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| at(latitude, longitude))
    }

    #[test]
    fn a_degree_along_the_equator_or_a_meridian_is_111_kilometres() {
        let degree = EARTH_RADIUS_METRES.to_radians();
        assert!((at(0.0, 0.0).metres_to(at(0.0, 1.0)) - degree).abs() < 1e-6);
        assert!((at(45.0, 7.0).metres_to(at(46.0, 7.0)) - degree).abs() < 1e-6);
        assert!((degree - 111_195.0).abs() < 1.0);
    }

    #[test]
    fn neither_antimeridian_nor_pole_is_far() {
        assert!((at(0.0, 179.5).metres_to(at(0.0, -179.5)) - 111_195.0).abs() < 1.0);
        assert!((at(89.5, 0.0).metres_to(at(89.5, 180.0)) - 111_195.0).abs() < 1.0);
        assert_eq!(at(90.0, 0.0).metres_to(at(90.0, 123.0)).round(), 0.0);
    }

    #[test]
    fn from_los_angeles_to_new_york_is_3_936_kilometres() {
        let metres = at(34.05223, -118.24368).metres_to(at(40.71427, -74.00597));
        assert!((metres - 3_935_750.0).abs() < 1_000.0, "{metres}");
    }

    #[test]
    fn out_of_range_or_not_a_number_is_no_location() {
        for (latitude, longitude) in [
            (90.1, 0.0),
            (-90.1, 0.0),
            (0.0, 180.1),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::NAN),
        ] {
            assert_eq!(Location::new(latitude, longitude), None);
        }
        assert!(Location::new(-90.0, 180.0).is_some());
    }

    #[test]
    fn surroundings_wrap_at_the_antimeridian_and_close_around_a_pole() {
        let (southwest, northeast) = at(0.0, 179.999).surroundings(1_000.0);
        assert!(southwest.longitude > 179.9 && northeast.longitude < -179.9);
        let (southwest, northeast) = at(90.0, 5.0).surroundings(1_000.0);
        assert_eq!((southwest.longitude, northeast.longitude), (-180.0, 180.0));
        assert_eq!(northeast.latitude, 90.0);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_agrees_with_the_chord(a in anywhere(), b in anywhere()) {
            let metres = a.metres_to(b);
            prop_assert!((metres - b.metres_to(a)).abs() < 1e-6);
            let (a, b) = (a.unit_vector(), b.unit_vector());
            let straight = (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt();
            prop_assert!((chord(metres) - straight).abs() < 1e-9);
        }

        #[test]
        fn surroundings_are_on_the_globe_and_reach_that_far(
            centre in anywhere(), metres in 1.0..10_000.0_f64,
        ) {
            let (southwest, northeast) = centre.surroundings(metres);
            for corner in [southwest, northeast] {
                prop_assert!(Location::new(corner.latitude, corner.longitude).is_some());
            }
            let height = northeast.latitude - southwest.latitude;
            prop_assert!(height <= (2.0 * metres / EARTH_RADIUS_METRES).to_degrees() + 1e-9);
            prop_assert!(southwest.latitude <= centre.latitude);
            prop_assert!(northeast.latitude >= centre.latitude);
        }
    }
}
