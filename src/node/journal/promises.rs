//! Up to where the disk holds the journal, what waits for it, and who.

use super::writer::Place;
use crate::positions::{Cursor, Positions};
use crate::transport::{ConnectionId, FileId};
use std::collections::VecDeque;

/// Forces that are under way, and those who wait for them.
#[derive(Debug)]
pub(super) struct Promises {
    /// What the disk holds: all that had been appended when the cursor was there, and up to that number.
    safe: Cursor,
    safe_up_to: u64,
    /// What has been asked to be forced, in the order of the feed.
    marks: VecDeque<Mark>,
    /// Who waits for what is up to that number, in order.
    waiting: VecDeque<(u64, ConnectionId)>,
    /// How often the disk has failed: what was promised before is not kept.
    failures: u32,
}

/// A place in the feed, and where it is in the journal.
#[derive(Debug)]
struct Mark {
    file: FileId,
    place: Place,
    cursor: Cursor,
    up_to: u64,
    /// Whether the journal is whole again with it.
    mends: bool,
    /// Whether the disk holds it, maybe before what was asked for earlier of another file.
    is_held: bool,
}

/// What the journal must hold before something is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Promise {
    up_to: u64,
    failures: u32,
}

/// What has become of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Promised {
    /// It is not known yet.
    Waiting,
    /// It is kept.
    Kept,
    /// It cannot be kept.
    Broken,
}

/// What the disk has come to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forced {
    pub up_to: Option<Place>,
    pub mends: bool,
}

impl Promises {
    /// All that there is is safe.
    pub fn new(positions: &mut Positions) -> Self {
        Promises {
            safe: positions.open_cursor(),
            safe_up_to: positions.head(),
            marks: VecDeque::new(),
            waiting: VecDeque::new(),
            failures: 0,
        }
    }

    /// All that there is by now is safe, too.
    pub fn restart(&mut self, positions: &mut Positions) {
        positions.seek(&self.safe, u64::MAX);
        self.safe_up_to = positions.head();
    }

    /// All that comes before that cursor has been appended, and is asked to be forced.
    pub fn ask(
        &mut self,
        file: FileId,
        place: Place,
        at: &Cursor,
        mends: bool,
        positions: &mut Positions,
    ) {
        // Of those that wait for another force of the same file one is enough.
        if self.marks.len() >= 2 && self.marks.back().is_some_and(|last| last.file == file) {
            self.drop_last(positions);
        }
        let (cursor, up_to) = (positions.open_cursor_at(at), positions.sent_up_to(at));
        self.marks.push_back(Mark { file, place, cursor, up_to, mends, is_held: false });
    }

    fn drop_last(&mut self, positions: &mut Positions) {
        self.marks.pop_back().into_iter().for_each(|mark| positions.close_cursor(mark.cursor));
    }

    /// How many files are being forced.
    pub fn under_way(&self) -> usize {
        self.marks.len()
    }

    /// The disk holds so many bytes of that file.
    pub fn forced(&mut self, file: FileId, bytes: u64, positions: &mut Positions) -> Forced {
        let mut forced = Forced::default();
        for mark in self.marks.iter_mut().filter(|mark| mark.file == file) {
            mark.is_held |= mark.place.1 <= bytes;
        }
        while self.marks.front().is_some_and(|mark| mark.is_held)
            && let Some(mark) = self.marks.pop_front()
        {
            positions.close_cursor(std::mem::replace(&mut self.safe, mark.cursor));
            self.safe_up_to = mark.up_to;
            forced.up_to = Some(mark.place);
            forced.mends |= mark.mends;
        }
        forced
    }

    /// Whether something of that file is still to be forced.
    pub fn waits_for(&self, file: FileId) -> bool {
        self.marks.iter().any(|mark| mark.file == file)
    }

    /// The disk has failed: which files were being forced.
    pub fn fail(&mut self, positions: &mut Positions) -> Vec<FileId> {
        let mut files: Vec<FileId> = self.marks.iter().map(|mark| mark.file).collect();
        files.dedup();
        while !self.marks.is_empty() {
            self.drop_last(positions);
        }
        self.failures = self.failures.wrapping_add(1);
        files
    }

    /// Up to where the journal is to be relied upon.
    pub fn safe(&self) -> &Cursor {
        &self.safe
    }

    /// What must be safe before a report that has just been taken is answered; None if it is.
    pub fn promise(&self, head: u64) -> Option<Promise> {
        (self.safe_up_to < head).then_some(Promise { up_to: head, failures: self.failures })
    }

    /// What has become of it.
    pub fn look(&self, promise: Promise) -> Promised {
        if promise.failures != self.failures {
            Promised::Broken
        } else if promise.up_to <= self.safe_up_to {
            Promised::Kept
        } else {
            Promised::Waiting
        }
    }

    /// That connection is to be called when it is known what became of the promise.
    pub fn wait(&mut self, promise: Promise, connection: ConnectionId) {
        let last = self.waiting.back();
        if last != Some(&(promise.up_to, connection)) {
            self.waiting.push_back((promise.up_to, connection));
        }
    }

    /// One who waits for what is known now.
    pub fn next_called(&mut self, is_broken: bool) -> Option<ConnectionId> {
        let safe = self.safe_up_to;
        let is_called = |(up_to, _): &(u64, ConnectionId)| is_broken || *up_to <= safe;
        let called = self.waiting.front().is_some_and(is_called);
        called.then(|| self.waiting.pop_front()).flatten().map(|(_, id)| id)
    }
}
