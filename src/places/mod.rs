//! The Places service: what to send for a question, and what a client gets for an answer. Pure.
//!
//! ```text
//! Search --Service::request--> bytes --> ... --> wire::http::Response
//! Response --judge--> Answer (kept; cut for each asker to its bound), or Problem
//! Problem --answer--> Answer (our own, in the shape of an error of the service)
//! ```
//!
//! A dialect is how the service is asked, and how its answer becomes one in the legacy shape,
//! which is what clients see whichever was asked: [`legacy`] or [`new`].

mod answer;
mod choice;
mod fields;
mod judge;
mod key;
pub mod legacy;
pub mod new;
mod numbers;
mod problem;
mod settings;
mod url;

pub use answer::Answer;
pub use choice::{Choice, choose};
pub use fields::{FieldMask, FieldMaskError};
pub use judge::judge;
pub use key::{Key, KeyError};
pub use problem::{Problem, Status};
pub use settings::{AskingLimits, PlacesSettings};
pub use url::UrlError;

use crate::limits;
use crate::transport::{Endpoint, TlsProfile};
use crate::wire::decimal::NANOS;
use crate::wire::http::{Response, ResponseLimits};
use numbers::push_signed;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Whom to trust when Places is asked, and what to show: the TLS configuration of that name.
pub const TLS_PROFILE: TlsProfile = TlsProfile("places");

/// How much of a response of Places is read.
pub const RESPONSE_LIMITS: ResponseLimits = ResponseLimits {
    head_bytes_max: limits::PLACES_HEAD_BYTES_MAX,
    body_bytes_max: limits::PLACES_BODY_BYTES_MAX,
};

/// What is asked: all places within a radius around a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Search {
    /// Degrees north, in billionths.
    pub latitude_nanodegrees: i64,
    /// Degrees east, in billionths.
    pub longitude_nanodegrees: i64,
    /// In millionths of a metre.
    pub radius_micrometres: u64,
}

impl fmt::Display for Search {
    /// The point in decimal degrees and the radius in kilometres.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut point = String::new();
        push_signed(&mut point, self.latitude_nanodegrees, NANOS);
        point.push(',');
        push_signed(&mut point, self.longitude_nanodegrees, NANOS);
        let kilometres = self.radius_micrometres as f64 / 1e9;
        write!(f, "{kilometres} km around {point}")
    }
}

/// How the service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Nearby Search (legacy): `GET /maps/api/place/nearbysearch/json` with a query.
    Legacy,
    /// Nearby Search (new): `POST /v1/places:searchNearby` with a JSON body.
    New,
}

/// A dialect that is not spoken here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDialect(String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        match name {
            "legacy" => Ok(Dialect::Legacy),
            "new" => Ok(Dialect::New),
            _ => Err(UnknownDialect(name.to_owned())),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Legacy => "legacy",
            Dialect::New => "new",
        })
    }
}

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dialect {:?} of Places is not spoken, only legacy and new", self.0)
    }
}

impl Error for UnknownDialect {}

/// A Places service: where it is and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Where to connect, and the name to verify.
    pub endpoint: Endpoint,
    /// Path and query of its URL, beginning with a slash.
    pub path: String,
    /// What `Host` says: the host, and the port if it is not HTTPS's own.
    pub authority: String,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// What it demands, unless it is open to all.
    pub key: Option<Key>,
    /// Which fields of a place the new dialect is asked for.
    pub fields: FieldMask,
}

impl Service {
    /// The service at an `https` URL, asked for the default fields.
    pub fn parse(url: &str, dialect: Dialect, key: Option<Key>) -> Result<Self, UrlError> {
        let url::Url { endpoint, authority, path } = url::parse(url)?;
        let fields = FieldMask::default();
        Ok(Service { endpoint, path, authority, dialect, key, fields })
    }

    /// The request that asks `search`, whole.
    pub fn request(&self, search: &Search) -> Vec<u8> {
        match self.dialect {
            Dialect::Legacy => legacy::request(self, search),
            Dialect::New => new::request(self, search),
        }
    }

    /// What clients get for its response, or why they get none of it.
    pub fn judge(&self, response: Response) -> Result<Answer, Problem> {
        match self.dialect {
            Dialect::Legacy => judge(response, self.key.as_ref()),
            Dialect::New => new::judge(response, self.key.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_known_by_its_name() {
        for dialect in [Dialect::Legacy, Dialect::New] {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
        let error = "Legacy".parse::<Dialect>().unwrap_err();
        let said = error.to_string();
        assert_eq!(said, "dialect \"Legacy\" of Places is not spoken, only legacy and new");
    }

    #[test]
    fn a_service_shows_all_but_its_key() {
        let key = Key::new("AIzaSecret").unwrap();
        let url = "https://localhost:8443/near";
        let service = Service::parse(url, Dialect::Legacy, Some(key)).unwrap();
        let shown = format!("{service:?}");
        assert!(shown.contains("localhost") && shown.contains("Key(..)"), "{shown}");
        assert!(!shown.contains("AIza"), "{shown}");
    }
}
