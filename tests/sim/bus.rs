//! A message bus: a NATS server that loses, repeats, delays, reads slowly, restarts and is away, and judges
//! strictly what gateways say to it.

mod delivery;
pub mod frames;
pub mod manners;
mod said;
mod subjects;
#[cfg(test)]
mod tests;
pub mod traffic;
mod trouble;
mod words;

use super::agenda::{Event, MILLISECOND, SECOND, Time};
use super::env::Env;
use super::net::{End, Owner, Read};
use herd::node::Credentials;
use herd::transport::Endpoint;
use manners::Manners;
use said::Said;
use std::collections::BTreeMap;
use traffic::{Kind, Pace, Traffic};

/// Its names, and at which listeners of its host: one bus behind both. (The listener between is that of
/// servers for each other.)
pub const ADDRESSES: [(&str, usize); 2] = [("bus.test", 0), ("bus2.test", 2)];
pub const PORT: u16 = 4_222;

/// What the names of all subjects begin with.
pub const SUBJECT: &str = "herd";

/// How often who is there is asked in vain before it is given up, as NATS does.
const PINGS_UNANSWERED_MAX: u32 = 2;

/// Where gateways find it.
pub fn endpoints() -> Vec<Endpoint> {
    ADDRESSES.iter().map(|(name, _)| Endpoint::plain(*name, PORT)).collect()
}

/// The bus with its connections.
#[derive(Debug)]
pub struct Bus {
    pub manners: Manners,
    pub traffic: Traffic,
    /// Who may use it.
    pub credentials: Credentials,
    /// What nobody may publish: then the bus complains.
    pub forbidden: Option<Kind>,
    /// How many connections there were.
    pub accepted: u64,
    conns: Vec<Conn>,
    /// What is to be done when, in the order in which it was planned.
    later: BTreeMap<(Time, u64), Later>,
    planned: u64,
}

#[derive(Debug)]
struct Conn {
    /// None once it is closed.
    end: Option<End>,
    machine: usize,
    payload_bytes_max: usize,
    /// Whether it is told that it may use headers, and whether it can.
    offers_headers: bool,
    takes_headers: bool,
    /// How many bytes are read at a time, if not all there is.
    pace: Option<u64>,
    reads_again: bool,
    stage: Stage,
    since: Time,
    pace_of_talk: Pace,
    /// Patterns with their ids.
    subscriptions: Vec<(String, String)>,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    unanswered: u32,
    /// Whether it hangs up when all is written.
    hangs_up: bool,
}

/// How far a conversation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Accepted,
    Greeted,
    Connected,
}

#[derive(Debug)]
enum Later {
    Greet(usize),
    Read(usize),
    Ping(usize),
    Part(usize),
    Deliver(usize, Vec<u8>),
    Noise,
}

impl Bus {
    pub fn new(manners: Manners) -> Self {
        Bus {
            manners,
            traffic: Traffic::default(),
            credentials: Credentials::None,
            forbidden: None,
            accepted: 0,
            conns: Vec::new(),
            later: BTreeMap::new(),
            planned: 0,
        }
    }

    pub fn accept(&mut self, env: &mut Env, end: End) {
        let Some((_, machine)) = env.net.hosts_of(end) else { return };
        let (index, manners, random) = (self.conns.len(), &self.manners, &mut env.random);
        let (least, most) = manners.payload_bytes_max;
        self.conns.push(Conn {
            end: Some(end),
            machine,
            payload_bytes_max: random.between(least, most) as usize,
            offers_headers: random.chance(manners.headers),
            takes_headers: false,
            pace: random.chance(manners.slow).then_some(manners.slow_bytes),
            reads_again: false,
            stage: Stage::Accepted,
            since: env.agenda.now(),
            pace_of_talk: Pace::default(),
            subscriptions: Vec::new(),
            inbox: Vec::new(),
            outbox: Vec::new(),
            unanswered: 0,
            hangs_up: false,
        });
        self.accepted += 1;
        let (greets, pings) = (random.magnitude(0, manners.greets_after), manners.ping_gap);
        self.plan(env, greets, Later::Greet(index));
        self.plan(env, pings, Later::Ping(index));
        env.net.own(end, Owner::Bus { index });
        self.ready(env, index);
    }

    fn plan(&mut self, env: &mut Env, pause: Time, later: Later) {
        let at = env.agenda.now() + pause;
        self.planned += 1;
        self.later.insert((at, self.planned), later);
        env.agenda.plan(at, Event::Bus);
    }

    /// Strangers talk from now on, if they do.
    pub fn make_noise(&mut self, env: &mut Env) {
        if self.manners.noise_gap > 0 {
            let pause = env.random.between(1, 2 * self.manners.noise_gap);
            self.plan(env, pause, Later::Noise);
        }
    }

