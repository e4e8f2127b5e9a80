//! One client on its way from town to town. Pure: time is handed in.

use super::mode::Mode;
use super::way::{Way, beside};
use crate::globe::Location;
use crate::random::Random;
use std::f64::consts::TAU;

/// The slowest goes with this part of its mode's speed, the fastest with all of it.
const SLOWEST: f64 = 0.75;
/// A way that is no longer is taken for that long, so that nobody arrives without end.
const WAY_METRES_MIN: f64 = 1.0;

/// A client that goes from one of its towns to another, and on to the next, for ever.
#[derive(Debug)]
pub struct Traveller {
    id: String,
    mode: &'static Mode,
    metres_per_second: f64,
    /// At least two.
    towns: Vec<Location>,
    /// Towards which of them it goes.
    towards: usize,
    way: Way,
    /// How much of the way is behind it.
    metres: f64,
    /// When that was so, in seconds.
    seconds: f64,
    random: Random,
}

impl Traveller {
    /// One that at second 0 is somewhere between two of those towns, of which there are at least two.
    pub fn new(id: String, mode: &'static Mode, towns: Vec<Location>, mut random: Random) -> Self {
        let speed = mode.kilometres_per_hour / 3.6;
        let metres_per_second = speed * (SLOWEST + (1.0 - SLOWEST) * random.fraction());
        let begins = stop(towns[0], mode, &mut random);
        let ends = stop(towns[1], mode, &mut random);
        let way = Way::new(begins, ends);
        let metres = way.metres() * random.fraction();
        Traveller {
            id,
            mode,
            metres_per_second,
            towns,
            towards: 1,
            way,
            metres,
            seconds: 0.0,
            random,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is at that second, which is no earlier than the one asked for before.
    pub fn position(&mut self, seconds: f64) -> Location {
        self.metres += (seconds - self.seconds).max(0.0) * self.metres_per_second;
        self.seconds = seconds;
        while self.metres >= self.way.metres().max(WAY_METRES_MIN) {
            self.metres -= self.way.metres().max(WAY_METRES_MIN);
            self.turn();
        }
        self.way.at(self.metres)
    }

    /// From where it has arrived it goes to another of its towns.
    fn turn(&mut self) {
        let here = self.way.at(self.way.metres());
        let others = self.towns.len() - 1;
        self.towards = (self.towards + 1 + self.random.below(others)) % self.towns.len();
        self.way = Way::new(here, stop(self.towns[self.towards], self.mode, &mut self.random));
    }
}

/// A point in a town, so that not all stop at the very same.
fn stop(town: Location, mode: &Mode, random: &mut Random) -> Location {
    // By the root, as many everywhere on the town's area.
    beside(town, mode.spread_metres * random.fraction().sqrt(), TAU * random.fraction())
}

#[cfg(test)]
mod tests {
    use super::super::mode::MODES;
    use super::*;
    use proptest::prelude::*;

    const TOWNS: [(f64, f64); 4] = [(34.0, -118.0), (34.2, -118.1), (33.9, -117.5), (34.0, -118.4)];

    fn traveller(mode: &'static Mode, seed: u64) -> Traveller {
        let towns = TOWNS.map(|(latitude, longitude)| Location { latitude, longitude });
        Traveller::new("x".to_owned(), mode, towns.to_vec(), Random::new(seed))
    }

    proptest! {
        #[test]
        fn nobody_is_faster_than_its_mode(
            mode in 0..MODES.len(), seed: u64, steps in prop::collection::vec(0.0..3_600.0_f64, 1..50),
        ) {
            let mode = &MODES[mode];
            let mut traveller = traveller(mode, seed);
            let mut seconds = 0.0;
            let mut here = traveller.position(seconds);
            for step in steps {
                seconds += step;
                let there = traveller.position(seconds);
                let most = step * mode.kilometres_per_hour / 3.6;
                prop_assert!(here.metres_to(there) <= most + 1e-3);
                here = there;
            }
        }

        #[test]
        fn it_is_the_same_however_often_it_is_asked(seed: u64, often in 1..200_u32) {
            let (mut rarely, mut frequently) = (traveller(&MODES[3], seed), traveller(&MODES[3], seed));
            let end = 20_000.0;
            for step in 0..=often {
                frequently.position(end * f64::from(step) / f64::from(often));
            }
            prop_assert!(rarely.position(end).metres_to(frequently.position(end)) < 1.0);
        }
    }

    #[test]
    fn it_moves_at_about_its_mode_s_speed() {
        for mode in &MODES {
            let mut traveller = traveller(mode, 1);
            let before = traveller.position(0.0);
            let metres = before.metres_to(traveller.position(0.1));
            let most = mode.kilometres_per_hour / 36.0;
            assert!((SLOWEST * most..=most + 1e-3).contains(&metres), "{}: {metres}", mode.name);
        }
    }

    #[test]
    fn who_arrives_goes_to_another_town_and_comes_to_all() {
        let car = &MODES[3];
        let mut traveller = traveller(car, 7);
        let mut visits = [0; TOWNS.len()];
        let mut last = None;
        for minute in 0..6_000 {
            let here = traveller.position(f64::from(minute) * 10.0);
            let near = |&(latitude, longitude): &(f64, f64)| {
                here.metres_to(Location { latitude, longitude }) < car.spread_metres + 300.0
            };
            let town = TOWNS.iter().position(near);
            if town.is_some() && town != last {
                visits[town.unwrap_or_default()] += 1;
                last = town;
            }
        }
        assert!(visits.iter().all(|&count| count > 2), "{visits:?}");
    }

    #[test]
    fn towns_on_one_spot_are_no_trap() {
        let here = Location { latitude: 34.0, longitude: -118.0 };
        static STILL: Mode = Mode { spread_metres: 0.0, ..MODES[0] };
        let mut traveller = Traveller::new("x".to_owned(), &STILL, vec![here; 2], Random::new(1));
        assert!(traveller.position(86_400.0).metres_to(here) < 1e-3);
    }
}
