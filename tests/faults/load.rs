//! A steady load: at each server somebody who reports and asks for as long as the scenario lasts,
//! checks every answer, and keeps a list of those that did not come.

use crate::ledger::Ledger;
use crate::servers::{NAMES, client_address};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Clients of each server that report nowhere else.
const OWN_CLIENTS: usize = 16;
/// Clients that report to all servers in turn.
const ROAMING_CLIENTS: usize = 10;
/// Reports that are sent at once.
const PIPELINED: usize = 4;
/// Rounds before a new connection is made.
const ROUNDS_PER_CONNECTION: usize = 10;
const ROUND_PAUSE: Duration = Duration::from_millis(40);
/// An answer that takes longer is lost.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// The load on all servers.
pub struct Load {
    pub ledger: Arc<Ledger>,
    over: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<Failure>>>,
    threads: Vec<JoinHandle<Duration>>,
}

/// A connection that was refused, or an answer that was wrong or did not come.
#[derive(Debug, Clone)]
struct Failure {
    server: usize,
    what: String,
}

/// What came of the load.
pub struct Outcome {
    failures: Vec<Failure>,
    /// The longest that a round of answers took at each server.
    pub slowest: Vec<Duration>,
}

impl Load {
    /// Starts to report at all servers.
    pub fn start() -> Load {
        let ledger = Arc::new(Ledger::default());
        let over = Arc::new(AtomicBool::new(false));
        let failures = Arc::new(Mutex::new(Vec::new()));
        let threads = (0..NAMES.len()).map(|server| {
            let (ledger, over, failures) =
                (Arc::clone(&ledger), Arc::clone(&over), Arc::clone(&failures));
            thread::spawn(move || {
                Loader { server, round: 0, slowest: Duration::ZERO, ledger, over, failures }.run()
            })
        });
        let threads = threads.collect();
        Load { ledger, over, failures, threads }
    }

    /// Ends it.
    pub fn stop(self) -> Outcome {
        self.over.store(true, Ordering::Relaxed);
        let slowest = self.threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        Outcome { failures: self.failures.lock().unwrap().clone(), slowest }
    }
}

impl Outcome {
    /// What failed at these servers.
    pub fn failures_at(&self, servers: &[usize]) -> Vec<String> {
        let there = self.failures.iter().filter(|failure| servers.contains(&failure.server));
        there.map(|failure| format!("{}: {}", NAMES[failure.server], failure.what)).collect()
    }
}

/// Who reports at one server.
struct Loader {
    server: usize,
    round: usize,
    slowest: Duration,
    ledger: Arc<Ledger>,
    over: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<Failure>>>,
}

impl Loader {
    fn run(mut self) -> Duration {
        while !self.over.load(Ordering::Relaxed) {
            if let Err(what) = self.converse() {
                let failure = Failure { server: self.server, what };
                self.failures.lock().unwrap().push(failure);
                thread::sleep(ROUND_PAUSE);
            }
        }
        self.slowest
    }

    /// One connection, some rounds long.
    fn converse(&mut self) -> Result<(), String> {
        let address = client_address(self.server);
        let stream = TcpStream::connect_timeout(&address, CONNECT_MAX)
            .map_err(|error| format!("refused: {error}"))?;
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        stream.set_write_timeout(Some(ANSWER_MAX)).unwrap();
        let mut stream = BufReader::new(stream);
        for _ in 0..ROUNDS_PER_CONNECTION {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            let start = Instant::now();
            self.exchange(&mut stream)?;
            self.slowest = self.slowest.max(start.elapsed());
            thread::sleep(ROUND_PAUSE);
        }
        Ok(())
    }

    /// Some reports at once, and now and then the question where one of them is.
    fn exchange(&mut self, stream: &mut BufReader<TcpStream>) -> Result<(), String> {
        self.round += 1;
        let mut commands = String::new();
        let mut expected = Vec::new();
        for number in 0..PIPELINED {
            let client = self.client(number);
            let (command, time) = self.ledger.report(&client, self.server);
            commands.push_str(&command);
            expected.push((client, time));
        }
        // Nobody else reports for that client, so what was just answered is the newest.
        let asked = self.client(0);
        commands.push_str(&format!("WHATSAT {asked} 1 0\n"));
        let lost = |error: std::io::Error| format!("lost: {error}");
        stream.get_mut().write_all(commands.as_bytes()).map_err(lost)?;
        let mut newest = String::new();
        for (client, time) in expected {
            let answer = line(stream).map_err(lost)?;
            self.ledger.acknowledge(&client, time, NAMES[self.server], &answer)?;
            if client == asked {
                newest = answer;
            }
        }
        let found = near(stream).map_err(lost)?;
        if found == newest { Ok(()) } else { Err(format!("{found:?} instead of {newest:?}")) }
    }

    /// The last of a round is one that reports everywhere.
    fn client(&self, number: usize) -> String {
        if number == PIPELINED - 1 {
            return format!("roaming-{}", (self.round + self.server) % ROAMING_CLIENTS);
        }
        let own = (self.round * (PIPELINED - 1) + number) % OWN_CLIENTS;
        format!("{}-{own}", NAMES[self.server])
    }
}

/// Reads a line, without its end.
pub fn line(stream: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.pop() {
        Some('\n') => Ok(line),
        _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads the answer to a `WHATSAT`; its `AT` line, or the whole answer if it has none.
pub fn near(stream: &mut impl BufRead) -> std::io::Result<String> {
    let at = line(stream)?;
    if at.starts_with("AT ") {
        while !line(stream)?.is_empty() {}
    }
    Ok(at)
}
