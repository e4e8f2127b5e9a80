//! How far one who watches everything has come.

use super::recent::Recent;
use super::watcher::Next;
use super::watches::Noted;
use crate::limits;
use crate::positions::{Change, Cursor, Kind, Positions};

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Everything {
    place: Place,
    /// How many more times what is so is to be told, each from the beginning.
    again: u32,
    /// Whether it never shares the recent lines, since it may not be told all that they tell.
    is_alone: bool,
}

#[derive(Debug)]
enum Place {
    /// Among the recent lines: what is before `at` has been told, which are the changes up to `up_to`.
    Recent { at: u64, up_to: u64 },
    /// Apart from these, and level with the hub: changes up to this number have been told. It has no cursor:
    /// there may be very many that are at rest, and each would be in the way of all others.
    Level { up_to: u64 },
    /// Somewhere in the feed: with all that is so when the watch began, or far behind.
    Walking {
        cursor: Cursor,
        /// Changes up to this number have been told, though they may come after the cursor.
        told_up_to: u64,
        /// What is so now, up to this number, is being told.
        now: Option<u64>,
        /// Whether those have been told, too, who moved before they were told.
        is_again: bool,
        /// Who was forgotten up to this number is not part of what is so.
        quiet_up_to: u64,
        /// Nothing was told before what is so now.
        is_first: bool,
    },
}

impl Everything {
    /// What is so now is told first.
    /// It `is_first` if nobody was told of before, by another watch.
    pub fn new(positions: &mut Positions, is_first: bool) -> Self {
        let head = positions.head();
        Everything {
            place: Place::from_the_front(positions, head, is_first),
            again: 0,
            is_alone: false,
        }
    }

    /// What has changed since `after` is told first, to one who was told all before.
    pub fn since(after: u64, positions: &mut Positions) -> Self {
        // What lies near the end is found from there; else all is passed over from the front, in shares.
        let is_near = positions.head() - after <= limits::RESUMED_CHANGES_MAX;
        let cursor = if is_near {
            let cursor = positions.open_cursor();
            positions.seek(&cursor, after);
            cursor
        } else {
            positions.open_cursor_at_front()
        };
        let now = Some(positions.head());
        let (told_up_to, quiet_up_to) = (after, after);
        let (is_again, is_first) = (false, false);
        let place = Place::Walking { cursor, told_up_to, now, is_again, quiet_up_to, is_first };
        Everything { place, again: 0, is_alone: false }
    }

    /// From now on it does not share the recent lines.
    pub fn go_alone(&mut self) {
        self.is_alone = true;
        if let Place::Recent { up_to, .. } = self.place {
            self.place = Place::Level { up_to };
        }
    }

    /// What is so now is to be told once more.
    pub fn begin_again(&mut self, positions: &mut Positions) {
        match &self.place {
            Place::Walking { now: Some(_), .. } => self.again = self.again.saturating_add(1),
            _ => self.restart(positions),
        }
    }

    fn restart(&mut self, positions: &mut Positions) {
        let front = Place::from_the_front(positions, self.told_up_to(positions), false);
        self.replace(front, positions);
    }

    /// Whether what is so now has not all been told.
    pub fn is_beginning(&self) -> bool {
        self.again > 0 || matches!(self.place, Place::Walking { now: Some(_), .. })
    }

    /// Whether it has been told what has that sequence number: who has changed since has another.
    pub fn has_told(&self, sequence: u64, positions: &Positions) -> bool {
        sequence <= self.told_up_to(positions)
    }

    /// Whether it is told by the recent lines.
    pub fn is_recent(&self) -> bool {
        matches!(self.place, Place::Recent { .. })
    }

    /// Whether it has told of all who have changed: by the recent lines, or apart from them for good.
    pub fn is_level(&self, positions: &Positions) -> bool {
        match &self.place {
            Place::Recent { .. } => true,
            Place::Level { up_to } => *up_to == positions.head(),
            Place::Walking { .. } => false,
        }
    }

    /// Up to which sequence number all has been told that is still so.
    fn told_up_to(&self, positions: &Positions) -> u64 {
        match &self.place {
            Place::Recent { up_to, .. } | Place::Level { up_to } => *up_to,
            Place::Walking { cursor, told_up_to, .. } => {
                positions.sent_up_to(cursor).max(*told_up_to)
            }
        }
    }

    /// Whether all has been told that the recent lines tell.
    pub fn has_caught_up(&self, recent: &Recent, positions: &Positions) -> bool {
        match &self.place {
            Place::Recent { at, .. } => *at == recent.end_at(),
            Place::Level { .. } | Place::Walking { .. } => self.is_level(positions),
        }
    }

