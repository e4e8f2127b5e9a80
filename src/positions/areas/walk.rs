//! The way through the tree from what is near to what is far.

use super::sphere::Point;
use super::tree::{Child, SPACE_LEVELS, Tree};

/// Looks at leaves, the nearer half of each box first and the farther one only if it is not too far
/// (J. L. Bentley, Multidimensional Binary Search Trees Used for Associative Searching, 1975; that the
/// distance to a box follows from that to the box around it is from S. Arya and D. M. Mount,
/// Algorithms for Fast Vector Quantization, 1993).
pub(super) struct Walk<'a, Look> {
    tree: &'a Tree,
    centre: [i32; 3],
    /// Where the box of the node begins, and how far the centre is from it, on each axis.
    from: [i32; 3],
    away: [i64; 3],
    /// The square of the distance beyond which nothing matters.
    limit: i64,
    look: Look,
}

impl<'a, Look: FnMut(&[u32]) -> i64> Walk<'a, Look> {
    /// Shows `look` the records of each leaf that may have some nearer to `centre` than the limit, a chord's
    /// square; it says what the limit is from then on.
    pub fn run(tree: &'a Tree, centre: Point, limit: i64, look: Look) {
        let centre = centre.coordinates();
        let mut walk = Walk { tree, centre, from: [-(1 << 30); 3], away: [0; 3], limit, look };
        walk.visit(tree.root(), 0, 0);
    }

    /// Its depth is bounded as the tree's is.
    fn visit(&mut self, node: Child, level: u32, distance: i64) {
        if distance > self.limit {
            return;
        }
        match node {
            Child::Nothing => {}
            Child::Leaf(leaf) => self.limit = (self.look)(self.tree.leaf(leaf).numbers()),
            Child::Inner(inner) if level < SPACE_LEVELS => {
                self.halves(self.tree.children(inner), level, distance);
            }
            Child::Inner(inner) => {
                for child in self.tree.children(inner) {
                    self.visit(child, level + 1, distance);
                }
            }
        }
    }

    fn halves(&mut self, [low, high]: [Child; 2], level: u32, distance: i64) {
        let axis = (level % 3) as usize;
        let (from, away) = (self.from[axis], self.away[axis]);
        let middle = from + (1 << (30 - level / 3));
        let beyond = i64::from(self.centre[axis]) - i64::from(middle);
        let is_high = beyond >= 0;
        let (near, far) = if is_high { (high, low) } else { (low, high) };
        let [near_from, far_from] = if is_high { [middle, from] } else { [from, middle] };
        if near != Child::Nothing {
            self.from[axis] = near_from;
            self.visit(near, level + 1, distance);
        }
        if far != Child::Nothing {
            self.from[axis] = far_from;
            self.away[axis] = if is_high { beyond + 1 } else { -beyond };
            let distance = distance - away * away + self.away[axis] * self.away[axis];
            self.visit(far, level + 1, distance);
            self.away[axis] = away;
        }
        self.from[axis] = from;
    }
}
