//! Processes that end with the benchmark, also when it panics, each on a core of its own if there
//! are two and `taskset` is at hand.

use super::Outcome;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The core for the server that is measured.
pub const SERVER_CORE: usize = 0;
/// The core for what loads it.
pub const LOAD_CORE: usize = 1;
/// How long anything may take to come up.
const START_MAX: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A child process, killed when it is dropped.
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts it; its first line of output says that it is up, and is returned.
    pub fn start(mut command: Command) -> Outcome<(Running, String)> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut running = Running { child };
        let output = running.child.stdout.take().ok_or("the child has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            return Err(format!("{command:?} did not come up").into());
        }
        Ok((running, line))
    }

    /// Starts it; what it prints is of no interest.
    pub fn start_silent(mut command: Command) -> Outcome<Running> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Running { child: command.spawn()? })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as a signal does, and waits until it has.
    pub fn stop(mut self) -> Outcome<()> {
        let told = Command::new("sh").arg("-c").arg(format!("kill {}", self.id())).status()?;
        if !told.success() {
            return Err(format!("process {} cannot be told to stop", self.id()).into());
        }
        wait_soon("the end of a process", || Ok(self.child.try_wait()?.is_some()))
    }

    /// The processor time that its first thread has spent in seconds, where the system tells: a server is
    /// one thread but for its helpers.
    pub fn processor_seconds(&self) -> Option<f64> {
        let nanoseconds = fs::read_to_string(format!("/proc/{}/schedstat", self.id())).ok()?;
        let nanoseconds: f64 = nanoseconds.split_whitespace().next()?.parse().ok()?;
        Some(nanoseconds / 1e9)
    }

    /// Resident memory in bytes, where the system tells.
    pub fn resident_bytes(&self) -> Option<f64> {
        resident_bytes(&self.id().to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process (`self` for this one) in bytes, where the system tells.
pub fn resident_bytes(process: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1_024.0)
}

/// A command that runs `program` on that core, if it can be confined to it.
pub fn on_core(core: usize, program: impl AsRef<OsStr>) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// The same command with so many descriptors to use, or as many as the system gives.
pub fn with_descriptors(count: usize, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n \"$1\" || ulimit -n \"$(ulimit -H -n)\"; shift; exec \"$@\"", "sh"])
        .arg(count.to_string())
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Whether processes can be given cores of their own.
pub fn can_pin() -> bool {
    thread::available_parallelism().map_or(1, usize::from) >= 2 && is_at_hand("taskset")
}

/// Whether a thread can be put before all others of its core: as root, for the most part.
pub fn can_go_first() -> bool {
    let real_time =
        || Command::new("chrt").args(["-f", "1", "true"]).stderr(Stdio::null()).status();
    can_pin() && is_at_hand("chrt") && real_time().is_ok_and(|status| status.success())
}

/// Puts this thread on that core and before all others there, if that can be: what it notices then is not
/// how they share it.
pub fn go_first(core: usize) -> Outcome<()> {
    if !can_go_first() {
        return Ok(());
    }
    let thread = fs::read_link("/proc/thread-self")?;
    let thread = thread.file_name().ok_or("a thread without a number")?;
    let core = core.to_string();
    for [program, arguments @ ..] in [["taskset", "-c", "-p", &core], ["chrt", "-f", "-p", "1"]] {
        let mut command = Command::new(program);
        let status = command.args(arguments).arg(thread).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("{command:?} failed with {status}").into());
        }
    }
    Ok(())
}

/// Whether a program of that name can be run.
pub fn is_at_hand(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Looks until the condition holds.
///
/// # Errors
/// When it does not within `limit`, or cannot be looked at.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> Outcome<bool>,
) -> Outcome<()> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() > limit {
            return Err(format!("{what}: not within {limit:?}").into());
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// As [`wait_until`], for what should come soon.
pub fn wait_soon(what: &str, holds: impl FnMut() -> Outcome<bool>) -> Outcome<()> {
    wait_until(what, START_MAX, holds)
}

/// So many different ports that nobody listens on.
pub fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<_>>()?;
    listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// A folder of the benchmark's own, removed when it is dropped.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new, empty one.
    pub fn new(name: &str) -> io::Result<Self> {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = parent.join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Folder { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is in the build's own folder for such things.
        let _ = fs::remove_dir_all(&self.path);
    }
}
