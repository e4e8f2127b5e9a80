//! Starting servers, and waiting until they listen.

use super::super::{Process, until};
use super::{Herd, Server};
use std::fs;
use std::net::TcpListener;
use std::process::Command;

impl Herd {
    /// Starts a server and waits until it listens.
    pub fn start(&self, name: &str) -> Server {
        self.start_by(name, self.command(name))
    }

    /// Starts all servers and waits until all are linked.
    pub fn start_all(&self) -> Vec<Server> {
        let servers: Vec<Server> = self.members.iter().map(|m| self.start(&m.name)).collect();
        servers.iter().for_each(Server::wait_for_links);
        servers
    }

    /// Starts a server by a command that ends as [`command`](Self::command) does.
    pub fn start_by(&self, name: &str, mut command: Command) -> Server {
        self.await_start(name, || Process::start(&mut command, self.directory.path()))
    }

    /// The same, handing it those sockets, with these names if any are given.
    pub fn start_with(
        &self,
        name: &str,
        command: &Command,
        sockets: &[TcpListener],
        names: Option<&str>,
    ) -> Server {
        let directory = self.directory.path();
        self.await_start(name, || Process::start_with(command, sockets, names, directory))
    }

    fn await_start(&self, name: &str, start: impl FnOnce() -> Process) -> Server {
        let log = self.directory.join(&format!("logs/{name}.log"));
        let log_before = fs::read(&log).map_or(0, |log| log.len());
        let mut process = start();
        process.log = Some(log.clone());
        until("the server listens", || {
            assert!(process.ended().is_none(), "{name} has ended: {}", process.errors());
            let output = process.output();
            let listens = output.contains(&format!("{name}: clients "));
            (listens && output.ends_with('\n')).then_some(())
        });
        let member = self.member(name);
        Server {
            process,
            name: name.to_owned(),
            port: member.port,
            neighbour_port: member.neighbour_port,
            web_port: member.web_port,
            tls_port: member.tls_port,
            log,
            log_before,
            talks_with: self.neighbours(name),
        }
    }
}
