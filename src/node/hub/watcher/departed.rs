//! Who of those that one watches has departed, and whether it is to be told that.

use super::Watcher;
use crate::positions::{Change, Kind, Positions};
use crate::wire::Watch;

impl Watcher {
    /// It was told before of all changes up to `after`, and these have departed since.
    pub fn resume<'d>(
        &mut self,
        after: u64,
        watch: &Watch<'_>,
        departed: impl Iterator<Item = &'d [u8]>,
    ) {
        self.told_up_to = after;
        let concern = departed.filter(|client| match watch {
            Watch::Client(watched) => watched == client,
            Watch::Area { .. } | Watch::All => true,
        });
        self.departed.extend(concern.map(Box::from));
    }

    /// Whether it may have been told of somebody who departs, though neither that one's name nor place
    /// leads to it.
    pub fn is_unsettled(&self) -> bool {
        let walks = self.everything.as_ref().is_some_and(|everything| !everything.is_recent());
        walks || !self.noted.is_empty() && self.watches.hold_areas()
    }

    /// What is in that record departs. Whether that is to be told.
    pub fn depart(&mut self, change: &Change<'_>, positions: &Positions) -> bool {
        let was_told = self.told.remove(&change.number()).is_some();
        let tells = match &self.everything {
            None => was_told,
            Some(everything) if everything.is_recent() => false,
            Some(everything) => {
                let is_position = change.kind() == Kind::Position;
                was_told || is_position && everything.may_have_told(change, positions)
            }
        };
        if tells {
            self.departed.push_back(change.client().into());
        }
        tells
    }
}
