//! An answer to who is near: as it was at one moment, whenever and however it is written.

use crate::limits;
use crate::positions::{Near, Positions, Text};

/// Those who are to be told of, nearest first.
pub(in crate::node) trait NearClients {
    /// Takes the next.
    fn next(&mut self) -> Option<FoundClient<'_>>;
}

/// What an answer tells of one client.
pub(in crate::node) struct FoundClient<'a> {
    /// How far it is: rounded metres.
    pub metres: u32,
    /// The server that took its report.
    pub server: &'a [u8],
    /// When that was, less the client's time.
    pub difference_nanoseconds: i64,
    /// The report.
    pub text: Text<'a>,
}

/// Those who are near now.
pub(in crate::node) struct Found<'n> {
    found: &'n [Near],
    /// How many of them have been taken.
    at: usize,
    positions: &'n Positions,
}

impl<'n> Found<'n> {
    /// `found` are as they are in `positions`.
    pub(super) fn new(found: &'n [Near], positions: &'n Positions) -> Self {
        Found { found, at: 0, positions }
    }

    /// How many there are that have not been taken.
    pub fn len(&self) -> usize {
        self.found.len() - self.at
    }

    fn next_found(&mut self) -> Option<FoundClient<'n>> {
        loop {
            let near = self.found.get(self.at)?;
            // The search has had the first ones fetched.
            if self.at > 0 && self.at.is_multiple_of(limits::PREFETCH_LINES_MAX) {
                self.positions.prefetch_near(&self.found[self.at..]);
            }
            self.at += 1;
            // Each is there, or it would not have been found.
            let Some(change) = self.positions.change_of(near.number) else { continue };
            return Some(FoundClient {
                metres: near.metres,
                server: change.origin_name(),
                difference_nanoseconds: change.difference_nanoseconds(),
                text: change.text(),
            });
        }
    }

    /// Those who have not been taken, as they are now, for later.
    pub fn keep(mut self) -> Kept {
        let mut kept = Kept { clients: Vec::with_capacity(self.len()), at: 0, bytes: Vec::new() };
        while let Some(client) = self.next_found() {
            kept.bytes.extend_from_slice(client.server);
            let text_at = kept.bytes.len() as u32;
            kept.bytes.extend_from_slice(client.text.bytes());
            kept.clients.push(KeptClient {
                metres: client.metres,
                client_len: client.text.client().len() as u16,
                location_len: client.text.location().len() as u16,
                difference_nanoseconds: client.difference_nanoseconds,
                text_at,
                end: kept.bytes.len() as u32,
            });
        }
        kept
    }
}

impl NearClients for Found<'_> {
    fn next(&mut self) -> Option<FoundClient<'_>> {
        self.next_found()
    }
}

/// Those of an answer that have not been told, as they were when it was asked for: at most
/// [`NEAR_RESULTS_MAX`](limits::NEAR_RESULTS_MAX), whose texts are of lines.
#[derive(Debug)]
pub(in crate::node) struct Kept {
    clients: Vec<KeptClient>,
    /// How many of them have been taken.
    at: usize,
    /// Of all, one after the other: the server's name and the text.
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct KeptClient {
    metres: u32,
    client_len: u16,
    location_len: u16,
    difference_nanoseconds: i64,
    text_at: u32,
    /// Where its text ends.
    end: u32,
}

const _: () = {
    let of_each = limits::SERVER_NAME_BYTES_MAX + limits::CLIENT_LINE_BYTES_MAX;
    assert!(limits::NEAR_RESULTS_MAX as usize * of_each < u32::MAX as usize);
};

impl Kept {
    /// What it takes.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.clients.len() * size_of::<KeptClient>()
    }
}

impl NearClients for Kept {
    fn next(&mut self) -> Option<FoundClient<'_>> {
        let client = self.clients.get(self.at)?;
        let before = self.at.checked_sub(1).map_or(0, |before| self.clients[before].end);
        self.at += 1;
        let text = &self.bytes[client.text_at as usize..client.end as usize];
        Some(FoundClient {
            metres: client.metres,
            server: &self.bytes[before as usize..client.text_at as usize],
            difference_nanoseconds: client.difference_nanoseconds,
            text: Text::of_parsed(text, client.client_len.into(), client.location_len.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positions::{Area, Report, Update};
    use crate::wire::Location;

    const CLIENTS: usize = 3 * limits::PREFETCH_LINES_MAX;

    fn report(positions: &mut Positions, text: &str, difference_nanoseconds: i64) {
        let origin = positions.intern(b"Solo").unwrap();
        let fields: Vec<&str> = text.split(' ').collect();
        let text = Text::new(text.as_bytes(), fields[0].len(), fields[1].len()).unwrap();
        let time_nanoseconds = fields[2].parse().unwrap();
        let report = Report { origin, difference_nanoseconds, time_nanoseconds, text };
        assert_ne!(positions.report(&report), Update::Known);
    }

    fn line(client: &FoundClient<'_>) -> String {
        let text = str::from_utf8(client.text.bytes()).unwrap();
        let server = str::from_utf8(client.server).unwrap();
        format!("{} {server} {} {text}", client.metres, client.difference_nanoseconds)
    }

    #[test]
    fn what_is_kept_is_of_the_moment_in_which_it_was_found() {
        let mut positions = Positions::new([1, 2]);
        for number in 0..CLIENTS {
            report(&mut positions, &format!("c{number:03} +1+1 5"), number as i64);
        }
        positions.follow_areas(usize::MAX);
        let (mut near, area) = (Vec::new(), Area::new(Location::parse(b"+1+1").unwrap(), 0));
        positions.near(&area, CLIENTS, None, None, &mut near);
        let mut all = Found::new(&near, &positions);
        let mut lines = Vec::new();
        while let Some(client) = all.next() {
            lines.push(line(&client));
        }
        assert_eq!(lines.len(), CLIENTS);
        assert_eq!((&*lines[0], &*lines[17]), ("0 Solo 0 c000 +1+1 5", "0 Solo 17 c017 +1+1 5"));
        assert!(all.keep().next().is_none(), "all have been taken");
        let mut found = Found::new(&near, &positions);
        let first = found.next().map(|client| line(&client));
        assert_eq!((first.as_ref(), found.len()), (lines.first(), CLIENTS - 1));
        let mut kept = found.keep();
        // All move, and are told as they were.
        for number in 0..CLIENTS {
            report(&mut positions, &format!("c{number:03} +8.88+8.888 1234567"), -1);
        }
        for expected in &lines[1..] {
            assert_eq!(line(&kept.next().unwrap()), *expected);
        }
        assert!(kept.next().is_none());
    }
}
