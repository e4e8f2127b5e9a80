//! The straight way from one point to another along the earth: an arc of a great circle. Pure.

use crate::globe::{EARTH_RADIUS_METRES, Location};

/// A way that is shorter, 6 mm, leads nowhere.
const NOWHERE_RADIANS: f64 = 1e-9;

/// An arc of a great circle.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Both ends on the unit sphere.
    from: [f64; 3],
    to: [f64; 3],
    /// Between them, seen from the earth's centre, in radians.
    angle: f64,
}

impl Way {
    /// The shortest way between points that are not opposite each other.
    pub fn new(from: Location, to: Location) -> Self {
        let angle = from.metres_to(to) / EARTH_RADIUS_METRES;
        Way { from: from.unit_vector(), to: to.unit_vector(), angle }
    }

    /// How long it is.
    pub fn metres(&self) -> f64 {
        self.angle * EARTH_RADIUS_METRES
    }

    /// The point that many metres from its beginning, by spherical linear interpolation (K.
    /// Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985).
    pub fn at(&self, metres: f64) -> Location {
        if self.angle < NOWHERE_RADIANS {
            return location(self.from);
        }
        let part = (metres / self.metres()).clamp(0.0, 1.0);
        let sine = self.angle.sin();
        let before = ((1.0 - part) * self.angle).sin() / sine;
        let behind = (part * self.angle).sin() / sine;
        location(std::array::from_fn(|axis| self.from[axis] * before + self.to[axis] * behind))
    }
}

/// The point that many metres away in a direction: radians from north, to the east.
pub fn beside(origin: Location, metres: f64, direction: f64) -> Location {
    let (latitude, longitude) = (origin.latitude.to_radians(), origin.longitude.to_radians());
    let up = origin.unit_vector();
    let east = [-longitude.sin(), longitude.cos(), 0.0];
    let north =
        [-latitude.sin() * longitude.cos(), -latitude.sin() * longitude.sin(), latitude.cos()];
    let angle = metres / EARTH_RADIUS_METRES;
    location(std::array::from_fn(|axis| {
        let ahead = direction.cos() * north[axis] + direction.sin() * east[axis];
        angle.cos() * up[axis] + angle.sin() * ahead
    }))
}

/// Where a vector from the earth's centre leaves the earth.
fn location([x, y, z]: [f64; 3]) -> Location {
    Location { latitude: z.atan2(x.hypot(y)).to_degrees(), longitude: y.atan2(x).to_degrees() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::PI;

    fn anywhere() -> impl Strategy<Value = Location> {
        (-90.0..=90.0, -180.0..=180.0)
            .prop_map(|(latitude, longitude)| Location { latitude, longitude })
    }

    #[test]
    fn a_way_goes_over_the_antimeridian_and_the_pole() {
        let at = |latitude, longitude| Location { latitude, longitude };
        let way = Way::new(at(0.0, 179.0), at(0.0, -179.0));
        assert!(way.at(way.metres() * 0.75).metres_to(at(0.0, -179.5)) < 1e-3);
        let way = Way::new(at(80.0, 20.0), at(80.0, -160.0));
        assert!(way.at(way.metres() / 2.0).latitude > 89.999_999);
    }

    #[test]
    fn a_way_to_where_one_is_leads_nowhere() {
        let here = Location { latitude: 34.0, longitude: -118.0 };
        for metres in [0.0, 1.0] {
            assert!(Way::new(here, here).at(metres).metres_to(here) < 1e-3);
        }
    }

    proptest! {
        #[test]
        fn a_point_of_a_way_is_on_it(from in anywhere(), to in anywhere(), part in 0.0..=1.0_f64) {
            let way = Way::new(from, to);
            // Between opposite points there is no one way.
            prop_assume!(way.angle < 3.1);
            let point = way.at(part * way.metres());
            prop_assert!(Location::new(point.latitude, point.longitude).is_some());
            prop_assert!((from.metres_to(point) - part * way.metres()).abs() < 1.0);
            prop_assert!((point.metres_to(to) - (1.0 - part) * way.metres()).abs() < 1.0);
        }

        #[test]
        fn what_is_beside_is_that_far_away(
            origin in anywhere(), metres in 0.0..20_000.0_f64, direction in 0.0..2.0 * PI,
        ) {
            let point = beside(origin, metres, direction);
            prop_assert!((origin.metres_to(point) - metres).abs() < 1e-2);
        }
    }
}
