//! Who the clients are: how each goes, and between which towns. Pure.

use super::mode::Mode;
use super::traveller::Traveller;
use crate::globe::{Location, chord};
use crate::random::Random;
use crate::world::Place;
use std::collections::BTreeMap;

/// Large cities in and around which many live: name and country.
const CITIES: [(&str, &str); 6] = [
    ("Los Angeles", "US"),
    ("São Paulo", "BR"),
    ("London", "GB"),
    ("Lagos", "NG"),
    ("Delhi", "IN"),
    ("Tokyo", "JP"),
];
/// Of a hundred clients so many live there.
const IN_CITIES: usize = 40;
/// How far around a city's centre.
const CITY_METRES: f64 = 25_000.0;
/// The others live in towns of so many people at least.
const HOME_POPULATION_MIN: u32 = 100_000;
/// Most towns that one client calls at.
const TOWNS_MAX: usize = 10;
/// Towns farther away than that are looked for by nobody: it is half of the way around the earth.
const REACH_METRES_MAX: f64 = 20_040_000.0;

/// The towns of the world as clients look for them.
#[derive(Debug)]
pub struct World {
    /// The most populous first.
    towns: Vec<Town>,
}

#[derive(Debug)]
struct Town {
    place: Place,
    vector: [f64; 3],
}

impl World {
    /// Of these places.
    pub fn new(places: Vec<Place>) -> Self {
        let town = |place: Place| Town { vector: place.location.unit_vector(), place };
        let mut towns: Vec<Town> = places.into_iter().map(town).collect();
        towns.sort_by_key(|town| (std::cmp::Reverse(town.place.population), town.place.geoname_id));
        World { towns }
    }

    /// How many have at least so many people: they are the first.
    fn larger(&self, population_min: u32) -> usize {
        self.towns.partition_point(|town| town.place.population >= population_min)
    }

    /// Those of at least so many people within `metres` of a place.
    fn around(&self, centre: Location, metres: f64, population_min: u32) -> Vec<Location> {
        let vector = centre.unit_vector();
        let chord_squared = chord(metres).powi(2);
        let is_near = |town: &&Town| {
            let squares = town.vector.iter().zip(vector).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>() <= chord_squared
        };
        let larger = &self.towns[..self.larger(population_min)];
        larger.iter().filter(is_near).map(|town| town.place.location).collect()
    }

    /// The most populous town of that name and country.
    fn city(&self, (name, country): (&str, &str)) -> Option<Location> {
        let is_it = |town: &&Town| town.place.name == name && town.place.country == country;
        self.towns.iter().find(is_it).map(|town| town.place.location)
    }

    /// So many clients, the same for the same seed.
    ///
    /// # Errors
    /// If there are not two towns to go between.
    pub fn crowd(&self, clients: usize, seed: u64) -> Result<Vec<Traveller>, String> {
        if self.towns.len() < 2 {
            return Err("there are not two towns to walk between".to_owned());
        }
        let found = CITIES.iter().filter_map(|&city| self.city(city));
        let cities: Vec<Vec<Location>> =
            found.map(|centre| self.around(centre, CITY_METRES, 0)).collect();
        // So wide that ids are of one length, and at least three.
        let width = clients.to_string().len().max(3);
        let mut random = Random::new(seed);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let traveller = |number| {
            let mode = Mode::of(number);
            let count = counts.entry(mode.name).or_default();
            *count += 1;
            let id = format!("{}-{count:0width$}", mode.name);
            let home = self.home(&cities, mode, &mut random);
            let towns = self.towns_of(home, mode, &mut random);
            Traveller::new(id, mode, towns, Random::new(random.next()))
        };
        Ok((0..clients).map(traveller).collect())
    }

    /// Where somebody lives.
    fn home(&self, cities: &[Vec<Location>], mode: &Mode, random: &mut Random) -> Location {
        if random.below(100) < IN_CITIES && !cities.is_empty() {
            let city = &cities[random.below(cities.len())];
            return city[random.below(city.len())];
        }
        let population_min = mode.population_min.max(HOME_POPULATION_MIN);
        let larger = self.larger(population_min).max(1);
        self.towns[random.below(larger)].place.location
    }

