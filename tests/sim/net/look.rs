//! What an end of a connection can see of it.

use super::super::pipe::Fin;
use super::{Broken, Dialled, End, Net};

impl Net {
    /// How the dial of that end stands.
    pub fn dialled(&self, end: End) -> Dialled {
        match self.get(end.conn) {
            Some(conn) if conn.connected => Dialled::Connected,
            Some(conn) if !conn.sides[end.side].reset => Dialled::Pending,
            _ => Dialled::Refused,
        }
    }

    /// The first byte that waits to be read, if any does; at the end of data 0.
    pub fn peek(&self, end: End) -> Result<Option<u8>, Broken> {
        let conn = self.get(end.conn).filter(|conn| !conn.sides[end.side].reset).ok_or(Broken)?;
        let pipe = &conn.pipes[1 - end.side];
        Ok(pipe.first().or((pipe.fin() == Fin::Arrived).then_some(0)))
    }

    /// Whether the peer's end of data, or a reset, has arrived.
    pub fn has_ended(&self, end: End) -> bool {
        self.get(end.conn).is_none_or(|conn| {
            conn.sides[end.side].reset || conn.pipes[1 - end.side].fin() == Fin::Arrived
        })
    }

    /// Whether both ends are servers'.
    pub fn is_between_servers(&self, end: End) -> bool {
        self.get(end.conn).is_some_and(|conn| conn.listener == 1)
    }
}
