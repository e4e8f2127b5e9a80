//! Two herds of two servers that meet on one NATS server: how many changes a second go from the one to the
//! other, and how long a report takes to the other's gateway beside the bus's own request and reply.
//!
//! A million positions are told while the bus is away, and go over it when it is there. Without
//! `nats-server` it says so and measures nothing.

mod support;

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;
use support::Outcome;
use support::beside::microseconds;
use support::caller::{Caller, report_of};
use support::daemons::{DAEMON, Herd, Server};
use support::figures::{Figures, quantile};
use support::load::Loaded;
use support::process::{Running, free_ports, wait_soon};

const ROUNDS: usize = 3;
const POSITIONS: u64 = 500_000;
const REPORTS: usize = 2_000;

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    let nats = ["nats-server", "/usr/sbin/nats-server"];
    let program =
        nats.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    let Some(program) = program else {
        figures.remark("gateway: nats-server is not installed, and nothing is measured");
        return Ok(());
    };
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(rate(program)?);
    }
    figures.print("gateway/changes from herd to herd", "changes/s", &rates);
    latency(&figures, program)
}

/// A NATS server, once it is started.
struct Bus {
    program: &'static str,
    port: u16,
}

impl Bus {
    fn new(program: &'static str) -> Outcome<Self> {
        Ok(Bus { program, port: free_ports(1)?[0] })
    }

    fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn start(&self) -> Outcome<Running> {
        let mut command = Command::new(self.program);
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::start_silent(command)?;
        wait_soon("the bus", || Ok(TcpStream::connect(self.address()).is_ok()))?;
        Ok(running)
    }
}

/// A herd whose first server is a gateway.
fn start(bus: &Bus, names: [&str; 2]) -> Outcome<(Herd, [Running; 2])> {
    let herd = Herd::lay_out(&[(names[0], &[names[1]]), (names[1], &[])])?;
    let mut command = Command::new(DAEMON);
    command.args(["--nats", &format!("nats://127.0.0.1:{}", bus.port)]);
    let gateway = herd.start_by(command, names[0], "off")?;
    let other = herd.start_by(Command::new(DAEMON), names[1], "off")?;
    Ok((herd, [gateway, other]))
}

fn status(server: &Server) -> Outcome<serde_json::Value> {
    Ok(serde_json::from_slice(&Caller::connect(server.web)?.get("/status")?)?)
}

/// Changes a second from the one herd until the last server of the other knows them.
fn rate(program: &'static str) -> Outcome<f64> {
    let bus = Bus::new(program)?;
    let (west, _west) = start(&bus, ["Ashland", "Bend"])?;
    let (east, _east) = start(&bus, ["Camden", "Dover"])?;
    let count = POSITIONS.to_string();
    Loaded::run(west.server("Bend")?.clients, &["-c", "50", "-p", "64", "-n", &count, "-d", "1"])?;
    let knows = |server: &Server, least: u64| -> Outcome<bool> {
        Ok(status(server)?["clients"].as_u64().unwrap_or(0) >= least)
    };
    let (ashland, dover) = (west.server("Ashland")?, east.server("Dover")?);
    wait_soon("the gateway to know all", || knows(ashland, POSITIONS))?;
    let _running = bus.start()?;
    // Without the time until it is dialled.
    wait_soon("the first to come", || knows(dover, 1))?;
    let (before, start) = (status(dover)?["clients"].as_u64().unwrap_or(0), Instant::now());
    wait_soon("the last to come", || knows(dover, POSITIONS))?;
    Ok((POSITIONS - before) as f64 / start.elapsed().as_secs_f64())
}

/// A report at the one gateway until who watches at the other is told, and what a request and its reply take
/// on the bus.
fn latency(figures: &Figures, program: &'static str) -> Outcome<()> {
    let bus = Bus::new(program)?;
    let _running = bus.start()?;
    let (west, _west) = start(&bus, ["Ashland", "Bend"])?;
    let (east, _east) = start(&bus, ["Camden", "Dover"])?;
    let (ashland, camden) = (west.server("Ashland")?, east.server("Camden")?);
    for server in [ashland, camden] {
        wait_soon("the gateways", || Ok(status(server)?["gateway"]["up"] == true))?;
    }
    let mut reporter = Caller::connect(ashland.clients)?;
    let mut watcher = Caller::connect(camden.clients)?;
    watcher.ask(b"WATCH kiwi\n")?;
    let (mut asker, mut answerer) = (subscriber(&bus, "reply")?, subscriber(&bus, "request")?);
    let (mut ways, mut asked) = (Vec::new(), Vec::new());
    for number in 0..REPORTS {
        let start = Instant::now();
        reporter.ask(&report_of("kiwi"))?;
        while !watcher.line()?.starts_with(b"~ AT ") {}
        if number >= REPORTS / 10 {
            ways.push(microseconds(start.elapsed()));
        }
        let start = Instant::now();
        asker.send(b"PUB request reply 2\r\nhi\r\n")?;
        while !answerer.line()?.starts_with(b"hi") {}
        answerer.send(b"PUB reply 2\r\nhi\r\n")?;
        while !asker.line()?.starts_with(b"hi") {}
        if number >= REPORTS / 10 {
            asked.push(microseconds(start.elapsed()));
        }
    }
    figures.print("gateway/a report until the other gateway knows", "us", &ways);
    figures.print("gateway/request and reply on the bus", "us", &asked);
    let ratio = quantile(&ways, 0.5) / quantile(&asked, 0.5);
    figures.print("gateway/the one in the other", "times", &[ratio]);
    Ok(())
}

fn subscriber(bus: &Bus, subject: &str) -> Outcome<Caller> {
    let mut caller = Caller::connect(bus.address())?;
    caller.line()?;
    caller
        .send(format!("CONNECT {{\"verbose\":false}}\r\nSUB {subject} 1\r\nPING\r\n").as_bytes())?;
    while !caller.line()?.starts_with(b"PONG") {}
    Ok(caller)
}
