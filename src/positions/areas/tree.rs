//! Where the records are: a binary tree over the cube around the Earth.

use super::super::chunks::Chunks;
use super::leaf::{LEAF_PLACES_MAX, Leaf};
use super::slots::Slots;
use super::sphere::Point;
use crate::fault::fault;

/// How many times each axis is halved: to cubes of 6.1 m, within which one hardly tells places apart
/// by whole metres.
const HALVINGS: u32 = 21;
/// Levels of the tree on which the cube is halved. Below them it is the records' numbers that tell
/// places apart, so however many are on one point, no leaf has more than others.
pub(super) const SPACE_LEVELS: u32 = 3 * HALVINGS;
/// All levels: no leaf is deeper.
pub(super) const LEVELS: u32 = SPACE_LEVELS + u32::BITS;
/// Records of two leaves that are joined: well below what one is split at, so that one client that goes
/// to and fro does not split and join them each time.
const JOINED_MAX: usize = LEAF_PLACES_MAX / 2;

/// The way from the root to a place: at each level, to which side.
#[derive(Debug, Clone, Copy)]
struct Path {
    space: u64,
    number: u32,
}

/// What an inner node, or the root, leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Nothing,
    Leaf(u32),
    Inner(u32),
}

/// A child in four bytes.
#[derive(Debug, Clone, Copy)]
struct Packed(u32);

#[derive(Debug)]
struct Inner {
    children: [Packed; 2],
    parent: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Tree {
    root: Child,
    inners: Slots<Inner>,
    leaves: Slots<Leaf>,
    /// For each record's number where it is, or [`Point::NOWHERE`].
    points: Chunks<Point, 4_096>,
    /// What the numbers in leaves take.
    leaves_bytes: usize,
}

impl Tree {
    pub fn new() -> Self {
        Tree {
            root: Child::Nothing,
            inners: Slots::default(),
            leaves: Slots::default(),
            points: Chunks::default(),
            leaves_bytes: 0,
        }
    }

    pub fn bytes(&self) -> usize {
        let nodes = self.inners.bytes() + self.leaves.bytes();
        nodes + self.points.bytes() + self.leaves_bytes
    }

    pub fn root(&self) -> Child {
        self.root
    }

    pub fn children(&self, inner: u32) -> [Child; 2] {
        self.inners.get(inner).children.map(Packed::child)
    }

    pub fn leaf(&self, leaf: u32) -> &Leaf {
        self.leaves.get(leaf)
    }

    /// Where a record in a leaf is.
    #[inline(always)]
    pub fn point(&self, number: u32) -> Point {
        *self.points.get(number)
    }

    /// Where a record is, if anywhere.
    pub fn find(&self, number: u32) -> Option<Point> {
        let is_known = (number as usize) < self.points.len();
        is_known.then(|| self.point(number)).filter(|&point| point != Point::NOWHERE)
    }

    /// Puts a record where it is now, if anywhere; says where it was.
    pub fn put(&mut self, number: u32, point: Option<Point>) -> Option<Point> {
        let before = self.find(number);
        if before == point {
            return before;
        }
        if let Some(before) = before {
            let path = Path::new(number, &before);
            let Child::Leaf(leaf) = self.lead(&path) else {
                fault!("record {number} is in no leaf");
                return None;
            };
            // Most moves are short.
            let level = self.leaf(leaf).level;
            if let Some(point) = point
                && Path::new(number, &point).agrees(&path, level)
            {
                *self.points.get_mut(number) = point;
                return Some(before);
            }
            *self.points.get_mut(number) = Point::NOWHERE;
            if !self.leaves.get_mut(leaf).remove(number, &mut self.leaves_bytes) {
                fault!("record {number} is not in its leaf");
            }
            self.join_up(leaf);
        }
        if let Some(point) = point {
            self.insert(number, point);
        }
        before
    }

