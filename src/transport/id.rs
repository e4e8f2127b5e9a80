//! Which connection.

use crate::wire::decimal::integer_before;
use std::fmt;

/// Which connection of its driver: a slot and how often the slot had been used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// The slot.
    pub slot: u32,
    /// Tells apart connections that used the same slot one after the other.
    pub generation: u32,
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every line of the log has one: put together here and written in one piece.
        let mut text = [b'#'; 1 + 10 + 1 + 10];
        let point = integer_before(&mut text, self.generation.into()) - 1;
        text[point] = b'.';
        let start = integer_before(&mut text[..point], self.slot.into()) - 1;
        text[start] = b'#';
        f.write_str(str::from_utf8(&text[start..]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_shows_as_slot_and_generation() {
        for (slot, generation, shown) in
            [(0, 0, "#0.0"), (12, 345, "#12.345"), (u32::MAX, u32::MAX, "#4294967295.4294967295")]
        {
            assert_eq!(ConnectionId { slot, generation }.to_string(), shown);
        }
    }
}
