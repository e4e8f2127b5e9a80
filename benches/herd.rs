//! Real daemons together: a report's way through the herd, a neighbour that lost everything, and
//! the memory of idle connections.

mod support;

use std::env;
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::Outcome;
use support::beside::{Beside, beside, microseconds};
use support::caller::{Caller, report_of};
use support::daemons::Herd;
use support::echo::{self, Echo};
use support::fake_neighbour;
use support::figures::{Figures, quantile};
use support::process::{LOAD_CORE, Running, SERVER_CORE, on_core, wait_until, with_descriptors};

/// With this argument, an address and a number the benchmark holds so many idle connections.
const HOLD_ARGUMENT: &str = "--hold";
/// Reports that are followed through the herd, and those before them that are not.
const FOLLOWED: usize = 1_000;
const UNFOLLOWED: usize = 50;
/// Between two of them: the herd is at rest when one comes.
const PAUSE: Duration = Duration::from_millis(1);
/// Positions that a neighbour has lost, and how often it loses them.
const LOST_POSITIONS: &str = "1000000";
const LOSSES: usize = 3;
/// How long getting them back may take.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);
/// For how long another client asks before.
const QUIET: Duration = Duration::from_secs(1);
const IDLE_CONNECTIONS: usize = 10_000;

fn main() -> Outcome<()> {
    echo::serve_if_asked()?;
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == HOLD_ARGUMENT) {
        let [address, count] = &arguments[at + 1..] else {
            return Err("which address, how many?".into());
        };
        return hold(address.parse()?, count.parse()?);
    }
    let figures = Figures::from_arguments();
    if figures.wants("herd/way of a report") {
        way_of_a_report(&figures)?;
    }
    if figures.wants("herd/catch-up") {
        catch_up(&figures)?;
    }
    if figures.wants("herd/idle connection") {
        idle_connections(&figures)?;
    }
    Ok(())
}

/// How long after it was sent a report is at the next server, at the one after it, and at the one
/// after that. The benchmark itself takes the place of that last one.
fn way_of_a_report(figures: &Figures) -> Outcome<()> {
    let chain = ["One", "Two", "Three"];
    for hops in 1..=chain.len() {
        let servers = &chain[..hops];
        let (echoes, times) = follow_reports(servers)?;
        let hops = if hops == 1 { "1 hop".to_owned() } else { format!("{hops} hops") };
        let ratio = quantile(&times, 0.5) / quantile(&echoes, 0.5);
        figures.print(&format!("herd/way of a report, {hops}: echo round trip"), "us", &echoes);
        figures.print(&format!("herd/way of a report, {hops}"), "us", &times);
        figures.print(&format!("herd/way of a report, {hops}: / echo"), "ratio", &[ratio]);
    }
    Ok(())
}

/// Times in microseconds: round trips to a bare echo, and ways along a chain of servers.
fn follow_reports(chain: &[&str]) -> Outcome<(Vec<f64>, Vec<f64>)> {
    let last = [chain[chain.len() - 1]];
    let link = |at: usize| (chain[at], &chain[at + 1..chain.len().min(at + 2)]);
    let mut servers: Vec<(&str, &[&str])> = (0..chain.len()).map(link).collect();
    servers.push(("Fake", &last));
    let herd = Herd::lay_out(&servers)?;
    let _running: Vec<Running> =
        chain.iter().map(|name| herd.start(name, SERVER_CORE, "off")).collect::<Outcome<_>>()?;
    let mut fake = fake_neighbour::listen(herd.server("Fake")?.neighbours, "Fake", last[0])?;
    let bare = Echo::start(SERVER_CORE)?;
    let mut echo = Caller::connect(bare.address)?;
    let mut client = Caller::connect(herd.server(chain[0])?.clients)?;
    let (mut echoes, mut times) = (Vec::new(), Vec::new());
    for number in 0..UNFOLLOWED + FOLLOWED {
        let report = report_of("phone-0000000000");
        let fields = report.strip_prefix(b"IAMAT").unwrap_or(&report);
        let start = Instant::now();
        echo.ask(&report)?;
        let echoed = start.elapsed();
        let start = Instant::now();
        client.send(&report)?;
        if !fake.hears(fields)? {
            return Err("another position came".into());
        }
        let heard = start.elapsed();
        if !client.line()?.ends_with(fields) {
            return Err("a wrong answer".into());
        }
        fake.catch_up()?;
        if number >= UNFOLLOWED {
            echoes.push(microseconds(echoed));
            times.push(microseconds(heard));
        }
        thread::sleep(PAUSE);
    }
    Ok((echoes, times))
}

