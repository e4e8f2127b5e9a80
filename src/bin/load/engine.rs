//! The generator's own event loop: one thread, one poll, edge-triggered.

use crate::answer::Judge;
use crate::channel::Channel;
use crate::clock::Clock;
use crate::command::Composer;
use crate::connection::{Connection, Standing, Work};
use crate::dial::{Dialled, Failure, dial, session};
use crate::schedule::{Pace, Schedule};
use crate::tally::Tally;
use crate::trust::Trust;
use herd::transport::Endpoint;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1_024;
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the next answer is waited for, and how long all answers after the last command.
const PATIENCE_NANOSECONDS: u64 = 10_000_000_000;
/// The poll sleeps whole milliseconds: nearer to its next command the loop does not sleep at all.
const SLEEP_MIN_NANOSECONDS: u64 = 2_000_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// How commands are sent.
#[derive(Debug, Clone)]
pub struct Manner {
    /// Where it goes, and, when that goes away, where kept connections go on in turn: an address of each.
    pub places: Vec<(SocketAddr, Endpoint)>,
    /// Whether TLS is spoken, and the token that each connection shows.
    pub trust: Trust,
    pub connections: usize,
    /// Commands in flight on a connection, at most.
    pub pipeline: usize,
    /// Whether each command has a connection of its own.
    pub reconnect: bool,
    /// Whether such a connection is half-closed behind its command and then ended by the target.
    pub half_close: bool,
    /// Whether each command holds the token.
    pub tells_token: bool,
}

impl Manner {
    fn connect(&self, place: usize) -> Result<Dialled, Failure> {
        let (address, endpoint) = &self.places[place];
        dial(*address, endpoint, &self.trust, CONNECT_TIMEOUT)
    }
}

/// How it goes, told each second.
#[derive(Debug)]
pub struct Progress {
    pub seconds: u64,
    pub answers: u64,
    /// Since the last one.
    pub per_second: f64,
    /// Since the last one.
    pub worst_nanoseconds: u64,
}

/// Sends what the schedule (made for the time at which it is called) says and judges the answers.
///
/// # Errors
/// When there is no connection to begin with, the token is not taken, or the system cannot poll.
pub fn run(
    manner: &Manner,
    make_schedule: impl FnOnce(u64) -> Schedule,
    composer: &mut Composer,
    judge: &mut Judge,
    mut on_progress: impl FnMut(&Progress),
) -> Result<Tally, Failure> {
    let broken = |error: io::Error| Failure::Wrong(error.to_string());
    let mut engine = Engine::new(manner, composer, judge)?;
    let begin = engine.work.clock.now();
    engine.work.schedule = make_schedule(begin);
    engine.work.last_answer = begin;
    let mut events = Events::with_capacity(1_024);
    let (mut told_at, mut told, mut waited) = (begin, 0, 0);
    let mut now = begin;
    engine.hand_out(now).map_err(broken)?;
    while !engine.is_done(now) {
        let timeout = engine.timeout(now);
        let asleep_since = engine.work.clock.now();
        match engine.poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(broken(error)),
            _ => {}
        }
        waited += engine.work.clock.now() - asleep_since;
        for event in &events {
            engine.advance(event);
        }
        now = engine.work.clock.now();
        engine.hand_out(now).map_err(broken)?;
        if now - told_at >= SECOND {
            let answers = engine.work.tally.answers();
            on_progress(&Progress {
                seconds: (now - begin) / SECOND,
                answers,
                per_second: (answers - told) as f64 * 1e9 / (now - told_at) as f64,
                worst_nanoseconds: engine.work.tally.take_worst(),
            });
            (told_at, told) = (now, answers);
            engine.work.clock.adjust();
        }
    }
    Ok(engine.finish(waited))
}

struct Engine<'a> {
    manner: Manner,
    poll: Poll,
    connections: Vec<Connection>,
    work: Work<'a>,
    /// Whose turn it is to be given a command.
    turn: usize,
    /// Connections that were given commands and are to be written.
    given: Vec<usize>,
    /// Whether a connection could not be made for want of local ports.
    starved: bool,
    /// Connections that have broken for good.
    broken: usize,
}

