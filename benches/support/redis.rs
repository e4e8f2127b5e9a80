//! Redis to compare with, where `redis-server` is installed, on a port of its own: in memory only, or with
//! its append-only file.

use super::Outcome;
use super::caller::Caller;
use super::process::{Folder, Running, free_ports, on_core, wait_soon};
use std::env;
use std::net::SocketAddr;

/// A Redis server in a process of its own.
pub struct Redis {
    _running: Running,
    _folder: Option<Folder>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Redis {
    /// Starts one on that core; none if it is not installed.
    pub fn start(core: usize) -> Outcome<Option<Self>> {
        Redis::start_by(core, None)
    }

    /// The same with its append-only file, forced to the disk `everysec` or `always`.
    pub fn start_with_file(core: usize, sync: &str) -> Outcome<Option<Self>> {
        Redis::start_by(core, Some(sync))
    }

    fn start_by(core: usize, sync: Option<&str>) -> Outcome<Option<Self>> {
        let path = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&path).any(|folder| folder.join("redis-server").is_file()) {
            return Ok(None);
        }
        let ports = free_ports(1)?;
        let address = SocketAddr::from(([127, 0, 0, 1], ports[0]));
        let mut command = on_core(core, "redis-server");
        command.args(["--port", &ports[0].to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--logfile", "/dev/null"]);
        let folder = match sync {
            None => {
                command.args(["--appendonly", "no"]);
                None
            }
            Some(sync) => {
                let folder = Folder::new(&format!("redis-{sync}"))?;
                command.args(["--appendonly", "yes", "--appendfsync", sync, "--dir"]);
                command.arg(folder.path());
                Some(folder)
            }
        };
        let running = Running::start_silent(command)?;
        wait_soon("Redis answers", || {
            Ok(Caller::connect(address).is_ok_and(|mut caller| {
                caller.ask(b"PING\r\n").is_ok_and(|answer| answer == b"+PONG\r\n")
            }))
        })?;
        Ok(Some(Redis { _running: running, _folder: folder, address }))
    }
}
