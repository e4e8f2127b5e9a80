//! What is to be seen of a server by who runs it, and by tests; nothing is decided by it.

use super::Node;
use super::places::Counters;
use crate::positions::Positions;
use crate::transport::ConnectionId;

impl Node {
    /// The positions that this server holds.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// How many of its links to neighbours are up, of how many.
    pub fn links_up(&self) -> (usize, usize) {
        (self.peers.links_up().count(), self.peers.len())
    }

    /// With how many neighbours it is linked both ways, of how many.
    pub fn linked_both_ways(&self) -> (usize, usize) {
        (self.peers.linked_both_ways(), self.peers.len())
    }

    /// How often a neighbour was told everything again since something was wrong: for tests.
    pub fn links_started_over(&self) -> u64 {
        self.peers.started_over()
    }

    /// What has been asked of Places and what came of it.
    pub fn places_counters(&self) -> &Counters {
        self.questions.counters()
    }

    /// The links that are up, and up to which of our sequence numbers each has sent our feed
    /// (it may still be under way). For tests and for watching; nothing is decided by it.
    pub fn links_sent_up_to(&self) -> impl Iterator<Item = (ConnectionId, u64)> {
        self.peers
            .links_up()
            .map(|(connection, cursor)| (connection, self.positions.sent_up_to(cursor)))
    }

    /// Whether every link that is up has sent all.
    pub fn feeds_sent(&self) -> bool {
        self.links_sent_up_to().all(|(_, sent_up_to)| sent_up_to == self.positions.head())
    }

    /// What is wrong with what is known of neighbours and of questions to Places, if anything is: for
    /// the simulator and the fuzzers, at the end of each turn. Costs as much as there is of these; the
    /// positions are not looked through.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self) -> Result<(), String> {
        self.peers.check(&self.positions)?;
        self.hub.check(&self.positions)?;
        self.questions.check()
    }
}
