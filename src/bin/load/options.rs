//! The generator's arguments, and its help. Those of a walk are beside it.

use crate::answer::Expectation;
use crate::command::{CLIENTS_MAX, Language, Questions};
use crate::schedule::Pace;
use crate::trust::{self, TrustOptions};
use crate::walk::{self, WalkOptions};
use getopts::{Matches, ParsingStyle};
use herd::limits::{NEAR_KILOMETRES_MAX, NEAR_RESULTS_MAX};
use std::ffi::OsString;
use std::time::Duration;

const CONNECTIONS_MAX: u64 = 60_000;
const PIPELINE_MAX: u64 = 65_536;
const RATE_MAX: u64 = 100_000_000;
const DURATION_MAX_SECONDS: f64 = 86_400.0;
/// Commands in flight on a connection of an open loop, unless said otherwise: enough for waiting to
/// happen at the target.
const OPEN_PIPELINE_DEFAULT: u64 = 1_024;

/// What to do.
#[derive(Debug)]
pub enum Request {
    Run(Options),
    Walk(WalkOptions),
    /// To print this.
    Print(String),
}

/// How to load whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A server's name or `host:port`.
    pub target: String,
    pub herd: Option<String>,
    pub connections: usize,
    pub pipeline: usize,
    pub clients: u64,
    pub questions: Questions,
    pub pace: Pace,
    pub duration: Duration,
    pub reconnect: bool,
    /// Whether connections go on with other servers when theirs goes away.
    pub any: bool,
    pub trust: TrustOptions,
    /// Whether each connection has a full TLS handshake.
    pub handshakes: bool,
    pub language: Language,
    pub expectation: Expectation,
    /// Whether every client reports once before anything is measured.
    pub fill: bool,
    pub json: bool,
}

/// Reads the arguments, without the program's own name.
///
/// # Errors
/// In one line what makes no sense.
pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Request, String> {
    let arguments = arguments
        .map(|argument| argument.into_string().map_err(|not| format!("{not:?} is not UTF-8")))
        .collect::<Result<Vec<String>, String>>()?;
    let declared = declared();
    let given = declared
        .parse(arguments)
        .map_err(|fail| fail.to_string().replace(char::is_control, " "))?;
    if given.opt_present("help") {
        return Ok(Request::Print(help(&declared)));
    }
    if given.opt_present("version") {
        return Ok(Request::Print(concat!("load ", env!("CARGO_PKG_VERSION"), "\n").to_owned()));
    }
    match walk::read(&given)? {
        Some(walk) => Ok(Request::Walk(walk)),
        None => options(&given).map(Request::Run),
    }
}

fn declared() -> getopts::Options {
    let mut declared = getopts::Options::new();
    declared
        .parsing_style(ParsingStyle::FloatingFrees)
        .optopt("H", "herd", "where to look for SERVER (default: the built-in herds)", "NAME|FILE")
        .optopt("c", "connections", "connections (default: 50)", "N")
        .optopt(
            "p",
            "pipeline",
            "commands in flight on a connection, at most (default: 1; with --rate 1024)",
            "N",
        )
        .optopt("n", "clients", "clients that the commands are about (default: 1000)", "N")
        .optopt("w", "whatsat", "share of WHATSAT among the commands (default: 0)", "PERCENT")
        .optopt(
            "",
            "near",
            "share of NEAR among the commands (default: 0; with redis-geosearch 100)",
            "PERCENT",
        )
        .optopt("", "near-kilometres", "how far around its place a NEAR asks (default: 100)", "KM")
        .optopt("", "near-results", "for how many clients a NEAR asks (default: 10)", "N")
        .optopt("r", "rate", "open loop: so many commands a second (default: closed loop)", "N")
        .optopt("d", "duration", "how long to measure (default: 10)", "SECONDS")
        .optflag("", "reconnect", "a connection for each command, as the papers' clients do")
        .optflag("", "any", "connections go on with other servers of the herd if theirs goes away")
        .optflag("", "handshakes", "the same, each with a full TLS handshake (with --ca)")
        .optflag("", "no-fill", "do not have each client report once before the measurement")
        .optopt(
            "",
            "protocol",
            "what is spoken: herd, http (reports to the web port), redis-set, redis-geoadd, \
             redis-geosearch (default: herd)",
            "NAME",
        )
        .optopt(
            "",
            "expect",
            "what comes back: answers, or echo, the very commands (default: answers)",
            "WHAT",
        )
        .optflag("", "json", "print one line of JSON instead of the table");
    trust::declare(&mut declared);
    walk::declare(&mut declared);
    declared.optflag("h", "help", "print this help").optflag("V", "version", "print the version");
    declared
}

