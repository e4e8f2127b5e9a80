//! The store by its operations, against a list that is searched from end to end.

use herd::positions::{Cursor, Kind, NeighbourEpoch, OriginId, Positions, Report, Text, Update};
use std::cmp::Ordering;

const NAMES: [&[u8]; 3] = [b"Goloman", b"Hands", b"Wilkes"];
const CURSORS: usize = 4;

/// A report as the model keeps it.
#[derive(Clone, PartialEq, Eq)]
struct Known {
    kind: Kind,
    sequence: u64,
    client: u8,
    time: u8,
    difference: i64,
    origin: usize,
    epoch: Option<usize>,
}

/// Each operation is two bytes: what to do, and with what.
pub fn store(input: &[u8]) {
    let mut run = Run::new();
    for operation in input.chunks_exact(2) {
        let (what, with) = (operation[0], operation[1]);
        match what % 10 {
            0..=2 => run.update(Kind::Position, what / 10, with),
            3 => drop(run.read(usize::from(with) % CURSORS)),
            4 => run.seek(usize::from(with) % CURSORS, u64::from(what / 10)),
            8 => run.update(Kind::Tombstone, what / 10, with),
            9 => run.remove(with & 15),
            5 => run.reopen(usize::from(with) % CURSORS),
            6 => run.next_epoch(usize::from(with) % 2),
            _ => run.read_all(usize::from(with) % CURSORS),
        }
        run.check();
    }
    run.check_digest();
}

struct Run {
    positions: Positions,
    origins: Vec<OriginId>,
    epochs: [(usize, Option<NeighbourEpoch>); 2],
    epochs_begun: usize,
    /// Cursors, and up to which number each has been told.
    cursors: Vec<(Option<Cursor>, u64)>,
    /// In the order of the feed.
    feed: Vec<Known>,
    head: u64,
}

impl Run {
    fn new() -> Self {
        let mut positions = Positions::new([1, 2]);
        let origins = NAMES.iter().map(|name| positions.intern(name).expect("there is room"));
        let origins = origins.collect();
        let epochs = [(0, positions.begin_epoch()), (1, positions.begin_epoch())];
        let cursors = (0..CURSORS).map(|_| (Some(positions.open_cursor()), 0)).collect();
        Run { positions, origins, epochs, epochs_begun: 2, cursors, feed: vec![], head: 0 }
    }

    fn update(&mut self, kind: Kind, how: u8, with: u8) {
        let (client, time) = (with & 15, with >> 4);
        let origin = usize::from(how % 3);
        let difference = i64::from(how / 3 % 3) - 1;
        let epoch = [None, Some(0), Some(1)][usize::from(how / 9)];
        let known = Known {
            kind,
            sequence: self.head + 1,
            client,
            time,
            difference,
            origin,
            epoch: epoch.map(|which| self.epochs[which].0),
        };
        let bytes = known.text();
        let report = known.report(self.origins[origin], &bytes);
        let heard_from = epoch.and_then(|which| self.epochs[which].1.as_ref());
        let update = match (heard_from, kind) {
            (None, Kind::Position) => self.positions.report(&report),
            (None, Kind::Tombstone) => self.positions.forget(&report),
            (Some(_), _) => self.positions.update(&report, heard_from),
        };
        // At equal times what is known was taken before what a client says now.
        let order = match heard_from {
            None => |before: &Known, known: &Known| {
                (before.time, before.kind).cmp(&(known.time, known.kind))
            },
            Some(_) => Known::order,
        };
        let before = self.feed.iter().position(|other| other.client == client);
        let expected = match before {
            None => Update::New,
            Some(at) if order(&self.feed[at], &known) == Ordering::Less => {
                self.feed.remove(at);
                Update::Newer
            }
            Some(_) => Update::Known,
        };
        assert_eq!(update, expected);
        if update != Update::Known {
            self.head += 1;
            self.feed.push(known);
        }
    }

    fn remove(&mut self, client: u8) {
        let at = self.feed.iter().position(|known| known.client == client);
        let removed = at.map(|at| self.feed.remove(at).kind);
        let id = Known::client_id(client);
        assert_eq!(self.positions.remove(&id), removed);
        assert_eq!(self.positions.remove(&id), None);
    }

    fn read(&mut self, which: usize) -> bool {
        let (cursor, told) = &mut self.cursors[which];
        let cursor = cursor.as_ref().expect("cursors are reopened at once");
        let next = self.positions.next(cursor).map(|change| change.sequence());
        let expected = self.feed.iter().map(|known| known.sequence).find(|number| number > told);
        assert_eq!(next, expected);
        *told = next.unwrap_or(*told);
        next.is_some()
    }

