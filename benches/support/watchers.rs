//! Clients that watch: all they are told of changes is read, counted and thrown away.
//!
//! They are in a process of their own, the benchmark itself, called with [`ARGUMENT`]: so their
//! core and their descriptors are not those of the benchmark.

use super::Outcome;
use super::process::{on_core, with_descriptors};
use memchr::memchr_iter;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream as BlockingStream};
use std::process::{self, Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// With this argument, an address, a number and [`Watched`]'s word the benchmark is so many watchers.
const ARGUMENT: &str = "--watchers";
/// How long it may take until all are told that they know what is so.
const BEGIN_MAX: Duration = Duration::from_secs(120);
const CONNECT_MAX: Duration = Duration::from_secs(10);
const READ_BYTES: usize = 256 * 1_024;
/// Of a line, what tells which it is.
const BEGINNING_BYTES: usize = 5;

/// What each of them watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// All clients.
    All,
    /// One client of its own, which nobody has heard of.
    One,
}

/// Watchers in a process of their own, which ends when this is dropped.
pub struct Watchers {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Watchers {
    /// Starts them on that core; on return all watch, and have been told what is so.
    pub fn start(
        core: usize,
        address: SocketAddr,
        count: usize,
        watched: Watched,
    ) -> Outcome<Self> {
        let word = match watched {
            Watched::All => "all",
            Watched::One => "one",
        };
        let mut command = on_core(core, env::current_exe()?);
        command.args([ARGUMENT, &address.to_string(), &count.to_string(), word]);
        let mut command = with_descriptors(count * 2, &command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = child.stdin.take().zip(child.stdout.take()).ok_or("no pipes")?;
        let mut watchers = Watchers { child, input, output: BufReader::new(output) };
        watchers.answer()?;
        Ok(watchers)
    }

    /// How many lines they have been told until now.
    pub fn lines(&mut self) -> Outcome<u64> {
        self.input.write_all(b"\n")?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome<u64> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        line.trim().parse().map_err(|_| "the watchers have come to an end".into())
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        // They may have ended by themselves.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is watchers for ever if the program was called to be that.
pub fn watch_if_asked() -> Outcome<()> {
    let arguments: Vec<String> = env::args().collect();
    let Some(at) = arguments.iter().position(|argument| argument == ARGUMENT) else {
        return Ok(());
    };
    let [address, count, word] = &arguments[at + 1..] else {
        return Err("which address, how many, what?".into());
    };
    let watched = if word == "all" { Watched::All } else { Watched::One };
    watch(address.parse()?, count.parse()?, watched)
}

/// One connection.
struct Watcher {
    socket: TcpStream,
    /// Of the line that is arriving, until what was so has been told.
    beginning: Vec<u8>,
    /// Whether what was so has been told.
    begun: bool,
}

#[expect(clippy::print_stdout, reason = "the parent reads the figures")]
fn watch(address: SocketAddr, count: usize, watched: Watched) -> Outcome<()> {
    let mut poll = Poll::new()?;
    let mut watchers = Vec::new();
    for number in 0..count {
        let mut socket = BlockingStream::connect_timeout(&address, CONNECT_MAX)?;
        let watch = match watched {
            Watched::All => "WATCH *\n".to_owned(),
            Watched::One => format!("WATCH watched-{number}\n"),
        };
        socket.write_all(watch.as_bytes())?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        poll.registry().register(&mut socket, Token(number), Interest::READABLE)?;
        watchers.push(Watcher { socket, beginning: Vec::new(), begun: false });
    }
    let lines = Arc::new(AtomicU64::new(0));
    tell_when_asked(Arc::clone(&lines));
    let deadline = Instant::now() + BEGIN_MAX;
    let mut yet_to_begin = count;
    let mut buffer = vec![0; READ_BYTES];
    let mut events = Events::with_capacity(1_024);
    loop {
        let patience =
            (yet_to_begin > 0).then(|| deadline.saturating_duration_since(Instant::now()));
        if patience.is_some_and(|left| left.is_zero()) {
            return Err(format!("{yet_to_begin} watches have not begun").into());
        }
        match poll.poll(&mut events, patience) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            let watcher = &mut watchers[event.token().0];
            let had_begun = watcher.begun;
            lines.fetch_add(watcher.receive(&mut buffer)?, Ordering::Relaxed);
            if watcher.begun && !had_begun {
                yet_to_begin -= 1;
                if yet_to_begin == 0 {
                    println!("{count}");
                }
            }
        }
    }
}

/// Prints the count at each line of input, and ends the process at the input's end.
#[expect(clippy::print_stdout, reason = "the parent reads the figures")]
fn tell_when_asked(lines: Arc<AtomicU64>) {
    thread::spawn(move || {
        while matches!(io::stdin().read(&mut [0]), Ok(1)) {
            println!("{}", lines.load(Ordering::Relaxed));
        }
        process::exit(0);
    });
}

impl Watcher {
    /// Reads what has come; how many lines ended in it.
    fn receive(&mut self, buffer: &mut [u8]) -> Outcome<u64> {
        let mut lines = 0;
        loop {
            match self.socket.read(buffer) {
                Ok(0) => return Err("the server has closed the connection of a watcher".into()),
                Ok(count) => lines += self.take(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(lines),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&mut self, data: &[u8]) -> Outcome<u64> {
        if self.begun {
            return Ok(memchr_iter(b'\n', data).count() as u64);
        }
        let mut lines = 0;
        for part in data.split_inclusive(|&byte| byte == b'\n') {
            let room = BEGINNING_BYTES - self.beginning.len();
            self.beginning.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                lines += 1;
                self.begun |= self.beginning == b"~ NOW";
                if self.beginning.starts_with(b"?") {
                    return Err("the server lets nobody watch".into());
                }
                self.beginning.clear();
            }
        }
        Ok(lines)
    }
}
