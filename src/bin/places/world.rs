//! The places of the world: text that is part of the program, and how it is read. The stand-in tells of
//! them, and `load --walk` has its clients walk between them.

use crate::globe::Location;
use std::fmt;

/// The world's towns and districts of more than 5,000 people: GeoNames, CC BY 4.0 (see
/// `ATTRIBUTION.md` beside the file).
pub const WORLD: &str = include_str!("places.tsv");

/// First line of the data.
const HEADER: &str = "geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation";

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

/// Reads tab-separated lines as `ATTRIBUTION.md` describes them, the header first.
///
/// # Errors
///
/// The number of the first line that is something else.
pub fn read(text: &'static str) -> Result<Vec<Place>, BadLine> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return Err(BadLine { number: 1 });
    }
    let places = lines.zip(2..);
    places.map(|(line, number)| place(line).ok_or(BadLine { number })).collect()
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
pub mod tests {
    use super::*;

    pub const THREE: &str = "geonameid\tname\tlatitude\tlongitude\tcountry\tpopulation\n\
        1\tGroß\t48.0\t8.0\tDE\t9000\n\
        2\tKlein\t48.1\t8.0\tDE\t80\n\
        3\tAutre\t48.09\t8.0\tFR\t90000\n";

    #[test]
    fn a_line_is_a_place() {
        let places = read(THREE).expect("three places");
        assert_eq!(places.len(), 3);
        let place = places[0];
        assert_eq!((place.geoname_id, place.name, place.country), (1, "Groß", "DE"));
        assert_eq!(place.location, Location { latitude: 48.0, longitude: 8.0 });
        assert_eq!(place.population, 9_000);
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
            assert_eq!(read(text), Err(BadLine { number }), "{text:?}");
        }
    }
}
