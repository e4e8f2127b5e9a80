//! Redis to compare with, where `redis-server` is installed: in memory only, on a port of its own.

use super::Outcome;
use super::caller::Caller;
use super::process::{Running, free_ports, on_core, wait_soon};
use std::env;
use std::net::SocketAddr;

/// A Redis server in a process of its own.
pub struct Redis {
    _running: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Redis {
    /// Starts one on that core; none if it is not installed.
    pub fn start(core: usize) -> Outcome<Option<Self>> {
        let path = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&path).any(|folder| folder.join("redis-server").is_file()) {
            return Ok(None);
        }
        let ports = free_ports(1)?;
        let address = SocketAddr::from(([127, 0, 0, 1], ports[0]));
        let mut command = on_core(core, "redis-server");
        command.args(["--port", &ports[0].to_string(), "--bind", "127.0.0.1"]);
        // Nothing goes to a disk, and there is no log.
        command.args(["--save", "", "--appendonly", "no", "--logfile", "/dev/null"]);
        let running = Running::start_silent(command)?;
        wait_soon("Redis answers", || {
            Ok(Caller::connect(address).is_ok_and(|mut caller| {
                caller.ask(b"PING\r\n").is_ok_and(|answer| answer == b"+PONG\r\n")
            }))
        })?;
        Ok(Some(Redis { _running: running, address }))
    }
}
