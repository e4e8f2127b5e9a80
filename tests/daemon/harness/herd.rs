//! Herds on ports of their own, and their servers.

mod changes;
mod start;

use super::{Client, Directory, Process, StandIn, free_port, until};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

/// Where nobody answers.
const NO_PLACES: &str = "https://127.0.0.1:1/maps/api/place/nearbysearch/json";

/// A herd file, and where its servers leave their logs.
#[derive(Debug)]
pub struct Herd {
    pub directory: Directory,
    name: String,
    members: Vec<Member>,
    host: String,
    /// Arguments of every server, besides herd and name.
    arguments: Vec<String>,
    ttl_seconds: Option<u32>,
    tombstone_seconds: Option<u32>,
    /// When journals are forced to the disk, if servers keep any.
    journal_sync: Option<&'static str>,
}

#[derive(Debug)]
struct Member {
    name: String,
    port: u16,
    neighbour_port: u16,
    web_port: Option<u16>,
    tls_port: Option<u16>,
    talks_with: Vec<String>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub process: Process,
    pub name: String,
    pub port: u16,
    pub neighbour_port: u16,
    pub web_port: Option<u16>,
    tls_port: Option<u16>,
    log: PathBuf,
    /// Bytes in the log before this life.
    log_before: usize,
    talks_with: Vec<String>,
}

impl Herd {
    /// A herd named `test` of servers, each with those that it talks with, on free ports of the
    /// loopback. It has no Places.
    pub fn of(servers: &[(&str, &[&str])]) -> Herd {
        Herd::at("127.0.0.1", servers)
    }

    /// The same at that host.
    pub fn at(host: &str, servers: &[(&str, &[&str])]) -> Herd {
        let members = servers.iter().map(|(name, talks_with)| Member::new(name, talks_with));
        let herd = Herd {
            directory: Directory::new(),
            name: "test".to_owned(),
            members: members.collect(),
            host: host.to_owned(),
            arguments: vec!["--places".to_owned(), NO_PLACES.to_owned()],
            ttl_seconds: None,
            tombstone_seconds: None,
            journal_sync: None,
        };
        herd.write_file();
        herd
    }

    /// The same under that name.
    pub fn named(mut self, name: &str) -> Herd {
        name.clone_into(&mut self.name);
        self.write_file();
        self
    }

    /// The same with a web port at each server.
    pub fn with_web(mut self) -> Herd {
        self.members.iter_mut().for_each(|member| member.web_port = Some(free_port()));
        self.write_file();
        self
    }

    /// The same with a port for clients that speak TLS at each server.
    pub fn with_tls(mut self) -> Herd {
        self.members.iter_mut().for_each(|member| member.tls_port = Some(free_port()));
        self.write_file();
        self
    }

    /// The same without any other port for clients.
    pub fn with_tls_only(self) -> Herd {
        let mut herd = self.with_tls();
        herd.members.iter_mut().for_each(|member| member.port = 0);
        herd.write_file();
        herd
    }

    /// Has `herdca` make the herd's keys, in [`keys`](Self::keys). Servers are told of them by arguments.
    pub fn make_keys(&self) {
        let (keys, file) = (self.keys(), self.file());
        let mut command = bare(env!("CARGO_BIN_EXE_herdca"));
        command.arg("new").arg(keys).arg("--herd").arg(file);
        let made = Process::run(&mut command, self.directory.path());
        assert_eq!(made.code, Some(0), "{made:?}");
    }

    /// The same with keys that each server has.
    pub fn with_keys(self) -> Herd {
        self.make_keys();
        let keys = self.keys().to_str().unwrap().to_owned();
        self.with("--keys").with(&keys)
    }

    /// Where the keys are.
    pub fn keys(&self) -> PathBuf {
        self.directory.join("keys")
    }

    /// The same, remembering positions for so long.
    pub fn with_ttl_seconds(mut self, seconds: u32) -> Herd {
        self.ttl_seconds = Some(seconds);
        self.write_file();
        self
    }

    /// The same, remembering for so long who was forgotten.
    pub fn with_tombstone_seconds(mut self, seconds: u32) -> Herd {
        self.tombstone_seconds = Some(seconds);
        self.write_file();
        self
    }

    /// The same with a journal at each server, forced to the disk `second` or `always`.
    pub fn with_journal(mut self, sync: &'static str) -> Herd {
        self.journal_sync = Some(sync);
        self
    }

    /// The same with that Places.
    pub fn with_places(mut self, places: &StandIn) -> Herd {
        let authority = places.authority().to_str().unwrap().to_owned();
        self.arguments =
            vec!["--places".to_owned(), places.url(), "--places-ca".to_owned(), authority];
        self
    }

