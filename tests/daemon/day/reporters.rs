//! Who reports, at any server: what each has been answered, and so what every server must know.
//!
//! A client has one reporter, so its reports are one after the other. What is known of it must be the last that
//! was answered, or one behind that whose answer did not come. And what a server has once answered about a
//! client it never goes back behind, also over a kill: it has a journal.

use super::target::{Line, NAMES, Random, SERVERS, Target};
use crate::harness::{Client, Server, posix_nanoseconds};
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Clients of a reporter that report again and again.
pub const STAYING: usize = 100;
/// Places for those that report once and are not heard of again, until their time is over.
const PASSING: usize = 2_000;
/// One of so many commands is of one that passes; one of so many forgets.
const PASSING_EVERY: u64 = 10;
const FORGETS_EVERY: u64 = 50;
/// Commands that are on their way at a time, at most, and rounds of a connection.
const BATCH_MAX: u64 = 16;
const ROUNDS_MAX: u64 = 100;
const PAUSE_MAX_MILLISECONDS: u64 = 60;
/// Of those that are asked about, so many are at a time.
const ASKED_AT_ONCE: usize = 100;
/// Who has reported so long ago may be about to expire.
const ASKED_AGE_MAX: Duration = Duration::from_secs(super::TTL_SECONDS as u64 - 60);

/// A report, or a forgetting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fact {
    /// POSIX nanoseconds.
    time: u64,
    forgets: bool,
}

#[derive(Debug, Clone)]
struct Device {
    id: String,
    /// The last command that was answered.
    answered: Option<Fact>,
    /// Those behind it: each may have been taken, or not.
    open: Vec<Fact>,
    /// When it was forgotten last, or may have been.
    forgotten: u64,
    /// The newest that each server has shown to know.
    floors: [u64; SERVERS],
    /// When it reported last.
    since: Instant,
}

/// Who reports for some clients.
#[derive(Debug)]
pub struct Reporter {
    number: usize,
    random: Random,
    /// Those that stay, and those that pass.
    devices: Vec<Device>,
    passed: usize,
    /// Whether it has clients forgotten.
    forgets: bool,
    last_time: u64,
    pub counts: Counts,
}

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub answered: u64,
    pub connections: u64,
    /// Connections that ended with commands unanswered, and dials that were refused.
    pub cut: u64,
    pub refused: u64,
    /// The longest that a batch waited for its answers.
    pub longest: Duration,
}

/// An answer that is waited for.
struct Asked {
    device: usize,
    /// None asks where it is.
    fact: Option<Fact>,
}

/// The id of a client that reports again and again.
pub fn staying(reporter: u64, client: u64) -> String {
    format!("{reporter}-{client}")
}

/// The time in the last field of a line, if there is one.
pub fn time(line: &str) -> Option<u64> {
    let (seconds, fraction) = line.rsplit(' ').next()?.split_once('.')?;
    if fraction.len() != 9 {
        return None;
    }
    Some(seconds.parse::<u64>().ok()? * 1_000_000_000 + fraction.parse::<u64>().ok()?)
}

impl Device {
    fn new(id: String) -> Device {
        let (answered, open) = (None, Vec::new());
        Device { id, answered, open, forgotten: 0, floors: [0; SERVERS], since: Instant::now() }
    }

    /// It reports, or is forgotten.
    fn asks(&mut self, fact: Fact) {
        self.open.push(fact);
        self.since = Instant::now();
        if fact.forgets {
            self.forgotten = fact.time;
        }
    }

    /// Whether its time is far from over.
    fn counts(&self) -> bool {
        self.since.elapsed() < ASKED_AGE_MAX
    }

    /// Whether it may be known with that time, or not, when nobody reports any more.
    fn ends_as(&self, known: Option<u64>) -> bool {
        let mut all = self.answered.iter().chain(&self.open);
        match known {
            Some(time) => all.any(|fact| fact.time == time && !fact.forgets),
            None => self.answered.is_none() || all.any(|fact| fact.forgets),
        }
    }
}

impl Reporter {
    pub fn new(number: usize, seed: u64) -> Reporter {
        let staying = (0..STAYING).map(|client| staying(number as u64, client as u64));
        let random = Random::new(seed.wrapping_add(number as u64));
        let devices = staying.map(Device::new).collect();
        let (forgets, counts) = (true, Counts::default());
        Reporter { number, random, devices, passed: 0, forgets, last_time: 0, counts }
    }

    /// The same who has nobody forgotten, as versions before cannot do that.
    pub fn without_forgetting(self) -> Reporter {
        Reporter { forgets: false, ..self }
    }

    /// Reports at any server until it is over. Nothing may fail but where a server was away.
    pub fn run(mut self, targets: &[Target; SERVERS], over: &AtomicBool) -> Reporter {
        while !over.load(Ordering::Relaxed) {
            let at = self.random.below(SERVERS as u64) as usize;
            let target = &targets[at];
            if !target.exists() {
                continue;
            }
            let since = target.absences();
            let mut line = match target.dial() {
                Ok(line) => line,
                Err(error) => {
                    self.counts.refused += 1;
                    let excused = target.may_refuse(since);
                    assert!(excused, "{} is refused by {}: {error}", self.number, NAMES[at]);
                    thread::sleep(Duration::from_millis(20));
                    continue;
                }
            };
            self.counts.connections += 1;
            if let Err(error) = self.converse(at, target, &mut line, over) {
                self.counts.cut += 1;
                let excused = target.is_excused(since);
                assert!(excused, "{} was cut off by {}: {error}", self.number, NAMES[at]);
            }
        }
        self
    }

