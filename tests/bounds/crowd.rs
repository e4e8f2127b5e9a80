//! Twenty thousand idle connections, or as many as the system gives descriptors for.

use crate::harness::herd::bare;
use crate::harness::{Client, Herd, Server};
use crate::tell;
use std::env;
use std::io::{BufRead, BufReader, Write, stdin};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Instant;

const CONNECTIONS: usize = 20_000;
/// Each process has a limit of descriptors, too.
const PARTS: usize = 4;
/// Of the descriptors that the server gives to clients, those that are left to the test itself.
const LEFT: usize = 8;
/// What a connection that has spoken and been answered may keep in use, the kernel's part aside.
const IDLE_BYTES_MAX: u64 = 1_024;

/// Tells a part of the crowd whom to connect to, and how often.
const PART_VARIABLE: &str = "HERD_BOUNDS_CROWD";
const THERE: &str = "the crowd is there";
const ANSWERED: &str = "the crowd was answered again";

#[test]
fn twenty_thousand_idle_connections_cost_little() {
    // On every address of the loopback: the ports to dial one of them from might not be enough.
    let herd = Herd::at("0.0.0.0", &[("Solo", &[])]);
    let server = start_with_many_descriptors(&herd);
    let room = descriptors_for_clients(&server) - LEFT;
    let count = CONNECTIONS.min(room);
    assert_eq!(server.ask("x"), "? x");
    let before = server.process.resident_bytes();
    let start = Instant::now();
    let parts: Vec<Part> = (0..PARTS)
        .map(|part| {
            let address = format!("127.0.0.{}:{}", part + 2, server.port);
            Part::start(&address, count / PARTS + usize::from(part < count % PARTS))
        })
        .collect();
    let mut parts: Vec<Part> = parts.into_iter().map(|part| part.wait_for(THERE)).collect();
    let took = start.elapsed();
    let each = server.process.resident_bytes().saturating_sub(before) / count as u64;
    tell(&format!("{count} idle connections (room for {room}), made in {took:.1?}: {each} B each"));
    assert!(server.process.descriptors() > count);
    assert!(each <= IDLE_BYTES_MAX, "an idle connection keeps {each} bytes");
    // They are there, and nobody is in anybody's way.
    assert_eq!(server.ask("y"), "? y");
    parts.iter_mut().for_each(Part::go_on);
    parts.into_iter().for_each(|part| drop(part.wait_for(ANSWERED)));
    assert_eq!(server.ask("z"), "? z");
}

/// As many as the system allows: only the privileged may raise the hard limit.
fn start_with_many_descriptors(herd: &Herd) -> Server {
    let ordinary = herd.command("Solo");
    let mut command = bare("sh");
    let script = "ulimit -n \"$1\" 2>/dev/null; shift; exec \"$@\"";
    command.args(["-c", script, "sh", &(CONNECTIONS + 1_000).to_string()]);
    command.arg(ordinary.get_program()).args(ordinary.get_args());
    herd.start_by("Solo", command)
}

fn descriptors_for_clients(server: &Server) -> usize {
    let line = server.wait_for_log(" of them for clients");
    let number = line.rsplit(' ').nth(4).unwrap();
    number.parse().unwrap_or_else(|_| panic!("{line}"))
}

/// A process that holds some of the connections.
struct Part {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
    orders: ChildStdin,
}

impl Part {
    fn start(address: &str, connections: usize) -> Part {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "crowd::a_part_of_the_crowd"])
            .env(PART_VARIABLE, format!("{address} {connections}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let orders = process.stdin.take().unwrap();
        Part { process, said, orders }
    }

    fn wait_for(mut self, words: &str) -> Part {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let read = self.said.read_line(&mut line).unwrap();
            assert!(read > 0, "a part of the crowd has failed before {words:?}");
        }
        self
    }

    fn go_on(&mut self) {
        self.orders.write_all(b"\n").unwrap();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "started by the test of idle connections"]
fn a_part_of_the_crowd() {
    let Ok(order) = env::var(PART_VARIABLE) else { return };
    let (address, count) = order.split_once(' ').unwrap();
    rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap();
    let mut crowd: Vec<Client> =
        (0..count.parse().unwrap()).map(|_| Client::connect(address.parse().unwrap())).collect();
    for client in &mut crowd {
        let answer = client.ask("IAMAT kiwi +34.068930-118.445127 1");
        assert!(answer.starts_with("AT Solo +"), "{answer}");
    }
    println!("{THERE}");
    stdin().read_line(&mut String::new()).unwrap();
    for client in &mut crowd {
        assert_eq!(client.ask("x"), "? x");
    }
    println!("{ANSWERED}");
}
