//! Who asks and who watches, at any server, and what must be true of each answer and each event.

use super::reporters::{STAYING, staying, time};
use super::target::{Line, NAMES, Random, SERVERS, Target};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Questions of a connection, at most.
const QUESTIONS_MAX: u64 = 100;
const PAUSE_MAX_MILLISECONDS: u64 = 100;
/// How long somebody watches, at most.
const WATCH_MAX_SECONDS: u64 = 20;
/// So often who watches looks whether it is over.
const LOOK: Duration = Duration::from_millis(500);
/// Longer than a server is stopped there is always something to tell: who hears nothing has been left out.
const SILENCE_MAX: Duration = Duration::from_secs(25);
const WHERE: &str = "+34.5-118.5";

/// Who asks, or who watches.
#[derive(Debug)]
pub struct Asker {
    random: Random,
    reporters: u64,
    pub counts: Counts,
}

/// What came of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub answers: u64,
    pub events: u64,
    /// Answers in which Places had not answered.
    pub without_places: u64,
}

impl Asker {
    pub fn new(seed: u64, reporters: u64) -> Asker {
        Asker { random: Random::new(seed), reporters, counts: Counts::default() }
    }

    /// Asks at any server until it is over.
    pub fn ask(self, targets: &[Target; SERVERS], over: &AtomicBool) -> Asker {
        self.run(targets, over, |asker, target, over| match asker.random.one_in(2) {
            true if target.has_web() => asker.visit(&mut target.dial_web()?, over),
            _ => asker.converse(&mut target.dial()?, over),
        })
    }

    /// Watches at any server until it is over.
    pub fn watch(self, targets: &[Target; SERVERS], over: &AtomicBool) -> Asker {
        self.run(targets, over, |asker, target, over| asker.follow(&mut target.dial()?, over))
    }

    fn run(
        mut self,
        targets: &[Target; SERVERS],
        over: &AtomicBool,
        mut step: impl FnMut(&mut Asker, &Target, &AtomicBool) -> io::Result<()>,
    ) -> Asker {
        while !over.load(Ordering::Relaxed) {
            let at = self.random.below(SERVERS as u64) as usize;
            let target = &targets[at];
            if !target.exists() {
                continue;
            }
            let since = target.absences();
            if let Err(error) = step(&mut self, target, over) {
                let excused = match error.kind() {
                    ErrorKind::ConnectionRefused => target.may_refuse(since),
                    _ => target.is_excused(since),
                };
                assert!(excused, "somebody is left by {}: {error}", NAMES[at]);
                thread::sleep(Duration::from_millis(20));
            }
        }
        self
    }

    /// The id of any client that reports again and again.
    fn client(&mut self) -> String {
        staying(self.random.below(self.reporters), self.random.below(STAYING as u64))
    }

    fn questions(&mut self) -> u64 {
        1 + self.random.below(QUESTIONS_MAX)
    }

    fn pause(&mut self) {
        thread::sleep(Duration::from_millis(self.random.below(PAUSE_MAX_MILLISECONDS)));
    }

    /// Some questions on the line.
    fn converse(&mut self, line: &mut Line, over: &AtomicBool) -> io::Result<()> {
        for _ in 0..self.questions() {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let client = self.client();
            match self.random.below(5) {
                0 => self.ask_places(line, &client)?,
                1 => near(line, &client, 20.0, 10)?,
                2 => near(line, WHERE, 50.0, 1_000)?,
                3 => {
                    line.send("SERVERS\n")?;
                    let servers = line.lines()?;
                    let are_servers = servers.iter().all(|server| server.starts_with("SERVER "));
                    assert!(are_servers && servers.len() >= SERVERS - 1, "{servers:?}");
                }
                _ => {
                    line.send("WHERE IS kiwi\n")?;
                    assert_eq!(line.line()?, "? WHERE IS kiwi");
                }
            }
            self.counts.answers += 1;
            self.pause();
        }
        Ok(())
    }

