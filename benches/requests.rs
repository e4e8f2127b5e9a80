//! Requests over loopback by connections and pipeline depth, beside a bare line echo and, where it
//! is installed, Redis in the same run: rounds are interleaved, and what counts is the ratio of
//! each round.
//!
//! Servers run on one core and the load generator, which verifies every answer, on another. The
//! generator's own share of the time is printed, too: near 1 it is what limits both. `--long`
//! measures for longer.

mod support;

use std::net::SocketAddr;
use support::Outcome;
use support::daemons::Herd;
use support::echo::{self, Echo};
use support::figures::Figures;
use support::load::Loaded;
use support::process::{SERVER_CORE, can_pin};
use support::redis::Redis;

const ROUNDS: usize = 5;
/// Of one measurement.
const SECONDS: &str = "0.5";
const SECONDS_LONG: &str = "3";

/// How requests come.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Whether the server that logs every line is measured as well.
    logged: bool,
    /// Whether Redis is measured as well.
    redis: bool,
}

const CASES: [Case; 6] = [
    Case { name: "1 connection", arguments: &["-c", "1"], logged: false, redis: false },
    Case {
        name: "1 connection, 64 in flight",
        arguments: &["-c", "1", "-p", "64"],
        logged: false,
        redis: false,
    },
    Case { name: "50 connections", arguments: &["-c", "50"], logged: true, redis: true },
    Case {
        name: "50 connections, 64 in flight",
        arguments: &["-c", "50", "-p", "64"],
        logged: true,
        redis: true,
    },
    Case {
        name: "50 connections, 64 in flight, 1M clients",
        arguments: &["-c", "50", "-p", "64", "-n", "1000000"],
        logged: false,
        redis: true,
    },
    Case {
        name: "a connection each, 50 at a time",
        arguments: &["-c", "50", "--reconnect"],
        logged: false,
        redis: false,
    },
];

/// What the rounds of one case gave.
#[derive(Default)]
struct Rounds {
    echo: Vec<f64>,
    herd: Vec<f64>,
    logged: Vec<f64>,
    geoadd: Vec<f64>,
    set: Vec<f64>,
    busy_beside_echo: Vec<f64>,
    busy_beside_herd: Vec<f64>,
}

fn main() -> Outcome<()> {
    echo::serve_if_asked()?;
    let figures = Figures::from_arguments();
    let long = std::env::args().any(|argument| argument == "--long");
    let seconds = if long { SECONDS_LONG } else { SECONDS };
    let wanted: Vec<&Case> =
        CASES.iter().filter(|case| figures.wants(&format!("requests/{}", case.name))).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !can_pin() {
        figures.remark("requests: without taskset and two cores server and load share their core");
    }
    let herd = Herd::lay_out(&[("Quiet", &[]), ("Logged", &[])])?;
    let _quiet = herd.start("Quiet", SERVER_CORE, "off")?;
    let _logged = herd.start("Logged", SERVER_CORE, "info")?;
    let echo = Echo::start(SERVER_CORE)?;
    let redis = Redis::start(SERVER_CORE)?;
    if redis.is_none() {
        figures.remark("requests: redis-server is not installed, and left out");
    }
    let quiet = herd.server("Quiet")?.clients;
    let logged = herd.server("Logged")?.clients;
    for case in wanted {
        let mut rounds = Rounds::default();
        for round in 0..ROUNDS {
            // Every client has reported before the first round.
            let filled: &[&str] = if round == 0 { &[] } else { &["--no-fill"] };
            let load = |address, more: &[&str]| load(address, case, seconds, more);
            let (rate, busy) = load(echo.address, &["--expect", "echo"])?;
            rounds.echo.push(rate);
            rounds.busy_beside_echo.push(busy);
            let (rate, busy) = load(quiet, filled)?;
            rounds.herd.push(rate);
            rounds.busy_beside_herd.push(busy);
            if case.logged {
                rounds.logged.push(load(logged, filled)?.0);
            }
            if let Some(redis) = redis.as_ref().filter(|_| case.redis) {
                let load =
                    |protocol| load(redis.address, &[&["--protocol", protocol], filled].concat());
                rounds.geoadd.push(load("redis-geoadd")?.0);
                rounds.set.push(load("redis-set")?.0);
            }
        }
        print(&figures, case.name, &rounds);
    }
    Ok(())
}

fn print(figures: &Figures, case: &str, rounds: &Rounds) {
    let Rounds { echo, herd, logged, geoadd, set, busy_beside_echo, busy_beside_herd } = rounds;
    let ratios = |above: &[f64], below: &[f64]| -> Vec<f64> {
        above.iter().zip(below).map(|(above, below)| above / below).collect()
    };
    figures.print(&format!("requests/{case}: herd"), "requests/s", herd);
    figures.print(&format!("requests/{case}: echo"), "requests/s", echo);
    figures.print(&format!("requests/{case}: logged"), "requests/s", logged);
    figures.print(&format!("requests/{case}: herd / echo"), "ratio", &ratios(herd, echo));
    figures.print(&format!("requests/{case}: logged / herd"), "ratio", &ratios(logged, herd));
    for (command, redis) in [("GEOADD", geoadd), ("SET", set)] {
        figures.print(&format!("requests/{case}: {command}"), "requests/s", redis);
        figures.print(&format!("requests/{case}: herd / {command}"), "ratio", &ratios(herd, redis));
    }
    for (target, busy) in [("echo", busy_beside_echo), ("herd", busy_beside_herd)] {
        figures.print(&format!("requests/{case}: generator busy ({target})"), "share", busy);
    }
}

/// Answers a second, and how much of the time the generator was at work.
fn load(address: SocketAddr, case: &Case, seconds: &str, more: &[&str]) -> Outcome<(f64, f64)> {
    let loaded = Loaded::run(address, &[case.arguments, &["-d", seconds], more].concat())?;
    Ok((loaded.per_second()?, loaded.busy()?))
}
