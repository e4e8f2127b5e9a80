//! The fields of a report in one piece, as they stand in every line that carries them.

use super::report::Kind;
use crate::limits;
use crate::wire::At;

/// `client location time`, or `client time` of a tombstone, with one space between the fields: what
/// servers copy byte for byte.
///
/// Whoever parses lines sees to it that no field holds white space; here only the lengths and the
/// spaces between the fields are checked. A position's text has two spaces and a tombstone's has
/// one, so they are never the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    bytes: &'a [u8],
    client_len: u16,
    /// Zero for a tombstone; a position's location is never empty.
    location_len: u16,
}

impl<'a> Text<'a> {
    /// The text whose first `client_len` bytes are the client's id, followed after a space by
    /// `location_len` bytes of location and, after another, by the time.
    ///
    /// `None` if the lengths do not fit the bytes, a field is empty, the id is longer than
    /// [`limits::CLIENT_ID_BYTES_MAX`] or the whole longer than [`limits::CLIENT_LINE_BYTES_MAX`].
    #[inline]
    pub fn new(bytes: &'a [u8], client_len: usize, location_len: usize) -> Option<Self> {
        let fits = (1..=limits::CLIENT_ID_BYTES_MAX).contains(&client_len)
            && (1..=limits::CLIENT_LINE_BYTES_MAX).contains(&location_len)
            && bytes.len() <= limits::CLIENT_LINE_BYTES_MAX;
        if !fits {
            return None;
        }
        let location_end = client_len + 1 + location_len;
        let rest = bytes.get(location_end..)?;
        if bytes[client_len] != b' ' || rest.len() < 2 || rest[0] != b' ' {
            return None;
        }
        // Both are below the limit of a line, which fits.
        Some(Text { bytes, client_len: client_len as u16, location_len: location_len as u16 })
    }

    /// The same for what has been cut out of a client's line by a parser, which has proven all that
    /// [`new`](Self::new) asks for.
    #[inline(always)]
    pub fn of_parsed(bytes: &'a [u8], client_len: usize, location_len: usize) -> Self {
        debug_assert!(Text::new(bytes, client_len, location_len).is_some(), "that is no text");
        Text { bytes, client_len: client_len as u16, location_len: location_len as u16 }
    }

    /// The text of a tombstone, whose first `client_len` bytes are the client's id, followed after a
    /// space by the time.
    ///
    /// `None` if there is any other space, a field is empty, the id is longer than
    /// [`limits::CLIENT_ID_BYTES_MAX`] or the whole longer than [`limits::CLIENT_LINE_BYTES_MAX`].
    pub fn of_tombstone(bytes: &'a [u8], client_len: usize) -> Option<Self> {
        let fits = (1..=limits::CLIENT_ID_BYTES_MAX).contains(&client_len)
            && (client_len + 2..=limits::CLIENT_LINE_BYTES_MAX).contains(&bytes.len());
        let mut spaces = bytes.iter().enumerate().filter(|(_, byte)| **byte == b' ');
        if !fits || spaces.next().map(|(at, _)| at) != Some(client_len) || spaces.next().is_some() {
            return None;
        }
        Some(Text { bytes, client_len: client_len as u16, location_len: 0 })
    }

    /// The text of what a server tells; a tombstone's where there is no location. `None` as for
    /// [`new`](Self::new) and [`of_tombstone`](Self::of_tombstone).
    #[inline(always)]
    pub fn of_told(at: &At<'a>) -> Option<Self> {
        match at.location {
            [] => Text::of_tombstone(at.text, at.client.len()),
            location => Text::new(at.text, at.client.len(), location.len()),
        }
    }

    /// The text of three fields that did not stand together, put together in `scratch` (which is
    /// cleared first). `None` as for [`new`](Self::new).
    #[cfg(test)]
    pub(super) fn join(
        scratch: &'a mut Vec<u8>,
        client: &[u8],
        location: &[u8],
        time: &[u8],
    ) -> Option<Self> {
        scratch.clear();
        for field in [client, b" ", location, b" ", time] {
            scratch.extend_from_slice(field);
        }
        Text::new(scratch, client.len(), location.len())
    }

    /// A text that was checked before it was stored.
    pub(super) fn stored(bytes: &'a [u8], client_len: u16, location_len: u16) -> Self {
        Text { bytes, client_len, location_len }
    }

    /// Whether it is a position's or a tombstone's.
    #[inline(always)]
    pub fn kind(self) -> Kind {
        if self.location_len == 0 { Kind::Tombstone } else { Kind::Position }
    }

