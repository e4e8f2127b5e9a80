//! An answer to who is near: as it was at one moment, whenever and however it is written.

use crate::limits;
use crate::positions::{Change, FoundClient, Kept, Near, Positions};

/// Those who are to be told of, nearest first.
pub(in crate::node) trait NearClients {
    /// Takes the next.
    fn next(&mut self) -> Option<FoundClient<'_>>;

    /// How many there are that have not been taken.
    fn len(&self) -> usize;

    /// These, as they are now, for later; and how many bytes have been copied for that.
    fn keep(self) -> (Kept, usize);
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

    fn next_found(&mut self) -> Option<(u32, Change<'n>)> {
        loop {
            let near = self.found.get(self.at)?;
            // The search has had the first ones fetched.
            if self.at > 0 && self.at.is_multiple_of(limits::PREFETCH_LINES_MAX) {
                self.positions.prefetch_near(&self.found[self.at..]);
            }
            self.at += 1;
            // Each is there, or it would not have been found.
            let Some(change) = self.positions.change_of(near.number) else { continue };
            return Some((near.metres, change));
        }
    }
}

impl NearClients for Found<'_> {
    fn next(&mut self) -> Option<FoundClient<'_>> {
        let (metres, change) = self.next_found()?;
        Some(FoundClient {
            metres,
            server: change.origin_name(),
            difference_nanoseconds: change.difference_nanoseconds(),
            text: change.text(),
        })
    }

    fn len(&self) -> usize {
        self.found.len() - self.at
    }

    fn keep(mut self) -> (Kept, usize) {
        let mut kept = Kept::with_capacity(self.len());
        while let Some((metres, change)) = self.next_found() {
            kept.push(metres, &change);
        }
        let bytes = kept.bytes();
        (kept, bytes)
    }
}

/// That has been copied already.
impl NearClients for Kept {
    fn next(&mut self) -> Option<FoundClient<'_>> {
        self.next()
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn keep(self) -> (Kept, usize) {
        (self, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positions::{Area, AtOnce, Report, Text, Update};
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
        let _ = positions.near(&area, CLIENTS, None, None, AtOnce::ALL, &mut near);
        let mut all = Found::new(&near, &positions);
        let mut lines = Vec::new();
        while let Some(client) = all.next() {
            lines.push(line(&client));
        }
        assert_eq!(lines.len(), CLIENTS);
        assert_eq!((&*lines[0], &*lines[17]), ("0 Solo 0 c000 +1+1 5", "0 Solo 17 c017 +1+1 5"));
        assert!(all.keep().0.is_empty(), "all have been taken");
        let mut found = Found::new(&near, &positions);
        let first = found.next().map(|client| line(&client));
        assert_eq!((first.as_ref(), found.len()), (lines.first(), CLIENTS - 1));
        let (mut kept, _) = found.keep();
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
