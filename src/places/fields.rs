//! Which fields of a place the new dialect is asked for. They decide what a call costs.
//!
//! Google bills a call by the dearest field in its mask ("Nearby Search (New)", list of fields by
//! SKU, Places API documentation, read in November 2026):
//!
//! * Nearby Search Pro, the cheapest that there is: `id`, `displayName`, `location`, `viewport`,
//!   `shortFormattedAddress`, `types`, `businessStatus`, `attributions`, and others that have no
//!   place in the legacy shape;
//! * Nearby Search Enterprise: `rating`, `userRatingCount`, `priceLevel`, and others.
//!
//! <https://developers.google.com/maps/documentation/places/web-service/nearby-search>

use crate::limits;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A field mask as it is sent: paths with commas between them, or `*`. By default all of the
/// cheapest SKU that has a place in the legacy shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMask(String);

/// What is wrong with a field mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldMaskError {
    /// It is longer than the limit.
    TooLong,
    /// That path is neither `*` nor `places` with names behind it.
    Path(String),
}

impl FieldMask {
    /// What is asked for unless it is said otherwise.
    pub const DEFAULT: &str = "places.id,places.displayName,places.location,places.viewport,\
        places.shortFormattedAddress,places.types,places.businessStatus,places.attributions";

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for FieldMask {
    fn default() -> Self {
        FieldMask(FieldMask::DEFAULT.to_owned())
    }
}

impl FromStr for FieldMask {
    type Err = FieldMaskError;

    fn from_str(mask: &str) -> Result<Self, FieldMaskError> {
        if mask.len() > limits::PLACES_FIELDS_BYTES_MAX {
            return Err(FieldMaskError::TooLong);
        }
        match mask.split(',').find(|path| !is_path(path)) {
            None => Ok(FieldMask(mask.to_owned())),
            Some(path) => Err(FieldMaskError::Path(path.to_owned())),
        }
    }
}

/// Only places are asked for, and nothing may be in it that ends a header.
fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let mut names = path.split('.');
    path == "*" || (names.next() == Some("places") && names.all(is_name))
}

impl fmt::Display for FieldMaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldMaskError::TooLong => {
                write!(f, "it is longer than {} bytes", limits::PLACES_FIELDS_BYTES_MAX)
            }
            FieldMaskError::Path(path) => {
                write!(f, "{path:?} is no path such as places.id, with commas between them")
            }
        }
    }
}

impl Error for FieldMaskError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_are_paths_of_places() {
        for mask in [
            "*",
            "places",
            "places.id",
            "places.id,places.displayName.text,places.snake_case2",
            FieldMask::DEFAULT,
        ] {
            assert_eq!(mask.parse::<FieldMask>().unwrap().as_str(), mask);
        }
        assert_eq!(FieldMask::default(), FieldMask::DEFAULT.parse().unwrap());
        for (mask, path) in [
            ("", ""),
            ("places.id,", ""),
            ("places.id, places.types", " places.types"),
            ("places.", "places."),
            ("places..id", "places..id"),
            ("places.*", "places.*"),
            ("place.id", "place.id"),
            ("id", "id"),
            ("places.id\r\nX: y", "places.id\r\nX: y"),
            ("places.é", "places.é"),
        ] {
            let error = mask.parse::<FieldMask>().unwrap_err();
            assert_eq!(error, FieldMaskError::Path(path.to_owned()), "{mask:?}");
            assert!(!error.to_string().contains(['\r', '\n']));
        }
        let long = format!("places.{}", "a".repeat(limits::PLACES_FIELDS_BYTES_MAX));
        assert_eq!(long.parse::<FieldMask>(), Err(FieldMaskError::TooLong));
    }

    proptest! {
        #[test]
        fn no_mask_ends_a_header(text in "\\PC*|[placesid.,*_\r\n ]{0,40}") {
            if let Ok(mask) = text.parse::<FieldMask>() {
                prop_assert!(mask.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
