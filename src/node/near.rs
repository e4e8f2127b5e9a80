//! Who is near: what a turn spends on such questions, and who waits for the next.

mod found;

pub(super) use found::{Found, Kept, NearClients};

use super::Node;
use super::access::Sight;
use crate::limits;
use crate::positions;
use crate::positions::{Area, Wanted};
use crate::transport::ConnectionId;
use crate::wire::{Location, Near, Place};
use std::collections::VecDeque;

/// What questions about who is near share.
#[derive(Debug, Default)]
pub(super) struct Nears {
    /// Connections whose first question is not answered yet, or not wholly, in the order of their turns.
    waiting: VecDeque<ConnectionId>,
    /// Those who have been answered one in this turn and have another, or have more of it: they come
    /// behind.
    served: Vec<ConnectionId>,
    /// What may still be spent in this turn, in places looked at; less than none, if the last question
    /// took more than there was: then the next turns make up for it.
    places: i64,
    /// How many changes the index of areas may still take in it.
    changes: usize,
    /// Of the last question.
    found: Vec<positions::Near>,
}

/// What came of a question.
pub(super) enum Asked<'n> {
    /// These.
    Found(Found<'n>),
    /// It is to be asked again in another turn: this one has spent what it may, or the index of areas is
    /// not up to date.
    TooEarly,
    /// Nothing is known of the client.
    Unknown,
}

impl Nears {
    /// Whether others are to be answered first.
    pub fn anybody_waits(&self) -> bool {
        !self.waiting.is_empty() || !self.served.is_empty()
    }

    /// That connection is to be called when its question may be asked again; behind others, if it was
    /// answered one in this turn.
    pub fn wait(&mut self, connection: ConnectionId, is_served: bool) {
        if is_served {
            self.served.push(connection);
        } else {
            self.waiting.push_back(connection);
        }
    }

    /// Whether this turn has spent what it may.
    pub fn have_spent(&self) -> bool {
        self.places <= 0
    }

    /// How many places may still be looked at in this turn.
    pub fn places_left(&self) -> usize {
        usize::try_from(self.places).unwrap_or(0)
    }

    /// So many have been looked at, or records that cost as much.
    pub fn charge_places(&mut self, places: usize) {
        self.places -= places as i64;
    }

    /// So many bytes of an answer have been written, or kept.
    pub fn charge_bytes(&mut self, bytes: usize) {
        self.places -= (bytes / limits::NEAR_PLACE_BYTES) as i64;
    }

    /// Another turn begins, in which so much has changed: the connections that are called in it.
    fn renew(&mut self, news: u64) -> impl Iterator<Item = ConnectionId> {
        self.places = self.places.min(0) + limits::NEAR_PLACES_PER_TURN as i64;
        self.waiting.extend(self.served.drain(..));
        self.changes = limits::AREA_CHANGES_PER_TURN + 2 * usize::try_from(news).unwrap_or(0);
        let called = self.waiting.len().min(limits::NEAR_CALLED_PER_TURN);
        self.waiting.drain(..called)
    }
}

impl Node {
    /// Answers a question, if this turn may spend anything on it.
    /// Those whom the asker may know of are found.
    pub(super) fn near(&mut self, question: &Near<'_>, sight: Option<&Sight>) -> Asked<'_> {
        let known = |client| self.positions.find(client).map(|position| position.location());
        let (centre, but) = match question.place {
            Place::Location(location) => (Some(location), None),
            Place::Client(client) => (known(client).and_then(Location::parse), Some(client)),
        };
        let Some(centre) = centre else { return Asked::Unknown };
        if self.nears.have_spent() || !self.bring_areas_up_to_date() {
            return Asked::TooEarly;
        }
        let area = Area::new(centre, question.radius_micrometres);
        let Node { nears, positions, .. } = self;
        let is_seen = |client: &[u8]| sight.is_none_or(|sight| sight.covers(client));
        let wanted: Option<Wanted<'_>> = if sight.is_some() { Some(&is_seen) } else { None };
        let bound = question.bound.into();
        let looked_at = positions.near(&area, bound, but, wanted, &mut nears.found);
        nears.places -= looked_at as i64;
        self.counts.answered_question();
        Asked::Found(Found::new(&self.nears.found, &self.positions))
    }

    /// Whether the index of areas is up to date, as far as this turn may bring it.
    fn bring_areas_up_to_date(&mut self) -> bool {
        let taken = self.hub.follow_areas(&mut self.positions, self.nears.changes);
        self.nears.changes = self.nears.changes.saturating_sub(taken);
        self.positions.areas_are_current()
    }

    /// A turn ends: goes on with what waits for the index of areas, and with the questions.
    pub(super) fn answer_nears(&mut self) {
        let called: Vec<ConnectionId> = self.nears.renew(self.news).collect();
        if !called.is_empty() || self.hub.awaits_areas() {
            self.bring_areas_up_to_date();
        }
        called.into_iter().for_each(|connection| self.wake(connection));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_who_wait_are_called_in_a_turn() {
        let mut nears = Nears::default();
        let id = |slot| ConnectionId { slot, generation: 0 };
        let waiting = limits::NEAR_CALLED_PER_TURN as u32 + 1;
        nears.wait(id(waiting - 1), true);
        (0..waiting - 1).for_each(|slot| nears.wait(id(slot), false));
        let called: Vec<ConnectionId> = nears.renew(0).collect();
        assert_eq!(called, (0..waiting - 1).map(id).collect::<Vec<_>>());
        assert!(nears.anybody_waits());
        assert_eq!(nears.renew(0).collect::<Vec<_>>(), [id(waiting - 1)]);
        assert!(!nears.anybody_waits());
    }
}
