//! One connection of a server, and the slots in which they live.

use super::super::net::{End, Notice};
use super::super::planted::Filter;
use super::super::watch::Watch;
use herd::node::Conversation;
use herd::transport::{ConnectionId, Monotonic, Transport};

/// How far a connection has come (as in the reactor, but for TLS).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Dialling { deadline: Monotonic },
    Open,
    Lingering { until: Monotonic },
}

#[derive(Debug)]
pub struct Connection {
    pub transport: Transport,
    pub protocol: Conversation,
    pub phase: Phase,
    pub end: Option<End>,
    /// How the dial ended, once it has.
    pub dialled: Option<Notice>,
    pub readable: bool,
    pub writable: bool,
    pub touched: bool,
    pub queued: bool,
    pub ended: bool,
    pub losing: bool,
    pub armed: Option<Monotonic>,
    pub watch: Watch,
    pub filter: Option<Box<Filter>>,
}

impl Connection {
    pub fn new(
        transport: Transport,
        protocol: Conversation,
        phase: Phase,
        end: Option<End>,
        watch: Watch,
    ) -> Self {
        Connection {
            transport,
            protocol,
            phase,
            end,
            dialled: None,
            readable: false,
            writable: false,
            touched: false,
            queued: false,
            ended: false,
            losing: false,
            armed: None,
            watch,
            filter: None,
        }
    }

    pub fn heard_of(&mut self, notice: Notice) {
        match notice {
            Notice::Ready => (self.readable, self.writable) = (true, true),
            outcome => self.dialled = Some(outcome),
        }
    }

    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open && !self.losing
    }

    pub fn can_read(&self) -> bool {
        let taker = match self.phase {
            Phase::Open => self.transport.wants_data() && !self.ended,
            Phase::Lingering { .. } => true,
            Phase::Dialling { .. } => false,
        };
        taker && self.readable && !self.losing
    }

    pub fn deadline(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Dialling { deadline } => Some(deadline),
            Phase::Lingering { until } => Some(until),
            Phase::Open => {
                let (timer, stall) = (self.transport.timer(), self.transport.stalls_at());
                timer.into_iter().chain(stall).min()
            }
        }
    }
}

/// Slots that are used again, told apart by a generation.
#[derive(Debug, Default)]
pub struct Slots {
    slots: Vec<(u32, Option<Connection>)>,
    free: Vec<u32>,
}

impl Slots {
    pub fn insert(&mut self, make: impl FnOnce(ConnectionId) -> Connection) -> ConnectionId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        let place = &mut self.slots[slot as usize];
        let id = ConnectionId { slot, generation: place.0 };
        place.1 = Some(make(id));
        id
    }

    pub fn find(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let (generation, connection) = self.slots.get_mut(id.slot as usize)?;
        if *generation == id.generation { connection.as_mut() } else { None }
    }

    pub fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        let (generation, connection) = self.slots.get_mut(id.slot as usize)?;
        if *generation != id.generation {
            return None;
        }
        let removed = connection.take()?;
        *generation += 1;
        self.free.push(id.slot);
        Some(removed)
    }

    pub fn ids(&self) -> Vec<ConnectionId> {
        (0..)
            .zip(&self.slots)
            .filter(|(_, (_, connection))| connection.is_some())
            .map(|(slot, (generation, _))| ConnectionId { slot, generation: *generation })
            .collect()
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The ends of all connections.
    pub fn ends(&self) -> Vec<End> {
        self.slots.iter().filter_map(|(_, connection)| connection.as_ref()?.end).collect()
    }
}
