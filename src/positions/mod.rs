//! The last position of every client, the order in which the changes came, and a digest of it all.
//!
//! [`Positions`] is a map in which the last writer wins: of two reports about a client the greater
//! by the total order of [`order`] stays, whichever came first. So servers that have heard the same
//! reports hold the same positions, in whatever order and however often they heard them.
//!
//! A client is forgotten by a report, too, with a time and without a location. What stays of it is
//! a **tombstone**: a record that is compared, counted into the digest and told to cursors as a
//! position is, but questions do not find it. Were there none, a neighbour that had not heard yet
//! that the client is forgotten would bring its position back.
//!
//! Records end: after so long a position or a tombstone is as if it had never been, and is taken out
//! (`expire`).
//!
//! Every accepted change gets the next local **sequence number**, from 1. The records form one
//! list in the order of these numbers: the **feed**. Whoever must hear of changes opens a
//! [`Cursor`] and walks from it to the end. Nothing is queued for anybody: a client that moved ten
//! times since a cursor passed is met once, with its last position.
//!
//! The **digest** is the sum, modulo 2⁶⁴, of a fixed hash of each record: the origin's name, the
//! difference and the text. Equal digests mean (but for chance) equal positions and tombstones;
//! sequence numbers and who told us are this server's own and have no part in it. Those of ranges of
//! clients ([`Range`]) tell who differs where digests do.
//!
//! A record with a text of up to 62 bytes takes 104 bytes and 9 to 19 more in the index. An
//! update of a known client allocates nothing unless its text is longer than that and than all
//! before. Growing never stops to copy what is there: see `chunks` and `index`. How much is taken is
//! known at any time (see `memory`), and a client's report can be taken within a bound.
//!
//! Pure: no clock, no socket, no randomness. The key of the index comes from the caller.

mod areas;
mod change;
#[cfg(any(test, debug_assertions))]
mod check;
mod chunks;
mod cursors;
mod epochs;
mod expire;
mod feed;
mod forget;
mod hash;
mod index;
mod memory;
pub mod order;
mod origins;
mod prefetch;
mod ranges;
mod record;
mod report;
#[cfg(test)]
mod tests;
mod text;

pub use areas::{Area, AtOnce, FoundClient, Kept, Near, Point, Wanted, metres_between};
pub use change::{Change, Position, RecordNumber};
pub use epochs::NeighbourEpoch;
pub use expire::Share;
pub use feed::Cursor;
pub use origins::OriginId;
pub use ranges::{Range, RangeSum, RangeSums};
pub use report::{Kind, Report, Update};
pub use text::Text;

use crate::limits;
use areas::Areas;
use epochs::{EpochSlot, Epochs};
use expire::Expiry;
use feed::Feed;
use index::Index;
use memory::take_from;
use order::Claim;
use origins::Origins;
use record::{INLINE_BYTES, Record};
use std::mem;

