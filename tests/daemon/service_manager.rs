//! What a server tells the service manager that started it: played by a socket of the tests.

use crate::harness::{Herd, Server, until};
use crate::stops::stop;
use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::id;
use std::time::Duration;

/// The time in which the watchdog wants to hear of the server.
const WATCHDOG: Duration = Duration::from_millis(600);

/// Who started a server.
struct Manager {
    socket: UnixDatagram,
    told: Vec<String>,
}

impl Manager {
    /// At that address of the system's abstract space.
    fn at(name: &str) -> Manager {
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        Manager { socket, told: Vec::new() }
    }

    /// Takes what has come since.
    fn take(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4_096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.told.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    }

    /// Waits for what begins so, and forgets what came before it.
    #[track_caller]
    fn hears(&mut self, beginning: &str) -> String {
        until(&format!("it says {beginning:?}"), || {
            self.take();
            let at = self.told.iter().position(|told| told.starts_with(beginning))?;
            Some(self.told.drain(..=at).next_back().unwrap())
        })
    }
}

/// A server that was started by such a one.
fn start(herd: &Herd, name: &str, socket: &str, watchdog: Option<Duration>) -> Server {
    let mut command = herd.command(name);
    command.env("NOTIFY_SOCKET", socket);
    if let Some(watchdog) = watchdog {
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    }
    herd.start_by(name, command)
}

/// The system's clock as it was some time ago, in microseconds.
fn microseconds() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1_000
}

#[test]
fn it_is_told_of_a_whole_life() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let name = format!("herd-test-life-{}", id());
    let mut manager = Manager::at(&name);
    let a = start(&herd, "A", &format!("@{name}"), None);
    // That it is ready means that it listens.
    assert_eq!(manager.hears(""), "READY=1");
    assert_eq!(manager.hears("STATUS="), "STATUS=linked with 0 of 1 neighbour, 0 clients");
    let b = herd.start("B");
    assert_eq!(
        manager.hears("STATUS=linked with 1"),
        "STATUS=linked with 1 of 1 neighbour, 0 clients"
    );
    a.report("kiwi", "1");
    assert_eq!(manager.hears("STATUS="), "STATUS=linked with 1 of 1 neighbour, 1 client");
    let before = microseconds();
    a.process.signal("HUP");
    let reloading = manager.hears("RELOADING=1\n");
    let at = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse().unwrap();
    assert!((before..=microseconds()).contains(&at), "{before} {at}");
    assert_eq!(manager.hears(""), "READY=1");
    stop(a, "TERM");
    assert_eq!(manager.hears("STOPPING"), "STOPPING=1");
    manager.take();
    assert!(!manager.told.iter().any(|told| told.contains('1') && !told.starts_with("STATUS=")));
    stop(b, "TERM");
}

#[test]
fn the_watchdog_hears_of_a_loop_that_goes_on_and_not_of_one_that_hangs() {
    let herd = Herd::of(&[("Solo", &[])]);
    let path = herd.directory.join("notify");
    let mut manager = Manager { socket: UnixDatagram::bind(&path).unwrap(), told: Vec::new() };
    let server = start(&herd, "Solo", path.to_str().unwrap(), Some(WATCHDOG));
    // At rest, when nothing else happens.
    for _ in 0..4 {
        manager.hears("WATCHDOG=1");
    }
    server.process.signal("STOP");
    until("it stands still", || {
        let status = fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
        status.contains("State:\tT").then_some(())
    });
    manager.take();
    manager.told.clear();
    // For as long as the watchdog would wait.
    manager.socket.set_nonblocking(false).unwrap();
    manager.socket.set_read_timeout(Some(WATCHDOG)).unwrap();
    assert!(manager.socket.recv(&mut [0; 64]).is_err(), "it lives");
    server.process.signal("CONT");
    manager.hears("WATCHDOG=1");
    // Nobody listens any more, and nobody minds.
    drop(manager);
    fs::remove_file(path).unwrap();
    server.wait_for_log("the service manager is not told");
    assert_eq!(server.ask("x"), "? x");
    stop(server, "TERM");
}
