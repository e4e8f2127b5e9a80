//! A search for many, in shares: between them everybody moves, and what is found in the end is nevertheless
//! as it is at that one moment.
//!
//! It goes the way of any search: `walk`. What it has found is at any time **all that is now** within its limit in
//! the boxes that it has been to: it is told of whatever changes in the index, takes out who left, and
//! takes in who came there. To where it has been is a place in the order of the walk ([`Order`]), not one in
//! the tree: leaves may be split and joined meanwhile.
//!
//! Its limit comes in as the search finds more than it is to tell of; who is beyond is let go of. So it
//! looks for some more than that: as long as no more of them have left, all who were let go of come behind as
//! many as are told of. If more have, it begins again, a few times; then it goes on to the end at once.
//!
//! Who is found is copied, in shares, too, and again if it has changed. The copies are put in order, and when
//! nothing is left to do the best of them are the answer.

use super::kept::Kept;
use super::leaf::{LEAF_PLACES_MAX, Leaf};
use super::near::{Candidate, Candidates, Moment};
use super::order::Order;
use super::sphere::Point;
use super::walk::Walk;
use super::{Area, RecordNumber};
use crate::limits;
use std::cmp::Ordering;
use std::hint::black_box;
use std::mem;

/// To copy a record costs as much as to look at a place, and each so many of its bytes as much again.
const COPIED_BYTES: usize = 256;
/// More than anything costs.
const AT_ONCE: i64 = i64::MAX / 2;
/// To go through so many that are found costs as much as to look at a place.
const FOUND: usize = 32;

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Search {
    area: Area,
    /// How many are to be told of, and how many are looked for.
    bound: usize,
    sought: usize,
    candidates: Candidates,
    /// To where the walk has come: all places before have been looked at.
    reached: Order,
    /// Records that have changed since the last share, and were or are within the limit; and whether each
    /// was nowhere meanwhile: then it may be another client's.
    changed: Vec<(u32, bool)>,
    /// How many that were found have left, or have gone farther away, since some were let go of.
    lost: usize,
    /// Some of which are of candidates that are none any more.
    copies: Kept,
    /// The least time of what was copied, in nanoseconds.
    earliest: i64,
    /// How often it has begun.
    begun: usize,
    without_dead: bool,
}

impl Search {
    /// For the nearest in the area, at most `bound`.
    pub fn new(area: &Area, bound: usize) -> Self {
        let sought = bound + bound / 8 + 8;
        Search {
            area: *area,
            bound,
            sought,
            candidates: Candidates::new(area, sought),
            reached: Order::BEGIN,
            changed: Vec::new(),
            lost: 0,
            copies: Kept::default(),
            earliest: i64::MAX,
            begun: 1,
            without_dead: false,
        }
    }

    /// A record is put somewhere else in the index, or has changed where it is.
    pub fn note(&mut self, number: u32, before: Option<Point>, now: Option<Point>) {
        if self.reached == Order::BEGIN {
            return;
        }
        let concerns = |point: Point| self.candidates.chord_to(point).is_some();
        if before.is_some_and(concerns) || now.is_some_and(concerns) {
            self.changed.push((number, now.is_none()));
        }
    }

    /// Goes on for a share of so many places, or what costs as much; what the share was, and all that is
    /// found, once it is. The index must be current.
    pub fn go_on(&mut self, moment: &mut Moment<'_>, share: usize) -> (usize, Option<Kept>) {
        moment.without_dead = self.without_dead;
        let changes = self.take_changes(moment);
        // However much changes, it goes on.
        let share = share.saturating_sub(changes).max(share / 4).max(1) as i64;
        let (mut granted, mut left) = (share, share);
        let found = loop {
            if self.has_lost_too_many() {
                self.begin_again(moment);
            }
            let is_last = self.begun > limits::NEAR_SEARCHES_MAX
                || self.copies.len() > limits::NEAR_COPIES_PER_RESULT_MAX * self.sought;
            if is_last && granted == share {
                (granted, left) = (granted + AT_ONCE, left + AT_ONCE);
            }
            if !self.walk(moment, &mut left) || !self.copy(moment, &mut left) || left < granted / 2
            {
                // What is left to do takes about half a share.
                break None;
            }
            self.let_go_of_dead(moment);
            if !self.has_lost_too_many() {
                break Some(self.end());
            }
        };
        (changes + usize::try_from(granted - left).unwrap_or(0), found)
    }

    /// How often it has begun.
    #[cfg(test)]
    pub fn begun(&self) -> usize {
        self.begun
    }

    /// Whether some who were let go of may be among the nearest now. As many as are sought came before them
    /// when they were.
    fn has_lost_too_many(&self) -> bool {
        self.candidates.are_cut() && self.lost > self.sought - self.bound
    }

    fn begin_again(&mut self, moment: &mut Moment<'_>) {
        let begun = self.begun + 1;
        let without_dead = moment.positions.expiry.is_on();
        *self = Search { begun, without_dead, ..Search::new(&self.area, self.bound) };
        moment.without_dead = without_dead;
    }

