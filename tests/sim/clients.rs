//! Clients: they connect, talk in pieces, read or do not, and leave in any way.

mod sessions;

use super::agenda::{Event, MILLISECOND, SECOND, Time};
use super::env::Env;
use super::lines::Lines;
use super::load::Load;
use super::net::{End, Notice, Owner, Read};
use super::trace::Tag;
use super::visitors::Visitor;
use super::web::WebVisitor;
use herd::node::Node;

/// How a session ends once all is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// Half-close, and read to the end.
    Politely,
    Reset,
    /// Close without reading what may still come.
    Close,
    /// Stay until patience ends.
    Linger,
    /// Driven by a scenario.
    Never,
}

/// One client: a session at a time.
#[derive(Debug)]
pub struct Client {
    index: usize,
    end: Option<End>,
    pub connected: bool,
    pub refused: bool,
    outbox: Vec<u8>,
    finished: bool,
    leaving: Leaving,
    reads: bool,
    /// When it gives up.
    until: Time,
    /// When the next step is planned.
    step_at: Option<Time>,
    /// Of an answer whose line has not ended.
    lines: Lines,
    /// All that was received, for scenarios.
    pub received: Vec<u8>,
    in_scenario: bool,
    /// Whether it starts another session when one is over.
    pub goes_on: bool,
    /// The last phase: it must be served to the end.
    insists: bool,
    pub sessions: u64,
    /// What it is told, if it watches others.
    visitor: Option<Box<Visitor>>,
    /// What it asks and is told, if it is one of the web ports.
    web: Option<Box<WebVisitor>>,
}

/// How long one that watches waits in the end for what it has asked for.
const TOLD_WITHIN: Time = 20 * SECOND;

impl Client {
    pub fn new(index: usize) -> Self {
        Client {
            index,
            end: None,
            connected: false,
            refused: false,
            outbox: Vec::new(),
            finished: false,
            leaving: Leaving::Never,
            reads: true,
            until: Time::MAX,
            step_at: None,
            lines: Lines::default(),
            received: Vec::new(),
            in_scenario: true,
            goes_on: false,
            insists: false,
            sessions: 0,
            visitor: None,
            web: None,
        }
    }

    /// One that watches others.
    pub fn visitor(index: usize) -> Self {
        Client { visitor: Some(Box::new(Visitor::new(index))), ..Client::new(index) }
    }

    /// One of the web ports, who watches, or reports and asks.
    pub fn web(index: usize, watches: bool) -> Self {
        Client { web: Some(Box::new(WebVisitor::new(index, watches))), ..Client::new(index) }
    }

