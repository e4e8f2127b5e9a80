//! What the service manager that started the server is told (sd_notify(3)): one datagram each, to the socket
//! that `NOTIFY_SOCKET` names. Without that nothing is done at all. Nobody waits for it, and that it does not
//! listen is no reason for anything.

use crate::limits;
use crate::node::Node;
use crate::reactor::system_microseconds;
use crate::transport::{Monotonic, Now};
use std::env;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::Duration;

/// Who started the server, if it listens.
#[derive(Debug, Default)]
pub(super) struct ServiceManager(Option<Listening>);

#[derive(Debug)]
struct Listening {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How often it is to hear that the loop goes on, and when it does next.
    watchdog: Option<Duration>,
    watchdog_at: Monotonic,
    /// What it has been told last of how the server is, and when it may be told again.
    status: String,
    status_at: Monotonic,
    is_stopping: bool,
    /// A change that it could not be told of yet.
    untold: Option<String>,
    /// That it cannot be told is said once.
    is_said: bool,
}

impl ServiceManager {
    /// The one that the environment names.
    pub(super) fn of_environment() -> Self {
        let variable = |name| env::var(name).ok();
        let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return ServiceManager(None);
        };
        let watchdog = watchdog(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"));
        match Listening::at(name.as_encoded_bytes(), watchdog) {
            Ok(listening) => ServiceManager(Some(listening)),
            Err(error) => {
                log::warn!("the service manager at {} is not told: {error}", name.display());
                ServiceManager(None)
            }
        }
    }

    /// How often [`look`](Self::look) is to be called at least, if it ever is: for the watchdog so often that
    /// it makes little difference whether a call came just before it was due.
    pub(super) fn pulse(&self) -> Option<Duration> {
        let watchdog = self.0.as_ref()?.watchdog;
        Some(watchdog.map_or(limits::STATUS_INTERVAL, |w| (w / 4).min(limits::STATUS_INTERVAL)))
    }

    /// The server listens, or has done with a reload, whatever came of it.
    pub(super) fn ready(&mut self) {
        self.tell("READY=1".to_owned());
    }

    /// The server begins to read anew what it was started with; [`ready`](Self::ready) follows.
    pub(super) fn reloading(&mut self) {
        if self.0.is_some() {
            self.tell(format!("RELOADING=1\nMONOTONIC_USEC={}", system_microseconds()));
        }
    }

    /// Between two turns: tells that the loop goes on, that a stop has begun, and how the server is.
    pub(super) fn look(&mut self, node: &Node, now: Now) {
        if let Some(listening) = &mut self.0 {
            let (linked, all) = node.linked_both_ways();
            let status = || status(node.is_stopping(), (linked, all), node.positions().len());
            listening.look(node.is_stopping(), status, now.monotonic);
        }
    }

    fn tell(&mut self, state: String) {
        if let Some(listening) = &mut self.0 {
            listening.change(state);
        }
    }
}

impl Listening {
    fn at(name: &[u8], watchdog: Option<Duration>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Listening {
            socket,
            address: address(name)?,
            watchdog,
            watchdog_at: Monotonic::default(),
            status: String::new(),
            status_at: Monotonic::default(),
            is_stopping: false,
            untold: None,
            is_said: false,
        })
    }

    /// The state has changed, of which it is to know, later if not now: only the last counts then.
    fn change(&mut self, state: String) {
        self.untold = self.send(&state).is_err().then_some(state);
    }

    fn look(&mut self, is_stopping: bool, status: impl FnOnce() -> String, now: Monotonic) {
        if let Some(untold) = self.untold.take() {
            self.change(untold);
        }
        if is_stopping && !self.is_stopping {
            self.is_stopping = true;
            self.status_at = now;
            self.change("STOPPING=1".to_owned());
        }
        if let Some(watchdog) = self.watchdog
            && self.watchdog_at <= now
        {
            self.watchdog_at = now + watchdog;
            // One that was not taken is followed by another in time.
            let _ = self.send("WATCHDOG=1");
        }
        if self.status_at <= now {
            let status = status();
            if status != self.status && self.send(&format!("STATUS={status}")).is_ok() {
                (self.status, self.status_at) = (status, now + limits::STATUS_INTERVAL);
            }
        }
    }

    fn send(&mut self, state: &str) -> io::Result<()> {
        let sent = self.socket.send_to_addr(state.as_bytes(), &self.address).map(|_| ());
        if let Err(error) = &sent
            && !std::mem::replace(&mut self.is_said, true)
        {
            log::warn!("the service manager is not told {state:?}: {error}");
        }
        sent
    }
}

/// A path or, behind an `@`, a name in the system's abstract space.
fn address(name: &[u8]) -> io::Result<SocketAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = name.strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    if !name.starts_with(b"/") {
        return Err(io::Error::other("that is no path"));
    }
    SocketAddr::from_pathname(OsStr::from_bytes(name))
}

/// Half of the time in which it wants to hear from this process, if it wants to.
fn watchdog(microseconds: Option<String>, process: Option<String>) -> Option<Duration> {
    let is_ours = process.is_none_or(|process| process.parse() == Ok(process::id()));
    let microseconds: u64 = microseconds.filter(|_| is_ours)?.parse().ok()?;
    (microseconds > 0).then(|| Duration::from_micros(microseconds) / 2)
}

/// How the server is, in words.
fn status(is_stopping: bool, (linked, all): (usize, usize), clients: usize) -> String {
    let clients = match clients {
        1 => "1 client".to_owned(),
        _ => format!("{} clients", grouped(clients)),
    };
    let neighbours = if all == 1 { "neighbour" } else { "neighbours" };
    match (is_stopping, all) {
        (true, _) => format!("stopping: what was asked is answered, {clients}"),
        (false, 0) => clients,
        (false, _) => format!("linked with {linked} of {all} {neighbours}, {clients}"),
    }
}

/// A number as people read it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests;
