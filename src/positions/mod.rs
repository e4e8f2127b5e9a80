//! The last position of every client, the order in which the changes came, and a digest of it all.
//!
//! [`Positions`] is a map in which the last writer wins: of two reports about a client the greater
//! by the total order of [`order`] stays, whichever came first. So servers that have heard the same
//! reports hold the same positions, in whatever order and however often they heard them.
//!
//! Every accepted change gets the next local **sequence number**, from 1. The records form one
//! list in the order of these numbers: the **feed**. Whoever must hear of changes opens a
//! [`Cursor`] and walks from it to the end. Nothing is queued for anybody: a client that moved ten
//! times since a cursor passed is met once, with its last position.
//!
//! The **digest** is the sum, modulo 2⁶⁴, of a fixed hash of each record: the origin's name, the
//! difference and the text. Equal digests mean (but for chance) equal positions; sequence numbers
//! and who told us are this server's own and have no part in it.
//!
//! A position with a text of up to 62 bytes takes 104 bytes and 9 to 19 more in the index. An
//! update of a known client allocates nothing unless its text is longer than that and than all
//! before. Growing never stops to copy what is there: see `record` and `index`. How much is taken is
//! known at any time (see `memory`), and a client's report can be taken within a bound.
//!
//! Pure: no clock, no socket, no randomness. The key of the index comes from the caller.

mod fault;
mod feed;
mod hash;
mod index;
mod lives;
mod memory;
pub mod order;
mod origins;
mod position;
mod record;
#[cfg(test)]
mod tests;
mod text;

pub use feed::Cursor;
pub use lives::NeighbourLife;
pub use origins::OriginId;
pub use position::Position;
pub use text::Text;

use crate::limits;
use feed::Feed;
use index::Index;
use lives::{LifeSlot, Lives};
use order::Claim;
use origins::Origins;
use record::{INLINE_BYTES, Record};
use std::hint::black_box;
use std::mem;

/// What a client reported, and when a server took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// The server that took the report, from [`Positions::intern`].
    pub origin: OriginId,
    /// When it did, minus the client's time, in nanoseconds.
    pub difference_nanoseconds: i64,
    /// The client's time in whole nanoseconds since 1970-01-01T00:00:00Z, rounded down; the same
    /// time as the one written in `text`.
    pub time_nanoseconds: i64,
    /// Client, location and time as the client wrote them.
    pub text: Text<'a>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Update {
    /// The client was unknown.
    New,
    /// It replaced the client's position.
    Newer,
    /// The same report or a greater one is known; nothing changed.
    Known,
    /// There is no room: the client is unknown, or its text is longer than all before; nothing
    /// changed.
    Full,
}

/// The store (see the [module's docs](self)).
#[derive(Debug)]
pub struct Positions {
    key: [u64; 2],
    index: Index,
    feed: Feed,
    origins: Origins,
    lives: Lives,
    digest: u64,
    /// What records and index take, and what texts of their own.
    table_bytes: usize,
    text_bytes: usize,
    /// How much that may be together.
    bytes_max: usize,
}

impl Positions {
    /// An empty store. `key` must be random and kept secret: whoever knows it can choose ids that
    /// all lie in one place of the index. It shows in nothing else.
    pub fn new(key: [u64; 2]) -> Self {
        let (index, feed) = (Index::new(), Feed::new());
        Positions {
            key,
            table_bytes: index.bytes() + feed.bytes(),
            text_bytes: 0,
            bytes_max: usize::MAX,
            index,
            feed,
            origins: Origins::default(),
            lives: Lives::default(),
            digest: 0,
        }
    }

    /// The number of the server with this name. `None` if the name is empty or longer than
    /// [`limits::SERVER_NAME_BYTES_MAX`], or if it would be one more than
    /// [`limits::ORIGINS_MAX`] names. Names stay known for ever.
    pub fn intern(&mut self, name: &[u8]) -> Option<OriginId> {
        self.origins.intern(name)
    }

    /// The name given to [`intern`](Self::intern).
    pub fn origin_name(&self, origin: OriginId) -> &[u8] {
        self.origins.name(origin)
    }

    /// A life of a neighbour, with which to mark what it tells us. `None` if there are
    /// [`limits::NEIGHBOUR_LIVES_MAX`] that last or have records left; such a neighbour is told
    /// again what it told us, which does no harm.
    pub fn begin_life(&mut self) -> Option<NeighbourLife> {
        self.lives.begin()
    }

