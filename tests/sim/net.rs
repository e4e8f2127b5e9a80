//! The network: hosts, paths between them, connections made of two pipes.
//!
//! It misbehaves as TCP does and not otherwise: bytes come late, in other pieces than they were
//! written in, or not at all because the connection is reset; within a direction none is lost,
//! doubled or out of order. What cannot get through is sent again once the path is open.

mod arrive;
mod connect;
mod faults;
mod look;
mod weather;

use super::agenda::{Agenda, Event};
use super::kernel::LISTENERS;
use super::pipe::{Fin, Pipe};
use super::random::Random;
use herd::transport::ConnectionId;
use std::collections::VecDeque;
pub use weather::Weather;

/// A connection; ids of former ones are told apart by the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnId {
    pub index: u32,
    pub generation: u32,
}

/// One end of a connection: side 0 dialled, side 1 was dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub conn: ConnId,
    pub side: usize,
}

/// Whose an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Nobody,
    Server { machine: usize, id: ConnectionId },
    Client { index: usize },
    Places { index: usize },
    Bus { index: usize },
}

/// What the owner of an end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Somebody connected to this listener of this host; the end is nobody's yet.
    Incoming {
        host: usize,
        listener: usize,
        from: usize,
    },
    Connected,
    Refused,
    /// There may be something to read, or room to write, or an error.
    Ready,
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    Bytes(usize),
    End,
    Nothing,
    Reset,
}

/// How a dial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialled {
    Pending,
    Connected,
    Refused,
}

/// The connection was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

#[derive(Debug)]
struct Host {
    /// Whether its kernel runs and answers.
    on: bool,
    listening: [bool; LISTENERS],
}

#[derive(Debug)]
struct Side {
    host: usize,
    owner: Owner,
    /// The process has closed it, or is no more.
    gone: bool,
    /// A reset has arrived.
    reset: bool,
    /// A reset waits for the path to open.
    reset_held: bool,
}

#[derive(Debug)]
struct Conn {
    listener: usize,
    connected: bool,
    accepted: bool,
    sides: [Side; 2],
    /// By the side that writes into it.
    pipes: [Pipe; 2],
    /// Latency of this connection, in thousandths of the usual one.
    slowness: u64,
    /// What side 1 has promised to say; side 0 compares (see `watch`).
    promised: VecDeque<u8>,
    /// Whatever is written in one go is read in one.
    whole: bool,
}

/// All of it.
#[derive(Debug)]
pub struct Net {
    pub weather: Weather,
    hosts: Vec<Host>,
    /// From a host (rows) to another.
    blocked: Vec<bool>,
    conns: Vec<(u32, Option<Box<Conn>>)>,
    free: Vec<u32>,
    notices: Vec<(End, Owner, Notice)>,
    /// Dialled connections whose last bytes wait for the first ones on another to be overtaken by.
    overtaken: Vec<ConnId>,
    /// Bytes that were handed over by readers.
    pub bytes_read: u64,
}

impl Net {
    pub fn new(hosts: usize, weather: Weather) -> Self {
        Net {
            weather,
            hosts: (0..hosts).map(|_| Host { on: true, listening: [false; LISTENERS] }).collect(),
            blocked: vec![false; hosts * hosts],
            conns: Vec::new(),
            free: Vec::new(),
            notices: Vec::new(),
            overtaken: Vec::new(),
            bytes_read: 0,
        }
    }

    /// Takes what owners must be told.
    pub fn take_notices(&mut self, into: &mut Vec<(End, Owner, Notice)>) {
        into.append(&mut self.notices);
    }

    pub fn own(&mut self, end: End, owner: Owner) {
        if let Some(conn) = self.find(end.conn) {
            conn.sides[end.side].owner = owner;
        }
    }

    /// The hosts of the end and of its peer.
    pub fn hosts_of(&self, end: End) -> Option<(usize, usize)> {
        let conn = self.get(end.conn)?;
        Some((conn.sides[end.side].host, conn.sides[1 - end.side].host))
    }

