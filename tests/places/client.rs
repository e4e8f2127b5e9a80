//! Clients of the daemon: one that asks, and one that reports all the while.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long any answer may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between two reports of one that reports all the while.
const PULSE_PAUSE: Duration = Duration::from_millis(10);

/// A client's connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// What a `WHATSAT` was answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The first line.
    pub at: String,
    /// What follows, up to the blank line.
    pub json: Vec<u8>,
    pub took: Duration,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    pub fn send(&mut self, command: &str) {
        self.stream.get_mut().write_all(format!("{command}\n").as_bytes()).unwrap();
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Reports a position; the `AT` line that it is answered with.
    pub fn report(&mut self, name: &str, location: &str) -> String {
        self.send(&format!("IAMAT {name} {location} 1700000000.5"));
        let at = self.line().unwrap();
        assert!(at.starts_with("AT Lone +"), "{at}");
        at
    }

    /// Asks for at most `bound` places around a client.
    pub fn ask(&mut self, name: &str, kilometres: &str, bound: u8) -> Answer {
        self.send(&format!("WHATSAT {name} {kilometres} {bound}"));
        self.answer()
    }

    /// The next answer to a `WHATSAT`.
    pub fn answer(&mut self) -> Answer {
        let since = Instant::now();
        let at = self.line().unwrap();
        assert!(at.starts_with("AT "), "{at}");
        let mut json = Vec::new();
        while !json.ends_with(b"\n\n") {
            assert!(self.stream.read_until(b'\n', &mut json).unwrap() > 0, "cut off");
        }
        json.truncate(json.len() - 2);
        Answer { at, json, took: since.elapsed() }
    }
}

/// A client that reports without a pause worth the name, to see whether it is served.
pub struct Pulse {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, Duration)>,
}

impl Pulse {
    pub fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut client = Client::connect(address);
            let (mut reports, mut worst) = (0, Duration::ZERO);
            while !told.load(Ordering::SeqCst) || reports == 0 {
                let since = Instant::now();
                client.report("pulse", "+1-1");
                worst = worst.max(since.elapsed());
                reports += 1;
                thread::sleep(PULSE_PAUSE);
            }
            (reports, worst)
        });
        Pulse { stop, thread }
    }

    /// How many reports were answered, and the longest that one took.
    pub fn stop(self) -> (usize, Duration) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("a report was not answered")
    }
}
