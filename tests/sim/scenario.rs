//! The steps that scenarios are written in: a herd in which nothing goes wrong but what the
//! scenario says.

mod bus;
mod trust;

use super::agenda::{MICROSECOND, MILLISECOND, SECOND, Time};
use super::clients::Client;
use super::disk::Trouble;
use super::faults::Mix;
use super::links::Links;
use super::machine::WALL_START;
use super::net::{End, Weather};
use super::places::Manners;
use super::random::Random;
use super::report::Report;
use super::topology::Shape;
use super::trace::Detail;
use super::versions::Outcome;
use super::world::{HEALED_WITHIN, World};
use herd::herd::Herd;
use herd::node::Node;
use herd::transport::Now;
use herd::wire::neighbour::Version;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A position as every scenario may use it.
pub const HERE: &str = "+34.068930-118.445127";

/// How long an answer may take that does not wait for Places.
const ANSWERED_WITHIN: Time = SECOND;

/// How long a clean stop may take.
const STOPPED_WITHIN: Time = 10 * SECOND;

/// A client's conversation in a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Session(usize);

pub struct Scenario {
    pub world: World,
}

/// Runs a scenario several times, each with other small delays.
pub fn several_times(run: impl Fn(u64)) {
    (0..8).for_each(run);
}

impl Scenario {
    /// Servers that have just been started.
    pub fn of(herd: Herd, seed: u64) -> Self {
        Scenario::with(herd, seed, fair())
    }

    /// The same in a world as described.
    pub fn with(herd: Herd, seed: u64, mix: Mix) -> Self {
        let random = Random::new(seed);
        let mut world = World::new(seed, herd, mix, random, Detail::Hash, None);
        world.env.checks.crossings = Some(BTreeMap::new());
        for machine in 0..world.machines.len() {
            world.start(machine);
        }
        Scenario { world }
    }

    /// The goloman herd, linked.
    pub fn goloman(seed: u64) -> Self {
        let mut scenario = Scenario::of(Herd::load("goloman").expect("it is built in"), seed);
        scenario.agrees();
        scenario
    }

