//! The servers, and what they are put through: reloads, a server that joins and leaves, restarts, kills, cuts.

use super::target::{HELD, NAMES, Random, SERVERS, STEADY, Target};
use crate::handed_over::listen;
use crate::harness::herd::bare;
use crate::harness::{Herd, Server, StandIn, until};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// The server that comes and goes.
const GUEST: usize = SERVERS - 1;
/// With whom A talks besides B: now with the one, now with the other.
const CHORDS: [&str; 2] = ["C", "D"];
/// A stop takes 4 s at most; what the machine does besides comes on top.
const STOP_MAX: Duration = Duration::from_secs(8);
/// So short a cut is not noticed, and so long a one is.
const CUT_MILLISECONDS: std::ops::Range<u64> = 500..9_000;

/// What befalls a herd, as often as it stands here.
const TROUBLES: [Trouble; 8] = [
    Trouble::Reload,
    Trouble::Join,
    Trouble::Restart { kill: false },
    Trouble::Restart { kill: false },
    Trouble::Restart { kill: true },
    Trouble::Cut { restart: None },
    Trouble::Cut { restart: Some(false) },
    Trouble::Cut { restart: Some(true) },
];

#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// A link moves.
    Reload,
    /// A server joins, and leaves.
    Join,
    /// One is restarted, in order or by a kill.
    Restart { kill: bool },
    /// One is stopped for a while, and another may be restarted meanwhile.
    Cut { restart: Option<bool> },
}

/// Five servers and their guest.
#[derive(Debug)]
pub struct Stage<'a> {
    pub herd: Herd,
    pub servers: [Option<Server>; SERVERS],
    /// The program that each of them runs.
    program: String,
    sockets: [TcpListener; 3],
    targets: &'a [Target; SERVERS],
    random: Random,
    /// The longest pause between two troubles.
    pause_max: Duration,
    chord: usize,
    pub counts: Counts,
}

/// What they have been put through.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub reloads: u64,
    pub joins: u64,
    pub stops: u64,
    pub kills: u64,
    pub cuts: u64,
    pub longest_stop: Duration,
    /// From the end of a trouble until all are ready and linked.
    pub longest_return: Duration,
}