fn help(declared: &getopts::Options) -> String {
    let usage = declared.usage(
        "Usage: load [options] SERVER|HOST:PORT\n       \
         load [-H NAME|FILE] --walk N [--speed-up X] [--seed N] [SERVER|HOST:PORT...]\n\n\
         Loads one server with reports (and questions), verifies every answer, and prints how many\n\
         were answered each second and how long they took.",
    );
    format!(
        "{usage}
To size a herd:
  How much can a server take?        load -c 50 -p 64 -n 100000 Goloman
  How soon does it answer, alone?    load -c 1 Goloman
  How soon under my load?            load -c 200 -r 20000 -w 1 -d 60 Goloman
      20,000 commands a second from 200 connections, one of a hundred a question. In an open
      loop a command's time counts from when it was due, not from when it could be sent: what
      waits behind a slow answer is slow, too. Raise -r until p99 is more than you can bear.
  Reports over HTTP?                 load -c 50 --protocol http Goloman
  Clients that connect anew?         load -c 50 --reconnect Goloman
  Clients that speak TLS?            load -c 50 --ca keys/ca.pem -H coast.json Monterey
  How many of them can come at once? load -c 50 --handshakes --ca keys/ca.pem -H coast.json Monterey
  Who is near, of a million?         load -n 1000000 --near 100 --near-kilometres 1000 Goloman

First every client reports once, which is not measured (--no-fill leaves it out); every report
has a new place and a later time. Places, also those around which NEAR asks, are spread evenly
over the globe's area, as far north and south as Redis takes them (85 degrees).

`generator busy` near 100 % in a closed loop means that this program, which has one thread,
limits what is shown. In an open loop it is busy on purpose: it waits awake, so as not to be late.
Give it a core of its own.

Compare with other servers under the same load:
  load -p 64 --protocol redis-set 127.0.0.1:6379
  load -p 64 --protocol redis-geoadd 127.0.0.1:6379
  load -n 1000000 --protocol redis-geosearch --near-kilometres 1000 127.0.0.1:6379
  load -p 64 --expect echo 127.0.0.1:7

To see a herd at work:
  load --walk 500                    500 clients in goloman; its map shows them
  load -H alford --walk 50 --speed-up 60 Ball Welsh
Who walks, rides, drives and flies between real towns all over the world reports each second, to
one server and now and then to another (of all of the herd if none is named), until the program
is interrupted (SIGINT, SIGTERM). A server that goes away is dialled until it is back.

Exit status:
    0   every command was rightly answered
    1   an answer was wrong, or missing; or the token is not taken
    2   no connection, or wrong usage
"
    )
}

