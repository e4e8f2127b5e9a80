//! The nearest clients, exactly.

use super::super::Positions;
use super::super::change::RecordNumber;
use super::area::Area;
use super::leaf::LEAF_PLACES_MAX;
use super::sphere::{
    MARGIN_UNITS, Point, RADIUS_METRES, RADIUS_UNITS, chord_of_metres, metres_between,
    metres_of_chord,
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

/// To read a record costs as much as to look at so many places.
const RECORD_COST: usize = 4;

/// What may be answered at once, in places that are looked at and in results.
#[derive(Debug, Clone, Copy)]
pub struct AtOnce {
    /// So many, and a leaf.
    pub places: usize,
    /// So many, where more are asked for.
    pub results: usize,
}

impl AtOnce {
    /// However much it is.
    pub const ALL: AtOnce = AtOnce { places: usize::MAX, results: usize::MAX };
}

/// What a search goes by at one moment.
pub(super) struct Moment<'a> {
    pub positions: &'a Positions,
    pub tree: &'a Tree,
    /// Who is left out.
    pub but: Option<u32>,
    /// Which clients may be found; all if it is not said.
    pub wanted: Option<Wanted<'a>>,
    /// Whether each is looked at for being dead, which takes its record to be read.
    pub without_dead: bool,
}

impl Moment<'_> {
    /// How many places it costs to look at one.
    fn cost(&self) -> usize {
        if self.wanted.is_some() || self.without_dead { RECORD_COST } else { 1 }
    }

    /// Whether that record may be found.
    #[inline(always)]
    pub fn admits(&self, number: u32) -> bool {
        self.but != Some(number)
            && !(self.without_dead && self.positions.is_dead(RecordNumber(number)))
            && self.wanted.is_none_or(|wanted| wanted(self.positions.client_of(number)))
    }
}

/// A place that may be among the nearest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub chord_squared: i64,
    pub number: u32,
    /// Which of the copies is of it, or [`NOT_COPIED`](Self::NOT_COPIED).
    pub copy: u32,
    /// Rounded, if that has been found out.
    pub metres: Option<u32>,
}

/// The candidates so far. Places are told apart by their chords, in whole numbers, as long as that
/// will do; only what comes near the end of the list is measured, and ids are read only of those that
/// are equally far.
#[derive(Debug)]
pub(super) struct Candidates {
    area: Area,
    bound: usize,
    /// At most these are kept beyond the bound.
    spare: usize,
    limit: i64,
    /// See [`are_cut`](Self::are_cut) and [`are_cut_exactly`](Self::are_cut_exactly).
    is_cut: bool,
    is_cut_exactly: bool,
    found: Vec<Candidate>,
    examined: usize,
}

/// The nearest in the area, at most `bound` (which is not 0), in order; and how many places were looked at. An
/// error, if that is more than is to be answered at once, and how many were then.
pub(super) fn nearest(
    moment: &mut Moment<'_>,
    area: &Area,
    bound: usize,
    at_once: AtOnce,
    found: &mut Vec<Near>,
) -> Result<usize, usize> {
    let examined = search(moment, area, bound, at_once, found)?;
    let positions = moment.positions;
    // Hardly ever is one dead that has not been taken out, and then others may be near in its place.
    if !positions.expiry.is_on() || !found.iter().any(|near| positions.is_dead(near.number)) {
        return Ok(examined);
    }
    found.clear();
    moment.without_dead = true;
    Ok(examined + search(moment, area, bound, at_once, found)?)
}

fn search(
    moment: &Moment<'_>,
    area: &Area,
    bound: usize,
    at_once: AtOnce,
    found: &mut Vec<Near>,
) -> Result<usize, usize> {
    let mut candidates = Candidates::new(area, bound);
    let results = if bound > at_once.results { at_once.results } else { usize::MAX };
    let mut is_too_much = false;
    Walk::run(moment.tree, area.centre(), candidates.limit, |leaf, _| {
        is_too_much = candidates.examined > at_once.places || candidates.found.len() > results;
        if is_too_much { -1 } else { candidates.look(moment, leaf.numbers()) }
    });
    if is_too_much || candidates.found.len() > results {
        return Err(candidates.examined);
    }
    candidates.finish(moment, found);
    Ok(candidates.examined)
}

impl Candidates {
    pub fn new(area: &Area, bound: usize) -> Self {
        Candidates {
            area: *area,
            bound,
            spare: bound / 4 + 4,
            limit: area.chord() * area.chord(),
            is_cut: false,
            is_cut_exactly: false,
            found: Vec::with_capacity(128.min(2 * bound + 64)),
            examined: 0,
        }
    }

