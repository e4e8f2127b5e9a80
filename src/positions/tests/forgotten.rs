//! Clients that are forgotten, and records that are removed.

use super::*;

fn tombstone(client: u8, seconds: i64) -> Told {
    Told { kind: Kind::Tombstone, ..told(client, seconds) }
}

/// A store, and what its bytes are with no text of its own.
fn store() -> (Positions, usize) {
    let positions = Positions::new([9, 9]);
    let bytes = positions.bytes();
    (positions, bytes)
}

#[test]
fn a_forgotten_client_is_unknown_until_it_reports_later() {
    let (mut positions, _) = store();
    let cursor = positions.open_cursor();
    assert_eq!(told(1, 5).report(&mut positions), Update::New);
    assert_eq!(tombstone(1, 4).report(&mut positions), Update::Known, "it is older");
    assert_eq!((positions.len(), positions.tombstones()), (1, 0));
    assert_eq!(tombstone(1, 5).report(&mut positions), Update::Newer, "at equal times");
    assert!(positions.find(b"client-1").is_none() && positions.is_empty());
    assert_eq!((positions.tombstones(), positions.head()), (1, 2));

    positions.next(&cursor).iter().for_each(|change| tombstone(1, 5).assert_is(change));
    assert!(positions.is_at_head(&cursor), "the position is never told");
    assert_eq!(told(1, 5).report(&mut positions), Update::Known);
    assert_eq!(told(1, 6).report(&mut positions), Update::Newer);
    positions.find(b"client-1").iter().for_each(|found| told(1, 6).assert_is(found));
    assert_eq!((positions.len(), positions.tombstones()), (1, 0));
    positions.check().unwrap();
}

#[test]
fn a_client_that_nobody_knows_can_be_forgotten() {
    let (mut positions, _) = store();
    assert_eq!(tombstone(1, 5).tell(&mut positions, None), Update::New);
    let later = Told { difference: 1, ..tombstone(1, 5) };
    assert_eq!(later.tell(&mut positions, None), Update::Known, "the one taken first stays");
    assert!(positions.find(b"client-1").is_none());
    assert_eq!(told(1, 5).tell(&mut positions, None), Update::Known);
    positions.check().unwrap();
}

/// Servers of different versions compare digests: these, of which the first has only positions, were
/// computed by another program from the words in `hash` and must never change.
#[test]
fn digests_stay_as_they_are() {
    let hands = Told { origin: 1, difference: -2, padding: 3, ..told(2, 7) };
    let mut positions = store_of([&told(1, 5), &hands], [1, 2]);
    assert_eq!(positions.digest(), 0xf777_0f19_0097_62c4);
    let wilkes = Told { origin: 2, difference: 1, ..tombstone(3, 9) };
    assert_eq!(wilkes.tell(&mut positions, None), Update::New);
    assert_eq!(positions.digest(), 0x883e_0273_71ca_11d8);
    assert_eq!(positions.remove(b"client-3"), Some(Kind::Tombstone));
    assert_eq!(positions.digest(), 0xf777_0f19_0097_62c4);
}

#[test]
fn removed_records_are_as_if_they_had_never_been() {
    let (mut positions, _) = store();
    for client in 0..4 {
        assert_eq!(told(client, 1).report(&mut positions), Update::New);
    }
    let all = positions.open_cursor();
    positions.seek(&all, 0);
    assert_eq!(positions.next(&all).map(|change| change.sequence()), Some(1));
    assert_eq!(positions.remove(b"client-1"), Some(Kind::Position));
    assert_eq!(positions.remove(b"client-1"), None);
    assert_eq!(positions.sent_up_to(&all), 2, "nothing is left to tell up to there");
    assert_eq!(positions.remove(b"client-0"), Some(Kind::Position), "which was told");
    assert_eq!(positions.remove(b"client-3"), Some(Kind::Position), "which was last");
    assert_eq!((positions.len(), positions.head()), (1, 4));
    assert_eq!(positions.digest(), store_of([&told(2, 1)], [1, 2]).digest());

    // An older report is as good as any.
    assert_eq!(told(1, 0).report(&mut positions), Update::New);
    let sequences = [(); 3].map(|()| positions.next(&all).map(|change| change.sequence()));
    assert_eq!(sequences, [Some(3), Some(5), None]);
    positions.check().unwrap();
}

