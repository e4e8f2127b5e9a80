//! Instructions that the daemon executes, outside of the kernel, for one report of a known client
//! when 64 are in flight on one connection.
//!
//! Times depend on the machine and on what else it does; instructions hardly do, so a change of one
//! part in a hundred shows. Callgrind counts them in two runs of different length; the difference of
//! the two is what reports cost and nothing else. A filter that names one of the parts shows how
//! many of them are spent in it, as far as the compiler has left it a function of its own.
//!
//! The same is counted of a gateway whose message bus is away, and of one whose bus has stopped reading:
//! a report must not notice.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};
use support::Outcome;
use support::caller::Caller;
use support::daemons::{DAEMON, Herd};
use support::figures::Figures;
use support::process::{Folder, SERVER_CORE, is_at_hand, on_core};

const NAME: &str = "instructions/report";
const GATEWAY: &str = "instructions/report to a gateway";
const CLIENTS: u64 = 1_000;
/// Reports on the way at once: sent together, and all answered before the next are sent.
const IN_FLIGHT: u64 = 64;
/// Batches of the two runs. Before them each client reports once.
const BATCHES: [u64; 2] = [200, 600];
/// Parts of the way of a report, and how the functions that do them are called.
const PARTS: [(&str, &str); 4] = [
    ("all that the conversation does", "Client::process"),
    ("all but reading the line", "Client::take_position"),
    ("update", "Positions::take"),
    ("answer", "write_at_after"),
];

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    let parts = PARTS.map(|(part, _)| format!("{NAME}: {part}"));
    let buses = ["away", "not reading"].map(|bus| format!("{GATEWAY} whose bus is {bus}"));
    let wants_report = figures.wants(NAME) || parts.iter().any(|part| figures.wants(part));
    if !wants_report && !buses.iter().any(|bus| figures.wants(bus)) {
        return Ok(());
    }
    if !is_at_hand("valgrind") {
        figures.remark("instructions: without valgrind they cannot be counted");
        return Ok(());
    }
    if wants_report {
        let counted = Counted::of(None)?;
        figures.print(NAME, "instructions", &[counted.of_a_report]);
        for (name, (_, function)) in parts.iter().zip(PARTS) {
            let values: Vec<f64> = counted.of_parts.get(function).copied().into_iter().collect();
            figures.print(name, "instructions", &values);
        }
    }
    let [away, not_reading] = &buses;
    if figures.wants(away) {
        // Nobody listens there.
        let counted = Counted::of(Some(SocketAddr::from(([127, 0, 0, 1], 9))))?;
        figures.print(away, "instructions", &[counted.of_a_report]);
    }
    if figures.wants(not_reading) {
        let (bus, greeted) = bus_that_does_not_read()?;
        let counted = Counted::of(Some(bus))?;
        let greeted = greeted.try_iter().collect::<io::Result<Vec<_>>>()?;
        assert!(greeted.len() >= BATCHES.len(), "a gateway has not come to its bus");
        figures.print(not_reading, "instructions", &[counted.of_a_report]);
    }
    Ok(())
}

/// What reports cost.
struct Counted {
    of_a_report: f64,
    /// By function, as far as that is known.
    of_parts: BTreeMap<&'static str, f64>,
}

impl Counted {
    /// By a server alone, or by a gateway to the bus at that address.
    fn of(bus: Option<SocketAddr>) -> Outcome<Self> {
        let herd = Herd::lay_out(&[("Quiet", &[])])?;
        let folder = Folder::new("instructions")?;
        let [few, many] = BATCHES.map(|batches| -> Outcome<_> {
            let profile = folder.path().join(format!("callgrind.{batches}"));
            count(&herd, batches, bus, &profile)?;
            Ok((total(&profile)?, functions(&profile)?))
        });
        let (few, many) = (few?, many?);
        let reports = ((BATCHES[1] - BATCHES[0]) * IN_FLIGHT) as f64;
        let of_part = |(function, many)| Some((function, (many - few.1.get(function)?) / reports));
        let of_parts = many.1.into_iter().filter_map(of_part).collect();
        Ok(Counted { of_a_report: (many.0 - few.0) / reports, of_parts })
    }
}

/// Has the daemon answer so many batches, with its instructions counted into `profile`.
fn count(herd: &Herd, batches: u64, bus: Option<SocketAddr>, profile: &Path) -> Outcome<()> {
    let mut command = on_core(SERVER_CORE, "valgrind");
    command.args(["-q", "--tool=callgrind"]);
    command.arg(format!("--callgrind-out-file={}", profile.display())).arg(DAEMON);
    if let Some(bus) = bus {
        command.arg("--nats").arg(format!("nats://{bus}"));
    }
    let running = herd.start_by(command, "Quiet", "off")?;
    report(herd.server("Quiet")?.clients, batches)?;
    running.stop()
}