    /// The neighbour has begun another life: what was heard from this one is nobody's now.
    pub fn end_life(&mut self, life: NeighbourLife) {
        self.lives.end(life);
    }

    /// Refuses from now on what a [`report`](Self::report) needs more memory for, if it would then be
    /// more than so much. (A step in which the index grows may go beyond it by one part in a
    /// thousand, and a segment.)
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// Takes a report from a client of ours, if there is room for it.
    pub fn report(&mut self, report: &Report<'_>) -> Update {
        self.take(report, LifeSlot::NONE)
    }

    /// Takes a report, heard from a neighbour in this life if there is one, however much memory is
    /// taken: it is full only with [`limits::POSITIONS_MAX`] clients.
    pub fn update(&mut self, report: &Report<'_>, heard_from: Option<&NeighbourLife>) -> Update {
        let heard_from = heard_from.map_or(LifeSlot::NONE, NeighbourLife::slot);
        match self.take(report, heard_from) {
            Update::Full => self.take_without_bound(report, heard_from),
            taken => taken,
        }
    }

    /// The last position of a client.
    pub fn find(&self, client: &[u8]) -> Option<Position<'_>> {
        self.lookup(self.hash(client), client).map(|number| self.position(number))
    }

    /// Has the processor fetch what [`update`](Self::update) will touch for these clients: the places
    /// of each step are independent, so their misses overlap. At most
    /// [`limits::AHEAD_LINES_MAX`] are looked at; nothing changes.
    pub fn fetch_ahead(&self, clients: &[&[u8]]) {
        let clients = &clients[..clients.len().min(limits::AHEAD_LINES_MAX)];
        let mut hashes = [0; limits::AHEAD_LINES_MAX];
        for (hash, client) in hashes.iter_mut().zip(clients) {
            *hash = self.hash(client);
            black_box(self.index.first_probed(*hash));
        }
        let mut numbers = [0; limits::AHEAD_LINES_MAX];
        let mut known = 0;
        // A record with the same hash will mostly be the client's.
        for number in hashes[..clients.len()].iter().filter_map(|&h| self.index.find(h, |_| true)) {
            numbers[known] = number;
            known += 1;
        }
        for &number in &numbers[..known] {
            black_box(self.feed.ends_of(number));
        }
        for &number in &numbers[..known] {
            black_box(self.feed.neighbours_of(number));
        }
    }

    /// The digest of all positions; 0 if there are none.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The memory that the positions take.
    pub fn bytes(&self) -> usize {
        self.table_bytes + self.text_bytes
    }

    /// The last sequence number given; 0 at first.
    pub fn head(&self) -> u64 {
        self.feed.head()
    }

    /// How many clients are known.
    pub fn len(&self) -> usize {
        self.feed.len()
    }

    /// Whether no client is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cursor at the head: all that is there now counts as told.
    pub fn open_cursor(&mut self) -> Cursor {
        self.feed.open()
    }

    /// Forgets a cursor.
    pub fn close_cursor(&mut self, cursor: Cursor) {
        self.feed.close(cursor);
    }

    /// Moves a cursor, forwards or back, so that just the changes up to the sequence number
    /// `told` count as told; a number beyond the [`head`](Self::head) is as good as the head. Walks
    /// from the front, the end or the cursor, whichever promises to be nearest; the front and the
    /// end are there at once.
    pub fn seek(&mut self, cursor: &Cursor, told: u64) {
        self.feed.seek(cursor, told);
    }

    /// Moves a cursor to the front: nothing counts as told.
    pub fn rewind(&mut self, cursor: &Cursor) {
        self.seek(cursor, 0);
    }

    /// The oldest change that the cursor has not been told, without moving the cursor.
    pub fn peek(&self, cursor: &Cursor) -> Option<Position<'_>> {
        self.feed.peek(cursor).map(|number| self.position(number))
    }

    /// Like [`peek`](Self::peek), and moves the cursor past it.
    pub fn next(&mut self, cursor: &Cursor) -> Option<Position<'_>> {
        self.feed.next(cursor).map(|number| self.position(number))
    }

    /// Up to which sequence number the cursor has been told everything that is still so: one less
    /// than the number of what comes next, or the [`head`](Self::head) if nothing does.
    ///
    /// It grows as the cursor goes on *and* when what would have come next moves to the end; it
    /// falls only by [`seek`](Self::seek). To seek to it leaves the cursor where it is.
    pub fn told(&self, cursor: &Cursor) -> u64 {
        self.feed.told(cursor)
    }

    /// Whether the cursor has been told everything.
    pub fn is_at_head(&self, cursor: &Cursor) -> bool {
        self.feed.peek(cursor).is_none()
    }

    /// The half of the hash that the index works with.
    #[inline(always)]
    fn hash(&self, client: &[u8]) -> u32 {
        (hash::keyed(self.key, client) >> 32) as u32
    }

    #[inline(always)]
    fn lookup(&self, hash: u32, client: &[u8]) -> Option<u32> {
        self.index.find(hash, |number| self.feed.record(number).is_of(client))
    }

    fn position(&self, number: u32) -> Position<'_> {
        Position { record: self.feed.record(number), origins: &self.origins }
    }

    #[cold]
    fn take_without_bound(&mut self, report: &Report<'_>, heard_from: LifeSlot) -> Update {
        let bytes_max = mem::replace(&mut self.bytes_max, usize::MAX);
        let taken = self.take(report, heard_from);
        self.bytes_max = bytes_max;
        taken
    }

    // Once, for clients and neighbours.
    #[inline(never)]
    fn take(&mut self, report: &Report<'_>, heard_from: LifeSlot) -> Update {
        let hash = self.hash(report.text.client());
        match self.lookup(hash, report.text.client()) {
            Some(number) => self.replace(number, report, heard_from),
            None => self.add(hash, report, heard_from),
        }
    }

    // Apart, so that what is done for most reports stays small.
    #[inline(never)]
    fn add(&mut self, hash: u32, report: &Report<'_>, heard_from: LifeSlot) -> Update {
        let number = self.feed.len();
        let mut record = Record::empty(report.origin);
        let text_growth = record.growth_bytes(report.text);
        if number >= limits::POSITIONS_MAX
            || self.bytes() + self.feed.growth_bytes() + text_growth > self.bytes_max
            || !self.index.insert(hash, number as u32)
        {
            return Update::Full;
        }
        self.lives.moved(LifeSlot::NONE, heard_from);
        record.set(report, heard_from);
        self.digest = self.digest.wrapping_add(digest_of(&self.origins, report));
        self.feed.push(record);
        self.table_bytes = self.feed.bytes() + self.index.bytes();
        self.text_bytes += text_growth;
        Update::New
    }

    fn replace(&mut self, number: u32, report: &Report<'_>, heard_from: LifeSlot) -> Update {
        let Positions { origins, lives, digest, table_bytes, text_bytes, bytes_max, .. } = self;
        let newer = self.feed.change(number, |record| {
            // A later time wins whatever the rest; so the rest is looked at only without it.
            if report.time_nanoseconds <= record.time_nanoseconds
                && order::compare(&claim(origins, report), &claim(origins, &record.report()))
                    .is_le()
            {
                return Err(Update::Known);
            }
            // Most texts lie in the record itself.
            if report.text.bytes().len() > INLINE_BYTES {
                let growth = record.growth_bytes(report.text);
                if growth > 0 && *table_bytes + *text_bytes + growth > *bytes_max {
                    return Err(Update::Full);
                }
                *text_bytes += growth;
            }
            lives.moved(record.heard_from, heard_from);
            let before = digest_of(origins, &record.report());
            let after = digest_of(origins, report);
            *digest = digest.wrapping_sub(before).wrapping_add(after);
            record.set(report, heard_from);
            Ok(())
        });
        newer.err().unwrap_or(Update::Newer)
    }
}

#[inline(always)]
fn digest_of(origins: &Origins, report: &Report<'_>) -> u64 {
    let origin = origins.hash(report.origin);
    hash::of_record(origin, report.difference_nanoseconds, report.text.bytes())
}

fn claim<'a>(origins: &'a Origins, report: &Report<'a>) -> Claim<'a> {
    Claim {
        time_nanoseconds: report.time_nanoseconds,
        difference_nanoseconds: report.difference_nanoseconds,
        location: report.text.location(),
        time: report.text.time(),
        origin_name: origins.name(report.origin),
    }
}
