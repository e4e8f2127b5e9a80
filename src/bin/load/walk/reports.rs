//! Clients that report, each every second, to the herd's servers: what the connections share.
//!
//! A client reports to one server and now and then to another from then on, as a phone does that
//! comes into another cell; to another at once if there is no connection to its own. A server that
//! goes away is dialled until it is back.

use super::link::{Action, Link};
use super::traveller::Traveller;
use crate::globe::Location;
use crate::random::Random;
use crate::schedule::{Pace, Schedule};
use crate::target::Target;
use crate::trust::Token;
use herd::transport::{Application, ConnectionId, Meters, Monotonic, Now, Signal};
use herd::wire::Printable;
use std::collections::VecDeque;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// Between two tries to connect: at first, and at most.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Reports that are due within that time go out together.
const TICK: Duration = Duration::from_millis(10);
/// What could not be reported for longer is not: each client will report again.
const STALE: Duration = Duration::from_secs(1);
/// Of so many reports one is to another server than the one before.
const STAY: usize = 120;
/// How often it is told how it goes.
const TELL: Duration = Duration::from_secs(60);
/// Wrong answers that are shown.
const SHOWN_MAX: u64 = 10;
/// The walk is without end: this is a hundred years.
const FOR_EVER_NANOSECONDS: u64 = 3_155_760_000 * 1_000_000_000;

/// All clients and the servers that they report to.
#[derive(Debug)]
pub struct Walk {
    clients: Vec<Client>,
    servers: Vec<Server>,
    /// What each connection shows first.
    token: Option<Token>,
    speed_up: f64,
    random: Random,
    actions: VecDeque<Action>,
    begun: Option<Begun>,
    stopping: bool,
    /// Whose turn it is.
    next: usize,
    count: Count,
    /// For people, a line each.
    said: Vec<String>,
}

#[derive(Debug)]
struct Client {
    traveller: Traveller,
    server: usize,
}

#[derive(Debug)]
struct Server {
    target: Target,
    connection: Option<ConnectionId>,
    /// When it is dialled again.
    redial: Option<Monotonic>,
    pause: Duration,
    /// What was last said of it.
    standing: Standing,
    /// Reports for it that are due now.
    reports: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unknown,
    Answers,
    Away,
}

/// What is known from the first turn on.
#[derive(Debug)]
struct Begun {
    at: Monotonic,
    schedule: Schedule,
    tick: Monotonic,
    tell: Monotonic,
}

/// What became of reports.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Rightly answered.
    pub answered: u64,
    /// Wrongly.
    pub wrong: u64,
    /// Not answered before the connection was gone.
    pub lost: u64,
    /// Not made, as no server was there.
    pub unsent: u64,
}

/// A walk listens nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nowhere {}

impl Walk {
    /// These clients, and at least one server.
    pub fn new(travellers: Vec<Traveller>, servers: &[Target], speed_up: f64, seed: u64) -> Self {
        let mut random = Random::new(!seed);
        let clients = travellers
            .into_iter()
            .map(|traveller| Client { traveller, server: random.below(servers.len()) });
        Walk {
            clients: clients.collect(),
            servers: servers.iter().cloned().map(Server::new).collect(),
            token: None,
            speed_up,
            random,
            actions: VecDeque::new(),
            begun: None,
            stopping: false,
            next: 0,
            count: Count::default(),
            said: Vec::new(),
        }
    }

    /// From now on each connection shows that token first.
    pub fn show(&mut self, token: Token) {
        self.token = Some(token);
    }

    /// What a connection shows first, if anything.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// What became of reports so far.
    pub fn count(&self) -> Count {
        self.count
    }

    /// What there is to say since the last call, a line each.
    pub fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// A server can be reported to.
    pub fn connected(&mut self, server: usize, connection: ConnectionId) {
        self.servers[server].connection = Some(connection);
    }