/// A neighbour comes back with nothing: how long until it has all again, and what another client
/// of the server that tells it notices.
fn catch_up(figures: &Figures) -> Outcome<()> {
    if thread::available_parallelism().map_or(1, usize::from) < 3 {
        figures.remark(
            "herd/catch-up: with fewer than 3 cores the other clients share them with busy servers, \
             and their p99 shows the scheduler, unless they go first: chrt -R -f 1 cargo bench ...",
        );
    }
    let herd = Herd::lay_out(&[("Full", &["Empty"]), ("Empty", &[])])?;
    let _full = herd.start("Full", SERVER_CORE, "off")?;
    let mut empty = herd.start("Empty", LOAD_CORE, "off")?;
    let full = herd.server("Full")?.clients;
    fill(full)?;
    let empty_address = herd.server("Empty")?.clients;
    let mut seconds = vec![];
    let (mut of_full, mut of_empty) = (Beside::default(), Beside::default());
    for _ in 0..LOSSES {
        // The neighbour has all before it loses it, and nothing is on its way.
        let mut empty_client = Caller::connect(empty_address)?;
        wait_until("filling", CATCH_UP_MAX, || empty_client.knows("last"))?;
        let rest = || {
            thread::sleep(QUIET);
            Ok(())
        };
        let ((_, empty_before), full_before) = beside(full, || beside(empty_address, rest))?;
        drop(empty);
        empty = herd.start("Empty", LOAD_CORE, "off")?;
        let mut empty_client = Caller::connect(empty_address)?;
        wait_until("redialling", CATCH_UP_MAX, || empty_client.knows("first"))?;
        let catching_up = || {
            let start = Instant::now();
            wait_until("catching up", CATCH_UP_MAX, || empty_client.knows("last"))?;
            Ok(start.elapsed())
        };
        let ((taken, empty_meanwhile), full_meanwhile) =
            beside(full, || beside(empty_address, catching_up))?;
        seconds.push(taken.as_secs_f64());
        of_full.compare(&full_before, &full_meanwhile);
        of_empty.compare(&empty_before, &empty_meanwhile);
    }
    figures.print("herd/catch-up of 1M positions", "s", &seconds);
    of_full.print(figures, "herd/catch-up: p99 of a client of who tells");
    of_empty.print(figures, "herd/catch-up: p99 of a client of who is told");
    Ok(())
}

/// Has many clients report, and one before and one after all others.
fn fill(address: SocketAddr) -> Outcome<()> {
    let mut client = Caller::connect(address)?;
    client.ask(&report_of("first"))?;
    let mut load: Command = on_core(LOAD_CORE, env!("CARGO_BIN_EXE_load"));
    load.args(["-n", LOST_POSITIONS, "-c", "1", "-d", "0.01", &address.to_string()]);
    let output = load.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    client.ask(&report_of("last"))?;
    Ok(())
}

/// Memory of a server for connections that have spoken once and are silent since.
fn idle_connections(figures: &Figures) -> Outcome<()> {
    let herd = Herd::lay_out(&[("Server", &[])])?;
    let server = herd.start("Server", SERVER_CORE, "off")?;
    let address = herd.server("Server")?.clients;
    let name = format!("herd/idle connection, {IDLE_CONNECTIONS} of them");
    let mut first = Caller::connect(address)?;
    first.ask(&report_of("phone-0000000000"))?;
    let before = server.resident_bytes();
    let mut command = on_core(LOAD_CORE, env::current_exe()?);
    command.args([HOLD_ARGUMENT, &address.to_string(), &IDLE_CONNECTIONS.to_string()]);
    let (holder, held) = Running::start(with_descriptors(IDLE_CONNECTIONS * 2, &command))?;
    let held: f64 = held.trim().parse()?;
    match (before, server.resident_bytes()) {
        (Some(before), Some(after)) => {
            figures.print(&name, "bytes", &[(after - before) / held]);
        }
        _ => figures.remark(&format!("{name}: the system does not tell")),
    }
    drop(holder);
    Ok(())
}

/// Opens connections, has each report once, says so and holds them until the parent ends.
#[expect(clippy::print_stdout, reason = "the parent waits for it")]
fn hold(address: SocketAddr, count: usize) -> Outcome<()> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut caller = Caller::connect(address)?;
        if !caller.ask(&report_of("phone-0000000000"))?.starts_with(b"AT ") {
            return Err("a wrong answer".into());
        }
        held.push(caller);
    }
    println!("{}", held.len());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