    fn ask_places(&mut self, line: &mut Line, client: &str) -> io::Result<()> {
        line.send(&format!("WHATSAT {client} 10 5\n"))?;
        let answer = line.line()?;
        if answer.starts_with("? ") {
            return Ok(());
        }
        assert!(answer.starts_with("AT ") && time(&answer).is_some(), "{answer}");
        let places: Value = serde_json::from_str(&line.lines()?.join("\n")).unwrap();
        if !["OK", "ZERO_RESULTS"].iter().any(|&status| places["status"] == status) {
            assert!(places["error_message"].is_string(), "{places}");
            self.counts.without_places += 1;
        }
        Ok(())
    }

    /// Some questions at the web port.
    fn visit(&mut self, line: &mut Line, over: &AtomicBool) -> io::Result<()> {
        for _ in 0..self.questions() {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let client = self.client();
            let path = match self.random.below(3) {
                0 => format!("/clients/{client}"),
                1 => "/clients?near=34.5,-118.5&km=50&limit=100".to_owned(),
                _ => "/status".to_owned(),
            };
            let (status, body) = line.get(&path)?;
            assert!(status == 200 || status == 404 && path.ends_with(&client), "{path}: {body}");
            let told: Result<Value, _> = serde_json::from_str(&body);
            assert!(told.is_ok(), "{path}: {body}");
            self.counts.answers += 1;
            self.pause();
        }
        Ok(())
    }

    /// One watch, for a while: nobody who is told goes back.
    fn follow(&mut self, line: &mut Line, over: &AtomicBool) -> io::Result<()> {
        let watch = match self.random.below(3) {
            0 => "WATCH *".to_owned(),
            1 => format!("WATCH {WHERE} 30"),
            _ => format!("WATCH {}", self.client()),
        };
        line.send(&format!("{watch}\n"))?;
        assert_eq!(line.line()?, watch);
        line.stream().set_read_timeout(Some(LOOK))?;
        let length = Duration::from_secs(1 + self.random.below(WATCH_MAX_SECONDS));
        let (started, mut heard) = (Instant::now(), Instant::now());
        let mut times: HashMap<String, u64> = HashMap::new();
        let mut event = String::new();
        while started.elapsed() < length && !over.load(Ordering::Relaxed) {
            match line.line_into(&mut event) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(heard.elapsed() < SILENCE_MAX, "{watch}: nothing is told any more");
                    continue;
                }
                other => other?,
            }
            heard = Instant::now();
            self.counts.events += 1;
            let words: Vec<&str> = event.split(' ').collect();
            match words[..] {
                ["~", "AT", _, _, client, _, _] | ["~", "GONE", _, _, client, _] => {
                    let told = time(&event).unwrap();
                    let before = times.insert(client.to_owned(), told).unwrap_or(0);
                    assert!(told >= before, "{watch}: {event:?} goes back from {before}");
                }
                ["~", "EXPIRED" | "OUT", client] => drop(times.remove(client)),
                ["~", "NOW", ..] => {}
                _ => panic!("{watch}: {event:?}"),
            }
            event.clear();
        }
        Ok(())
    }
}

/// Asks who is near: the nearest come first, and none is farther.
fn near(line: &mut Line, place: &str, kilometres: f64, most: usize) -> io::Result<()> {
    line.send(&format!("NEAR {place} {kilometres} {most}\n"))?;
    let first = line.line()?;
    if first.is_empty() || first.starts_with("? ") {
        return Ok(());
    }
    let found: Vec<String> = [first].into_iter().chain(line.lines()?).collect();
    let distance = |line: &String| line.split(' ').next().unwrap().parse::<f64>().unwrap();
    let distances: Vec<f64> = found.iter().map(distance).collect();
    assert!(distances.is_sorted() && distances[distances.len() - 1] <= kilometres, "{found:?}");
    assert!(found.len() <= most, "{found:?}");
    Ok(())
}
