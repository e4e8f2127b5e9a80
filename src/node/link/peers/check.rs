//! What must hold of what is known of neighbours, whenever a turn ends.

use super::{LinkState, Peer, Peers};
use crate::positions::Positions;

impl Peers {
    /// What is wrong with what is known of them, if anything is.
    pub fn check(&self, positions: &Positions) -> Result<(), String> {
        let mut connections = Vec::with_capacity(2 * self.places.len());
        for peer in self.places.iter().flatten() {
            peer.check(positions).map_err(|wrong| format!("neighbour {}: {wrong}", peer.name))?;
            let dialled = match peer.link {
                LinkState::Up { connection, .. } => Some(connection),
                LinkState::Down { .. }
                | LinkState::Dialling { .. }
                | LinkState::Greeting { .. } => None,
            };
            connections.extend(dialled.into_iter().chain(peer.received.connection()));
        }
        connections.sort_unstable();
        match connections.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(format!("connection {} is two ends of links", twice[0])),
            None => Ok(()),
        }
    }
}

impl Peer {
    pub(super) fn check(&self, positions: &Positions) -> Result<(), String> {
        let (sent_up_to, head) = (positions.sent_up_to(&self.cursor), positions.head());
        let is_up = matches!(self.link, LinkState::Up { .. });
        let wrong = if sent_up_to > head {
            format!("it has been sent {sent_up_to} of {head} changes")
        } else if is_up != self.outage.up_since().is_some() {
            format!("its link is {:?} and up since {:?}", self.link, self.outage.up_since())
        } else {
            return self.received.check();
        };
        Err(wrong)
    }
}
