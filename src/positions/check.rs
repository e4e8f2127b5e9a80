//! Whether the parts of the store are consistent with each other.

use super::{Kind, Positions, Record, digest_of};

/// `Err` with what differs, unless `is` is what it must be.
pub(super) fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    is: T,
    must_be: T,
) -> Result<(), String> {
    if is == must_be { Ok(()) } else { Err(format!("{what}: {is:?} must be {must_be:?}")) }
}

impl Positions {
    /// How many cursors are open.
    #[cfg(test)]
    pub fn cursors(&self) -> usize {
        self.feed.cursors()
    }

    /// Checks the whole store: index and areas against feed, the list's order, cursors, free numbers, digest,
    /// what was heard from whom, memory. It takes as long as there are records, cursors and
    /// epochs of neighbours. Only in builds with debug assertions: for tests, simulators and fuzzers.
    ///
    /// # Errors
    /// The first thing found that is not as it must be, which is a fault of the store.
    pub fn check(&self) -> Result<(), String> {
        self.feed.check()?;
        self.check_index()?;
        self.check_areas()?;
        self.check_expiry()?;
        self.epochs.check(self.records().map(|record| record.heard_from))?;
        let tombstones = self.records().filter(|record| record.kind() == Kind::Tombstone);
        equal("tombstones", self.tombstones, tombstones.count())?;
        let digests = self.records().map(|record| digest_of(&self.origins, &record.report()));
        equal("digest", self.digest, digests.fold(0, u64::wrapping_add))?;
        equal("bytes of tables", self.table_bytes, self.tables())?;
        equal("bytes of texts", self.text_bytes, self.records().map(Record::text_bytes).sum())
    }

    fn check_index(&self) -> Result<(), String> {
        equal("entries of the index", self.index.len(), self.feed.len())?;
        for number in self.feed.numbers() {
            let record = self.feed.record(number);
            let client = record.text().client();
            let hash = self.hash(client);
            equal("a record in the index", self.lookup_any(hash, client), Some(number))?;
            equal("the kind of a record's text", record.text().kind(), record.kind())?;
            let position = (record.kind() == Kind::Position).then_some(number);
            equal("a position in the index", self.lookup(hash, client), position)?;
        }
        Ok(())
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.feed.numbers().map(|number| self.feed.record(number))
    }
}
