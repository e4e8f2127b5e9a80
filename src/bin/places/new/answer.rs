//! The new dialect's answer: JSON as Google shapes it, with no member that has nothing in it
//! ("Nearby Search (New)", Google Maps Platform documentation): pure.

use super::{Question, Refusal};
use crate::answer::{ATTRIBUTION_PROVIDER, ATTRIBUTION_URI, TYPES, place_id, vicinity, viewport};
use crate::gazetteer::Gazetteer;
use crate::globe::Location;
use crate::world::Place;
use serde::Serialize;

/// A whole answer. Empty it is `{}`.
#[derive(Debug, Default, Serialize)]
pub struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Error {
    code: u16,
    message: &'static str,
    status: &'static str,
}

/// One place, as far as the field mask lets it be told. It has no `businessStatus`: towns are not
/// businesses.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<[&'static str; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    viewport: Option<Viewport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_formatted_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributions: Option<[Attribution; 1]>,
}

#[derive(Debug, Serialize)]
struct Point {
    latitude: f64,
    longitude: f64,
}

#[derive(Debug, Serialize)]
struct Viewport {
    low: Point,
    high: Point,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribution {
    provider: &'static str,
    provider_uri: &'static str,
}

impl<'a> Answer<'a> {
    /// The places nearest to the point asked about, nearest first.
    pub fn to(question: &Question, gazetteer: &'a Gazetteer) -> Answer<'a> {
        let near = question.near;
        let places = gazetteer
            .nearest(near.centre, near.radius_metres, question.count)
            .map(|place| Entry::new(place, gazetteer, question))
            .collect();
        Answer { error: None, places }
    }

    /// No places, and why.
    pub fn refusing(refusal: Refusal) -> Answer<'static> {
        let code = refusal.http_status();
        let error = Error { code, message: refusal.message(), status: refusal.status() };
        Answer { error: Some(error), places: Vec::new() }
    }

    /// How many places it has.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The JSON, indented by two spaces a level, with a line end at its end.
    ///
    /// # Errors
    ///
    /// None that is known: serde's interface has room for values that are no JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }
}

impl<'a> Entry<'a> {
    fn new(place: &'a Place, gazetteer: &Gazetteer, question: &Question) -> Entry<'a> {
        let mask = &question.mask;
        let (low, high) = viewport(place);
        let viewport = Viewport { low: low.into(), high: high.into() };
        let attribution =
            Attribution { provider: ATTRIBUTION_PROVIDER, provider_uri: ATTRIBUTION_URI };
        Entry {
            name: mask.only("name", format!("places/{}", place_id(place))),
            id: mask.only("id", place_id(place)),
            types: mask.only("types", TYPES),
            location: mask.only("location", place.location.into()),
            viewport: mask.only("viewport", viewport),
            display_name: mask.only("displayName", Text { text: place.name }),
            short_formatted_address: mask.only("shortFormattedAddress", vicinity(place, gazetteer)),
            attributions: mask.only("attributions", [attribution]),
        }
    }
}

impl From<Location> for Point {
    fn from(Location { latitude, longitude }: Location) -> Point {
        Point { latitude, longitude }
    }
}
