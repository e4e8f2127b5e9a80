//! What is to happen, in the order of virtual time; at equal times in the order in which it was
//! planned. The only clock of a run.

use super::faults::Undo;
use super::net::ConnId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Virtual time in nanoseconds since the start of the run.
pub type Time = u64;

pub const MICROSECOND: Time = 1_000;
pub const MILLISECOND: Time = 1_000_000;
pub const SECOND: Time = 1_000_000_000;

/// Something that is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The first bytes under way in a pipe arrive.
    Deliver {
        conn: ConnId,
        side: usize,
    },
    /// The writer of a pipe learns that there is room again.
    Room {
        conn: ConnId,
        side: usize,
    },
    /// A reset arrives at a side.
    Reset {
        conn: ConnId,
        side: usize,
    },
    /// The three steps of connecting, and its refusal, each possibly tried again.
    Syn {
        conn: ConnId,
        attempt: u32,
    },
    SynAck {
        conn: ConnId,
        attempt: u32,
    },
    Ack {
        conn: ConnId,
        attempt: u32,
    },
    Refused {
        conn: ConnId,
    },
    /// A server has something to do.
    Turn {
        machine: usize,
    },
    /// A client does its next step.
    Client {
        index: usize,
    },
    /// Places goes on with one of its connections.
    Places {
        index: usize,
    },
    /// The bus has something to do, or gets into trouble.
    Bus,
    BusFault,
    /// The disk of a server has done something.
    Disk {
        machine: usize,
    },
    /// Something breaks.
    Fault,
    /// A disk gets into trouble.
    DiskTrouble,
    /// Something that was broken is mended.
    Undo(Undo),
}

/// All that is planned.
#[derive(Debug, Default)]
pub struct Agenda {
    heap: BinaryHeap<Reverse<(Time, u64, Event)>>,
    planned: u64,
    now: Time,
}

impl Agenda {
    pub fn now(&self) -> Time {
        self.now
    }

    /// Plans an event; one for the past happens now.
    pub fn plan(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse((at.max(self.now), self.planned, event)));
    }

    /// Goes on to the next event before `until`.
    pub fn next_before(&mut self, until: Time) -> Option<Event> {
        if self.heap.peek().is_none_or(|Reverse((at, ..))| *at >= until) {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, event))| {
            self.now = at;
            event
        })
    }

    /// Goes on to `at` where nothing is planned before it.
    pub fn advance(&mut self, at: Time) {
        self.now = self.now.max(at);
    }
}