    pub fn is_over(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it will say nothing more, and has been told all that it asked for.
    pub fn is_quiet(&self, env: &Env) -> bool {
        let is_told = match (&self.visitor, &self.web) {
            (Some(visitor), _) => visitor.listens() && visitor.is_settled(),
            (_, Some(web)) if web.watches() => {
                // Nobody answers it: that somebody is there is to be seen from outside alone.
                let is_heard = self.end.is_some_and(|end| env.net.is_answered_for(end));
                web.listens() && web.is_settled() && is_heard
            }
            _ => return self.is_over(),
        };
        is_told && self.is_there() && self.outbox.is_empty()
    }

    /// With which server it is connected, if it watches others.
    pub fn watches_at(&self) -> Option<usize> {
        let web = self.web.as_deref().filter(|web| web.watches()).map(WebVisitor::server);
        let at = self.visitor.as_deref().map(Visitor::server).or(web);
        at.filter(|_| self.is_there())
    }

    /// Whether it was last told what its server holds.
    pub fn agrees(&self, node: &Node, clients: &[Box<[u8]>]) -> Result<(), String> {
        match (&self.visitor, &self.web) {
            (Some(visitor), _) => visitor.agrees(node, clients),
            (_, Some(web)) => web.agrees(node, clients),
            _ => Ok(()),
        }
    }

    fn is_there(&self) -> bool {
        self.end.is_some() && self.connected && !self.finished
    }

    /// Connects to a server and will say what it is told to.
    pub fn open(&mut self, env: &mut Env, server: usize) {
        self.open_at(env, server, 0);
    }

    /// The same, at any of its ports.
    pub fn open_at(&mut self, env: &mut Env, server: usize, listener: usize) {
        let from = env.hosts.outside();
        let end = env.net.dial(from, (server, listener), &mut env.agenda, &mut env.random);
        env.net.own(end, Owner::Client { index: self.index });
        let now = env.agenda.now();
        env.trace.note(now, Tag::Client, self.index as u64, server as u64, b"dials");
        self.end = Some(end);
        (self.connected, self.refused, self.finished) = (false, false, false);
        self.lines.clear();
        self.received.clear();
        self.outbox.clear();
        self.sessions += 1;
    }

    /// Says something as soon as it can.
    pub fn say(&mut self, env: &mut Env, bytes: &[u8]) {
        self.outbox.extend_from_slice(bytes);
        self.plan(env, 0);
    }

    /// Will half-close when all is said.
    pub fn end_politely(&mut self, env: &mut Env) {
        self.leaving = Leaving::Politely;
        self.plan(env, 0);
    }

    /// Stops reading, or goes on.
    pub fn set_reading(&mut self, env: &mut Env, reads: bool) {
        self.reads = reads;
        self.plan(env, 0);
    }

    pub fn notice(&mut self, env: &mut Env, notice: Notice) {
        match notice {
            Notice::Connected => self.connected = true,
            Notice::Refused => {
                self.refused = true;
                self.leave(env, b"refused");
            }
            Notice::Ready | Notice::Incoming { .. } => {}
        }
        let soon = env.random.magnitude(0, 3 * MILLISECOND);
        self.plan(env, soon);
    }

    /// Plans the next step.
    pub fn plan(&mut self, env: &mut Env, pause: Time) {
        let at = env.agenda.now() + pause;
        if self.step_at.is_none_or(|planned| at < planned) {
            self.step_at = Some(at);
            env.agenda.plan(at, Event::Client { index: self.index });
        }
    }

    /// The next step.
    pub fn step(&mut self, env: &mut Env, load: &mut Load, servers: usize) {
        let now = env.agenda.now();
        if self.step_at != Some(now) {
            return;
        }
        self.step_at = None;
        if self.end.is_none() {
            if self.goes_on {
                self.begin(env, load, servers);
                self.plan(env, 0);
            }
            return;
        }
        if now >= self.until && self.is_quiet(env) {
            self.until = Time::MAX;
        }
        if now >= self.until {
            if self.insists && self.end.is_some_and(|end| env.net.is_answered_for(end)) {
                env.checks.fail(format!("client {} is not served to the end", self.index));
            }
            self.leave(env, b"gives up");
            return;
        }
        self.read(env);
        self.talk(env, load);
        self.write(env);
        if self.end.is_some() && self.until != Time::MAX {
            self.plan(env, self.until - now);
        }
    }

    fn read(&mut self, env: &mut Env) {
        let Some(end) = self.end.filter(|_| self.connected && self.reads) else {
            return;
        };
        let mut buffer = [0; 4_096];
        let pace = self.visitor.as_ref().and_then(|visitor| visitor.pace());
        let pace = pace.or(self.web.as_ref().and_then(|web| web.pace()));
        let most = pace.map_or(buffer.len(), |(bytes, _)| bytes as usize);
        loop {
            match env.net.read(end, &mut buffer[..most], &mut env.agenda, &mut env.random) {
                Read::Bytes(count) => {
                    self.take(env, end, &buffer[..count]);
                    if let Some((_, pause)) = pace {
                        return self.plan(env, pause);
                    }
                }
                Read::Nothing => return,
                Read::End => return self.leave(env, b"is done"),
                Read::Reset => return self.leave(env, b"is reset"),
            }
        }
    }

    fn take(&mut self, env: &mut Env, end: End, bytes: &[u8]) {
        if !env.net.keeps_promise(end, bytes) {
            env.checks.fail(format!("client {} got other bytes than were sent", self.index));
        }
        if let Some(web) = &mut self.web {
            return web.reads(env, bytes);
        }
        if let Some(visitor) = &mut self.visitor {
            visitor.reads(env, bytes);
        }
        if self.in_scenario {
            self.received.extend_from_slice(bytes);
        }
        self.lines.each(bytes, |line| {
            if line.starts_with(b"AT ") || line.starts_with(b"GONE ") {
                env.checks.acknowledge(line, env.agenda.now());
            }
        });
    }

    /// One that watches says more now and then.
    fn talk(&mut self, env: &mut Env, load: &Load) {
        let Some(visitor) = self.visitor.as_mut().filter(|_| self.end.is_some()) else {
            return;
        };
        if self.leaving == Leaving::Linger && self.outbox.is_empty() {
            if let Some(line) = visitor.goes_on(env, load) {
                self.outbox = line;
            }
            if let Some(at) = visitor.says_at() {
                let pause = at.saturating_sub(env.agenda.now());
                self.plan(env, pause);
            }
        }
    }

    fn write(&mut self, env: &mut Env) {
        let Some(end) = self.end.filter(|_| self.connected && !self.finished) else {
            return;
        };
        if !self.outbox.is_empty() {
            let most = self.outbox.len() as u64;
            let size = if self.leaving == Leaving::Never || env.random.chance(300) {
                most
            } else {
                env.random.magnitude(1, most)
            };
            let piece = &self.outbox[..size as usize];
            match env.net.write(end, piece, &mut env.agenda, &mut env.random) {
                Ok(0) => return,
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(_) => return self.leave(env, b"is broken"),
            }
            let pause = env.random.magnitude(0, 50 * MILLISECOND);
            return self.plan(env, pause);
        }
        match self.leaving {
            Leaving::Politely => {
                self.finished = true;
                env.net.finish(end, &mut env.agenda, &mut env.random);
            }
            Leaving::Reset => {
                self.end = None;
                env.net.abort(end, &mut env.agenda, &mut env.random);
                self.leave(env, b"resets");
            }
            Leaving::Close => self.leave(env, b"closes"),
            Leaving::Linger | Leaving::Never => {}
        }
    }

    /// Ends the session.
    fn leave(&mut self, env: &mut Env, how: &[u8]) {
        let now = env.agenda.now();
        env.trace.note(now, Tag::Client, self.index as u64, self.sessions, how);
        if let Some(end) = self.end.take() {
            env.net.close(end, &mut env.agenda, &mut env.random);
        }
        if self.goes_on {
            let pause = env.random.magnitude(MILLISECOND, 2 * SECOND);
            self.plan(env, pause);
        }
    }
}