    /// The time of something has come.
    pub fn step(&mut self, env: &mut Env) {
        let now = env.agenda.now();
        while let Some(first) = self.later.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                Later::Greet(index) => self.greet(env, index),
                Later::Read(index) => {
                    self.conns[index].reads_again = false;
                    self.ready(env, index);
                }
                Later::Ping(index) => self.ping(env, index),
                Later::Part(index) => self.hang_up(env, index, b""),
                Later::Deliver(index, bytes) => self.tell(env, index, &bytes),
                Later::Noise => self.noise(env),
            }
        }
    }

    /// Who it is, and what may be said to it.
    fn greet(&mut self, env: &mut Env, index: usize) {
        let conn = &mut self.conns[index];
        if conn.stage == Stage::Accepted {
            conn.stage = Stage::Greeted;
            let info = self.info(index, false);
            self.tell(env, index, &info);
        }
    }

    /// There may be something to read, or room for more.
    pub fn ready(&mut self, env: &mut Env, index: usize) {
        let mut buffer = [0; 4_096];
        loop {
            let conn = &mut self.conns[index];
            let Some(end) = conn.end.filter(|_| !conn.reads_again) else { break };
            let most = conn.pace.map_or(buffer.len(), |pace| (pace as usize).min(buffer.len()));
            match env.net.read(end, &mut buffer[..most], &mut env.agenda, &mut env.random) {
                Read::Bytes(count) => {
                    conn.inbox.extend_from_slice(&buffer[..count]);
                    if conn.pace.is_some() {
                        conn.reads_again = true;
                        let pause = env.random.magnitude(MILLISECOND, 100 * MILLISECOND);
                        self.plan(env, pause, Later::Read(index));
                    }
                }
                Read::Nothing => break,
                Read::End | Read::Reset => return self.close(env, index),
            }
            if !self.hear(env, index) {
                return;
            }
        }
        self.write(env, index);
    }

    /// Takes in what is whole; false once it talks no more with that one.
    fn hear(&mut self, env: &mut Env, index: usize) -> bool {
        loop {
            let conn = &mut self.conns[index];
            if conn.end.is_none() || conn.hangs_up {
                return false;
            }
            let said = match said::take(&mut conn.inbox, conn.payload_bytes_max) {
                Ok(Some(said)) => said,
                Ok(None) => return true,
                Err(why) => {
                    self.fail(env, index, &why);
                    return false;
                }
            };
            if let Err(why) = self.obey(env, index, said) {
                self.fail(env, index, &why);
                return false;
            }
        }
    }

    fn fail(&mut self, env: &mut Env, index: usize, why: &str) {
        let name = env.checks.name(self.conns[index].machine);
        env.checks.fail(format!("{name} says to the bus what it may not: {why}"));
    }

    fn obey(&mut self, env: &mut Env, index: usize, said: Said) -> Result<(), String> {
        let conn = &mut self.conns[index];
        match (conn.stage, said) {
            (Stage::Accepted, said) => return Err(format!("{said:?} before it is told anything")),
            (Stage::Greeted, Said::Connect(told)) => {
                words::judge_connect(&told, conn.offers_headers, &self.credentials)?;
                conn.takes_headers = told["headers"] == true;
                conn.stage = Stage::Connected;
            }
            (Stage::Greeted, said) => return Err(format!("{said:?} before it has said who it is")),
            (_, Said::Connect(_)) => return Err("who it is twice".to_owned()),
            (_, Said::Ping) => self.tell(env, index, b"PONG\r\n"),
            (_, Said::Pong) => conn.unanswered = 0,
            (_, Said::Subscribe { pattern, sid }) => {
                if conn.subscriptions.iter().any(|(_, other)| *other == sid) {
                    return Err(format!("two subscriptions with the id {sid}"));
                }
                conn.subscriptions.push((pattern, sid));
            }
            (_, Said::Unsubscribe { sid }) => {
                let before = conn.subscriptions.len();
                conn.subscriptions.retain(|(_, other)| *other != sid);
                if conn.subscriptions.len() == before {
                    return Err(format!("no subscription has the id {sid}"));
                }
            }
            (_, Said::Publish { subject, headers, payload }) => {
                if headers && !conn.offers_headers {
                    return Err("headers, which it may not use".to_owned());
                }
                self.publish(env, index, &subject, &payload)?;
            }
        }
        Ok(())
    }

    fn ping(&mut self, env: &mut Env, index: usize) {
        let conn = &mut self.conns[index];
        if conn.end.is_none() {
            return;
        }
        if conn.unanswered >= PINGS_UNANSWERED_MAX {
            return self.hang_up(env, index, b"-ERR 'Stale Connection'\r\n");
        }
        if conn.stage == Stage::Connected {
            conn.unanswered += 1;
            self.tell(env, index, b"PING\r\n");
        }
        let pause = self.manners.ping_gap.max(SECOND);
        self.plan(env, pause, Later::Ping(index));
    }

    fn tell(&mut self, env: &mut Env, index: usize, bytes: &[u8]) {
        let conn = &mut self.conns[index];
        if conn.end.is_none() || conn.hangs_up {
            return;
        }
        if conn.outbox.len() + bytes.len() > self.manners.pending_bytes_max {
            // It is too slow.
            return self.close(env, index);
        }
        conn.outbox.extend_from_slice(bytes);
        self.write(env, index);
    }

    fn hang_up(&mut self, env: &mut Env, index: usize, word: &[u8]) {
        self.tell(env, index, word);
        self.conns[index].hangs_up = true;
        self.write(env, index);
    }

    fn write(&mut self, env: &mut Env, index: usize) {
        let conn = &mut self.conns[index];
        let Some(end) = conn.end else { return };
        let mut written = 0;
        while written < conn.outbox.len() {
            let rest = &conn.outbox[written..];
            let most = match env.random.chance(self.manners.split) {
                true => env.random.magnitude(1, rest.len() as u64) as usize,
                false => rest.len(),
            };
            match env.net.write(end, &rest[..most], &mut env.agenda, &mut env.random) {
                Ok(count) if count > 0 => written += count,
                _ => break,
            }
        }
        conn.outbox.drain(..written);
        if conn.outbox.is_empty() && conn.hangs_up {
            self.close(env, index);
        }
    }

    fn close(&mut self, env: &mut Env, index: usize) {
        if let Some(end) = self.conns[index].end.take() {
            env.net.close(end, &mut env.agenda, &mut env.random);
        }
        self.forget(index);
    }

    fn forget(&mut self, index: usize) {
        let conn = &mut self.conns[index];
        conn.end = None;
        (conn.inbox, conn.outbox, conn.subscriptions) = (Vec::new(), Vec::new(), Vec::new());
    }
}
