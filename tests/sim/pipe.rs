//! One direction of a TCP connection: bytes under way, bytes that have arrived, an end.

use super::agenda::Time;
use std::collections::VecDeque;

/// How far the end of a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fin {
    No,
    Sent,
    Arrived,
}

/// What was written in one go and arrives in one.
#[derive(Debug, Clone, Copy)]
struct Segment {
    due: Time,
    bytes: usize,
    fin: bool,
}

/// Bytes from one side to the other, in order, none ever lost but with the connection.
#[derive(Debug)]
pub struct Pipe {
    /// Arrived ones first, then those under way.
    bytes: VecDeque<u8>,
    arrived: usize,
    flight: VecDeque<Segment>,
    last_due: Time,
    fin: Fin,
    /// Bytes that the sender may have written and not known to be read.
    pub capacity: usize,
    outstanding: usize,
    /// Read, but the sender does not know it yet.
    freed: usize,
    /// The sender was left with bytes that did not fit.
    pub starved: bool,
    /// An event that delivers, or that frees room, is planned.
    pub delivering: bool,
    pub freeing: bool,
    /// What is due cannot get through; the path must be open first.
    pub held: bool,
    /// A reset went through: whatever is sent behind it is lost, too.
    severed: bool,
    /// Nothing arrives before.
    pub stalled_until: Time,
}

impl Pipe {
    pub fn new(capacity: usize) -> Self {
        Pipe {
            bytes: VecDeque::new(),
            arrived: 0,
            flight: VecDeque::new(),
            last_due: 0,
            fin: Fin::No,
            capacity,
            outstanding: 0,
            freed: 0,
            starved: false,
            delivering: false,
            freeing: false,
            held: false,
            severed: false,
            stalled_until: 0,
        }
    }

    /// How much may be written.
    pub fn room(&self) -> usize {
        self.capacity.saturating_sub(self.outstanding)
    }

    /// Sends bytes that fit; they arrive not before `due`, nor before what was sent earlier.
    pub fn send(&mut self, bytes: &[u8], due: Time) {
        self.outstanding += bytes.len();
        if self.severed {
            return;
        }
        self.bytes.extend(bytes);
        self.put(Segment { due, bytes: bytes.len(), fin: false });
    }

    /// Says that no more will be sent.
    pub fn finish(&mut self, due: Time) {
        if self.fin == Fin::No && !self.severed {
            self.fin = Fin::Sent;
            self.put(Segment { due, bytes: 0, fin: true });
        }
    }

    fn put(&mut self, mut segment: Segment) {
        segment.due = segment.due.max(self.last_due);
        self.last_due = segment.due;
        self.flight.push_back(segment);
    }

    /// Nothing arrives before `at`.
    pub fn not_before(&mut self, at: Time) {
        self.last_due = self.last_due.max(at);
    }

    /// When the next bytes or the end are due.
    pub fn next_due(&self) -> Option<Time> {
        self.flight.front().map(|segment| segment.due)
    }

    /// Lets arrive what is due; how many bytes.
    pub fn arrive(&mut self, now: Time) -> usize {
        let before = self.arrived;
        while let Some(segment) = self.flight.front().filter(|segment| segment.due <= now) {
            self.arrived += segment.bytes;
            if segment.fin {
                self.fin = Fin::Arrived;
            }
            self.flight.pop_front();
        }
        self.arrived - before
    }

    pub fn fin(&self) -> Fin {
        self.fin
    }

    pub fn arrived(&self) -> usize {
        self.arrived
    }

    /// The first byte that has arrived.
    pub fn first(&self) -> Option<u8> {
        self.bytes.front().copied().filter(|_| self.arrived > 0)
    }

    /// Takes up to `buffer.len()` bytes that have arrived.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.arrived);
        let (front, back) = self.bytes.as_slices();
        let first = count.min(front.len());
        buffer[..first].copy_from_slice(&front[..first]);
        buffer[first..count].copy_from_slice(&back[..count - first]);
        self.bytes.drain(..count);
        self.arrived -= count;
        self.freed += count;
        count
    }

    /// The sender learns what was read.
    pub fn free(&mut self) {
        self.outstanding -= self.freed;
        self.freed = 0;
    }

    pub fn has_freed(&self) -> bool {
        self.freed > 0
    }

    /// What is under way is lost, and whatever is sent from now on.
    pub fn lose_flight(&mut self) {
        self.severed = true;
        self.flight.clear();
        self.bytes.truncate(self.arrived);
    }

    /// All is lost.
    pub fn lose_all(&mut self) {
        self.lose_flight();
        self.bytes.clear();
        self.arrived = 0;
    }
}
