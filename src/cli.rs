//! The daemon's arguments: from what the shell hands over to [`Options`]. Prints nothing and never
//! exits; that is for `main`.

use crate::herd::BUILT_IN;
use crate::limits::{SKEW_DEFAULT, SKEW_MAX};
use getopts::{Fail, Matches};
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What was asked of the daemon.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To be one server.
    Run(Options),
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
    /// The whole endpoint of the Places service; without it Google or the stand-in is asked.
    pub places: Option<String>,
    /// The certificates to trust at Places instead of the web's roots (PEM).
    pub places_ca: Option<PathBuf>,
    /// How to ask Places, if it was said; legacy otherwise.
    pub places_dialect: Option<PlacesDialect>,
    /// Where the log goes.
    pub log_dir: PathBuf,
    /// How far ahead of the server's clock a report may be.
    pub max_skew: Duration,
    /// Whether to serve the clients of the papers.
    pub classic: bool,
}

/// The two ways to ask the Places service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacesDialect {
    /// `GET /maps/api/place/nearbysearch/json`.
    Legacy,
    /// `POST /v1/places:searchNearby`.
    New,
}

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
    /// `--places-dialect` with an unknown one.
    PlacesDialect(String),
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
            UsageError::PlacesDialect(given) => {
                write!(f, "--places-dialect {given:?}: it is legacy or new")
            }
        }?;
        f.write_str(" (herd --help says more)")
    }
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
    options(&given).map(Request::Run)
}

fn declared() -> getopts::Options {
    let skew = format!(
        "how far ahead of this server's clock a report may be, in seconds, at most {} (default: {})",
        SKEW_MAX.as_secs(),
        SKEW_DEFAULT.as_secs()
    );
    let mut declared = getopts::Options::new();
    declared
        .optopt("H", "herd", "a built-in herd, or a JSON file (default: goloman)", "NAME|FILE")
        .optopt(
            "",
            "places",
            "the Places endpoint, https and path included (default: Google if there is a key, \
             else the stand-in on port 8443)",
            "URL",
        )
        .optopt("", "places-ca", "certificates to trust there (default: the web's roots)", "PEM")
        .optopt("", "places-dialect", "how it is asked: legacy or new (default: legacy)", "DIALECT")
        .optopt("", "log-dir", "where SERVER.log is written (default: logs)", "DIR")
        .optopt("", "max-skew", &skew, "S")
        .optflag(
            "",
            "classic",
            "serve clients that send no line end and wait for the server to close (default: off)",
        )
        .optflag("h", "help", "print this help")
        .optflag("V", "version", "print the version");
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
        "Usage: herd [options] SERVER\n\nRuns one server of a herd, in the foreground, until \
         SIGINT or SIGTERM.",
    );
    format!(
        "{usage}
Built-in herds:
{herds}
Environment:
    GOOGLE_PLACES_API_KEY   key for the Places service
    RUST_LOG                what is logged (default: info)

Exit status:
    0   after a clean stop
    1   something failed at run time: a port was taken, ...
    2   wrong usage, or a wrong herd file
"
    )
}

fn options(given: &Matches) -> Result<Options, UsageError> {
    let server = match given.free.as_slice() {
        [] => return Err(UsageError::NoServer),
        [server] => server.clone(),
        [_, second, ..] => return Err(UsageError::MoreServers(second.clone())),
    };
    let max_skew = match given.opt_str("max-skew") {
        None => SKEW_DEFAULT,
        Some(text) => seconds(&text).ok_or(UsageError::MaxSkew(text))?,
    };
    let places_dialect = match given.opt_str("places-dialect").as_deref() {
        None => None,
        Some("legacy") => Some(PlacesDialect::Legacy),
        Some("new") => Some(PlacesDialect::New),
        Some(other) => return Err(UsageError::PlacesDialect(other.to_owned())),
    };
    Ok(Options {
        server,
        herd: given.opt_str("herd").unwrap_or_else(|| BUILT_IN[0].0.to_owned()),
        places: given.opt_str("places"),
        places_ca: given.opt_str("places-ca").map(PathBuf::from),
        places_dialect,
        log_dir: given.opt_str("log-dir").map_or_else(|| PathBuf::from("logs"), PathBuf::from),
        max_skew,
        classic: given.opt_present("classic"),
    })
}

