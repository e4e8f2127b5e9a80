//! What those who load a server know of it: where it is, and when it may fail them.

use crate::harness::{DEADLINE, Server};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering::SeqCst};

/// How many servers there are, with the one that comes and goes.
pub const SERVERS: usize = 6;
/// Their names; the last one comes and goes.
pub const NAMES: [&str; SERVERS] = ["A", "B", "C", "D", "E", "F"];
/// The one whose sockets are held while it is restarted, so that nobody is refused.
pub const HELD: usize = 1;
/// The one that is never restarted.
pub const STEADY: usize = 4;

/// A server as others see it.
#[derive(Debug, Default)]
pub struct Target {
    /// Its port for clients, 0 while there is no such server; and that for visitors.
    port: AtomicU16,
    web_port: AtomicU16,
    /// Its process, 0 while there is none.
    process: AtomicU32,
    /// Odd while connections to it may end or be refused.
    absences: AtomicU64,
    /// Odd while its process is stopped.
    cuts: AtomicU64,
    /// Whether it comes back without what it knew.
    forgets: AtomicBool,
    /// Whether somebody holds its sockets while it is away.
    is_held: AtomicBool,
}

impl Target {
    /// It may end connections from now on.
    pub fn leaves(&self) {
        self.process.store(0, SeqCst);
        assert_eq!(self.absences.fetch_add(1, SeqCst) % 2, 0);
    }

    /// It is there, and must fail nobody from now on.
    pub fn is_there(&self, server: &Server) {
        self.port.store(server.port, SeqCst);
        self.web_port.store(server.web_port.unwrap_or(0), SeqCst);
        self.process.store(server.process.id(), SeqCst);
        assert_eq!(self.absences.fetch_add(1, SeqCst) % 2, 1);
    }

    /// There is no such server any more.
    pub fn is_gone(&self) {
        self.port.store(0, SeqCst);
        self.web_port.store(0, SeqCst);
    }

    /// Its sockets are held.
    pub fn holds(&self) {
        self.is_held.store(true, SeqCst);
    }

    /// Whether a dial may be refused, that began when it had come and gone so often.
    pub fn may_refuse(&self, since: u64) -> bool {
        self.is_excused(since) && !self.is_held.load(SeqCst)
    }

    /// It has no journal, or comes back as another one.
    pub fn forgets(&self) {
        self.forgets.store(true, SeqCst);
    }

    /// Whether it knows what it knew when it comes back.
    pub fn remembers(&self) -> bool {
        !self.forgets.load(SeqCst)
    }

    /// Its process is stopped, or continued.
    pub fn is_cut(&self) {
        self.cuts.fetch_add(1, SeqCst);
    }

    /// How often it has left and come: what [`is_excused`](Self::is_excused) is to be asked about.
    pub fn absences(&self) -> u64 {
        self.absences.load(SeqCst)
    }

    /// Whether it may have failed somebody since that was so.
    pub fn is_excused(&self, since: u64) -> bool {
        since % 2 == 1 || self.absences() != since
    }

    /// How often it was cut; none while it is.
    pub fn cuts(&self) -> Option<u64> {
        Some(self.cuts.load(SeqCst)).filter(|cuts| cuts % 2 == 0)
    }

    /// Its process, if it runs.
    pub fn process(&self) -> Option<u32> {
        Some(self.process.load(SeqCst)).filter(|&process| process != 0)
    }

    /// Whether there is such a server, be it away for a moment.
    pub fn exists(&self) -> bool {
        self.port.load(SeqCst) != 0
    }

    /// Whether it has a port for visitors.
    pub fn has_web(&self) -> bool {
        self.web_port.load(SeqCst) != 0
    }

    /// A connection to its port for clients.
    pub fn dial(&self) -> io::Result<Line> {
        Line::dial(self.port.load(SeqCst))
    }

    /// A connection to its port for visitors.
    pub fn dial_web(&self) -> io::Result<Line> {
        Line::dial(self.web_port.load(SeqCst))
    }
}

/// A connection whose failure is told, and does not end the test.
#[derive(Debug)]
pub struct Line(BufReader<TcpStream>);

impl Line {
    fn dial(port: u16) -> io::Result<Line> {
        let stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), DEADLINE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Line(BufReader::new(stream)))
    }

    pub fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.0.get_mut().write_all(text.as_bytes())
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.line_into(&mut line)?;
        Ok(line)
    }

    /// The same behind what has come of it before; what comes before an error is kept.
    pub fn line_into(&mut self, line: &mut String) -> io::Result<()> {
        self.0.read_line(line)?;
        match line.pop() {
            Some('\n') => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The lines up to an empty one.
    pub fn lines(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            match self.line()? {
                line if line.is_empty() => return Ok(lines),
                line => lines.push(line),
            }
        }
    }

    /// Asks for that over HTTP: the status, and the body.
    pub fn get(&mut self, path: &str) -> io::Result<(u16, String)> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))?;
        let head = self.head()?;
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<usize>().ok());
        let status = number(head.first().and_then(|line| line.split(' ').nth(1))).unwrap_or(0);
        let length = head.iter().find_map(|line| line.strip_prefix("Content-Length: "));
        let body = match number(length) {
            Some(length) => self.bytes(length)?,
            None => self.chunks()?,
        };
        Ok((status as u16, String::from_utf8_lossy(&body).into_owned()))
    }

    fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        io::Read::read_exact(&mut self.0, &mut bytes)?;
        Ok(bytes)
    }

    /// A body whose length is not told before it.
    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line()?.trim_end(), 16);
            let size = size.map_err(|_| io::ErrorKind::InvalidData)?;
            let chunk = self.bytes(size + 2)?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    fn head(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            match self.line()?.trim_end() {
                "" => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }
}

/// Numbers that look like chance, the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One of that many, from 0 on.
    pub fn below(&mut self, many: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % many
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of those, which are not none.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}
