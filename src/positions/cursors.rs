//! The feed as those see it who must hear of changes.

use super::{Change, Cursor, Positions};

impl Positions {
    /// A cursor at the head: all that is there now counts as told.
    pub fn open_cursor(&mut self) -> Cursor {
        self.feed.open()
    }

    /// A cursor that has been told nothing.
    pub fn open_cursor_at_front(&mut self) -> Cursor {
        self.feed.open_at_front()
    }

    /// A cursor that has been told what the other one has been told.
    pub fn open_cursor_at(&mut self, other: &Cursor) -> Cursor {
        self.feed.open_at(other)
    }

    /// Takes back a cursor: for whoever need not hear of changes any more, such as a reader that has
    /// gone.
    pub fn close_cursor(&mut self, cursor: Cursor) {
        self.feed.close(cursor);
    }

    /// Moves a cursor, forwards or back, so that just the changes up to the sequence number
    /// `up_to` count as told: with 0 none does, and a number beyond the [`head`](Self::head) is as
    /// good as the head. Walks from the front, the end or the cursor, whichever promises to be
    /// nearest; the front and the end are there at once.
    pub fn seek(&mut self, cursor: &Cursor, up_to: u64) {
        self.feed.seek(cursor, up_to);
    }

    /// As [`seek`](Self::seek), past `most` records at most, from the front or the end, whichever promises to
    /// be nearer, or from where the cursor is if it `goes_on`. Whether it is there: else it is to be called
    /// again, and go on.
    pub fn seek_some(&mut self, cursor: &Cursor, up_to: u64, goes_on: bool, most: usize) -> bool {
        self.feed.seek_some(cursor, up_to, goes_on, most)
    }

    /// The oldest change that the cursor has not been told, without moving the cursor: for whoever
    /// must look at a change to know whether there is room for it.
    pub fn peek(&self, cursor: &Cursor) -> Option<Change<'_>> {
        self.feed.peek(cursor).map(|number| self.change(number))
    }

    /// Like [`peek`](Self::peek), and moves the cursor past it. Changes are of both kinds.
    pub fn next(&mut self, cursor: &Cursor) -> Option<Change<'_>> {
        self.feed.next(cursor).map(|number| self.change(number))
    }

    /// Like [`next`](Self::next) until nothing is left, at less cost.
    #[inline]
    pub fn pass(&mut self, cursor: &Cursor, mut each: impl FnMut(&Change<'_>)) {
        let Positions { feed, origins, .. } = self;
        feed.pass(cursor, |number, record| each(&Change { record, number, origins }));
    }

    /// Up to which sequence number the cursor has been told everything that is still so: one less
    /// than the number of what comes next, or the [`head`](Self::head) if nothing does.
    ///
    /// It grows as the cursor goes on *and* when what would have come next moves to the end or is
    /// removed; it falls only by [`seek`](Self::seek). To seek to it leaves the cursor where it is.
    pub fn sent_up_to(&self, cursor: &Cursor) -> u64 {
        self.feed.sent_up_to(cursor)
    }

    /// The sequence number of the last change that the cursor has been told, of those that are still so; 0 if
    /// there is none.
    pub fn last_before(&self, cursor: &Cursor) -> u64 {
        self.feed.last_before(cursor)
    }

    /// Whether the cursor has been told everything.
    pub fn is_at_head(&self, cursor: &Cursor) -> bool {
        self.feed.peek(cursor).is_none()
    }
}
