//! For who runs a herd, at night: how all of its servers are, live too, whether they agree, and what changes;
//! and to restart them one after the other. All of it is asked at their web ports.
//!
//! ```text
//! herdctl -H coast.json status
//! herdctl -H coast.json top
//! herdctl -H coast.json verify
//! herdctl -H coast.json watch kiwi
//! herdctl -H coast.json roll --each 'ssh {host} systemctl restart herd@{}'
//! ```
//!
//! From the bottom up: [`asker`] (asking all at once), [`look`] (what they say), [`judge`] (what is wrong);
//! and for each command a file or a folder.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod amounts;
mod asker;
mod judge;
mod look;
mod options;
mod roll;
mod status;
mod top;
mod verify;
mod watch;

#[path = "../ask/dial.rs"]
mod dial;
#[path = "../ask/trust.rs"]
#[allow(dead_code, reason = "the load generator needs more of it")]
mod trust;

use asker::Askers;
use herd::herd::Herd;
use herd::wire::Printable;
use look::Look;
use options::{Command, Options, Request};
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

/// Exit status when something is not well, or a server cannot be asked.
const NOT_WELL: u8 = 1;
/// Exit status for wrong usage.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    match options::read(env::args_os().skip(1)) {
        Ok(Request::Print(text)) => {
            print(&text).map_or_else(|why| complain(&why, NOT_WELL), |()| ExitCode::SUCCESS)
        }
        Ok(Request::Do(options)) => run(&options),
        Err(why) => complain(&format!("{why} (herdctl --help says more)"), WRONG_USAGE),
    }
}

fn run(options: &Options) -> ExitCode {
    let herd = Herd::load(&options.herd).map_err(|wrong| wrong.to_string());
    let loaded = herd.and_then(|herd| Ok((herd, options.trust.load()?)));
    let (herd, trust) = match loaded {
        Ok(loaded) => loaded,
        Err(why) => return complain(&why, WRONG_USAGE),
    };
    let askers = Askers::new(&herd, &trust, options.timeout);
    let done = match &options.command {
        Command::Status => status(&herd, &askers, options.json),
        Command::Verify { tries } => verify(&herd, &askers, *tries, options.json),
        Command::Roll { each, servers, tries } => match roll::steps(&herd, each, servers) {
            Ok(steps) => roll::roll(&herd, &askers, &steps, *tries, options.json),
            Err(why) => return complain(&why, WRONG_USAGE),
        },
        Command::Watch { client } => watch::watch(&askers, client.as_deref(), options.json),
        Command::Top if !top::is_possible() => {
            return complain("top draws on a terminal, and this is none", WRONG_USAGE);
        }
        Command::Top => top::top(&herd, &askers),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_WELL),
        Err(why) => complain(&why, NOT_WELL),
    }
}

/// Whether all is well.
fn status(herd: &Herd, askers: &Askers, json: bool) -> Result<bool, String> {
    let look = Look::at(herd, askers);
    let found = judge::wrong(&look, posix_seconds());
    print(&match json {
        true => status::json(&look, &found).map_err(|error| error.to_string())?,
        false => status::text(&look, &found),
    })?;
    Ok(found.is_empty())
}

/// Whether all agree.
fn verify(herd: &Herd, askers: &Askers, tries: Duration, json: bool) -> Result<bool, String> {
    let outcome = verify::verify(herd, askers, tries);
    print(&match json {
        true => verify::json(&outcome).map_err(|error| error.to_string())?,
        false => verify::text(&outcome),
    })?;
    Ok(outcome.agree())
}

fn complain(why: &str, status: u8) -> ExitCode {
    eprintln!("herdctl: {}", Printable(why.as_bytes()));
    ExitCode::from(status)
}

/// Prints to standard output; a reader that has gone is no failure, a full disk is.
fn print(text: &str) -> Result<(), String> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot print: {error}"))
        }
        _ => Ok(()),
    }
}

fn posix_seconds() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
