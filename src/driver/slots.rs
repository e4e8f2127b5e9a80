//! Where connections live: slots that are used again, told apart by a generation.

use crate::fault::fault;
use crate::transport::ConnectionId;

/// All connections of a driver.
#[derive(Debug)]
pub(super) struct Slots<C> {
    slots: Vec<Slot<C>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<C> {
    generation: u32,
    connection: Option<C>,
}

impl<C> Default for Slots<C> {
    fn default() -> Self {
        Slots { slots: Vec::new(), free: Vec::new() }
    }
}

impl<C> Slots<C> {
    /// The id that the next connection will have.
    pub fn next_id(&mut self) -> ConnectionId {
        if self.free.is_empty() {
            match u32::try_from(self.slots.len()) {
                Ok(slot) => self.free.push(slot),
                // A process has far fewer descriptors.
                Err(_) => fault!("there are 2^32 connections"),
            }
            self.slots.push(Slot { generation: 0, connection: None });
        }
        let slot = self.free.last().copied().unwrap_or_default();
        ConnectionId { slot, generation: self.slots[slot as usize].generation }
    }

    /// Puts a connection into its slot, which is that of [`next_id`](Self::next_id).
    pub fn insert(&mut self, id: ConnectionId, connection: C) {
        if self.free.last() != Some(&id.slot) {
            fault!("{id} is not the next connection");
            self.free.retain(|&slot| slot != id.slot);
        } else {
            self.free.pop();
        }
        self.slots[id.slot as usize].connection = Some(connection);
    }

    /// The connection, if it still exists.
    #[inline]
    pub fn find(&mut self, id: ConnectionId) -> Option<&mut C> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.connection.as_mut()
    }

    /// The same for a connection that was there a moment ago: only the settling of losses frees
    /// one.
    #[inline]
    pub fn existing(&mut self, id: ConnectionId) -> Option<&mut C> {
        let found = self.find(id);
        if found.is_none() {
            fault!("{id} is gone in the middle of what is done for it");
        }
        found
    }

    /// Takes the connection out; its id will never be valid again.
    pub fn remove(&mut self, id: ConnectionId) -> Option<C> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        let connection = slot.connection.take()?;
        // The topmost generations are kept for the tokens of listeners and the like.
        slot.generation = (slot.generation + 1) % (u32::MAX / 2);
        self.free.push(id.slot);
        Some(connection)
    }

    /// All connections with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (ConnectionId, &C)> {
        (0u32..).zip(&self.slots).filter_map(|(slot, place)| {
            let id = ConnectionId { slot, generation: place.generation };
            place.connection.as_ref().map(|connection| (id, connection))
        })
    }

    /// The ids of all connections.
    pub fn ids(&self) -> Vec<ConnectionId> {
        self.iter().map(|(id, _)| id).collect()
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(slots: &mut Slots<u8>, connection: u8) -> ConnectionId {
        let id = slots.next_id();
        slots.insert(id, connection);
        id
    }

    #[test]
    fn an_id_of_a_former_connection_finds_nothing() {
        let mut slots = Slots::default();
        let first = insert(&mut slots, 1);
        assert_eq!(slots.remove(first), Some(1));
        let second = insert(&mut slots, 2);
        assert_eq!(second.slot, first.slot);
        assert!(slots.find(first).is_none());
        assert!(slots.remove(first).is_none());
        assert_eq!(slots.find(second).copied(), Some(2));
        assert_eq!(slots.ids(), [second]);
    }

    #[test]
    fn an_id_that_was_not_used_is_the_next_again() {
        let mut slots = Slots::<u8>::default();
        let id = slots.next_id();
        assert_eq!((slots.next_id(), slots.len()), (id, 0));
        assert!(slots.find(id).is_none());
    }
}
