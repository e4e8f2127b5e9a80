//! What one connection watches.

use crate::positions::{Area, Change, Point, Position, Positions, RecordNumber};
use crate::wire::{Location, Watch};
use std::rc::Rc;

/// One watch of a connection, but the one of everything.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    /// As they are written, with single spaces: by these it is told from others. They may be as long as a
    /// line, so whoever names the watch shares them.
    fields: Rc<[u8]>,
    what: What,
}

/// What a watch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The client whose id the fields are.
    Client,
    /// Those within a circle.
    Area(Area),
}

impl Watched {
    /// `fields` are those of the watch. None if it is of everything.
    pub fn new(watch: &Watch<'_>, fields: &[u8]) -> Option<Self> {
        let what = match watch {
            Watch::Client(_) => What::Client,
            Watch::Area { location, radius_micrometres, .. } => {
                What::Area(Area::new(*location, *radius_micrometres))
            }
            Watch::All => return None,
        };
        Some(Watched { fields: fields.into(), what })
    }

    pub fn fields(&self) -> &Rc<[u8]> {
        &self.fields
    }

    pub fn what(&self) -> &What {
        &self.what
    }

    /// What is so of it, in the feed's order, if that can be said at once: not while the index of areas is
    /// behind, nor where there are more.
    pub fn at_once(&self, positions: &Positions, most: usize) -> Option<Vec<Noted>> {
        let list = match &self.what {
            What::Client => {
                let known = positions.find(&self.fields);
                return Some(known.iter().map(|position| Noted::new(position)).collect());
            }
            What::Area(area) if positions.areas_are_current() => positions.inside(area, most)?,
            What::Area(_) => return None,
        };
        let noted = |(sequence, number)| Noted { sequence, number };
        Some(list.into_iter().map(noted).collect())
    }
}

/// The watches of a connection, but the one of everything, which makes all others idle.
#[derive(Debug, Default)]
pub(super) struct Watches {
    watches: Vec<Watched>,
}

impl Watches {
    pub fn len(&self) -> usize {
        self.watches.len()
    }

    /// Whether any is of an area.
    pub fn hold_areas(&self) -> bool {
        self.watches.iter().any(|watched| matches!(watched.what, What::Area(_)))
    }

    pub fn find(&self, fields: &[u8]) -> Option<&Watched> {
        self.watches.iter().find(|watched| **watched.fields() == *fields)
    }

    pub fn add(&mut self, watched: Watched) {
        self.watches.push(watched);
    }

    pub fn remove(&mut self, fields: &[u8]) -> Option<Watched> {
        let at = self.watches.iter().position(|watched| **watched.fields() == *fields)?;
        Some(self.watches.swap_remove(at))
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Watched> {
        self.watches.drain(..)
    }

    /// Whether that position is watched, and where it is.
    pub fn take(&self, position: &Position<'_>) -> (bool, Option<Point>) {
        let location = Location::parse(position.location());
        let point = location.as_ref().map(Point::of);
        let is_taken = self.watches.iter().any(|watched| match (watched.what, location, point) {
            (What::Client, ..) => **watched.fields() == *position.client(),
            (What::Area(area), Some(location), Some(point)) => {
                area.may_contain(point) && area.contains(&location)
            }
            (What::Area(_), ..) => false,
        });
        (is_taken, point)
    }

    /// Whether a client that was told of at that point is still watched there.
    pub fn still_take(&self, client: &[u8], point: Option<Point>) -> bool {
        self.watches.iter().any(|watched| match (watched.what, point) {
            (What::Client, _) => **watched.fields() == *client,
            (What::Area(area), Some(point)) => area.may_contain(point),
            (What::Area(_), None) => false,
        })
    }
}

/// A change that is to be told of, unless there is a later one of the same record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noted {
    pub sequence: u64,
    pub number: RecordNumber,
}

impl Noted {
    pub fn new(change: &Change<'_>) -> Self {
        Noted { sequence: change.sequence(), number: change.number() }
    }

    /// Whether the record has not changed again.
    pub fn is_last(&self, positions: &Positions) -> bool {
        let change = positions.change_of(self.number);
        change.is_some_and(|change| change.sequence() == self.sequence)
    }
}
