//! Herds of real daemons on free ports.

use super::Outcome;
use super::process::{Folder, Running, free_ports, on_core, with_descriptors};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that is a server.
pub const DAEMON: &str = env!("CARGO_BIN_EXE_herd");
/// The program beside it that makes keys.
const AUTHORITY: &str = "herdca";
/// A Places service where nobody listens: questions are answered at once, with an error.
const NO_PLACES: &str = "https://127.0.0.1:9/";
/// Descriptors that a server may use.
const DESCRIPTORS: usize = 20_000;

/// A herd that is laid out; its servers run as they are started.
pub struct Herd {
    folder: Folder,
    servers: Vec<Server>,
}

/// Where a server is.
pub struct Server {
    name: String,
    /// For clients.
    pub clients: SocketAddr,
    /// For neighbours.
    pub neighbours: SocketAddr,
    /// For HTTP.
    pub web: SocketAddr,
    /// For clients that speak TLS.
    tls: Option<SocketAddr>,
}

impl Server {
    /// Where clients connect that speak TLS.
    pub fn tls(&self) -> Outcome<SocketAddr> {
        self.tls.ok_or_else(|| format!("{} has no port for TLS", self.name).into())
    }
}

impl Herd {
    /// Servers, each with those that it talks with.
    pub fn lay_out(servers: &[(&str, &[&str])]) -> Outcome<Self> {
        Herd::lay_out_as(servers, false)
    }

    /// The same with ports for TLS, and with keys that [`AUTHORITY`] makes.
    pub fn lay_out_with_keys(servers: &[(&str, &[&str])]) -> Outcome<Self> {
        let herd = Herd::lay_out_as(servers, true)?;
        let program = Path::new(DAEMON).with_file_name(AUTHORITY);
        let mut command = Command::new(&program);
        command.arg("new").arg(herd.keys()).arg("--herd").arg(herd.file());
        let made = command.output().map_err(|error| {
            format!("{}: {error} (cargo build --release --bins makes it)", program.display())
        })?;
        if !made.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        Ok(herd)
    }

    fn lay_out_as(servers: &[(&str, &[&str])], is_tls: bool) -> Outcome<Self> {
        let ports = free_ports(servers.len() * 4)?;
        let entries = servers.iter().zip(ports.chunks_exact(4)).map(|((name, others), ports)| {
            let mut entry = serde_json::json!({
                "name": name,
                "host": "127.0.0.1",
                "port": ports[0],
                "neighbour_port": ports[1],
                "web_port": ports[2],
                "talks_with": others,
            });
            if is_tls {
                entry["tls_port"] = ports[3].into();
            }
            entry
        });
        let entries: Vec<serde_json::Value> = entries.collect();
        let folder = Folder::new("herd")?;
        let name = format!("of-{}", servers.first().map_or("nobody", |(name, _)| name));
        let file = serde_json::json!({ "herd": name, "servers": entries });
        fs::write(folder.path().join("herd.json"), file.to_string())?;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let servers = servers.iter().zip(ports.chunks_exact(4)).map(|((name, _), ports)| Server {
            name: (*name).to_owned(),
            clients: address(ports[0]),
            neighbours: address(ports[1]),
            web: address(ports[2]),
            tls: is_tls.then(|| address(ports[3])),
        });
        Ok(Herd { servers: servers.collect(), folder })
    }

    /// Starts a server on that core, logging by that filter; it listens on return.
    pub fn start(&self, name: &str, core: usize, log: &str) -> Outcome<Running> {
        self.start_by(on_core(core, DAEMON), name, log)
    }

    /// The same with a journal in a folder of its own, that is forced to the disk `second` or `always`.
    pub fn start_with_journal(&self, name: &str, core: usize, sync: &str) -> Outcome<Running> {
        let mut command = on_core(core, DAEMON);
        command.arg("--journal").arg(self.journal(name)).args(["--journal-sync", sync]);
        self.start_by(command, name, "off")
    }

    /// The same with the herd's keys.
    pub fn start_with_keys(&self, name: &str, core: usize) -> Outcome<Running> {
        let mut command = on_core(core, DAEMON);
        command.arg("--keys").arg(self.keys());
        self.start_by(command, name, "off")
    }

    /// Where the herd's keys are, if it has some.
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("herd.json")
    }

    /// Where that server's journal is.
    pub fn journal(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.journal"))
    }

    /// As [`start`](Self::start), by a command that runs [`DAEMON`] in its own way and lacks only
    /// the server's arguments.
    pub fn start_by(&self, mut command: Command, name: &str, log: &str) -> Outcome<Running> {
        command
            .arg("--herd")
            .arg(self.file())
            .arg("--log-dir")
            .arg(self.folder.path())
            .args(["--places", NO_PLACES, name])
            .env("RUST_LOG", log)
            .env_remove("GOOGLE_PLACES_API_KEY");
        Ok(Running::start(with_descriptors(DESCRIPTORS, &command))?.0)
    }

    /// Where that server is.
    pub fn server(&self, name: &str) -> Outcome<&Server> {
        let found = self.servers.iter().find(|server| server.name == name);
        found.ok_or_else(|| format!("no server {name}").into())
    }
}
