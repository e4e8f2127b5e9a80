//! The store against a naive model of it, and what makes servers agree.

mod bound;

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const ORIGINS: [&str; 3] = ["Ball", "Hands", "Wilkes"];
const CURSORS: usize = 3;

/// A report by value, with a text of any length on either side of what fits into a record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
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
        format!("+{}1-2", "0".repeat(self.padding))
    }

    fn time(&self) -> String {
        self.seconds.to_string()
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.client(), self.location(), self.time())
    }

    fn is_after(&self, other: &Told) -> bool {
        let key = |told: &Told| {
            let name = ORIGINS[told.origin];
            (told.seconds, -told.difference, told.location(), told.time(), name)
        };
        key(self) > key(other)
    }

    fn tell(&self, positions: &mut Positions, from: Option<&NeighbourLife>) -> Update {
        let text = self.text();
        let text = Text::new(text.as_bytes(), self.client().len(), self.location().len());
        let origin = positions.intern(ORIGINS[self.origin].as_bytes());
        let (Some(text), Some(origin)) = (text, origin) else { panic!("{self:?} is refused") };
        let report = Report {
            origin,
            difference_nanoseconds: self.difference,
            time_nanoseconds: self.seconds * 1_000_000_000,
            text,
        };
        positions.update(&report, from)
    }

    fn assert_is(&self, position: &Position<'_>) {
        assert_eq!(position.client(), self.client().as_bytes());
        assert_eq!(position.location(), self.location().as_bytes());
        assert_eq!(position.time(), self.time().as_bytes());
        assert_eq!(position.text().bytes(), self.text().as_bytes());
        assert_eq!(position.time_nanoseconds(), self.seconds * 1_000_000_000);
        assert_eq!(position.difference_nanoseconds(), self.difference);
        assert_eq!(position.origin_name(), ORIGINS[self.origin].as_bytes());
    }
}

fn tolds() -> impl Strategy<Value = Told> {
    (0_u8..8, 0_i64..30, -2_i64..=2, 0..ORIGINS.len(), prop_oneof![0_usize..4, 30_usize..90])
        .prop_map(|(client, seconds, difference, origin, padding)| Told {
            client,
            seconds,
            difference,
            origin,
            padding,
        })
}

#[derive(Debug, Clone)]
enum Operation {
    /// From our client, or from the neighbour.
    Tell(Told, bool),
    Next(usize),
    Seek(usize, u64),
    SeekWhereItIs(usize),
    Rewind(usize),
    Reopen(usize),
    /// The neighbour begins another life.
    Restart,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let cursor = || 0..CURSORS;
    let operation = prop_oneof![
        8 => (tolds(), any::<bool>()).prop_map(|(told, ours)| Operation::Tell(told, ours)),
        8 => cursor().prop_map(Operation::Next),
        2 => (cursor(), 0_u64..40).prop_map(|(cursor, told)| Operation::Seek(cursor, told)),
        1 => cursor().prop_map(Operation::SeekWhereItIs),
        1 => cursor().prop_map(Operation::Rewind),
        1 => cursor().prop_map(Operation::Reopen),
        1 => Just(Operation::Restart),
    ];
    prop::collection::vec(operation, 1..120)
}

/// What the store should be, without regard to cost.
#[derive(Debug, Default)]
struct Model {
    /// By client: the number of its last change, the report, and the life it was heard in.
    last: BTreeMap<u8, (u64, Told, Option<u32>)>,
    head: u64,
    life: u32,
    /// For each cursor, up to which number it has been told.
    told: [u64; CURSORS],
}

impl Model {
    fn tell(&mut self, told: &Told, ours: bool) -> Update {
        let update = match self.last.get(&told.client) {
            None => Update::New,
            Some((_, known, _)) if told.is_after(known) => Update::Newer,
            Some(_) => return Update::Known,
        };
        self.head += 1;
        let life = (!ours).then_some(self.life);
        self.last.insert(told.client, (self.head, told.clone(), life));
        update
    }

    fn next_of(&self, cursor: usize) -> Option<(u64, &Told)> {
        let untold = self.last.values().filter(|(sequence, ..)| *sequence > self.told[cursor]);
        untold.map(|(sequence, told, _)| (*sequence, told)).min_by_key(|(sequence, _)| *sequence)
    }
}

/// The store, the model, and what both are told alike.
struct Pair {
    model: Model,
    positions: Positions,
    cursors: Vec<Cursor>,
    life: NeighbourLife,
}

impl Pair {
    fn new() -> Self {
        let mut positions = Positions::new([1, 2]);
        let cursors = (0..CURSORS).map(|_| positions.open_cursor()).collect();
        let Some(life) = positions.begin_life() else { panic!("no room for a life") };
        Pair { model: Model::default(), positions, cursors, life }
    }

