//! The places that the stand-in knows, found by where they are: read once at the start.

use crate::globe::Location;
use crate::index::Index;
use crate::world::{BadLine, Place, read};

/// How far away a bigger town may be to say where a place is, in metres.
const BIGGER_TOWN_METRES_MAX: f64 = 50_000.0;

/// All places, found by where they are.
#[derive(Debug)]
pub struct Gazetteer {
    places: Vec<Place>,
    index: Index,
}

impl Gazetteer {
    /// Of the places that [`read`] finds in `text`.
    ///
    /// # Errors
    ///
    /// As [`read`].
    pub fn parse(text: &'static str) -> Result<Gazetteer, BadLine> {
        let places = read(text)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WORLD;
    use crate::world::tests::THREE;

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
    fn the_world_has_69_472_places() {
        let world = Gazetteer::parse(WORLD).expect("the embedded data is whole");
        assert_eq!(world.len(), 69_472);
        let campus = Location { latitude: 34.06893, longitude: -118.445127 };
        let nearest = world.nearest(campus, 2_000.0, 1).next().expect("a place near the campus");
        assert_eq!((nearest.name, nearest.country), ("Bel Air", "US"));
    }
}