    /// The same with one more argument for every server.
    pub fn with(mut self, argument: &str) -> Herd {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Where a server has its journal.
    pub fn journal(&self, name: &str) -> PathBuf {
        self.directory.join(&format!("{name}.journal"))
    }

    pub fn file(&self) -> PathBuf {
        self.directory.join("herd.json")
    }

    /// The port on which a server listens for clients.
    pub fn port(&self, name: &str) -> u16 {
        self.member(name).port
    }

    /// The port on which a server listens for neighbours.
    pub fn neighbour_port(&self, name: &str) -> u16 {
        self.member(name).neighbour_port
    }

    /// The command that runs a server in the foreground.
    pub fn command(&self, name: &str) -> Command {
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        command.args(self.arguments(name));
        command
    }

    /// The arguments with which a server is started.
    pub fn arguments(&self, name: &str) -> Vec<String> {
        let file = self.file().to_str().unwrap().to_owned();
        let own = ["-H".to_owned(), file].into_iter().chain(self.arguments.iter().cloned());
        let mut arguments: Vec<String> = own.collect();
        if let Some(sync) = self.journal_sync {
            let folder = self.journal(name).to_str().unwrap().to_owned();
            arguments.extend(["--journal".to_owned(), folder, "--journal-sync".to_owned()]);
            arguments.push(sync.to_owned());
        }
        arguments.push(name.to_owned());
        arguments
    }

    fn write_file(&self) {
        let members = self.members.iter().map(|member| member.entry(&self.host));
        let members: Vec<serde_json::Value> = members.collect();
        let mut file = serde_json::json!({ "herd": self.name, "servers": members });
        for (field, seconds) in
            [("ttl_seconds", self.ttl_seconds), ("tombstone_seconds", self.tombstone_seconds)]
        {
            if let Some(seconds) = seconds {
                file[field] = seconds.into();
            }
        }
        fs::write(self.file(), file.to_string()).unwrap();
    }

    fn member(&self, name: &str) -> &Member {
        self.members.iter().find(|member| member.name == name).unwrap()
    }

    /// Who is a neighbour of that server, by the file.
    pub fn neighbours(&self, name: &str) -> Vec<String> {
        let own = &self.member(name).talks_with;
        let others = self.members.iter().filter(|m| m.talks_with.iter().any(|t| t == name));
        own.iter().chain(others.map(|member| &member.name)).cloned().collect()
    }
}

impl Member {
    fn new(name: &str, talks_with: &[&str]) -> Member {
        Member {
            name: name.to_owned(),
            port: free_port(),
            neighbour_port: free_port(),
            web_port: None,
            tls_port: None,
            talks_with: talks_with.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn entry(&self, host: &str) -> serde_json::Value {
        let mut entry = serde_json::json!({
            "name": self.name,
            "host": host,
            "port": self.port,
            "neighbour_port": self.neighbour_port,
            "talks_with": self.talks_with,
        });
        if let Some(port) = self.web_port {
            entry["web_port"] = port.into();
        }
        if let Some(port) = self.tls_port {
            entry["tls_port"] = port.into();
        }
        entry
    }
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// A new client.
    pub fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// A new connection to the web port.
    pub fn visitor(&self) -> Client {
        Client::connect((Ipv4Addr::LOCALHOST, self.web_port.unwrap()).into())
    }

    /// The address of what is at `path` on the web port.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.web_port.unwrap())
    }

    /// A new connection to the port for clients that speak TLS.
    pub fn tls_client(&self) -> Client {
        Client::connect((Ipv4Addr::LOCALHOST, self.tls_port.unwrap()).into())
    }

    /// A new connection to where neighbours dial.
    pub fn stranger(&self) -> Client {
        Client::connect((Ipv4Addr::LOCALHOST, self.neighbour_port).into())
    }

    /// The one line that a new client gets for `command`.
    pub fn ask(&self, command: &str) -> String {
        self.client().ask(command)
    }

    /// Has a client report from a point near Los Angeles at POSIX time `time`; the answer.
    pub fn report(&self, client: &str, time: &str) -> String {
        let answer = self.ask(&format!("IAMAT {client} +34.068930-118.445127 {time}"));
        assert!(answer.starts_with(&format!("AT {} ", self.name)), "{answer}");
        answer
    }

    /// The `AT` line of a client, if it is known here.
    pub fn find(&self, client: &str) -> Option<String> {
        let answer = self.ask(&format!("WHATSAT {client} 1 0"));
        (!answer.starts_with('?')).then_some(answer)
    }

    /// Waits until that `AT` line is what is known here of its client.
    pub fn wait_for(&self, at: &str) {
        let client = at.split(' ').nth(3).unwrap();
        let what = format!("{} learns {at}", self.name);
        until(&what, || self.find(client).filter(|found| found == at));
    }

    /// Waits until that client is not known here.
    pub fn wait_until_unknown(&self, client: &str) {
        until(&format!("{} forgets {client}", self.name), || {
            self.find(client).is_none().then_some(())
        });
    }

    /// What has been logged in this life.
    pub fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap();
        String::from_utf8(log[self.log_before..].to_vec()).unwrap()
    }

    /// Waits for a line in the log that contains `words`, and gives it back.
    #[track_caller]
    pub fn wait_for_log(&self, words: &str) -> String {
        until(&format!("{} logs {words:?}", self.name), || {
            self.log().lines().find(|line| line.contains(words)).map(str::to_owned)
        })
    }

    /// Waits until it says that a neighbour, which was down, has caught up.
    #[track_caller]
    pub fn wait_until_caught_up(&self, neighbour: &str) {
        until(&format!("{} says that {neighbour} has caught up", self.name), || {
            let log = self.log();
            let (_, since) = log.rsplit_once(&format!("link to {neighbour} is down"))?;
            since.contains(&format!("{neighbour} has caught up: ")).then_some(())
        });
    }

    /// Waits until all of its links have come up once.
    pub fn wait_for_links(&self) {
        for neighbour in &self.talks_with {
            self.wait_for_log(&format!("link to {neighbour} is up"));
        }
    }
}

/// A program of the project, without the settings of whoever runs the tests.
pub fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_FDNAMES"] {
        command.env_remove(variable);
    }
    command.env_remove("RUST_LOG").env_remove("GOOGLE_PLACES_API_KEY").env_remove("HERD_TOKEN");
    command
}
