//! Where clients are: which are near a place, and which are within an area.
//!
//! **It costs nothing unless somebody asks.** The index is one cursor of the feed. The first
//! [`follow_areas`](Positions::follow_areas) makes it and goes through the feed from its beginning,
//! later ones through what has changed since; reports know nothing of it.
//!
//! **Poles and the 180th meridian are no edges**, because there are no degrees here: a place is a
//! [`Point`], the vector to it from the Earth's centre in units of 6 mm, and the nearer of two is the one
//! at the shorter chord. The cube around the Earth is halved along x, y and z in turn, until no box
//! holds more than 32 places: `tree`. A search goes through the boxes, nearer ones first: `walk`. So
//! what it costs follows how many it is to find and how crowded the place is, not the radius.
//!
//! **The order is exact.** Distances are great-circle distances rounded to the metre
//! ([`metres_between`]), and of clients that are equally far the ids decide. A search compares chords
//! in whole numbers, and keeps whoever may be among the nearest by them; what is left at its end is
//! measured, by the location's text where the chord leaves any doubt: `near`.
//!
//! **Long searches go in shares**, and what they find is as exact, and as it is at the one moment in which
//! they end: whatever is put elsewhere in the index meanwhile they are told of. How far one has come is a
//! place in the order in which a walk comes by all places, not one in the tree, which changes: `search` and
//! `order`. There is one at a time, so that a change costs the same however many ask.
//!
//! **Memory**: 12 bytes a record for its point, and 8 to 10 for its number in a leaf and the nodes
//! above: at a million clients all over the world 20.4 counted and 21.2 of the process, in a thousand
//! towns 21.5 and 22.4. The other layout that was measured had the points in the leaves, beside the
//! numbers, and each record's leaf by its number: a question for ten took two thirds of the time (3.4
//! to 5.6 µs, in the fastest tenth of rounds on a machine with much else to do), but 26.8 bytes, in
//! towns 28.7, where 24 are to be had.
//!
//! **The worst**: a search cannot tell clients apart that are equally far but by their ids, so a
//! crowd within the same metre is looked at as a whole. A million clients on one point, or within a
//! metre, cost each question there 200 to 550 ms (on that busy machine), in shares. Moving costs no more there than
//! elsewhere: below boxes of 6 m the tree goes on by the records' numbers.

mod area;
#[cfg(any(test, debug_assertions))]
mod check;
mod inside;
mod kept;
mod leaf;
mod near;
mod order;
mod search;
mod slots;
mod sphere;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use area::Area;
pub use kept::{FoundClient, Kept};
pub use near::{AtOnce, Near, Wanted};
pub use sphere::{Point, metres_between};

use super::change::{Change, RecordNumber};
use super::feed::{Cursor, Feed};
use super::record::Record;
use super::{Kind, Positions};
use crate::fault::fault;
use crate::limits;
use crate::wire::Location;
use near::Moment;
use search::Search;
use std::hint::black_box;
use tree::Tree;

/// The index, and how far it has come in the feed.
#[derive(Debug)]
pub(super) struct Areas {
    cursor: Cursor,
    tree: Tree,
    /// One that takes several turns.
    search: Option<Box<Search>>,
}

impl Areas {
    fn of(feed: &mut Feed) -> Box<Self> {
        Box::new(Areas { cursor: feed.open_at_front(), tree: Tree::new(), search: None })
    }

    /// Takes out a record that is removed.
    #[cold]
    pub fn remove(&mut self, number: u32) {
        self.put(number, None);
    }

    /// Puts a record where it is now, if anywhere; says where it was.
    fn put(&mut self, number: u32, now: Option<Point>) -> Option<Point> {
        let before = self.tree.put(number, now);
        if let Some(search) = &mut self.search {
            search.note(number, before, now);
        }
        before
    }
}

