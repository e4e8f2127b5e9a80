//! Which Places service is asked, and how, from what the operator said.

use super::Dialect;

const GOOGLE_NEW: &str = "https://places.googleapis.com/v1/places:searchNearby";
const GOOGLE_LEGACY: &str = "https://maps.googleapis.com/maps/api/place/nearbysearch/json";
const STAND_IN_NEW: &str = "https://localhost:8443/v1/places:searchNearby";
const STAND_IN_LEGACY: &str = "https://localhost:8443/maps/api/place/nearbysearch/json";

/// How the path of the new dialect ends, wherever it is spoken.
const NEW_PATH_END: &str = ":searchNearby";

/// Which service to ask, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The whole endpoint, not validated if it was given.
    pub url: &'a str,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// Whether it is the stand-in because nothing else was said: its authority is to be trusted.
    pub is_stand_in: bool,
}

/// The service at `url` if there is one; otherwise Google if there is a key, else the stand-in.
///
/// The dialect is what was said. Otherwise a given URL's path tells, Google is asked in the new one
/// (the legacy one is not enabled for new projects any more), the stand-in in the legacy one.
pub fn choose(url: Option<&str>, dialect: Option<Dialect>, has_key: bool) -> Choice<'_> {
    let is_stand_in = url.is_none() && !has_key;
    let dialect = dialect.unwrap_or_else(|| match url {
        Some(url) => spoken_at(url),
        None if has_key => Dialect::New,
        None => Dialect::Legacy,
    });
    let url = url.unwrap_or(match (has_key, dialect) {
        (true, Dialect::New) => GOOGLE_NEW,
        (true, Dialect::Legacy) => GOOGLE_LEGACY,
        (false, Dialect::New) => STAND_IN_NEW,
        (false, Dialect::Legacy) => STAND_IN_LEGACY,
    });
    Choice { url, dialect, is_stand_in }
}

fn spoken_at(url: &str) -> Dialect {
    let path = url.split('?').next().unwrap_or(url);
    if path.ends_with(NEW_PATH_END) { Dialect::New } else { Dialect::Legacy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Service;

    #[test]
    fn without_a_url_the_key_and_the_dialect_tell() {
        for (dialect, has_key, url, spoken) in [
            (None, true, GOOGLE_NEW, Dialect::New),
            (Some(Dialect::New), true, GOOGLE_NEW, Dialect::New),
            (Some(Dialect::Legacy), true, GOOGLE_LEGACY, Dialect::Legacy),
            (None, false, STAND_IN_LEGACY, Dialect::Legacy),
            (Some(Dialect::Legacy), false, STAND_IN_LEGACY, Dialect::Legacy),
            (Some(Dialect::New), false, STAND_IN_NEW, Dialect::New),
        ] {
            let expected = Choice { url, dialect: spoken, is_stand_in: !has_key };
            assert_eq!(choose(None, dialect, has_key), expected);
            assert!(Service::parse(url, spoken, None).is_ok(), "{url}");
            assert_eq!(spoken_at(url), spoken);
        }
    }

    #[test]
    fn a_url_tells_by_its_path_unless_the_dialect_is_said() {
        for (url, guessed) in [
            ("https://h/v1/places:searchNearby", Dialect::New),
            ("https://h/proxy/x:searchNearby?a=b", Dialect::New),
            ("https://h/maps/api/place/nearbysearch/json", Dialect::Legacy),
            ("https://h/?x=:searchNearby", Dialect::Legacy),
            ("https://h", Dialect::Legacy),
            ("", Dialect::Legacy),
        ] {
            for has_key in [true, false] {
                let choice = |dialect| Choice { url, dialect, is_stand_in: false };
                assert_eq!(choose(Some(url), None, has_key), choice(guessed));
                for said in [Dialect::Legacy, Dialect::New] {
                    assert_eq!(choose(Some(url), Some(said), has_key), choice(said));
                }
            }
        }
    }
}
