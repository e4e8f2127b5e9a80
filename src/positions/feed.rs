//! The records in the order of their last changes, and the cursors of those who are told of them.
//!
//! One circular, doubly linked list runs through the records and the cursors. A record that
//! changes moves to its end. A cursor is a *marker* in the list: what its owner has not been told
//! yet is what follows it. So changes need not know of cursors, nor cursors of changes; walking
//! costs what is walked, and a record that moved ten times is met once. A record that is removed
//! leaves the list; markers stay where they are.
//!
//! The numbers of removed records are used again, the last one first. Those records form a list of
//! their own: each one's `next` is the record that was removed before it.

use super::record::{Record, Records};
use crate::fault::fault;

/// Somebody's place in the feed. Given out by
/// [`Positions::open_cursor`](super::Positions::open_cursor) and given back to
/// [`close_cursor`](super::Positions::close_cursor).
#[derive(Debug, PartialEq, Eq)]
pub struct Cursor {
    marker: u32,
}

/// A node of the list: a record's number or, with the highest bit set, a marker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(u32);

/// A node's neighbours in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    previous: Link,
    next: Link,
}

#[derive(Debug)]
pub(super) struct Feed {
    records: Records,
    /// The first is the list's own: what follows it is the front, what precedes it the end.
    markers: Vec<Links>,
    closed: Vec<u32>,
    /// The record that was removed last, if its number is not used again yet; else the list's own
    /// link.
    free: Link,
    /// How many records there are.
    len: usize,
    /// The last sequence number given.
    head: u64,
}

impl Feed {
    pub fn new() -> Self {
        Feed {
            records: Records::default(),
            markers: vec![Links::NONE],
            closed: vec![],
            free: Link::LIST,
            len: 0,
            head: 0,
        }
    }

    pub fn head(&self) -> u64 {
        self.head
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// See [`Records::bytes`].
    pub fn bytes(&self) -> usize {
        self.records.bytes()
    }

    /// How much more it will be with another record.
    pub fn growth_bytes(&self) -> usize {
        if self.free == Link::LIST { self.records.growth_bytes() } else { 0 }
    }

    /// The number that the next record will have.
    pub fn next_number(&self) -> u32 {
        self.free.as_record().unwrap_or(self.records.len() as u32)
    }

    pub fn record(&self, number: u32) -> &Record {
        self.records.get(number)
    }

    /// Reads from the first and from the last part of a record, which lie in different cache lines.
    pub fn ends_of(&self, number: u32) -> (u64, Option<u8>) {
        let record = self.record(number);
        (record.sequence, record.text().bytes().last().copied())
    }

    /// Reads what a record's neighbours in the list have as their neighbours.
    pub fn neighbours_of(&self, number: u32) -> (Link, Link) {
        let Links { previous, next } = self.record(number).links;
        (self.links(previous).next, self.links(next).previous)
    }

    /// Adds a record, which gets the [`next_number`](Self::next_number), at the end.
    pub fn push(&mut self, mut record: Record) {
        let link = Link::record(self.next_number());
        self.head += 1;
        self.len += 1;
        record.sequence = self.head;
        match self.free.as_record() {
            Some(number) => {
                let free = self.records.get_mut(number);
                self.free = free.links.next;
                *free = record;
            }
            None => self.records.push(record),
        }
        self.link_after(self.links(Link::LIST).previous, link);
    }

    /// Removes a record. The other records keep their numbers, and cursors their places in the list.
    pub fn remove(&mut self, number: u32) {
        if self.record(number).is_free() {
            fault!("record {number} is removed twice");
            return;
        }
        self.unlink(Link::record(number));
        let record = self.records.get_mut(number);
        record.clear();
        record.links.next = std::mem::replace(&mut self.free, Link::record(number));
        self.len -= 1;
    }

    /// Lets `change` change a record, unless it says why not; one that it has changed gets the next
    /// number and moves to the end.
    #[inline(always)]
    pub fn change<E>(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let record = self.records.get_mut(number);
        change(record)?;
        self.head += 1;
        record.sequence = self.head;
        let last = self.markers[0].previous;
        if last == Link::record(number) {
            return Ok(());
        }
        // Unlinked and linked again in one go: this is done for every report.
        let after = Links { previous: last, next: Link::LIST };
        let Links { previous, next } = std::mem::replace(&mut record.links, after);
        self.links_mut(previous).next = next;
        self.links_mut(next).previous = previous;
        self.links_mut(last).next = Link::record(number);
        self.markers[0].previous = Link::record(number);
        Ok(())
    }

    /// A cursor that has been told everything.
    pub fn open(&mut self) -> Cursor {
        let marker = self.closed.pop().unwrap_or_else(|| {
            self.markers.push(Links::NONE);
            self.markers.len() as u32 - 1
        });
        self.link_after(self.links(Link::LIST).previous, Link::marker(marker));
        Cursor { marker }
    }

    pub fn close(&mut self, cursor: Cursor) {
        self.unlink(cursor.link());
        self.closed.push(cursor.marker);
    }

    /// The first record that the cursor has not been told.
    pub fn peek(&self, cursor: &Cursor) -> Option<u32> {
        self.record_after(cursor.link())
    }

    /// Like [`peek`](Self::peek), and the cursor has been told it.
    pub fn next(&mut self, cursor: &Cursor) -> Option<u32> {
        let number = self.peek(cursor)?;
        self.unlink(cursor.link());
        self.link_after(Link::record(number), cursor.link());
        Some(number)
    }

    pub fn sent_up_to(&self, cursor: &Cursor) -> u64 {
        self.sent_up_to_at(cursor.link())
    }

    /// Puts the cursor where those with a sequence number up to `up_to` are before it, all others
    /// after it.
    pub fn seek(&mut self, cursor: &Cursor, up_to: u64) {
        let here = self.links(cursor.link()).previous;
        self.unlink(cursor.link());
        // No two records have the same number, so numbers apart are at least as many as records
        // apart: start where that promises the shortest walk.
        let distance = |start| {
            let sent_there = if start == Link::LIST { 0 } else { self.sent_up_to_at(start) };
            sent_there.abs_diff(up_to)
        };
        let mut after = here;
        for start in [Link::LIST, self.links(Link::LIST).previous] {
            if distance(start) < distance(after) {
                after = start;
            }
        }
        while let Some(number) = self.record_after(after)
            && self.record(number).sequence <= up_to
        {
            after = Link::record(number);
        }
        while let Some(number) = self.record_up_to(after)
            && self.record(number).sequence > up_to
        {
            after = self.record(number).links.previous;
        }
        self.link_after(after, cursor.link());
    }

    /// The largest number such that no record up to it is after `link`.
    fn sent_up_to_at(&self, link: Link) -> u64 {
        match self.record_after(link) {
            Some(number) => self.record(number).sequence - 1,
            None => self.head,
        }
    }

    /// The first record after `link`.
    fn record_after(&self, link: Link) -> Option<u32> {
        let mut at = self.links(link).next;
        while at.is_marker() && at != Link::LIST {
            at = self.links(at).next;
        }
        at.as_record()
    }

    /// The record at `link`, or else the last before it.
    fn record_up_to(&self, link: Link) -> Option<u32> {
        let mut at = link;
        while at.is_marker() && at != Link::LIST {
            at = self.links(at).previous;
        }
        at.as_record()
    }

    fn unlink(&mut self, link: Link) {
        let Links { previous, next } = *self.links(link);
        self.links_mut(previous).next = next;
        self.links_mut(next).previous = previous;
    }

    fn link_after(&mut self, previous: Link, link: Link) {
        let next = self.links(previous).next;
        *self.links_mut(link) = Links { previous, next };
        self.links_mut(previous).next = link;
        self.links_mut(next).previous = link;
    }

    fn links(&self, link: Link) -> &Links {
        match link.as_record() {
            Some(number) => &self.record(number).links,
            None => &self.markers[link.as_marker()],
        }
    }

    fn links_mut(&mut self, link: Link) -> &mut Links {
        match link.as_record() {
            Some(number) => &mut self.records.get_mut(number).links,
            None => &mut self.markers[link.as_marker()],
        }
    }
}

impl Cursor {
    fn link(&self) -> Link {
        Link::marker(self.marker)
    }
}

impl Links {
    /// Those of a node that is not linked, or of the list when it is empty.
    pub const NONE: Links = Links { previous: Link::LIST, next: Link::LIST };
}

impl Link {
    const MARKER: u32 = 1 << 31;
    const LIST: Link = Link(Link::MARKER);

