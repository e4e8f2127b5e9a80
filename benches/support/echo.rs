//! The bare line echo that servers are compared with: mio, edge-triggered, 64 KiB reads, one write
//! for a connection and turn. It answers what has come up to the last line end, and does nothing
//! else. It runs in a process of its own: the benchmark itself, called with [`ARGUMENT`].

use super::Outcome;
use super::process::{Running, on_core};
use memchr::memrchr;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::env;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process;
use std::thread;

/// With this argument the benchmark is an echo server.
const ARGUMENT: &str = "--echo-server";
const READ_BYTES: usize = 64 * 1_024;
const LISTENER: Token = Token(usize::MAX);

/// An echo server in a process of its own.
pub struct Echo {
    running: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Echo {
    /// Starts one on that core.
    pub fn start(core: usize) -> Outcome<Self> {
        let mut command = on_core(core, env::current_exe()?);
        command.arg(ARGUMENT);
        let (running, line) = Running::start(command)?;
        Ok(Echo { running, address: line.trim().parse()? })
    }
}

/// Is an echo server for ever if the program was called to be one.
pub fn serve_if_asked() -> Outcome<()> {
    if env::args().any(|argument| argument == ARGUMENT) { serve() } else { Ok(()) }
}

struct Connection {
    socket: TcpStream,
    /// What is to be answered and was not written, and behind it the beginning of a line.
    output: Vec<u8>,
    /// How much of the output is lines.
    whole: usize,
    ended: bool,
}

#[expect(clippy::print_stdout, reason = "the parent reads the address")]
fn serve() -> Outcome<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{}", listener.local_addr()?);
    // The parent never writes: the end of our input is its end.
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut buffer = vec![0; READ_BYTES];
    let mut events = Events::with_capacity(1_024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&poll, &listener, &mut connections, &mut free)?;
                continue;
            }
            let index = event.token().0;
            let Some(connection) = connections[index].as_mut() else {
                continue;
            };
            if !matches!(connection.advance(&mut buffer, event.is_read_closed()), Ok(true)) {
                connections[index] = None;
                free.push(index);
            }
        }
    }
}

fn accept(
    poll: &Poll,
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
) -> Outcome<()> {
    loop {
        let mut socket = match listener.accept() {
            Ok((socket, _)) => socket,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let index = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        socket.set_nodelay(true)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket, Token(index), interest)?;
        connections[index] =
            Some(Connection { socket, output: Vec::new(), whole: 0, ended: false });
    }
}

impl Connection {
    /// Reads and answers; whether the connection goes on.
    fn advance(&mut self, buffer: &mut [u8], to_the_end: bool) -> io::Result<bool> {
        while !self.ended {
            match self.socket.read(buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    let before = self.output.len();
                    self.output.extend_from_slice(&buffer[..count]);
                    if let Some(end) = memrchr(b'\n', &self.output[before..]) {
                        self.whole = before + end + 1;
                    }
                    if count < buffer.len() && !to_the_end {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut written = 0;
        while written < self.whole {
            match self.socket.write(&self.output[written..self.whole]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output.drain(..written);
        self.whole -= written;
        Ok(!self.ended || self.whole > 0)
    }
}
