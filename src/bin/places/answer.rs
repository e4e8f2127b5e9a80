//! The legacy dialect's answer: JSON as Google shapes it, with keys in their alphabetical order
//! ("Nearby Search (Legacy)", Google Maps Platform documentation): pure.

use crate::gazetteer::Gazetteer;
use crate::globe::Location;
use crate::legacy::{Question, Refusal};
use crate::world::Place;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::PrettyFormatter;

/// Most places in an answer, as at Google.
pub const RESULTS_MAX: usize = 20;

/// How far a place's viewport reaches to each side in metres. Its true extent is not in the data.
const VIEWPORT_METRES: f64 = 1_000.0;

/// What every place here is.
pub const TYPES: [&str; 2] = ["locality", "political"];

/// Who the licence of the data asks to be named with it.
pub const ATTRIBUTION_PROVIDER: &str = "GeoNames (CC BY 4.0)";
/// Where they are.
pub const ATTRIBUTION_URI: &str = "https://www.geonames.org/";
/// Both, as HTML.
const ATTRIBUTION: &str = "<a href=\"https://www.geonames.org/\">GeoNames (CC BY 4.0)</a>";

/// A whole answer.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'static str>,
    html_attributions: &'static [&'static str],
    results: Vec<Entry<'a>>,
    status: &'static str,
}

/// One place. It has no `business_status`: towns are not businesses.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    geometry: Geometry,
    name: &'a str,
    place_id: String,
    types: [&'static str; 2],
    vicinity: String,
}

#[derive(Debug, Serialize)]
struct Geometry {
    location: Point,
    viewport: Viewport,
}

#[derive(Debug, Serialize)]
struct Viewport {
    northeast: Point,
    southwest: Point,
}

#[derive(Debug, Serialize)]
struct Point {
    lat: f64,
    lng: f64,
}

impl<'a> Answer<'a> {
    /// The places nearest to the point asked about, nearest first.
    pub fn to(question: &Question, gazetteer: &'a Gazetteer) -> Answer<'a> {
        let results: Vec<Entry<'_>> = gazetteer
            .nearest(question.centre, question.radius_metres, RESULTS_MAX)
            .map(|place| Entry::new(place, gazetteer))
            .collect();
        let (html_attributions, status): (&[&str], _) =
            if results.is_empty() { (&[], "ZERO_RESULTS") } else { (&[ATTRIBUTION], "OK") };
        Answer { error_message: None, html_attributions, results, status }
    }

    /// No places, and why.
    pub fn refusing(refusal: Refusal) -> Answer<'static> {
        Answer {
            error_message: Some(refusal.message()),
            html_attributions: &[],
            results: Vec::new(),
            status: refusal.status(),
        }
    }

    /// How many places it has.
    pub fn count(&self) -> usize {
        self.results.len()
    }

    /// Its `status`.
    pub fn status(&self) -> &'static str {
        self.status
    }

    /// The JSON, indented by three spaces a level, with a line end at its end.
    ///
    /// # Errors
    ///
    /// None that is known: serde's interface has room for values that are no JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut json = Vec::new();
        let formatter = PrettyFormatter::with_indent(b"   ");
        self.serialize(&mut Serializer::with_formatter(&mut json, formatter))?;
        json.push(b'\n');
        Ok(json)
    }
}

