//! Who is near, and who moves, over loopback: `NEAR` beside `GEOSEARCH` of Redis on the same points,
//! where it is installed; what another client notices of long answers; and what watchers cost.
//!
//! Server and load are on a core each, rounds are interleaved, and what counts is the ratio of each
//! round. `--long` measures for longer; `-- GEOSEARCH` measures Redis alone.

mod support;

use std::env;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use support::Outcome;
use support::beside::{Beside, beside};
use support::daemons::Herd;
use support::figures::Figures;
use support::load::Loaded;
use support::process::{LOAD_CORE, Running, SERVER_CORE, can_go_first, can_pin};
use support::redis::Redis;
use support::watchers::{Watched, Watchers, watch_if_asked};

const ROUNDS: usize = 5;
/// Of one measurement.
const SECONDS: &str = "1";
const SECONDS_LONG: &str = "5";
/// Clients that may be near, spread evenly over the globe.
const CLIENTS: &str = "1000000";
/// Who asks for few of them.
const CONNECTIONS: &str = "50";
const FEW: &str = "10";
/// The most that one may ask for, and where there are more than that.
const MANY: &str = "1000";
const MANY_KILOMETRES: &str = "1000";
/// Who asks for many does so for that long at a time, and is then silent for as long.
const MANY_FOR: Duration = Duration::from_secs(1);
/// Watchers of all clients, how many of these there are, and how often one of them moves: with the
/// other client, who reports 2,000 times, it is 10,000 times a second.
const WATCHERS_OF_ALL: usize = 1_000;
const WATCHED: &str = "10000";
const MOVES_A_SECOND: &str = "8000";
/// Watchers of one client each.
const WATCHERS_OF_ONE: usize = 10_000;

fn main() -> Outcome<()> {
    watch_if_asked()?;
    let figures = Figures::from_arguments();
    if !can_pin() {
        figures.remark("near: without taskset and two cores server and load share their core");
    }
    let long = env::args().any(|argument| argument == "--long");
    let seconds = if long { SECONDS_LONG } else { SECONDS };
    for kilometres in ["100", "1000"] {
        few(&figures, kilometres, seconds)?;
    }
    if figures.wants("near/a thousand results") {
        many(&figures)?;
    }
    if figures.wants("near/1000 watchers of all") {
        watchers_of_all(&figures, seconds)?;
    }
    if figures.wants("near/10000 watchers of one") {
        watchers_of_one(&figures, seconds)?;
    }
    Ok(())
}

/// A server without neighbours that runs on its core and does not log.
struct Server {
    _running: Running,
    _herd: Herd,
    address: SocketAddr,
}

impl Server {
    fn start() -> Outcome<Self> {
        let herd = Herd::lay_out(&[("Server", &[])])?;
        let running = herd.start("Server", SERVER_CORE, "off")?;
        let address = herd.server("Server")?.clients;
        Ok(Server { _running: running, _herd: herd, address })
    }

    /// Has so many clients report once.
    fn fill(&self, clients: &str) -> Outcome<()> {
        Loaded::run(self.address, &["-n", clients, "-c", "1", "-d", "0.01"])?;
        Ok(())
    }
}

/// Who answers, and what the rounds gave.
struct Target<'a> {
    name: &'a str,
    address: SocketAddr,
    protocol: &'a str,
    filled: bool,
    rates: Vec<f64>,
    medians: Vec<f64>,
    busy: Vec<f64>,
}

impl<'a> Target<'a> {
    fn new(name: &'a str, address: SocketAddr, protocol: &'a str) -> Self {
        let (rates, medians, busy) = (Vec::new(), Vec::new(), Vec::new());
        Target { name, address, protocol, filled: false, rates, medians, busy }
    }

    fn measure(&mut self, kilometres: &str, seconds: &str) -> Outcome<()> {
        let asked = ["--near", "100", "--near-results", FEW, "--near-kilometres", kilometres];
        let by = ["--protocol", self.protocol, "-c", CONNECTIONS, "-n", CLIENTS, "-d", seconds];
        // Every client has reported before the first round.
        let filled: &[&str] = if self.filled { &["--no-fill"] } else { &[] };
        let loaded = Loaded::run(self.address, &[&asked[..], &by, filled].concat())?;
        self.filled = true;
        self.rates.push(loaded.per_second()?);
        self.medians.push(loaded.microseconds("near", "p50")?);
        self.busy.push(loaded.busy()?);
        Ok(())
    }
}

