//! What this server knows of each neighbour: how its own link to it stands, and what it has received
//! from it. The two connections of a pair of neighbours meet here.

use super::behind::Behind;
use super::received::{Received, Welcome};
use crate::limits;
use crate::node::histogram::Histogram;
use crate::node::outage::Outage;
use crate::positions::{Cursor, Positions};
use crate::transport::{ConnectionId, Endpoint, Monotonic, Security};
use changes::Standing;
use std::ops::{Index, IndexMut};

/// The neighbours of this server, and those that were and are being let go.
#[derive(Debug)]
pub(in crate::node) struct Peers {
    /// The place of one that is gone is empty until another comes.
    places: Vec<Option<Peer>>,
    /// How many changes those that are gone had told that were news here.
    told_by_gone: u64,
}

/// Which neighbour. Given out by the [`Peers`] and good for them alone, for as long as whoever has it
/// [holds](Peers::hold) the neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct PeerId(usize);

/// One neighbour.
#[derive(Debug)]
pub(in crate::node) struct Peer {
    name: String,
    /// Where its neighbours dial it.
    endpoint: Endpoint,
    standing: Standing,
    /// How many connections know it by its [`PeerId`].
    holders: usize,
    link: LinkState,
    /// Who dialled it last; an earlier attempt that is still under way is outdated.
    attempt: Attempt,
    /// Up to where the feed has been sent to it.
    cursor: Cursor,
    received: Received,
    outage: Outage,
    /// When it was last told everything again since something was wrong, how often it was, and how often
    /// since that has helped.
    started_over_at: Option<Monotonic>,
    started_over: u64,
    started_over_in_vain: u32,
    /// In which epoch it answered us last.
    answered_in: Option<u64>,
    behind: Behind,
    /// How long changes took until it had acknowledged them.
    propagation: Histogram,
    /// Whether it holds what we hold, by the last comparison since the link came up that could tell, and
    /// when that was.
    compared: Option<(bool, Monotonic)>,
    /// How often the link to it was up and broke.
    lost: u64,
    /// Whether the next try goes without TLS, since it has just come to nothing and need not be.
    without_tls: bool,
}

/// How our link to a neighbour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    /// To be dialled at that time.
    Down { redial_at: Monotonic },
    /// Dialled. To be dialled once more at that time, if it has greeted us and does not answer: what
    /// we sent before it was there may have been lost.
    Dialling { again_at: Option<Monotonic> },
    /// Connected, and greeted by us.
    Greeting { connection: ConnectionId },
    /// The neighbour takes the feed, on that connection, and is in that epoch.
    Up { connection: ConnectionId, epoch: u64 },
}

/// One of the times that a neighbour is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::node) struct Attempt(u64);

impl Peers {
    /// Neighbours with these names, that are dialled there at once and are sent the feed from these
    /// cursors on.
    pub fn new(neighbours: impl Iterator<Item = (String, Endpoint, Cursor)>) -> Self {
        let peer = |(name, endpoint, cursor)| Some(Peer::new(name, endpoint, cursor));
        Peers { places: neighbours.map(peer).collect(), told_by_gone: 0 }
    }

    /// The neighbours.
    fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.places.iter().flatten().filter(|peer| peer.standing == Standing::Stays)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The one with that name.
    pub fn find(&self, name: &[u8]) -> Option<PeerId> {
        let is_it = |peer: &Peer| peer.standing == Standing::Stays && peer.name.as_bytes() == name;
        self.places.iter().position(|place| place.as_ref().is_some_and(is_it)).map(PeerId)
    }

    /// A connection knows that neighbour from here on: it is there until the connection
    /// [releases](Self::release) it.
    pub fn hold(&mut self, id: PeerId) {
        self[id].holders += 1;
    }

    /// A connection is gone, or knows that neighbour no more.
    pub fn release(&mut self, id: PeerId, positions: &mut Positions) {
        let peer = &mut self[id];
        peer.holders = peer.holders.saturating_sub(1);
        self.remove_if_gone(id, positions);
    }

    /// How many are linked both ways: the link to it is up, and [it feeds us](Peer::feeds_us).
    pub fn linked_both_ways(&self) -> usize {
        self.iter().filter(|peer| peer.feeds_us()).count()
    }

    /// How often one of them was told everything again since something was wrong.
    pub fn started_over(&self) -> u64 {
        self.iter().map(|peer| peer.started_over).sum()
    }

    /// How many servers neighbours have named that are not of the herd.
    pub fn foreign_servers(&self) -> usize {
        self.iter().map(|peer| peer.received.foreign_servers()).sum()
    }

