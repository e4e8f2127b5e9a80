//! The lives of neighbours: who told us a position, and whether it can still be taken to know it.

use crate::fault::fault;
use crate::limits;
#[cfg(any(test, debug_assertions))]
use std::mem;

/// One life of a neighbour: from when it is first heard with an epoch until it is heard with
/// another. While it lasts it need not be told what it told us; its next life must be told all.
///
/// Given out by [`Positions::begin_life`](super::Positions::begin_life) and given back to
/// [`end_life`](super::Positions::end_life).
#[derive(Debug, PartialEq, Eq)]
pub struct NeighbourLife(LifeSlot);

impl NeighbourLife {
    pub(super) fn slot(&self) -> LifeSlot {
        self.0
    }
}

/// What records keep of a life. A slot is given to another life only when its own has ended and no
/// record has it any more, so a life that lasts cannot be mistaken for one that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LifeSlot(u16);

impl LifeSlot {
    /// Clients of ours.
    pub const NONE: LifeSlot = LifeSlot(u16::MAX);
}

#[derive(Debug)]
struct Life {
    /// Records heard from it.
    records: u32,
    ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Lives {
    slots: Vec<Life>,
    /// Slots of ended lives without records.
    free: Vec<u16>,
}

impl Lives {
    pub fn begin(&mut self) -> Option<NeighbourLife> {
        let life = Life { records: 0, ended: false };
        if let Some(slot) = self.free.pop() {
            self.slots[usize::from(slot)] = life;
            return Some(NeighbourLife(LifeSlot(slot)));
        }
        if self.slots.len() >= limits::NEIGHBOUR_LIVES_MAX {
            return None;
        }
        // It fits: see the assertion below.
        let slot = self.slots.len() as u16;
        self.slots.push(life);
        Some(NeighbourLife(LifeSlot(slot)))
    }

    pub fn end(&mut self, life: NeighbourLife) {
        let LifeSlot(slot) = life.0;
        let life = &mut self.slots[usize::from(slot)];
        life.ended = true;
        if life.records == 0 {
            self.free.push(slot);
        }
    }

    /// A record that was heard from `before` is now one heard from `after`.
    pub fn moved(&mut self, before: LifeSlot, after: LifeSlot) {
        if before == after {
            return;
        }
        if let Some(life) = self.life_mut(after) {
            life.records += 1;
        }
        let Some(life) = self.life_mut(before) else { return };
        let Some(rest) = life.records.checked_sub(1) else {
            fault!("a record was heard in a life without records");
            return;
        };
        life.records = rest;
        if rest == 0 && life.ended {
            self.free.push(before.0);
        }
    }

    /// None for clients of ours.
    fn life_mut(&mut self, slot: LifeSlot) -> Option<&mut Life> {
        let life = self.slots.get_mut(usize::from(slot.0));
        if life.is_none() && slot != LifeSlot::NONE {
            fault!("a record was heard in a life that never was");
        }
        life
    }

    /// Whether the lives' counts are those of `records`.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self, records: impl Iterator<Item = LifeSlot>) -> Result<(), String> {
        let mut counts = vec![0; self.slots.len()];
        for LifeSlot(slot) in records.filter(|&slot| slot != LifeSlot::NONE) {
            match counts.get_mut(usize::from(slot)) {
                Some(count) => *count += 1,
                None => return Err(format!("a record was heard in life {slot}, which never was")),
            }
        }
        let mut is_free = vec![false; self.slots.len()];
        for &slot in &self.free {
            if mem::replace(&mut is_free[usize::from(slot)], true) {
                return Err(format!("life {slot} is free twice"));
            }
        }
        for (slot, life) in self.slots.iter().enumerate() {
            let free = life.ended && counts[slot] == 0;
            if life.records != counts[slot] || is_free[slot] != free {
                let count = counts[slot];
                return Err(format!(
                    "{count} records were heard in life {slot}, which is {life:?}"
                ));
            }
        }
        Ok(())
    }
}

const _: () = assert!(limits::NEIGHBOUR_LIVES_MAX <= LifeSlot::NONE.0 as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_only_when_no_record_has_it() {
        let mut lives = Lives::default();
        let (Some(first), Some(second)) = (lives.begin(), lives.begin()) else { panic!("full") };
        let slot = first.slot();
        lives.moved(LifeSlot::NONE, slot);
        lives.end(first);
        let third = lives.begin();
        assert!(third.is_some_and(|life| life.slot() != slot));
        lives.moved(slot, second.slot());
        assert_eq!(lives.begin().map(|life| life.slot()), Some(slot));
    }

    #[test]
    fn lives_are_bounded() {
        let mut lives = Lives::default();
        let mut last = None;
        for _ in 0..limits::NEIGHBOUR_LIVES_MAX {
            last = lives.begin();
            assert!(last.is_some());
        }
        assert_eq!(lives.begin(), None);
        last.into_iter().for_each(|life| lives.end(life));
        assert!(lives.begin().is_some());
    }
}
