//! The nearest clients, exactly.

use super::super::Positions;
use super::super::change::RecordNumber;
use super::area::Area;
use super::leaf::LEAF_PLACES_MAX;
use super::sphere::{
    MARGIN_UNITS, RADIUS_METRES, RADIUS_UNITS, chord_of_metres, metres_between, metres_of_chord,
};
use super::tree::Tree;
use super::walk::Walk;
use crate::wire::Location;
use std::cmp::Ordering;

/// A client that is near, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near {
    /// Rounded metres.
    pub metres: u32,
    /// The client's record.
    pub number: RecordNumber,
}

/// Whether a client with that id may be found.
pub type Wanted<'a> = &'a dyn Fn(&[u8]) -> bool;

/// A place that may be among the nearest.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    chord_squared: i64,
    number: u32,
    /// Rounded, if that has been found out.
    metres: Option<u32>,
}

/// The candidates so far. Places are told apart by their chords, in whole numbers, as long as that
/// will do; only what comes near the end of the list is measured, and ids are read only of those that
/// are equally far.
struct Candidates<'a> {
    positions: &'a Positions,
    area: &'a Area,
    bound: usize,
    but: Option<u32>,
    /// Whether each is looked at for being dead, which takes its record to be read.
    without_dead: bool,
    /// Which clients may be found; all if it is not said.
    wanted: Option<Wanted<'a>>,
    /// At most these are kept beyond the bound.
    spare: usize,
    limit: i64,
    found: Vec<Candidate>,
    examined: usize,
}

/// The nearest in the area, at most `bound` (which is not 0), without the record `but`, in order; and
/// how many places were looked at.
pub(super) fn nearest(
    positions: &Positions,
    tree: &Tree,
    area: &Area,
    (bound, but, wanted): (usize, Option<u32>, Option<Wanted<'_>>),
    found: &mut Vec<Near>,
) -> usize {
    let examined = search(positions, tree, area, (bound, but, wanted, false), found);
    // Hardly ever is one dead that has not been taken out, and then others may be near in its place.
    if !positions.expiry.is_on() || !found.iter().any(|near| positions.is_dead(near.number)) {
        return examined;
    }
    found.clear();
    examined + search(positions, tree, area, (bound, but, wanted, true), found)
}

fn search(
    positions: &Positions,
    tree: &Tree,
    area: &Area,
    (bound, but, wanted, without_dead): (usize, Option<u32>, Option<Wanted<'_>>, bool),
    found: &mut Vec<Near>,
) -> usize {
    let limit = area.chord() * area.chord();
    let spare = bound / 4 + 4;
    let (found_so_far, examined) = (Vec::with_capacity(128.min(2 * bound + 64)), 0);
    let mut candidates = Candidates {
        positions,
        area,
        bound,
        but,
        without_dead,
        wanted,
        spare,
        limit,
        found: found_so_far,
        examined,
    };
    Walk::run(tree, area.centre(), limit, |numbers| candidates.look(tree, numbers));
    candidates.finish(found);
    candidates.examined
}

impl Candidates<'_> {
    fn look(&mut self, tree: &Tree, numbers: &[u32]) -> i64 {
        self.examined += numbers.len();
        let centre = self.area.centre();
        // First all of them, so that the processor, which has nothing to decide meanwhile, waits for
        // several at once.
        let mut chords = [0; LEAF_PLACES_MAX];
        for (chord_squared, &number) in chords.iter_mut().zip(numbers) {
            *chord_squared = centre.chord_squared(&tree.point(number));
        }
        for (&number, &chord_squared) in numbers.iter().zip(&chords) {
            if chord_squared <= self.limit
                && self.but != Some(number)
                && !(self.without_dead && self.positions.is_dead(RecordNumber(number)))
                && self.wanted.is_none_or(|wanted| wanted(self.positions.client_of(number)))
            {
                self.found.push(Candidate { chord_squared, number, metres: None });
            }
        }
        if self.found.len() >= self.bound + self.spare {
            self.cut();
        }
        self.limit
    }

    /// Lets go of those that cannot be among the nearest.
    fn cut(&mut self) {
        let (_, last, _) =
            self.found.select_nth_unstable_by_key(self.bound - 1, |found| found.chord_squared);
        // Who is rounded to the same metre may be a metre farther, and each of the two chords may be
        // wrong.
        let metre = RADIUS_UNITS as f64 / RADIUS_METRES;
        let chord = (last.chord_squared as f64).sqrt() + metre + (2 * MARGIN_UNITS) as f64;
        self.limit = self.limit.min((chord * chord) as i64);
        let limit = self.limit;
        self.found.retain(|found| found.chord_squared <= limit);
        if self.found.len() >= self.bound + self.spare {
            self.cut_exactly();
        }
    }

    /// The same where a crowd is hardly a metre apart.
    fn cut_exactly(&mut self) {
        self.measure();
        let Candidates { positions, found, bound, .. } = self;
        // The area may end here.
        if found.len() <= *bound {
            return;
        }
        let by = |a: &Candidate, b: &Candidate| compare(positions, a, b);
        let (_, last, _) = found.select_nth_unstable_by(*bound - 1, by);
        let metres = f64::from(last.metres.unwrap_or(u32::MAX));
        found.truncate(*bound);
        let chord = chord_of_metres(metres + 0.5).ceil() as i64 + MARGIN_UNITS;
        self.limit = self.limit.min(chord * chord);
    }

    fn measure(&mut self) {
        let Candidates { positions, area, found, .. } = self;
        for candidate in found.iter_mut().filter(|candidate| candidate.metres.is_none()) {
            let exactly = || {
                let location = positions.location_of(candidate.number)?;
                Some(metres_between(area.location(), &location))
            };
            candidate.metres = metres_of_chord(candidate.chord_squared).or_else(exactly);
        }
        // Each is somewhere, or it would not be in the tree.
        found.retain(|found| found.metres.is_some_and(|metres| area.reaches(metres)));
    }

    fn finish(&mut self, near: &mut Vec<Near>) {
        if self.found.len() > self.bound {
            self.cut();
        }
        self.measure();
        let positions = self.positions;
        self.found.sort_unstable_by(|a, b| compare(positions, a, b));
        self.found.truncate(self.bound);
        near.extend(self.found.iter().map(|found| Near {
            metres: found.metres.unwrap_or(u32::MAX),
            number: RecordNumber(found.number),
        }));
    }
}

/// By rounded metres, then by the ids' bytes.
fn compare(positions: &Positions, a: &Candidate, b: &Candidate) -> Ordering {
    let client = |candidate: &Candidate| positions.client_of(candidate.number);
    a.metres.cmp(&b.metres).then_with(|| client(a).cmp(client(b)))
}

impl Positions {
    /// Whom a record is about.
    fn client_of(&self, number: u32) -> &[u8] {
        self.feed.record(number).text().client()
    }

    /// Where a record's text says that it is.
    pub(super) fn location_of(&self, number: u32) -> Option<Location> {
        Location::parse(self.feed.record(number).text().location())
    }
}