fn options(given: &Matches) -> Result<Options, String> {
    let target = match &given.free[..] {
        [target] => target.clone(),
        [] => return Err("which server? None is named".to_owned()),
        [_, second, ..] => return Err(format!("one server at a time: {second:?} too")),
    };
    let language = match given.opt_str("protocol").as_deref() {
        None | Some("herd") => Language::Herd,
        Some("http") => Language::Http,
        Some("redis-set") => Language::RedisSet,
        Some("redis-geoadd") => Language::RedisGeoAdd,
        Some("redis-geosearch") => Language::RedisGeoSearch,
        Some(other) => {
            return Err(format!(
                "--protocol {other:?}: it is herd, http, redis-set, redis-geoadd or redis-geosearch"
            ));
        }
    };
    let expectation = match given.opt_str("expect").as_deref() {
        None | Some("answers") => Expectation::Answers(language),
        Some("echo") => Expectation::Echo,
        Some(other) => return Err(format!("--expect {other:?}: it is answers or echo")),
    };
    let rate = integer(given, "rate", 0, RATE_MAX)?;
    let pace = if rate == 0 { Pace::AsAnswered } else { Pace::PerSecond(rate) };
    let trust = TrustOptions::of(given);
    let handshakes = given.opt_present("handshakes");
    if handshakes && !trust.is_tls() {
        return Err("--handshakes are of TLS: give --ca".to_owned());
    }
    let knows_tokens = matches!(language, Language::Herd | Language::Http);
    if trust.names_token() && (!knows_tokens || expectation == Expectation::Echo) {
        return Err("--token-file is for herds only".to_owned());
    }
    let reconnect = handshakes || given.opt_present("reconnect");
    let any = given.opt_present("any");
    if any && reconnect {
        return Err("--any is for connections that are kept".to_owned());
    }
    let pipeline_default = if rate == 0 || reconnect { 1 } else { OPEN_PIPELINE_DEFAULT };
    let pipeline = integer(given, "pipeline", pipeline_default, PIPELINE_MAX)?;
    if reconnect && pipeline != 1 {
        let said = if handshakes { "--handshakes" } else { "--reconnect" };
        return Err(format!("{said} sends one command on a connection: no --pipeline"));
    }
    let seconds = decimal(given, "duration", 10.0, 0.001, DURATION_MAX_SECONDS)?;
    Ok(Options {
        target,
        herd: given.opt_str("herd"),
        connections: integer(given, "connections", 50, CONNECTIONS_MAX)? as usize,
        pipeline: pipeline as usize,
        clients: integer(given, "clients", 1_000, CLIENTS_MAX)?,
        questions: questions(given, language)?,
        pace,
        duration: Duration::from_secs_f64(seconds),
        reconnect,
        any,
        trust,
        handshakes,
        language,
        fill: !given.opt_present("no-fill") && expectation != Expectation::Echo,
        expectation,
        json: given.opt_present("json"),
    })
}

fn questions(given: &Matches, language: Language) -> Result<Questions, String> {
    let whatsat = decimal(given, "whatsat", 0.0, 0.0, 100.0)?;
    if whatsat > 0.0 && language != Language::Herd {
        return Err("--whatsat is for herds only".to_owned());
    }
    let default = if language == Language::RedisGeoSearch { 100.0 } else { 0.0 };
    let near = decimal(given, "near", default, 0.0, 100.0)?;
    if near > 0.0 && !matches!(language, Language::Herd | Language::RedisGeoSearch) {
        return Err("--near is for herds and redis-geosearch only".to_owned());
    }
    if whatsat + near > 100.0 {
        return Err("--whatsat and --near are more than 100 percent together".to_owned());
    }
    Ok(Questions {
        whatsat: whatsat / 100.0,
        near: near / 100.0,
        near_kilometres: decimal(given, "near-kilometres", 100.0, 0.0, NEAR_KILOMETRES_MAX as f64)?,
        near_results: integer(given, "near-results", 10, u64::from(NEAR_RESULTS_MAX))? as usize,
    })
}

/// A whole number from 1, or the default.
pub fn integer(given: &Matches, option: &str, default: u64, most: u64) -> Result<u64, String> {
    let Some(text) = given.opt_str(option) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("--{option} {text:?}: give a whole number from 1 to {most}")),
    }
}

pub fn decimal(
    given: &Matches,
    option: &str,
    default: f64,
    least: f64,
    most: f64,
) -> Result<f64, String> {
    let Some(text) = given.opt_str(option) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("--{option} {text:?}: give a number from {least} to {most}")),
    }
}

#[cfg(test)]
mod tests;
