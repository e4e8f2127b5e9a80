//! What makes servers agree, and what cursors are told.

mod bound;
mod ended;
mod forgotten;
mod model;

use super::*;
use crate::wire::Lifetimes;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ORIGINS: [&str; 3] = ["Ball", "Hands", "Wilkes"];

/// A report by value, with a text of any length on either side of what fits into a record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    kind: Kind,
    client: u8,
    seconds: i64,
    difference: i64,
    origin: usize,
    padding: usize,
}

impl Told {
    fn client(&self) -> String {
        format!("client-{}", self.client)
    }

    fn location(&self) -> String {
        match self.kind {
            Kind::Position => format!("+{}1-2", "0".repeat(self.padding)),
            Kind::Tombstone => String::new(),
        }
    }

    /// A tombstone's is as long as a position's with the same padding.
    fn time(&self) -> String {
        match self.kind {
            Kind::Position => self.seconds.to_string(),
            Kind::Tombstone => format!("{}{}", "0".repeat(self.padding), self.seconds),
        }
    }

    fn text(&self) -> String {
        match self.kind {
            Kind::Position => format!("{} {} {}", self.client(), self.location(), self.time()),
            Kind::Tombstone => format!("{} {}", self.client(), self.time()),
        }
    }

    fn is_after(&self, other: &Told) -> bool {
        let key = |told: &Told| {
            let name = ORIGINS[told.origin];
            (told.seconds, told.kind, -told.difference, told.location(), told.time(), name)
        };
        key(self) > key(other)
    }

    /// By the client's time and the kind alone.
    fn is_later(&self, other: &Told) -> bool {
        (self.seconds, self.kind) > (other.seconds, other.kind)
    }

    fn tell(&self, positions: &mut Positions, from: Option<&NeighbourEpoch>) -> Update {
        self.give(positions, |positions, report| positions.update(report, from))
    }

    /// From a client of ours.
    fn report(&self, positions: &mut Positions) -> Update {
        self.give(positions, |positions, report| match report.kind() {
            Kind::Position => positions.report(report),
            Kind::Tombstone => positions.forget(report),
        })
    }

    fn give(
        &self,
        positions: &mut Positions,
        take: impl FnOnce(&mut Positions, &Report<'_>) -> Update,
    ) -> Update {
        let text = self.text();
        let (bytes, client_len) = (text.as_bytes(), self.client().len());
        let text = match self.kind {
            Kind::Position => Text::new(bytes, client_len, self.location().len()).unwrap(),
            Kind::Tombstone => Text::of_tombstone(bytes, client_len).unwrap(),
        };
        let report = Report {
            origin: positions.intern(ORIGINS[self.origin].as_bytes()).unwrap(),
            difference_nanoseconds: self.difference,
            time_nanoseconds: self.seconds * 1_000_000_000,
            text,
        };
        take(positions, &report)
    }

    fn assert_is(&self, change: &Change<'_>) {
        assert_eq!(change.kind(), self.kind);
        assert_eq!(change.client(), self.client().as_bytes());
        assert_eq!(change.text().location(), self.location().as_bytes());
        assert_eq!(change.time(), self.time().as_bytes());
        assert_eq!(change.text().bytes(), self.text().as_bytes());
        assert_eq!(change.time_nanoseconds(), self.seconds * 1_000_000_000);
        assert_eq!(change.difference_nanoseconds(), self.difference);
        assert_eq!(change.origin_name(), ORIGINS[self.origin].as_bytes());
        let location = change.position().map(|position| position.location());
        let is_position = self.kind == Kind::Position;
        assert_eq!(location, is_position.then_some(self.location().as_bytes()));
    }
}

fn tolds() -> impl Strategy<Value = Told> {
    let kind = prop_oneof![3 => Just(Kind::Position), 1 => Just(Kind::Tombstone)];
    let padding = prop_oneof![0_usize..4, 30_usize..90];
    (kind, 0_u8..8, 0_i64..30, -2_i64..=2, 0..ORIGINS.len(), padding).prop_map(
        |(kind, client, seconds, difference, origin, padding)| Told {
            kind,
            client,
            seconds,
            difference,
            origin,
            padding,
        },
    )
}

fn store_of<'a>(tolds: impl IntoIterator<Item = &'a Told>, key: [u64; 2]) -> Positions {
    let mut positions = Positions::new(key);
    for told in tolds {
        let _ = told.tell(&mut positions, None);
    }
    positions
}

fn contents(positions: &Positions) -> BTreeMap<Vec<u8>, (Vec<u8>, i64, Vec<u8>)> {
    (positions.feed.numbers())
        .map(|number| positions.change(number))
        .map(|p| {
            let rest =
                (p.origin_name().into(), p.difference_nanoseconds(), p.text().bytes().into());
            (p.client().into(), rest)
        })
        .collect()
}

