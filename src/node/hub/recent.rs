//! The last changes as lines, for all who watch everything: written once, and copied to each.

use super::event::Event;
use super::watcher::Watcher;
use super::{WatcherId, find};
use crate::limits;
use crate::positions::{Change, Cursor, Positions};

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Recent {
    lines: Vec<u8>,
    /// How many bytes of lines there were before these.
    start: u64,
    /// In the feed where these lines begin: for who has fallen behind.
    cursor: Cursor,
    /// Where the later half begins, and the sequence number of the change before it.
    middle: Option<(usize, u64)>,
}

impl Recent {
    /// What changes from now on.
    pub fn new(positions: &mut Positions) -> Self {
        Recent { lines: Vec::new(), start: 0, cursor: positions.open_cursor(), middle: None }
    }

    /// Nobody watches everything any more.
    pub fn end(self, positions: &mut Positions) {
        positions.close_cursor(self.cursor);
    }

    pub fn add(&mut self, change: &Change<'_>) {
        let event = change.position().map_or(Event::Gone(*change), Event::At);
        event.write(&mut self.lines);
        if self.middle.is_none() && self.lines.len() >= limits::RECENT_EVENTS_BYTES_MAX / 2 {
            self.middle = Some((self.lines.len(), change.sequence()));
        }
    }

    pub fn is_full(&self) -> bool {
        self.lines.len() >= limits::RECENT_EVENTS_BYTES_MAX
    }

    /// Leaves out the earlier half. Who has not been told all of it goes on by a cursor of its own, from
    /// where the lines began: there it is at once, however much has changed since.
    pub fn shorten(
        &mut self,
        of_everything: &[WatcherId],
        watchers: &mut [Option<Box<Watcher>>],
        positions: &mut Positions,
    ) {
        let Some((middle, up_to)) = self.middle.take() else { return };
        let start = self.start + middle as u64;
        for &id in of_everything {
            if let Some(watcher) = find(watchers, id) {
                watcher.fall_behind(start, || positions.open_cursor_at(&self.cursor));
            }
        }
        positions.seek(&self.cursor, up_to);
        self.lines.drain(..middle);
        self.start = start;
    }

    /// Where the next line will be.
    pub fn end_at(&self) -> u64 {
        self.start + self.lines.len() as u64
    }

    /// The lines from there on.
    pub fn since(&self, at: u64) -> &[u8] {
        let skipped = at.saturating_sub(self.start) as usize;
        self.lines.get(skipped..).unwrap_or_default()
    }
}
