//! The daemon's arguments: from what the shell hands over to [`Options`]. Prints nothing and never
//! exits; that is for who called.

mod bounds;
mod error;
mod health;
mod journal;
mod nats;
mod places;
mod trust;
mod web;

pub use bounds::BoundsOptions;
pub use error::UsageError;
pub use health::HealthOptions;
pub use journal::{JournalOptions, JournalSync};
pub use nats::{CredentialsError, NatsOptions, NatsUrlError, credentials_in};
pub use places::PlacesOptions;
pub use trust::TrustOptions;

use crate::herd::BUILT_IN;
use crate::limits::{POSITIONS_BYTES_DEFAULT, POSITIONS_BYTES_MAX, SKEW_DEFAULT, SKEW_MAX};
use getopts::Matches;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What was asked of the daemon.
#[allow(clippy::large_enum_variant, reason = "a process has one")]
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To be one server.
    Run(Options),
    /// To tell whether that Places service answers, without being a server.
    Check(PlacesOptions),
    /// To tell whether a server is alive.
    CheckHealth(HealthOptions),
    /// To tell whether the journal in that folder is sound.
    CheckJournal(PathBuf),
    /// To print this help.
    Help(String),
    /// To print this name and version.
    Version(String),
}

/// How to be one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Which server of the herd to be.
    pub server: String,
    /// A built-in herd's name, or a herd file's path.
    pub herd: String,
    /// The Places service.
    pub places: PlacesOptions,
    /// What is kept on disk, if anything is.
    pub journal: Option<JournalOptions>,
    /// The message bus, if this server is a gateway to one.
    pub nats: Option<NatsOptions>,
    /// Who is trusted, and what strangers are shown.
    pub trust: TrustOptions,
    /// Where the log goes.
    pub log_dir: PathBuf,
    /// How far ahead of the server's clock a report may be.
    pub max_skew: Duration,
    /// How much memory positions may take before new clients are refused.
    pub memory_bytes: usize,
    /// What keeps strangers from taking all there is for clients.
    pub bounds: BoundsOptions,
    /// Origins from which pages may do over the web port what its own may, each once, as browsers
    /// write them: `https://example.org:8443`.
    pub cors: Vec<String>,
    /// Whether to serve the clients of the papers.
    pub classic: bool,
}

/// Reads the arguments, without the program's own name.
///
/// # Errors
///
/// The first thing that makes no sense.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Request, UsageError> {
    let arguments = arguments
        .map(|argument| argument.into_string().map_err(UsageError::NotUtf8))
        .collect::<Result<Vec<String>, UsageError>>()?;
    let declared = declared();
    let given = declared.parse(arguments).map_err(UsageError::Option)?;
    if given.opt_present("help") {
        return Ok(Request::Help(help(&declared)));
    }
    if given.opt_present("version") {
        return Ok(Request::Version(concat!("herd ", env!("CARGO_PKG_VERSION"), "\n").to_owned()));
    }
    if given.opt_present("check") {
        at_most_one_server(&given)?;
        return places::read(&given).map(Request::Check);
    }
    if let Some(options) = health::read(&given) {
        at_most_one_server(&given)?;
        return Ok(Request::CheckHealth(options));
    }
    if let Some(folder) = journal::checked(&given) {
        at_most_one_server(&given)?;
        return Ok(Request::CheckJournal(folder));
    }
    options(&given).map(Request::Run)
}