    /// Two servers, East and West, linked.
    pub fn pair(seed: u64) -> Self {
        let json = br#"{"herd": "pair", "servers": [
            {"name": "East", "host": "10.0.0.1", "port": 11645, "talks_with": ["West"]},
            {"name": "West", "host": "10.0.0.2", "port": 11645}]}"#;
        let mut scenario = Scenario::of(Herd::from_json(json).expect("it is sound"), seed);
        scenario.agrees();
        scenario
    }

    pub fn names(&self) -> Vec<String> {
        self.world.machines.iter().map(|machine| machine.name.clone()).collect()
    }

    fn server(&self, name: &str) -> usize {
        self.names().iter().position(|other| other == name).expect("a server of the herd")
    }

    /// The true time in POSIX seconds, so much later.
    pub fn clock(&self, later_milliseconds: i64) -> String {
        let now = WALL_START + self.world.now() as i64 + later_milliseconds * 1_000_000;
        format!("{}.{:09}", now / 1_000_000_000, now % 1_000_000_000)
    }

    /// Lets time go by.
    pub fn pass(&mut self, time: Duration) {
        self.world.run_until(self.world.now() + time.as_nanos() as Time);
        self.is_well();
    }

    pub fn pass_milliseconds(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    /// Nothing that must hold has been broken.
    fn is_well(&self) {
        assert_eq!(self.world.env.checks.violation, None);
    }

    /// Lets time go by until the condition holds, which must be soon.
    pub fn wait(&mut self, within: Time, so: impl Fn(&World) -> bool) {
        let until = self.world.now() + within;
        let came = self.world.run_until_so(until, so);
        self.is_well();
        assert!(came, "it does not come:\n{}", self.world.describe());
    }

    /// All servers are linked and hold the same, and what they ought to, within the time allowed.
    pub fn agrees(&mut self) {
        self.wait(HEALED_WITHIN.as_nanos() as Time, World::is_healed);
        let world = &self.world;
        world.env.checks.agreement(&world.nodes(), world.latest_clock()).expect("agreement");
    }

    /// Connects a client.
    pub fn connect(&mut self, server: &str) -> Session {
        let server = self.server(server);
        self.connect_to(server)
    }

    /// The same, with a server by its number.
    pub fn connect_to(&mut self, server: usize) -> Session {
        let index = self.world.clients.len();
        let mut client = Client::new(index);
        client.open(&mut self.world.env, server);
        self.world.clients.push(client);
        Session(index)
    }

    /// Connects somebody to the port for neighbours, who does not read.
    pub fn connect_as_stranger(&mut self, server: &str) -> Session {
        let (server, index) = (self.server(server), self.world.clients.len());
        let mut client = Client::new(index);
        client.open_at(&mut self.world.env, server, 1);
        client.set_reading(&mut self.world.env, false);
        self.world.clients.push(client);
        Session(index)
    }

    pub fn say(&mut self, session: Session, line: &str) {
        let line = format!("{line}\n");
        self.world.clients[session.0].say(&mut self.world.env, line.as_bytes());
    }

    pub fn set_reading(&mut self, session: Session, reads: bool) {
        self.world.clients[session.0].set_reading(&mut self.world.env, reads);
    }

    /// Half-closes when all is said.
    pub fn say_no_more(&mut self, session: Session) {
        self.world.clients[session.0].end_politely(&mut self.world.env);
    }

    /// All that a client was told so far.
    pub fn heard(&self, session: Session) -> String {
        String::from_utf8_lossy(&self.world.clients[session.0].received).into_owned()
    }

    /// Whether the conversation is over, whoever ended it.
    pub fn is_over(&self, session: Session) -> bool {
        self.world.clients[session.0].is_over()
    }

    /// Says a line, and waits for its answer, which is one line.
    pub fn tell(&mut self, session: Session, line: &str) -> String {
        let before = self.heard(session).len();
        self.say(session, line);
        self.wait(ANSWERED_WITHIN, |world| {
            world.clients[session.0].received[before..].contains(&b'\n')
        });
        self.heard(session)[before..].trim_end().to_owned()
    }

    /// A client connects, reports and goes.
    pub fn report(&mut self, server: &str, client: &str, location: &str, time: &str) -> String {
        let session = self.connect(server);
        let answer = self.tell(session, &format!("IAMAT {client} {location} {time}"));
        self.say_no_more(session);
        answer
    }

    /// What a server holds of a client.
    pub fn position(&self, server: &str, client: &str) -> Option<String> {
        let node = self.world.machines[self.server(server)].node()?;
        let position = node.positions().find(client.as_bytes())?;
        let report = Report::of(&position);
        Some(String::from_utf8_lossy(report.line()).trim_end().to_owned())
    }

    /// How many positions of a client have crossed from one server to another.
    pub fn crossings(&self, from: &str, to: &str, client: &str) -> u32 {
        let (from, to) = (self.server(from), self.server(to));
        let key = (from, to, client.as_bytes().to_vec());
        let crossings = &self.world.env.checks.crossings;
        crossings.as_ref().and_then(|counts| counts.get(&key)).copied().unwrap_or(0)
    }

    /// Closes or opens the way between two servers, both ways; nobody is told.
    pub fn set_open(&mut self, one: &str, other: &str, open: bool) {
        let (one, other) = (self.server(one), self.server(other));
        let env = &mut self.world.env;
        for (from, to) in [(one, other), (other, one)] {
            env.net.set_path(from, to, open, &mut env.agenda, &mut env.random);
        }
    }

    /// Resets all connections between two servers, and waits until both know.
    pub fn reset(&mut self, one: &str, other: &str) {
        let (one, other) = (self.server(one), self.server(other));
        let env = &mut self.world.env;
        for id in env.net.between(one, other) {
            env.net.cut(id, &[0, 1], &mut env.agenda, &mut env.random);
        }
        self.pass_milliseconds(20);
    }

    /// For so long nothing passes from one server to another on the connections that there are.
    pub fn stall(&mut self, from: &str, to: &str, time: Duration) {
        let (from, to) = (self.server(from), self.server(to));
        let env = &mut self.world.env;
        let until = env.agenda.now() + time.as_nanos() as Time;
        for conn in env.net.between(from, to) {
            for side in [0, 1] {
                if env.net.hosts_of(End { conn, side }) == Some((from, to)) {
                    env.net.stall(conn, side, until);
                }
            }
        }
    }

    pub fn lose_power(&mut self, server: &str) {
        let server = self.server(server);
        self.world.machines[server].lose_power(&mut self.world.env);
    }

    pub fn kill(&mut self, server: &str) {
        let server = self.server(server);
        self.world.machines[server].kill(&mut self.world.env);
    }

    /// For so long a server's disk is in that trouble.
    pub fn trouble_disk(&mut self, server: &str, trouble: Trouble, time: Duration) {
        let until = self.world.now() + time.as_nanos() as Time;
        self.world.env.disks.trouble(self.server(server), trouble, until);
    }

    /// What is on a server's disk, by the paths of the files.
    pub fn files(&self, server: &str) -> Vec<(PathBuf, Vec<u8>)> {
        self.world.env.disks.files(self.server(server))
    }

    pub fn stop(&mut self, server: &str) {
        let server = self.server(server);
        self.world.machines[server].stop(&mut self.world.env);
    }

    /// How many connections a server holds.
    pub fn connections(&self, server: &str) -> usize {
        self.world.machines[self.server(server)].connections(&self.world.env)
    }

    pub fn is_down(&self, server: &str) -> bool {
        self.world.machines[self.server(server)].node().is_none()
    }

    pub fn start(&mut self, server: &str) {
        let server = self.server(server);
        self.world.start(server);
    }

    /// Stops a server in order and waits until it is gone; then starts one of that version in its
    /// place.
    pub fn replace(&mut self, server: &str, version: Version) {
        self.stop(server);
        let server = self.server(server);
        self.wait(STOPPED_WITHIN, |world| world.machines[server].node().is_none());
        self.world.machines[server].version = version;
        self.world.start(server);
    }

    /// What came of the last greeting of one server by another.
    pub fn greeting(&self, greeted: &str, greeter: &str) -> Option<&Outcome> {
        let (greeted, greeter) = (self.server(greeted), self.server(greeter));
        self.world.env.checks.versions.outcome(greeted, greeter)
    }

    /// How many of its links a server has up.
    pub fn links_up(&self, server: &str) -> usize {
        let node = self.world.machines[self.server(server)].node();
        node.map_or(0, |node| node.links_up().0)
    }

    /// What a server says of itself.
    pub fn status(&self, server: &str) -> Value {
        let (node, now) = self.node(server);
        let mut out = Vec::new();
        node.write_status(now, &mut out);
        serde_json::from_slice(&out).expect("it is JSON")
    }

    /// Its figures, as they are written.
    pub fn metrics(&self, server: &str) -> String {
        let (node, now) = self.node(server);
        let mut out = Vec::new();
        node.write_metrics(now, &mut out);
        String::from_utf8(out).expect("it is text")
    }

    /// Why it is not ready, if it is not.
    pub fn not_ready(&self, server: &str) -> Option<String> {
        let (node, now) = self.node(server);
        node.readiness(now.monotonic).err().map(|why| why.to_string())
    }

    fn node(&self, server: &str) -> (&Node, Now) {
        let machine = &self.world.machines[self.server(server)];
        (machine.node().expect("it runs"), machine.clocks(&self.world.env))
    }

    pub fn set_clock_ahead(&mut self, server: &str, ahead: Duration) {
        let server = self.server(server);
        self.world.machines[server].skew = ahead.as_nanos() as i64;
    }

    /// Connections made from now on hold so few bytes.
    pub fn set_pipes(&mut self, bytes: u64) {
        self.world.env.net.weather.capacity = (bytes, bytes);
    }

    /// Places answers only after that time.
    pub fn slow_places(&mut self, time: Duration) {
        let delay = time.as_nanos() as Time;
        self.world.places.manners = Manners { bad: 0, delay };
    }
}

/// Nothing goes wrong by itself.
pub fn fair() -> Mix {
    Mix {
        shape: Shape::Random,
        servers: 0,
        clients: 0,
        visitors: 0,
        askers: 0,
        readers: 0,
        devices: 1,
        questions: 0,
        nears: 0,
        nonsense: 0,
        ties: 0,
        fat: 0,
        weather: Weather {
            latency: MILLISECOND,
            slowness: (500, 2_000),
            spread: 200 * MICROSECOND,
            capacity: (65_536, 65_536),
            split: 100,
            refused: 0,
            black_hole: 0,
            resend: 300 * MILLISECOND,
        },
        manners: Manners { bad: 0, delay: 20 * MILLISECOND },
        faults: Vec::new(),
        fault_gap: SECOND,
        fault_length: SECOND,
        faulty: 0,
        turn_gap: 20 * MICROSECOND,
        read_bytes_max: 65_536,
        skew: 0,
        max_skew_seconds: 86_400,
        unresolved: 0,
        no_descriptors: 0,
        late_ends: 0,
        versions_mixed: false,
        disks: None,
        journals: false,
        links: Links::Plain,
        joined: None,
        lifetimes: None,
        forgets: 0,
    }
}
