//! What it costs to keep positions: updates of known and of new clients, the walk of the feed, the
//! digest, and memory, at a thousand, a million and ten million clients. It takes about a minute and
//! 1.5 GB of memory; to leave out the largest, name what you want to see, as `1M`.

mod harness;
mod support;

use harness::Harness;
use herd::positions::{Change, OriginId, Positions, Report, Text, Update};
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use support::Outcome;
use support::figures::Figures;
use support::process::resident_bytes;

/// With this argument and a number the benchmark holds so many positions and tells their memory.
const MEMORY_ARGUMENT: &str = "--memory";
/// Batches of new clients, odd, so that one of them is the median.
const BATCHES: usize = 31;
const CLIENT: usize = 16;
const LOCATION: usize = 21;
const TIME_AT: usize = CLIENT + LOCATION + 2;
/// 2018-03-02, as good as any.
const FIRST_TIME: u64 = 1_520_023_934_000_000_000;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == MEMORY_ARGUMENT) {
        return tell_memory(arguments.get(at + 1).ok_or("how many?")?.parse()?);
    }
    let harness = Harness::from_arguments();
    let figures = Figures::from_arguments();
    let mut reports = Reports::new();
    harness.measure("positions/making a report (part of the updates)", || {
        let client = reports.any_of(1_000_000);
        black_box(reports.make(client));
    });
    for (count, name) in [(1_000, "1k"), (1_000_000, "1M"), (10_000_000, "10M")] {
        new_clients(&figures, count, name)?;
        known_clients(&harness, &figures, count, name)?;
        memory(&figures, count, name)?;
    }
    Ok(())
}

/// Makes reports as a phone's app writes them, each later than the one before.
struct Reports {
    text: Vec<u8>,
    time: u64,
    random: u64,
}

impl Reports {
    fn new() -> Self {
        Reports {
            text: b"phone-0000000000 +34.068930-118.445127 0000000000.000000000".to_vec(),
            time: FIRST_TIME,
            random: 1,
        }
    }

    /// One of so many clients, by the high bits of a linear congruential generator (Knuth, MMIX).
    fn any_of(&mut self, count: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.random) * u128::from(count)) >> 64) as u64
    }

    fn make(&mut self, client: u64) -> (&[u8], u64) {
        self.time += 1;
        let (seconds, fraction) = (self.time / 1_000_000_000, self.time % 1_000_000_000);
        for (end, digits, mut number) in
            [(CLIENT, 10, client), (TIME_AT + 10, 10, seconds), (TIME_AT + 20, 9, fraction)]
        {
            for digit in self.text[end - digits..end].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        (&self.text, self.time)
    }

    /// Has a client report; whether the store took it for what is expected.
    fn tell(&mut self, store: &mut Store, client: u64, expected: Update) -> bool {
        let (text, time) = self.make(client);
        let Some(text) = Text::new(text, CLIENT, LOCATION) else {
            return false;
        };
        let report = Report {
            origin: store.origin,
            difference_nanoseconds: 263_873_386,
            time_nanoseconds: time as i64,
            text,
        };
        store.positions.update(&report, None) == expected
    }
}

struct Store {
    positions: Positions,
    origin: OriginId,
}

impl Store {
    /// With the first so many clients.
    fn of(reports: &mut Reports, count: u64) -> Outcome<Self> {
        let mut positions = Positions::new([1, 2]);
        let origin = positions.intern(b"Goloman").ok_or("no room for a name")?;
        let mut store = Store { positions, origin };
        if !(0..count).all(|client| reports.tell(&mut store, client, Update::New)) {
            return Err("a new client was not new".into());
        }
        Ok(store)
    }
}

/// Clients beyond the first `count` report for the first time.
fn new_clients(figures: &Figures, count: u64, name: &str) -> Outcome<()> {
    let name = format!("positions/update, new, {name} clients");
    if !figures.wants(&name) {
        return Ok(());
    }
    let batch = count / 100;
    let mut reports = Reports::new();
    let mut store = Store::of(&mut reports, count)?;
    let mut values = Vec::new();
    let mut next = count;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for client in next..next + batch {
            if !reports.tell(&mut store, black_box(client), Update::New) {
                return Err("a new client was not new".into());
            }
        }
        values.push(start.elapsed().as_nanos() as f64 / batch as f64);
        next += batch;
    }
    figures.print(&name, "ns/op", &values);
    Ok(())
}

fn known_clients(harness: &Harness, figures: &Figures, count: u64, name: &str) -> Outcome<()> {
    let update = format!("positions/update, known, {name} clients");
    let walk = format!("positions/feed, a record, {name} clients");
    let digest = format!("positions/digest, {name} clients");
    if ![&update, &walk, &digest].iter().any(|name| figures.wants(name)) {
        return Ok(());
    }
    let mut reports = Reports::new();
    let mut store = Store::of(&mut reports, count)?;
    let mut all_newer = true;
    harness.measure(&update, || {
        let client = reports.any_of(count);
        all_newer &= reports.tell(&mut store, client, Update::Newer);
    });
    if !all_newer {
        return Err("a later report was not newer".into());
    }
    // The feed is walked in the order in which clients were last heard, here at random.
    for _ in 0..count {
        let client = reports.any_of(count);
        reports.tell(&mut store, client, Update::Newer);
    }
    let cursor = store.positions.open_cursor();
    harness.measure(&walk, || {
        let bytes = |change: Change<'_>| change.text().bytes().len();
        match store.positions.next(&cursor).map(bytes) {
            Some(bytes) => bytes,
            None => {
                store.positions.seek(&cursor, 0);
                0
            }
        }
    });
    harness.measure(&digest, || black_box(&store.positions).digest());
    Ok(())
}

/// Memory that a process has because of so many positions, in a process of its own.
fn memory(figures: &Figures, count: u64, name: &str) -> Outcome<()> {
    let name = format!("positions/memory, {name} clients");
    if !figures.wants(&name) {
        return Ok(());
    }
    let output =
        Command::new(env::current_exe()?).args([MEMORY_ARGUMENT, &count.to_string()]).output()?;
    match String::from_utf8(output.stdout)?.trim().parse::<f64>() {
        Ok(bytes) => figures.print(&name, "bytes/client", &[bytes]),
        Err(_) => figures.remark(&format!("{name}: the system does not tell")),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn tell_memory(count: u64) -> Outcome<()> {
    let before = resident_bytes("self").ok_or("the system does not tell")?;
    let store = Store::of(&mut Reports::new(), count)?;
    let after = resident_bytes("self").ok_or("the system does not tell")?;
    black_box(&store.positions);
    println!("{}", (after - before) / count as f64);
    Ok(())
}