    /// Two towns or more around a home, drawn from those that the mode reaches, or, where there are
    /// none, from farther away.
    fn towns_of(&self, home: Location, mode: &Mode, random: &mut Random) -> Vec<Location> {
        let mut reach_metres = mode.reach_kilometres * 1e3;
        let (mut apart_metres, mut population_min) =
            (mode.apart_kilometres * 1e3, mode.population_min);
        loop {
            let mut near = self.around(home, reach_metres, population_min);
            let mut chosen: Vec<Location> = Vec::new();
            while !near.is_empty() && chosen.len() < TOWNS_MAX {
                let drawn = near.swap_remove(random.below(near.len()));
                if chosen.iter().all(|&town| town.metres_to(drawn) >= apart_metres) {
                    chosen.push(drawn);
                }
            }
            if chosen.len() >= 2 {
                return chosen;
            }
            if reach_metres < REACH_METRES_MAX {
                reach_metres *= 2.0;
            } else {
                // There is no such pair of towns: any two will do.
                (apart_metres, population_min) = (0.0, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mode::MODES;
    use super::*;
    use crate::world::{WORLD, read};
    use std::sync::LazyLock;

    static EARTH: LazyLock<World> = LazyLock::new(|| World::new(read(WORLD).expect("the places")));

    #[test]
    fn the_large_cities_are_found_and_have_districts() {
        for city in CITIES {
            let centre = EARTH.city(city).expect(city.0);
            assert!(EARTH.around(centre, CITY_METRES, 0).len() >= 10, "{city:?}");
        }
    }

    #[test]
    fn ids_are_of_one_length_and_each_is_given_once() {
        let mut crowd = EARTH.crowd(500, 1).expect("a crowd");
        let mut ids: Vec<String> = crowd.iter().map(|client| client.id().to_owned()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 500);
        assert!(ids.contains(&"walker-130".to_owned()) && ids.contains(&"plane-050".to_owned()));
        // All the same with the same seed, and somewhere else with another.
        let places = |seed| -> Vec<Location> {
            let mut crowd = EARTH.crowd(500, seed).expect("a crowd");
            crowd.iter_mut().map(|client| client.position(60.0)).collect()
        };
        let here: Vec<Location> = crowd.iter_mut().map(|client| client.position(60.0)).collect();
        assert_eq!(places(1), here);
        assert_ne!(places(2), here);
    }

    #[test]
    fn many_are_in_the_cities_and_the_others_all_over_the_world() {
        let centres: Vec<Location> = CITIES.iter().filter_map(|&city| EARTH.city(city)).collect();
        let mut crowd = EARTH.crowd(1_000, 1).expect("a crowd");
        let (mut in_cities, mut quarters) = (0, [0; 4]);
        for client in &mut crowd {
            let here = client.position(0.0);
            if centres.iter().any(|centre| centre.metres_to(here) < 1.5 * CITY_METRES) {
                in_cities += 1;
            } else {
                quarters[((here.longitude + 180.0) / 90.0) as usize % 4] += 1;
            }
        }
        // Trains, planes and some cars are far from home.
        assert!((220..450).contains(&in_cities), "{in_cities}");
        assert!(quarters.iter().all(|&count| count > 40), "{quarters:?}");
    }

    #[test]
    fn towns_are_in_reach_and_apart() {
        let campus = Location { latitude: 34.068_93, longitude: -118.445_127 };
        for mode in &MODES {
            let towns = EARTH.towns_of(campus, mode, &mut Random::new(1));
            assert!((2..=TOWNS_MAX).contains(&towns.len()));
            for (at, town) in towns.iter().enumerate() {
                // There is somebody near enough but for those who walk.
                let metres = campus.metres_to(*town);
                assert!(metres <= 2.0 * mode.reach_kilometres * 1e3, "{}: {metres}", mode.name);
                for other in &towns[..at] {
                    assert!(town.metres_to(*other) >= mode.apart_kilometres * 1e3);
                }
            }
        }
    }

    #[test]
    fn two_towns_are_enough_wherever_they_are() {
        let place = |geoname_id, latitude| Place {
            geoname_id,
            name: "x",
            location: Location { latitude, longitude: 0.0 },
            country: "XX",
            population: 0,
        };
        let world = World::new(vec![place(1, -80.0), place(2, 80.0)]);
        assert_eq!(world.crowd(20, 1).expect("a crowd").len(), 20);
        assert!(World::new(vec![place(1, 0.0)]).crowd(1, 1).is_err());
    }
}
