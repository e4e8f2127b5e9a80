//! Whether the index of areas holds what the feed says, and its parts fit together.

use super::super::check::equal;
use super::super::{Positions, Record};
use super::Areas;
use super::leaf::LEAF_PLACES_MAX;
use super::point_of;
use super::tree::{Child, Tree};

impl Positions {
    /// Each position up to the cursor is where its text says, tombstones and what is removed are
    /// nowhere; what comes behind the cursor may be where it was.
    pub(in super::super) fn check_areas(&self) -> Result<(), String> {
        let Some(Areas { cursor, tree, .. }) = self.areas.as_deref() else { return Ok(()) };
        let told = self.feed.sent_up_to(cursor);
        let mut places = 0;
        for number in self.feed.numbers() {
            let record: &Record = self.feed.record(number);
            let place = tree.find(number);
            places += usize::from(place.is_some());
            if record.sequence <= told {
                equal("where a record is in the index of areas", place, point_of(record))?;
            }
        }
        equal("places in the index of areas", tree.check()?, places)
    }
}

impl Tree {
    /// Checks the tree; how many places it has.
    fn check(&self) -> Result<usize, String> {
        let mut seen = Seen::default();
        self.check_node(self.root(), None, 0, &mut seen)?;
        equal("leaves", self.lens(), (seen.inners, seen.leaves))?;
        equal("bytes of leaves", self.leaves_bytes(), seen.bytes)?;
        equal("records that are somewhere", self.somewhere(), seen.places)?;
        Ok(seen.places)
    }

    fn check_node(
        &self,
        node: Child,
        parent: Option<u32>,
        level: u8,
        seen: &mut Seen,
    ) -> Result<(), String> {
        match node {
            Child::Nothing => return Ok(()),
            Child::Inner(inner) => {
                seen.inners += 1;
                equal("the node above an inner one", self.parent_of(inner), parent)?;
                let before = seen.places;
                for child in self.children(inner) {
                    self.check_node(child, Some(inner), level + 1, seen)?;
                }
                if before == seen.places {
                    return Err(format!("inner node {inner} leads to nothing"));
                }
            }
            Child::Leaf(number) => {
                let leaf = self.leaf(number);
                equal("the node above a leaf", leaf.parent, parent)?;
                equal("the level of a leaf", leaf.level, level)?;
                if leaf.numbers().is_empty() || leaf.numbers().len() > LEAF_PLACES_MAX {
                    return Err(format!("leaf {number} has {} records", leaf.numbers().len()));
                }
                let mut once = leaf.numbers().to_vec();
                once.sort_unstable();
                once.dedup();
                equal("records of a leaf", leaf.numbers().len(), once.len())?;
                for &record in leaf.numbers() {
                    equal("whether a record is somewhere", self.find(record).is_some(), true)?;
                    equal("the leaf of a record", self.lead_to(record), node)?;
                }
                seen.leaves += 1;
                seen.places += leaf.numbers().len();
                seen.bytes += leaf.bytes();
            }
        }
        Ok(())
    }
}

/// What a tree is found to have.
#[derive(Default)]
struct Seen {
    inners: usize,
    leaves: usize,
    places: usize,
    bytes: usize,
}
