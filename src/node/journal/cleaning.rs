//! The oldest file is made needless: its pieces are walked, in shares, and what lives of it is appended again.
//!
//! What lives there has long been still: the processor waits for its memory, and where the next record is
//! only this one says. So pieces are walked side by side, a record of each in turn, and the waits
//! overlap.

use super::writer::{Place, Writer};
use crate::limits;
use crate::positions::{Cursor, Positions};
use std::mem;

/// Those records behind a place in the feed that have changed after `after` and up to `up_to`.
#[derive(Debug)]
pub(super) struct Piece {
    pub from: Cursor,
    pub after: u64,
    pub up_to: u64,
}

/// How far it is done.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    /// How many of the file's pieces have been begun, and those of them that have not been ended.
    begun: usize,
    walks: Vec<Walk>,
    /// What has been appended again, and in which files.
    copied: Vec<(u64, Piece)>,
    /// Where the copies end, once there are all.
    ends_at: Option<Place>,
}

/// One piece is walked.
#[derive(Debug)]
struct Walk {
    at: Cursor,
    /// Up to which change it has been walked, and is to be.
    passed: u64,
    up_to: u64,
    /// What has been appended again since another file was begun.
    copied: Option<(u64, Piece)>,
}

impl Cleaning {
    /// Whether all has been appended again.
    pub fn has_ended(&self) -> bool {
        self.ends_at.is_some()
    }

    /// Whether all has been, and lies before that place.
    pub fn ends_before(&self, place: Place) -> bool {
        self.ends_at.is_some_and(|end| end <= place)
    }

    /// Appends again what lives of these pieces of the oldest file, as much as `share` bytes. Whether that
    /// was the last of it.
    pub fn go_on(
        &mut self,
        pieces: &[Piece],
        positions: &mut Positions,
        writer: &mut Writer,
        share: usize,
    ) -> bool {
        let most = writer.waiting_bytes() + share;
        let begun_most = self.begun + limits::JOURNAL_PIECES_PER_TURN;
        while writer.waiting_bytes() < most && self.begun < begun_most {
            let beside = limits::JOURNAL_PIECES_BESIDE - self.walks.len();
            for piece in pieces.iter().skip(self.begun).take(beside) {
                self.walks.push(Walk::begin(piece, positions));
                self.begun += 1;
            }
            if self.walks.is_empty() {
                self.join_copies(positions);
                self.ends_at = Some(writer.end());
                return true;
            }
            positions.prefetch_next(self.walks.iter().map(|walk| &walk.at));
            let mut at = 0;
            while let Some(walk) = self.walks.get_mut(at) {
                if walk.step(positions, writer, &mut self.copied) {
                    at += 1;
                } else {
                    self.walks.swap_remove(at).end(positions, &mut self.copied);
                }
            }
        }
        false
    }

    /// Copies that are in the same file are one piece again, if nothing lives between them.
    fn join_copies(&mut self, positions: &mut Positions) {
        self.copied.sort_by_key(|(_, piece)| piece.after);
        let mut joined: Vec<(u64, Piece)> = Vec::new();
        for (file, piece) in mem::take(&mut self.copied) {
            match joined.last_mut() {
                Some((before, last))
                    if *before == file && positions.last_before(&piece.from) <= last.up_to =>
                {
                    last.up_to = piece.up_to;
                    piece.close(positions);
                }
                _ => joined.push((file, piece)),
            }
        }
        self.copied = joined;
    }

    /// The copies, and in which files they are.
    pub fn into_copies(self) -> Vec<(u64, Piece)> {
        self.copied
    }

    /// It is not gone on with.
    pub fn close(mut self, positions: &mut Positions) {
        for walk in self.walks.drain(..) {
            walk.end(positions, &mut self.copied);
        }
        self.copied.into_iter().for_each(|(_, piece)| piece.close(positions));
    }
}

impl Walk {
    fn begin(piece: &Piece, positions: &mut Positions) -> Self {
        let Piece { ref from, after, up_to } = *piece;
        Walk { at: positions.open_cursor_at(from), passed: after, up_to, copied: None }
    }

    /// Appends the next record again; false if there is none.
    fn step(
        &mut self,
        positions: &mut Positions,
        writer: &mut Writer,
        copied: &mut Vec<(u64, Piece)>,
    ) -> bool {
        let next = positions.peek(&self.at).filter(|change| change.sequence() <= self.up_to);
        let Some(change) = next else { return false };
        let (file, sequence) = (writer.number(), change.sequence());
        writer.line(&change);
        match &mut self.copied {
            Some((present, piece)) if *present == file => piece.up_to = sequence,
            others => {
                let from = positions.open_cursor_at(&self.at);
                let piece = Piece { from, after: self.passed, up_to: sequence };
                copied.extend(others.replace((file, piece)));
            }
        }
        self.passed = sequence;
        positions.next(&self.at);
        true
    }

    /// Nothing more of the piece lives.
    fn end(self, positions: &mut Positions, copied: &mut Vec<(u64, Piece)>) {
        positions.close_cursor(self.at);
        let up_to = self.up_to;
        copied.extend(self.copied.map(|(file, piece)| (file, Piece { up_to, ..piece })));
    }
}

impl Piece {
    /// What follows that cursor.
    pub fn behind(at: &Cursor, positions: &mut Positions) -> Self {
        let after = positions.sent_up_to(at);
        Piece { from: positions.open_cursor_at(at), after, up_to: u64::MAX }
    }

    /// Gives back what it holds.
    pub fn close(self, positions: &mut Positions) {
        positions.close_cursor(self.from);
    }
}
