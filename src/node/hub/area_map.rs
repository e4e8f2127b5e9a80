//! From a place to the areas around it.
//!
//! Cubes of a grid hold the areas that touch them. Each area is in the grid whose cubes are about as wide
//! as itself, so that it touches at most eight; a place is looked for in each grid that holds any, of
//! which there are as many as sizes that differ by half.

use super::WatcherId;
use crate::positions::{Area, Point};
use std::collections::{BTreeMap, HashMap};

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct AreaMap {
    /// In the order of those who watch, so that they are found in the same order in each run.
    cubes: HashMap<Cube, BTreeMap<WatcherId, Vec<Area>>>,
    /// How many areas are in the grid whose cubes are two to the power of the place wide.
    areas: [usize; WIDTHS],
}

/// A cube of a grid: by how many bits the coordinates of what is in it were shifted, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Cube {
    shift: u32,
    at: [i64; 3],
}

/// One that is as wide as the sphere's own cube, and all that are smaller.
const WIDTHS: usize = 34;

impl Default for AreaMap {
    fn default() -> Self {
        AreaMap { cubes: HashMap::new(), areas: [0; WIDTHS] }
    }
}

impl AreaMap {
    pub fn is_empty(&self) -> bool {
        self.cubes.is_empty()
    }

    pub fn insert(&mut self, area: &Area, watcher: WatcherId) {
        let (shift, cubes) = cubes_of(area);
        self.areas[shift as usize] += 1;
        for cube in cubes {
            self.cubes.entry(cube).or_default().entry(watcher).or_default().push(*area);
        }
    }

    /// Takes out what was inserted once.
    pub fn remove(&mut self, area: &Area, watcher: WatcherId) {
        let (shift, cubes) = cubes_of(area);
        self.areas[shift as usize] -= 1;
        for cube in cubes {
            let Some(watchers) = self.cubes.get_mut(&cube) else { continue };
            let Some(areas) = watchers.get_mut(&watcher) else { continue };
            if let Some(at) = areas.iter().position(|other| other == area) {
                areas.swap_remove(at);
            }
            if areas.is_empty() {
                watchers.remove(&watcher);
            }
            if watchers.is_empty() {
                self.cubes.remove(&cube);
            }
        }
    }

    /// Calls `found` for each who watches an area that may hold the point; more than once for areas of
    /// different sizes.
    pub fn around(&self, point: Point, mut found: impl FnMut(WatcherId)) {
        let used = (0_u32..).zip(&self.areas).filter(|(_, areas)| **areas > 0);
        for (shift, _) in used {
            let at = point.coordinates().map(|coordinate| i64::from(coordinate) >> shift);
            for (&watcher, areas) in self.cubes.get(&Cube { shift, at }).into_iter().flatten() {
                if areas.iter().any(|area| area.may_contain(point)) {
                    found(watcher);
                }
            }
        }
    }
}

/// The cubes that an area touches, and their width.
fn cubes_of(area: &Area) -> (u32, impl Iterator<Item = Cube>) {
    let (chord, centre) = (area.chord(), area.centre().coordinates());
    let widest = WIDTHS as u32 - 1;
    let shift = (0..widest).find(|shift| 1_i64 << shift >= 2 * chord).unwrap_or(widest);
    let ends = centre.map(|coordinate| {
        let coordinate = i64::from(coordinate);
        [(coordinate - chord) >> shift, (coordinate + chord) >> shift]
    });
    let [x, y, z] = ends.map(|[first, last]| first..=last);
    let cubes = x.flat_map(move |x| {
        let z = z.clone();
        y.clone().flat_map(move |y| z.clone().map(move |z| Cube { shift, at: [x, y, z] }))
    });
    (shift, cubes)
}
