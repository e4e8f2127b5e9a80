//! Sockets that are handed over: which are taken, what becomes of those who wait there at a stop, and restarts
//! that refuse nobody.

use crate::harness::herd::bare;
use crate::harness::{Client, DEADLINE, Herd, Process, Server, until};
use crate::stops::stop;
use herd::limits::HANDED_OVER_MAX;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, SockAddr, Socket, Type};
use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many connect in a second.
const RATE: u32 = 2_000;
const RESTARTS: usize = 10;

/// A socket that listens there, with room for all who come while no server runs.
pub fn listen(port: u16) -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))).unwrap();
    socket.listen(4_096).unwrap();
    socket.into()
}

/// The sockets of a server's ports for clients and for neighbours.
fn sockets(herd: &Herd, name: &str) -> [TcpListener; 2] {
    [herd.port(name), herd.neighbour_port(name)].map(listen)
}

#[test]
fn who_waits_at_a_stop_is_served_by_who_comes_next() {
    let herd = Herd::of(&[("Solo", &[])]);
    let sockets = sockets(&herd, "Solo");
    let server = herd.start_with("Solo", &herd.command("Solo"), &sockets, None);
    server.wait_for_log("was handed over");
    let address = server.address();
    assert_eq!(server.ask("x"), "? x");
    server.process.signal("STOP");
    let mut waiting: Vec<Client> = (0..50).map(|_| Client::connect(address)).collect();
    waiting.iter_mut().for_each(|client| client.send("x\n"));
    server.process.signal("TERM");
    server.process.signal("CONT");
    stopped(server);
    // Nobody is there, and nobody is refused.
    let mut later = Client::connect(address);
    later.send("y\n");
    let next = herd.start_with("Solo", &herd.command("Solo"), &sockets, Some("clients:neighbours"));
    for client in &mut waiting {
        assert_eq!(client.line(), "? x");
    }
    assert_eq!(later.line(), "? y");
    stop(next, "TERM");
}

fn stopped(mut server: Server) {
    assert_eq!(server.process.wait().code(), Some(0));
}

#[test]
fn what_fits_nothing_is_warned_of_and_left_alone() {
    let herd = Herd::of(&[("Solo", &[])]);
    let [clients, _] = sockets(&herd, "Solo");
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other_address = other.local_addr().unwrap();
    let connected = std::net::TcpStream::connect(other_address).unwrap();
    let connected: TcpListener = std::os::fd::OwnedFd::from(connected).into();
    let sockets = [clients, other, connected];
    for (names, warned) in [
        ("clients:web:bogus", [(2, "web", "no such port"), (3, "bogus", "it is none of")]),
        (
            "clients:clients:neighbours",
            [(2, "clients", "has it already"), (3, "neighbours", "does not listen")],
        ),
    ] {
        let server = herd.start_with("Solo", &herd.command("Solo"), &sockets, Some(names));
        for (number, name, why) in warned {
            let words = format!("socket {number} ({name:?}) that was handed over is left alone: ");
            let line = server.wait_for_log(&words);
            assert!(line.contains(why) && line.contains("WARN"), "{line}");
        }
        assert_eq!(server.ask("x"), "? x");
        // What was not handed over is bound as ever.
        server.stranger();
        stop(server, "TERM");
        Client::connect(other_address);
    }
    // What is for another process is not taken.
    let mut command = herd.command("Solo");
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    drop(sockets);
    let server = herd.start_by("Solo", command);
    assert_eq!(server.ask("x"), "? x");
}

#[test]
fn more_than_there_may_be_are_not_taken() {
    let herd = Herd::of(&[("Solo", &[])]);
    for count in [HANDED_OVER_MAX, HANDED_OVER_MAX + 1] {
        let mut command = herd.command("Solo");
        command.env("LISTEN_FDS", count.to_string());
        // What is said to be there is not, and the ports are bound.
        let server = herd.start_by("Solo", command);
        assert_eq!(server.ask("x"), "? x");
        let warned = server.log().matches("that was handed over is left alone").count();
        let is_too_much = count > HANDED_OVER_MAX;
        assert_eq!(warned, if is_too_much { 0 } else { count });
        assert_eq!(
            server.log().contains("sockets were handed over: these are too many"),
            is_too_much
        );
    }
}

