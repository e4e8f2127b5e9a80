//! Where connections live: slots that are used again, told apart by a generation.

use super::connection::Connection;
use crate::transport::ConnectionId;
use mio::Token;

/// All connections of a reactor.
#[derive(Debug)]
pub(super) struct Slots<P> {
    slots: Vec<Slot<P>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<P> {
    generation: u32,
    connection: Option<Connection<P>>,
}

impl<P> Default for Slots<P> {
    fn default() -> Self {
        Slots { slots: Vec::new(), free: Vec::new() }
    }
}

impl<P> Slots<P> {
    /// Puts the connection that `make` makes for its id into a free slot.
    pub(super) fn insert(
        &mut self,
        make: impl FnOnce(ConnectionId) -> Connection<P>,
    ) -> ConnectionId {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(Slot { generation: 0, connection: None });
                // The kernel gives far fewer descriptors to a process.
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let place = &mut self.slots[slot as usize];
        let id = ConnectionId { slot, generation: place.generation };
        place.connection = Some(make(id));
        id
    }

    /// The connection, if it still exists.
    pub(super) fn find(&mut self, id: ConnectionId) -> Option<&mut Connection<P>> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.generation != id.generation {
            return None;
        }
        slot.connection.as_mut()
    }

    /// Takes the connection out; its id will never be valid again.
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Connection<P>> {
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

    /// The ids of all connections.
    pub(super) fn ids(&self) -> Vec<ConnectionId> {
        (0u32..)
            .zip(&self.slots)
            .filter(|(_, place)| place.connection.is_some())
            .map(|(slot, place)| ConnectionId { slot, generation: place.generation })
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }
}

/// The token under which a connection's socket is registered.
pub(super) fn token_of(id: ConnectionId) -> Token {
    Token((id.generation as usize) << 32 | id.slot as usize)
}

/// The connection whose socket was registered under `token`.
pub(super) fn id_of(token: Token) -> ConnectionId {
    ConnectionId { slot: token.0 as u32, generation: (token.0 >> 32) as u32 }
}

const _: () = assert!(usize::BITS == 64, "tokens hold a slot and a generation of 32 bits each");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::connection::Phase;
    use crate::transport::{Monotonic, Transport};

    fn insert(slots: &mut Slots<u8>, protocol: u8) -> ConnectionId {
        let phase = Phase::Lingering { until: Monotonic::default() };
        slots.insert(|id| Connection::new(Transport::new(id), protocol, phase, None))
    }

    #[test]
    fn an_id_of_a_former_connection_finds_nothing() {
        let mut slots = Slots::default();
        let first = insert(&mut slots, 1);
        assert_eq!(slots.remove(first).map(|c| c.protocol), Some(1));
        let second = insert(&mut slots, 2);
        assert_eq!(second.slot, first.slot);
        assert!(slots.find(first).is_none());
        assert!(slots.remove(first).is_none());
        assert_eq!(slots.find(second).map(|c| c.protocol), Some(2));
        assert_eq!(slots.ids(), [second]);
    }

    #[test]
    fn tokens_and_ids_are_the_same_thing() {
        let id = ConnectionId { slot: 7, generation: u32::MAX / 2 - 1 };
        assert_eq!(id_of(token_of(id)), id);
        assert!(token_of(ConnectionId { slot: u32::MAX, ..id }).0 < usize::MAX / 2);
    }
}
