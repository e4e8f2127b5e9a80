//! Neighbours that come, go and move while the server runs, as its herd file says when it is read again.

use super::{LinkState, Peer, PeerId, Peers};
use crate::limits;
use crate::node::random::Random;
use crate::positions::{Cursor, Positions};
use crate::transport::{ConnectionId, Endpoint, Monotonic};

/// Whether a neighbour is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Stays,
    /// It was: it is told what it has not been told, and may tell what it has to, until that time.
    Leaves { until: Monotonic },
    /// That time is over: no connection of it stays.
    Over,
}

impl Peers {
    /// The names of the neighbours.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(Peer::name)
    }

    /// That server is a neighbour from now on, or again, and is dialled there. The cursor is for the feed
    /// that it is sent.
    pub fn add(
        &mut self,
        name: &str,
        endpoint: &Endpoint,
        cursor: Cursor,
        positions: &mut Positions,
    ) {
        if let Some(peer) = self.places.iter_mut().flatten().find(|peer| peer.name == name) {
            // It has one, as it was still being let go.
            positions.close_cursor(cursor);
            peer.standing = Standing::Stays;
            peer.endpoint = endpoint.clone();
            return;
        }
        let peer = Some(Peer::new(name.to_owned(), endpoint.clone(), cursor));
        match self.places.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = peer,
            None => self.places.push(peer),
        }
    }

    /// Who is away is dialled at once.
    pub fn dial_all(&mut self, now: Monotonic) {
        for peer in self.places.iter_mut().flatten() {
            if let LinkState::Down { redial_at } = &mut peer.link {
                *redial_at = now;
            }
        }
    }

    /// That server is no neighbour any more: it is told what it has not been told, if it takes that in
    /// time. Its connections, to be woken.
    pub fn let_go(
        &mut self,
        id: PeerId,
        positions: &mut Positions,
        now: Monotonic,
    ) -> Vec<ConnectionId> {
        let peer = &mut self[id];
        peer.standing = Standing::Leaves { until: now + limits::NEIGHBOUR_LEAVE_MAX };
        let connections = peer.connections();
        if !matches!(peer.link, LinkState::Up { .. }) {
            // Whoever is on the way there does not arrive.
            peer.attempt.0 += 1;
            peer.link = LinkState::Down { redial_at: now };
        }
        self.remove_if_gone(id, positions);
        connections
    }

    /// When the next one that is being let go has had its time.
    pub fn let_go_at(&self) -> Option<Monotonic> {
        let until = |peer: &Peer| match peer.standing {
            Standing::Leaves { until } => Some(until),
            Standing::Stays | Standing::Over => None,
        };
        self.places.iter().flatten().filter_map(until).min()
    }

    /// The connections of those that have had their time, to be woken: none stays.
    pub fn cut_those_let_go(&mut self, now: Monotonic) -> Vec<ConnectionId> {
        let mut connections = Vec::new();
        for peer in self.places.iter_mut().flatten() {
            if matches!(peer.standing, Standing::Leaves { until } if until <= now) {
                peer.standing = Standing::Over;
                connections.extend(peer.connections());
            }
        }
        connections
    }

    /// Frees the place of one that was let go and that no connection knows any more.
    pub(super) fn remove_if_gone(&mut self, id: PeerId, positions: &mut Positions) {
        let is_gone = |peer: &mut Peer| peer.standing != Standing::Stays && peer.holders == 0;
        let Some(mut peer) = self.places[id.0].take_if(is_gone) else { return };
        self.told_by_gone += peer.received.seen().told;
        peer.received.end(positions);
        positions.close_cursor(peer.cursor);
    }
}

impl Peer {
    /// Whether it is being let go.
    pub fn leaves(&self) -> bool {
        self.standing != Standing::Stays
    }

    /// Whether it was let go, and none of its connections is to stay.
    pub fn has_left(&self) -> bool {
        self.standing == Standing::Over
    }

    /// It is dialled there from now on, and what was dialled before counts no more. Our connection to it,
    /// to be woken.
    pub fn move_to(
        &mut self,
        endpoint: Endpoint,
        now: Monotonic,
        random: &mut Random,
    ) -> Option<ConnectionId> {
        let connection = self.dialled_on();
        self.endpoint = endpoint;
        self.attempt.0 += 1;
        self.outage.begin(now);
        self.went_down(now, "it has moved", false, random);
        connection
    }

    /// Our connection to it, once there is one.
    fn dialled_on(&self) -> Option<ConnectionId> {
        match self.link {
            LinkState::Up { connection, .. } | LinkState::Greeting { connection } => {
                Some(connection)
            }
            LinkState::Down { .. } | LinkState::Dialling { .. } => None,
        }
    }

    fn connections(&self) -> Vec<ConnectionId> {
        let accepted = self.received.connection();
        let waiting = self.received.waiting().iter().copied();
        self.dialled_on().into_iter().chain(accepted).chain(waiting).collect()
    }
}
