//! The new dialect's question: `POST /v1/places:searchNearby` with a JSON body, a field mask and
//! the key in headers ("Nearby Search (New)", Google Maps Platform documentation): pure.
//!
//! Of the body only `locationRestriction` and `maxResultCount` matter here; the other members are
//! passed over, as towns are neither open now nor restaurants. What is nearest comes first.

pub mod answer;
pub mod mask;

use crate::globe::Location;
use crate::legacy::{self, RADIUS_METRES_MAX};
use herd::wire::http::Request;
use mask::Mask;
use serde::Deserialize;

/// Where the new dialect is spoken.
pub const PATH: &str = "/v1/places:searchNearby";

/// Most places in an answer, and how many there are unless it is said, as at Google.
pub const RESULTS_MAX: usize = 20;

/// What is near a point, and what of it is to be told?
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The point, and how near: more than 0 metres.
    pub near: legacy::Question,
    /// At most that many places, 1 to [`RESULTS_MAX`].
    pub count: usize,
    /// Which fields of each.
    pub mask: Mask,
}

/// Why a question gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A key is required and none is given.
    NoKey,
    /// A key is required and the one given is another.
    WrongKey,
    /// There is no field mask.
    NoMask,
    /// The field mask has a path that is none, or not one of places.
    BadMask,
    /// The body is no JSON, or its members are of other types than they should be.
    BadBody,
    /// There is no circle with a centre.
    NoCircle,
    /// The centre is not on the globe.
    BadCentre,
    /// The radius is missing, not positive or too large.
    BadRadius,
    /// `maxResultCount` is not 1 to 20.
    BadCount,
}

impl Refusal {
    /// The HTTP status for it.
    pub fn http_status(self) -> u16 {
        match self {
            Refusal::NoKey | Refusal::WrongKey => 403,
            _ => 400,
        }
    }

    /// The `status` for it (the names of `google.rpc.Code`).
    pub fn status(self) -> &'static str {
        match self {
            Refusal::NoKey | Refusal::WrongKey => "PERMISSION_DENIED",
            _ => "INVALID_ARGUMENT",
        }
    }

    /// The `message` for it.
    pub fn message(self) -> &'static str {
        match self {
            Refusal::NoKey => "A key is required: give one in X-Goog-Api-Key.",
            Refusal::WrongKey => "The provided API key is invalid.",
            Refusal::NoMask => {
                "FieldMask is a required parameter: name the fields in X-Goog-FieldMask."
            }
            Refusal::BadMask => {
                "The field mask must be * or paths such as places.id, with commas and no spaces."
            }
            Refusal::BadBody => "The body is not JSON of the documented types.",
            Refusal::NoCircle => "locationRestriction.circle.center is required.",
            Refusal::BadCentre => {
                "The latitude must be within -90 and 90, the longitude within -180 and 180."
            }
            Refusal::BadRadius => "The radius must be more than 0 and at most 50000 metres.",
            Refusal::BadCount => "maxResultCount must be 1 to 20.",
        }
    }
}

/// The body, as far as it matters. A coordinate that is missing is zero, as the interface (of
/// Protocol Buffers) has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    max_result_count: Option<i64>,
    location_restriction: Option<LocationRestriction>,
}

#[derive(Deserialize)]
struct LocationRestriction {
    circle: Option<Circle>,
}

#[derive(Deserialize)]
struct Circle {
    center: Option<Centre>,
    radius: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Centre {
    latitude: f64,
    longitude: f64,
}

impl Question {
    /// Reads a request. With a `required_key`, whoever does not give it is refused before anything
    /// else is looked at.
    ///
    /// # Errors
    ///
    /// The first reason not to answer.
    pub fn read(request: &Request<'_>, required_key: Option<&str>) -> Result<Question, Refusal> {
        match (required_key, request.header("x-goog-api-key")) {
            (Some(_), None) => return Err(Refusal::NoKey),
            (Some(required), Some(given)) if required != given => return Err(Refusal::WrongKey),
            _ => {}
        }
        let mask = request.header("x-goog-fieldmask").unwrap_or_default();
        if mask.is_empty() {
            return Err(Refusal::NoMask);
        }
        let mask = Mask::parse(mask).ok_or(Refusal::BadMask)?;
        let body: Body = serde_json::from_slice(request.body()).map_err(|_| Refusal::BadBody)?;
        let circle = body.location_restriction.and_then(|restriction| restriction.circle);
        let circle = circle.ok_or(Refusal::NoCircle)?;
        let Centre { latitude, longitude } = circle.center.ok_or(Refusal::NoCircle)?;
        let centre = Location::new(latitude, longitude).ok_or(Refusal::BadCentre)?;
        let radius_metres = circle
            .radius
            .filter(|metres| *metres > 0.0 && *metres <= RADIUS_METRES_MAX)
            .ok_or(Refusal::BadRadius)?;
        let count = match body.max_result_count {
            None => Some(RESULTS_MAX),
            Some(count) => usize::try_from(count).ok(),
        };
        let count = count.filter(|count| (1..=RESULTS_MAX).contains(count));
        let near = legacy::Question { centre, radius_metres };
        Ok(Question { near, count: count.ok_or(Refusal::BadCount)?, mask })
    }
}

#[cfg(test)]
mod tests;
