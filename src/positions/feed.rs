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

/// An element of the list: a record's number or, with the highest bit set, a marker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element(u32);

/// The elements before and after one in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adjacent {
    previous: Element,
    next: Element,
}

#[derive(Debug)]
pub(super) struct Feed {
    records: Records,
    /// The first is the list's own: what follows it is the front, what precedes it the end.
    markers: Vec<Adjacent>,
    closed: Vec<u32>,
    /// The record that was removed last, if its number is not used again yet; else the list's own
    /// element.
    free: Element,
    /// How many records there are.
    len: usize,
    /// The last sequence number given.
    head: u64,
}

impl Feed {
    pub fn new() -> Self {
        Feed {
            records: Records::default(),
            markers: vec![Adjacent::NONE],
            closed: vec![],
            free: Element::LIST,
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

    /// What the records take, but for the texts of their own.
    pub fn bytes(&self) -> usize {
        self.records.bytes()
    }

    /// How much more it will be with another record.
    pub fn growth_bytes(&self) -> usize {
        if self.free == Element::LIST { self.records.growth_bytes() } else { 0 }
    }

    /// The number that the next record will have.
    pub fn next_number(&self) -> u32 {
        self.free.as_record().unwrap_or(self.records.len() as u32)
    }

    pub fn record(&self, number: u32) -> &Record {
        self.records.get(number)
    }

    /// How many numbers have been given: all records have lesser ones.
    pub fn numbers_given(&self) -> usize {
        self.records.len()
    }

    /// The record with that number, if there is one.
    pub fn find_record(&self, number: u32) -> Option<&Record> {
        let is_number = (number as usize) < self.records.len();
        is_number.then(|| self.record(number)).filter(|record| !record.is_free())
    }

    /// Reads from the first and from the last part of a record, which lie in different cache lines.
    pub fn ends_of(&self, number: u32) -> (u64, Option<u8>) {
        let record = self.record(number);
        (record.sequence, record.text().bytes().last().copied())
    }

    /// Reads the elements before and after a record, which change when the record moves.
    pub fn elements_beside(&self, number: u32) -> (Element, Element) {
        let Adjacent { previous, next } = self.record(number).adjacent;
        (self.adjacent(previous).next, self.adjacent(next).previous)
    }

    /// Adds a record, which gets the [`next_number`](Self::next_number), at the end.
    pub fn push(&mut self, mut record: Record) {
        let element = Element::record(self.next_number());
        self.head += 1;
        self.len += 1;
        record.sequence = self.head;
        match self.free.as_record() {
            Some(number) => {
                let free = self.records.get_mut(number);
                self.free = free.adjacent.next;
                *free = record;
            }
            None => self.records.push(record),
        }
        self.insert_after(self.adjacent(Element::LIST).previous, element);
    }

    /// Removes a record. The other records keep their numbers, and cursors their places in the list.
    pub fn remove(&mut self, number: u32) {
        if self.record(number).is_free() {
            fault!("record {number} is removed twice");
            return;
        }
        self.take_out(Element::record(number));
        let record = self.records.get_mut(number);
        record.clear();
        record.adjacent.next = std::mem::replace(&mut self.free, Element::record(number));
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
        if last == Element::record(number) {
            return Ok(());
        }
        // Taken out and inserted again in one go: this is done for every report.
        let after = Adjacent { previous: last, next: Element::LIST };
        let Adjacent { previous, next } = std::mem::replace(&mut record.adjacent, after);
        self.adjacent_mut(previous).next = next;
        self.adjacent_mut(next).previous = previous;
        self.adjacent_mut(last).next = Element::record(number);
        self.markers[0].previous = Element::record(number);
        Ok(())
    }

    /// A cursor that has been told everything.
    pub fn open(&mut self) -> Cursor {
        let marker = self.closed.pop().unwrap_or_else(|| {
            self.markers.push(Adjacent::NONE);
            self.markers.len() as u32 - 1
        });
        self.insert_after(self.adjacent(Element::LIST).previous, Element::marker(marker));
        Cursor { marker }
    }

    /// A cursor that has been told nothing.
    pub fn open_at_front(&mut self) -> Cursor {
        let cursor = self.open();
        self.seek(&cursor, 0);
        cursor
    }

    /// Another cursor at the place of one.
    pub fn open_at(&mut self, cursor: &Cursor) -> Cursor {
        let opened = self.open();
        self.take_out(opened.element());
        self.insert_after(cursor.element(), opened.element());
        opened
    }

    pub fn close(&mut self, cursor: Cursor) {
        self.take_out(cursor.element());
        self.closed.push(cursor.marker);
    }

    /// The first record that the cursor has not been told.
    pub fn peek(&self, cursor: &Cursor) -> Option<u32> {
        self.record_after(cursor.element())
    }

    /// Like [`peek`](Self::peek), and the cursor has been told it.
    pub fn next(&mut self, cursor: &Cursor) -> Option<u32> {
        let number = self.peek(cursor)?;
        self.take_out(cursor.element());
        self.insert_after(Element::record(number), cursor.element());
        Some(number)
    }

    /// Like [`next`](Self::next) for all that is left, with the cursor moved once.
    pub fn pass(&mut self, cursor: &Cursor, mut each: impl FnMut(u32, &Record)) {
        let mut at = self.adjacent(cursor.element()).next;
        while at != Element::LIST {
            match at.as_record() {
                Some(number) => {
                    let record = self.record(number);
                    each(number, record);
                    at = record.adjacent.next;
                }
                None => at = self.adjacent(at).next,
            }
        }
        self.take_out(cursor.element());
        self.insert_after(self.adjacent(Element::LIST).previous, cursor.element());
    }

    pub fn sent_up_to(&self, cursor: &Cursor) -> u64 {
        self.sent_up_to_at(cursor.element())
    }

    /// The sequence number of the last record before the cursor.
    pub fn last_before(&self, cursor: &Cursor) -> u64 {
        self.record_up_to(cursor.element()).map_or(0, |number| self.record(number).sequence)
    }

    /// Puts the cursor where those with a sequence number up to `up_to` are before it, all others
    /// after it.
    pub fn seek(&mut self, cursor: &Cursor, up_to: u64) {
        let here = self.adjacent(cursor.element()).previous;
        self.take_out(cursor.element());
        // No two records have the same number, so numbers apart are at least as many as records
        // apart: start where that promises the shortest walk.
        let distance = |start| {
            let sent_there = if start == Element::LIST { 0 } else { self.sent_up_to_at(start) };
            sent_there.abs_diff(up_to)
        };
        let mut after = here;
        for start in [Element::LIST, self.adjacent(Element::LIST).previous] {
            if distance(start) < distance(after) {
                after = start;
            }
        }
        while let Some(number) = self.record_after(after)
            && self.record(number).sequence <= up_to
        {
            after = Element::record(number);
        }
        while let Some(number) = self.record_up_to(after)
            && self.record(number).sequence > up_to
        {
            after = self.record(number).adjacent.previous;
        }
        self.insert_after(after, cursor.element());
    }

    /// As [`seek`](Self::seek), from the front or the end, or from where the cursor is if it `goes_on`, and
    /// past so many records at most. Whether it is there.
    pub fn seek_some(&mut self, cursor: &Cursor, up_to: u64, goes_on: bool, most: usize) -> bool {
        let here = self.adjacent(cursor.element()).previous;
        self.take_out(cursor.element());
        let last = self.adjacent(Element::LIST).previous;
        let mut after = match goes_on {
            true => here,
            false if up_to <= self.head / 2 => Element::LIST,
            false => last,
        };
        let mut left = most;
        let mut is_there = false;
        while left > 0 && !is_there {
            left -= 1;
            if let Some(number) = self.record_up_to(after)
                && self.record(number).sequence > up_to
            {
                after = self.record(number).adjacent.previous;
            } else if let Some(number) = self.record_after(after)
                && self.record(number).sequence <= up_to
            {
                after = Element::record(number);
            } else {
                is_there = true;
            }
        }
        self.insert_after(after, cursor.element());
        is_there
    }

    /// The largest number such that no record up to it is after `element`.
    fn sent_up_to_at(&self, element: Element) -> u64 {
        match self.record_after(element) {
            Some(number) => self.record(number).sequence - 1,
            None => self.head,
        }
    }

    /// The first record after `element`.
    fn record_after(&self, element: Element) -> Option<u32> {
        let mut at = self.adjacent(element).next;
        while at.is_marker() && at != Element::LIST {
            at = self.adjacent(at).next;
        }
        at.as_record()
    }

    /// The record at `element`, or else the last before it.
    fn record_up_to(&self, element: Element) -> Option<u32> {
        let mut at = element;
        while at.is_marker() && at != Element::LIST {
            at = self.adjacent(at).previous;
        }
        at.as_record()
    }

    fn take_out(&mut self, element: Element) {
        let Adjacent { previous, next } = *self.adjacent(element);
        self.adjacent_mut(previous).next = next;
        self.adjacent_mut(next).previous = previous;
    }

    fn insert_after(&mut self, previous: Element, element: Element) {
        let next = self.adjacent(previous).next;
        *self.adjacent_mut(element) = Adjacent { previous, next };
        self.adjacent_mut(previous).next = element;
        self.adjacent_mut(next).previous = element;
    }

    fn adjacent(&self, element: Element) -> &Adjacent {
        match element.as_record() {
            Some(number) => &self.record(number).adjacent,
            None => &self.markers[element.as_marker()],
        }
    }

    fn adjacent_mut(&mut self, element: Element) -> &mut Adjacent {
        match element.as_record() {
            Some(number) => &mut self.records.get_mut(number).adjacent,
            None => &mut self.markers[element.as_marker()],
        }
    }
}

impl Cursor {
    fn element(&self) -> Element {
        Element::marker(self.marker)
    }
}

impl Adjacent {
    /// Those of an element that is not in the list, and of the list's own when that is empty.
    pub const NONE: Adjacent = Adjacent { previous: Element::LIST, next: Element::LIST };
}

impl Element {
    const MARKER: u32 = 1 << 31;
    const LIST: Element = Element(Element::MARKER);

    fn record(number: u32) -> Self {
        Element(number)
    }

    fn marker(marker: u32) -> Self {
        Element(marker | Element::MARKER)
    }

    fn is_marker(self) -> bool {
        self.0 & Element::MARKER != 0
    }

    fn as_marker(self) -> usize {
        (self.0 & !Element::MARKER) as usize
    }

    fn as_record(self) -> Option<u32> {
        (!self.is_marker()).then_some(self.0)
    }
}

const _: () = assert!(crate::limits::POSITIONS_MAX <= Element::MARKER as usize);

#[cfg(any(test, debug_assertions))]
mod check;
