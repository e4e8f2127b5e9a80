//! Who is near: what a turn spends on such questions, and who waits for the next.
//!
//! What is found quickly is found at once. What takes longer is [searched for](positions::Positions::search) in
//! shares, one in each turn, for one connection at a time: it is called first in each turn, and who does not
//! come then, because it has gone or has no room for an answer, has lost its place to the next who waits for
//! it. Small questions are answered meanwhile.

mod found;

pub(super) use found::{Found, NearClients};

use super::Node;
use super::access::Sight;
use crate::limits;
use crate::positions;
use crate::positions::{Area, AtOnce, Kept, Wanted};
use crate::transport::ConnectionId;
use crate::wire::{Location, Near, Place};
use std::collections::VecDeque;

/// What is answered at once.
const AT_ONCE: AtOnce =
    AtOnce { places: limits::NEAR_AT_ONCE_PLACES, results: limits::NEAR_AT_ONCE_MAX };

/// What questions about who is near share.
#[derive(Debug, Default)]
pub(super) struct Nears {
    /// Connections whose first question is not answered yet, or not wholly, in the order of their turns.
    waiting: VecDeque<ConnectionId>,
    /// Those who have been answered one in this turn and have another, or have more of it: they come
    /// behind.
    served: Vec<ConnectionId>,
    /// Those whose first question is to be searched for, one after the other.
    searching: VecDeque<ConnectionId>,
    /// The one for whom that is done.
    searcher: Option<Searcher>,
    /// What may still be spent in this turn, in places looked at; less than none, if the last question
    /// took more than there was: then the next turns make up for it.
    places: i64,
    /// How many changes the index of areas may still take in it.
    changes: usize,
    /// Of the last question.
    found: Vec<positions::Near>,
}

/// One for whom the positions are searched, once it is called.
#[derive(Debug)]
struct Searcher {
    connection: ConnectionId,
    stage: Stage,
    /// For whom it was when the search began, where, and how often it has.
    sight: Option<Sight>,
    area: Option<Area>,
    begun: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In this turn enough has been looked at for it already: it is called from the next one on.
    New,
    /// It is to come in this turn.
    Called,
    /// It has, or will be called for the first time.
    Come,
}

/// What came of a question.
pub(super) enum Asked<'n> {
    /// These.
    Found(Found<'n>),
    /// These, by a search.
    Kept(Kept),
    /// It is to be asked again when the connection is called: this turn has spent what it may, or the index
    /// of areas is not up to date, or it is searched for.
    TooEarly,
    /// Nothing is known of the client.
    Unknown,
}

impl Nears {
    /// Whether others are to be answered first.
    pub fn anybody_waits(&self) -> bool {
        !self.waiting.is_empty() || !self.served.is_empty()
    }

    /// Whether there is something to do in the next turn.
    pub fn have_work(&self) -> bool {
        self.anybody_waits() || self.searcher.is_some() || !self.searching.is_empty()
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
        let searcher = self.searcher.as_mut().and_then(Searcher::call);
        let called = self.waiting.len().min(limits::NEAR_CALLED_PER_TURN);
        searcher.into_iter().chain(self.waiting.drain(..called))
    }

    /// The next for whom is searched, if there is one.
    fn next_searcher(&mut self) {
        let connection = self.searching.pop_front();
        self.searcher = connection.map(|connection| Searcher::new(connection, Stage::Come));
    }

    /// The connection is called when it can be searched for it.
    fn search_for(&mut self, connection: ConnectionId) {
        if self.searcher.is_some() || !self.searching.is_empty() {
            self.searching.push_back(connection);
        } else {
            self.searcher = Some(Searcher::new(connection, Stage::New));
        }
    }

    /// Whether that connection's question is to be searched for.
    fn searches_for(&self, connection: ConnectionId) -> bool {
        self.searching.contains(&connection)
    }

    /// The one for whom is searched, if it is that connection.
    fn searcher(&mut self, connection: ConnectionId) -> Option<&mut Searcher> {
        self.searcher.as_mut().filter(|searcher| searcher.connection == connection)
    }
}

impl Searcher {
    fn new(connection: ConnectionId, stage: Stage) -> Self {
        Searcher { connection, stage, sight: None, area: None, begun: 0 }
    }

    /// It is called in this turn, if it is to be.
    fn call(&mut self) -> Option<ConnectionId> {
        let is_new = self.stage == Stage::New;
        self.stage = if is_new { Stage::Come } else { Stage::Called };
        (!is_new).then_some(self.connection)
    }
}

