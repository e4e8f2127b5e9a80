//! What the tests start and talk with: directories, ports, processes, herds, clients.

pub mod client;
pub mod herd;
pub mod process;
pub mod stand_in;
pub mod wait;

pub use client::{Client, Tls};
pub use herd::{Herd, Server};
pub use process::Process;
pub use stand_in::StandIn;
pub use wait::{DEADLINE, Waiting, until};

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::id;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Ports that tests give to servers: below those that systems give to whoever dials, so that no
/// connection on its way out takes the port of a server that is down.
const PORTS: std::ops::Range<u32> = 4_000..8_400;

/// A directory that is gone after the test, unless the test failed.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("daemon-{}-{number}", id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !thread::panicking() {
            // What is left behind is below the build's own directory for such things.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A port of the loopback that nobody listens on, and that no other call of this process gives.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = id().wrapping_mul(101);
    loop {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + number % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// POSIX time in nanoseconds.
pub fn posix_nanoseconds() -> i128 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i128::try_from(since_epoch.as_nanos()).unwrap()
}

/// POSIX time `seconds` from now, as clients write it.
pub fn time_in(seconds: i64) -> String {
    let nanoseconds = posix_nanoseconds() + i128::from(seconds) * 1_000_000_000;
    format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000)
}
