//! Five real daemons in the graph of goloman: how many reports a second one of them takes until all
//! positions are at all five. The herd of the papers did 300.

mod support;

use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};
use support::Outcome;
use support::caller::{Caller, report_of};
use support::daemons::Herd;
use support::figures::Figures;
use support::process::{LOAD_CORE, Running, SERVER_CORE, on_core, wait_until};

const GOLOMAN: [(&str, &[&str]); 5] = [
    ("Goloman", &["Hands", "Holiday", "Wilkes"]),
    ("Hands", &["Wilkes"]),
    ("Holiday", &["Welsh", "Wilkes"]),
    ("Welsh", &[]),
    ("Wilkes", &[]),
];
/// The server that takes all reports, on a core that it shares with the load; the others share
/// another.
const TAKER: &str = "Goloman";
/// Reports a second of the herd of the papers.
const PAPERS: f64 = 300.0;
const CLIENTS: [(u64, &str); 2] = [(1_000, "1k"), (100_000, "100k")];
const CONNECTIONS: &str = "50";
const IN_FLIGHT: &str = "64";
/// How long is reported in each run, and how many runs there are.
const SECONDS: &str = "3";
const RUNS: usize = 3;
/// How long the servers may take to find each other, and to catch up at the end.
const SETTLED_MAX: Duration = Duration::from_secs(30);
/// Clients whose position is compared on all servers after each run, at most.
const COMPARED: u64 = 1_000;

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    for (clients, name) in CLIENTS {
        let name = format!("five/reports until all know all, {name} clients");
        if figures.wants(&name) {
            measure(&figures, &name, clients)?;
        }
    }
    Ok(())
}

fn measure(figures: &Figures, name: &str, clients: u64) -> Outcome<()> {
    let herd = Herd::lay_out(&GOLOMAN)?;
    let core = |server: &str| if server == TAKER { LOAD_CORE } else { SERVER_CORE };
    let _running: Vec<Running> = GOLOMAN
        .iter()
        .map(|(server, _)| herd.start(server, core(server), "off"))
        .collect::<Outcome<_>>()?;
    let addresses: Vec<SocketAddr> = GOLOMAN
        .iter()
        .map(|(server, _)| Ok(herd.server(server)?.clients))
        .collect::<Outcome<_>>()?;
    let mut callers: Vec<Caller> =
        addresses.iter().map(|&address| Caller::connect(address)).collect::<Outcome<_>>()?;
    all_know(&mut callers, "before", SETTLED_MAX)?;
    let (mut rates, mut lags) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let start = Instant::now();
        let reports = load(addresses[0], clients)?;
        let loaded = Instant::now();
        // Every server tells changes in the order in which it learned them, so whoever knows this
        // last one knows what the same server took before it.
        all_know(&mut callers, &format!("last-{run}"), SETTLED_MAX)?;
        rates.push((reports + 1.0) / start.elapsed().as_secs_f64());
        lags.push(loaded.elapsed().as_secs_f64() * 1e3);
        compare(&mut callers, clients)?;
    }
    let ratios: Vec<f64> = rates.iter().map(|rate| rate / PAPERS).collect();
    figures.print(name, "reports/s", &rates);
    figures.print(&format!("{name}: / 300 a second"), "ratio", &ratios);
    figures.print(&format!("{name}: from the last answer"), "ms", &lags);
    Ok(())
}

/// Reports at the first server; waits until all know of it.
fn all_know(callers: &mut [Caller], client: &str, limit: Duration) -> Outcome<()> {
    if !callers[0].ask(&report_of(client))?.starts_with(b"AT ") {
        return Err("a wrong answer".into());
    }
    for caller in callers {
        wait_until("telling all", limit, || caller.knows(client))?;
    }
    Ok(())
}

/// Has clients report as fast as they are answered, each answer verified: how many reports.
fn load(address: SocketAddr, clients: u64) -> Outcome<f64> {
    let mut command = on_core(LOAD_CORE, env!("CARGO_BIN_EXE_load"));
    command.args(["-c", CONNECTIONS, "-p", IN_FLIGHT, "-d", SECONDS, "--no-fill", "--json", "-n"]);
    command.args([clients.to_string(), address.to_string()]);
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
    }
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    told["answers"].as_f64().ok_or_else(|| "the load does not tell".into())
}

/// Checks that all servers answer alike where clients are.
fn compare(callers: &mut [Caller], clients: u64) -> Outcome<()> {
    let step = clients.div_ceil(COMPARED) as usize;
    thread::scope(|scope| {
        let asked = callers.iter_mut().map(|caller| {
            scope.spawn(move || {
                let numbers = (0..clients).step_by(step);
                numbers.map(|number| position(caller, number)).collect::<Result<Vec<_>, String>>()
            })
        });
        let asked: Vec<_> = asked.collect();
        let mut answers = Vec::new();
        for each in asked {
            answers.push(each.join().map_err(|_| "a comparison has panicked")??);
        }
        if answers.iter().any(|positions| *positions != answers[0]) {
            return Err("the servers differ".into());
        }
        Ok(())
    })
}

/// What a server answers about one of the load's clients.
fn position(caller: &mut Caller, number: u64) -> Result<Vec<u8>, String> {
    let question = format!("WHATSAT phone-{number:010} 1 1\n");
    let ask = |caller: &mut Caller| -> Outcome<Vec<u8>> {
        let at = caller.ask(question.as_bytes())?.to_vec();
        // A client that has not reported by chance is known to nobody.
        while at.starts_with(b"AT ") && caller.line()? != b"\n" {}
        Ok(at)
    };
    ask(caller).map_err(|error| error.to_string())
}