impl<'a> Engine<'a> {
    fn new(
        manner: &Manner,
        composer: &'a mut Composer,
        judge: &'a mut Judge,
    ) -> Result<Self, Failure> {
        let broken = |error: io::Error| Failure::Wrong(error.to_string());
        let poll = Poll::new().map_err(broken)?;
        let connect = || manner.connect(0);
        let mut connections = Vec::new();
        connections.resize_with(manner.connections, Connection::default);
        if manner.reconnect {
            // Nothing is asked on it: it only shows that somebody is there, who takes the token.
            connect()?;
        } else {
            for (index, connection) in connections.iter_mut().enumerate() {
                let Dialled { stream, session } = connect()?;
                stream.set_nonblocking(true).map_err(broken)?;
                let socket = register(&poll, TcpStream::from_std(stream), index).map_err(broken)?;
                // The token has been shown.
                connection.open(Channel::new(socket, session), None);
            }
        }
        let mut tally = Tally::new();
        tally.hides_examples = manner.tells_token;
        let clock = Clock::new();
        let work = Work {
            schedule: Schedule::counting(0, 0, 0),
            clock,
            composer,
            judge,
            tally,
            in_flight: 0,
            last_answer: 0,
            waiting_since: 0,
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
        };
        let manner = manner.clone();
        Ok(Engine {
            manner,
            poll,
            connections,
            work,
            turn: 0,
            given: Vec::new(),
            starved: false,
            broken: 0,
        })
    }