    /// Looks at records, the next of a walk; up to which chord's square it is to go on.
    pub fn look(&mut self, moment: &Moment<'_>, numbers: &[u32]) -> i64 {
        self.examined += numbers.len() * moment.cost();
        let centre = self.area.centre();
        // First all of them, so that the processor, which has nothing to decide meanwhile, waits for
        // several at once.
        let mut chords = [0; LEAF_PLACES_MAX];
        for (chord_squared, &number) in chords.iter_mut().zip(numbers) {
            *chord_squared = centre.chord_squared(&moment.tree.point(number));
        }
        for (&number, &chord_squared) in numbers.iter().zip(&chords) {
            if chord_squared <= self.limit && moment.admits(number) {
                self.found.push(Candidate::new(number, chord_squared));
            }
        }
        self.shrink(moment);
        self.limit
    }

    /// The area's middle.
    pub fn centre(&self) -> Point {
        self.area.centre()
    }

    /// The square of a chord, beyond which none counts.
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// Whether any have been let go of, or are not looked for, because others are nearer.
    pub fn are_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether some of them were no farther than others, but for what is less than a metre, or by their ids.
    pub fn are_cut_exactly(&self) -> bool {
        self.is_cut_exactly
    }

    /// How many places have been looked at, or what costs as much.
    pub fn examined(&self) -> usize {
        self.examined
    }

    /// The square of the chord to there, if that counts.
    pub fn chord_to(&self, point: Point) -> Option<i64> {
        Some(self.centre().chord_squared(&point)).filter(|&chord| chord <= self.limit)
    }

    /// Those that have been found, in no order.
    pub fn found(&mut self) -> &mut Vec<Candidate> {
        &mut self.found
    }

    /// Lets go of those that are found and are too many.
    pub fn shrink(&mut self, moment: &Moment<'_>) {
        if self.is_full() {
            self.cut(moment);
        }
    }

    /// Lets go of those that are more than the bound, as far as that goes quickly.
    pub fn shrink_to_bound(&mut self, moment: &Moment<'_>) {
        if self.found.len() > self.bound {
            self.cut(moment);
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.bound + self.spare
    }

    /// Lets go of those that cannot be among the nearest.
    fn cut(&mut self, moment: &Moment<'_>) {
        self.is_cut = true;
        let (_, last, _) =
            self.found.select_nth_unstable_by_key(self.bound - 1, |found| found.chord_squared);
        // Who is rounded to the same metre may be a metre farther, and each of the two chords may be
        // wrong.
        let metre = RADIUS_UNITS as f64 / RADIUS_METRES;
        let chord = (last.chord_squared as f64).sqrt() + metre + (2 * MARGIN_UNITS) as f64;
        self.limit = self.limit.min((chord * chord) as i64);
        let limit = self.limit;
        self.found.retain(|found| found.chord_squared <= limit);
        if self.is_full() {
            self.cut_exactly(moment);
        }
    }

    /// The same where a crowd is hardly a metre apart.
    fn cut_exactly(&mut self, moment: &Moment<'_>) {
        // Their ids are read.
        self.examined += self.found.len();
        self.measure(moment);
        let Candidates { found, bound, .. } = self;
        // The area may end here.
        if found.len() <= *bound {
            return;
        }
        let by = |a: &Candidate, b: &Candidate| compare(moment.positions, a, b);
        self.is_cut_exactly = true;
        let (_, last, _) = found.select_nth_unstable_by(*bound - 1, by);
        let metres = f64::from(last.metres.unwrap_or(u32::MAX));
        found.truncate(*bound);
        let chord = chord_of_metres(metres + 0.5).ceil() as i64 + MARGIN_UNITS;
        self.limit = self.limit.min(chord * chord);
    }

    fn measure(&mut self, moment: &Moment<'_>) {
        let Candidates { area, found, .. } = self;
        for candidate in found.iter_mut() {
            candidate.measure(area, moment.positions);
        }
        // Each is somewhere, or it would not be in the tree.
        found.retain(|found| found.metres.is_some_and(|metres| area.reaches(metres)));
    }

    fn finish(&mut self, moment: &Moment<'_>, near: &mut Vec<Near>) {
        self.shrink_to_bound(moment);
        self.measure(moment);
        self.found.sort_unstable_by(|a, b| compare(moment.positions, a, b));
        self.found.truncate(self.bound);
        near.extend(self.found.iter().map(|found| Near {
            metres: found.metres.unwrap_or(u32::MAX),
            number: RecordNumber(found.number),
        }));
    }
}

impl Candidate {
    /// No copy.
    pub const NOT_COPIED: u32 = u32::MAX;

    pub fn new(number: u32, chord_squared: i64) -> Self {
        Candidate { chord_squared, number, copy: Candidate::NOT_COPIED, metres: None }
    }

    /// Finds out how far it is, if that is not known.
    pub fn measure(&mut self, area: &Area, positions: &Positions) {
        if self.metres.is_some() {
            return;
        }
        let exactly = || {
            let location = positions.location_of(self.number)?;
            Some(metres_between(area.location(), &location))
        };
        self.metres = metres_of_chord(self.chord_squared).or_else(exactly);
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
