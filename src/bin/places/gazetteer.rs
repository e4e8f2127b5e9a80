//! The places that the stand-in knows: parsed once at the start, from text that is part of the
//! program.

use crate::globe::Location;
use crate::index::Index;
use std::fmt;

/// The world's towns and districts of more than 5,000 people: GeoNames, CC BY 4.0 (see
/// `ATTRIBUTION.md` beside the file).
pub const WORLD: &str = include_str!("places.tsv");

/// First line of the data.
const HEADER: &str = "geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation";

/// How far away a bigger town may be to say where a place is, in metres.
const BIGGER_TOWN_METRES_MAX: f64 = 50_000.0;

/// A town, a city or a district of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Its number at GeoNames.
    pub geoname_id: u32,
    /// Its name, in UTF-8.
    pub name: &'static str,
    /// Where its centre is.
    pub location: Location,
    /// Its country: two letters (ISO 3166-1 alpha-2).
    pub country: &'static str,
    /// How many people live there; 0 where the source does not know.
    pub population: u32,
}

/// All places, found by where they are.
#[derive(Debug)]
pub struct Gazetteer {
    places: Vec<Place>,
    index: Index,
}

impl Gazetteer {
    /// Reads tab-separated lines as `ATTRIBUTION.md` describes them, the header first.
    ///
    /// # Errors
    ///
    /// The number of the first line that is something else.
    pub fn parse(text: &'static str) -> Result<Gazetteer, BadLine> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(BadLine { number: 1 });
        }
        let places = lines
            .zip(2..)
            .map(|(line, number)| place(line).ok_or(BadLine { number }))
            .collect::<Result<Vec<_>, _>>()?;
        let index = Index::new(places.iter().map(|place| place.location));
        Ok(Gazetteer { places, index })
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// At most `count` places within `radius_metres` of `centre`, nearest first.
    pub fn nearest(
        &self,
        centre: Location,
        radius_metres: f64,
        count: usize,
    ) -> impl Iterator<Item = &Place> {
        let found = self.index.nearest(centre, radius_metres, count, |_| true);
        found.into_iter().filter_map(|found| self.places.get(found.item as usize))
    }

    /// The nearest place in the same country where more people live, within 50 km.
    pub fn bigger_town_near(&self, place: &Place) -> Option<&Place> {
        let bigger = |item: u32| {
            self.places.get(item as usize).is_some_and(|other| {
                other.population > place.population && other.country == place.country
            })
        };
        let found = self.index.nearest(place.location, BIGGER_TOWN_METRES_MAX, 1, bigger);
        self.places.get(found.first()?.item as usize)
    }
}

/// The data has a line that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Which one; the first is 1.
    pub number: usize,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the places is not as it should be", self.number)
    }
}

fn place(line: &'static str) -> Option<Place> {
    let mut fields = line.split('\t');
    let place = Place {
        geoname_id: fields.next()?.parse().ok()?,
        name: fields.next().filter(|name| !name.is_empty())?,
        location: Location::new(fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)?,
        country: fields.next().filter(|country| country.len() == 2)?,
        population: fields.next()?.parse().ok()?,
    };
    fields.next().is_none().then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = "geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n\
        1\tGroß\t48.0\t8.0\tDE\t9000\n\
        2\tKlein\t48.1\t8.0\tDE\t80\n\
        3\tAutre\t48.09\t8.0\tFR\t90000\n";

    #[test]
    fn a_line_is_a_place() {
        let gazetteer = Gazetteer::parse(THREE).expect("three places");
        assert_eq!(gazetteer.len(), 3);
        let place = gazetteer.places[0];
        assert_eq!((place.geoname_id, place.name, place.country), (1, "Groß", "DE"));
        assert_eq!(place.location, Location { latitude: 48.0, longitude: 8.0 });
        assert_eq!(place.population, 9_000);
    }

    #[test]
    fn the_nearest_comes_first() {
        let gazetteer = Gazetteer::parse(THREE).expect("three places");
        let centre = Location { latitude: 48.11, longitude: 8.0 };
        let names = |metres, count| {
            gazetteer.nearest(centre, metres, count).map(|place| place.name).collect::<Vec<_>>()
        };
        assert_eq!(names(50_000.0, 20), ["Klein", "Autre", "Groß"]);
        assert_eq!(names(50_000.0, 2), ["Klein", "Autre"]);
        assert_eq!(names(5_000.0, 20), ["Klein", "Autre"]);
        assert_eq!(names(0.0, 20), [""; 0]);
    }

    #[test]
    fn a_bigger_town_is_one_of_the_same_country() {
        let gazetteer = Gazetteer::parse(THREE).expect("three places");
        let bigger = |item: usize| {
            gazetteer.bigger_town_near(&gazetteer.places[item]).map(|place| place.name)
        };
        assert_eq!((bigger(0), bigger(1), bigger(2)), (None, Some("Groß"), None));
    }

    #[test]
    fn a_broken_line_is_named() {
        for (text, number) in [
            ("", 1),
            ("geonameid\tname\n", 1),
            ("geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n1\tA\t91\t0\tDE\t1\n", 2),
            ("geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n1\tA\t9\t0\tDE\n", 2),
            ("geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n1\tA\t9\t0\tDE\t1\t\n", 2),
        ] {
            assert_eq!(Gazetteer::parse(text).map(|_| ()), Err(BadLine { number }), "{text:?}");
        }
    }

    #[test]
    fn the_world_has_69_472_places() {
        let world = Gazetteer::parse(WORLD).expect("the embedded data is whole");
        assert_eq!(world.len(), 69_472);
        let campus = Location { latitude: 34.06893, longitude: -118.445127 };
        let nearest = world.nearest(campus, 2_000.0, 1).next().expect("a place near the campus");
        assert_eq!((nearest.name, nearest.country), ("Bel Air", "US"));
    }
}
