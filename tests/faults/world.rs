//! A scenario's own world: this program once more, in fresh namespaces for mounts, processes and
//! networks. It is the first process there, so all that it starts ends with it, however it ends.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Names the scenario to the child.
const SCENARIO_VARIABLE: &str = "HERD_FAULTS_SCENARIO";
/// Where the child leaves its files.
const DIRECTORY_VARIABLE: &str = "HERD_FAULTS_DIRECTORY";
/// Far above what any scenario takes: a scenario that hangs is ended.
const SCENARIO_MAX: Duration = Duration::from_secs(120);
const POLL_PAUSE: Duration = Duration::from_millis(20);

/// What became of a scenario.
pub struct Ended {
    pub succeeded: bool,
    pub output: String,
}

/// Runs a scenario in a world of its own, to its end.
pub fn enter(name: &str) -> Ended {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let directory = directory.join(format!("faults-{}-{name}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let said = directory.join("said");
    let file = File::create(&said).unwrap();
    let mut child = namespaces()
        .arg(env::current_exe().unwrap())
        .env(SCENARIO_VARIABLE, name)
        .env(DIRECTORY_VARIABLE, &directory)
        .env("RUST_BACKTRACE", "0")
        .env_remove("RUST_LOG")
        .env_remove("GOOGLE_PLACES_API_KEY")
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let status = wait(&mut child);
    let mut output = fs::read_to_string(&said).unwrap();
    let succeeded = status.is_some_and(|status| status.success());
    match status {
        None => output.push_str("it did not come to an end"),
        Some(_) if succeeded => fs::remove_dir_all(&directory).unwrap(),
        Some(status) => output.push_str(&status.to_string()),
    }
    if !succeeded {
        output.push_str(&format!("\nwhat it left is in {}", directory.display()));
    }
    Ended { succeeded, output }
}

/// The scenario whose world this process is in, if it is.
pub fn entered() -> Option<String> {
    env::var(SCENARIO_VARIABLE).ok()
}

/// Whether the links of this scenario are by TLS, with keys made for it.
pub fn is_by_tls() -> bool {
    entered().is_some_and(|name| name.ends_with("_by_tls"))
}

/// Where a scenario leaves its files.
pub fn directory() -> PathBuf {
    PathBuf::from(env::var_os(DIRECTORY_VARIABLE).unwrap())
}

/// Whether there are the tools and the rights; else what is missing, in one line.
pub fn probe() -> Result<(), String> {
    for (tool, package) in
        [("unshare", "util-linux"), ("nsenter", "util-linux"), ("ip", "iproute2")]
    {
        let found = Command::new(tool).arg("-V").stdout(Stdio::null()).status();
        found.map_err(|error| format!("{tool} of {package} is needed: {error}"))?;
    }
    let tried = namespaces().arg("true").output().unwrap();
    if tried.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&tried.stderr);
    Err(format!("namespaces for these tests cannot be made: {}", why.trim_end()))
}

/// Runs what is added to it as the first process of new namespaces.
fn namespaces() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        // A user namespace gives the rights to make the others, where the system lets it.
        command.arg("--map-root-user");
    }
    command
}

/// Waits for the end, for a time; then ends it.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + SCENARIO_MAX;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(POLL_PAUSE);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}
