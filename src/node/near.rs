//! Who is near: what a turn spends on such questions, and who waits for the next.

use super::Node;
use crate::limits;
use crate::positions;
use crate::positions::{Area, Positions};
use crate::transport::ConnectionId;
use crate::wire::{Location, Near, Place};
use std::collections::VecDeque;

/// What questions about who is near share.
#[derive(Debug, Default)]
pub(super) struct Nears {
    /// Connections whose question is not answered yet, each once for every time it was told so.
    waiting: VecDeque<ConnectionId>,
    /// How many places may still be looked at in this turn.
    places: usize,
    /// How many changes the index of areas may still take in it.
    changes: usize,
    /// Of the last question.
    found: Vec<positions::Near>,
}

/// What came of a question.
pub(super) enum Asked<'n> {
    /// These, nearest first.
    Found(&'n [positions::Near], &'n Positions),
    /// It is to be asked again in another turn: this one has spent what it may, or the index of areas is
    /// not up to date.
    TooEarly,
    /// Nothing is known of the client.
    Unknown,
}

impl Nears {
    /// Whether others are to be answered first.
    pub fn anybody_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// That connection is to be called when its question may be asked again.
    pub fn wait(&mut self, connection: ConnectionId) {
        self.waiting.push_back(connection);
    }

    /// Another turn begins, in which so much has changed: the connections that are called in it.
    fn renew(&mut self, news: u64) -> impl Iterator<Item = ConnectionId> {
        self.places = limits::NEAR_PLACES_PER_TURN;
        self.changes = limits::AREA_CHANGES_PER_TURN + 2 * usize::try_from(news).unwrap_or(0);
        let called = self.waiting.len().min(limits::NEAR_CALLED_PER_TURN);
        self.waiting.drain(..called)
    }
}

impl Node {
    /// Answers a question, if this turn may spend anything on it.
    pub(super) fn near(&mut self, question: &Near<'_>) -> Asked<'_> {
        let known = |client| self.positions.find(client).map(|position| position.location());
        let (centre, but) = match question.place {
            Place::Location(location) => (Some(location), None),
            Place::Client(client) => (known(client).and_then(Location::parse), Some(client)),
        };
        let Some(centre) = centre else { return Asked::Unknown };
        if self.nears.places == 0 || !self.bring_areas_up_to_date() {
            return Asked::TooEarly;
        }
        let area = Area::new(centre, question.radius_micrometres);
        let Node { nears, positions, .. } = self;
        let looked_at = positions.near(&area, question.bound.into(), but, &mut nears.found);
        let cost = looked_at + nears.found.len() * limits::NEAR_RESULT_PLACES;
        nears.places = nears.places.saturating_sub(cost);
        Asked::Found(&self.nears.found, &self.positions)
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
