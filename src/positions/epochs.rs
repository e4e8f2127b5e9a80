//! The epochs of neighbours: who told us a record, and whether it can still be taken to know it.

use crate::fault::fault;
use crate::limits;
#[cfg(any(test, debug_assertions))]
use std::mem;

/// One epoch of a neighbour: one run of its process, from when it first greets until it greets
/// after a restart. While the epoch lasts, the neighbour need not be told what it told us; in its
/// next one it must be told all.
///
/// Given out by [`Positions::begin_epoch`](super::Positions::begin_epoch) and given back to
/// [`end_epoch`](super::Positions::end_epoch).
#[derive(Debug, PartialEq, Eq)]
pub struct NeighbourEpoch(EpochSlot);

impl NeighbourEpoch {
    pub(super) fn slot(&self) -> EpochSlot {
        self.0
    }
}

/// What records keep of an epoch. A slot is given to another epoch only when its own has ended and no
/// record has it any more, so an epoch that lasts cannot be mistaken for one that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EpochSlot(u16);

impl EpochSlot {
    /// Clients of ours.
    pub const OURS: EpochSlot = EpochSlot(u16::MAX);
    /// The journal, another herd, or a neighbour of whom that is not kept.
    pub const ELSEWHERE: EpochSlot = EpochSlot(u16::MAX - 1);

    /// Whether it is a neighbour's.
    fn is_one(self) -> bool {
        self.0 < EpochSlot::ELSEWHERE.0
    }
}

#[derive(Debug)]
struct Epoch {
    /// Records heard from it.
    records: u32,
    ended: bool,
}

#[derive(Debug, Default)]
pub(super) struct Epochs {
    slots: Vec<Epoch>,
    /// Slots of ended epochs without records.
    free: Vec<u16>,
}

impl Epochs {
    pub fn begin(&mut self) -> Option<NeighbourEpoch> {
        let epoch = Epoch { records: 0, ended: false };
        if let Some(slot) = self.free.pop() {
            self.slots[usize::from(slot)] = epoch;
            return Some(NeighbourEpoch(EpochSlot(slot)));
        }
        if self.slots.len() >= limits::NEIGHBOUR_EPOCHS_MAX {
            return None;
        }
        // It fits: see the assertion below.
        let slot = self.slots.len() as u16;
        self.slots.push(epoch);
        Some(NeighbourEpoch(EpochSlot(slot)))
    }

    pub fn end(&mut self, epoch: NeighbourEpoch) {
        let EpochSlot(slot) = epoch.0;
        let epoch = &mut self.slots[usize::from(slot)];
        epoch.ended = true;
        if epoch.records == 0 {
            self.free.push(slot);
        }
    }

    /// A record that was heard from `before` is now one heard from `after`.
    pub fn moved(&mut self, before: EpochSlot, after: EpochSlot) {
        if before == after {
            return;
        }
        if let Some(epoch) = self.epoch_mut(after) {
            epoch.records += 1;
        }
        let Some(epoch) = self.epoch_mut(before) else { return };
        let Some(rest) = epoch.records.checked_sub(1) else {
            fault!("a record was heard in an epoch without records");
            return;
        };
        epoch.records = rest;
        if rest == 0 && epoch.ended {
            self.free.push(before.0);
        }
    }

    /// None for all that is not heard in one.
    fn epoch_mut(&mut self, slot: EpochSlot) -> Option<&mut Epoch> {
        let epoch = self.slots.get_mut(usize::from(slot.0));
        if epoch.is_none() && slot.is_one() {
            fault!("a record was heard in an epoch that was never begun");
        }
        epoch
    }

    /// Whether the epochs' counts are those of `records`.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self, records: impl Iterator<Item = EpochSlot>) -> Result<(), String> {
        let mut counts = vec![0; self.slots.len()];
        for EpochSlot(slot) in records.filter(|slot| slot.is_one()) {
            match counts.get_mut(usize::from(slot)) {
                Some(count) => *count += 1,
                None => {
                    return Err(format!(
                        "a record was heard in epoch {slot}, which was never begun"
                    ));
                }
            }
        }
        let mut is_free = vec![false; self.slots.len()];
        for &slot in &self.free {
            if mem::replace(&mut is_free[usize::from(slot)], true) {
                return Err(format!("epoch {slot} is free twice"));
            }
        }
        for (slot, epoch) in self.slots.iter().enumerate() {
            let free = epoch.ended && counts[slot] == 0;
            if epoch.records != counts[slot] || is_free[slot] != free {
                let count = counts[slot];
                return Err(format!(
                    "{count} records were heard in epoch {slot}, which is {epoch:?}"
                ));
            }
        }
        Ok(())
    }
}

const _: () = assert!(limits::NEIGHBOUR_EPOCHS_MAX <= EpochSlot::ELSEWHERE.0 as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_used_again_only_when_no_record_has_it() {
        let mut epochs = Epochs::default();
        let (Some(first), Some(second)) = (epochs.begin(), epochs.begin()) else { panic!("full") };
        let slot = first.slot();
        epochs.moved(EpochSlot::OURS, slot);
        epochs.end(first);
        let third = epochs.begin();
        assert!(third.is_some_and(|epoch| epoch.slot() != slot));
        epochs.moved(slot, second.slot());
        assert_eq!(epochs.begin().map(|epoch| epoch.slot()), Some(slot));
    }

    #[test]
    fn epochs_are_bounded() {
        let mut epochs = Epochs::default();
        let mut last = None;
        for _ in 0..limits::NEIGHBOUR_EPOCHS_MAX {
            last = epochs.begin();
            assert!(last.is_some());
        }
        assert_eq!(epochs.begin(), None);
        last.into_iter().for_each(|epoch| epochs.end(epoch));
        assert!(epochs.begin().is_some());
    }
}