/// Where gateways are greeted by a bus that then takes no more than a few KiB of what they tell, and those
/// who have been. It ends with the benchmark.
fn bus_that_does_not_read() -> Outcome<(SocketAddr, Receiver<io::Result<TcpStream>>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket2::SockRef::from(&listener).set_recv_buffer_size(4_096)?;
    let address = listener.local_addr()?;
    let (greeted, all_greeted) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if greeted.send(stream.and_then(greet)).is_err() {
                break;
            }
        }
    });
    Ok((address, all_greeted))
}

fn greet(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.write_all(b"INFO {\"server_id\":\"B\",\"max_payload\":1048576}\r\n")?;
    let mut lines = BufReader::new(&stream).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| line != "PING")) {}
    stream.write_all(b"PONG\r\n")?;
    Ok(stream)
}

/// Every client reports, then any of them, each answer being looked at.
fn report(address: SocketAddr, batches: u64) -> Outcome<()> {
    let mut caller = Caller::connect(address)?;
    let mut random = Random(1);
    let mut time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let fill = CLIENTS.div_ceil(IN_FLIGHT);
    for batch in 0..fill + batches {
        let mut lines = Vec::new();
        for place in 0..IN_FLIGHT {
            let in_turn = (batch * IN_FLIGHT + place) % CLIENTS;
            let client = if batch < fill { in_turn } else { random.below(CLIENTS) };
            time += 1;
            lines.push(random.line(client, time));
        }
        caller.send(lines.concat().as_bytes())?;
        for line in lines {
            let answer = caller.line()?;
            let fields = &line.as_bytes()[b"IAMAT ".len()..];
            if !answer.starts_with(b"AT Quiet +") || !answer.ends_with(fields) {
                return Err(format!("{line:?}: {}", String::from_utf8_lossy(answer)).into());
            }
        }
    }
    Ok(())
}

/// The high bits of a linear congruential generator (Knuth, MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0) * u128::from(bound)) >> 64) as u64
    }

    /// A report of that client, with an id of 16 bytes, from anywhere.
    fn line(&mut self, client: u64, time: u128) -> String {
        let [north, east] = [2, 2].map(|signs| if self.below(signs) == 0 { '+' } else { '-' });
        let [latitude, longitude] = [90, 180].map(|degrees| self.below(degrees));
        let [latitude_rest, longitude_rest] = [(); 2].map(|()| self.below(1_000_000));
        let (seconds, nanoseconds) = (time / 1_000_000_000, time % 1_000_000_000);
        format!(
            "IAMAT phone-{client:010} {north}{latitude:02}.{latitude_rest:06}\
             {east}{longitude:03}.{longitude_rest:06} {seconds}.{nanoseconds:09}\n"
        )
    }
}

/// All instructions of a run.
fn total(profile: &Path) -> Outcome<f64> {
    let text = fs::read_to_string(profile)?;
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(line.ok_or("callgrind has counted nothing")?.trim().parse()?)
}

/// What the functions of [`PARTS`] took together with those that they called; nothing if nobody can
/// tell.
fn functions(profile: &Path) -> Outcome<BTreeMap<&'static str, f64>> {
    let mut found = BTreeMap::new();
    if !is_at_hand("callgrind_annotate") {
        return Ok(found);
    }
    let mut command = Command::new("callgrind_annotate");
    command.args(["--inclusive=yes", "--auto=no", "--threshold=100"]).arg(profile);
    let output = command.output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // "  23,770,800 (33.96%)  src/positions/mod.rs:herd::positions::Positions::update [...]";
        // a function has a line for every file that has been inlined into it, the first for all.
        let mut words = line.split_whitespace();
        let instructions = words.next().map(|word| word.replace(',', ""));
        let Some(Ok(instructions)) = instructions.map(|number| number.parse::<f64>()) else {
            continue;
        };
        // A function in another file than its type is written `<impl ...::Type>::function`.
        let line = line.replace('>', "");
        for (_, function) in PARTS {
            if line.split_whitespace().any(|word| word.ends_with(&format!("::{function}"))) {
                let most: &mut f64 = found.entry(function).or_default();
                *most = most.max(instructions);
            }
        }
    }
    Ok(found)
}