    fn converse(
        &mut self,
        at: usize,
        target: &Target,
        line: &mut Line,
        over: &AtomicBool,
    ) -> io::Result<()> {
        for _ in 0..=self.random.below(ROUNDS_MAX) {
            if over.load(Ordering::Relaxed) {
                break;
            }
            self.exchange(at, target, line)?;
            thread::sleep(Duration::from_millis(self.random.below(PAUSE_MAX_MILLISECONDS)));
        }
        // Some go as they should, others are just gone.
        if self.random.one_in(2) {
            line.stream().shutdown(Shutdown::Write)?;
            let rest = line.line();
            let ended = matches!(&rest, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof);
            return if ended { Ok(()) } else { rest.map(|line| panic!("behind all: {line}")) };
        }
        Ok(())
    }

    fn exchange(&mut self, at: usize, target: &Target, line: &mut Line) -> io::Result<()> {
        let mut commands = String::new();
        let mut all = Vec::new();
        for _ in 0..=self.random.below(BATCH_MAX) {
            let device = self.next_device();
            let fact = Fact {
                time: self.next_time(),
                forgets: self.forgets && self.random.one_in(FORGETS_EVERY),
            };
            let (id, [north, west]) =
                (&self.devices[device].id, [(); 2].map(|()| self.random.below(9_999)));
            let (seconds, fraction) = (fact.time / 1_000_000_000, fact.time % 1_000_000_000);
            commands += &match fact.forgets {
                true => format!("FORGET {id} {seconds}.{fraction:09}\n"),
                false => {
                    format!("IAMAT {id} +34.{north:04}-118.{west:04} {seconds}.{fraction:09}\n")
                }
            };
            self.devices[device].asks(fact);
            all.push(Asked { device, fact: Some(fact) });
        }
        if self.random.one_in(4) {
            let device = self.random.below(self.devices.len() as u64) as usize;
            commands += &format!("WHATSAT {} 1 0\n", self.devices[device].id);
            all.push(Asked { device, fact: None });
        }
        let started = Instant::now();
        line.send(&commands)?;
        for asked in all {
            let answer = line.line()?;
            match asked.fact {
                Some(fact) => self.answered(at, asked.device, fact, &answer),
                None if answer.starts_with("? ") => self.is_known(at, asked.device, None, target),
                None => {
                    self.is_known(at, asked.device, time(&answer), target);
                    line.lines()?;
                }
            }
        }
        self.counts.longest = self.counts.longest.max(started.elapsed());
        Ok(())
    }

    /// Who stays, or another one that passes.
    fn next_device(&mut self) -> usize {
        if !self.random.one_in(PASSING_EVERY) {
            return self.random.below(STAYING as u64) as usize;
        }
        let device = Device::new(format!("{}-p{}", self.number, self.passed));
        let at = STAYING + self.passed % PASSING;
        self.passed += 1;
        match self.devices.get_mut(at) {
            Some(place) => *place = device,
            None => self.devices.push(device),
        }
        at
    }

    /// Later than all before.
    fn next_time(&mut self) -> u64 {
        self.last_time = (posix_nanoseconds() as u64).max(self.last_time + 1);
        self.last_time
    }

    fn answered(&mut self, at: usize, device: usize, fact: Fact, answer: &str) {
        let device = &mut self.devices[device];
        let mut words = answer.split(' ');
        let word = if fact.forgets { "GONE" } else { "AT" };
        let is_of = words.next() == Some(word) && words.next() == Some(NAMES[at]);
        let is_it = words.nth(1) == Some(&device.id) && time(answer) == Some(fact.time);
        assert!(is_of && is_it, "{answer:?} answers {fact:?} of {} at {}", device.id, NAMES[at]);
        device.open.retain(|open| open.time > fact.time);
        device.answered = Some(fact);
        device.floors[at] = fact.time;
        self.counts.answered += 1;
    }

    /// A server never goes back, and knows nothing that was not said.
    fn is_known(&mut self, at: usize, device: usize, known: Option<u64>, target: &Target) {
        let last = self.last_time;
        let device = &mut self.devices[device];
        let floor = if target.remembers() { device.floors[at] } else { 0 };
        let is_right = match known {
            Some(time) => time >= floor && time <= last,
            None => device.forgotten >= floor || !device.counts(),
        };
        assert!(is_right, "{} goes back to {known:?} from {floor}: {device:?}", NAMES[at]);
        device.floors[at] = floor.max(known.unwrap_or(0));
    }

    /// Whether a server knows all that was answered, or something later that was asked. How many were
    /// looked at.
    pub fn check(&self, server: &Server) -> usize {
        let mut visitor: Client = server.visitor();
        let asked: Vec<&Device> = self.devices.iter().filter(|device| device.counts()).collect();
        for some in asked.chunks(ASKED_AT_ONCE) {
            let question = |device: &&Device| {
                format!("GET /clients/{} HTTP/1.1\r\nHost: h\r\n\r\n", device.id)
            };
            visitor.send(some.iter().map(question).collect::<String>());
            for device in some {
                let (status, body) = visitor.answer();
                let known = (status == 200).then(|| {
                    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
                    time(body["time"].as_str().unwrap()).unwrap()
                });
                assert!(device.ends_as(known), "{} knows {known:?} of {device:?}", server.name);
            }
        }
        asked.len()
    }
}
