//! Who watches what, and what each has yet to be told.
//!
//! The hub is one cursor of the feed for all who watch. Once a turn it walks over what has changed and
//! notes each change with those whom it concerns, found by the client's id, by the places where the
//! client was and is, and among those who watch everything. So a change costs what its own watchers cost.
//!
//! What is noted with a [watcher](watcher) is which records it is to be told of, each once: what it is
//! told is how they are when there is room for it. So who reads slowly is told what is last, and what is
//! kept for it is bounded by the clients that it watches. Of those who watch [everything](everything)
//! nothing is kept each: they share the last lines, and one who falls behind these gets a cursor of its own.
//!
//! Watchers are told in turn, so many in each turn of the server, behind all answers: that nobody waits
//! for them whatever there is to tell.
//!
//! It knows no connection: whoever watches lends it a way to write ([`Event`]), and is called when there
//! is something to [tell](Hub::tell).

mod area_map;
mod beginning;
mod by_client;
#[cfg(any(test, debug_assertions))]
mod check;
mod departures;
mod event;
mod everything;
mod figures;
mod recent;
mod tell;
#[cfg(test)]
mod tests;
mod watcher;
mod watches;

pub(super) use event::{Event, Form, News, Room, client_at};

use super::access::Sight;
use crate::limits;
use crate::positions::{Cursor, Positions, RecordNumber};
use crate::transport::ConnectionId;
use crate::wire::{EventId, Watch};
use area_map::AreaMap;
use by_client::ByClient;
use departures::Departures;
use recent::Recent;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use watcher::{State, Watcher};
use watches::{Noted, Watched, What};

/// See the [module's docs](self).
#[derive(Debug, Default)]
pub(super) struct Hub {
    /// Open while anybody watches.
    cursor: Option<Cursor>,
    /// Up to which sequence number changes have been noted.
    noted_up_to: u64,
    watchers: Vec<Option<Box<Watcher>>>,
    free: Vec<WatcherId>,
    /// How many watches there are, of all watchers.
    watches: usize,
    /// How many bytes their fields take.
    watches_bytes: usize,
    /// How many clients they have been told of and are to be told of, each for each watcher, when each was
    /// last told something.
    kept: usize,
    by_client: ByClient,
    by_place: AreaMap,
    /// Of each form: there while anybody watches everything in it.
    recent: [Option<Recent>; Form::COUNT],
    /// Those who have something to be told and are not blocked, in the order of their turns.
    due: VecDeque<WatcherId>,
    departures: Departures,
    /// Those who go on when the index of areas is up to date, before all others.
    awaiting_areas: Vec<WatcherId>,
    /// The records that have changed and may concern somebody, for [`walk`](Self::walk).
    changed: Vec<RecordNumber>,
}

/// One who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WatcherId(NonZeroU32);

