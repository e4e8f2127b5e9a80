//! Which records have their copy in which file of the journal, and how the oldest file is made needless.
//!
//! A record that has not changed since it was appended is where it was in the feed then. So what lives of a
//! file is a few **pieces** of the feed: each from a cursor's place up to a sequence number, and found by
//! walking it. The changes of its own time are as many pieces as are cleaned side by side (one, if it was there at
//! the start). The others are of older files that were cleaned into it.
//!
//! **[Cleaning](super::cleaning).** When much of all files is stale, the oldest is made needless: what lives
//! of it is appended again, and when the disk holds that, the file is removed. Always the oldest: what says
//! that a client is forgotten must not go before what it has put an end to.

use super::cleaning::{Cleaning, Piece};
use super::writer::{Place, Writer};
use crate::limits;
use crate::positions::{Cursor, Positions};
use std::collections::VecDeque;

/// The files of a journal, the oldest first; the last is appended to, while the journal is open.
#[derive(Debug)]
pub(super) struct Segments {
    sizes: Sizes,
    all: VecDeque<Segment>,
    cleaning: Option<Cleaning>,
    /// All up to this one are cleaned in this pass, and what had been appended when it began.
    pass: Option<(u64, u64)>,
    /// Bytes appended since the start.
    appended: u64,
    /// Up to which file all are to be written anew, since something in them is not as it was written, or
    /// may have gone.
    rotten: Option<u64>,
}

/// How large files become, and how much of them may be stale: see [`limits`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub segment_bytes: u64,
    pub stale_bytes_max: u64,
    pub stale_bytes_max_large: u64,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    bytes: u64,
    lines: u64,
    pieces: Vec<Piece>,
    /// Whether the disk holds anything of it.
    is_forced: bool,
}

impl Segments {
    pub fn new() -> Self {
        let sizes = Sizes {
            segment_bytes: limits::JOURNAL_SEGMENT_BYTES,
            stale_bytes_max: limits::JOURNAL_STALE_BYTES_MAX,
            stale_bytes_max_large: limits::JOURNAL_STALE_BYTES_MAX_LARGE,
        };
        let (all, cleaning, pass, rotten) = (VecDeque::new(), None, None, None);
        Segments { sizes, all, cleaning, pass, appended: 0, rotten }
    }

    #[cfg(test)]
    pub fn set_sizes(&mut self, sizes: Sizes) {
        self.sizes = sizes;
    }

    #[cfg(test)]
    pub fn mark_rotten(&mut self, number: u64) {
        self.rotten = Some(number);
    }

    /// A file begins, with what follows `from` in the feed.
    pub fn begin(&mut self, number: u64, from: &Cursor, positions: &mut Positions) {
        let pieces = vec![Piece::behind(from, positions)];
        self.all.push_back(Segment { number, bytes: 0, lines: 0, pieces, is_forced: false });
    }

    /// The last file ends: what follows `to` in the feed is not in it.
    pub fn end(&mut self, to: &Cursor, positions: &mut Positions) {
        if let Some(segment) = self.all.back_mut() {
            segment.cut(positions.sent_up_to(to));
        }
    }

    /// The last file was there before, is so long and has so many lines; it `is_rotten` if something in it
    /// is not as it was written.
    pub fn found(&mut self, bytes: u64, lines: u64, is_rotten: bool) {
        let Some(segment) = self.all.back_mut() else { return };
        (segment.bytes, segment.lines, segment.is_forced) = (bytes, lines, true);
        if is_rotten {
            self.rotten = Some(segment.number);
        }
    }

    /// Any of the files may have gone.
    pub fn doubt(&mut self) {
        self.rotten = self.all.back().map(|segment| segment.number);
    }

    /// Any of them holds what is over, but the last, which holds what has come since.
    pub fn doubt_all_but_last(&mut self) {
        let before = self.all.len().checked_sub(2).and_then(|at| self.all.get(at));
        self.rotten = before.map(|segment| segment.number);
    }

    /// Whether some files are to be written anew, of which something is not as it was written.
    pub fn are_doubted(&self) -> bool {
        // That one itself may have been given up meanwhile.
        let oldest = self.all.front().map(|segment| segment.number);
        self.rotten.is_some_and(|rotten| oldest.is_some_and(|oldest| oldest <= rotten))
    }

