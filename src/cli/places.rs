//! The options that are about the Places service.

use super::error::UsageError;
use super::seconds;
use crate::limits::{
    PLACES_CACHE_AGE_MAX, PLACES_DEADLINE_MAX, PLACES_KEY_CALLS_PER_DAY,
    PLACES_KEY_CALLS_PER_SECOND,
};
use crate::places::{AskingLimits, Dialect, FieldMask};
use getopts::Matches;
use std::path::PathBuf;
use std::time::Duration;

/// Which Places service to ask, how, how long, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlacesOptions {
    /// The whole endpoint; without it Google or the stand-in is asked.
    pub url: Option<String>,
    /// The certificates to trust there instead of the web's roots (PEM).
    pub ca: Option<PathBuf>,
    /// How it is asked, if it was said; see [`choose`](crate::places::choose).
    pub dialect: Option<Dialect>,
    /// Which fields of a place the new dialect is asked for, if it was said.
    pub fields: Option<FieldMask>,
    /// The file with the key, which goes before the environment's.
    pub key_file: Option<PathBuf>,
    /// How long a question may take, how many there may be, and how long an answer is good.
    pub limits: AskingLimits,
}

const CONNECT_TIMEOUT: &str = "places-connect-timeout";
const FIRST_BYTE_TIMEOUT: &str = "places-first-byte-timeout";
const TIMEOUT: &str = "places-timeout";
const CALLS_PER_SECOND: &str = "places-calls-per-second";
const CALLS_PER_DAY: &str = "places-calls-per-day";
const CACHE: &str = "places-cache";

/// Declares them, with their help.
pub(super) fn declare(declared: &mut getopts::Options) {
    let seconds = |what: &str, default: Duration| {
        format!("seconds for {what} (default: {})", default.as_secs())
    };
    let default = AskingLimits::default();
    let connect = seconds("look-up, connect and TLS", default.connect_timeout);
    let first_byte = seconds("an answer's first byte", default.first_byte_timeout);
    let whole = seconds("a whole query", default.timeout);
    let calls = |time: &str, default: u32| {
        format!("most calls in a {time} (default: {default} with a key, else no limit)")
    };
    let per_second = calls("second", PLACES_KEY_CALLS_PER_SECOND);
    let per_day = calls("day", PLACES_KEY_CALLS_PER_DAY);
    declared
        .optopt(
            "",
            "places",
            "the Places endpoint, https and path included (default: Google if there is a key, \
             else the stand-in on port 8443)",
            "URL",
        )
        .optopt("", "places-ca", "certificates to trust there (default: the web's roots)", "PEM")
        .optopt(
            "",
            "places-dialect",
            "how it is asked: legacy or new (default: new if the URL ends in :searchNearby or it \
             is Google, else legacy)",
            "DIALECT",
        )
        .optopt(
            "",
            "places-fields",
            "field mask of the new dialect, instead of what fills the legacy shape at the lowest \
             price; ratings and price levels, which cost more, are in it if asked for",
            "MASK",
        )
        .optopt(
            "",
            "places-key-file",
            "file with the key, used instead of GOOGLE_PLACES_API_KEY; refused if others than its \
             owner may use it",
            "FILE",
        )
        .optopt("", CONNECT_TIMEOUT, &connect, "S")
        .optopt("", FIRST_BYTE_TIMEOUT, &first_byte, "S")
        .optopt("", TIMEOUT, &whole, "S")
        .optopt("", CALLS_PER_SECOND, &per_second, "N")
        .optopt("", CALLS_PER_DAY, &per_day, "N")
        .optopt(
            "",
            CACHE,
            "seconds for which an answer is used again (default: 0, never; Google's terms limit \
             keeping what it answers)",
            "S",
        );
}

/// Reads what was given.
pub(super) fn read(given: &Matches) -> Result<PlacesOptions, UsageError> {
    let dialect = given
        .opt_str("places-dialect")
        .map(|name| name.parse::<Dialect>().map_err(|_| UsageError::PlacesDialect(name)));
    let fields = given
        .opt_str("places-fields")
        .map(|mask| mask.parse::<FieldMask>().map_err(UsageError::PlacesFields));
    Ok(PlacesOptions {
        url: given.opt_str("places"),
        ca: given.opt_str("places-ca").map(PathBuf::from),
        dialect: dialect.transpose()?,
        fields: fields.transpose()?,
        key_file: given.opt_str("places-key-file").map(PathBuf::from),
        limits: limits(given)?,
    })
}

fn limits(given: &Matches) -> Result<AskingLimits, UsageError> {
    let default = AskingLimits::default();
    Ok(AskingLimits {
        connect_timeout: deadline(given, CONNECT_TIMEOUT, default.connect_timeout)?,
        first_byte_timeout: deadline(given, FIRST_BYTE_TIMEOUT, default.first_byte_timeout)?,
        timeout: deadline(given, TIMEOUT, default.timeout)?,
        calls_per_second: count(given, CALLS_PER_SECOND)?,
        calls_per_day: count(given, CALLS_PER_DAY)?,
        cache: time(given, CACHE, default.cache, Duration::ZERO, PLACES_CACHE_AGE_MAX)?,
    })
}

fn deadline(
    given: &Matches,
    option: &'static str,
    default: Duration,
) -> Result<Duration, UsageError> {
    time(given, option, default, Duration::from_nanos(1), PLACES_DEADLINE_MAX)
}

pub(super) fn time(
    given: &Matches,
    option: &'static str,
    default: Duration,
    least: Duration,
    most: Duration,
) -> Result<Duration, UsageError> {
    let Some(text) = given.opt_str(option) else { return Ok(default) };
    seconds(&text, most).filter(|time| *time >= least).ok_or_else(|| UsageError::Seconds {
        option,
        given: text,
        from_zero: least.is_zero(),
        most,
    })
}

pub(super) fn count(given: &Matches, option: &'static str) -> Result<Option<u32>, UsageError> {
    let Some(text) = given.opt_str(option) else { return Ok(None) };
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(count) if is_digits => Ok(Some(count)),
        _ => Err(UsageError::Count { option, given: text }),
    }
}
