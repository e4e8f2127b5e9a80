//! Who is told when, and how much at a time.

use super::event::{Event, News, Room};
use super::watcher::{Departed, Next, State};
use super::watches::Noted;
use super::{Hub, WatcherId, find};
use crate::limits;
use crate::positions::Positions;
use crate::transport::ConnectionId;
use std::rc::Rc;

impl Hub {
    /// A turn ends: those who are to be called in it, each of whom then asks to be told by
    /// [`tell`](Self::tell).
    pub fn call(&mut self, positions: &Positions, mut wake: impl FnMut(ConnectionId)) {
        for recent in self.recent.iter().flatten() {
            for &id in recent.watchers() {
                let watcher = find(&mut self.watchers, id)
                    .filter(|watcher| !watcher.is_told(recent, positions));
                if watcher.is_some_and(|watcher| watcher.change_state(State::Idle, State::Due)) {
                    self.due.push_back(id);
                }
            }
        }
        if positions.areas_are_current() {
            self.awaiting_areas.drain(..).rev().for_each(|id| self.due.push_front(id));
        }
        let mut called = 0;
        while called < limits::WATCHERS_PER_TURN
            && let Some(id) = self.due.pop_front()
        {
            if let Some(watcher) = find(&mut self.watchers, id)
                && watcher.change_state(State::Due, State::Called)
            {
                wake(watcher.connection());
                called += 1;
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
        // What the recent lines tell is how all are.
        self.walk(positions);
        let Some(watcher) = find(&mut self.watchers, id) else { return };
        if watcher.state() != State::Called {
            return;
        }
        let mut share = limits::EVENTS_PER_WATCHER;
        let (mut departed, mut fields): (Departed, Rc<[u8]>);
        let state = loop {
            if share == 0 {
                break State::Due;
            }
            share -= 1;
            let recent = self.recent[watcher.form().index()].as_ref();
            let told_up_to = watcher.told_up_to();
            let (sequence, news) = match watcher.next(positions, self.noted_up_to, recent) {
                Next::Nothing => break State::Idle,
                Next::PassedOver => continue,
                Next::Later => break State::Due,
                Next::Departed(one) => {
                    departed = one;
                    watcher.told_departure(departed.number);
                    (told_up_to, News::Expired(&departed.client))
                }
                Next::Areas => {
                    watcher.set_state(State::Due);
                    self.awaiting_areas.push(id);
                    return;
                }
                Next::Written(written) => {
                    // What is so now of other watches has its turn, however much changes.
                    let events = written.len() / limits::EVENT_BYTES_USUAL;
                    share = share.saturating_sub(events).max(1);
                    watcher.told_departure(self.departures.count());
                    (self.noted_up_to, News::Written(written))
                }
                Next::Now(of, sequence) => {
                    fields = of;
                    (sequence, News::Now(&fields))
                }
                Next::NowEverything(sequence) => (sequence, News::Now(b"*")),
                Next::Of(Noted { number, sequence }) => {
                    if watcher.watches_more_than_everything() && !self.by_place.is_empty() {
                        // From now on it is watched where it is, though the index may not have come to it.
                        positions.settle(number);
                    }
                    let Some(news) = watcher.judge(number, positions) else { continue };
                    (sequence, news)
                }
                Next::Since(noted, after) => {
                    let Some(news) = watcher.judge_since(noted, after, positions) else { continue };
                    (noted.sequence, news)
                }
                Next::Gone(Noted { number, sequence }) => {
                    let Some(news) = watcher.judge_gone(number, positions) else { continue };
                    (sequence, news)
                }
            };
            if !watcher.may_be_told(&news) {
                continue;
            }
            let departure = self.departures.beyond(sequence, watcher.departure());
            let event = Event { sequence, departure, news };
            watcher.told(&event);
            if write(&event) == Room::No {
                break State::Blocked;
            }
        };
        watcher.set_state(state);
        if state == State::Due {
            self.due.push_back(id);
        }
        self.kept = self.kept + watcher.kept() - watcher.take_counted();
    }

    /// False if so much is kept for all that this one, for whom much is, must go.
    pub fn may_stay(&self, id: WatcherId) -> bool {
        self.kept <= limits::WATCHED_MAX || !self.keeps_much_for(id)
    }

    /// Whether a command of that watcher may take long.
    pub fn keeps_much_for(&self, id: WatcherId) -> bool {
        let watcher = self.watcher(id);
        watcher.is_some_and(|watcher| watcher.kept().max(watcher.len()) > limits::WATCHED_MANY)
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

    /// Tells one who watches everything, and is not far behind, what it has not been told: at once, and
    /// whether it was called or not.
    pub fn catch_up(
        &mut self,
        id: WatcherId,
        positions: &mut Positions,
        write: impl FnOnce(&Event<'_>),
    ) {
        self.walk(positions);
        let Some(watcher) = find(&mut self.watchers, id) else { return };
        let Some(recent) = &self.recent[watcher.form().index()] else { return };
        match watcher.take_recent(positions, self.noted_up_to, recent) {
            [] => {}
            written => {
                watcher.told_departure(self.departures.count());
                let (sequence, news) = (self.noted_up_to, News::Written(written));
                let event = Event { sequence, departure: None, news };
                watcher.told(&event);
                write(&event);
            }
        }
    }
}
