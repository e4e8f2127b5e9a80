//! What is measured of the servers throughout: memory, descriptors, logs, journals and turns.

use super::target::{NAMES, SERVERS, Target};
use herd::limits::LOG_FILE_BYTES_MAX;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// What a log may have beyond its two files: what is written at a time.
const LOG_SLACK_BYTES: u64 = 1 << 20;
/// Of a run, what is warm-up; what is left is compared by thirds.
const WARM_UP: f64 = 0.2;
/// Refusals that are asked for.
const ASKED_FOR: [&str; 2] = ["command", "unknown_client"];
/// From which length on turns are counted.
pub const LONG_TURN: &str = "0.1";

/// What is measured, and by how much the mean of the last third may exceed that of the first: a part of it,
/// and so many besides.
pub const GAUGES: [(&str, f64, f64); 4] = [
    ("resident bytes", 0.1, 4e6),
    ("descriptors", 0.1, 12.0),
    ("bytes of journals", 0.5, 64e6),
    // Of a log without traffic; it is what the servers are put through that is written.
    ("bytes logged a second", 0.5, 200.0),
];

/// All looks at one server.
#[derive(Debug, Default)]
struct Looks {
    /// When, and the gauges.
    all: Vec<(Duration, [f64; GAUGES.len()])>,
    /// Bytes of the log at the last look.
    log_bytes: u64,
    turns: Option<Turns>,
}

/// What a process has said of its turns.
#[derive(Debug, Clone, Copy, Default)]
struct Turns {
    process: u64,
    /// How often it had been cut by then: what was stopped in a turn has made that turn long.
    cuts: u64,
    all: f64,
    short: f64,
    longest: f64,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Gauges {
    looks: [Looks; SERVERS],
    pub turns: f64,
    /// Turns that took longer than [`LONG_TURN`] while nobody was stopped.
    pub long_turns: f64,
    /// The longest of those in seconds, whose it was, and when in the run it was seen.
    pub longest_turn: (f64, &'static str, Duration),
}

impl Gauges {
    /// Looks at all servers with web ports until it is over.
    pub fn run(directory: &Path, targets: &[Target; SERVERS], over: &AtomicBool) -> Gauges {
        let (mut gauges, started) = (Gauges::default(), Instant::now());
        while !over.load(Ordering::Relaxed) {
            for (at, target) in targets.iter().enumerate().filter(|(_, target)| target.has_web()) {
                gauges.look(directory, at, target, started.elapsed());
            }
            thread::sleep(INTERVAL);
        }
        gauges
    }

    fn look(&mut self, directory: &Path, at: usize, target: &Target, when: Duration) {
        let (since, Some(process)) = (target.absences(), target.process()) else { return };
        let Some((resident, descriptors)) = of_process(process) else { return };
        let logs = ["log", "log.1"].map(|end| directory.join(format!("logs/{}.{end}", NAMES[at])));
        let log_bytes = bytes(logs);
        assert!(log_bytes <= 2 * LOG_FILE_BYTES_MAX + LOG_SLACK_BYTES, "{log_bytes} bytes of logs");
        let looks = &mut self.looks[at];
        let logged = log_bytes.saturating_sub(looks.log_bytes) as f64;
        looks.log_bytes = log_bytes;
        let journal = fs::read_dir(directory.join(format!("{}.journal", NAMES[at])));
        let journal = bytes(journal.into_iter().flatten().flatten().map(|entry| entry.path()));
        looks.all.push((when, [resident, descriptors, journal as f64, logged]));
        let Some(cuts) = target.cuts() else { return };
        let metrics = match target.dial_web().and_then(|mut line| line.get("/metrics")) {
            Ok((status, metrics)) => {
                assert_eq!(status, 200, "{metrics}");
                metrics
            }
            Err(error) => return assert!(target.is_excused(since), "{}: {error}", NAMES[at]),
        };
        if target.process() == Some(process) && target.cuts() == Some(cuts) {
            self.count_turns(at, [process.into(), cuts], &metrics, when);
        }
        for line in metrics.lines().filter(|line| line.starts_with("herd_refused_commands")) {
            let is_asked_for =
                ASKED_FOR.iter().any(|reason| line.contains(&format!("\"{reason}\"")));
            assert!(is_asked_for || line.ends_with(" 0"), "{}: {line}", NAMES[at]);
        }
    }

    fn count_turns(&mut self, at: usize, [process, cuts]: [u64; 2], metrics: &str, when: Duration) {
        let value = |name: &str| -> f64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name}")).trim().parse().unwrap()
        };
        let now = Turns {
            process,
            cuts,
            all: value("herd_turn_duration_seconds_count"),
            short: value(&format!("herd_turn_duration_seconds_bucket{{le=\"{LONG_TURN}\"}}")),
            longest: value("herd_turn_longest_seconds"),
        };
        let before = self.looks[at].turns.replace(now);
        let before = before.unwrap_or(Turns { cuts, ..Turns::default() });
        // A new process has counted from its start.
        let begun = if before.process == process { before } else { Turns::default() };
        if before.cuts == cuts {
            self.turns += now.all - begun.all;
            self.long_turns += (now.all - now.short) - (begun.all - begun.short);
            if now.longest > begun.longest {
                let of = (now.longest, NAMES[at], when);
                self.longest_turn =
                    if now.longest > self.longest_turn.0 { of } else { self.longest_turn };
            }
        }
    }

    /// Of a server the means of a gauge in the first and in the last third.
    pub fn thirds(&self, at: usize, gauge: usize) -> [f64; 2] {
        let all = &self.looks[at].all;
        let end = all.last().map_or(Duration::ZERO, |(when, _)| *when);
        let warm = end.mul_f64(WARM_UP);
        let third = (end - warm) / 3;
        [warm..warm + third, end - third..end + INTERVAL].map(|part| {
            let within = all.iter().filter(|(when, _)| part.contains(when));
            let values: Vec<f64> = within.map(|(_, gauges)| gauges[gauge]).collect();
            values.iter().sum::<f64>() / values.len().max(1) as f64
        })
    }
}

/// Resident bytes and descriptors of a process, if there is one.
fn of_process(process: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some((kilobytes * 1_024.0, descriptors as f64))
}

/// Of all those files that are there.
fn bytes(files: impl IntoIterator<Item = PathBuf>) -> u64 {
    files.into_iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum()
}