    /// So much has been appended to the last file, with all that comes before `to` in the feed.
    pub fn grew(&mut self, bytes: u64, lines: u64, to: &Cursor, positions: &mut Positions) {
        self.appended += bytes;
        let piece_bytes = self.sizes.segment_bytes / limits::JOURNAL_PIECES_BESIDE as u64;
        let Some(segment) = self.all.back_mut() else { return };
        let pieces_before = segment.bytes / piece_bytes;
        segment.bytes += bytes;
        segment.lines += lines;
        let is_full = segment.bytes >= self.sizes.segment_bytes;
        if segment.bytes / piece_bytes > pieces_before && !is_full {
            segment.cut(positions.sent_up_to(to));
            segment.pieces.push(Piece::behind(to, positions));
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.all.iter().map(|segment| segment.bytes).sum()
    }

    /// Whether another file is to be begun.
    pub fn is_last_full(&self) -> bool {
        self.all.back().is_some_and(|segment| segment.bytes >= self.sizes.segment_bytes)
    }

    /// About how many bytes live: of as many lines as there are records.
    pub fn live_bytes(&self, positions: &Positions) -> u64 {
        let lines: u64 = self.all.iter().map(|segment| segment.lines).sum();
        let records = (positions.len() + positions.tombstones()) as u64;
        let bytes = u128::from(self.bytes()) * u128::from(records);
        (bytes / u128::from(lines.max(1))) as u64
    }

    /// Whether the oldest file is being made needless, or is to be.
    pub fn is_cleaning(&self) -> bool {
        self.cleaning.as_ref().is_some_and(|cleaning| !cleaning.has_ended())
    }

    /// Begins to make the oldest file needless, if it is time.
    pub fn begin_cleaning(&mut self, positions: &Positions) {
        let (Some(oldest), Some(last)) = (self.all.front(), self.all.back()) else { return };
        let (oldest, last) = (oldest.number, last.number);
        if oldest < last && self.cleaning.is_none() && self.is_due(oldest, last, positions) {
            self.cleaning = Some(Cleaning::default());
        }
    }

    /// Whether it is time: much is stale. One pass after the other goes through all files that there are;
    /// the next one only when enough has come that it may find something.
    fn is_due(&mut self, oldest: u64, last: u64, positions: &Positions) -> bool {
        if self.are_doubted() {
            return true;
        }
        let live = self.live_bytes(positions);
        let Sizes { stale_bytes_max, stale_bytes_max_large, .. } = self.sizes;
        let most = (2 * live + stale_bytes_max).min(live + live / 4 * 3 + stale_bytes_max_large);
        if self.bytes() <= most {
            return false;
        }
        match self.pass {
            Some((until, _)) if oldest <= until => true,
            Some((_, appended)) if self.appended - appended < self.sizes.stale_bytes_max / 2 => {
                false
            }
            _ => {
                self.pass = Some((last - 1, self.appended));
                true
            }
        }
    }

    /// Appends again what lives of the oldest file, as much as `share` bytes. Whether that was the last of
    /// it, so that the file can go when that is forced, though nothing may have been appended.
    pub fn clean(&mut self, positions: &mut Positions, writer: &mut Writer, share: usize) -> bool {
        let Segments { all, cleaning, .. } = self;
        let cleaning = cleaning.as_mut().filter(|cleaning| !cleaning.has_ended());
        let (Some(cleaning), Some(oldest)) = (cleaning, all.front()) else { return false };
        cleaning.go_on(&oldest.pieces, positions, writer, share)
    }

    /// The disk holds the journal up to there: the path's number of a file that is needless now.
    pub fn forced(&mut self, up_to: Place, positions: &mut Positions) -> Option<u64> {
        for segment in self.all.iter_mut().filter(|segment| segment.number <= up_to.0) {
            segment.is_forced = true;
        }
        let cleaning = self.cleaning.take_if(|cleaning| cleaning.ends_before(up_to))?;
        for (number, piece) in cleaning.into_copies() {
            match self.all.iter_mut().find(|segment| segment.number == number) {
                Some(segment) => {
                    segment.pieces.push(piece);
                    segment.pieces.sort_by_key(|piece| piece.after);
                }
                None => piece.close(positions),
            }
        }
        let oldest = self.all.pop_front()?;
        oldest.pieces.into_iter().for_each(|piece| piece.close(positions));
        Some(oldest.number)
    }

    /// Nothing that was appended behind what is `safe` in the feed is to be relied upon. The numbers of
    /// files of which the disk holds nothing.
    pub fn failed(&mut self, safe: &Cursor, positions: &mut Positions) -> Vec<u64> {
        if let Some(cleaning) = self.cleaning.take() {
            cleaning.close(positions);
        }
        let up_to = positions.sent_up_to(safe);
        let mut needless = Vec::new();
        while let Some(last) = self.all.pop_back() {
            if last.is_forced {
                self.all.push_back(last);
                break;
            }
            needless.push(last.number);
            last.pieces.into_iter().for_each(|piece| piece.close(positions));
        }
        self.all.iter_mut().for_each(|segment| segment.cut(up_to));
        needless
    }
}

impl Segment {
    /// What has changed since is not in it.
    fn cut(&mut self, up_to: u64) {
        self.pieces.iter_mut().for_each(|piece| piece.up_to = piece.up_to.min(up_to));
    }
}
