//! Which Places service is asked, and how, from the options and the environment.

use super::{Failure, key, trust};
use crate::cli::PlacesOptions;
use crate::places::{Choice, Dialect, Key, PlacesSettings, Service, choose};
use crate::reactor::ClientConfigSource;
use std::env;
use std::path::Path;

/// The Places service to ask.
pub(super) struct Places {
    /// Where it is, and how it is asked.
    pub(super) settings: PlacesSettings,
    /// Whom to trust there.
    pub(super) tls: ClientConfigSource,
    /// Whether it is the stand-in because nothing else was said.
    pub(super) is_stand_in: bool,
}

/// The service that was asked for.
pub(super) fn places(options: &PlacesOptions) -> Result<Places, Failure> {
    let key = match &options.key_file {
        Some(path) => Some(key::in_file(path)?),
        None => key::in_environment(env::var(key::KEY_VARIABLE))?,
    };
    places_with(options, key)
}

fn places_with(options: &PlacesOptions, key: Option<Key>) -> Result<Places, Failure> {
    let Choice { url, dialect, is_stand_in } =
        choose(options.url.as_deref(), options.dialect, key.is_some());
    if dialect == Dialect::Legacy && options.fields.is_some() {
        let why = "--places-fields is for the new dialect; Places is asked in the legacy";
        return Err(Failure::usage(why));
    }
    let limits = if key.is_some() { options.limits.capped() } else { options.limits };
    let service = Service::parse(url, dialect, key)
        .map_err(|error| Failure::Usage(format!("--places {url:?}: {error}")))?;
    let fields = options.fields.clone().unwrap_or_default();
    let service = Service { fields, ..service };
    let settings = PlacesSettings { service, limits };
    let stand_in = is_stand_in.then_some(Path::new(trust::STAND_IN_CA));
    let tls = trust::trust(options.ca.as_deref(), stand_in)?;
    Ok(Places { settings, tls, is_stand_in })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::FieldMask;

    fn fields() -> Option<FieldMask> {
        Some("places.rating".parse().unwrap())
    }

    #[test]
    fn without_a_key_it_is_the_stand_in_and_with_one_google() {
        let options = PlacesOptions::default();
        let stand_in = places_with(&options, None).unwrap();
        assert!(stand_in.is_stand_in);
        assert_eq!(stand_in.settings.service.authority, "localhost:8443");
        let google = places_with(&options, Some(Key::new("AIza").unwrap())).unwrap();
        assert!(!google.is_stand_in);
        assert_eq!(google.settings.service.authority, "places.googleapis.com");
        assert_eq!(stand_in.settings.limits, options.limits);
        assert_eq!(google.settings.limits, options.limits.capped());
    }

    #[test]
    fn fields_reach_the_new_dialect_and_are_refused_for_the_legacy() {
        let options = |dialect| PlacesOptions { dialect, fields: fields(), ..Default::default() };
        let new = places_with(&options(Some(Dialect::New)), None).unwrap();
        assert_eq!(Some(new.settings.service.fields), fields());
        for dialect in [None, Some(Dialect::Legacy)] {
            let failure = places_with(&options(dialect), None).err().unwrap();
            assert!(failure.to_string().starts_with("--places-fields "), "{failure}");
            assert_eq!(failure.exit_status(), 2);
        }
    }

    #[test]
    fn a_url_that_is_none_is_wrong_usage() {
        let url = Some("http://h/".to_owned());
        let failure = places_with(&PlacesOptions { url, ..Default::default() }, None).err();
        let failure = failure.unwrap();
        assert!(failure.to_string().starts_with("--places \"http://h/\": "), "{failure}");
        assert_eq!(failure.exit_status(), 2);
    }
}
