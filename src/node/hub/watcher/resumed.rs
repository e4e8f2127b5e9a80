//! Who has been told of by a stream that goes on where another ended: it is not known whom that was told of,
//! so of who is not watched (any more) it is told so, once.

use crate::positions::RecordNumber;
use std::collections::HashSet;

/// See the [module's docs](self).
#[derive(Debug, Default)]
pub(super) struct Resumed {
    /// Who was told of as being out.
    out: HashSet<RecordNumber>,
    /// Who was told of as departed, or as being out, and has departed.
    departed: HashSet<Box<[u8]>>,
}

impl Resumed {
    /// How many clients are kept.
    pub fn len(&self) -> usize {
        self.out.len() + self.departed.len()
    }

    /// The client of that record is out. Whether that is to be told.
    pub fn is_out(&mut self, number: RecordNumber, client: &[u8]) -> bool {
        !self.departed.contains(client) && self.out.insert(number)
    }

    /// Whether it was told that the client of that record is out, or departed.
    pub fn knows(&self, number: RecordNumber, client: &[u8]) -> bool {
        self.out.contains(&number) || self.departed.contains(client)
    }

    /// It is where it is watched, and told of.
    pub fn is_in(&mut self, number: RecordNumber, client: &[u8]) {
        self.out.remove(&number);
        self.departed.remove(client);
    }

    /// That client departs. Whether that was not known.
    pub fn departs(&mut self, client: &[u8]) -> bool {
        self.departed.insert(client.into())
    }

    /// The record is no more that client's. Whether it was told of as being out.
    pub fn forget(&mut self, number: RecordNumber) -> bool {
        self.out.remove(&number)
    }

    #[cfg(any(test, debug_assertions))]
    pub fn out(&self) -> impl Iterator<Item = &RecordNumber> {
        self.out.iter()
    }
}
