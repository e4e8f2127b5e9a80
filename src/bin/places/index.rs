//! What is nearest: a k-d tree over points of the unit sphere (J. L. Bentley, "Multidimensional
//! binary search trees used for associative searching", Communications of the ACM 18, 1975).
//!
//! In space there is no antimeridian and there are no poles, so none needs a case of its own; and
//! a chord grows with the arc over it, so what is near through the sphere is near along it. The
//! tree is only to leave points out; who is kept, and in which order, the distance along the
//! sphere decides.

use crate::globe::{self, Location};

/// How much nearer than the farthest point of interest a half of the tree may seem to be and yet be
/// left out: nothing, and a little slack against rounding. A part of the earth's radius: 6 mm.
const SLACK: f64 = 1e-9;

/// Points that can be asked for those nearest to another.
#[derive(Debug)]
pub struct Index {
    /// A tree without links: the middle of a slice splits it along one axis, the points before the
    /// middle lie on one side, those after it on the other, and so on within each half, axis after
    /// axis.
    nodes: Vec<Node>,
}

/// A point found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Its place in the order in which the points were given.
    pub item: u32,
    /// How far it is from the centre.
    pub metres: f64,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    vector: [f64; 3],
    location: Location,
    item: u32,
}

impl Index {
    /// An index of these points; of the first 2^32 if there are more.
    pub fn new(locations: impl IntoIterator<Item = Location>) -> Index {
        let mut nodes: Vec<Node> = locations
            .into_iter()
            .zip(0..=u32::MAX)
            .map(|(location, item)| Node { vector: location.unit_vector(), location, item })
            .collect();
        arrange(&mut nodes, 0);
        Index { nodes }
    }

    /// At most `count` points that `suit`, within `radius_metres` of `centre`: nearest first, and
    /// of those as near as each other the one given first.
    pub fn nearest(
        &self,
        centre: Location,
        radius_metres: f64,
        count: usize,
        suits: impl Fn(u32) -> bool,
    ) -> Vec<Found> {
        if count == 0 {
            return Vec::new();
        }
        let mut search = Search {
            centre,
            vector: centre.unit_vector(),
            count,
            suits,
            metres_max: radius_metres,
            chord_max: globe::chord(radius_metres) + SLACK,
            found: Vec::with_capacity(count.min(self.nodes.len())),
        };
        search.visit(&self.nodes, 0);
        search.found
    }
}

/// Orders a slice and all its halves as [`Index::nodes`] says.
fn arrange(nodes: &mut [Node], axis: usize) {
    if nodes.len() < 2 {
        return;
    }
    let middle = nodes.len() / 2;
    let (before, _, after) =
        nodes.select_nth_unstable_by(middle, |a, b| a.vector[axis].total_cmp(&b.vector[axis]));
    arrange(before, next(axis));
    arrange(after, next(axis));
}

fn next(axis: usize) -> usize {
    (axis + 1) % 3
}

/// A question on its way through the tree.
struct Search<F> {
    centre: Location,
    vector: [f64; 3],
    count: usize,
    suits: F,
    /// What is farther away is of no interest: the radius, or the farthest of enough points.
    metres_max: f64,
    /// The same through the sphere, with some slack.
    chord_max: f64,
    /// The best so far, in order.
    found: Vec<Found>,
}

impl<F: Fn(u32) -> bool> Search<F> {
    /// Looks through a slice, the more promising half first. As deep as the tree: 17 for the world.
    fn visit(&mut self, nodes: &[Node], axis: usize) {
        let (before, rest) = nodes.split_at(nodes.len() / 2);
        let Some((node, after)) = rest.split_first() else {
            return;
        };
        let beyond = self.vector[axis] - node.vector[axis];
        let (near, far) = if beyond < 0.0 { (before, after) } else { (after, before) };
        self.visit(near, next(axis));
        // Whatever is in the far half is at least as far as the plane that parts it from us.
        if beyond.abs() <= self.chord_max {
            self.consider(node);
            self.visit(far, next(axis));
        }
    }

