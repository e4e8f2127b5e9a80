//! The store against a naive model of it.

use super::*;
use std::collections::BTreeSet;

const CURSORS: usize = 3;

#[derive(Debug, Clone)]
enum Operation {
    /// From our client, or from the neighbour.
    Tell(Told, bool),
    Next(usize),
    Seek(usize, u64),
    SeekWhereItIs(usize),
    Reopen(usize),
    Remove(u8),
    /// The neighbour begins another epoch.
    Restart,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let cursor = || 0..CURSORS;
    let operation = prop_oneof![
        8 => (tolds(), any::<bool>()).prop_map(|(told, ours)| Operation::Tell(told, ours)),
        8 => cursor().prop_map(Operation::Next),
        2 => (cursor(), prop_oneof![1 => Just(0), 4 => 0_u64..40]).prop_map(|(cursor, told)| Operation::Seek(cursor, told)),
        1 => cursor().prop_map(Operation::SeekWhereItIs),
        1 => cursor().prop_map(Operation::Reopen),
        2 => (0_u8..8).prop_map(Operation::Remove),
        1 => Just(Operation::Restart),
    ];
    prop::collection::vec(operation, 1..120)
}

/// What the store should be, without regard to cost.
#[derive(Debug, Default)]
struct Model {
    /// By client: the number of its last change, the report, and the epoch it was heard in.
    last: BTreeMap<u8, (u64, Told, Option<u32>)>,
    /// Those of whom a position was taken since a record of them came to be.
    were_known: BTreeSet<u8>,
    head: u64,
    epoch: u32,
    /// For each cursor, up to which number it has been told.
    told: [u64; CURSORS],
}

impl Model {
    fn tell(&mut self, told: &Told, ours: bool) -> Update {
        let update = match self.last.get(&told.client) {
            None => Update::New,
            // At equal times what is known was taken before what a client says now.
            Some((_, known, _)) if ours && told.is_later(known) => Update::Newer,
            Some((_, known, _)) if !ours && told.is_after(known) => Update::Newer,
            Some(_) => return Update::Known,
        };
        self.head += 1;
        let epoch = (!ours).then_some(self.epoch);
        if told.kind == Kind::Position {
            self.were_known.insert(told.client);
        }
        self.last.insert(told.client, (self.head, told.clone(), epoch));
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
    epoch: NeighbourEpoch,
}

impl Pair {
    fn new() -> Self {
        let mut positions = Positions::new([1, 2]);
        let cursors = (0..CURSORS).map(|_| positions.open_cursor()).collect();
        let Some(epoch) = positions.begin_epoch() else { panic!("no room for an epoch") };
        Pair { model: Model::default(), positions, cursors, epoch }
    }

    fn apply(&mut self, operation: &Operation) {
        let Pair { model, positions, cursors, epoch } = self;
        match *operation {
            Operation::Tell(ref told, ours) => {
                let update =
                    if ours { told.report(positions) } else { told.tell(positions, Some(epoch)) };
                assert_eq!(update, model.tell(told, ours));
            }
            Operation::Next(cursor) => {
                let expected = model.next_of(cursor);
                let next = positions.next(&cursors[cursor]);
                assert_eq!(next.map(|p| p.sequence()), expected.map(|(sequence, _)| sequence));
                let Some((sequence, told)) = expected else { return };
                next.iter().for_each(|change| {
                    told.assert_is(change);
                    assert_eq!(change.was_known(), model.were_known.contains(&told.client));
                });
                model.told[cursor] = sequence;
            }
            Operation::Seek(cursor, told) => {
                positions.seek(&cursors[cursor], told);
                model.told[cursor] = told.min(model.head);
            }
            Operation::SeekWhereItIs(cursor) => {
                positions.seek(&cursors[cursor], positions.sent_up_to(&cursors[cursor]));
            }
            Operation::Remove(client) => {
                let removed = positions.remove(format!("client-{client}").as_bytes());
                let expected = model.last.remove(&client);
                model.were_known.remove(&client);
                assert_eq!(removed, expected.map(|(_, told, _)| told.kind));
            }
            Operation::Reopen(cursor) => {
                positions.close_cursor(cursors.swap_remove(cursor));
                let last = cursors.len();
                cursors.push(positions.open_cursor());
                cursors.swap(cursor, last);
                model.told[cursor] = model.head;
            }
            Operation::Restart => {
                let Some(next) = positions.begin_epoch() else { panic!("no room for an epoch") };
                positions.end_epoch(mem::replace(epoch, next));
                model.epoch += 1;
            }
        }
    }

    fn check(&self) {
        let Pair { model, positions, cursors, epoch } = self;
        positions.check().unwrap();
        let tombstones = model.last.values().filter(|(_, told, _)| told.kind == Kind::Tombstone);
        assert_eq!(positions.tombstones(), tombstones.count());
        assert_eq!(positions.len() + positions.tombstones(), model.last.len());
        assert_eq!(positions.head(), model.head);
        for (sequence, told, heard_in) in model.last.values() {
            let found = positions.find(told.client().as_bytes());
            if told.kind == Kind::Tombstone {
                assert!(found.is_none(), "{told:?} is found");
                continue;
            }
            let Some(position) = found else { panic!("{told:?} is lost") };
            told.assert_is(&position);
            assert_eq!(position.sequence(), *sequence);
            assert_eq!(position.is_heard_from(epoch), *heard_in == Some(model.epoch));
        }
        for (number, cursor) in cursors.iter().enumerate() {
            let next = model.next_of(number).map(|(sequence, _)| sequence);
            assert_eq!(positions.peek(cursor).map(|p| p.sequence()), next);
            assert_eq!(positions.is_at_head(cursor), next.is_none());
            assert_eq!(positions.sent_up_to(cursor), next.map_or(model.head, |next| next - 1));
        }
    }
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
}