impl WatcherId {
    /// The one at that place among all. (Counted from 1, so that having none takes no memory more.)
    fn at(index: u32) -> Self {
        WatcherId(NonZeroU32::MIN.saturating_add(index))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl Hub {
    /// Somebody may watch from now on, who is told of those clients only, or of all if it is not said; and
    /// is given up by [`leave`](Self::leave).
    pub fn enter(
        &mut self,
        connection: ConnectionId,
        form: Form,
        sight: Option<Sight>,
    ) -> WatcherId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.watchers.push(None);
            WatcherId::at(self.watchers.len() as u32 - 1)
        });
        self.watchers[id.index()] = Some(Box::new(Watcher::new(connection, form, sight)));
        id
    }

    /// From now on it is told of those clients only; of all, if it is not said.
    pub fn restrict(&mut self, id: WatcherId, sight: Option<Sight>, positions: &mut Positions) {
        let Some(watcher) = find(&mut self.watchers, id) else { return };
        if sight.is_some()
            && let Some(recent) = &self.recent[watcher.form().index()]
        {
            recent.let_go(watcher, positions);
        }
        watcher.restrict(sight);
    }

    /// What is so now is to be told, and then what changes; to who was told before all up to the event
    /// `last` only what has changed since, also who is not watched any more. The same watch again counts
    /// once, but what is so now is told again. False if these would be too many.
    pub fn watch(
        &mut self,
        id: WatcherId,
        watch: &Watch<'_>,
        last: Option<EventId>,
        positions: &mut Positions,
    ) -> bool {
        self.begin(positions);
        // What has not come yet cannot have been told; and of who departed long ago it is not known.
        let last = last.filter(|last| {
            last.sequence <= positions.head() && self.departures.are_known_since(last)
        });
        let after = last.map(|last| last.sequence);
        let mut fields = Vec::new();
        watch.write(&mut fields);
        let is_full = self.watches >= limits::WATCHES_MAX
            || self.watches_bytes + fields.len() > limits::WATCHES_BYTES_MAX;
        let Some(watcher) = find(&mut self.watchers, id) else { return false };
        if !watcher.begin_again(&fields, positions) {
            if is_full || watcher.len() >= limits::WATCHES_PER_CLIENT_MAX {
                self.end_if_unused(positions);
                return false;
            }
            match Watched::new(watch, &fields) {
                Some(watched) => {
                    match watched.what() {
                        What::Client => self.by_client.insert(watched.fields(), id),
                        What::Area(area) => self.by_place.insert(area, id),
                    }
                    self.watches_bytes += fields.len();
                    watcher.add(watched, after);
                }
                None => {
                    let form = watcher.form();
                    let recent = &mut self.recent[form.index()];
                    recent.get_or_insert_with(|| Recent::new(form, positions)).join(id);
                    watcher.add_everything(after, positions);
                }
            }
            self.watches += 1;
            if let Some(last) = last {
                watcher.resume(&last, watch, self.departures.since(last));
            }
        }
        if watcher.change_state(State::Idle, State::Due) {
            self.due.push_back(id);
        }
        true
    }

    /// That watch ends: no event comes of it alone. False if there is none.
    pub fn unwatch(&mut self, id: WatcherId, watch: &Watch<'_>, positions: &mut Positions) -> bool {
        self.walk(positions);
        let mut fields = Vec::new();
        watch.write(&mut fields);
        if !self.by_place.is_empty()
            && let Some(number) = positions.find_record(&fields)
        {
            // From now on it is watched where it is, though the index may not have come to it.
            positions.settle(number);
        }
        let Some(watcher) = find(&mut self.watchers, id) else { return false };
        let ended = match watch {
            Watch::All => watcher.remove_everything(positions).then_some(None),
            _ => watcher.remove(&fields, positions).map(Some),
        };
        let Some(watched) = ended else { return false };
        // There may be more to tell of what is still watched.
        if watcher.change_state(State::Idle, State::Due) {
            self.due.push_back(id);
        }
        match watched {
            Some(watched) => self.forget(id, &watched),
            None => self.forget_everything(id, positions),
        }
        self.end_if_unused(positions);
        true
    }

    /// It has gone.
    pub fn leave(&mut self, id: WatcherId, positions: &mut Positions) {
        let watcher = self.watchers.get_mut(id.index()).and_then(Option::take);
        let Some(mut watcher) = watcher else { return };
        self.kept -= watcher.take_counted();
        if watcher.remove_everything(positions) {
            self.forget_everything(id, positions);
        }
        for watched in watcher.leave(positions) {
            self.forget(id, &watched);
        }
        self.free.push(id);
        self.end_if_unused(positions);
    }

    /// Whether it has yet to be told something that was so when a watch of it began.
    pub fn owes(&self, id: WatcherId) -> bool {
        self.watcher(id).is_some_and(Watcher::is_beginning)
    }

    /// The connections of all who may watch.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.watchers.iter().flatten().map(|watcher| watcher.connection())
    }

    /// Whether it watches anything.
    pub fn is_watching(&self, id: WatcherId) -> bool {
        self.watcher(id).is_some_and(|watcher| watcher.len() > 0)
    }

    /// Brings the index of areas up to date by at most so many changes; how many it took. Where areas are
    /// watched, changes are noted before: that somebody was in one is seen by what the index holds.
    pub fn follow_areas(&mut self, positions: &mut Positions, share: usize) -> usize {
        if !self.by_place.is_empty() {
            self.walk(positions);
        }
        positions.follow_areas(share)
    }

    /// Whether somebody waits for the index of areas.
    pub fn awaits_areas(&self) -> bool {
        !self.awaiting_areas.is_empty()
    }

    /// Whether somebody is to be told something in the next turn, which should come at once.
    pub fn has_due(&self) -> bool {
        !self.due.is_empty() || self.awaits_areas()
    }

    /// Notes what has changed with those whom it concerns.
    pub fn walk(&mut self, positions: &mut Positions) {
        let Some(cursor) = &self.cursor else { return };
        if self.noted_up_to == positions.head() {
            return;
        }
        // Most concern nobody, and nothing more is done about them.
        let concerns_all = self.recent.iter().any(Option::is_some) || !self.by_place.is_empty();
        let mut changed = std::mem::take(&mut self.changed);
        positions.pass(cursor, |change| {
            if concerns_all || self.by_client.may_hold(change.client()) {
                changed.push(change.number());
            }
        });
        for number in changed.drain(..) {
            let Some(change) = positions.change_of(number) else { continue };
            let noted = Noted::new(&change);
            for recent in self.recent.iter_mut().flatten() {
                recent.add(&change);
            }
            for &id in self.by_client.of(change.client()) {
                note_with((&mut self.watchers, &mut self.due, &mut self.kept), id, noted);
            }
            if !self.by_place.is_empty() {
                let (was, is) = positions.settle(number);
                for point in [was, is].into_iter().flatten() {
                    self.by_place.around(point, |id| {
                        note_with((&mut self.watchers, &mut self.due, &mut self.kept), id, noted);
                    });
                }
            }
            for recent in self.recent.iter_mut().flatten() {
                recent.shorten(&mut self.watchers, positions);
            }
        }
        self.changed = changed;
        self.noted_up_to = positions.head();
    }

    /// From now on changes are noted, if they were not.
    fn begin(&mut self, positions: &mut Positions) {
        self.walk(positions);
        self.cursor.get_or_insert_with(|| positions.open_cursor());
        self.noted_up_to = positions.head();
    }

    /// With the last watch the cursor is given back: then a report costs what it did.
    fn end_if_unused(&mut self, positions: &mut Positions) {
        if self.watches == 0
            && let Some(cursor) = self.cursor.take()
        {
            positions.close_cursor(cursor);
        }
    }

    fn watcher(&self, id: WatcherId) -> Option<&Watcher> {
        self.watchers.get(id.index())?.as_deref()
    }

    /// A watch is no longer found by what it is about.
    fn forget(&mut self, id: WatcherId, watched: &Watched) {
        self.watches -= 1;
        self.watches_bytes -= watched.fields().len();
        match watched.what() {
            What::Client => self.by_client.remove(watched.fields(), id),
            What::Area(area) => self.by_place.remove(area, id),
        }
    }

    /// It does not watch everything any more.
    fn forget_everything(&mut self, id: WatcherId, positions: &mut Positions) {
        self.watches -= 1;
        for recent in &mut self.recent {
            if let Some(unused) = recent.take_if(|recent| recent.leave(id)) {
                unused.end(positions);
            }
        }
    }
}

/// Notes a change with one whom it concerns.
fn note_with(
    (watchers, due, kept): (&mut [Option<Box<Watcher>>], &mut VecDeque<WatcherId>, &mut usize),
    id: WatcherId,
    noted: Noted,
) {
    let Some(watcher) = find(watchers, id) else { return };
    watcher.note(noted);
    call_one((watchers, due, kept), id);
}

/// There is more to tell one than there was.
fn call_one(
    (watchers, due, kept): (&mut [Option<Box<Watcher>>], &mut VecDeque<WatcherId>, &mut usize),
    id: WatcherId,
) {
    let Some(watcher) = find(watchers, id) else { return };
    *kept = *kept + watcher.kept() - watcher.take_counted();
    // Who must go is called for that, whether it has room or not.
    let is_much = *kept > limits::WATCHED_MAX && watcher.kept() > limits::WATCHED_MANY;
    if watcher.change_state(State::Idle, State::Due)
        || is_much && watcher.change_state(State::Blocked, State::Due)
    {
        due.push_back(id);
    }
}

fn find(watchers: &mut [Option<Box<Watcher>>], id: WatcherId) -> Option<&mut Watcher> {
    watchers.get_mut(id.index())?.as_deref_mut()
}
