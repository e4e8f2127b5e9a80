//! All clients of an area.

use super::super::Positions;
use super::super::change::RecordNumber;
use super::area::Area;
use super::tree::Tree;
use super::walk::Walk;

/// How many places on the edge of an area are measured for each that may be found: more are too many.
const MEASURED_MAX: usize = 4;

/// The records inside the area that are not dead, by sequence number; `None` if there are more than `max`, or very many on
/// its edge, each of which must be measured.
pub(super) fn all_inside(
    positions: &Positions,
    tree: &Tree,
    area: &Area,
    max: usize,
) -> Option<Vec<(u64, RecordNumber)>> {
    let (limit, sure) = (area.chord() * area.chord(), area.sure_chord_squared());
    let mut found = vec![];
    let (mut is_within, mut measured) = (true, 0);
    Walk::run(tree, area.centre(), limit, |leaf, _| {
        for &number in leaf.numbers() {
            let chord_squared = area.centre().chord_squared(&tree.point(number));
            let is_inside = chord_squared <= sure
                || chord_squared <= limit && {
                    measured += 1;
                    let location = positions.location_of(number);
                    location.is_some_and(|location| area.contains(&location))
                };
            if is_inside && found.len() == max || measured > MEASURED_MAX * max.max(64) {
                is_within = false;
                return -1;
            }
            if is_inside {
                found.push(number);
            }
        }
        limit
    });
    let numbered = |number: u32| (positions.feed.record(number).sequence, RecordNumber(number));
    let alive = is_within
        .then_some(found)?
        .into_iter()
        .filter(|&number| !positions.is_dead(RecordNumber(number)));
    let mut found: Vec<_> = alive.map(numbered).collect();
    found.sort_unstable_by_key(|(sequence, _)| *sequence);
    Some(found)
}
