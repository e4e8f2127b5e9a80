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
mod event;
mod everything;
mod recent;
#[cfg(test)]
mod tests;
mod watcher;
mod watches;

pub(super) use event::{Event, Room};

use crate::limits;
use crate::positions::{Cursor, Positions, RecordNumber};
use crate::transport::ConnectionId;
use crate::wire::Watch;
use area_map::AreaMap;
use by_client::ByClient;
use recent::Recent;
use std::collections::VecDeque;
use watcher::{Next, State, Watcher};
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
    by_client: ByClient,
    by_place: AreaMap,
    of_everything: Vec<WatcherId>,
    /// There while anybody watches everything.
    recent: Option<Recent>,
    /// Those who have something to be told and are not blocked, in the order of their turns.
    due: VecDeque<WatcherId>,
    /// Whether somebody waits for the index of areas.
    awaits_areas: bool,
    /// How many events may still be told in this turn.
    share: usize,
    /// The records that have changed and may concern somebody, for [`walk`](Self::walk).
    changed: Vec<RecordNumber>,
}

/// One who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WatcherId(u32);

impl Hub {
    /// Somebody may watch from now on, and is given up by [`leave`](Self::leave).
    pub fn enter(&mut self, connection: ConnectionId) -> WatcherId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.watchers.push(None);
            WatcherId(self.watchers.len() as u32 - 1)
        });
        self.watchers[id.0 as usize] = Some(Box::new(Watcher::new(connection)));
        id
    }

    /// What is so now is to be told, and then what changes. The same watch again counts once, but what
    /// is so now is told again. False if these would be too many.
    pub fn watch(&mut self, id: WatcherId, watch: &Watch<'_>, positions: &mut Positions) -> bool {
        self.begin(positions);
        let mut fields = Vec::new();
        watch.write(&mut fields);
        let is_full = self.watches >= limits::WATCHES_MAX;
        let Some(watcher) = find(&mut self.watchers, id) else { return false };
        if !watcher.begin_again(&fields, positions) {
            if is_full || watcher.len() >= limits::WATCHES_PER_CLIENT_MAX {
                self.end_if_unused(positions);
                return false;
            }
            let watched = Watched::new(watch, fields.into());
            match watched.what() {
                What::Client => {
                    self.by_client.insert(watched.fields(), id);
                }
                What::Area(area) => self.by_place.insert(area, id),
                What::All => {
                    self.recent.get_or_insert_with(|| Recent::new(positions));
                    self.of_everything.push(id);
                }
            }
            self.watches += 1;
            watcher.add(watched, positions);
        }
        if watcher.change_state(State::Idle, State::Due) {
            self.due.push_back(id);
        }
        true
    }

    /// That watch ends: no event comes of it alone. False if there is none.
    pub fn unwatch(&mut self, id: WatcherId, watch: &Watch<'_>, positions: &mut Positions) -> bool {
        self.walk(positions);
        if *watch == Watch::All && !self.by_place.is_empty() {
            // So that it can be said who is in the areas that are still watched.
            positions.follow_areas(limits::AREA_CHANGES_PER_TURN);
        }
        let mut fields = Vec::new();
        watch.write(&mut fields);
        let Some(watcher) = find(&mut self.watchers, id) else { return false };
        let Some(watched) = watcher.remove(&fields, positions, self.recent.as_ref()) else {
            return false;
        };
        // There may be more to tell of what is still watched.
        if watcher.change_state(State::Idle, State::Due) {
            self.due.push_back(id);
        }
        self.forget(id, &watched);
        self.end_if_unused(positions);
        true
    }

    /// Tells one who watches everything, and is not far behind, what it has not been told: at once, and
    /// whether it was called or not.
    pub fn catch_up(
        &mut self,
        id: WatcherId,
        positions: &mut Positions,
        write: impl FnOnce(&Event<'_>),
    ) {
        self.walk(positions);
        if let (Some(watcher), Some(recent)) = (find(&mut self.watchers, id), &self.recent) {
            match watcher.take_recent(positions, self.noted_up_to, recent) {
                [] => {}
                lines => write(&Event::Lines(lines)),
            }
        }
    }

    /// It has gone.
    pub fn leave(&mut self, id: WatcherId, positions: &mut Positions) {
        let watcher = self.watchers.get_mut(id.0 as usize).and_then(Option::take);
        let Some(watcher) = watcher else { return };
        for watched in watcher.leave(positions) {
            self.forget(id, &watched);
        }
        self.free.push(id);
        self.end_if_unused(positions);
    }

    /// Whether it has yet to be told something that was so when a watch of it began.
    pub fn owes(&self, id: WatcherId) -> bool {
        let watcher = self.watchers.get(id.0 as usize).and_then(Option::as_ref);
        watcher.is_some_and(|watcher| watcher.is_beginning())
    }

    /// Whether it watches anything.
    pub fn is_watching(&self, id: WatcherId) -> bool {
        let watcher = self.watchers.get(id.0 as usize).and_then(Option::as_ref);
        watcher.is_some_and(|watcher| watcher.len() > 0)
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
        self.awaits_areas
    }

    /// Whether somebody is to be told something in the next turn, which should come at once.
    pub fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Notes what has changed with those whom it concerns.
    pub fn walk(&mut self, positions: &mut Positions) {
        let Some(cursor) = &self.cursor else { return };
        if self.noted_up_to == positions.head() {
            return;
        }
        // Most concern nobody, and nothing more is done about them.
        let concerns_all = self.recent.is_some() || !self.by_place.is_empty();
        let mut changed = std::mem::take(&mut self.changed);
        positions.pass(cursor, |change| {
            if concerns_all || self.by_client.may_hold(change.client()) {
                changed.push(change.number());
            }
        });
        for number in changed.drain(..) {
            let Some(change) = positions.change_of(number) else { continue };
            let noted = Noted::new(&change);
            if let Some(recent) = &mut self.recent {
                recent.add(&change);
            }
            for &id in self.by_client.of(change.client()) {
                note_with(&mut self.watchers, &mut self.due, id, noted);
            }
            if !self.by_place.is_empty() {
                let (was, is) = positions.settle(number);
                for point in [was, is].into_iter().flatten() {
                    self.by_place.around(point, |id| {
                        note_with(&mut self.watchers, &mut self.due, id, noted);
                    });
                }
            }
            if let Some(recent) = self.recent.as_mut().filter(|recent| recent.is_full()) {
                recent.shorten(&self.of_everything, &mut self.watchers, positions);
            }
        }
        self.changed = changed;
        self.noted_up_to = positions.head();
        for &id in &self.of_everything {
            let watcher = find(&mut self.watchers, id);
            if watcher.is_some_and(|watcher| watcher.change_state(State::Idle, State::Due)) {
                self.due.push_back(id);
            }
        }
    }

    /// A turn ends: those who are to be called in it, each of whom then asks to be told by
    /// [`tell`](Self::tell).
    pub fn call(&mut self, mut wake: impl FnMut(ConnectionId)) {
        self.share = limits::EVENTS_PER_TURN;
        self.awaits_areas = false;
        for _ in 0..limits::WATCHERS_PER_TURN {
            let Some(id) = self.due.pop_front() else { return };
            if let Some(watcher) = find(&mut self.watchers, id)
                && watcher.change_state(State::Due, State::Called)
            {
                wake(watcher.connection());
            }
        }
    }

    /// Tells one who was called what there is to tell, as long as `write` says that there is room for
    /// more; who has no more room calls [`resume`](Self::resume) when there is.
    pub fn tell(
        &mut self,
        id: WatcherId,
        positions: &mut Positions,
        mut write: impl FnMut(&Event<'_>) -> Room,
    ) {
        let Some(watcher) = find(&mut self.watchers, id) else { return };
        if watcher.state() != State::Called {
            return;
        }
        let mut share = self.share.min(limits::EVENTS_PER_WATCHER_AND_TURN);
        self.share -= share;
        let state = loop {
            if share == 0 {
                break State::Due;
            }
            share -= 1;
            let next = watcher.next(positions, self.noted_up_to, self.recent.as_ref());
            let told = match next {
                Next::Nothing => break State::Idle,
                Next::PassedOver => continue,
                Next::Areas => {
                    self.awaits_areas = true;
                    break State::Due;
                }
                Next::Lines(lines) => {
                    share = share.saturating_sub(lines.len() / limits::EVENT_BYTES_USUAL);
                    write(&Event::Lines(lines))
                }
                Next::Now(fields) => write(&Event::Now(&fields)),
                Next::Of(number) => match watcher.judge(number, positions) {
                    Some(event) => write(&event),
                    None => continue,
                },
                Next::Gone(number) => match watcher.judge_gone(number, positions) {
                    Some(event) => write(&event),
                    None => continue,
                },
            };
            if told == Room::No {
                break State::Blocked;
            }
        };
        self.share += share;
        watcher.set_state(state);
        if state == State::Due {
            self.due.push_back(id);
        }
    }

    /// Whoever was called cannot be told anything now, and calls [`resume`](Self::resume) when it can.
    pub fn block(&mut self, id: WatcherId) {
        if let Some(watcher) = find(&mut self.watchers, id) {
            watcher.change_state(State::Called, State::Blocked);
        }
    }

    /// One who was blocked is no longer.
    pub fn resume(&mut self, id: WatcherId) {
        let watcher = find(&mut self.watchers, id);
        if watcher.is_some_and(|watcher| watcher.change_state(State::Blocked, State::Due)) {
            self.due.push_back(id);
        }
    }

    /// From now on changes are noted, if they were not.
    fn begin(&mut self, positions: &mut Positions) {
        self.walk(positions);
        self.cursor.get_or_insert_with(|| positions.open_cursor());
        self.noted_up_to = positions.head();
    }

    /// With the last watch the cursor is given back: then a report costs what it did.
    fn end_if_unused(&mut self, positions: &mut Positions) {
        if self.of_everything.is_empty()
            && let Some(recent) = self.recent.take()
        {
            recent.end(positions);
        }
        if self.watches == 0
            && let Some(cursor) = self.cursor.take()
        {
            positions.close_cursor(cursor);
        }
    }

    /// A watch is no longer found by what it is about.
    fn forget(&mut self, id: WatcherId, watched: &Watched) {
        self.watches -= 1;
        match watched.what() {
            What::Client => self.by_client.remove(watched.fields(), id),
            What::Area(area) => self.by_place.remove(area, id),
            What::All => self.of_everything.retain(|&other| other != id),
        }
    }
}

/// Notes a change with one whom it concerns.
fn note_with(
    watchers: &mut [Option<Box<Watcher>>],
    due: &mut VecDeque<WatcherId>,
    id: WatcherId,
    noted: Noted,
) {
    if let Some(watcher) = find(watchers, id) {
        watcher.note(noted);
        if watcher.change_state(State::Idle, State::Due) {
            due.push_back(id);
        }
    }
}

fn find(watchers: &mut [Option<Box<Watcher>>], id: WatcherId) -> Option<&mut Watcher> {
    watchers.get_mut(id.0 as usize)?.as_deref_mut()
}
