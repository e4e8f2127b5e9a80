//! Those whose records were taken out, since their time was over: whoever was told of them is told that.
//!
//! It is no change, so no cursor meets it, and the record is gone, so there is nothing left to look at.
//! Before a record goes, those are found who were told of it: by the client's name and by where the
//! client is in the index of areas, as for a change; and besides, those of whom neither tells, who are
//! looked through for each that departs, and of whom there are few: who watches areas and has not been
//! told yet that somebody left, and who watches everything and is far behind.
//!
//! For who comes back with a number of the feed ([`Hub::watch`]) the last ones are kept.

use super::{Hub, WatcherId, call_one, find};
use crate::limits;
use crate::positions::{Change, Kind, Positions, RecordNumber};
use std::collections::VecDeque;

/// Who departed lately, for who comes back.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Whether anybody can come back: without a web port nobody can.
    is_kept: bool,
    /// Each with the feed's head when it departed.
    last: VecDeque<(u64, Box<[u8]>)>,
    /// The feed's head when one departed that is not among these any more.
    left_out: Option<u64>,
}

/// Those who are looked through for each that departs.
#[derive(Debug)]
pub(in crate::node) struct Unsettled(Vec<WatcherId>);

impl Departures {
    /// Whether all are known who have departed since that change.
    pub fn are_known_since(&self, after: u64) -> bool {
        self.left_out.is_none_or(|head| head < after)
    }

    /// Who has departed since that change.
    pub fn since(&self, after: u64) -> impl Iterator<Item = &[u8]> {
        let since = self.last.iter().filter(move |(head, _)| *head >= after);
        since.map(|(_, client)| &**client)
    }

    fn add(&mut self, head: u64, client: &[u8]) {
        if !self.is_kept {
            return;
        }
        if self.last.len() >= limits::DEPARTURES_KEPT_MAX {
            self.left_out = self.last.pop_front().map(|(head, _)| head);
        }
        self.last.push_back((head, client.into()));
    }
}

impl Hub {
    /// Keeps in mind who departed last, for those who come back.
    pub fn keep_departures(&mut self) {
        self.departures.is_kept = true;
    }

    /// Some are about to depart, one after the other.
    pub fn begin_departures(&mut self, positions: &mut Positions) -> Unsettled {
        self.walk(positions);
        let ids = (0..self.watchers.len() as u32).map(WatcherId::at);
        let is_unsettled = |id: &WatcherId| self.watcher(*id).is_some_and(|w| w.is_unsettled());
        Unsettled(ids.filter(is_unsettled).collect())
    }

    /// What is in that record departs: whoever was told of it is to be told that. How many were looked
    /// at.
    pub fn depart(
        &mut self,
        number: RecordNumber,
        Unsettled(unsettled): &Unsettled,
        positions: &Positions,
    ) -> usize {
        let Some(change) = positions.change_of(number) else { return 0 };
        self.departures.add(positions.head(), change.client());
        if self.cursor.is_none() {
            return 0;
        }
        let mut concerned = unsettled.clone();
        concerned.extend(self.by_client.of(change.client()));
        if !self.by_place.is_empty()
            && let Some(point) = positions.indexed_at(number)
        {
            self.by_place.around(point, |id| concerned.push(id));
        }
        concerned.sort_unstable();
        concerned.dedup();
        for &id in &concerned {
            self.tell_departed(id, &change, positions);
        }
        if change.kind() == Kind::Position {
            for recent in self.recent.iter_mut().flatten() {
                recent.add_departed(change.client(), self.noted_up_to);
            }
        }
        concerned.len()
    }

    /// They have departed.
    pub fn end_departures(&mut self, positions: &mut Positions) {
        for recent in self.recent.iter_mut().flatten() {
            recent.shorten(&mut self.watchers, positions);
        }
    }

    fn tell_departed(&mut self, id: WatcherId, change: &Change<'_>, positions: &Positions) {
        let Hub { watchers, due, kept, .. } = self;
        if find(watchers, id).is_some_and(|watcher| watcher.depart(change, positions)) {
            call_one((watchers, due, kept), id);
        }
    }
}
