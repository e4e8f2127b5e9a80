//! A load generator: loads one server, verifies every answer, prints throughput and latencies. A
//! user sizes a herd with it.
//!
//! ```text
//! load -c 50 -p 64 -n 100000 Goloman        closed loop: as fast as it answers
//! load -c 200 -r 20000 -w 1 -d 60 Goloman   open loop: 20,000 a second, 1 % of them WHATSAT
//! load -n 1000000 --near 50 Goloman         half of the commands ask who is near a place
//! load --any -r 1000 -d 600 Goloman         goes on with other servers while each is restarted
//! load --walk 500                           clients that go between real towns, to be looked at
//! ```
//!
//! From the bottom up: [`template`] and [`command`] (what is sent), [`near`] and [`answer`] (what
//! must come back), [`schedule`] (when), [`histogram`] and [`tally`] (what became of it), [`channel`], [`connection`] and [`engine`] (the
//! sockets), [`report`]; and beside them [`walk`], on the herd's own reactor, with the stand-in's towns.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod answer;
mod channel;
mod clock;
mod command;
mod connection;
mod engine;
mod histogram;
mod near;
mod options;
mod random;
mod report;
mod schedule;
mod tally;
mod target;
mod template;
mod walk;

#[path = "../ask/dial.rs"]
mod dial;
#[path = "../places/globe.rs"]
#[allow(dead_code, reason = "the stand-in needs more of it")]
mod globe;
#[path = "../ask/trust.rs"]
mod trust;
#[path = "../places/world.rs"]
#[allow(dead_code, reason = "the stand-in needs more of it")]
mod world;

use answer::{Expectation, Judge};
use command::{Composer, Language};
use dial::Failure;
use engine::{Manner, Progress};
use herd::transport::Endpoint;
use herd::wire::Printable;
use options::{Options, Request};
use schedule::Schedule;
use std::env;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;
use tally::Tally;
use target::{Door, Target};
use trust::Trust;

/// Exit status when an answer was wrong or missing.
const WRONG: u8 = 1;
/// Exit status for wrong usage, and when there was no connection.
const FAILED: u8 = 2;

/// How far the clocks of two machines may be from each other.
const SKEW_MAX: Duration = Duration::from_secs(60);
/// How far off a server on this machine may see our clock: it reads it once for many commands.
const LOCAL_SKEW_MAX: Duration = Duration::from_secs(1);
/// Commands in flight on a connection while every client reports once.
const FILL_PIPELINE: usize = 256;
/// Connections on which they do, at most.
const FILL_CONNECTIONS: usize = 8;
/// How long that may take.
const FILL_MAX: Duration = Duration::from_secs(3_600);
/// Runs shorter than this are not reported on while they last.
const LONG_RUN: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    match options::read(env::args_os().skip(1)) {
        Ok(Request::Print(text)) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Ok(Request::Run(options)) => end(load(&options)),
        Ok(Request::Walk(options)) => end(walk::walk(&options, |line| print(&format!("{line}\n")))),
        Err(why) => complain(&format!("{why} (load --help says more)")),
    }
}

fn end(outcome: Result<bool, String>) -> ExitCode {
    match outcome {
        Ok(clean) => ExitCode::from(if clean { 0 } else { WRONG }),
        Err(why) => complain(&why),
    }
}

fn complain(why: &str) -> ExitCode {
    eprintln!("load: {}", Printable(why.as_bytes()));
    ExitCode::from(FAILED)
}