impl Node {
    /// Answers a connection's question, if this turn may spend anything on it, or has it called again. Those
    /// whom the asker may know of are found.
    pub(super) fn near(
        &mut self,
        asker: ConnectionId,
        question: &Near<'_>,
        sight: Option<&Sight>,
    ) -> Asked<'_> {
        if self.nears.searcher(asker).is_some() {
            return self.search(asker, question, sight);
        }
        if self.nears.searches_for(asker) {
            return Asked::TooEarly;
        }
        let Some(area) = self.area_of(question) else { return Asked::Unknown };
        if self.nears.have_spent() || !self.bring_areas_up_to_date() {
            self.nears.wait(asker, false);
            return Asked::TooEarly;
        }
        let Node { nears, positions, .. } = self;
        let is_seen = |client: &[u8]| sight.is_none_or(|sight| sight.covers(client));
        let wanted: Option<Wanted<'_>> = if sight.is_some() { Some(&is_seen) } else { None };
        let (bound, but) = (question.bound.into(), but(question));
        match positions.near(&area, bound, but, wanted, AT_ONCE, &mut nears.found) {
            Ok(looked_at) => nears.charge_places(looked_at),
            Err(looked_at) => {
                nears.charge_places(looked_at);
                nears.search_for(asker);
                return Asked::TooEarly;
            }
        }
        self.counts.answered_question();
        Asked::Found(Found::new(&self.nears.found, &self.positions))
    }

    /// Goes on with the search for that connection, once in a turn.
    fn search(
        &mut self,
        asker: ConnectionId,
        question: &Near<'_>,
        sight: Option<&Sight>,
    ) -> Asked<'_> {
        let (has_spent, area) = (self.nears.have_spent(), self.area_of(question));
        let Some(searcher) = self.nears.searcher(asker) else { return Asked::TooEarly };
        if searcher.stage != Stage::Called {
            return Asked::TooEarly;
        }
        searcher.stage = Stage::Come;
        let Some(area) = area else {
            self.nears.next_searcher();
            self.positions.end_search();
            return Asked::Unknown;
        };
        if has_spent {
            return Asked::TooEarly;
        }
        // Its middle may have moved, and what it may know of may have become other clients.
        let is_another = searcher.area != Some(area) || searcher.sight.as_ref() != sight;
        if is_another {
            (searcher.area, searcher.sight) = (Some(area), sight.cloned());
            searcher.begun += 1;
        }
        let is_last = searcher.begun > limits::NEAR_SEARCHES_MAX;
        if is_another || !self.positions.is_searching() {
            self.positions.begin_search(&area, question.bound.into());
        }
        if !self.bring_areas_up_to_date() {
            return Asked::TooEarly;
        }
        let is_seen = |client: &[u8]| sight.is_none_or(|sight| sight.covers(client));
        let wanted: Option<Wanted<'_>> = if sight.is_some() { Some(&is_seen) } else { None };
        // More than there can be to look at.
        let share = if is_last { u32::MAX as usize } else { limits::NEAR_SHARE_PLACES };
        let (looked_at, found) = self.positions.search(but(question), wanted, share);
        self.nears.charge_places(looked_at);
        let Some(found) = found else { return Asked::TooEarly };
        self.nears.next_searcher();
        self.counts.answered_question();
        Asked::Kept(found)
    }

    /// What is asked about; nothing if its middle is a client that is not known.
    fn area_of(&self, question: &Near<'_>) -> Option<Area> {
        let centre = match question.place {
            Place::Location(location) => Some(location),
            Place::Client(client) => Location::parse(self.positions.find(client)?.location()),
        };
        Some(Area::new(centre?, question.radius_micrometres))
    }

    /// Whether the index of areas is up to date, as far as this turn may bring it.
    fn bring_areas_up_to_date(&mut self) -> bool {
        let taken = self.hub.follow_areas(&mut self.positions, self.nears.changes);
        self.nears.changes = self.nears.changes.saturating_sub(taken);
        self.positions.areas_are_current()
    }

    /// A turn ends: goes on with what waits for the index of areas, and with the questions.
    pub(super) fn answer_nears(&mut self) {
        if self.nears.searcher.as_ref().is_none_or(|searcher| searcher.stage == Stage::Called) {
            self.positions.end_search();
            self.nears.next_searcher();
        }
        let called: Vec<ConnectionId> = self.nears.renew(self.news).collect();
        if !called.is_empty() || self.hub.awaits_areas() {
            self.bring_areas_up_to_date();
        }
        called.into_iter().for_each(|connection| self.wake(connection));
    }
}

/// Who is left out of the answer.
fn but<'a>(question: &Near<'a>) -> Option<&'a [u8]> {
    match question.place {
        Place::Client(client) => Some(client),
        Place::Location(_) => None,
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
