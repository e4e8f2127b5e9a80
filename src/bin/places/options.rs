//! The stand-in's command line.

use getopts::Matches;
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where the stand-in listens unless told otherwise (contract).
pub const PORT_DEFAULT: u16 = 8443;
/// Where the authority's files are unless told otherwise.
const DIRECTORY_DEFAULT: &str = ".herd";
/// Longest `--delay`: a minute.
const DELAY_MILLISECONDS_MAX: u64 = 60_000;

/// What the stand-in is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve until it is stopped.
    Serve(Options),
    /// Say how it is used.
    Help,
    /// Say which version it is.
    Version,
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen.
    pub address: SocketAddr,
    /// Where the authority's certificate and key are kept.
    pub directory: PathBuf,
    /// The key that every request must give, if any.
    pub required_key: Option<String>,
    /// How long each answer is held back.
    pub delay: Duration,
}

/// Reads the arguments, without the program's name.
///
/// # Errors
///
/// What is wrong with them, in one line.
pub fn read<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Command, String> {
    let matches = options().parse(arguments).map_err(|fail| fail.to_string())?;
    if matches.opt_present("help") {
        return Ok(Command::Help);
    }
    if matches.opt_present("version") {
        return Ok(Command::Version);
    }
    if let Some(extra) = matches.free.first() {
        return Err(format!("unexpected argument '{extra}'"));
    }
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let address = value(&matches, "address", "an IP address")?.unwrap_or(loopback);
    let port = value(&matches, "port", "a port, 0 to 65535")?.unwrap_or(PORT_DEFAULT);
    let delay = value(&matches, "delay", "a number of milliseconds")?.unwrap_or(0);
    if delay > DELAY_MILLISECONDS_MAX {
        return Err(format!("--delay: at most {DELAY_MILLISECONDS_MAX} milliseconds"));
    }
    let directory = matches.opt_str("dir");
    Ok(Command::Serve(Options {
        address: SocketAddr::new(address, port),
        directory: directory.map_or_else(|| PathBuf::from(DIRECTORY_DEFAULT), PathBuf::from),
        required_key: matches.opt_str("require-key"),
        delay: Duration::from_millis(delay),
    }))
}

/// How it is used.
pub fn usage() -> String {
    options().usage(
        "Usage: places [options]\n\n\
         The stand-in for Google's Places service: answers Nearby Search, legacy and new, over\n\
         HTTPS from 69,472 towns and districts (GeoNames, CC BY 4.0). Stops at SIGINT or SIGTERM.",
    )
}

fn options() -> getopts::Options {
    let mut options = getopts::Options::new();
    options
        .optopt("p", "port", "port to listen on (default 8443)", "PORT")
        .optopt("", "address", "IP address to listen on (default 127.0.0.1)", "IP")
        .optopt(
            "",
            "dir",
            "directory of places-ca.pem, the authority to be trusted, and its key (default .herd)",
            "DIR",
        )
        .optopt(
            "",
            "require-key",
            "answer REQUEST_DENIED or PERMISSION_DENIED without this key",
            "KEY",
        )
        .optopt("", "delay", "answer that much late (default 0)", "MS")
        .optflag("h", "help", "show this and exit")
        .optflag("V", "version", "show the version and exit");
    options
}

/// The value of an option, if it is given.
fn value<T: FromStr>(matches: &Matches, name: &str, what: &str) -> Result<Option<T>, String> {
    matches.opt_get(name).map_err(|_| {
        let given = matches.opt_str(name).unwrap_or_default();
        format!("--{name}: '{given}' is not {what}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(line: &str) -> Result<Command, String> {
        read(line.split_whitespace())
    }

    #[test]
    fn without_arguments_it_serves_loopback() {
        let expected = Options {
            address: "127.0.0.1:8443".parse().expect("an address"),
            directory: PathBuf::from(".herd"),
            required_key: None,
            delay: Duration::ZERO,
        };
        assert_eq!(read_words(""), Ok(Command::Serve(expected)));
    }

    #[test]
    fn each_option_counts() {
        let line = "-p 1234 --address ::1 --dir d/e --require-key k --delay 250";
        let expected = Options {
            address: "[::1]:1234".parse().expect("an address"),
            directory: PathBuf::from("d/e"),
            required_key: Some("k".to_owned()),
            delay: Duration::from_millis(250),
        };
        assert_eq!(read_words(line), Ok(Command::Serve(expected)));
        assert_eq!(read_words("-h"), Ok(Command::Help));
        assert_eq!(read_words("--version -p 1"), Ok(Command::Version));
    }

    #[test]
    fn wrong_usage_is_said_in_one_line() {
        for (line, word) in [
            ("extra", "extra"),
            ("-p 65536", "65536"),
            ("-p -1", "-1"),
            ("--port x", "x"),
            ("-p", "p"),
            ("--address localhost", "localhost"),
            ("--delay 60001", "60000"),
            ("--delay soon", "soon"),
            ("--nonsense", "nonsense"),
            ("-p 1 -p 2", "port"),
        ] {
            let why = read_words(line).expect_err(line);
            assert!(why.contains(word) && !why.contains('\n'), "{line}: {why}");
        }
    }

    #[test]
    fn usage_names_every_option() {
        for name in
            ["--port", "--address", "--dir", "--require-key", "--delay", "--help", "--version"]
        {
            assert!(usage().contains(name), "{name}");
        }
    }
}
