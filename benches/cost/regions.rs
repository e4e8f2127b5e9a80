//! What many herds on one message bus cost: messages, bytes and seconds on the bus, and memory and work of a
//! server that is told everything. A plan: the lines, messages and records are the real ones, made of a
//! sample; the rest is multiplication. It says from which size on regions should be told only what they ask
//! for: where a server's memory or the share of its time that the bus may take is used up.

use crate::support::Outcome;
use crate::support::figures::Figures;
use herd::limits;
use herd::positions::{Positions, Report, Text, Update};
use herd::wire::gateway::{Source, Stretch, write_feed};
use herd::wire::nats::write_publish;
use herd::wire::neighbour::{NeighbourLine, write_at};
use std::time::Instant;

/// How often a client reports.
const SECONDS_BETWEEN_REPORTS: f64 = 30.0;
/// Servers of a region.
const SERVERS: u64 = 5;
/// Regions, and clients of each.
const PLANS: [(u64, u64); 6] = [
    (2, 100_000),
    (10, 100_000),
    (10, 1_000_000),
    (50, 100_000),
    (50, 1_000_000),
    (50, 10_000_000),
];
/// What one connection to the bus carries: a gigabit a second, in bytes.
const BUS_BYTES_PER_SECOND: f64 = 125e6;
/// Memory of a machine that a server may take for positions.
const MEMORY_BYTES: f64 = 64e9;
/// Of a server's time what taking from the bus may use.
const SHARE_OF_TIME: f64 = 0.5;
const SAMPLE: u32 = 200_000;

/// What one change costs.
struct Change {
    /// In a message, with its share of what surrounds the lines.
    bytes: f64,
    /// Changes of a full message.
    per_message: f64,
    /// In a server's memory.
    record_bytes: f64,
    /// To read its line and put it into the positions.
    seconds: f64,
}

/// Prints the plan, if it is wanted.
pub fn print(figures: &Figures) -> Outcome<()> {
    if !figures.wants("cost/regions") {
        return Ok(());
    }
    let change = measure()?;
    let print = |name: &str, unit: &str, value: f64| {
        figures.print(&format!("cost/regions, {name}"), unit, &[value]);
    };
    print("a change on the bus", "bytes", change.bytes);
    print("changes of a full message", "changes", change.per_message);
    print("a record in memory", "bytes", change.record_bytes);
    print("changes that a server takes", "1/s", 1.0 / change.seconds);
    for (regions, clients) in PLANS {
        let name = |what: &str| format!("{regions} of {SERVERS} x {clients}, {what}");
        let rate = clients as f64 / SECONDS_BETWEEN_REPORTS;
        let all = (regions * clients) as f64;
        let taken = rate * (regions - 1) as f64;
        print(&name("messages into the bus"), "1/s", regions as f64 * rate / change.per_message);
        print(&name("bytes into the bus"), "MB/s", regions as f64 * rate * change.bytes / 1e6);
        let out = regions as f64 * taken * change.bytes;
        print(&name("bytes out of the bus"), "MB/s", out / 1e6);
        let whole = clients as f64 * change.bytes / BUS_BYTES_PER_SECOND;
        print(&name("a region told anew"), "s", whole);
        print(&name("memory of each server"), "GB", all * change.record_bytes / 1e9);
        print(
            &name("of each server's time"),
            "%",
            100.0 * all / SECONDS_BETWEEN_REPORTS * change.seconds,
        );
    }
    let by_memory = MEMORY_BYTES / change.record_bytes;
    let by_time = SHARE_OF_TIME / change.seconds * SECONDS_BETWEEN_REPORTS;
    print("clients of all regions that fit in 64 GB", "million", by_memory / 1e6);
    print("clients of all regions for half of the time", "million", by_time / 1e6);
    print("tell only what is asked for from", "million", by_memory.min(by_time) / 1e6);
    Ok(())
}

fn measure() -> Outcome<Change> {
    let source = Source { herd: b"north-west", server: b"Monterey", epoch: 1 };
    let (mut lines, mut message, mut per_message) = (Vec::new(), Vec::new(), 0);
    for number in 0..SAMPLE {
        let text = format!("vehicle-{number:08} +34.068930-118.445127 1790000000.123456789");
        write_at(&mut lines, source.server, 263_873_386, text.as_bytes());
        if per_message == 0 && lines.len() >= limits::GATEWAY_BATCH_BYTES_MAX {
            per_message = number;
        }
    }
    let change_bytes = lines.len() as f64 / f64::from(SAMPLE);
    let stretch = Stretch { from: 1_000_000_000, to: 1_000_001_000 };
    let mut head = Vec::new();
    write_feed(&mut head, source, stretch);
    write_publish(&mut message, b"herd.feed", &[&head]);
    let bytes = change_bytes + message.len() as f64 / f64::from(per_message);
    let mut positions = Positions::new([1, 2]);
    let origin = positions.intern(source.server).ok_or("no room for a name")?;
    let start = Instant::now();
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let Some(NeighbourLine::At(at)) = NeighbourLine::parse(line) else {
            return Err("a line of ours is not understood".into());
        };
        let text = Text::of_told(&at).ok_or("a text is too long")?;
        let report = Report {
            origin,
            difference_nanoseconds: at.difference_nanoseconds,
            time_nanoseconds: at.time_nanoseconds,
            text,
        };
        if positions.update(&report, None) != Update::New {
            return Err("a record is not new".into());
        }
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(SAMPLE);
    let record_bytes = positions.bytes() as f64 / f64::from(SAMPLE);
    Ok(Change { bytes, per_message: per_message.into(), record_bytes, seconds })
}