    /// Where the way to a place ends: its leaf, if it is there.
    fn lead(&self, path: &Path) -> Child {
        let (mut at, mut level) = (self.root, 0);
        while let Child::Inner(inner) = at {
            at = self.inners.get(inner).children[path.side(level)].child();
            level += 1;
        }
        at
    }

    /// Adds a record that is nowhere.
    fn insert(&mut self, number: u32, point: Point) {
        while self.points.len() <= number as usize {
            self.points.push(Point::NOWHERE);
        }
        *self.points.get_mut(number) = point;
        let path = Path::new(number, &point);
        let (mut at, mut parent, mut level) = (self.root, None, 0);
        let leaf = loop {
            match at {
                Child::Inner(inner) => {
                    at = self.inners.get(inner).children[path.side(level)].child();
                    parent = Some(inner);
                    level += 1;
                }
                Child::Nothing => {
                    let leaf = self.leaves.add(Leaf::new(parent, level));
                    let side = path.side(level.saturating_sub(1));
                    self.set_child(parent, Some(side), Child::Leaf(leaf));
                    break leaf;
                }
                Child::Leaf(leaf) if self.leaf(leaf).is_full() => {
                    at = Child::Inner(self.split(leaf))
                }
                Child::Leaf(leaf) => break leaf,
            }
        };
        self.leaves.get_mut(leaf).push(number, &mut self.leaves_bytes);
    }

    /// Puts an inner node in a leaf's place, with the leaf's records below it. All may be on the same
    /// side.
    fn split(&mut self, leaf: u32) -> u32 {
        let Leaf { parent, level, .. } = *self.leaf(leaf);
        let inner = self.inners.add(Inner { children: [Packed::NOTHING; 2], parent });
        self.replace_child(parent, Child::Leaf(leaf), Child::Inner(inner));
        let Tree { leaves, points, leaves_bytes, .. } = self;
        let is_high = |number: u32| Path::new(number, points.get(number)).side(level) == 1;
        let mut high = Leaf::new(Some(inner), level + 1);
        let low = leaves.get_mut(leaf);
        let highs = low.numbers().iter().filter(|&&number| is_high(number)).count();
        low.parent = Some(inner);
        low.level = level + 1;
        let children = if highs == 0 {
            [Child::Leaf(leaf), Child::Nothing]
        } else if highs == low.numbers().len() {
            [Child::Nothing, Child::Leaf(leaf)]
        } else {
            low.split_off(&mut high, is_high, leaves_bytes);
            [Child::Leaf(leaf), Child::Leaf(leaves.add(high))]
        };
        self.inners.get_mut(inner).children = children.map(Packed::new);
        inner
    }

    /// Joins a leaf with the one beside it, if they have become small, and takes away what leads to
    /// nothing, up to where there is enough.
    fn join_up(&mut self, leaf: u32) {
        while let Some(parent) = self.leaf(leaf).parent {
            let mine = self.leaf(leaf).numbers().len();
            let children = self.children(parent);
            let beside = children.into_iter().find(|&child| child != Child::Leaf(leaf));
            match beside.unwrap_or(Child::Nothing) {
                Child::Leaf(other) if mine + self.leaf(other).numbers().len() <= JOINED_MAX => {
                    let gone = Leaf::new(None, 0);
                    let mut gone = std::mem::replace(self.leaves.get_mut(other), gone);
                    self.leaves.get_mut(leaf).append(&mut gone, &mut self.leaves_bytes);
                    self.leaves.free(other);
                }
                Child::Nothing if mine <= JOINED_MAX => {}
                Child::Leaf(_) | Child::Inner(_) if mine == 0 => {
                    self.replace_child(Some(parent), Child::Leaf(leaf), Child::Nothing);
                    self.free_leaf(leaf);
                    return;
                }
                _ => return,
            }
            // The leaf takes its parent's place.
            let above = self.inners.get(parent).parent;
            self.replace_child(above, Child::Inner(parent), Child::Leaf(leaf));
            self.inners.free(parent);
            let leaf = self.leaves.get_mut(leaf);
            leaf.parent = above;
            leaf.level -= 1;
        }
        if self.leaf(leaf).numbers().is_empty() {
            self.root = Child::Nothing;
            self.free_leaf(leaf);
        }
    }

