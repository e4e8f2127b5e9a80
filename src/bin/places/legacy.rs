//! The legacy dialect's question,
//! `GET /maps/api/place/nearbysearch/json?location=LAT,LNG&radius=METRES&key=...`
//! ("Nearby Search (Legacy)", Google Maps Platform documentation): pure.
//!
//! Of its parameters only `location`, `radius` and `key` matter here; the others are passed over,
//! as towns are neither open now nor have a keyword.

use crate::globe::Location;
use crate::query_string;
use std::fmt;
use std::str;

/// Where the legacy dialect is spoken.
pub const PATH: &str = "/maps/api/place/nearbysearch/json";

/// Larger radii are clamped to this many metres, as Google's documentation says of its own.
pub const RADIUS_METRES_MAX: f64 = 50_000.0;

/// What is near a point?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// The point.
    pub centre: Location,
    /// How near, in metres, 0 to [`RADIUS_METRES_MAX`].
    pub radius_metres: f64,
}

/// Why a question gets no answer. Google says so with HTTP status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A key is required and the one given is another.
    WrongKey,
    /// `location` is missing or not two decimal numbers on the globe.
    NoLocation,
    /// `radius` is missing or not a decimal number of metres.
    NoRadius,
}

impl Refusal {
    /// The `status` for it.
    pub fn status(self) -> &'static str {
        match self {
            Refusal::WrongKey => "REQUEST_DENIED",
            Refusal::NoLocation | Refusal::NoRadius => "INVALID_REQUEST",
        }
    }

    /// The `error_message` for it.
    pub fn message(self) -> &'static str {
        match self {
            Refusal::WrongKey => "The provided API key is invalid.",
            Refusal::NoLocation => "location must be LATITUDE,LONGITUDE in decimal degrees.",
            Refusal::NoRadius => "radius must be a number of metres, 0 to 50000.",
        }
    }
}

impl Question {
    /// Reads the parameters of a request. With a `required_key`, whoever does not give it is
    /// refused before anything else is looked at.
    ///
    /// # Errors
    ///
    /// The first reason not to answer.
    pub fn read(query: &str, required_key: Option<&str>) -> Result<Question, Refusal> {
        if let Some(required) = required_key
            && query_string::value(query, "key").as_deref() != Some(required.as_bytes())
        {
            return Err(Refusal::WrongKey);
        }
        let centre = query_string::value(query, "location");
        let centre = centre.and_then(|value| location(&value)).ok_or(Refusal::NoLocation)?;
        let radius = query_string::value(query, "radius");
        let radius = radius.and_then(|value| decimal(str::from_utf8(&value).ok()?));
        let radius = radius.filter(|metres| *metres >= 0.0).ok_or(Refusal::NoRadius)?;
        Ok(Question { centre, radius_metres: radius.min(RADIUS_METRES_MAX) })
    }
}

impl fmt::Display for Question {
    /// In words, for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { latitude, longitude } = self.centre;
        write!(f, "within {} m of {latitude},{longitude}", self.radius_metres)
    }
}

fn location(value: &[u8]) -> Option<Location> {
    let (latitude, longitude) = str::from_utf8(value).ok()?.split_once(',')?;
    Location::new(decimal(latitude)?, decimal(longitude)?)
}

/// A decimal number without exponent. White space around it is ignored: it is also what an
/// unencoded `+` before the digits has become.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    // Left to itself, the standard library also reads `inf`, `nan` and `1e5`.
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'));
    if plain { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> Result<(f64, f64, f64), Refusal> {
        Question::read(query, None).map(|question| {
            (question.centre.latitude, question.centre.longitude, question.radius_metres)
        })
    }

    #[test]
    fn location_and_radius_make_a_question() {
        let question = Ok((34.06893, -118.445127, 10_000.0));
        assert_eq!(read("location=34.06893,-118.445127&radius=10000&key=secret"), question);
        assert_eq!(read("location=34.06893%2C-118.445127&radius=10000"), question);
        assert_eq!(
            read("radius=1e4&radius=10000&location=34.06893,-118.445127"),
            Err(Refusal::NoRadius)
        );
        assert_eq!(read("keyword=x&radius=10000.0&location=%2B34.06893,-118.445127"), question);
        assert_eq!(read("radius=10000&location=+34.06893,+-118.445127"), question);
        assert_eq!(read("location=-90,180&radius=0"), Ok((-90.0, 180.0, 0.0)));
    }

    #[test]
    fn a_radius_above_50_kilometres_is_clamped() {
        assert_eq!(read("location=1,2&radius=50000"), Ok((1.0, 2.0, 50_000.0)));
        assert_eq!(read("location=1,2&radius=50000.5"), Ok((1.0, 2.0, 50_000.0)));
        assert_eq!(read("location=1,2&radius=99999999999999999999"), Ok((1.0, 2.0, 50_000.0)));
    }

    #[test]
    fn an_unreadable_location_is_refused() {
        for location in [
            "", "1", "1,", ",2", "1,2,3", "a,b", "nan,0", "inf,0", "91,0", "0,181", "1e1,0",
            "%ff,1",
        ] {
            let query = format!("location={location}&radius=5");
            assert_eq!(read(&query), Err(Refusal::NoLocation), "{query}");
        }
        assert_eq!(read("radius=5"), Err(Refusal::NoLocation));
    }

    #[test]
    fn an_unreadable_radius_is_refused() {
        for radius in ["", "-1", "five", "5,5", "nan", "inf", "1e3", "0x10", "1.2.3", "%ff", "."] {
            let query = format!("location=1,2&radius={radius}");
            assert_eq!(read(&query), Err(Refusal::NoRadius), "{query}");
        }
        assert_eq!(read("location=1,2"), Err(Refusal::NoRadius));
        assert_eq!(
            read(&format!("location=1,2&radius={}", "9".repeat(400))),
            Err(Refusal::NoRadius)
        );
    }

    #[test]
    fn a_required_key_is_required_first() {
        let read = |query| Question::read(query, Some("s&cret")).err();
        assert_eq!(read("location=1,2&radius=3&key=s%26cret"), None);
        assert_eq!(read("location=1,2&radius=3&key=S%26cret"), Some(Refusal::WrongKey));
        assert_eq!(read("location=1,2&radius=3&key="), Some(Refusal::WrongKey));
        assert_eq!(read("location=1,2&radius=3"), Some(Refusal::WrongKey));
        assert_eq!(read(""), Some(Refusal::WrongKey));
        assert_eq!(read("key=s%26cret"), Some(Refusal::NoLocation));
    }

    proptest! {
        #[test]
        fn any_numbers_in_range_are_read_as_they_were_written(
            latitude in -90.0..=90.0, longitude in -180.0..=180.0, radius in 0.0..=50_000.0,
        ) {
            let query = format!("location={latitude},{longitude}&radius={radius}");
            prop_assert_eq!(read(&query), Ok((latitude, longitude, radius)));
        }

        #[test]
        fn any_text_is_taken(query in ".*", key in prop::option::of(".*")) {
            let _ = Question::read(&query, key.as_deref());
            let _ = Question::read(&format!("location={query}&radius={query}"), None);
        }
    }
}
