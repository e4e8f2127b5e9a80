//! Who of those that one watches has departed, and whether it is to be told that.

use super::super::departures::Departure;
use super::super::recent::ToldDeparture;
use super::Watcher;
use super::resumed::Resumed;
use crate::positions::{Change, Cursor, Kind, Point, Positions};
use crate::wire::{EventId, Watch};

/// One who has departed, to be told so.
#[derive(Debug)]
pub(in crate::node::hub) struct Departed {
    pub number: u64,
    pub client: Box<[u8]>,
    /// Where it was told to be, where that is known: by that the watches that end meanwhile are told apart.
    point: Option<Point>,
}

impl Departed {
    pub(super) fn nowhere(number: u64, client: &[u8]) -> Self {
        Departed { number, client: client.into(), point: None }
    }
}

impl Watcher {
    /// It has been told who departed, up to that number.
    pub fn told_departure(&mut self, number: u64) {
        self.departure = number;
    }

    /// Up to which number it has been told who departed.
    pub fn departure(&self) -> u64 {
        self.departure
    }

    /// See [`Everything::fall_behind`]; `departed` are those whom the recent lines say to have, and where.
    pub fn fall_behind<'d>(
        &mut self,
        start: u64,
        departed: impl Iterator<Item = &'d ToldDeparture>,
        open: impl FnOnce() -> Cursor,
    ) {
        let Some(everything) = &mut self.everything else { return };
        if let Some(at) = everything.fall_behind(start, open) {
            let untold = departed.filter(|departure| departure.at >= at);
            let nowhere = |one: &ToldDeparture| Departed::nowhere(one.number, &one.client);
            self.departed.extend(untold.map(nowhere));
        }
    }

    /// A watch has ended: who departed from that one alone is not told of any more.
    pub(super) fn forget_departed(&mut self) {
        let Watcher { departed, watches, everything, .. } = self;
        if everything.is_none() {
            departed.retain(|departed| watches.still_take(&departed.client, departed.point));
        }
    }

    /// It was told before all up to the event `last`, and these have departed since.
    pub fn resume<'d>(
        &mut self,
        last: &EventId,
        watch: &Watch<'_>,
        departed: impl Iterator<Item = &'d Departure>,
    ) {
        self.told_up_to = last.sequence;
        self.departure = last.departure.unwrap_or(0);
        let concern = departed.filter(|departure| match watch {
            Watch::Client(client) => *client == &*departure.client,
            Watch::Area { .. } | Watch::All => true,
        });
        let mut resumed = Box::<Resumed>::default();
        for Departure { number, client, .. } in concern {
            if self.may_know(client) && resumed.departs(client) {
                self.departed.push_back(Departed::nowhere(*number, client));
            }
        }
        // Who watches everything is told all that changes.
        self.resumed = (*watch != Watch::All).then_some(resumed);
    }

    /// Whether it may have been told of somebody who departs, though neither that one's name nor place
    /// leads to it.
    pub fn is_unsettled(&self) -> bool {
        let walks = self.everything.as_ref().is_some_and(|everything| !everything.is_recent());
        let has_noted = !self.noted.is_empty() && self.watches.hold_areas();
        walks || has_noted || self.resumed.is_some()
    }

    /// What is in that record departs, as the departure of that number. Whether that is to be told.
    pub fn depart(&mut self, number: u64, change: &Change<'_>, positions: &Positions) -> bool {
        let told = self.told.remove(&change.number());
        let was_told = told.is_some();
        if !self.may_know(change.client()) {
            return false;
        }
        let tells = match &self.everything {
            None => self.departs_since(change, was_told, positions).unwrap_or(was_told),
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
            self.departed.push_back(Departed { number, client, point: told.flatten() });
        }
        tells
    }

    /// The same, while it is told what has changed since it was told before; then it is not known of whom it
    /// was told, unless that has been looked at.
    fn departs_since(
        &mut self,
        change: &Change<'_>,
        was_told: bool,
        positions: &Positions,
    ) -> Option<bool> {
        let resumed = self.resumed.as_mut()?;
        let beginning = self.beginnings.front()?;
        let is_concern = beginning.may_concern(change.client());
        let is_noted = self.noted.binary_search_by_key(&change.sequence(), |n| n.sequence).is_ok();
        let is_ahead = is_noted || beginning.is_ahead(change.sequence(), positions);
        let has_told_gone = || beginning.after().is_some_and(|after| change.sequence() <= after);
        let may_be_there =
            change.kind() == Kind::Position || change.was_known() && !has_told_gone();
        let was_out = resumed.forget(change.number());
        let tells = was_told || is_concern && is_ahead && may_be_there && !was_out;
        let is_first = !(tells || was_out) || resumed.departs(change.client());
        Some(was_told || tells && is_first)
    }
}