#[test]
fn memory_of_removed_records_is_used_again() {
    let (mut positions, empty) = store();
    let long = |client| Told { padding: 500, ..told(client, 1) };
    let fill = |positions: &mut Positions| {
        for client in 0..=u8::MAX {
            assert_eq!(long(client).report(positions), Update::New);
        }
    };
    fill(&mut positions);
    let full = positions.bytes();
    positions.set_bytes_max(full);
    for client in 0..=u8::MAX {
        assert_eq!(tombstone(client, 2).report(&mut positions), Update::Newer);
    }
    // Beside the bound of each 64, which end.
    let bounds = positions.bytes() - full;
    assert!(bounds <= 64, "a tombstone keeps what the position had: {bounds} more");
    positions.set_bytes_max(full + bounds);
    for client in 0..=u8::MAX {
        let name = format!("client-{client}");
        assert_eq!(positions.remove(name.as_bytes()), Some(Kind::Tombstone));
        positions.check().unwrap();
    }
    assert!(positions.bytes() - empty < 500_000, "one slab of records is left");
    assert_eq!((positions.len(), positions.tombstones(), positions.digest()), (0, 0, 0));
    fill(&mut positions);
    assert_eq!(positions.bytes(), full + bounds);
    positions.check().unwrap();
}

#[test]
fn a_known_client_is_forgotten_although_there_is_no_room() {
    let (mut positions, _) = store();
    assert_eq!(told(1, 1).report(&mut positions), Update::New);
    positions.set_bytes_max(0);
    let padded = |seconds, padding| Told { padding, ..tombstone(1, seconds) };
    assert_eq!(tombstone(1, 2).report(&mut positions), Update::Newer);
    let bytes = positions.bytes();
    assert_eq!(padded(3, 61).report(&mut positions), Update::Newer, "with a text of its own");
    assert!(positions.bytes() - bytes <= 80);
    assert_eq!(padded(4, 200).report(&mut positions), Update::Full);
    positions.set_bytes_max(positions.bytes());
    assert_eq!(padded(4, 200).report(&mut positions), Update::Full);
    assert_eq!(padded(4, 200).tell(&mut positions, None), Update::Newer, "a neighbour's");
    positions.set_bytes_max(positions.bytes());
    let mut unknown = (2..=u8::MAX).map(|client| Told { padding: 200, ..tombstone(client, 1) });
    assert!(unknown.all(|unknown| unknown.report(&mut positions) == Update::Full));
    positions.check().unwrap();
}

#[test]
fn an_epoch_of_which_all_was_removed_is_free() {
    let (mut positions, _) = store();
    let epoch = positions.begin_epoch().unwrap();
    let slot = epoch.slot();
    assert_eq!(tombstone(1, 1).tell(&mut positions, Some(&epoch)), Update::New);
    positions.end_epoch(epoch);
    positions.check().unwrap();
    assert_eq!(positions.remove(b"client-1"), Some(Kind::Tombstone));
    positions.check().unwrap();
    assert_eq!(positions.begin_epoch().map(|epoch| epoch.slot()), Some(slot));
}

/// What a sweep is for: each part is made wrong, and it is seen.
#[test]
fn a_sweep_finds_what_is_wrong() {
    let wrongs: [fn(&mut Positions); 9] = [
        |positions| positions.digest ^= 1,
        |positions| positions.text_bytes += 1,
        |positions| positions.table_bytes -= 1,
        |positions| positions.tombstones += 1,
        |positions| {
            let removed = positions.index.remove(positions.hash(b"client-2"), |_| true);
            assert!(removed.is_some());
        },
        |positions| assert!(positions.index.insert(7, 7)),
        |positions| positions.feed.remove(2),
        |positions| positions.epochs.moved(EpochSlot::OURS, positions.feed.record(1).heard_from),
        |positions| positions.key[0] ^= 1,
    ];
    for (number, wrong) in wrongs.iter().enumerate() {
        let (mut positions, _) = store();
        let epoch = positions.begin_epoch().unwrap();
        for client in 0..5 {
            assert_eq!(told(client, 1).tell(&mut positions, Some(&epoch)), Update::New);
        }
        assert_eq!(tombstone(1, 3).tell(&mut positions, Some(&epoch)), Update::Newer);
        assert_eq!(positions.remove(b"client-0"), Some(Kind::Position));
        positions.check().unwrap();
        wrong(&mut positions);
        assert!(positions.check().is_err(), "{number}");
    }
}