    fn record(number: u32) -> Self {
        Link(number)
    }

    fn marker(marker: u32) -> Self {
        Link(marker | Link::MARKER)
    }

    fn is_marker(self) -> bool {
        self.0 & Link::MARKER != 0
    }

    fn as_marker(self) -> usize {
        (self.0 & !Link::MARKER) as usize
    }

    fn as_record(self) -> Option<u32> {
        (!self.is_marker()).then_some(self.0)
    }
}

const _: () = assert!(crate::limits::POSITIONS_MAX <= Link::MARKER as usize);

#[cfg(any(test, debug_assertions))]
impl Feed {
    /// The numbers of the records in the order of the list, as far as it is whole.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        let follow = move |&at: &Link| Some(self.links(at).next).filter(|&next| next != Link::LIST);
        let links = std::iter::successors(follow(&Link::LIST), follow);
        let most = self.records.len() + self.markers.len();
        links.take(most).filter_map(Link::as_record)
    }

    /// Whether the list holds every record and open marker once, both ways alike, with sequence
    /// numbers that grow up to the head, and every other number is free.
    pub fn check(&self) -> Result<(), String> {
        let (mut records, mut markers, mut last, mut at) = (0, 1, 0, Link::LIST);
        loop {
            let next = self.links(at).next;
            // So no node is met twice before the list's own.
            if self.links(next).previous != at {
                return Err(format!("{next:?} follows {at:?}, but not the other way round"));
            }
            at = next;
            let Some(number) = at.as_record() else {
                if at == Link::LIST {
                    break;
                }
                markers += 1;
                continue;
            };
            let sequence = self.record(number).sequence;
            if sequence <= last || sequence > self.head {
                return Err(format!("{sequence} follows {last}; the head is {}", self.head));
            }
            last = sequence;
            records += 1;
        }
        let (all, closed) = (self.markers.len(), self.closed.len());
        if markers + closed != all {
            return Err(format!("{markers} of {all} markers are linked, {closed} are closed"));
        }
        if records != self.len {
            return Err(format!("{records} records are linked of {}", self.len));
        }
        self.check_free()
    }

    fn check_free(&self) -> Result<(), String> {
        let (mut at, mut left) = (self.free, self.records.len() - self.len);
        while let Some(number) = at.as_record() {
            let record = self.record(number);
            if !record.is_free() || record.text_bytes() > 0 {
                return Err(format!("record {number} is free: {record:?}"));
            }
            left = left.checked_sub(1).ok_or("more numbers are free than are not used")?;
            at = record.links.next;
        }
        if left > 0 { Err(format!("{left} numbers are neither used nor free")) } else { Ok(()) }
    }
}