    /// What there is for a server.
    pub fn take_reports(&mut self, server: usize) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.servers[server].reports)
    }

    /// A server has answered a report.
    pub fn answered(&mut self, server: usize, report: &[u8], answer: &[u8], right: bool) {
        if !right {
            self.count.wrong += 1;
            if self.count.wrong <= SHOWN_MAX {
                let (report, answer) = (report.trim_ascii_end(), answer.trim_ascii_end());
                self.said.push(format!("wrong: {} -> {}", Printable(report), Printable(answer)));
            }
            return;
        }
        self.count.answered += 1;
        let server = &mut self.servers[server];
        if server.standing != Standing::Answers {
            server.standing = Standing::Answers;
            server.pause = PAUSE_MIN;
            self.said.push(format!("{} answers", server.target));
        }
    }

    /// The connection to a server is gone, or never was, and so many reports are not answered.
    pub fn lost(&mut self, server: usize, owed: u64, why: &str, now: Monotonic) {
        let server = &mut self.servers[server];
        server.connection = None;
        if self.stopping {
            return;
        }
        self.count.lost += owed + server.reports.len() as u64;
        server.reports.clear();
        server.redial = Some(now + server.pause);
        server.pause = (server.pause * 2).min(PAUSE_MAX);
        if server.standing != Standing::Away {
            server.standing = Standing::Away;
            self.said.push(format!("{} is away: {why}", server.target));
        }
    }

    fn dial(&mut self, now: Monotonic) {
        for (number, server) in self.servers.iter_mut().enumerate() {
            if server.redial.is_some_and(|at| at <= now) {
                server.redial = None;
                self.actions.push_back(Action::Dial {
                    endpoint: server.target.endpoint.clone(),
                    protocol: Link::new(number, server.target.server.as_deref()),
                    timeout: CONNECT_TIMEOUT,
                });
            }
        }
    }

    /// Has those clients report whose turn it is.
    fn report(&mut self, now: Now) {
        let Some(begun) = &mut self.begun else { return };
        let since_begin = now.monotonic.since(begun.at);
        let seconds = since_begin.as_secs_f64() * self.speed_up;
        let nanoseconds = now.monotonic.nanoseconds();
        let stale = nanoseconds.saturating_sub(STALE.as_nanos() as u64);
        while let Some(due) = begun.schedule.take(nanoseconds) {
            let number = self.next;
            self.next = (number + 1) % self.clients.len();
            let client = &mut self.clients[number];
            if due < stale {
                continue;
            }
            if self.random.below(STAY) == 0 || self.servers[client.server].connection.is_none() {
                client.server = another(&self.servers, client.server, &mut self.random);
            }
            let server = &mut self.servers[client.server];
            if server.connection.is_some() {
                let place = client.traveller.position(seconds);
                server.reports.push(report(client.traveller.id(), place, now.posix_nanoseconds));
            } else {
                self.count.unsent += 1;
            }
        }
        let with_reports = self.servers.iter().filter(|server| !server.reports.is_empty());
        let connections = with_reports.filter_map(|server| server.connection);
        self.actions.extend(connections.map(Action::Wake));
    }

    /// How it goes, in a line.
    fn tell(&self) -> String {
        let Count { answered, wrong, lost, unsent } = self.count;
        let clients = self.clients.len();
        let there = self.servers.iter().filter(|server| server.connection.is_some()).count();
        format!(
            "{clients} clients, {there} of {} servers; reports: {answered} rightly answered, {wrong} \
             wrongly, {lost} not answered, {unsent} not made as no server was there",
            self.servers.len()
        )
    }
}

impl Server {
    fn new(target: Target) -> Self {
        Server {
            target,
            connection: None,
            redial: Some(Monotonic::default()),
            pause: PAUSE_MIN,
            standing: Standing::Unknown,
            reports: Vec::new(),
        }
    }
}

/// Another server that is there; the same if there is none.
fn another(servers: &[Server], here: usize, random: &mut Random) -> usize {
    let is_other = |&number: &usize| number != here && servers[number].connection.is_some();
    let others: Vec<usize> = (0..servers.len()).filter(is_other).collect();
    if others.is_empty() { here } else { others[random.below(others.len())] }
}

/// An `IAMAT` line.
fn report(id: &str, Location { latitude, longitude }: Location, posix_nanoseconds: i64) -> Vec<u8> {
    let (seconds, fraction) =
        (posix_nanoseconds / 1_000_000_000, posix_nanoseconds % 1_000_000_000);
    let mut line = Vec::with_capacity(80);
    // Writing to memory does not fail.
    let _ =
        writeln!(line, "IAMAT {id} {latitude:+010.6}{longitude:+011.6} {seconds}.{fraction:09}");
    line
}

impl Application for Walk {
    type Protocol = Link;
    type Listener = Nowhere;

    fn accepted(&mut self, nowhere: Nowhere, _address: SocketAddr, _now: Now) -> Link {
        match nowhere {}
    }

    fn turn_ended(&mut self, now: Now, _meters: &Meters) {
        if self.begun.is_none() {
            let at = now.monotonic;
            let pace = Pace::PerSecond(self.clients.len() as u64);
            let schedule = Schedule::lasting(pace, at.nanoseconds(), FOR_EVER_NANOSECONDS);
            self.begun = Some(Begun { at, schedule, tick: at, tell: at + TELL });
            self.dial(at);
        }
    }

    fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        let begun = self.begun.as_ref().filter(|_| !self.stopping)?;
        let redials = self.servers.iter().filter_map(|server| server.redial);
        redials.chain([begun.tick, begun.tell]).min()
    }

    fn timer_expired(&mut self, now: Now) {
        self.dial(now.monotonic);
        self.report(now);
        let told = self.begun.as_ref().is_some_and(|begun| begun.tell <= now.monotonic);
        if told {
            self.said.push(self.tell());
        }
        if let Some(begun) = &mut self.begun {
            begun.tick = now.monotonic + TICK;
            if told {
                begun.tell = now.monotonic + TELL;
            }
        }
    }

    fn signalled(&mut self, _signal: Signal, _now: Now) {
        if !self.stopping {
            self.said.push(self.tell());
        }
        self.stopping = true;
        self.actions.push_back(Action::Stop);
    }
}

#[cfg(test)]
mod tests;
