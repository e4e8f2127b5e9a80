//! Those whose records were taken out, since their time was over: whoever was told of them is told that.
//!
//! It is no change, so no cursor meets it, and the record is gone, so there is nothing left to look at.
//! Before a record goes, those are found who were told of it: by the client's name and by where the
//! client is in the index of areas, as for a change; and besides, those of whom neither tells, who are
//! looked through for each that departs, and of whom there are few: who watches areas and has not been
//! told yet that somebody left, who came back and has not been told yet what changed meanwhile, and who
//! watches everything and is far behind.
//!
//! Departures are numbered, too: who comes back ([`Hub::watch`]) says up to which it has been told. That is
//! the last before the last change that it was told of, unless its number says otherwise; and for that the
//! last ones are kept.

use super::{Hub, WatcherId, call_one, find};
use crate::limits;
use crate::positions::{Change, Kind, Positions, RecordNumber};
use crate::wire::EventId;
use std::collections::VecDeque;

/// Who departed lately, for who comes back.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Whether anybody can come back: without a web port nobody can.
    is_kept: bool,
    /// The number of the last: as many as have departed.
    count: u64,
    last: VecDeque<Departure>,
    /// The feed's head at the last departure that is not among these any more.
    left_out: Option<u64>,
}

/// One who departed.
#[derive(Debug)]
pub(super) struct Departure {
    pub number: u64,
    /// The feed's head at that time.
    head: u64,
    pub client: Box<[u8]>,
    /// Who was told all changes up to that number was told that it was forgotten.
    gone_at: Option<u64>,
}

/// Those who are looked through for each that departs.
#[derive(Debug)]
pub(in crate::node) struct Unsettled(Vec<WatcherId>);

impl Departures {
    /// The number of the last.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether all are known who have departed since that event, and it may be one of ours.
    pub fn are_known_since(&self, last: &EventId) -> bool {
        match last.departure {
            Some(number) => (self.count - self.last.len() as u64..=self.count).contains(&number),
            None => self.left_out.is_none_or(|head| head < last.sequence),
        }
    }

    /// Who has departed since that event, as far as it may have been told of them.
    pub fn since(&self, last: EventId) -> impl Iterator<Item = &Departure> {
        self.last.iter().filter(move |departure| {
            let is_later = match last.departure {
                Some(number) => departure.number > number,
                None => departure.head >= last.sequence,
            };
            is_later && departure.gone_at.is_none_or(|gone_at| gone_at > last.sequence)
        })
    }

    /// That number, if whoever has been told all changes up to `sequence` has to be told that it was told
    /// all departures up to that number.
    pub fn beyond(&self, sequence: u64, number: u64) -> Option<u64> {
        let is_kept = self.count - number < self.last.len() as u64;
        let head = match is_kept {
            true => {
                self.last.get(self.last.len() - 1 - (self.count - number) as usize).map(|d| d.head)
            }
            false => self.left_out,
        };
        head.filter(|&head| number > 0 && head >= sequence).map(|_| number)
    }

    fn add(&mut self, head: u64, change: &Change<'_>) {
        let gone_at = (change.kind() == Kind::Tombstone).then_some(change.sequence());
        if !self.is_kept || gone_at.is_some() && !change.was_known() {
            return;
        }
        self.count += 1;
        if self.last.len() >= limits::DEPARTURES_KEPT_MAX {
            self.left_out = self.last.pop_front().map(|departure| departure.head);
        }
        let (number, client) = (self.count, change.client().into());
        self.last.push_back(Departure { number, head, client, gone_at });
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
        self.departures.add(positions.head(), &change);
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
                recent.add_departed(change.client(), self.noted_up_to, self.departures.count);
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
        let Hub { watchers, due, kept, departures, .. } = self;
        let number = departures.count;
        if find(watchers, id).is_some_and(|watcher| watcher.depart(number, change, positions)) {
            call_one((watchers, due, kept), id);
        }
    }
}
