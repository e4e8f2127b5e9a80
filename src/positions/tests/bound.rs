//! What the store counts as its memory, and that reports are taken within a bound.

use super::*;

const MIB: usize = 1 << 20;

fn store() -> Positions {
    let mut positions = Positions::new([5, 6]);
    positions.set_bytes_max(MIB);
    positions
}

/// A report of that client at that second, whose text is as long as asked for, if it can be.
fn report(positions: &mut Positions, client: u32, seconds: i64, len: usize) -> Update {
    tell(positions, client, seconds, len, Positions::report)
}

/// The same, but from a neighbour.
fn hear(positions: &mut Positions, client: u32, seconds: i64, len: usize) -> Update {
    tell(positions, client, seconds, len, |positions, report| positions.update(report, None))
}

fn tell(
    positions: &mut Positions,
    client: u32,
    seconds: i64,
    len: usize,
    take: impl FnOnce(&mut Positions, &Report<'_>) -> Update,
) -> Update {
    let (client, time) = (format!("c{client}"), seconds.to_string());
    let zeros = len.saturating_sub(client.len() + time.len() + " +1-2 ".len());
    let location = format!("+{}1-2", "0".repeat(zeros));
    let mut scratch = Vec::new();
    let text =
        Text::join(&mut scratch, client.as_bytes(), location.as_bytes(), time.as_bytes()).unwrap();
    let origin = positions.intern(b"Ball").unwrap();
    let time_nanoseconds = seconds * 1_000_000_000;
    let report = Report { origin, difference_nanoseconds: 0, time_nanoseconds, text };
    take(positions, &report)
}

/// New clients with such texts, from that one on, until one is refused; how many were taken.
fn fill(positions: &mut Positions, first: u32, len: usize) -> u32 {
    let mut next = first;
    while report(positions, next, 1, len) == Update::New {
        next += 1;
    }
    next - first
}

#[test]
fn what_is_known_stays_and_what_takes_no_more_is_taken_when_it_is_full() {
    let mut positions = store();
    let short = fill(&mut positions, 0, 20);
    assert!((MIB - MIB / 2..=MIB).contains(&positions.bytes()), "{}", positions.bytes());
    // The last slab of records has not been begun, but no client is there without its record.
    assert_eq!(short as usize, positions.len());
    let (head, digest, bytes) = (positions.head(), positions.digest(), positions.bytes());
    assert_eq!(report(&mut positions, short, 1, 20), Update::Full);
    assert!(positions.find(format!("c{short}").as_bytes()).is_none());
    assert_eq!((positions.head(), positions.digest(), positions.bytes()), (head, digest, bytes));

    for client in [0, short - 1] {
        assert_eq!(report(&mut positions, client, 2, 62), Update::Newer);
    }
    assert_eq!(positions.bytes(), bytes);
    // Texts of their own still fit until the last byte.
    let mut client = 0;
    while report(&mut positions, client, 3, 1_000) == Update::Newer {
        client += 1;
    }
    assert!((MIB - 1_007..=MIB).contains(&positions.bytes()), "{}", positions.bytes());
    let bytes = positions.bytes();
    assert_eq!(report(&mut positions, client, 3, 1_000), Update::Full);
    assert_eq!(report(&mut positions, client, 3, 62), Update::Newer);
    assert_eq!(report(&mut positions, client, 2, 1_000), Update::Known, "it is older");
    for len in [1_000, 500, 20, 1_000] {
        let seconds = i64::try_from(2_000 - len).unwrap();
        assert_ne!(report(&mut positions, 0, seconds, len), Update::Full, "it has that memory");
    }
    assert_eq!(positions.bytes(), bytes);
    positions.check().unwrap();
}

#[test]
fn neighbours_are_refused_when_it_would_be_twice_as_much() {
    let mut positions = store();
    let ours = fill(&mut positions, 0, 100);
    let mut all = ours;
    while hear(&mut positions, all, 1, 16_384) == Update::New {
        all += 1;
    }
    let bytes = positions.bytes();
    assert!((2 * MIB - MIB / 4..=2 * MIB).contains(&bytes), "{bytes}");
    assert!(positions.find(format!("c{all}").as_bytes()).is_none());
    // What is known and takes no more is taken, from whomever.
    assert_eq!(hear(&mut positions, ours, 2, 16_384), Update::Newer);
    assert_eq!(positions.bytes(), bytes);
    assert_eq!(fill(&mut positions, all, 20), 0);
    assert_eq!(report(&mut positions, 0, 2, 100), Update::Newer);
    assert_eq!(report(&mut positions, 0, 3, 200), Update::Full);
    positions.check().unwrap();
}

/// Whoever reports long texts, then short ones, and again long ones for new clients does not get
/// more memory than there is to be.
#[test]
fn memory_once_taken_is_counted_for_ever() {
    let mut positions = store();
    let long = fill(&mut positions, 0, 16_000);
    assert!(long > 0);
    for client in 0..long {
        assert_eq!(report(&mut positions, client, 2, 70), Update::Newer);
    }
    assert_eq!(fill(&mut positions, long, 16_000), 0);
    positions.check().unwrap();
}