/// Digits with an optional fraction, of which nanoseconds count; at most [`SKEW_MAX`].
fn seconds(text: &str) -> Option<Duration> {
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
    let skew = Duration::new(whole.parse().ok()?, nanoseconds);
    (skew <= SKEW_MAX).then_some(skew)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn ask(arguments: &[&str]) -> Result<Request, UsageError> {
        parse(arguments.iter().map(OsString::from))
    }

    fn run(arguments: &[&str]) -> Options {
        match ask(arguments) {
            Ok(Request::Run(options)) => options,
            other => panic!("{arguments:?} gave {other:?}"),
        }
    }

    fn refused(arguments: &[&str]) -> String {
        let said = ask(arguments).unwrap_err().to_string();
        assert!(!said.contains(['\n', '\r']), "more than one line: {said}");
        assert!(said.contains("herd --help"), "no hint: {said}");
        said
    }

    #[test]
    fn a_server_alone_gets_the_defaults() {
        let expected = Options {
            server: "Goloman".into(),
            herd: "goloman".into(),
            places: None,
            places_ca: None,
            places_dialect: None,
            log_dir: "logs".into(),
            max_skew: Duration::from_secs(86_400),
            classic: false,
        };
        assert_eq!(run(&["Goloman"]), expected);
        assert_eq!(run(&["--", "Goloman"]), expected);
    }

    #[test]
    fn every_option_is_taken_before_or_after_the_server() {
        let expected = Options {
            server: "-x".into(),
            herd: "a herd.json".into(),
            places: Some("https://localhost:1/p".into()),
            places_ca: Some("ca.pem".into()),
            places_dialect: Some(PlacesDialect::New),
            log_dir: "/tmp/l".into(),
            max_skew: Duration::from_millis(1_500),
            classic: true,
        };
        let arguments = [
            "-H",
            "a herd.json",
            "--places",
            "https://localhost:1/p",
            "--places-ca=ca.pem",
            "--places-dialect",
            "new",
            "--log-dir",
            "/tmp/l",
            "--max-skew=1.5",
            "--classic",
            "--",
            "-x",
        ];
        assert_eq!(run(&arguments), expected);
        assert_eq!(run(&["Hands", "--herd", "riley"]).herd, "riley");
        let legacy = run(&["Hands", "--places-dialect", "legacy"]).places_dialect;
        assert_eq!(legacy, Some(PlacesDialect::Legacy));
    }

    #[test]
    fn help_names_every_option_default_herd_variable_and_status() {
        for arguments in [["-h"].as_slice(), &["--help"], &["-V", "--help", "A", "B"]] {
            let Ok(Request::Help(help)) = ask(arguments) else { panic!("no help") };
            for word in [
                "Usage: herd [options] SERVER",
                "-H, --herd NAME|FILE",
                "--places URL",
                "--places-ca PEM",
                "--places-dialect DIALECT",
                "legacy or new",
                "--log-dir DIR",
                "--max-skew S",
                "86400",
                "--classic",
                "-h, --help",
                "-V, --version",
                "goloman\n",
                "alford\n",
                "riley\n",
                "GOOGLE_PLACES_API_KEY",
                "RUST_LOG",
                "Exit status",
            ] {
                assert!(help.contains(word), "{word:?} is not in\n{help}");
            }
            assert!(help.ends_with('\n') && !help.ends_with("\n\n"));
            assert!(help.lines().all(|line| line.len() <= 100), "{help}");
        }
    }

    #[test]
    fn the_version_is_the_package_s() {
        let expected = Request::Version(format!("herd {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!(ask(&["-V"]).unwrap(), expected);
        assert_eq!(ask(&["--version"]).unwrap(), expected);
    }

    #[test]
    fn wrong_usage_is_said_in_one_line() {
        assert!(refused(&[]).starts_with("which server?"));
        assert!(refused(&["A", "B"]).contains("\"B\""));
        assert!(refused(&["--nonsense\nx", "A"]).contains("nonsense x"));
        assert!(refused(&["A", "--herd"]).contains("herd"));
        assert!(refused(&["A", "-Ha", "--herd=b"]).contains("more than once"));
        assert!(refused(&["A", "--classic=yes"]).contains("classic"));
        assert!(refused(&["A", "--places-dialect", "old"]).contains("\"old\""));
    }

    #[test]
    fn arguments_that_are_not_utf_8_are_refused() {
        let said = parse([OsString::from_vec(b"Go\xff".to_vec())].into_iter()).unwrap_err();
        assert!(said.to_string().starts_with("argument \"Go\\xFF\" is not UTF-8"), "{said}");
    }

    #[test]
    fn max_skew_is_digits_with_an_optional_fraction() {
        let skew = |text: &str| run(&["A", "--max-skew", text]).max_skew;
        assert_eq!(skew("0"), Duration::ZERO);
        assert_eq!(skew("007"), Duration::from_secs(7));
        assert_eq!(skew("0.000000001"), Duration::from_nanos(1));
        assert_eq!(skew("1.9999999999"), Duration::new(1, 999_999_999));
        assert_eq!(skew("315619200"), SKEW_MAX);
        for wrong in [
            "",
            ".5",
            "5.",
            "1e3",
            "+1",
            "1 ",
            "nan",
            "1.2.3",
            "١",
            "315619201",
            "315619200.000000001",
            "99999999999999999999999",
        ] {
            assert!(refused(&["A", "--max-skew", wrong]).contains("--max-skew"), "{wrong}");
        }
        assert!(refused(&["A", "--max-skew=-1"]).contains("--max-skew"));
    }
}
