//! Who of those that one watches has departed, and whether it is to be told that.

use super::Watcher;
use crate::positions::{Change, Kind, Point, Positions};
use crate::wire::Watch;

/// One who has departed, to be told so.
#[derive(Debug)]
pub(super) struct Departed {
    pub client: Box<[u8]>,
    /// Where it was told to be, where that is known: by that the watches that end meanwhile are told apart.
    point: Option<Point>,
}

impl Departed {
    pub(super) fn nowhere(client: &[u8]) -> Self {
        Departed { client: client.into(), point: None }
    }
}

impl Watcher {
    /// A watch has ended: who departed from that one alone is not told of any more.
    pub(super) fn forget_departed(&mut self) {
        let Watcher { departed, watches, everything, .. } = self;
        if everything.is_none() {
            departed.retain(|departed| watches.still_take(&departed.client, departed.point));
        }
    }

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
        self.departed.extend(concern.map(Departed::nowhere));
    }

    /// Whether it may have been told of somebody who departs, though neither that one's name nor place
    /// leads to it.
    pub fn is_unsettled(&self) -> bool {
        let walks = self.everything.as_ref().is_some_and(|everything| !everything.is_recent());
        walks || !self.noted.is_empty() && self.watches.hold_areas()
    }

    /// What is in that record departs. Whether that is to be told.
    pub fn depart(&mut self, change: &Change<'_>, positions: &Positions) -> bool {
        let told = self.told.remove(&change.number());
        let was_told = told.is_some();
        let tells = match &self.everything {
            None => was_told,
            Some(everything) if everything.is_recent() => false,
            Some(everything) => {
                // Of one who was forgotten long ago, and of whom that has not been told.
                let is_untold =
                    || change.was_known() && !everything.has_told(change.sequence(), positions);
                let matters = change.kind() == Kind::Position || is_untold();
                was_told || matters && everything.may_have_told(change, positions)
            }
        };
        if tells {
            let client = change.client().into();
            self.departed.push_back(Departed { client, point: told.flatten() });
        }
        tells
    }
}