impl Positions {
    /// The change with that number, as it now is; `None` if its record has been removed.
    pub fn change_of(&self, number: RecordNumber) -> Option<Change<'_>> {
        let change = self.change(number.0);
        (!change.record.is_free()).then_some(change)
    }

    /// The number of a client's record, of whichever kind.
    pub fn find_record(&self, client: &[u8]) -> Option<RecordNumber> {
        self.lookup_any(self.hash(client), client).map(RecordNumber)
    }

    /// Brings the index of areas up to the feed's head, by at most `share` changes; how many it took.
    /// The first call makes the index.
    pub fn follow_areas(&mut self, share: usize) -> usize {
        const BATCH: usize = limits::PREFETCH_LINES_MAX;
        let Positions { feed, areas, .. } = self;
        let areas = &mut **areas.get_or_insert_with(|| Areas::of(feed));
        let mut taken = 0;
        loop {
            // As with reports, memory is waited for once for several.
            let mut batch = [(0, None); BATCH];
            let mut len = 0;
            while len < BATCH.min(share - taken)
                && let Some(number) = feed.next(&areas.cursor)
            {
                batch[len] = (number, point_of(feed.record(number)));
                black_box(areas.tree.find(number));
                len += 1;
            }
            for &(number, point) in &batch[..len] {
                areas.put(number, point);
            }
            taken += len;
            if len < BATCH {
                return taken;
            }
        }
    }

    /// Whether the index of areas holds what the feed's head says; not before it is made.
    pub fn areas_are_current(&self) -> bool {
        self.areas.as_ref().is_some_and(|areas| self.feed.peek(&areas.cursor).is_none())
    }

    /// Brings one record up to date in the index of areas at once, wherever in the feed that is; says
    /// where it was in the index, and where it is now: nowhere, if it is a tombstone or removed.
    pub fn settle(&mut self, number: RecordNumber) -> (Option<Point>, Option<Point>) {
        let Positions { feed, areas, .. } = self;
        let areas = areas.get_or_insert_with(|| Areas::of(feed));
        let now = point_of(feed.record(number.0));
        (areas.put(number.0, now), now)
    }

    /// Where a record was when the index last came to it; nowhere, if it is not in it.
    pub fn indexed_at(&self, number: RecordNumber) -> Option<Point> {
        self.areas.as_ref().and_then(|areas| areas.tree.find(number.0))
    }

    /// The clients in the area that are nearest to its centre, at most `bound`, without the client
    /// `but` and only those `wanted`, by distance and then by the bytes of their ids, put into `found`
    /// (which is cleared first). Returns how many places were looked at for that, or what costs as much.
    ///
    /// # Errors
    /// The same, if it is too much for `at_once`: then there is [`begin_search`](Self::begin_search).
    ///
    /// The index must be [current](Self::areas_are_current), or nothing is found.
    pub fn near(
        &self,
        area: &Area,
        bound: usize,
        but: Option<&[u8]>,
        wanted: Option<Wanted<'_>>,
        at_once: AtOnce,
        found: &mut Vec<Near>,
    ) -> Result<usize, usize> {
        found.clear();
        let Some(tree) = self.current_areas().filter(|_| bound > 0) else { return Ok(0) };
        let mut moment = self.moment(tree, but, wanted);
        let examined = near::nearest(&mut moment, area, bound, at_once, found)?;
        // Who asks for a few will read them all at once.
        self.prefetch_near(found);
        Ok(examined)
    }

    /// Begins to search in shares for what [`near`](Self::near) finds at once, in place of any such search
    /// that has been begun.
    pub fn begin_search(&mut self, area: &Area, bound: usize) {
        let Positions { feed, areas, .. } = self;
        let areas = areas.get_or_insert_with(|| Areas::of(feed));
        areas.search = Some(Box::new(Search::new(area, bound)));
    }

    /// Whether one has been begun, and has not come to its end.
    pub fn is_searching(&self) -> bool {
        self.areas.as_ref().is_some_and(|areas| areas.search.is_some())
    }

    /// Goes on with it, with the same `but` and `wanted` each time, for a share of so many places, or what
    /// costs as much: what the share was in the end, and, when that was the last one, all that is found, as
    /// it is now.
    ///
    /// The index must be [current](Self::areas_are_current), or it does not go on.
    pub fn search(
        &mut self,
        but: Option<&[u8]>,
        wanted: Option<Wanted<'_>>,
        share: usize,
    ) -> (usize, Option<Kept>) {
        let is_current = self.current_areas().is_some();
        let areas = self.areas.as_mut().filter(|_| is_current);
        let search = areas.and_then(|areas| areas.search.take());
        let (Some(mut search), Some(tree)) = (search, self.current_areas()) else {
            return (0, None);
        };
        let (spent, found) = search.go_on(&mut self.moment(tree, but, wanted), share);
        if let Some(areas) = self.areas.as_mut().filter(|_| found.is_none()) {
            areas.search = Some(search);
        }
        (spent, found)
    }

    /// Nobody waits for it any more.
    pub fn end_search(&mut self) {
        if let Some(areas) = &mut self.areas {
            areas.search = None;
        }
    }

    /// All clients in the area, each with its sequence number, in the order of these; `None` if they
    /// are more than `max`.
    ///
    /// The index must be [current](Self::areas_are_current), or none are found.
    pub fn inside(&self, area: &Area, max: usize) -> Option<Vec<(u64, RecordNumber)>> {
        match self.current_areas() {
            Some(tree) => inside::all_inside(self, tree, area, max),
            None => Some(vec![]),
        }
    }

    /// The memory that the index of areas takes, which is not part of [`bytes`](Self::bytes).
    pub fn areas_bytes(&self) -> usize {
        self.areas.as_ref().map_or(0, |areas| size_of::<Areas>() + areas.tree.bytes())
    }

    fn moment<'a>(
        &'a self,
        tree: &'a Tree,
        but: Option<&[u8]>,
        wanted: Option<Wanted<'a>>,
    ) -> Moment<'a> {
        let but = but.and_then(|client| self.lookup(self.hash(client), client));
        Moment { positions: self, tree, but, wanted, without_dead: false }
    }

    /// What a record's text says must be what the index holds: so it is asked only when it is current.
    fn current_areas(&self) -> Option<&Tree> {
        if !self.areas_are_current() {
            fault!("an area is asked for before the index has come to the feed's head");
            return None;
        }
        self.areas.as_ref().map(|areas| &areas.tree)
    }
}

/// Where a record is, if it is a position. (A text whose location is none would be nowhere; no parser
/// lets one through.)
fn point_of(record: &Record) -> Option<Point> {
    if record.is_free() || record.kind() == Kind::Tombstone {
        return None;
    }
    Location::parse(record.text().location()).map(|location| Point::of(&location))
}
