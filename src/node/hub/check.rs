//! Whether what is known of watchers is consistent.

use super::watcher::State;
use super::{Hub, WatcherId};
use crate::positions::Positions;

impl Hub {
    /// What is wrong, if anything is. Costs as much as there is to watch.
    pub fn check(&self, positions: &Positions) -> Result<(), String> {
        let mut watches = 0;
        for (number, watcher) in (0..).zip(&self.watchers) {
            let Some(watcher) = watcher else { continue };
            watcher.check(positions)?;
            watches += watcher.len();
            let id = WatcherId::at(number);
            let waits = self.due.contains(&id) || self.awaiting_areas.contains(&id);
            if watcher.state() == State::Due && !waits {
                return Err(format!("{}: has no turn to be told", watcher.connection()));
            }
        }
        if watches != self.watches {
            return Err(format!("{watches} watches are counted as {}", self.watches));
        }
        if self.cursor.is_some() != (watches > 0) {
            return Err(format!("a cursor is open: {}, for {watches}", self.cursor.is_some()));
        }
        if self.recent.iter().flatten().any(|recent| recent.watchers().is_empty()) {
            return Err("recent changes are kept for nobody".to_owned());
        }
        Ok(())
    }
}
