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

impl ConnectionId {
    /// Bytes of the longest.
    pub const TEXT_BYTES_MAX: usize = 1 + 10 + 1 + 10;

    /// Writes it as it is shown to the end of `buffer`, which has room for
    /// [`TEXT_BYTES_MAX`](Self::TEXT_BYTES_MAX), and returns where it begins.
    pub fn write_before(&self, buffer: &mut [u8]) -> usize {
        let point = integer_before(buffer, self.generation.into()) - 1;
        buffer[point] = b'.';
        let start = integer_before(&mut buffer[..point], self.slot.into()) - 1;
        buffer[start] = b'#';
        start
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written in one piece: many lines of the log have one.
        let mut text = [0; ConnectionId::TEXT_BYTES_MAX];
        let start = self.write_before(&mut text);
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