    /// Who named how many of them, for the log.
    pub fn who_named_foreign_servers(&self) -> String {
        let named = self.iter().map(|peer| (&peer.name, peer.received.foreign_servers()));
        let named = named.filter(|&(_, count)| count > 0);
        named.map(|(name, count)| format!("{count} by {name}")).collect::<Vec<_>>().join(", ")
    }

    /// The links that are up, also to those that are being let go, and up to where each has sent the feed.
    pub fn links_up(&self) -> impl Iterator<Item = (ConnectionId, &Cursor)> {
        self.places.iter().flatten().filter_map(|peer| match peer.link {
            LinkState::Up { connection, .. } => Some((connection, &peer.cursor)),
            LinkState::Down { .. } | LinkState::Dialling { .. } | LinkState::Greeting { .. } => {
                None
            }
        })
    }

    /// When the next one is to be dialled.
    pub fn dial_at(&self) -> Option<Monotonic> {
        self.iter().filter_map(Peer::redial_at).min()
    }

    /// One that is due to be dialled, by whom, and where; it counts as dialled from here on, and is held by
    /// that connection.
    pub fn dial_next(&mut self, now: Monotonic) -> Option<(PeerId, Attempt, Endpoint)> {
        let is_due = |peer: &Peer| {
            peer.standing == Standing::Stays && peer.redial_at().is_some_and(|at| at <= now)
        };
        let due = self.places.iter().position(|place| place.as_ref().is_some_and(is_due))?;
        let id = PeerId(due);
        self.hold(id);
        let peer = &mut self[id];
        peer.link = LinkState::Dialling { again_at: None };
        peer.attempt.0 += 1;
        peer.outage.dialled(now);
        let mut endpoint = peer.endpoint.clone();
        if std::mem::take(&mut peer.without_tls) {
            endpoint.security = Security::Plain;
        }
        Some((id, peer.attempt, endpoint))
    }
}

impl Index<PeerId> for Peers {
    type Output = Peer;

    fn index(&self, id: PeerId) -> &Peer {
        match &self.places[id.0] {
            Some(peer) => peer,
            None => unreachable!("whoever has the id holds it"),
        }
    }
}

impl IndexMut<PeerId> for Peers {
    fn index_mut(&mut self, id: PeerId) -> &mut Peer {
        match &mut self.places[id.0] {
            Some(peer) => peer,
            None => unreachable!("whoever has the id holds it"),
        }
    }
}

impl Peer {
    fn new(name: String, endpoint: Endpoint, cursor: Cursor) -> Self {
        Peer {
            name,
            endpoint,
            standing: Standing::Stays,
            holders: 0,
            link: LinkState::Down { redial_at: Monotonic::default() },
            attempt: Attempt::default(),
            cursor,
            received: Received::default(),
            outage: Outage::new(limits::REDIAL_PAUSE_MAX),
            started_over_at: None,
            started_over: 0,
            started_over_in_vain: 0,
            answered_in: None,
            behind: Behind::default(),
            propagation: Histogram::default(),
            compared: None,
            lost: 0,
            without_tls: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its neighbours dial it.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Up to where the feed has been sent to it.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What it has told us.
    pub(super) fn received(&self) -> &Received {
        &self.received
    }

    /// The same, for its connections to us.
    pub(super) fn received_mut(&mut self) -> &mut Received {
        &mut self.received
    }

    /// The neighbour greets us (see [`Received::greeted`]). It is there, and so it is dialled at once if
    /// our link to it is down.
    pub(super) fn greeted(
        &mut self,
        positions: &mut Positions,
        epoch: u64,
        connection: ConnectionId,
        now: Monotonic,
    ) -> Welcome {
        self.dial_soon(now);
        self.received.greeted(positions, epoch, connection, now)
    }

    /// Whether our own link to it says that this is its epoch. Who greets us in its name and in another
    /// is what it was before, or somebody else.
    fn is_proven(&self, epoch: u64) -> bool {
        matches!(self.link, LinkState::Up { epoch: present, .. } if present == epoch)
    }

    /// Whether it has greeted us on a connection that is alive, in the epoch that our own link to it says.
    pub(super) fn feeds_us(&self) -> bool {
        self.received.present_epoch().is_some_and(|epoch| self.is_proven(epoch))
    }

    /// Until when whoever greets us in its name and that epoch has to wait, since another connection of
    /// it is alive; not if this one is proven to be the neighbour and the other is not.
    pub(super) fn keeps_waiting(&self, epoch: u64, now: Monotonic) -> Option<Monotonic> {
        let is_present_proven = self.feeds_us();
        if self.is_proven(epoch) && !is_present_proven {
            return None;
        }
        self.received.alive_until(now, is_present_proven)
    }
}

mod changes;
#[cfg(any(test, debug_assertions))]
mod check;
mod figures;
mod own_link;
#[cfg(test)]
mod tests;
