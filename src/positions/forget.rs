//! How a client is forgotten, first by a tombstone and at last altogether.

use super::fault::take_from;
use super::lives::LifeSlot;
use super::record::INLINE_BYTES;
use super::{Kind, Positions, Report, Update, digest_of};

impl Positions {
    /// Takes a tombstone from a client of ours, whose client is forgotten unless something later is
    /// known of it; a position as [`report`](Self::report) does. It is full for a client of whom
    /// nothing is known. One that is known is forgotten whether or not there is room, unless the
    /// time is written with more than 62 bytes.
    pub fn forget(&mut self, report: &Report<'_>) -> Update {
        let forgotten = self.take_either(report, LifeSlot::NONE);
        let is_known = || self.lookup_any(self.hash(report.text.client()), report.text.client());
        let is_usual = report.kind() == Kind::Tombstone && report.text.time().len() <= INLINE_BYTES;
        if forgotten == Update::Full && is_usual && is_known().is_some() {
            return self.take_without_bound(report, LifeSlot::NONE);
        }
        forgotten
    }

    /// Takes out what is known of a client, of whichever kind, and tells which it was. Nobody is
    /// told: it is for records that everybody takes out at the same time. Cursors are told what else
    /// there is as if it had never been; its memory is used for records to come.
    pub fn remove(&mut self, client: &[u8]) -> Option<Kind> {
        let hash = self.hash(client);
        let Positions { index, feed, origins, .. } = self;
        let number = index.remove(hash, |number| feed.record(number).is_of(client))?;
        let record = feed.record(number);
        let kind = record.kind();
        self.digest = self.digest.wrapping_sub(digest_of(origins, &record.report()));
        self.lives.moved(record.heard_from, LifeSlot::NONE);
        take_from(&mut self.tombstones, usize::from(kind == Kind::Tombstone));
        take_from(&mut self.text_bytes, record.text_bytes());
        feed.remove(number);
        Some(kind)
    }
}