/// As an operator has it who has no systemd: a loop in a shell that was handed the sockets.
#[test]
fn a_shell_can_hold_the_sockets() {
    if Command::new("systemd-socket-activate")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        return;
    }
    let herd = Herd::of(&[("Solo", &[])]);
    let [clients, neighbours] = [herd.port("Solo"), herd.neighbour_port("Solo")];
    let program = herd.command("Solo");
    let mut command = bare("systemd-socket-activate");
    command.args(["-l", &format!("127.0.0.1:{clients}"), "-l", &format!("127.0.0.1:{neighbours}")]);
    command.args([
        "sh",
        "-c",
        "for life in 1 2; do sh -c 'LISTEN_PID=$$ exec \"$@\"' sh \"$@\"; done",
        "sh",
    ]);
    command.arg(program.get_program()).args(program.get_args());
    let address = (Ipv4Addr::LOCALHOST, clients).into();
    let holder = Group(Process::start(command.process_group(0), herd.directory.path()));
    let mut first =
        until("the sockets listen", || std::net::TcpStream::connect(address).ok().map(Client::new));
    assert_eq!(first.ask("x"), "? x");
    let server = child_of(holder.0.id()).unwrap();
    assert!(Command::new("kill").arg(server.to_string()).status().unwrap().success());
    assert_eq!(Client::connect(address).ask("y"), "? y");
    // It may have been the first that answered.
    until("another one runs", || child_of(holder.0.id()).filter(|&next| next != server));
}

/// A process and those that it has started.
struct Group(Process);

impl Drop for Group {
    fn drop(&mut self) {
        // They may have ended already.
        let all = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &all]).status();
    }
}

/// The process that another one has started.
fn child_of(process: u32) -> Option<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

/// Somebody who connects, reports, reads the answer and goes.
struct Caller {
    stream: TcpStream,
    since: Instant,
    command: Vec<u8>,
    answer: Vec<u8>,
}

/// What became of all who came.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    longest: Duration,
}

/// So many connect in each second until it is told to end; each is served in its time.
fn storm(address: SocketAddr, ended: &AtomicBool) -> Tally {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1_024);
    let (mut callers, mut tally) = (HashMap::new(), Tally::default());
    let (started, mut begun) = (Instant::now(), 0_usize);
    while !ended.load(Ordering::Relaxed) || !callers.is_empty() {
        let due = (started.elapsed().as_secs_f64() * f64::from(RATE)) as usize;
        while begun < due && !ended.load(Ordering::Relaxed) {
            let mut stream = TcpStream::connect(address).unwrap();
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(begun), interest).unwrap();
            let command = format!("IAMAT caller-{begun} +34.0-118.0 1\n").into_bytes();
            let (since, answer) = (Instant::now(), Vec::new());
            callers.insert(begun, Caller { stream, since, command, answer });
            begun += 1;
        }
        poll.poll(&mut events, Some(Duration::from_millis(1))).unwrap();
        for event in &events {
            let number = event.token().0;
            let Some(caller) = callers.get_mut(&number) else { continue };
            if caller.is_served() {
                tally.served += 1;
                tally.longest = tally.longest.max(caller.since.elapsed());
                callers.remove(&number);
            }
        }
        let hangs = callers.values().find(|caller| caller.since.elapsed() > DEADLINE);
        assert!(hangs.is_none(), "somebody hangs");
    }
    tally
}

impl Caller {
    /// Does what can be done; nobody may be refused or cut.
    fn is_served(&mut self) -> bool {
        if let Some(error) = self.stream.take_error().unwrap() {
            panic!("refused: {error}");
        }
        if !self.command.is_empty() {
            match self.stream.write(&self.command) {
                Ok(written) => drop(self.command.drain(..written)),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) =>
                {
                    return false;
                }
                Err(error) => panic!("cut before it could ask: {error}"),
            }
        }
        let mut buffer = [0; 256];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("closed behind {:?}", String::from_utf8_lossy(&self.answer)),
                Ok(read) => self.answer.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("cut before it was answered: {error}"),
            }
            if self.answer.ends_with(b"\n") {
                assert!(self.answer.starts_with(b"AT Solo "));
                return true;
            }
        }
        false
    }
}

#[test]
fn ten_restarts_refuse_nobody() {
    let herd = Herd::of(&[("Solo", &[])]);
    let sockets = sockets(&herd, "Solo");
    let start = || herd.start_with("Solo", &herd.command("Solo"), &sockets, None);
    let mut server = start();
    let address = server.address();
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let calling = thread::spawn(move || storm(address, &told));
    let began = Instant::now();
    for life in 0..RESTARTS {
        // Each has served some before it is stopped.
        server.wait_for_log(" < IAMAT caller-");
        assert!(!calling.is_finished(), "in life {life}");
        stop(server, "TERM");
        server = start();
    }
    let took = began.elapsed();
    ended.store(true, Ordering::Relaxed);
    let Tally { served, longest } = calling.join().unwrap();
    let expected = took.as_secs_f64() * f64::from(RATE);
    assert!(served as f64 >= 0.9 * expected, "{served} of {expected:.0}");
    eprintln!(
        "{served} served through {RESTARTS} restarts in {took:.1?}, the last after {longest:.2?}"
    );
}