    /// The whole.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The client's id.
    pub fn client(self) -> &'a [u8] {
        &self.bytes[..self.client_len()]
    }

    /// The location, as the client wrote it; empty if it is a tombstone's.
    pub fn location(self) -> &'a [u8] {
        let at = self.client_len() + 1;
        &self.bytes[at..at + self.location_len()]
    }

    /// The time, as the client wrote it.
    pub fn time(self) -> &'a [u8] {
        let time_at = match self.kind() {
            Kind::Position => self.client_len() + self.location_len() + 2,
            Kind::Tombstone => self.client_len() + 1,
        };
        &self.bytes[time_at..]
    }

    /// Bytes of the client's id.
    pub fn client_len(self) -> usize {
        usize::from(self.client_len)
    }

    /// Bytes of the location.
    pub fn location_len(self) -> usize {
        usize::from(self.location_len)
    }
}

const _: () = assert!(limits::CLIENT_LINE_BYTES_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_the_lengths_say() {
        let text = Text::new(b"kiwi +1-2/ 3.5", 4, 5).map(|t| (t.client(), t.location(), t.time()));
        assert_eq!(text, Some((&b"kiwi"[..], &b"+1-2/"[..], &b"3.5"[..])));
    }

    #[test]
    fn joined_fields_are_the_same_text() {
        let mut scratch = b"left over".to_vec();
        let joined = Text::join(&mut scratch, b"kiwi", b"+1-2", b"3");
        assert_eq!(joined, Text::new(b"kiwi +1-2 3", 4, 4));
        assert!(joined.is_some());
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let bytes = b"kiwi +1-2 3";
        for client_len in 0..20 {
            for location_len in 0..20 {
                let fits = (client_len, location_len) == (4, 4);
                assert_eq!(Text::new(bytes, client_len, location_len).is_some(), fits);
            }
        }
        assert_eq!(Text::new(bytes, usize::MAX, 4), None);
        assert_eq!(Text::new(bytes, 4, usize::MAX), None);
        assert_eq!(Text::new(b"kiwi +1-2 ", 4, 4), None, "no time");
        assert_eq!(Text::new(b"", 0, 0), None);
    }

    #[test]
    fn a_tombstone_has_a_client_and_a_time() {
        let text = Text::of_tombstone(b"kiwi 3.5", 4);
        let fields = text.map(|t| (t.kind(), t.client(), t.location(), t.time()));
        assert_eq!(fields, Some((Kind::Tombstone, &b"kiwi"[..], &b""[..], &b"3.5"[..])));
        assert_eq!(Text::new(b"kiwi +1-2 3", 4, 4).map(Text::kind), Some(Kind::Position));
    }

    #[test]
    fn texts_of_tombstones_that_do_not_fit_are_refused() {
        for client_len in 0..20 {
            let text = Text::of_tombstone(b"kiwi 3", client_len);
            assert_eq!(text.is_some(), client_len == 4, "{client_len}");
        }
        for (bytes, client_len) in [
            (&b"kiwi "[..], 4),
            (b" 3", 0),
            (b"", 0),
            (b"kiwi 3 ", 4),
            (b"ki wi 3", 5),
            (b"kiwi", 4),
        ] {
            assert_eq!(Text::of_tombstone(bytes, client_len), None, "{bytes:?}");
        }
        assert_eq!(Text::of_tombstone(b"kiwi 3", usize::MAX), None);
        let long = |client: usize, time: usize| {
            let text = ["c".repeat(client), "0".repeat(time)].join(" ");
            Text::of_tombstone(text.as_bytes(), client).is_some()
        };
        let (client_max, whole_max) = (limits::CLIENT_ID_BYTES_MAX, limits::CLIENT_LINE_BYTES_MAX);
        assert!(long(client_max, 1) && !long(client_max + 1, 1));
        assert!(long(1, whole_max - 2) && !long(1, whole_max - 1));
    }

    #[test]
    fn long_texts_are_refused_at_their_limits() {
        let mut scratch = Vec::new();
        let mut client = vec![b'c'; limits::CLIENT_ID_BYTES_MAX];
        assert!(Text::join(&mut scratch, &client, b"+1-2", b"3").is_some());
        client.push(b'c');
        assert!(Text::join(&mut scratch, &client, b"+1-2", b"3").is_none());

        let mut time = vec![b'0'; limits::CLIENT_LINE_BYTES_MAX - b"c +1-2 ".len()];
        assert!(Text::join(&mut scratch, b"c", b"+1-2", &time).is_some());
        time.push(b'0');
        assert!(Text::join(&mut scratch, b"c", b"+1-2", &time).is_none());
    }
}
