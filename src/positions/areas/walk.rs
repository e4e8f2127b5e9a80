//! The way through the tree from what is near to what is far.

use super::leaf::Leaf;
use super::order::Order;
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
    /// What comes before it is passed over.
    resumed: Order,
    look: Look,
}

impl<'a, Look: FnMut(&Leaf, bool) -> i64> Walk<'a, Look> {
    /// Shows `look` each leaf that may have some nearer to `centre` than the limit, a chord's square; it
    /// says what the limit is from then on. (And `look` is told that all of the leaf counts.)
    pub fn run(tree: &'a Tree, centre: Point, limit: i64, look: Look) {
        Walk::new(tree, centre, limit, Order::BEGIN, look).visit::<false>(tree.root(), 0, 0);
    }

    /// The same from a place on that is before the end. `look` is told of the first leaf that a part of it
    /// may come before that.
    pub fn resume(tree: &'a Tree, centre: Point, limit: i64, from: Order, look: Look) {
        Walk::new(tree, centre, limit, from, look).visit::<true>(tree.root(), 0, 0);
    }

    fn new(tree: &'a Tree, centre: Point, limit: i64, resumed: Order, look: Look) -> Self {
        let centre = centre.coordinates();
        Walk { tree, centre, from: [-(1 << 30); 3], away: [0; 3], limit, resumed, look }
    }

    /// Its depth is bounded as the tree's is. `RESUMES`: the walk goes on within this node.
    fn visit<const RESUMES: bool>(&mut self, node: Child, level: u32, distance: i64) {
        if distance > self.limit {
            return;
        }
        match node {
            Child::Nothing => {}
            Child::Leaf(leaf) => self.limit = (self.look)(self.tree.leaf(leaf), RESUMES),
            Child::Inner(inner) if level < SPACE_LEVELS => {
                self.halves::<RESUMES>(self.tree.children(inner), level, distance);
            }
            Child::Inner(inner) => {
                let [first, second] = self.tree.children(inner);
                self.nearer::<RESUMES>(first, level, distance);
                self.farther::<RESUMES>(second, level, distance);
            }
        }
    }

    fn halves<const RESUMES: bool>(&mut self, [low, high]: [Child; 2], level: u32, distance: i64) {
        let axis = (level % 3) as usize;
        let (from, away) = (self.from[axis], self.away[axis]);
        let middle = from + (1 << (30 - level / 3));
        let beyond = i64::from(self.centre[axis]) - i64::from(middle);
        let is_high = beyond >= 0;
        let (near, far) = if is_high { (high, low) } else { (low, high) };
        let [near_from, far_from] = if is_high { [middle, from] } else { [from, middle] };
        if near != Child::Nothing {
            self.from[axis] = near_from;
            self.nearer::<RESUMES>(near, level, distance);
        }
        if far != Child::Nothing {
            self.from[axis] = far_from;
            self.away[axis] = if is_high { beyond + 1 } else { -beyond };
            let distance = distance - away * away + self.away[axis] * self.away[axis];
            self.farther::<RESUMES>(far, level, distance);
            self.away[axis] = away;
        }
        self.from[axis] = from;
    }

    /// The first half of a box of that level: passed over if the walk goes on in the other one.
    #[inline(always)]
    fn nearer<const RESUMES: bool>(&mut self, half: Child, level: u32, distance: i64) {
        if !RESUMES || !self.resumed.is_farther(level) {
            self.visit::<RESUMES>(half, level + 1, distance);
        }
    }

    /// The second one: all of it counts, unless the walk goes on in it.
    #[inline(always)]
    fn farther<const RESUMES: bool>(&mut self, half: Child, level: u32, distance: i64) {
        if RESUMES && self.resumed.is_farther(level) {
            self.visit::<true>(half, level + 1, distance);
        } else {
            self.visit::<false>(half, level + 1, distance);
        }
    }
}
