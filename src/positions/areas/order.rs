//! In which order a walk comes by places.

use super::sphere::Point;
use super::tree::{LEVELS, interleave};

/// A place in the order in which a walk from a centre comes by all places, the nearer half of each box
/// first: at each level of the tree a bit that says whether it is in the farther one. It follows from the
/// centre alone, whatever boxes there are, so a walk may go on from it in a tree that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(u128);

impl Order {
    /// Before all places.
    pub const BEGIN: Order = Order(0);
    /// Behind all places.
    pub const END: Order = Order(1 << LEVELS);

    /// Of a record that is at that point.
    pub fn of(centre: &Point, point: &Point, number: u32) -> Order {
        let (centre, point) = (centre.cells(), point.cells());
        let axes = [0, 1, 2].map(|axis| order_on_axis(centre[axis], point[axis]));
        // Below the levels of space the sides are the bits of the number, the lowest first.
        Order((u128::from(interleave(axes)) << u32::BITS) | u128::from(number.reverse_bits()))
    }

    /// The end of the box of that level in which this is.
    pub fn behind(self, level: u8) -> Order {
        let below = LEVELS - u32::from(level);
        Order(((self.0 >> below) + 1) << below)
    }

    /// Whether it is in the farther half of its box of that level.
    pub fn is_farther(self, level: u32) -> bool {
        (self.0 >> (LEVELS - 1 - level)) & 1 == 1
    }
}

/// The same on one axis. Down to where their ways part the half with the centre is the nearer one, and
/// below that the one towards the centre.
fn order_on_axis(centre: u32, cell: u32) -> u32 {
    let Some(parted) = (centre ^ cell).checked_ilog2() else { return 0 };
    let below = if cell < centre { !cell } else { cell };
    (1 << parted) | (below & ((1 << parted) - 1))
}