    /// Writes as much as fits; the owner is told when there is room for the rest.
    pub fn write(
        &mut self,
        end: End,
        bytes: &[u8],
        agenda: &mut Agenda,
        random: &mut Random,
    ) -> Result<usize, Broken> {
        let weather = self.weather;
        let conn = self.find(end.conn).ok_or(Broken)?;
        if conn.sides[end.side].reset {
            return Err(Broken);
        }
        let (slowness, whole) = (conn.slowness, conn.whole);
        let pipe = &mut conn.pipes[end.side];
        let count = bytes.len().min(pipe.room());
        pipe.starved |= count < bytes.len();
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            let split = rest.len() > 1 && !whole && random.chance(weather.split);
            let piece = if split { 1 + random.index(rest.len()) } else { rest.len() };
            let due = agenda.now() + weather.delay(slowness, random);
            pipe.send(&rest[..piece], due);
            rest = &rest[piece..];
        }
        Self::plan_delivery(pipe, end, agenda);
        Ok(count)
    }

    /// Reads into `buffer`.
    pub fn read(
        &mut self,
        end: End,
        buffer: &mut [u8],
        agenda: &mut Agenda,
        random: &mut Random,
    ) -> Read {
        let weather = self.weather;
        let Some(conn) = self.find(end.conn) else {
            return Read::Reset;
        };
        let (own, peer) = (&conn.sides[end.side], &conn.sides[1 - end.side]);
        let (reset, hosts) = (own.reset, (own.host, peer.host));
        let slowness = conn.slowness;
        let pipe = &mut conn.pipes[1 - end.side];
        let count = pipe.read(buffer);
        if count == 0 {
            return match pipe.fin() {
                _ if reset => Read::Reset,
                Fin::Arrived => Read::End,
                Fin::No | Fin::Sent => Read::Nothing,
            };
        }
        let (starved, freeing) = (pipe.starved, pipe.freeing);
        let delay = weather.delay(slowness, random);
        pipe.freeing |= starved;
        let open = self.is_open(hosts.0, hosts.1);
        if starved && !freeing {
            let side = 1 - end.side;
            agenda.plan(agenda.now() + delay, Event::Room { conn: end.conn, side });
        } else if !starved && open {
            // Nobody waits, so nobody can tell that the sender knows at once.
            if let Some(conn) = self.find(end.conn) {
                conn.pipes[1 - end.side].free();
            }
        }
        self.bytes_read += count as u64;
        Read::Bytes(count)
    }

    /// Bytes that can be written.
    pub fn room(&self, end: End) -> usize {
        self.get(end.conn).map_or(0, |conn| conn.pipes[end.side].room())
    }

    /// Bytes that have arrived and were not read.
    pub fn unread(&self, end: End) -> usize {
        self.get(end.conn).map_or(0, |conn| conn.pipes[1 - end.side].arrived())
    }

    /// From now on whatever is written in one go is read in one.
    pub fn keep_whole(&mut self, end: End) {
        if let Some(conn) = self.find(end.conn) {
            conn.whole = true;
        }
    }

    pub fn is_whole(&self, end: End) -> bool {
        self.get(end.conn).is_some_and(|conn| conn.whole)
    }

    pub fn is_reset(&self, end: End) -> bool {
        self.get(end.conn).is_none_or(|conn| conn.sides[end.side].reset)
    }

    /// Whether the peer is gone and this end can never learn of it, having nothing to say.
    pub fn is_orphaned(&self, end: End) -> bool {
        self.get(end.conn).is_some_and(|conn| {
            let peer = 1 - end.side;
            let silent = conn.pipes[peer].next_due().is_none();
            conn.sides[peer].gone
                && !conn.sides[end.side].reset
                && silent
                && conn.pipes[peer].fin() != Fin::Arrived
        })
    }

    /// Whether both sides are up and there is somebody at the other end who should answer.
    pub fn is_answered_for(&self, end: End) -> bool {
        self.get(end.conn).is_some_and(|conn| conn.accepted && !conn.sides[1 - end.side].gone)
    }

    /// No more will be written.
    pub fn finish(&mut self, end: End, agenda: &mut Agenda, random: &mut Random) {
        let weather = self.weather;
        if let Some(conn) = self.find(end.conn) {
            let due = agenda.now() + weather.delay(conn.slowness, random);
            let pipe = &mut conn.pipes[end.side];
            pipe.finish(due);
            Self::plan_delivery(pipe, end, agenda);
        }
    }

    /// The process closes the socket. Over bytes that it has not read this is a reset; else what
    /// was written is still delivered.
    pub fn close(&mut self, end: End, agenda: &mut Agenda, random: &mut Random) {
        let Some(conn) = self.find(end.conn) else {
            return;
        };
        let unread = conn.pipes[1 - end.side].arrived() > 0;
        let never = end.side == 0 && !conn.connected;
        let side = &mut conn.sides[end.side];
        side.gone = true;
        side.owner = Owner::Nobody;
        let dead = side.reset;
        if never {
            self.discard(end.conn);
        } else if dead {
            // Nothing is said on a connection that is reset.
        } else if unread {
            self.send_reset(end, agenda, random);
        } else {
            self.finish(end, agenda, random);
        }
        self.discard_if_over(end.conn);
    }

    /// The process resets the connection: what is under way is lost.
    pub fn abort(&mut self, end: End, agenda: &mut Agenda, random: &mut Random) {
        if let Some(conn) = self.find(end.conn) {
            conn.sides[end.side].gone = true;
            conn.sides[end.side].owner = Owner::Nobody;
            self.send_reset(end, agenda, random);
            self.discard_if_over(end.conn);
        }
    }

    /// Handles what is planned for a connection.
    pub fn happen(&mut self, event: Event, agenda: &mut Agenda, random: &mut Random) {
        match event {
            Event::Deliver { conn, side } => self.deliver(End { conn, side }, agenda, random),
            Event::Room { conn, side } => self.make_room(End { conn, side }),
            Event::Reset { conn, side } => self.reset(End { conn, side }, random),
            Event::Syn { conn, attempt } => self.syn(conn, attempt, agenda, random),
            Event::SynAck { conn, attempt } => self.syn_ack(conn, attempt, agenda, random),
            Event::Ack { conn, attempt } => self.ack(conn, attempt, agenda, random),
            Event::Refused { conn } => self.refused(conn),
            _ => {}
        }
    }

    /// Frees a connection when neither side can learn anything more from it.
    fn discard_if_over(&mut self, id: ConnId) {
        let over = self.get(id).is_some_and(|conn| {
            let [dialler, accepter] = &conn.sides;
            dialler.gone && accepter.gone
        });
        if over {
            self.discard(id);
        }
    }

    fn discard(&mut self, id: ConnId) {
        if self.get(id).is_some() {
            let place = &mut self.conns[id.index as usize];
            place.0 += 1;
            place.1 = None;
            self.free.push(id.index);
        }
    }

    /// Whether what a host sends gets to another.
    fn is_open(&self, from: usize, to: usize) -> bool {
        !self.blocked[from * self.hosts.len() + to] && self.hosts[to].on
    }

    fn get(&self, id: ConnId) -> Option<&Conn> {
        let (generation, conn) = self.conns.get(id.index as usize)?;
        if *generation == id.generation { conn.as_deref() } else { None }
    }

    fn find(&mut self, id: ConnId) -> Option<&mut Conn> {
        let (generation, conn) = self.conns.get_mut(id.index as usize)?;
        if *generation == id.generation { conn.as_deref_mut() } else { None }
    }

    /// Side 1 has handed these bytes to its kernel's care or will; side 0 will compare.
    pub fn promise(&mut self, end: End, bytes: &[u8]) {
        if let Some(conn) = self.find(end.conn) {
            conn.promised.extend(bytes);
        }
    }

    /// Whether side 0 got what side 1 promised.
    pub fn keeps_promise(&mut self, end: End, bytes: &[u8]) -> bool {
        self.find(end.conn).is_some_and(|conn| {
            conn.promised.len() >= bytes.len()
                && conn.promised.drain(..bytes.len()).eq(bytes.iter().copied())
        })
    }
}
