//! What is so when a watch begins, told in shares and in the feed's order.

use super::watches::{Noted, Watched, What};
use crate::limits;
use crate::positions::{Change, Cursor, Positions};
use crate::wire::Location;
use std::rc::Rc;

/// What is so now of one watch, as far as it has been told.
#[derive(Debug)]
pub(super) struct Beginning {
    watched: Watched,
    /// How often it is to be said when all has been told: as often as it was asked for before it began.
    times: u32,
    source: Source,
    /// Of who was told before: all changes up to that number.
    after: Option<u64>,
    /// How many changes there were behind the end of the walk when it was last put off.
    rest: u64,
    /// Once all of it has been told: up to which change those are told, too, who moved before they were.
    end_at: Option<u64>,
}

/// Where it comes from.
#[derive(Debug)]
enum Source {
    NotBegun,
    /// A few, the next of which comes last.
    Listed(Vec<Noted>),
    /// An area in which there are many: the whole feed is looked through, up to this number.
    Walking(Cursor, u64),
}

/// What comes next of it.
#[derive(Debug)]
pub(super) enum Look {
    /// This change.
    At(Noted),
    /// Nothing yet: one was looked at that is not, or no longer, part of it.
    PassedOver,
    /// Nothing before the index of areas is up to date.
    Areas,
    /// Nothing more.
    Over,
}

impl Beginning {
    /// Of that watch, asked for once.
    pub fn new(watched: &Watched) -> Self {
        let (source, after) = (Source::NotBegun, None);
        let (rest, end_at) = (u64::MAX, None);
        Beginning { watched: watched.clone(), times: 1, source, after, rest, end_at }
    }

    /// Of who was told before all changes up to `after`. All are gone through who may have been told of:
    /// who left then is not known, and who is still there is not told again.
    pub fn since(watched: &Watched, after: u64) -> Self {
        Beginning { after: Some(after), ..Beginning::new(watched) }
    }

    /// Up to which number changes were told before.
    pub fn after(&self) -> Option<u64> {
        self.after
    }

    pub fn fields(&self) -> &Rc<[u8]> {
        self.watched.fields()
    }

    /// Whether it is about that client, as far as one can say who does not know where it was.
    pub fn may_concern(&self, client: &[u8]) -> bool {
        match self.watched.what() {
            What::Client => **self.fields() == *client,
            What::Area(_) => true,
        }
    }

    /// Whether what has that sequence number has yet to be looked at, if nothing else leads to it.
    pub fn is_ahead(&self, sequence: u64, positions: &Positions) -> bool {
        match &self.source {
            Source::NotBegun => true,
            Source::Listed(list) => list.iter().any(|noted| noted.sequence == sequence),
            Source::Walking(cursor, _) => sequence > positions.sent_up_to(cursor),
        }
    }

    /// Takes one that was asked for into account, if nothing of it has been told.
    pub fn counts_for(&mut self, fields: &[u8]) -> bool {
        let counts = matches!(self.source, Source::NotBegun) && **self.fields() == *fields;
        if counts {
            self.times = self.times.saturating_add(1);
        }
        counts
    }

    /// All has been told: what has changed meanwhile, up to which change, is told before that is said.
    pub fn end_at(&mut self, noted_up_to: u64) -> u64 {
        *self.end_at.get_or_insert(noted_up_to)
    }

    /// All has been told: whether that is to be said (once more).
    pub fn take_end(&mut self) -> bool {
        let says = self.times > 0;
        self.times = self.times.saturating_sub(1);
        says
    }

    /// Gives back what it holds.
    pub fn end(self, positions: &mut Positions) {
        if let Source::Walking(cursor, _) = self.source {
            positions.close_cursor(cursor);
        }
    }

    /// Looks at what comes next without taking it.
    pub fn look(&mut self, positions: &mut Positions) -> Look {
        if matches!(self.source, Source::NotBegun) {
            match self.begin(positions) {
                Some(source) => self.source = source,
                None => return Look::Areas,
            }
        }
        match &mut self.source {
            Source::NotBegun => Look::PassedOver,
            Source::Listed(list) => match list.last() {
                None => Look::Over,
                Some(noted) if noted.is_last(positions) => Look::At(*noted),
                // It is told as what it is now.
                Some(_) => {
                    list.pop();
                    Look::PassedOver
                }
            },
            Source::Walking(cursor, up_to) => {
                let next = positions.peek(cursor).filter(|change| change.sequence() <= *up_to);
                let Some(change) = next else {
                    // Who was told before may have been told of those who have moved since the walk began,
                    // wherever they were then. That is gone after, unless it gets no less.
                    let rest = positions.head() - *up_to;
                    if self.after.is_none()
                        || self.end_at.is_some()
                        || !(1..self.rest).contains(&rest)
                    {
                        return Look::Over;
                    }
                    (*up_to, self.rest) = (positions.head(), rest);
                    return Look::PassedOver;
                };
                let noted = Noted::new(&change);
                let has_changed = self.after.is_some_and(|after| change.sequence() > after);
                if has_changed || is_within(self.watched.what(), &change) {
                    return Look::At(noted);
                }
                positions.next(cursor);
                Look::PassedOver
            }
        }
    }

    /// Takes what was looked at.
    pub fn take(&mut self, positions: &mut Positions) {
        match &mut self.source {
            Source::NotBegun => {}
            Source::Listed(list) => {
                list.pop();
            }
            Source::Walking(cursor, _) => {
                positions.next(cursor);
            }
        }
    }

    /// None before the index of areas is up to date.
    fn begin(&self, positions: &mut Positions) -> Option<Source> {
        let listed = match (self.after, self.watched.what()) {
            (Some(_), What::Client) => {
                let change = positions.find_record(self.fields()).map(|n| positions.change_of(n));
                Some(change.flatten().iter().map(Noted::new).collect())
            }
            (Some(_), What::Area(_)) => None,
            (None, _) => self.watched.at_once(positions, limits::AREA_LISTED_MAX),
        };
        if let Some(mut list) = listed {
            list.reverse();
            return Some(Source::Listed(list));
        }
        positions.areas_are_current().then(|| {
            let cursor = positions.open_cursor_at_front();
            Source::Walking(cursor, positions.head())
        })
    }
}

fn is_within(what: &What, change: &Change<'_>) -> bool {
    let (What::Area(area), Some(position)) = (what, change.position()) else { return false };
    Location::parse(position.location()).is_some_and(|location| area.contains(&location))
}
