//! What a journal costs: reports with one beside reports without and, where it is installed, Redis with its
//! append-only file in the same run; how long a start takes with what it holds; and how long the longest
//! turn is while it is rewritten.
//!
//! Servers run on one core, with the helper that forces their files to the disk, and the load generator, which
//! verifies every answer, on another. `--long` measures for longer, and a start with ten million records.

mod support;

use std::net::SocketAddr;
use std::time::Instant;
use support::Outcome;
use support::caller::Caller;
use support::daemons::{Herd, Server};
use support::figures::Figures;
use support::load::Loaded;
use support::process::{SERVER_CORE, can_pin, wait_soon};
use support::redis::Redis;

const ROUNDS: usize = 5;
/// Of one measurement.
const SECONDS: &str = "2";
const SECONDS_LONG: &str = "6";

/// How reports come, and when they are forced to the disk here and in Redis.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    sync: &'static str,
    redis: &'static str,
}

const CASES: [Case; 3] = [
    Case {
        name: "second, 64 in flight, 1000 clients",
        arguments: &["-c", "50", "-p", "64", "-n", "1000"],
        sync: "second",
        redis: "everysec",
    },
    Case {
        name: "second, 64 in flight, 1M clients",
        arguments: &["-c", "50", "-p", "64", "-n", "1000000"],
        sync: "second",
        redis: "everysec",
    },
    Case { name: "always", arguments: &["-c", "50"], sync: "always", redis: "always" },
];

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    let long = std::env::args().any(|argument| argument == "--long");
    if !can_pin() {
        figures.remark("journal: without taskset and two cores server and load share their core");
    }
    for case in CASES.iter().filter(|case| figures.wants(&format!("journal/{}", case.name))) {
        reports(&figures, case, if long { SECONDS_LONG } else { SECONDS })?;
    }
    let counts = if long { &["1000000", "10000000"][..] } else { &["1000000"] };
    for count in counts {
        start(&figures, count)?;
    }
    Ok(())
}

fn reports(figures: &Figures, case: &Case, seconds: &str) -> Outcome<()> {
    let herd = Herd::lay_out(&[("Plain", &[]), ("Kept", &[])])?;
    let _plain = herd.start("Plain", SERVER_CORE, "off")?;
    let _kept = herd.start_with_journal("Kept", SERVER_CORE, case.sync)?;
    let redis = Redis::start_with_file(SERVER_CORE, case.redis)?;
    if redis.is_none() {
        figures.remark("journal: redis-server is not installed, and left out");
    }
    let (plain, kept) = (herd.server("Plain")?, herd.server("Kept")?);
    let (mut without, mut with, mut geoadd) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let filled: &[&str] = if round == 0 { &[] } else { &["--no-fill"] };
        let load = |address: SocketAddr, more: &[&str]| -> Outcome<f64> {
            let arguments = [case.arguments, &["-d", seconds], filled, more].concat();
            Loaded::run(address, &arguments)?.per_second()
        };
        without.push(load(plain.clients, &[])?);
        with.push(load(kept.clients, &[])?);
        if let Some(redis) = &redis {
            geoadd.push(load(redis.address, &["--protocol", "redis-geoadd"])?);
        }
    }
    let ratios = |below: &[f64]| -> Vec<f64> {
        with.iter().zip(below).map(|(above, below)| above / below).collect()
    };
    let name = |what: &str| format!("journal/{}: {what}", case.name);
    figures.print(&name("with a journal"), "reports/s", &with);
    figures.print(&name("with / without"), "ratio", &ratios(&without));
    figures.print(&name("with / GEOADD"), "ratio", &ratios(&geoadd));
    let turns = [longest_turn(kept)?, longest_turn(plain)?];
    figures.print(&name("longest turn, with / without"), "ratio", &[turns[0] / turns[1]]);
    figures.print(&name("longest turn, with"), "seconds", &turns[..1]);
    Ok(())
}

/// The longest turn of a server since its start, in seconds.
fn longest_turn(server: &Server) -> Outcome<f64> {
    let status = Caller::connect(server.web)?.get("/status")?;
    let status: serde_json::Value = serde_json::from_slice(&status)?;
    let longest = status["turn_longest_seconds"].as_f64();
    longest.ok_or_else(|| "the status does not tell the longest turn".into())
}

/// From the start to the open ports, with so many records in the journal.
fn start(figures: &Figures, count: &str) -> Outcome<()> {
    let name = format!("journal/start with {count} records");
    if !figures.wants(&name) {
        return Ok(());
    }
    let herd = Herd::lay_out(&[("Kept", &[])])?;
    let kept = herd.start_with_journal("Kept", SERVER_CORE, "second")?;
    let address = herd.server("Kept")?.clients;
    // It is filled once.
    Loaded::run(address, &["-c", "50", "-p", "64", "-n", count, "-d", "0.1"])?;
    kept.stop()?;
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let kept = herd.start_with_journal("Kept", SERVER_CORE, "second")?;
        wait_soon("an open port", || Ok(Caller::connect(address).is_ok()))?;
        seconds.push(began.elapsed().as_secs_f64());
        kept.stop()?;
    }
    figures.print(&name, "seconds", &seconds);
    Ok(())
}
