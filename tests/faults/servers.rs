//! The five servers of goloman, each a real daemon in its namespace.

use crate::network::{self, command_at, router_address};
use crate::world;
use herd::limits;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The servers and whom they talk with, each pair once.
pub const NAMES: [&str; 5] = ["Goloman", "Hands", "Holiday", "Welsh", "Wilkes"];
pub const GOLOMAN: usize = 0;
pub const HANDS: usize = 1;
pub const HOLIDAY: usize = 2;
pub const WELSH: usize = 3;
pub const WILKES: usize = 4;
const PAIRS: [(usize, usize); 6] = [
    (GOLOMAN, HANDS),
    (GOLOMAN, HOLIDAY),
    (GOLOMAN, WILKES),
    (HANDS, WILKES),
    (HOLIDAY, WELSH),
    (HOLIDAY, WILKES),
];

const CLIENT_PORT: u16 = 11_645;
pub const NEIGHBOUR_PORT: u16 = 12_645;
/// Where nobody answers.
const NO_PLACES: &str = "https://127.0.0.1:1/maps/api/place/nearbysearch/json";
const DAY_SECONDS: f64 = 86_400.0;
/// How long anything may take that happens at once on a machine that is not crowded.
pub const SLACK: Duration = Duration::from_secs(4);
const POLL_PAUSE: Duration = Duration::from_millis(10);
/// Bytes of a log that are shown when a scenario fails.
const SHOWN_BYTES: usize = 3_000;

/// The herd, running.
pub struct Servers {
    file: PathBuf,
    /// Where the keys are, if there are any: then nobody speaks without TLS to a neighbour.
    keys: Option<PathBuf>,
    processes: Vec<Option<Child>>,
}

/// A place in a server's log.
pub struct LogMark {
    server: usize,
    bytes: usize,
}

/// Who is dialled by way of the router's proxy instead of directly.
pub type Proxied<'a> = &'a [usize];

impl Servers {
    /// Starts all and waits until they are linked.
    pub fn start(proxied: Proxied<'_>) -> Servers {
        let file = world::directory().join("herd.json");
        let entries = NAMES.iter().enumerate().map(|(index, name)| {
            let listen = network::address(index);
            let host =
                if proxied.contains(&index) { router_address(index) } else { listen.clone() };
            let talks_with: Vec<&str> = PAIRS
                .iter()
                .filter(|(one, _)| *one == index)
                .map(|(_, other)| NAMES[*other])
                .collect();
            serde_json::json!({
                "name": name, "host": host, "listen": listen,
                "port": CLIENT_PORT, "neighbour_port": NEIGHBOUR_PORT, "talks_with": talks_with,
            })
        });
        let entries: Vec<_> = entries.collect();
        let herd = serde_json::json!({ "herd": "goloman", "servers": entries });
        fs::write(&file, herd.to_string()).unwrap();
        let keys = world::is_by_tls().then(|| {
            let keys = world::directory().join("keys");
            let mut herdca = Command::new(env!("CARGO_BIN_EXE_herdca"));
            herdca.arg("new").arg(&keys).arg("--herd").arg(&file).stdout(Stdio::null());
            assert!(herdca.status().unwrap().success());
            keys
        });
        let mut servers = Servers { file, keys, processes: NAMES.map(|_| None).into() };
        (0..NAMES.len()).for_each(|index| servers.launch(index));
        servers.wait_for_links();
        servers
    }

    /// Starts one server, also again.
    pub fn launch(&mut self, index: usize) {
        let name = NAMES[index];
        let said = world::directory().join(format!("{name}.out"));
        let said = File::options().create(true).append(true).open(said).unwrap();
        let mut command = command_at(index, env!("CARGO_BIN_EXE_herd"));
        if let Some(keys) = &self.keys {
            command.arg("--keys").arg(keys);
        }
        let child = command
            .arg("-H")
            .arg(&self.file)
            .args(["--places", NO_PLACES, "--log-dir"])
            .arg(log_directory(index))
            .arg(name)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap();
        self.processes[index] = Some(child);
    }

