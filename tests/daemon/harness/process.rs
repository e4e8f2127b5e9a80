//! A process that a test started, and that ends with it.

use super::until;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Bytes of a log that are shown when a test fails.
const SHOWN_BYTES_MAX: usize = 8 * 1_024;

/// A running process, or one that has ended.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: PathBuf,
    errors: PathBuf,
    /// Shown when the test fails.
    pub log: Option<PathBuf>,
}

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit status, if it was not a signal that ended the process.
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Process {
    /// Starts `command` with nothing to read and with its output in files in `directory`.
    pub fn start(command: &mut Command, directory: &Path) -> Process {
        let (output, errors) = files(directory);
        let child = command
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        Process { child, output, errors, log: None }
    }

    /// The same for a command whose process is handed those sockets, three at most, as a service manager
    /// does: a shell takes them for its standard streams, and puts them where they belong.
    pub fn start_with(
        command: &Command,
        sockets: &[TcpListener],
        names: Option<&str>,
        directory: &Path,
    ) -> Process {
        const SCRIPT: &str = "exec 3<&0 4<&1 5<&2 </dev/null >\"$1\" 2>\"$2\"; shift 2; \
                              export LISTEN_PID=$$; exec \"$@\"";
        let (output, errors) = files(directory);
        // They are looked at before the shell has made them.
        [&output, &errors].into_iter().for_each(|file| drop(File::create(file).unwrap()));
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh"]).args([&output, &errors]);
        shell.arg(command.get_program()).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(variable, value),
                None => shell.env_remove(variable),
            };
        }
        shell.env("LISTEN_FDS", sockets.len().to_string());
        if let Some(names) = names {
            shell.env("LISTEN_FDNAMES", names);
        }
        let mut sockets = sockets.iter().map(|socket| socket.try_clone().unwrap().into());
        let mut next = || sockets.next().map_or_else(Stdio::null, |socket: OwnedFd| socket.into());
        shell.stdin(next()).stdout(next()).stderr(next());
        let child = shell.current_dir(directory).spawn().unwrap();
        Process { child, output, errors, log: None }
    }

    /// Runs `command` to its end.
    pub fn run(command: &mut Command, directory: &Path) -> Ended {
        Process::start(command, directory).end()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let status = self.wait();
        Ended { code: status.code(), output: self.output(), errors: self.errors() }
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        until("the process ends", || self.ended())
    }

    /// The exit status, once there is one.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Sends a signal: `TERM`, `STOP`, ...
    pub fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// Ends the process as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it has written to standard output.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap()
    }

    /// What it has written to standard error.
    pub fn errors(&self) -> String {
        fs::read_to_string(&self.errors).unwrap()
    }

    /// Memory that is in use, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kilobytes: u64 = line.trim().strip_suffix(" kB").unwrap().parse().unwrap();
        kilobytes * 1_024
    }

    /// How many descriptors are open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            for file in [Some(&self.output), Some(&self.errors), self.log.as_ref()] {
                file.into_iter().for_each(|file| show(file));
            }
        }
    }
}

/// Where another process leaves its output and its errors.
fn files(directory: &Path) -> (PathBuf, PathBuf) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    (directory.join(format!("{number}.out")), directory.join(format!("{number}.err")))
}

/// Shows the end of a file together with what the test says of its failure.
fn show(file: &Path) {
    let bytes = fs::read(file).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(b"(missing)".to_vec()),
        _ => Err(error),
    });
    let bytes = bytes.unwrap_or_else(|error| error.to_string().into_bytes());
    let shown = &bytes[bytes.len().saturating_sub(SHOWN_BYTES_MAX)..];
    eprintln!("--- {} ({} bytes)", file.display(), bytes.len());
    eprintln!("{}", String::from_utf8_lossy(shown));
}