    /// Brings what has been found up to date; how many places that cost.
    fn take_changes(&mut self, moment: &Moment<'_>) -> usize {
        if self.changed.is_empty() {
            return 0;
        }
        let mut changed = mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup_by(|next, one| {
            let is_same = next.0 == one.0;
            one.1 |= is_same && next.1;
            is_same
        });
        // At which chord each of them was found.
        let mut chords = vec![None; changed.len()];
        let found = self.candidates.found();
        let cost = found.len() / FOUND + changed.len();
        found.retain(|candidate| {
            let at = changed.binary_search_by_key(&candidate.number, |(number, _)| *number);
            if let Ok(at) = at {
                chords[at] = Some(candidate.chord_squared);
            }
            at.is_err()
        });
        for ((number, was_nowhere), before) in changed.into_iter().zip(chords) {
            let now = self.find(moment, number);
            if let Some(chord_squared) = now {
                self.candidates.found().push(Candidate::new(number, chord_squared));
            }
            // A chord does not tell everything where those were let go of who are equally far.
            let may_be_behind = was_nowhere || self.candidates.are_cut_exactly();
            let is_no_farther = |before| now.is_some_and(|now| now <= before) && !may_be_behind;
            let is_lost = before.is_some_and(|before| !is_no_farther(before));
            self.lost += usize::from(is_lost && self.candidates.are_cut());
        }
        self.candidates.shrink(moment);
        cost
    }

    /// The square of the chord to a record that is where the walk has been, if that counts.
    fn find(&self, moment: &Moment<'_>, number: u32) -> Option<i64> {
        let point = moment.tree.find(number)?;
        let chord_squared = self.candidates.chord_to(point)?;
        let order = Order::of(&self.candidates.centre(), &point, number);
        (order < self.reached && moment.admits(number)).then_some(chord_squared)
    }

    /// Whether it has come to the end, with something left of the share.
    fn walk(&mut self, moment: &Moment<'_>, left: &mut i64) -> bool {
        if self.reached == Order::END {
            return true;
        }
        let Search { candidates, reached, .. } = self;
        let (centre, limit, from) = (candidates.centre(), candidates.limit(), *reached);
        *reached = Order::END;
        let order = |number| Order::of(&centre, &moment.tree.point(number), number);
        let look = |leaf: &Leaf, is_partly_seen: bool| {
            let before = candidates.examined();
            let mut numbers = leaf.numbers();
            let mut unseen = [0; LEAF_PLACES_MAX];
            if is_partly_seen {
                let mut len = 0;
                for &number in numbers.iter().filter(|&&number| order(number) >= from) {
                    unseen[len] = number;
                    len += 1;
                }
                numbers = &unseen[..len];
            }
            let limit = candidates.look(moment, numbers);
            *left -= (candidates.examined() - before) as i64;
            if *left > 0 {
                return limit;
            }
            // No leaf is empty.
            if let Some(&number) = leaf.numbers().first() {
                *reached = order(number).behind(leaf.level);
            }
            -1
        };
        Walk::resume(moment.tree, centre, limit, from, look);
        if self.reached == Order::END {
            self.candidates.shrink_to_bound(moment);
        }
        self.reached == Order::END && *left > 0
    }

    /// Whether all that is found is copied, with something left of the share. What a share copies it puts in
    /// order, so that little is left to do for all of them.
    fn copy(&mut self, moment: &Moment<'_>, left: &mut i64) -> bool {
        let Search { area, candidates, copies, earliest, .. } = self;
        let positions = moment.positions;
        let found = candidates.found();
        let is_new = |candidate: &Candidate| candidate.copy == Candidate::NOT_COPIED;
        let Some(first) = found.iter().position(is_new) else { return true };
        if copies.is_empty() {
            *copies = Kept::with_capacity(found.len());
        }
        let mut at = first;
        while *left > 0 && at < found.len() {
            let end = found.len().min(at + limits::PREFETCH_LINES_MAX);
            let batch = &mut found[at..end];
            at = end;
            // As with reports, memory is waited for once for several.
            for candidate in batch.iter().filter(|candidate| is_new(candidate)) {
                black_box(positions.feed.ends_of(candidate.number));
            }
            let before = copies.bytes();
            for candidate in batch.iter_mut().filter(|candidate| is_new(candidate)) {
                candidate.measure(area, positions);
                // It is there, or it would not be in the tree.
                let Some(change) = positions.change_of(RecordNumber(candidate.number)) else {
                    candidate.metres = None;
                    continue;
                };
                candidate.copy = copies.len() as u32;
                copies.push(candidate.metres.unwrap_or(u32::MAX), &change);
                *earliest = (*earliest).min(change.time_nanoseconds());
                *left -= 1;
            }
            *left -= ((copies.bytes() - before) / COPIED_BYTES) as i64;
        }
        let is_all = at == found.len();
        // Some may lie on the edge, and just beyond.
        let is_inside = |candidate: &Candidate| candidate.metres.is_some_and(|m| area.reaches(m));
        let outside = found.extract_if(first..at, |candidate| !is_inside(candidate)).count();
        found[first..at - outside].sort_unstable_by(|a, b| compare(copies, a, b));
        is_all && *left > 0
    }

    fn let_go_of_dead(&mut self, moment: &Moment<'_>) {
        let positions = moment.positions;
        if positions.expiry.has_ended(self.earliest) {
            let found = self.candidates.found();
            let before = found.len();
            found.retain(|candidate| !positions.is_dead(RecordNumber(candidate.number)));
            self.lost += before - found.len();
        }
    }

    /// Puts all in order, which hardly takes anything, as each share has left its part so.
    fn end(&mut self) -> Kept {
        let Search { candidates, copies, .. } = self;
        let found = candidates.found();
        found.sort_by(|a, b| compare(copies, a, b));
        found.truncate(self.bound);
        let order = found.iter().map(|candidate| candidate.copy as usize);
        mem::take(copies).pick(order)
    }
}

/// By rounded metres, then by the ids' bytes, of what has been copied.
fn compare(copies: &Kept, a: &Candidate, b: &Candidate) -> Ordering {
    let client = |candidate: &Candidate| copies.client(candidate.copy as usize);
    a.metres.cmp(&b.metres).then_with(|| client(a).cmp(client(b)))
}