    fn read_all(&mut self, which: usize) {
        while self.read(which) {}
        let (cursor, _) = &self.cursors[which];
        assert!(cursor.as_ref().is_some_and(|cursor| self.positions.is_at_head(cursor)));
    }

    fn seek(&mut self, which: usize, told: u64) {
        let (cursor, known) = &mut self.cursors[which];
        self.positions.seek(cursor.as_ref().expect("reopened at once"), told);
        *known = told.min(self.head);
    }

    fn reopen(&mut self, which: usize) {
        let (cursor, told) = &mut self.cursors[which];
        self.positions.close_cursor(cursor.take().expect("reopened at once"));
        *cursor = Some(self.positions.open_cursor());
        *told = self.head;
    }

    fn next_epoch(&mut self, which: usize) {
        let (number, epoch) = &mut self.epochs[which];
        if let Some(epoch) = epoch.take() {
            self.positions.end_epoch(epoch);
        }
        *epoch = self.positions.begin_epoch();
        *number = self.epochs_begun;
        self.epochs_begun += 1;
    }

    fn check(&self) {
        #[cfg(debug_assertions)]
        self.positions.check().expect("the store is whole");
        let is_tombstone = |known: &&Known| known.kind == Kind::Tombstone;
        assert_eq!(self.positions.tombstones(), self.feed.iter().filter(is_tombstone).count());
        let records = self.positions.len() + self.positions.tombstones();
        assert_eq!((records, self.positions.head()), (self.feed.len(), self.head));
        for (cursor, told) in &self.cursors {
            let cursor = cursor.as_ref().expect("reopened at once");
            let next = self.feed.iter().map(|known| known.sequence).find(|number| number > told);
            assert_eq!(self.positions.peek(cursor).map(|change| change.sequence()), next);
            let promised = next.map_or(self.head, |number| number - 1);
            assert_eq!(self.positions.sent_up_to(cursor), promised);
        }
        for known in &self.feed {
            let found = self.positions.find(&known.client_text());
            if known.kind == Kind::Tombstone {
                assert!(found.is_none());
                continue;
            }
            let position = found.expect("it was taken");
            assert_eq!(position.sequence(), known.sequence);
            assert_eq!(position.text().bytes(), known.text());
            assert_eq!(position.origin_name(), NAMES[known.origin]);
            for (number, epoch) in &self.epochs {
                let epoch = epoch.as_ref().expect("there is room");
                assert_eq!(position.is_heard_from(epoch), known.epoch == Some(*number));
            }
        }
    }

    /// The digest depends on nothing but what is known now.
    fn check_digest(&self) {
        let mut other = Positions::new([3, 4]);
        for known in self.feed.iter().rev() {
            let bytes = known.text();
            let origin = other.intern(NAMES[known.origin]).expect("there is room");
            let report = known.report(origin, &bytes);
            assert_eq!(other.update(&report, None), Update::New);
        }
        assert_eq!(other.digest(), self.positions.digest());
    }
}

impl Known {
    /// Short ones and ones that do not fit into a record.
    fn client_id(client: u8) -> Vec<u8> {
        let length = if client.is_multiple_of(4) { 90 } else { 1 };
        vec![b'a' + client; length]
    }

    fn client_text(&self) -> Vec<u8> {
        Known::client_id(self.client)
    }

    fn text(&self) -> Vec<u8> {
        let mut text = self.client_text();
        if self.kind == Kind::Position {
            text.extend_from_slice(format!(" +{0}-{0}", self.client % 2).as_bytes());
        }
        text.extend_from_slice(format!(" 0.{:09}", self.time).as_bytes());
        text
    }

    /// With what [`text`](Self::text) has made.
    fn report<'a>(&self, origin: OriginId, bytes: &'a [u8]) -> Report<'a> {
        let client_len = self.client_text().len();
        let text = match self.kind {
            Kind::Position => Text::new(bytes, client_len, 4),
            Kind::Tombstone => Text::of_tombstone(bytes, client_len),
        };
        Report {
            origin,
            difference_nanoseconds: self.difference,
            time_nanoseconds: i64::from(self.time),
            text: text.expect("within the limits"),
        }
    }

    /// Which of two reports about one client is the greater, as `positions::order` has it: time,
    /// then a tombstone, then the one taken first, then the rest, of which only the name can differ here.
    fn order(&self, other: &Known) -> Ordering {
        let taken = |known: &Known| i64::from(known.time) + known.difference;
        let claim = |known: &Known| (known.time, known.kind, -taken(known), NAMES[known.origin]);
        claim(self).cmp(&claim(other))
    }
}