    /// Ends a server as a crash would.
    pub fn kill(&mut self, index: usize) {
        let mut process = self.processes[index].take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Sends a server a signal: `STOP`, `CONT`, ...
    pub fn signal(&self, index: usize, name: &str) {
        let id = self.processes[index].as_ref().unwrap().id();
        let command = format!("kill -{name} {id}");
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Memory that a server has in use, in bytes.
    pub fn resident_bytes(&self, index: usize) -> u64 {
        let id = self.processes[index].as_ref().unwrap().id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kilobytes: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        kilobytes * 1_024
    }

    /// Checks that no server ended by itself.
    pub fn assert_running(&mut self) {
        for (index, process) in self.processes.iter_mut().enumerate() {
            if let Some(process) = process {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "{} has ended: {ended:?}", NAMES[index]);
            }
        }
    }

    /// Waits until all links have come up once.
    fn wait_for_links(&self) {
        let start = LogMark::start();
        for (one, other) in PAIRS {
            for (from, to) in [(one, other), (other, one)] {
                let words = format!("link to {} is up", NAMES[to]);
                LogMark { server: from, ..start }
                    .wait_for(&words, limits::REDIAL_PAUSE_MAX + SLACK);
            }
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
        if thread::panicking() {
            (0..NAMES.len()).for_each(show_log);
        }
    }
}

/// Where clients reach a server.
pub fn client_address(index: usize) -> SocketAddr {
    format!("{}:{CLIENT_PORT}", network::address(index)).parse().unwrap()
}

/// The servers that `index` talks with.
pub fn neighbours(index: usize) -> Vec<usize> {
    let other = |&(one, other): &(usize, usize)| match index {
        _ if index == one => Some(other),
        _ if index == other => Some(one),
        _ => None,
    };
    PAIRS.iter().filter_map(other).collect()
}

/// Where the log of a server is.
pub fn log_directory(index: usize) -> PathBuf {
    world::directory().join(format!("logs-{}", NAMES[index]))
}

/// All that a server has logged.
pub fn log(index: usize) -> String {
    let path = log_directory(index).join(format!("{}.log", NAMES[index]));
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl LogMark {
    /// The end of a server's log as it is now.
    pub fn end_of(server: usize) -> LogMark {
        LogMark { server, bytes: log(server).len() }
    }

    fn start() -> LogMark {
        LogMark { server: 0, bytes: 0 }
    }

    /// Waits for a line with these words behind the mark; when it was logged, in seconds of the day.
    pub fn wait_for(&self, words: &str, limit: Duration) -> f64 {
        let deadline = Instant::now() + limit;
        loop {
            let log = log(self.server);
            let behind = log.get(self.bytes..).unwrap_or_default();
            if let Some(line) = behind.lines().find(|line| line.contains(words)) {
                return second_of_day_in(line);
            }
            let name = NAMES[self.server];
            assert!(Instant::now() < deadline, "{name} does not log {words:?} within {limit:?}");
            thread::sleep(POLL_PAUSE);
        }
    }
}

/// Seconds between a time of the day and a later one, maybe past midnight.
pub fn seconds_between(earlier: f64, later: f64) -> f64 {
    (later - earlier).rem_euclid(DAY_SECONDS)
}

/// Seconds of the day, as the logs count them.
pub fn second_of_day() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() % DAY_SECONDS
}

/// From `2026-11-21T03:27:58.123456Z INFO  ...`.
fn second_of_day_in(line: &str) -> f64 {
    let mut parts = line[11..26].split(':').map(|part| part.parse::<f64>().unwrap());
    let mut next = || parts.next().unwrap();
    next() * 3_600.0 + next() * 60.0 + next()
}

fn show_log(index: usize) {
    let log = log(index);
    let everyday =
        |line: &&str| [" AT ", " < ", "client #", "question"].iter().any(|w| line.contains(w));
    let told: Vec<&str> = log.lines().filter(|line| !everyday(line)).collect();
    let text = told.join("\n");
    let mut start = text.len().saturating_sub(SHOWN_BYTES);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    eprintln!("--- {}, without clients\n{}", NAMES[index], &text[start..]);
}