/// Prints to standard output; a reader that has gone is no failure.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Does what is asked; whether all went well.
fn load(options: &Options) -> Result<bool, String> {
    let door = match options.language {
        Language::Http => Door::Web,
        _ => Door::for_clients(options.trust.is_tls()),
    };
    let targets = match options.any {
        true => Target::find_any(&options.target, options.herd.as_deref(), door)?,
        false => vec![Target::find(&options.target, options.herd.as_deref(), door)?],
    };
    let trust = trust(options)?;
    let places =
        targets.iter().map(|target| Ok((address(&target.endpoint)?, target.endpoint.clone())));
    let places: Vec<(SocketAddr, Endpoint)> = places.collect::<Result<_, String>>()?;
    let shown = targets[0].to_string();
    let local = places.iter().all(|(address, _)| address.ip().is_loopback());
    let skew = if local { LOCAL_SKEW_MAX } else { SKEW_MAX }.as_nanos() as i64;
    let mut composer = Composer::new(options.language, options.clients, &options.questions);
    let tells_token = options.language == Language::Http && trust.token().is_some();
    if let Some(token) = trust.token().filter(|_| tells_token) {
        composer = composer.with_field(&token.header());
    }
    let mut judge = Judge::new(
        options.expectation,
        targets.iter().filter_map(|t| t.server.as_deref()),
        skew,
        &options.questions,
    );
    let manner = Manner {
        places,
        trust: if tells_token { trust.without_token() } else { trust },
        tells_token,
        connections: options.connections,
        pipeline: options.pipeline,
        reconnect: options.reconnect,
        // Redis takes the end of our half for the end of our interest.
        half_close: options.language == Language::Herd || options.expectation == Expectation::Echo,
    };
    let failed = |failure: Failure| match failure {
        Failure::NotConnected(error) => Err(format!("cannot load {shown}: {error}")),
        Failure::Wrong(why) => Err(format!("cannot load {shown}: {why}")),
        Failure::Refused => {
            complain(&format!("{shown}: {failure}"));
            Ok(false)
        }
    };
    if options.fill {
        match fill(options, &manner, &mut composer, &mut judge) {
            Ok(filled) if filled.is_clean() => {}
            Ok(filled) => {
                print(&report::text(options, &shown, &filled));
                return Ok(false);
            }
            Err(failure) => return failed(failure),
        }
    }
    let nanoseconds = options.duration.as_nanos() as u64;
    let schedule = |begin| Schedule::lasting(options.pace, begin, nanoseconds);
    let told = told("load", options.duration >= LONG_RUN);
    let tally = match engine::run(&manner, schedule, &mut composer, &mut judge, told) {
        Ok(tally) => tally,
        Err(failure) => return failed(failure),
    };
    let told = if options.json { report::json } else { report::text };
    print(&told(options, &shown, &tally));
    Ok(tally.is_clean())
}

/// Whom to trust and what to show, as far as the target's language has such things.
fn trust(options: &Options) -> Result<Trust, String> {
    let mut trust = options.trust.load()?;
    let knows_tokens = matches!(options.language, Language::Herd | Language::Http);
    if !knows_tokens || options.expectation == Expectation::Echo {
        trust = trust.without_token();
    }
    Ok(if options.handshakes { trust.without_resumption() } else { trust })
}

/// Has every client report once.
fn fill(
    options: &Options,
    manner: &Manner,
    composer: &mut Composer,
    judge: &mut Judge,
) -> Result<Tally, Failure> {
    let manner = Manner {
        connections: manner.connections.min(FILL_CONNECTIONS),
        pipeline: FILL_PIPELINE,
        reconnect: false,
        ..manner.clone()
    };
    let nanoseconds = FILL_MAX.as_nanos() as u64;
    let schedule = |begin| Schedule::counting(options.clients, begin, nanoseconds);
    composer.take_turns(true);
    let filled = engine::run(&manner, schedule, composer, judge, told("fill", true));
    composer.take_turns(false);
    filled
}

/// Tells of progress, or not.
fn told(what: &'static str, aloud: bool) -> impl FnMut(&Progress) {
    move |progress| {
        if aloud {
            eprintln!("{}", report::progress(what, progress));
        }
    }
}

/// The first address of an endpoint.
fn address(endpoint: &Endpoint) -> Result<SocketAddr, String> {
    let mut addresses = (endpoint.host.as_str(), endpoint.port)
        .to_socket_addrs()
        .map_err(|error| format!("no address for {endpoint}: {error}"))?;
    addresses.next().ok_or_else(|| format!("{endpoint} has no address"))
}
