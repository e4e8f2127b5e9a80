//! How a client is forgotten, first by a tombstone and at last altogether.

use super::epochs::EpochSlot;
use super::memory::take_from;
use super::record::INLINE_BYTES;
use super::{Kind, Positions, Report, Update, digest_of};
use crate::fault::fault;

impl Positions {
    /// Takes a tombstone from a client of ours: the client that it names is forgotten, unless what is
    /// known of it is greater; a position is taken as [`report`](Self::report) does.
    ///
    /// Without room it is [`Full`](Update::Full) if nothing is known of the client. A client that is
    /// known is forgotten all the same, which takes up to 144 bytes more; but not if the time is
    /// written with more than 62 bytes.
    pub fn forget(&mut self, report: &Report<'_>) -> Update {
        let forgotten = self.take_either(report, EpochSlot::OURS);
        let is_known = || self.lookup_any(self.hash(report.text.client()), report.text.client());
        let is_usual = report.kind() == Kind::Tombstone && report.text.time().len() <= INLINE_BYTES;
        if forgotten == Update::Full && is_usual && is_known().is_some() {
            return self.take_within(usize::MAX, report, EpochSlot::OURS);
        }
        forgotten
    }

    /// Whether what is known of a client is that it is forgotten.
    pub fn is_forgotten(&self, client: &[u8]) -> bool {
        let number = self.lookup_any(self.hash(client), client);
        number.is_some_and(|number| self.feed.record(number).kind() == Kind::Tombstone)
    }

    /// Takes out what is known of a client, of whichever kind, and says which it was. It is no change:
    /// it has no sequence number, and no cursor tells of it. Its memory is used for records to come.
    pub fn remove(&mut self, client: &[u8]) -> Option<Kind> {
        let number = self.lookup_any(self.hash(client), client)?;
        let kind = self.feed.record(number).kind();
        self.remove_record(number);
        Some(kind)
    }

    /// The same of a record, which must be there.
    pub(super) fn remove_record(&mut self, number: u32) {
        let hash = self.hash(self.feed.record(number).text().client());
        let Positions { index, feed, origins, areas, .. } = self;
        if index.remove(hash, |other| other == number).is_none() {
            fault!("record {number} is to be removed, and is not in the index");
            return;
        }
        let record = feed.record(number);
        self.digest = self.digest.wrapping_sub(digest_of(origins, &record.report()));
        self.epochs.moved(record.heard_from, EpochSlot::OURS);
        take_from(&mut self.tombstones, usize::from(record.kind() == Kind::Tombstone));
        take_from(&mut self.text_bytes, record.text_bytes());
        if let Some(areas) = areas {
            areas.remove(number);
        }
        feed.remove(number);
    }
}