    /// Does what an event is about.
    fn advance(&mut self, event: &Event) {
        let index = event.token().0;
        let connection = &mut self.connections[index];
        let mut standing = Ok(Standing::Open);
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            standing = connection.receive(&mut self.work, event.is_read_closed());
        }
        match standing {
            Ok(Standing::Ended) => self.end(index, None),
            Err(error) => self.end(index, Some(error)),
            Ok(Standing::Open) if self.manner.reconnect => {
                let answered = connection.owed() == 0;
                if answered && !self.manner.half_close && connection.is_open() {
                    self.end(index, None);
                }
            }
            Ok(Standing::Open) => self.refill(index),
        }
        self.flush(index);
    }

    /// Gives a kept connection what is due, as far as it has room.
    fn refill(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if !connection.is_open() || connection.owed() >= self.manner.pipeline {
            return;
        }
        let now = self.work.clock.now();
        while connection.owed() < self.manner.pipeline && connection.ask(now, &mut self.work) {}
    }

    fn flush(&mut self, index: usize) {
        let then_finish = self.manner.reconnect && self.manner.half_close;
        if let Err(error) = self.connections[index].flush(then_finish) {
            self.end(index, Some(error));
        }
    }

    /// A connection is over, as it should be or not; if there are other places, it goes on there with what
    /// has not been answered.
    fn end(&mut self, index: usize, error: Option<io::Error>) {
        if self.manner.places.len() > 1 && self.connections[index].is_open() && self.go_on(index) {
            self.work.tally.moved += 1;
            return;
        }
        let owed = self.connections[index].close();
        self.work.in_flight -= owed;
        self.work.tally.lost += owed as u64;
        match error {
            Some(error) => self.work.tally.broke(error),
            None if owed > 0 || !self.manner.reconnect => {
                self.work.tally.broke("closed by the target");
            }
            None => {}
        }
        if !self.manner.reconnect {
            self.broken += 1;
        }
    }

    /// Connects to the next place that is there.
    fn go_on(&mut self, index: usize) -> bool {
        let count = self.manner.places.len();
        for _ in 0..count {
            let place = (self.connections[index].place() + 1) % count;
            self.connections[index].move_to(place);
            let Ok(Dialled { stream, session }) = self.manner.connect(place) else { continue };
            let socket = stream.set_nonblocking(true).map(|()| TcpStream::from_std(stream));
            let Ok(socket) = socket.and_then(|socket| register(&self.poll, socket, index)) else {
                return false;
            };
            self.connections[index].reopen(Channel::new(socket, session));
            // What is wrong with it will be seen.
            let _ = self.connections[index].flush(false);
            return true;
        }
        false
    }

    /// Gives what is due to connections with room, one each in turn.
    fn hand_out(&mut self, now: u64) -> io::Result<()> {
        self.starved = false;
        let working = self.connections.len() - self.broken;
        if self.work.in_flight >= working * self.manner.pipeline {
            return Ok(());
        }
        let mut full = 0;
        while full < self.connections.len() && self.work.schedule.due(now).is_some() {
            let index = self.turn;
            self.turn = (self.turn + 1) % self.connections.len();
            if !self.has_room(index)? {
                if self.starved {
                    break;
                }
                full += 1;
                continue;
            }
            full = 0;
            self.connections[index].ask(now, &mut self.work);
            self.given.push(index);
            if self.manner.reconnect {
                self.flush(index);
            }
        }
        while let Some(index) = self.given.pop() {
            self.flush(index);
        }
        Ok(())
    }

    /// Whether a command may be given to a connection, which is made if need be.
    fn has_room(&mut self, index: usize) -> io::Result<bool> {
        let connection = &mut self.connections[index];
        if !self.manner.reconnect {
            return Ok(connection.is_open() && connection.owed() < self.manner.pipeline);
        }
        if connection.is_open() {
            return Ok(false);
        }
        let Manner { places, trust, .. } = &self.manner;
        let (address, endpoint) = &places[0];
        match TcpStream::connect(*address) {
            Ok(socket) => {
                let socket = register(&self.poll, socket, index)?;
                let session = trust.tls().map(|tls| session(tls, &endpoint.host)).transpose();
                let session = session.map_err(|failure| io::Error::other(failure.to_string()))?;
                connection.open(Channel::new(socket, session), trust.token());
                Ok(true)
            }
            // All local ports wait for the ends of former connections: soon there are some again.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                self.starved = true;
                Ok(false)
            }
            Err(error) => {
                self.work.tally.broke(error);
                self.broken = self.connections.len();
                Ok(false)
            }
        }
    }

    /// How long the poll may sleep.
    fn timeout(&self, now: u64) -> Option<Duration> {
        let idle = self.work.in_flight < self.manner.connections * self.manner.pipeline;
        let wake = match (self.work.schedule.pace(), self.work.schedule.next()) {
            (Pace::AsAnswered, _) if self.starved => now + MILLISECOND,
            (Pace::PerSecond(_), Some(due)) if idle => {
                let pause = due.saturating_sub(now);
                if pause < SLEEP_MIN_NANOSECONDS {
                    return Some(Duration::ZERO);
                }
                due - MILLISECOND
            }
            _ => now + SECOND,
        };
        let end = self.work.schedule.end();
        let wake = if end > now { wake.min(end + MILLISECOND) } else { wake };
        Some(Duration::from_nanos(wake.min(now + SECOND) - now))
    }

    /// Whether all is answered, or nothing more can be hoped for.
    fn is_done(&self, now: u64) -> bool {
        let Work { schedule, in_flight, waiting_since, .. } = &self.work;
        let over = schedule.is_over(now) && *in_flight == 0;
        let silent = *in_flight > 0 && now.saturating_sub(*waiting_since) > PATIENCE_NANOSECONDS;
        let late = now > schedule.end().saturating_add(PATIENCE_NANOSECONDS);
        over || silent || late || self.broken == self.connections.len()
    }

    fn finish(self, waited: u64) -> Tally {
        let Work { schedule, in_flight, last_answer, mut tally, .. } = self.work;
        tally.lost += in_flight as u64;
        tally.unsent = schedule.left();
        tally.nanoseconds = last_answer - schedule.begin();
        tally.busy_nanoseconds = tally.nanoseconds.saturating_sub(waited);
        tally
    }
}

/// Has a socket's events noted as those of the connection with that number.
fn register(poll: &Poll, mut socket: TcpStream, index: usize) -> io::Result<TcpStream> {
    // Commands go out whole in one write; waiting for more to send only delays them.
    socket.set_nodelay(true)?;
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut socket, Token(index), interest)?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