    fn apply(&mut self, operation: &Operation) {
        let Pair { model, positions, cursors, life } = self;
        match *operation {
            Operation::Tell(ref told, ours) => {
                let from = (!ours).then_some(&*life);
                assert_eq!(told.tell(positions, from), model.tell(told, ours));
            }
            Operation::Next(cursor) => {
                let expected = model.next_of(cursor);
                let next = positions.next(&cursors[cursor]);
                assert_eq!(next.map(|p| p.sequence()), expected.map(|(sequence, _)| sequence));
                let Some((sequence, told)) = expected else { return };
                next.iter().for_each(|position| told.assert_is(position));
                model.told[cursor] = sequence;
            }
            Operation::Seek(cursor, told) => {
                positions.seek(&cursors[cursor], told);
                model.told[cursor] = told.min(model.head);
            }
            Operation::SeekWhereItIs(cursor) => {
                positions.seek(&cursors[cursor], positions.told(&cursors[cursor]));
            }
            Operation::Rewind(cursor) => {
                positions.rewind(&cursors[cursor]);
                model.told[cursor] = 0;
            }
            Operation::Reopen(cursor) => {
                positions.close_cursor(cursors.swap_remove(cursor));
                let last = cursors.len();
                cursors.push(positions.open_cursor());
                cursors.swap(cursor, last);
                model.told[cursor] = model.head;
            }
            Operation::Restart => {
                let Some(next) = positions.begin_life() else { panic!("no room for a life") };
                positions.end_life(mem::replace(life, next));
                model.life += 1;
            }
        }
    }

    fn check(&self) {
        let Pair { model, positions, cursors, life } = self;
        positions.check_invariants();
        assert_eq!(positions.len(), model.last.len());
        assert_eq!(positions.head(), model.head);
        for (sequence, told, heard_in) in model.last.values() {
            let found = positions.find(told.client().as_bytes());
            let Some(position) = found else { panic!("{told:?} is lost") };
            told.assert_is(&position);
            assert_eq!(position.sequence(), *sequence);
            assert_eq!(position.is_heard_from(life), *heard_in == Some(model.life));
        }
        for (number, cursor) in cursors.iter().enumerate() {
            let next = model.next_of(number).map(|(sequence, _)| sequence);
            assert_eq!(positions.peek(cursor).map(|p| p.sequence()), next);
            assert_eq!(positions.is_at_head(cursor), next.is_none());
            assert_eq!(positions.told(cursor), next.map_or(model.head, |next| next - 1));
        }
    }
}

impl Positions {
    /// Panics unless the parts agree with each other.
    fn check_invariants(&self) {
        let numbers = 0..self.feed.len() as u32;
        let records = || numbers.clone().map(|number| self.feed.record(number));
        self.feed.check_invariants();
        self.index.check_invariants(self.len());
        self.lives.check_invariants(records().map(|record| record.heard_from));
        for number in numbers.clone() {
            let client = self.feed.record(number).text().client();
            assert_eq!(self.lookup(self.hash(client), client), Some(number));
        }
        let sum = records()
            .map(|record| digest_of(&self.origins, &record.report()))
            .fold(0, |sum: u64, hash| sum.wrapping_add(hash));
        assert_eq!(sum, self.digest);
        let texts = records().map(Record::text_bytes).sum::<usize>();
        assert_eq!(self.bytes(), self.feed.bytes() + self.index.bytes() + texts);
    }
}

fn store_of<'a>(tolds: impl IntoIterator<Item = &'a Told>, key: [u64; 2]) -> Positions {
    let mut positions = Positions::new(key);
    for told in tolds {
        let _ = told.tell(&mut positions, None);
    }
    positions
}

fn contents(positions: &Positions) -> BTreeMap<Vec<u8>, (Vec<u8>, i64, Vec<u8>)> {
    (0..positions.len() as u32)
        .map(|number| positions.position(number))
        .map(|p| {
            let rest =
                (p.origin_name().into(), p.difference_nanoseconds(), p.text().bytes().into());
            (p.client().into(), rest)
        })
        .collect()
}

proptest! {
    #[test]
    fn does_what_the_model_does(operations in operations()) {
        let mut pair = Pair::new();
        for operation in &operations {
            pair.apply(operation);
            pair.check();
        }
    }

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
    Told { client, seconds, difference: 0, origin: 0, padding: 0 }
}

#[test]
fn an_empty_store_has_nothing_to_tell() {
    let mut positions = Positions::new([0, 0]);
    let cursor = positions.open_cursor();
    assert!(positions.is_empty() && positions.is_at_head(&cursor));
    assert_eq!((positions.head(), positions.digest(), positions.told(&cursor)), (0, 0, 0));
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
    assert_eq!(positions.told(&cursor), 18);
    for client in 0..2 {
        positions.next(&cursor).iter().for_each(|next| told(client, 9).assert_is(next));
    }
    assert!(positions.next(&cursor).is_none());
    assert_eq!(positions.told(&cursor), 20);
}

#[test]
fn told_grows_when_what_came_next_moves_away() {
    let mut positions = Positions::new([0, 0]);
    let cursor = positions.open_cursor();
    for client in 0..3 {
        assert_eq!(told(client, 1).tell(&mut positions, None), Update::New);
    }
    assert_eq!(positions.next(&cursor).map(|next| next.sequence()), Some(1));
    assert_eq!(positions.told(&cursor), 1);
    assert_eq!(told(1, 2).tell(&mut positions, None), Update::Newer);
    assert_eq!(positions.told(&cursor), 2);
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
    positions.fetch_ahead(&ids);
    positions.fetch_ahead(&ids[95..]);
    positions.fetch_ahead(&[]);
    assert_eq!((positions.head(), positions.digest()), before);
    positions.check_invariants();
}
