//! The last changes, for all who watch everything in one form: written once, and copied to each.

use super::event::{Event, Form, News};
use super::watcher::Watcher;
use super::{WatcherId, find};
use crate::limits;
use crate::positions::{Change, Cursor, Positions};
use std::collections::VecDeque;

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Recent {
    form: Form,
    watchers: Vec<WatcherId>,
    written: Vec<u8>,
    /// How many bytes there were before these.
    start: u64,
    /// In the feed where these begin: for who has fallen behind.
    cursor: Cursor,
    /// Where those are told of who departed, which is no change and so in no other place.
    departed: VecDeque<ToldDeparture>,
    /// Where the later half begins, and the sequence number of the change before it.
    middle: Option<(usize, u64)>,
}

/// One who departed, and where among the lines that is told.
#[derive(Debug)]
pub(super) struct ToldDeparture {
    pub at: u64,
    pub number: u64,
    pub client: Box<[u8]>,
}

impl Recent {
    /// What changes from now on.
    pub fn new(form: Form, positions: &mut Positions) -> Self {
        let cursor = positions.open_cursor();
        let (watchers, written) = (Vec::new(), Vec::new());
        let departed = VecDeque::new();
        Recent { form, watchers, written, start: 0, cursor, departed, middle: None }
    }

    /// Nobody watches everything any more.
    pub fn end(self, positions: &mut Positions) {
        positions.close_cursor(self.cursor);
    }

    /// Another one watches everything.
    pub fn join(&mut self, id: WatcherId) {
        self.watchers.push(id);
    }

    /// One does not any more. Whether that was the last.
    pub fn leave(&mut self, id: WatcherId) -> bool {
        self.watchers.retain(|&other| other != id);
        self.watchers.is_empty()
    }

    /// Those who watch everything.
    pub fn watchers(&self) -> &[WatcherId] {
        &self.watchers
    }

    pub fn add(&mut self, change: &Change<'_>) {
        // That somebody is forgotten of whom nobody was told concerns nobody.
        if !change.was_known() {
            return;
        }
        let news = change.position().map_or(News::Gone(*change), News::At);
        // Who departed before has departed before that change.
        self.write(&Event { sequence: change.sequence(), departure: None, news });
    }

    /// One has departed, behind all changes up to `sequence`.
    pub fn add_departed(&mut self, client: &[u8], sequence: u64, number: u64) {
        let at = self.end_at();
        self.departed.push_back(ToldDeparture { at, number, client: client.into() });
        let departure = (number > 0).then_some(number);
        self.write(&Event { sequence, departure, news: News::Expired(client) });
    }

    fn write(&mut self, event: &Event<'_>) {
        event.write(self.form, &mut self.written);
        if self.middle.is_none() && self.written.len() >= limits::RECENT_EVENTS_BYTES_MAX / 2 {
            self.middle = Some((self.written.len(), event.sequence));
        }
    }

    /// If these are many, leaves out the earlier half. Who has not been told all of it goes on by a
    /// cursor of its own, from where they began: there it is at once, however much has changed since.
    pub fn shorten(&mut self, watchers: &mut [Option<Box<Watcher>>], positions: &mut Positions) {
        if self.written.len() < limits::RECENT_EVENTS_BYTES_MAX {
            return;
        }
        let Some((middle, up_to)) = self.middle.take() else { return };
        let start = self.start + middle as u64;
        for &id in &self.watchers {
            if let Some(watcher) = find(watchers, id) {
                let open = || positions.open_cursor_at(&self.cursor);
                watcher.fall_behind(start, self.departed.iter(), open);
            }
        }
        positions.seek(&self.cursor, up_to);
        self.written.drain(..middle);
        self.start = start;
        self.departed.retain(|departure| departure.at >= start);
    }

    /// That one is told by a cursor of its own what it has not been told of them.
    pub fn let_go(&self, watcher: &mut Watcher, positions: &mut Positions) {
        let open = || positions.open_cursor_at(&self.cursor);
        watcher.fall_behind(self.end_at(), self.departed.iter(), open);
    }

    /// Where the next will be.
    pub fn end_at(&self) -> u64 {
        self.start + self.written.len() as u64
    }

    /// Those from there on.
    pub fn since(&self, at: u64) -> &[u8] {
        let skipped = at.saturating_sub(self.start) as usize;
        self.written.get(skipped..).unwrap_or_default()
    }
}