impl<'a> Stage<'a> {
    /// Starts the five by that program: a ring with a chord.
    pub fn new(
        program: String,
        places: &StandIn,
        targets: &'a [Target; SERVERS],
        seed: u64,
        pause_max: Duration,
    ) -> Stage<'a> {
        let five: [(&str, &[&str]); 5] =
            [("A", &["B", CHORDS[0]]), ("B", &["C"]), ("C", &["D"]), ("D", &["E"]), ("E", &["A"])];
        let herd = Herd::of(&five).with_places(places).with_web().with_journal("second");
        let herd = herd.with_ttl_seconds(super::TTL_SECONDS);
        let herd = herd.with_tombstone_seconds(super::TTL_SECONDS);
        let file: Value = serde_json::from_slice(&fs::read(herd.file()).unwrap()).unwrap();
        let web_port = file["servers"][HELD]["web_port"].as_u64().unwrap() as u16;
        let (port, neighbour_port) = (herd.port(NAMES[HELD]), herd.neighbour_port(NAMES[HELD]));
        let sockets = [port, neighbour_port, web_port].map(listen);
        let (random, counts) = (Random::new(seed), Counts::default());
        let servers = Default::default();
        let mut stage =
            Stage { herd, servers, program, sockets, targets, random, pause_max, chord: 0, counts };
        targets.iter().for_each(Target::leaves);
        targets[GUEST].forgets();
        targets[HELD].holds();
        (0..GUEST).for_each(|at| stage.start(at));
        stage.wait_until_linked();
        stage.counts = Counts::default();
        stage
    }

    /// Puts them through all of it, in any order, again and again until the time is over; ends early where
    /// `failed` says so.
    pub fn run(&mut self, length: Duration, failed: impl Fn() -> bool) {
        let started = Instant::now();
        while started.elapsed() < length {
            let mut bag = TROUBLES.to_vec();
            while !bag.is_empty() {
                let next = bag.swap_remove(self.random.below(bag.len() as u64) as usize);
                let pause = self.random.below(self.pause_max.as_millis() as u64);
                thread::sleep(Duration::from_millis(pause));
                if failed() {
                    return;
                }
                self.meet(next);
            }
        }
    }

    fn meet(&mut self, trouble: Trouble) {
        let ended = match trouble {
            Trouble::Reload => {
                self.chord = 1 - self.chord;
                self.herd.link(NAMES[0], &[NAMES[1], CHORDS[self.chord]]);
                self.counts.reloads += 1;
                self.hang_up();
                Instant::now()
            }
            Trouble::Join => self.join(),
            Trouble::Restart { kill } => {
                let at = self.random.below(STEADY as u64) as usize;
                self.restart(at, kill);
                Instant::now()
            }
            Trouble::Cut { restart } => self.cut(restart),
        };
        self.wait_until_linked();
        self.counts.longest_return = self.counts.longest_return.max(ended.elapsed());
    }

    /// A sixth server comes, is there for a while, and goes.
    fn join(&mut self) -> Instant {
        let first = self.random.below(GUEST as u64) as usize;
        let second = (first + 1 + self.random.below(GUEST as u64 - 1) as usize) % GUEST;
        self.herd.add(NAMES[GUEST], &[NAMES[first], NAMES[second]]);
        // Those that stay may read it before the newcomer is there, and after.
        if self.random.one_in(2) {
            self.hang_up();
        }
        self.start(GUEST);
        self.hang_up();
        self.wait_until_linked();
        thread::sleep(Duration::from_millis(self.random.below(2_000)));
        self.stop(GUEST, false);
        self.targets[GUEST].is_gone();
        self.herd.remove(NAMES[GUEST]);
        self.hang_up();
        self.counts.joins += 1;
        Instant::now()
    }

    fn restart(&mut self, at: usize, kill: bool) {
        self.stop(at, kill);
        // That its neighbours find it elsewhere they read while it starts.
        let moves = at != HELD && self.random.one_in(3);
        if moves {
            self.herd.move_neighbour_port(NAMES[at]);
        }
        self.start(at);
        if moves {
            self.hang_up();
        }
    }

    fn cut(&mut self, restart: Option<bool>) -> Instant {
        let length = CUT_MILLISECONDS.end - CUT_MILLISECONDS.start;
        let length = CUT_MILLISECONDS.start + self.random.below(length);
        let end = Instant::now() + Duration::from_millis(length);
        let at = self.random.below(GUEST as u64) as usize;
        let cut = |stage: &Stage<'_>, signal| {
            stage.servers[at].iter().for_each(|server| server.process.signal(signal));
        };
        self.targets[at].is_cut();
        cut(self, "STOP");
        if let Some(kill) = restart {
            let others: Vec<usize> = (0..STEADY).filter(|&other| other != at).collect();
            let other = *self.random.one_of(&others);
            self.restart(other, kill);
        }
        thread::sleep(end.saturating_duration_since(Instant::now()));
        cut(self, "CONT");
        // It has been seen to run before its turns count again.
        self.status(at);
        self.targets[at].is_cut();
        self.counts.cuts += 1;
        Instant::now()
    }

    fn stop(&mut self, at: usize, kill: bool) {
        self.targets[at].leaves();
        let mut server = self.servers[at].take().unwrap();
        let started = Instant::now();
        if kill {
            server.process.kill();
            self.counts.kills += 1;
            return;
        }
        server.process.signal("TERM");
        assert_eq!(server.process.wait().code(), Some(0), "{} ends in order", server.name);
        let took = started.elapsed();
        assert!(took < STOP_MAX, "{} took {took:?} to stop", server.name);
        self.counts.longest_stop = self.counts.longest_stop.max(took);
        self.counts.stops += 1;
    }

    fn start(&mut self, at: usize) {
        let name = NAMES[at];
        let mut command = bare(&self.program);
        command.args(self.herd.arguments(name));
        // These two log all traffic, and so again and again to another file.
        if at != HELD && at != STEADY {
            command.env("RUST_LOG", "info,traffic=off");
        }
        let server = match at {
            HELD => self.herd.start_with(name, &command, &self.sockets, None),
            _ => self.herd.start_by(name, command),
        };
        self.targets[at].is_there(&server);
        self.servers[at] = Some(server);
    }

    /// Has all read the herd file.
    fn hang_up(&self) {
        self.servers.iter().flatten().for_each(|server| server.process.signal("HUP"));
    }

    fn status(&self, at: usize) -> Value {
        let asked = self.targets[at].dial_web().and_then(|mut line| line.get("/status"));
        let (status, body) = asked.unwrap_or_else(|error| panic!("{}: {error}", NAMES[at]));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Waits until all are ready, and linked both ways with the neighbours that the file gives them.
    #[track_caller]
    pub fn wait_until_linked(&self) {
        for (at, server) in self.servers.iter().enumerate() {
            let Some(server) = server.as_ref().filter(|server| server.web_port.is_some()) else {
                continue;
            };
            let mut expected = self.herd.neighbours(&server.name);
            expected.sort();
            let mut last = Value::Null;
            let is_linked = |said: &Value| {
                let neighbours = said["neighbours"].as_array().unwrap();
                let is_up =
                    |one: &Value| one["dialled"]["up"] == true && one["accepted"]["up"] == true;
                let mut names: Vec<&str> =
                    neighbours.iter().map(|one| one["name"].as_str().unwrap()).collect();
                names.sort_unstable();
                said["ready"] == true && names == expected && neighbours.iter().all(is_up)
            };
            until(&format!("{} is linked with {expected:?}", server.name), || {
                last = self.status(at);
                is_linked(&last).then_some(())
            });
        }
    }
}
