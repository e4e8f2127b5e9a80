//! A real NATS server, on a port of its own.

use crate::harness::{Directory, Process, free_port, until};
use std::fs;
use std::io::{Write, stderr};
use std::net::TcpStream;
use std::process::Command;

/// Where Debian puts it, which need not be in every user's path.
const PROGRAMS: [&str; 2] = ["nats-server", "/usr/sbin/nats-server"];

/// A NATS server; it ends with this.
#[derive(Debug)]
pub struct Bus {
    program: &'static str,
    directory: Directory,
    port: u16,
    process: Process,
}

impl Bus {
    /// One with these lines in its configuration, in which `STORE` is a folder; none where there is no such
    /// program, which is said.
    pub fn start(lines: &[&str]) -> Option<Bus> {
        let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
        let Some(program) = PROGRAMS.into_iter().find(is_there) else {
            // Captured output would not be seen.
            let _ = writeln!(stderr(), "  left out: a message bus: nats-server is missing");
            return None;
        };
        let directory = Directory::new();
        let port = free_port();
        let store = directory.join("store");
        let lines = lines.join("\n").replace("STORE", store.to_str().unwrap());
        let log = directory.join("nats.log");
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\nlog_file: \"{}\"\n{lines}\n",
            log.to_str().unwrap()
        );
        fs::write(directory.join("nats.conf"), config).unwrap();
        let process = run(program, &directory, port);
        Some(Bus { program, directory, port, process })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// After it has ended, or is about to.
    pub fn start_again(&mut self) {
        self.process.wait();
        self.process = run(self.program, &self.directory, self.port);
    }
}

fn run(program: &str, directory: &Directory, port: u16) -> Process {
    let mut command = Command::new(program);
    command.arg("-c").arg(directory.join("nats.conf"));
    let process = Process::start(&mut command, directory.path());
    until("nats-server to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
    process
}