/// The store (see the [module's docs](self)).
#[derive(Debug)]
pub struct Positions {
    key: [u64; 2],
    index: Index,
    feed: Feed,
    origins: Origins,
    epochs: Epochs,
    digest: u64,
    /// How many of the records are tombstones.
    tombstones: usize,
    /// What records and index take, and what texts of their own.
    table_bytes: usize,
    text_bytes: usize,
    /// How much that may be together.
    bytes_max: usize,
    /// None before the first question.
    areas: Option<Box<Areas>>,
    expiry: Expiry,
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
            epochs: Epochs::default(),
            digest: 0,
            tombstones: 0,
            areas: None,
            expiry: Expiry::default(),
        }
    }

    /// The number of the server with this name. `None` if the name is empty or longer than
    /// [`limits::SERVER_NAME_BYTES_MAX`], or if it would be one more than
    /// [`limits::ORIGINS_MAX`] names. Names stay known for ever.
    pub fn intern(&mut self, name: &[u8]) -> Option<OriginId> {
        self.origins.intern(name)
    }

    /// The number of the server with this name, if it has one.
    pub fn find_origin(&self, name: &[u8]) -> Option<OriginId> {
        self.origins.find(name)
    }

    /// The name given to [`intern`](Self::intern).
    pub fn origin_name(&self, origin: OriginId) -> &[u8] {
        self.origins.name(origin)
    }

    /// An epoch of a neighbour, with which to mark what it tells us. `None` if there are
    /// [`limits::NEIGHBOUR_EPOCHS_MAX`] that last or have records left; such a neighbour is told
    /// again what it told us, which does no harm.
    pub fn begin_epoch(&mut self) -> Option<NeighbourEpoch> {
        self.epochs.begin()
    }

    /// The neighbour has begun another epoch: what was heard in this one counts from now on as heard
    /// from no neighbour.
    pub fn end_epoch(&mut self, epoch: NeighbourEpoch) {
        self.epochs.end(epoch);
    }

    /// Refuses from now on what a [`report`](Self::report) or a [`forget`](Self::forget) needs more
    /// memory for, if it would then be more than so much. (A step in which the index grows may go
    /// beyond it by one part in a thousand, and a segment.)
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// What was set by [`set_bytes_max`](Self::set_bytes_max), if anything was.
    pub fn bytes_max(&self) -> Option<usize> {
        (self.bytes_max != usize::MAX).then_some(self.bytes_max)
    }

    /// Takes a position from a client of ours, if there is room for it. For a tombstone there is
    /// [`forget`](Self::forget).
    #[inline]
    pub fn report(&mut self, report: &Report<'_>) -> Update {
        debug_assert_eq!(report.kind(), Kind::Position);
        self.take(report, EpochSlot::OURS)
    }

    /// Takes a report of either kind, heard from a neighbour in this epoch if there is one, if there is
    /// room for it within twice the bound: what another server has taken is not to be lost for want of a
    /// little memory, and not to take all there is. What is dead at the present step is known, and not
    /// kept.
    #[inline]
    pub fn update(&mut self, report: &Report<'_>, heard_from: Option<&NeighbourEpoch>) -> Update {
        if self.expiry.is_over(report) {
            self.expiry.came_dead();
            return Update::Known;
        }
        let heard_from = heard_from.map_or(EpochSlot::ELSEWHERE, NeighbourEpoch::slot);
        let taken = match report.kind() {
            Kind::Position => self.take(report, heard_from),
            Kind::Tombstone => self.take_either(report, heard_from),
        };
        match taken {
            Update::Full => self.take_within(self.bytes_max.saturating_mul(2), report, heard_from),
            taken => taken,
        }
    }

    /// The last position of a client; none if it is forgotten, or [dead](Self::set_now).
    pub fn find(&self, client: &[u8]) -> Option<Position<'_>> {
        let number = self.lookup(self.hash(client), client)?;
        self.change(number).position().filter(|_| !self.is_dead(RecordNumber(number)))
    }

    /// The digest of all positions and tombstones; 0 if there are none.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The memory that positions and tombstones take.
    pub fn bytes(&self) -> usize {
        self.table_bytes + self.text_bytes
    }

    /// The last sequence number given; 0 at first.
    pub fn head(&self) -> u64 {
        self.feed.head()
    }

    /// How many clients are known: positions, without tombstones.
    pub fn len(&self) -> usize {
        self.feed.len() - self.tombstones
    }

    /// How many clients are forgotten: tombstones.
    pub fn tombstones(&self) -> usize {
        self.tombstones
    }

    /// Whether no client is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The half of the hash that the index works with.
    #[inline(always)]
    fn hash(&self, client: &[u8]) -> u32 {
        (hash::keyed(self.key, client) >> 32) as u32
    }

    /// The client's position.
    #[inline(always)]
    fn lookup(&self, hash: u32, client: &[u8]) -> Option<u32> {
        self.index.find(hash, |number| self.feed.record(number).is_position_of(client))
    }

    /// The client's record, of whichever kind.
    fn lookup_any(&self, hash: u32, client: &[u8]) -> Option<u32> {
        self.index.find(hash, |number| self.feed.record(number).is_of(client))
    }

    fn change(&self, number: u32) -> Change<'_> {
        Change { number, record: self.feed.record(number), origins: &self.origins }
    }

    #[cold]
    fn take_within(
        &mut self,
        bytes_max: usize,
        report: &Report<'_>,
        heard_from: EpochSlot,
    ) -> Update {
        let usual = mem::replace(&mut self.bytes_max, bytes_max);
        let taken = self.take_either(report, heard_from);
        self.bytes_max = usual;
        taken
    }

    /// Takes a position; once, for clients and neighbours. Nearly always a position is known.
    #[inline(never)]
    fn take(&mut self, report: &Report<'_>, heard_from: EpochSlot) -> Update {
        let hash = self.hash(report.text.client());
        match self.lookup(hash, report.text.client()) {
            Some(number) => self.replace::<false>(number, report, heard_from),
            None if self.tombstones == 0 => self.add(hash, report, heard_from),
            None => self.take_either(report, heard_from),
        }
    }

    /// Takes a report of either kind, whatever is known.
    #[inline(never)]
    fn take_either(&mut self, report: &Report<'_>, heard_from: EpochSlot) -> Update {
        let hash = self.hash(report.text.client());
        match self.lookup_any(hash, report.text.client()) {
            Some(number) if self.expiry.is_over(&self.feed.record(number).report()) => {
                self.remove_record(number);
                self.add(hash, report, heard_from)
            }
            Some(number) => {
                let taken = self.replace::<true>(number, report, heard_from);
                // It may be of another kind now, and end sooner.
                self.expiry.added(number, self.feed.record(number));
                self.table_bytes = self.tables();
                taken
            }
            None => self.add(hash, report, heard_from),
        }
    }

    /// What all takes but the texts.
    fn tables(&self) -> usize {
        self.feed.bytes() + self.index.bytes() + self.expiry.bytes()
    }

    // Apart, so that what is done for most reports stays small.
    #[inline(never)]
    fn add(&mut self, hash: u32, report: &Report<'_>, heard_from: EpochSlot) -> Update {
        let mut record = Record::empty(report.origin);
        let text_growth = record.growth_bytes(report.text);
        if self.feed.len() >= limits::POSITIONS_MAX
            || self.bytes() + self.feed.growth_bytes() + text_growth > self.bytes_max
        {
            return Update::Full;
        }
        let number = self.feed.next_number();
        if !self.index.insert(hash, number) {
            // It may have grown in vain.
            self.table_bytes = self.tables();
            return Update::Full;
        }
        self.epochs.moved(EpochSlot::OURS, heard_from);
        record.begin(report.text);
        record.set(report, heard_from);
        self.digest = self.digest.wrapping_add(digest_of(&self.origins, report));
        self.feed.push(record);
        self.expiry.added(number, self.feed.record(number));
        self.tombstones += usize::from(report.kind() == Kind::Tombstone);
        self.table_bytes = self.tables();
        self.text_bytes += text_growth;
        Update::New
    }

    /// Replaces a record of the report's client, if the report is greater. `EITHER`: the one or the
    /// other may be a tombstone; most are positions, and for them nothing is done about kinds.
    #[inline(always)]
    fn replace<const EITHER: bool>(
        &mut self,
        number: u32,
        report: &Report<'_>,
        heard_from: EpochSlot,
    ) -> Update {
        let Positions { origins, epochs, digest, table_bytes, text_bytes, bytes_max, .. } = self;
        let tombstones = &mut self.tombstones;
        let newer = self.feed.change(number, |record| {
            // A later time wins whatever the rest; so the rest is looked at only without it.
            if report.time_nanoseconds <= record.time_nanoseconds
                && !is_greater(origins, report, record, heard_from)
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
            epochs.moved(record.heard_from, heard_from);
            let before = digest_of(origins, &record.report());
            let after = digest_of(origins, report);
            *digest = digest.wrapping_sub(before).wrapping_add(after);
            if EITHER {
                take_from(tombstones, usize::from(record.kind() == Kind::Tombstone));
                *tombstones += usize::from(report.kind() == Kind::Tombstone);
                record.begin(report.text);
            }
            record.set(report, heard_from);
            Ok(())
        });
        newer.err().unwrap_or(Update::Newer)
    }
}

/// Whether the report replaces what is known. What a client of ours says comes after all that is known, by
/// whatever clock.
// Apart, so that what is done for most reports stays small.
#[inline(never)]
fn is_greater(
    origins: &Origins,
    report: &Report<'_>,
    record: &Record,
    heard_from: EpochSlot,
) -> bool {
    let (report, known) = (claim(origins, report), claim(origins, &record.report()));
    match heard_from {
        EpochSlot::OURS => order::compare_as_taken(&report, &known).is_gt(),
        _ => order::compare(&report, &known).is_gt(),
    }
}

#[inline(always)]
fn digest_of(origins: &Origins, report: &Report<'_>) -> u64 {
    let origin = origins.hash(report.origin);
    hash::of_record(origin, report.difference_nanoseconds, report.text.bytes())
}

fn claim<'a>(origins: &'a Origins, report: &Report<'a>) -> Claim<'a> {
    Claim {
        kind: report.kind(),
        time_nanoseconds: report.time_nanoseconds,
        difference_nanoseconds: report.difference_nanoseconds,
        location: report.text.location(),
        time: report.text.time(),
        origin_name: origins.name(report.origin),
    }
}