proptest! {
    /// The two stores give different numbers to origins and records and have different keys.
    #[test]
    fn order_and_repetition_of_reports_do_not_matter(
        (tolds, shuffled) in prop::collection::vec(tolds(), 0..40).prop_flat_map(|tolds| {
            let twice = [tolds.clone(), tolds.clone()].concat();
            (Just(tolds), Just(twice).prop_shuffle())
        }),
    ) {
        let (once, twice) = (store_of(&tolds, [1, 2]), store_of(&shuffled, [3, 4]));
        prop_assert_eq!(contents(&once), contents(&twice));
        prop_assert_eq!(once.digest(), twice.digest());
    }

    #[test]
    fn digests_are_equal_only_if_positions_are(
        a in prop::collection::vec(tolds(), 0..6),
        b in prop::collection::vec(tolds(), 0..6),
    ) {
        let (a, b) = (store_of(&a, [1, 2]), store_of(&b, [1, 2]));
        prop_assert_eq!(a.digest() == b.digest(), contents(&a) == contents(&b));
    }
}

fn told(client: u8, seconds: i64) -> Told {
    Told { kind: Kind::Position, client, seconds, difference: 0, origin: 0, padding: 0 }
}

#[test]
fn an_empty_store_has_nothing_to_tell() {
    let mut positions = Positions::new([0, 0]);
    let cursor = positions.open_cursor();
    assert!(positions.is_empty() && positions.is_at_head(&cursor));
    assert_eq!((positions.head(), positions.digest(), positions.sent_up_to(&cursor)), (0, 0, 0));
    assert!(positions.find(b"kiwi").is_none() && positions.find(b"").is_none());
    positions.seek(&cursor, u64::MAX);
    assert!(positions.next(&cursor).is_none());
}

#[test]
fn a_client_that_moved_ten_times_is_walked_once() {
    let mut positions = Positions::new([0, 0]);
    let cursor = positions.open_cursor();
    for seconds in 0..10 {
        for client in 0..2 {
            assert_ne!(told(client, seconds).tell(&mut positions, None), Update::Known);
        }
    }
    assert_eq!(positions.sent_up_to(&cursor), 18);
    for client in 0..2 {
        positions.next(&cursor).iter().for_each(|next| told(client, 9).assert_is(next));
    }
    assert!(positions.next(&cursor).is_none());
    assert_eq!(positions.sent_up_to(&cursor), 20);
}

#[test]
fn told_grows_when_what_came_next_moves_away() {
    let mut positions = Positions::new([0, 0]);
    let cursor = positions.open_cursor();
    for client in 0..3 {
        assert_eq!(told(client, 1).tell(&mut positions, None), Update::New);
    }
    assert_eq!(positions.next(&cursor).map(|next| next.sequence()), Some(1));
    assert_eq!(positions.sent_up_to(&cursor), 1);
    assert_eq!(told(1, 2).tell(&mut positions, None), Update::Newer);
    assert_eq!(positions.sent_up_to(&cursor), 2);
    assert_eq!(positions.peek(&cursor).map(|next| next.sequence()), Some(3));
}

#[test]
fn a_repeated_report_keeps_the_first_answer() {
    let mut positions = Positions::new([0, 0]);
    assert_eq!(told(1, 5).tell(&mut positions, None), Update::New);
    let again = Told { difference: 1, origin: 2, ..told(1, 5) };
    assert_eq!(again.tell(&mut positions, None), Update::Known);
    positions.find(b"client-1").iter().for_each(|found| told(1, 5).assert_is(found));
    assert_eq!(positions.head(), 1);
}

#[test]
fn many_clients_are_found_while_the_index_grows() {
    const CLIENTS: u32 = 200_000;
    let mut positions = Positions::new([7, 8]);
    let Some(origin) = positions.intern(b"Ball") else { panic!("no room") };
    let mut scratch = Vec::new();
    let mut tell = |positions: &mut Positions, client: u32, seconds: i64| {
        let fields = (client.to_string(), "+1-2", seconds.to_string());
        let (client, time) = (fields.0.as_bytes(), fields.2.as_bytes());
        let text = Text::join(&mut scratch, client, fields.1.as_bytes(), time);
        let Some(text) = text else { panic!("refused") };
        let time_nanoseconds = seconds * 1_000_000_000;
        let report = Report { origin, difference_nanoseconds: 0, time_nanoseconds, text };
        positions.update(&report, None)
    };
    for client in 0..CLIENTS {
        assert_eq!(tell(&mut positions, client, 1), Update::New);
        let moving = client / 2;
        let expected = if client % 2 == 0 { Update::Newer } else { Update::Known };
        assert_eq!(tell(&mut positions, moving, 2), expected);
    }
    assert_eq!(positions.len(), CLIENTS as usize);
    // Looking ahead takes any ids, and too many, and changes nothing.
    let before = (positions.head(), positions.digest());
    let ids: Vec<String> = (0..100).map(|id| (id * 3_000).to_string()).collect();
    let ids: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes()).chain([&b""[..]]).collect();
    positions.prefetch(&ids);
    positions.prefetch(&ids[95..]);
    positions.prefetch(&[]);
    assert_eq!((positions.head(), positions.digest()), before);
    positions.check().unwrap();
}