    /// Keeps a point if it is among the best.
    fn consider(&mut self, node: &Node) {
        if !(self.suits)(node.item) {
            return;
        }
        let metres = self.centre.metres_to(node.location);
        if metres > self.metres_max {
            return;
        }
        let found = Found { item: node.item, metres };
        let rank = self.found.partition_point(|other| {
            other.metres.total_cmp(&metres).then(other.item.cmp(&node.item)).is_lt()
        });
        if rank == self.count {
            return;
        }
        self.found.truncate(self.count - 1);
        self.found.insert(rank, found);
        if self.found.len() == self.count
            && let Some(farthest) = self.found.last()
        {
            self.metres_max = farthest.metres;
            self.chord_max = globe::chord(farthest.metres) + SLACK;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    /// Points of the whole globe, and many close to each other where the map has its edges.
    fn location() -> impl Strategy<Value = Location> {
        prop_oneof![
            (-90.0..=90.0, -180.0..=180.0),
            (-0.5..0.5, prop_oneof![179.5..=180.0, -180.0..=-179.5]),
            (prop_oneof![89.5..=90.0, -90.0..=-89.5], -180.0..=180.0),
            (34.0..34.5, -118.5..-118.0),
            // Few different ones, so that some fall together.
            (
                prop_oneof![Just(-90.0), Just(0.0), Just(90.0)],
                prop_oneof![Just(-180.0), Just(180.0)]
            ),
        ]
        .prop_map(|(latitude, longitude)| Location { latitude, longitude })
    }

    fn scan(
        locations: &[Location],
        centre: Location,
        radius_metres: f64,
        count: usize,
        suits: impl Fn(u32) -> bool,
    ) -> Vec<Found> {
        let mut found: Vec<Found> = (0..)
            .zip(locations)
            .map(|(item, location)| Found { item, metres: centre.metres_to(*location) })
            .filter(|found| found.metres <= radius_metres && suits(found.item))
            .collect();
        found.sort_by(|a, b| a.metres.total_cmp(&b.metres).then(a.item.cmp(&b.item)));
        found.truncate(count);
        found
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            locations in prop::collection::vec(location(), 0..200),
            centre in location(),
            radius_metres in prop_oneof![0.0..60_000.0, 0.0..2.1e7, Just(0.0), Just(1e9)],
            count in 0..30_usize,
            one_in in 1..4_u32,
        ) {
            let index = Index::new(locations.iter().copied());
            let suits = |item: u32| item.is_multiple_of(one_in);
            prop_assert_eq!(
                index.nearest(centre, radius_metres, count, suits),
                scan(&locations, centre, radius_metres, count, suits)
            );
        }
    }

    #[test]
    fn looks_across_the_antimeridian_and_the_pole() {
        let locations = [(0.0, -179.9), (0.0, 179.8), (0.0, 178.0), (89.9, 10.0), (89.9, -170.0)]
            .map(|(latitude, longitude)| Location { latitude, longitude });
        let index = Index::new(locations);
        let items = |latitude, longitude| {
            let centre = Location { latitude, longitude };
            let found = index.nearest(centre, 50_000.0, 20, |_| true);
            found.iter().map(|found| found.item).collect::<Vec<_>>()
        };
        assert_eq!(items(0.0, 180.0), [0, 1]);
        assert_eq!(items(0.0, -180.0), [0, 1]);
        assert_eq!(items(90.0, 77.0), [3, 4]);
        assert_eq!(items(89.95, -170.0), [4, 3]);
        assert_eq!(items(-90.0, 0.0), [0; 0]);
    }

    #[test]
    fn leaves_most_of_the_points_out() {
        let location =
            |row, column| Location { latitude: f64::from(row), longitude: f64::from(column) };
        let locations: Vec<Location> =
            (0..64).flat_map(|row| (0..64).map(move |column| location(row, column))).collect();
        let index = Index::new(locations.iter().copied());
        let asked = Cell::new(0);
        let count_asked = |_| {
            asked.set(asked.get() + 1);
            true
        };
        let centre = Location { latitude: 30.2, longitude: 30.2 };
        let found = index.nearest(centre, 200_000.0, 20, count_asked);
        assert_eq!(found, scan(&locations, centre, 200_000.0, 20, |_| true));
        assert!(asked.get() < 100, "asked about {} of 4,096 points", asked.get());
    }
}
