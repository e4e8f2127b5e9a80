//! The real daemon in a directory of its own, ended and cleaned away whatever becomes of the test.

use crate::wait_until;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long the daemon may take to start; the machine may be busy with other tests.
const START_MAX: Duration = Duration::from_secs(20);

/// How the daemon is to be started.
pub struct Setup<'a> {
    /// Whole URL of Places.
    pub places: String,
    /// The authority to trust there, in PEM.
    pub authority: &'a str,
    pub environment: Vec<(&'static str, String)>,
    /// Options beside those that it always has.
    pub arguments: &'static [&'static str],
    /// What the daemon is to find in `/etc/hosts`.
    pub hosts: Option<&'static str>,
}

impl<'a> Setup<'a> {
    pub fn new(port: u16, authority: &'a str) -> Self {
        let places = format!("https://localhost:{port}/maps/api/place/nearbysearch/json");
        Setup { places, authority, environment: Vec::new(), arguments: &[], hosts: None }
    }

    pub fn start(&self) -> Daemon {
        Daemon::start(self)
    }
}

/// A running server of a herd of one.
pub struct Daemon {
    pub clients: SocketAddr,
    pub directory: PathBuf,
    child: Child,
}

impl Daemon {
    fn start(setup: &Setup<'_>) -> Daemon {
        // A port that is free now may be taken when the daemon gets there.
        for _ in 0..10 {
            if let Some(daemon) = Daemon::try_start(setup) {
                return daemon;
            }
        }
        panic!("no port stays free");
    }

    fn try_start(setup: &Setup<'_>) -> Option<Daemon> {
        static DIRECTORIES: AtomicUsize = AtomicUsize::new(0);
        let number = DIRECTORIES.fetch_add(1, Ordering::SeqCst);
        let name = format!("herd-places-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let [port, neighbour_port] = free_ports();
        let herd = format!(
            r#"{{"herd": "lone", "servers": [{{"name": "Lone", "host": "127.0.0.1",
                "port": {port}, "neighbour_port": {neighbour_port}}}]}}"#
        );
        fs::write(directory.join("herd.json"), herd).unwrap();
        fs::write(directory.join("ca.pem"), setup.authority).unwrap();
        let mut command = match setup.hosts {
            None => Command::new(env!("CARGO_BIN_EXE_herd")),
            Some(hosts) => {
                fs::write(directory.join("hosts"), hosts).unwrap();
                let mut command = Command::new("unshare");
                let script = "mount --bind hosts /etc/hosts && exec \"$0\" \"$@\"";
                command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
                command.arg(env!("CARGO_BIN_EXE_herd"));
                command
            }
        };
        let output = |name| fs::File::create(directory.join(name)).unwrap();
        let child = command
            .args(["--herd", "herd.json", "--log-dir", ".", "--places-ca", "ca.pem"])
            .args(["--places", &setup.places])
            .args(setup.arguments)
            .arg("Lone")
            .current_dir(&directory)
            .env_remove("GOOGLE_PLACES_API_KEY")
            .env_remove("RUST_LOG")
            .envs(setup.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        let clients = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut daemon = Daemon { clients, directory, child };
        daemon.has_started().then_some(daemon)
    }

    /// Waits until it listens; false if its port was taken.
    fn has_started(&mut self) -> bool {
        let mut taken = false;
        wait_until("the daemon listens", START_MAX, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                let said = self.read("stderr");
                assert!(said.contains("cannot listen"), "the daemon ended ({status}): {said}");
                taken = true;
            }
            taken || self.read("stdout").starts_with("Lone: clients ")
        });
        !taken
    }

    /// A file of its directory, as text.
    pub fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.directory.join(name)).unwrap()).into_owned()
    }

    /// Its log.
    pub fn log(&self) -> String {
        self.read("Lone.log")
    }

    /// Waits for a line in its log that has all these words in it.
    pub fn wait_for_log(&self, words: &[&str]) {
        let what = format!("a line in the log with {words:?}");
        wait_until(&what, Duration::from_secs(5), || {
            self.log().lines().any(|line| words.iter().all(|word| line.contains(word)))
        });
    }

    /// The most memory that it has had at a time, in bytes.
    pub fn memory_peak_bytes(&self) -> u64 {
        let status = fs::read_to_string(self.process().join("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        let kibibytes = line.split_ascii_whitespace().nth(1).unwrap();
        kibibytes.parse::<u64>().unwrap() * 1_024
    }

    /// Its directory under `/proc`.
    pub fn process(&self) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read(self.directory.join("Lone.log")).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains("pulse")).collect();
            let end = lines[lines.len().saturating_sub(30)..].join("\n");
            eprintln!("the end of the daemon's log:\n{end}");
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Two ports that nobody listens on.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