    /// Gives back an empty leaf.
    fn free_leaf(&mut self, leaf: u32) {
        let mut nothing = Leaf::new(None, 0);
        nothing.append(self.leaves.get_mut(leaf), &mut self.leaves_bytes);
        self.leaves.free(leaf);
    }

    fn replace_child(&mut self, parent: Option<u32>, old: Child, new: Child) {
        let side = parent.map(|parent| usize::from(self.children(parent)[0] != old));
        self.set_child(parent, side, new);
    }

    fn set_child(&mut self, parent: Option<u32>, side: Option<usize>, child: Child) {
        match (parent, side) {
            (Some(parent), Some(side)) => {
                self.inners.get_mut(parent).children[side] = Packed::new(child);
            }
            _ => self.root = child,
        }
    }
}

#[cfg(any(test, debug_assertions))]
impl Tree {
    /// The node above an inner one.
    pub fn parent_of(&self, inner: u32) -> Option<u32> {
        self.inners.get(inner).parent
    }

    /// How many inner nodes and leaves there are.
    pub fn lens(&self) -> (usize, usize) {
        (self.inners.len(), self.leaves.len())
    }

    /// What the numbers in leaves are said to take.
    pub fn leaves_bytes(&self) -> usize {
        self.leaves_bytes
    }

    /// How many records are somewhere.
    pub fn somewhere(&self) -> usize {
        (0..self.points.len()).filter(|&number| self.find(number as u32).is_some()).count()
    }

    /// Where the way to a record that is somewhere ends.
    pub fn lead_to(&self, number: u32) -> Child {
        self.lead(&Path::new(number, &self.point(number)))
    }
}

impl Path {
    fn new(number: u32, point: &Point) -> Self {
        Path { space: interleave(point.cells()), number }
    }

    /// To which side it goes below a node of that level: 1 is the higher coordinates'.
    fn side(&self, level: u8) -> usize {
        let level = u32::from(level);
        let bit = match SPACE_LEVELS.checked_sub(level + 1) {
            Some(shift) => self.space >> shift,
            None => u64::from(self.number >> (level - SPACE_LEVELS)),
        };
        (bit & 1) as usize
    }

    /// Whether both of one record go the same way, down to that level.
    fn agrees(&self, other: &Path, level: u8) -> bool {
        (self.space ^ other.space) >> SPACE_LEVELS.saturating_sub(u32::from(level)) == 0
    }
}

/// The bits of what is there for each of the axes, in turn.
pub(super) fn interleave(axes: [u32; 3]) -> u64 {
    let [x, y, z] = axes.map(spread);
    x << 2 | y << 1 | z
}

/// Puts two zeros before each of the 21 bits, so that those of three axes can be interleaved: each
/// step doubles the number of groups, by shifts and masks.
fn spread(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    for (shift, mask) in [
        (32, 0x001f_0000_0000_ffff),
        (16, 0x001f_0000_ff00_00ff),
        (8, 0x100f_00f0_0f00_f00f),
        (4, 0x10c3_0c30_c30c_30c3),
        (2, 0x1249_2492_4924_9249),
    ] {
        spread = (spread | spread << shift) & mask;
    }
    spread
}

impl Packed {
    const NOTHING: Packed = Packed(u32::MAX);
    const LEAF: u32 = 1 << 31;

    fn new(child: Child) -> Self {
        match child {
            Child::Nothing => Packed::NOTHING,
            Child::Leaf(leaf) => Packed(leaf | Packed::LEAF),
            Child::Inner(inner) => Packed(inner),
        }
    }

    #[inline(always)]
    fn child(self) -> Child {
        match self.0 {
            u32::MAX => Child::Nothing,
            leaf if leaf & Packed::LEAF != 0 => Child::Leaf(leaf & !Packed::LEAF),
            inner => Child::Inner(inner),
        }
    }
}
