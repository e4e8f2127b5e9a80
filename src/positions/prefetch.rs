//! Has memory fetched before it is needed.

use super::{Cursor, Near, Positions};
use crate::limits;
use std::hint::black_box;

impl Positions {
    /// Reads the records of those who are near and will be told of next, several at once. At most
    /// [`limits::PREFETCH_LINES_MAX`] are looked at.
    pub fn prefetch_near(&self, near: &[Near]) {
        for near in near.iter().take(limits::PREFETCH_LINES_MAX) {
            black_box(self.feed.ends_of(near.number.0));
        }
    }

    /// Reads what these cursors will be told next, all at once.
    pub fn prefetch_next<'a>(&self, cursors: impl Iterator<Item = &'a Cursor>) {
        for number in cursors.filter_map(|cursor| self.feed.peek(cursor)) {
            black_box(self.feed.ends_of(number));
        }
    }

    /// Reads what [`update`](Self::update) will touch first for these clients: all that there is, if they are
    /// not known. At most [`limits::PREFETCH_LINES_MAX`] are looked at.
    pub fn prefetch_unknown(&self, clients: &[&[u8]]) {
        for client in clients.iter().take(limits::PREFETCH_LINES_MAX) {
            black_box(self.index.first_probed(self.hash(client)));
        }
    }

    /// Reads what [`update`](Self::update) will touch for these clients, step by step for all of
    /// them, so that the processor waits for several cache misses at once and not for one after
    /// another. At most [`limits::PREFETCH_LINES_MAX`] are looked at; nothing changes.
    pub fn prefetch(&self, clients: &[&[u8]]) {
        let clients = &clients[..clients.len().min(limits::PREFETCH_LINES_MAX)];
        let mut hashes = [0; limits::PREFETCH_LINES_MAX];
        for (hash, client) in hashes.iter_mut().zip(clients) {
            *hash = self.hash(client);
            black_box(self.index.first_probed(*hash));
        }
        let mut numbers = [0; limits::PREFETCH_LINES_MAX];
        let mut known = 0;
        // A record with the same hash will mostly be the client's.
        for number in hashes[..clients.len()].iter().filter_map(|&h| self.index.find(h, |_| true)) {
            numbers[known] = number;
            known += 1;
        }
        for &number in &numbers[..known] {
            black_box(self.feed.ends_of(number));
        }
        for &number in &numbers[..known] {
            black_box(self.feed.elements_beside(number));
        }
    }
}