fn declared() -> getopts::Options {
    let skew = format!(
        "how far ahead of this server's clock a report may be, in seconds, at most {} (default: {})",
        SKEW_MAX.as_secs(),
        SKEW_DEFAULT.as_secs()
    );
    let memory = format!(
        "memory for positions, in MiB; when it is used up, new clients are refused (default: {})",
        POSITIONS_BYTES_DEFAULT >> 20
    );
    let mut declared = getopts::Options::new();
    declared.optopt("H", "herd", "a built-in herd, or a JSON file (default: goloman)", "NAME|FILE");
    places::declare(&mut declared);
    declared
        .optopt("", "log-dir", "where SERVER.log is written (default: logs)", "DIR")
        .optopt("", "max-skew", &skew, "S")
        .optopt("", "memory", &memory, "MIB");
    journal::declare(&mut declared);
    nats::declare(&mut declared);
    trust::declare(&mut declared);
    bounds::declare(&mut declared);
    web::declare(&mut declared);
    declared
        .optflag(
            "",
            "classic",
            "serve clients that send no line end and wait for the server to close (default: off)",
        )
        .optflag("", "check", "tell whether Places answers, and exit; no SERVER is needed");
    health::declare_check(&mut declared);
    journal::declare_check(&mut declared);
    declared.optflag("h", "help", "print this help").optflag("V", "version", "print the version");
    declared
}

fn help(declared: &getopts::Options) -> String {
    let mut herds = String::new();
    for (name, _) in BUILT_IN {
        herds += "    ";
        herds += name;
        herds += "\n";
    }
    let usage = declared.usage(
        "Usage: herd [options] SERVER\n       herd [options] --check\n       \
         herd [--keys DIR] --check-health URL\n       \
         herd --check-journal DIR\n\n\
         Runs one server of a herd, in the foreground, until SIGINT or SIGTERM.",
    );
    format!(
        "{usage}
Built-in herds:
{herds}
Environment:
    GOOGLE_PLACES_API_KEY   key for the Places service, unless there is --places-key-file (who may
                            see this process's environment sees it: the file is safer)
    RUST_LOG                what is logged (default: info)

Exit status:
    0   after a clean stop; with --check: Places answers; with --check-health: the server is
        alive; with --check-journal: it is sound
    1   something failed at run time: a port was taken, ...; with --check: Places does not answer;
        with --check-health: the server does not; with --check-journal: something in it is rotten
    2   wrong usage, or a wrong herd file; with --check-journal: there is no such folder
"
    )
}

fn options(given: &Matches) -> Result<Options, UsageError> {
    let server = at_most_one_server(given)?.ok_or(UsageError::NoServer)?.clone();
    let max_skew = match given.opt_str("max-skew") {
        None => SKEW_DEFAULT,
        Some(text) => seconds(&text, SKEW_MAX).ok_or(UsageError::MaxSkew(text))?,
    };
    let memory_bytes = match given.opt_str("memory") {
        None => POSITIONS_BYTES_DEFAULT,
        Some(text) => mebibytes(&text, POSITIONS_BYTES_MAX).ok_or(UsageError::Memory(text))?,
    };
    Ok(Options {
        server,
        herd: given.opt_str("herd").unwrap_or_else(|| BUILT_IN[0].0.to_owned()),
        places: places::read(given)?,
        journal: journal::read(given)?,
        nats: nats::read(given)?,
        trust: trust::read(given)?,
        log_dir: given.opt_str("log-dir").map_or_else(|| PathBuf::from("logs"), PathBuf::from),
        max_skew,
        memory_bytes,
        bounds: bounds::read(given)?,
        cors: web::cors(given)?,
        classic: given.opt_present("classic"),
    })
}

fn at_most_one_server(given: &Matches) -> Result<Option<&String>, UsageError> {
    match given.free.as_slice() {
        [] => Ok(None),
        [server] => Ok(Some(server)),
        [_, second, ..] => Err(UsageError::MoreServers(second.clone())),
    }
}

/// Digits; at least one and at most as many as `most_bytes` has. In bytes.
fn mebibytes(text: &str, most_bytes: usize) -> Option<usize> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let count =
        text.parse().ok().filter(|count| is_digits && (1..=most_bytes >> 20).contains(count));
    count.map(|count| count << 20)
}

/// Digits with an optional fraction, of which nanoseconds count; at most `most`.
fn seconds(text: &str, most: Duration) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanoseconds = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let time = Duration::new(whole.parse().ok()?, nanoseconds);
    (time <= most).then_some(time)
}

#[cfg(test)]
mod tests;