impl<'a> Entry<'a> {
    fn new(place: &'a Place, gazetteer: &Gazetteer) -> Entry<'a> {
        let (southwest, northeast) = viewport(place);
        let viewport = Viewport { northeast: northeast.into(), southwest: southwest.into() };
        Entry {
            geometry: Geometry { location: place.location.into(), viewport },
            name: place.name,
            place_id: place_id(place),
            types: TYPES,
            vicinity: vicinity(place, gazetteer),
        }
    }
}

impl From<Location> for Point {
    fn from(Location { latitude: lat, longitude: lng }: Location) -> Point {
        Point { lat, lng }
    }
}

/// What a place is known by.
pub fn place_id(place: &Place) -> String {
    format!("geonames:{}", place.geoname_id)
}

/// Where a place is in words: the nearest bigger town within 50 km, if any, and the country.
pub fn vicinity(place: &Place, gazetteer: &Gazetteer) -> String {
    match gazetteer.bigger_town_near(place) {
        Some(town) => format!("{}, {}", town.name, place.country),
        None => place.country.to_owned(),
    }
}

/// The south-west and north-east corner of what a place takes up.
pub fn viewport(place: &Place) -> (Location, Location) {
    let (southwest, northeast) = place.location.surroundings(VIEWPORT_METRES);
    (rounded(southwest), rounded(northeast))
}

/// To seven decimals, a centimetre: what was computed is not known better.
fn rounded(corner: Location) -> Location {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    Location { latitude: round(corner.latitude), longitude: round(corner.longitude) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WORLD;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::sync::LazyLock;

    static GAZETTEER: LazyLock<Gazetteer> =
        LazyLock::new(|| Gazetteer::parse(WORLD).expect("the embedded data is whole"));

    fn ask(latitude: f64, longitude: f64, radius_metres: f64) -> Answer<'static> {
        let centre = Location { latitude, longitude };
        Answer::to(&Question { centre, radius_metres }, &GAZETTEER)
    }

    fn parsed(answer: &Answer<'_>) -> Value {
        serde_json::from_slice(&answer.to_json().expect("serialisable")).expect("JSON")
    }

    #[test]
    fn an_answer_has_googles_shape() {
        let expected = r#"{
   "html_attributions": [
      "<a href=\"https://www.geonames.org/\">GeoNames (CC BY 4.0)</a>"
   ],
   "results": [
      {
         "geometry": {
            "location": {
               "lat": 34.07362,
               "lng": -118.40036
            },
            "viewport": {
               "northeast": {
                  "lat": 34.0826132,
                  "lng": -118.3895028
               },
               "southwest": {
                  "lat": 34.0646268,
                  "lng": -118.4112172
               }
            }
         },
         "name": "Beverly Hills",
         "place_id": "geonames:5328041",
         "types": [
            "locality",
            "political"
         ],
         "vicinity": "West Hollywood, US"
      }
   ],
   "status": "OK"
}
"#;
        let json = ask(34.0736, -118.4004, 100.0).to_json().expect("serialisable");
        assert_eq!(String::from_utf8(json).expect("UTF-8"), expected);
    }

    #[test]
    fn nothing_near_is_zero_results() {
        let answer = ask(-48.876667, -123.393333, 50_000.0);
        assert_eq!((answer.count(), answer.status()), (0, "ZERO_RESULTS"));
        let json = String::from_utf8(answer.to_json().expect("serialisable")).expect("UTF-8");
        let expected = "{\n   \"html_attributions\": [],\n   \"results\": [],\n   \
                        \"status\": \"ZERO_RESULTS\"\n}\n";
        assert_eq!(json, expected);
    }

    #[test]
    fn a_refusal_says_why() {
        for refusal in [Refusal::WrongKey, Refusal::NoLocation, Refusal::NoRadius] {
            let answer = parsed(&Answer::refusing(refusal));
            assert_eq!(answer["status"], refusal.status());
            assert_eq!(answer["error_message"], refusal.message());
            assert_eq!(answer["results"], Value::Array(Vec::new()));
        }
    }

    #[test]
    fn the_biggest_town_around_is_in_its_country_only() {
        let answer = parsed(&ask(34.05223, -118.24368, 10.0));
        assert_eq!(answer["results"][0]["name"], "Los Angeles");
        assert_eq!(answer["results"][0]["vicinity"], "US");
    }

    proptest! {
        #[test]
        fn any_question_gets_at_most_twenty_places_nearest_first_within_the_radius(
            latitude in -90.0..=90.0, longitude in -180.0..=180.0, radius in 0.0..=50_000.0,
        ) {
            let answer = parsed(&ask(latitude, longitude, radius));
            let results = answer["results"].as_array().expect("an array");
            prop_assert!(results.len() <= RESULTS_MAX);
            let status = if results.is_empty() { "ZERO_RESULTS" } else { "OK" };
            prop_assert_eq!(&answer["status"], status);
            let mut before = 0.0;
            for result in results {
                let location = &result["geometry"]["location"];
                let degrees = |axis: &str| location[axis].as_f64().expect("a number");
                let place = Location::new(degrees("lat"), degrees("lng")).expect("on the globe");
                let metres = Location { latitude, longitude }.metres_to(place);
                prop_assert!(before <= metres && metres <= radius);
                before = metres;
            }
        }
    }
}