    /// The recent lines that have not been told, up to that change, and count as told; none for who is
    /// far behind.
    pub fn take_recent<'r>(
        &mut self,
        positions: &mut Positions,
        noted_up_to: u64,
        recent: &'r Recent,
    ) -> &'r [u8] {
        match &mut self.place {
            Place::Recent { at, up_to } => {
                let lines = recent.since(*at);
                (*at, *up_to) = (recent.end_at(), noted_up_to);
                lines
            }
            Place::Level { .. } => &[],
            Place::Walking { now, .. } => {
                if !self.is_alone && now.is_none() && self.told_up_to(positions) >= noted_up_to {
                    self.go_live(positions, noted_up_to, recent);
                }
                &[]
            }
        }
    }

    /// It has come to the end of the recent lines.
    fn go_live(&mut self, positions: &mut Positions, noted_up_to: u64, recent: &Recent) {
        self.replace(Place::Recent { at: recent.end_at(), up_to: noted_up_to }, positions);
    }

    fn replace(&mut self, place: Place, positions: &mut Positions) {
        std::mem::replace(&mut self.place, place).end(positions);
    }

    /// It goes no further.
    pub fn end(self, positions: &mut Positions) {
        self.place.end(positions);
    }

    /// Whether the client of that record may have been told of, where it is told by a cursor.
    pub fn may_have_told(&self, change: &Change<'_>, positions: &Positions) -> bool {
        match &self.place {
            // Those tell that it has departed.
            Place::Recent { .. } => false,
            // (Who moved while what is so was told may have been told of before.)
            Place::Walking { is_first: true, is_again: false, now: Some(up_to), .. } => {
                self.has_told(change.sequence(), positions) || change.sequence() > *up_to
            }
            Place::Level { .. } | Place::Walking { .. } => true,
        }
    }

    /// The recent lines begin at `start` now. If some before it have not been told, the rest is told by a
    /// cursor, which is opened where those lines began: since where they had been told.
    pub fn fall_behind(&mut self, start: u64, open: impl FnOnce() -> Cursor) -> Option<u64> {
        if let Place::Recent { at, up_to } = self.place
            && at < start
        {
            self.place = Place::behind(open(), up_to);
            return Some(at);
        }
        None
    }

    /// What is to be told next, of the changes up to `noted_up_to`, the end of the recent lines.
    pub fn next<'r>(
        &mut self,
        positions: &mut Positions,
        noted_up_to: u64,
        recent: &'r Recent,
    ) -> Next<'r> {
        if let Place::Level { up_to } = self.place
            && up_to < noted_up_to
        {
            let cursor = positions.open_cursor();
            positions.seek(&cursor, up_to);
            self.place = Place::behind(cursor, up_to);
        }
        match &mut self.place {
            Place::Level { .. } => Next::Nothing,
            Place::Recent { .. } => match self.take_recent(positions, noted_up_to, recent) {
                [] => Next::Nothing,
                written => Next::Written(written),
            },
            Place::Walking { cursor, told_up_to, now, is_again, quiet_up_to, .. } => {
                let next = positions.peek(cursor).map(|change| change.sequence());
                let next = next.filter(|&sequence| sequence <= noted_up_to);
                if next.is_some() && !*is_again && *now < next {
                    // Who moved meanwhile is told, too, before that is said.
                    (*now, *is_again) = (now.map(|_| noted_up_to), true);
                }
                if let Some(up_to) = *now
                    && next.is_none_or(|sequence| sequence > up_to)
                {
                    *now = None;
                    if self.again > 0 {
                        self.again -= 1;
                        self.restart(positions);
                    }
                    return Next::NowEverything(up_to);
                }
                let Some(sequence) = next else {
                    match self.is_alone {
                        true => self.replace(Place::Level { up_to: noted_up_to }, positions),
                        false => self.go_live(positions, noted_up_to, recent),
                    }
                    return Next::Nothing;
                };
                let (is_told, is_quiet) = (sequence <= *told_up_to, sequence <= *quiet_up_to);
                match positions.next(cursor) {
                    Some(_) if is_told => Next::PassedOver,
                    Some(change) if is_quiet && change.kind() == Kind::Tombstone => {
                        Next::Gone(Noted::new(&change))
                    }
                    Some(change) => Next::Of(Noted::new(&change)),
                    None => Next::PassedOver,
                }
            }
        }
    }
}

impl Place {
    fn from_the_front(positions: &mut Positions, quiet_up_to: u64, is_first: bool) -> Self {
        let cursor = positions.open_cursor_at_front();
        let now = Some(positions.head());
        Place::Walking { cursor, told_up_to: 0, now, is_again: false, quiet_up_to, is_first }
    }

    /// At the cursor, where all up to that number has been told.
    fn behind(cursor: Cursor, told_up_to: u64) -> Self {
        let (now, is_again, quiet_up_to, is_first) = (None, false, 0, false);
        Place::Walking { cursor, told_up_to, now, is_again, quiet_up_to, is_first }
    }

    fn end(self, positions: &mut Positions) {
        if let Place::Walking { cursor, .. } = self {
            positions.close_cursor(cursor);
        }
    }
}