/// Few of a million clients, beside Redis.
fn few(figures: &Figures, kilometres: &str, seconds: &str) -> Outcome<()> {
    let name = |of: &str| format!("near/{FEW} of 1M within {kilometres} km: {of}");
    let server = figures.wants(&name("herd")).then(Server::start).transpose()?;
    let redis = figures.wants(&name("GEOSEARCH")).then(|| Redis::start(SERVER_CORE)).transpose()?;
    if matches!(redis, Some(None)) {
        figures.remark("near: redis-server is not installed, and left out");
    }
    let mut targets = Vec::new();
    targets.extend(server.as_ref().map(|server| Target::new("herd", server.address, "herd")));
    let redis = redis.as_ref().and_then(Option::as_ref);
    targets.extend(redis.map(|redis| Target::new("GEOSEARCH", redis.address, "redis-geosearch")));
    for _ in 0..ROUNDS {
        for target in &mut targets {
            target.measure(kilometres, seconds)?;
        }
    }
    for Target { name: who, rates, medians, busy, .. } in &targets {
        figures.print(&name(who), "answers/s", rates);
        figures.print(&name(&format!("{who}, p50")), "us", medians);
        figures.print(&name(&format!("{who}, generator busy")), "share", busy);
    }
    if let [herd, redis] = &targets[..] {
        let ratios = |above: &[f64], below: &[f64]| -> Vec<f64> {
            above.iter().zip(below).map(|(above, below)| above / below).collect()
        };
        figures.print(&name("herd / GEOSEARCH"), "ratio", &ratios(&herd.rates, &redis.rates));
    }
    Ok(())
}

/// What another client notices while somebody asks for many clients, again and again.
fn many(figures: &Figures) -> Outcome<()> {
    remark_on_cores(figures, "a thousand results");
    let server = Server::start()?;
    server.fill(CLIENTS)?;
    let (mut rates, mut of_another) = (Vec::new(), Beside::default());
    for _ in 0..ROUNDS {
        let rest = || {
            thread::sleep(MANY_FOR);
            Ok(())
        };
        let ((), before) = beside(server.address, rest)?;
        let seconds = MANY_FOR.as_secs_f64().to_string();
        let asked = ["--near", "100", "--near-results", MANY, "--near-kilometres", MANY_KILOMETRES];
        let by = ["-c", "1", "--no-fill", "-n", CLIENTS, "-d", &seconds];
        let ask = || Loaded::run(server.address, &[&asked[..], &by].concat());
        let (asked, meanwhile) = beside(server.address, ask)?;
        rates.push(asked.per_second()?);
        of_another.compare(&before, &meanwhile);
    }
    figures.print("near/a thousand results", "answers/s", &rates);
    of_another.print(figures, "near/a thousand results: p99 of another client");
    Ok(())
}

/// What clients notice of it when all that changes is told to many.
fn watchers_of_all(figures: &Figures, seconds: &str) -> Outcome<()> {
    remark_on_cores(figures, "watchers of all");
    let server = Server::start()?;
    server.fill(WATCHED)?;
    let (mut rates, mut of_movers, mut of_another) =
        (Vec::new(), Beside::default(), Beside::default());
    for _ in 0..ROUNDS {
        let arguments =
            ["-c", CONNECTIONS, "-n", WATCHED, "-r", MOVES_A_SECOND, "-d", seconds, "--no-fill"];
        let moves = || Loaded::run(server.address, &arguments);
        let (alone, before) = beside(server.address, moves)?;
        let mut watchers =
            Watchers::start(LOAD_CORE, server.address, WATCHERS_OF_ALL, Watched::All)?;
        let told = watchers.lines()?;
        let (watched, meanwhile) = beside(server.address, moves)?;
        let events = watchers.lines()? - told;
        rates.push(events as f64 / seconds.parse::<f64>()?);
        of_another.compare(&before, &meanwhile);
        let [alone, watched] = [alone, watched].map(|loaded| loaded.microseconds("report", "p99"));
        of_movers.note(alone?, watched?);
    }
    let name = format!("near/{WATCHERS_OF_ALL} watchers of all");
    figures.print(&format!("{name}: events read"), "events/s", &rates);
    of_movers.print(figures, &format!("{name}: p99 of who moves"));
    of_another.print(figures, &format!("{name}: p99 of another client"));
    Ok(())
}

/// What it costs reports that others, about whom they are not, are watched.
fn watchers_of_one(figures: &Figures, seconds: &str) -> Outcome<()> {
    let server = Server::start()?;
    let arguments = ["-c", CONNECTIONS, "-p", "64", "-d", seconds];
    let (mut alone, mut watched, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = Loaded::run(server.address, &arguments)?.per_second()?;
        let watchers = Watchers::start(LOAD_CORE, server.address, WATCHERS_OF_ONE, Watched::One)?;
        let meanwhile = Loaded::run(server.address, &arguments)?.per_second()?;
        drop(watchers);
        alone.push(before);
        watched.push(meanwhile);
        ratios.push(meanwhile / before);
    }
    let name = format!("near/{WATCHERS_OF_ONE} watchers of one other each");
    figures.print(&format!("{name}: without"), "reports/s", &alone);
    figures.print(&format!("{name}: with"), "reports/s", &watched);
    figures.print(&format!("{name}: with / without"), "ratio", &ratios);
    Ok(())
}

fn remark_on_cores(figures: &Figures, what: &str) {
    if !can_go_first() {
        figures.remark(&format!(
            "near/{what}: without taskset, chrt and the right to use it the other client shares its core \
             with who asks or is told, and its p99 shows the scheduler, too"
        ));
    }
}
