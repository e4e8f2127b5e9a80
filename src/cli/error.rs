//! Why arguments make no sense.

use super::nats::NatsUrlError;
use crate::limits::{NATS_SUBJECT_PREFIX_BYTES_MAX, POSITIONS_BYTES_MAX, SKEW_MAX};
use crate::places::FieldMaskError;
use getopts::Fail;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// Why the arguments make no sense. Its `Display` is one line, with a hint where to read more.
#[derive(Debug, PartialEq, Eq)]
pub enum UsageError {
    /// An unknown, repeated or incomplete option.
    Option(Fail),
    /// An argument that is not UTF-8.
    NotUtf8(OsString),
    /// No server was named.
    NoServer,
    /// More than one server was named; the second.
    MoreServers(String),
    /// `--max-skew` with something else than seconds within the limit.
    MaxSkew(String),
    /// `--memory` with something else than mebibytes within the limit.
    Memory(String),
    /// `--journal-sync` with something else than it knows.
    JournalSync(String),
    /// `--journal-sync` without `--journal`.
    NoJournal,
    /// An option that makes no sense without another.
    Lacks {
        /// Its name, without the dashes.
        option: &'static str,
        /// The other's.
        what: &'static str,
    },
    /// `--nats` with what is no URL of a bus. It does not tell the URL, which may hold a password.
    Nats(NatsUrlError),
    /// `--nats-subject` with what no subject begins with.
    NatsSubject(String),
    /// `--nats-credentials`, and credentials in the URL, too.
    NatsCredentials,
    /// `--places-dialect` with an unknown one.
    PlacesDialect(String),
    /// `--places-fields` with what is no field mask.
    PlacesFields(FieldMaskError),
    /// `--cors` with what is no origin of HTTP.
    Cors(String),
    /// An option with something else than seconds within its limits.
    Seconds {
        /// Its name, without the dashes.
        option: &'static str,
        /// What was given.
        given: String,
        /// Whether zero is among them.
        from_zero: bool,
        /// The most that may be given.
        most: Duration,
    },
    /// An option with something else than a whole number that fits.
    Count {
        /// Its name, without the dashes.
        option: &'static str,
        /// What was given.
        given: String,
    },
}

impl Error for UsageError {}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The message quotes the argument, which may hold line ends.
            UsageError::Option(fail) => {
                f.write_str(&fail.to_string().replace(char::is_control, " "))
            }
            UsageError::NotUtf8(argument) => write!(f, "argument {argument:?} is not UTF-8"),
            UsageError::NoServer => f.write_str("which server? None is named"),
            UsageError::MoreServers(second) => write!(f, "one server at a time: {second:?} too"),
            UsageError::MaxSkew(given) => write!(
                f,
                "--max-skew {given:?}: give seconds, digits with an optional fraction, at most {}",
                SKEW_MAX.as_secs()
            ),
            UsageError::Memory(given) => write!(
                f,
                "--memory {given:?}: give MiB, a whole number, at least 1 and at most {}",
                POSITIONS_BYTES_MAX >> 20
            ),
            UsageError::JournalSync(given) => {
                write!(f, "--journal-sync {given:?}: it is second or always")
            }
            UsageError::NoJournal => {
                f.write_str("--journal-sync without --journal: there is nothing to be kept")
            }
            UsageError::Lacks { option, what } => write!(f, "--{option} needs --{what}"),
            UsageError::Nats(error) => write!(f, "--nats: {error}"),
            UsageError::NatsSubject(given) => write!(
                f,
                "--nats-subject {given:?}: give tokens with dots between them, without wildcards \
                 and white space, of at most {NATS_SUBJECT_PREFIX_BYTES_MAX} bytes"
            ),
            UsageError::NatsCredentials => {
                f.write_str("--nats-credentials, and credentials in --nats, too: one of them")
            }
            UsageError::PlacesDialect(given) => {
                write!(f, "--places-dialect {given:?}: it is legacy or new")
            }
            UsageError::PlacesFields(error) => write!(f, "--places-fields: {error}"),
            UsageError::Cors(given) => write!(
                f,
                "--cors {given:?}: give an origin, http:// or https://, a host and a port if it is \
                 not the usual one, such as https://example.org:8443"
            ),
            UsageError::Seconds { option, given, from_zero, most } => write!(
                f,
                "--{option} {given:?}: give seconds, digits with an optional fraction, {}at most {}",
                if *from_zero { "" } else { "more than 0 and " },
                most.as_secs()
            ),
            UsageError::Count { option, given } => {
                write!(f, "--{option} {given:?}: give a whole number, at most {}", u32::MAX)
            }
        }?;
        f.write_str(" (herd --help says more)")
    }
}
