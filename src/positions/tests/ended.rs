//! Records that end: when they are dead, how they are found, and what digests are compared.

use super::*;
use crate::positions::AtOnce;
use crate::positions::expire::Share;
use std::collections::BTreeSet;

const LIFETIMES: Lifetimes = Lifetimes { ttl_seconds: Some(5), tombstone_seconds: 9 };

fn store() -> Positions {
    let mut positions = Positions::new([4, 5]);
    positions.set_lifetimes(LIFETIMES);
    positions
}

fn at(seconds: f64) -> i64 {
    (seconds * 1e9) as i64
}

/// Tells of a client by name, of whichever kind.
fn tell(positions: &mut Positions, client: &str, kind: Kind, seconds: i64) -> Update {
    let origin = positions.intern(b"Solo").unwrap();
    let location = if kind == Kind::Position { "+1+2 " } else { "" };
    let text = format!("{client} {location}{seconds}");
    let text = match kind {
        Kind::Position => Text::new(text.as_bytes(), client.len(), 4).unwrap(),
        Kind::Tombstone => Text::of_tombstone(text.as_bytes(), client.len()).unwrap(),
    };
    let time_nanoseconds = seconds * 1_000_000_000;
    let report = Report { origin, difference_nanoseconds: 0, time_nanoseconds, text };
    positions.update(&report, None)
}

/// Takes out what is dead, all at once; how many there were.
fn sweep(positions: &mut Positions) -> usize {
    let mut removed = 0;
    let mut share = Share::new(i64::MAX);
    while let Some(number) = positions.next_dead(&mut share) {
        positions.remove_dead(number, &mut share);
        removed += 1;
    }
    removed
}

#[test]
fn a_position_is_unknown_when_its_time_is_over_and_not_before() {
    let mut positions = store();
    positions.set_now(at(10.5));
    assert_eq!(tell(&mut positions, "kiwi", Kind::Position, 10), Update::New);
    positions.set_now(at(15.0));
    assert!(positions.find(b"kiwi").is_some(), "its last moment");
    positions.set_now(at(15.0) + 1);
    assert!(positions.find(b"kiwi").is_none());
    positions.follow_areas(usize::MAX);
    let area = Area::new(crate::wire::Location::parse(b"+1+2").unwrap(), 1);
    let mut near = Vec::new();
    let _ = positions.near(&area, 1, None, None, AtOnce::ALL, &mut near);
    assert_eq!((near.len(), positions.inside(&area, 9)), (0, Some(vec![])));
    assert_eq!(positions.step(), Some(15), "all servers count it in this step");
    assert_eq!((positions.len(), sweep(&mut positions)), (1, 0));
    assert_eq!(positions.expires_at(), Some(16));
    positions.set_now(at(16.0));
    assert_eq!((positions.step(), positions.digest_at(16)), (None, None), "it is not swept");
    assert_eq!(sweep(&mut positions), 1);
    assert_eq!((positions.len(), positions.digest(), positions.step()), (0, 0, Some(16)));
    assert_eq!(positions.expires_at(), None);
    assert_eq!(tell(&mut positions, "kiwi", Kind::Position, 10), Update::Known, "it came dead");
    assert_eq!(tell(&mut positions, "kiwi", Kind::Tombstone, 11), Update::New);
    assert_eq!(positions.expires_at(), Some(21));
    positions.check().unwrap();
}

#[test]
fn who_is_near_is_told_though_others_who_were_nearer_are_dead() {
    let mut positions = store();
    positions.set_now(at(10.0));
    for client in 0..300 {
        let _ = tell(&mut positions, &format!("dead-{client}"), Kind::Position, 9);
        let _ = tell(&mut positions, &format!("live-{client}"), Kind::Position, 12);
    }
    positions.set_now(at(14.5));
    positions.follow_areas(usize::MAX);
    let area = Area::new(crate::wire::Location::parse(b"+1+2").unwrap(), 1);
    let mut near = Vec::new();
    let _ = positions.near(&area, 7, None, None, AtOnce::ALL, &mut near);
    let names: Vec<String> = near
        .iter()
        .filter_map(|near| positions.change_of(near.number))
        .map(|change| String::from_utf8(change.client().to_vec()).unwrap())
        .collect();
    let expected = ["live-0", "live-1", "live-10", "live-100", "live-101", "live-102", "live-103"];
    assert_eq!(names, expected);
    assert_eq!(positions.inside(&area, 1_000).map(|all| all.len()), Some(300));
}

#[test]
fn a_turn_takes_out_so_many_and_the_next_goes_on() {
    let mut positions = store();
    let count = 3 * usize::try_from(limits::EXPIRY_WORK_PER_TURN / 256).unwrap();
    for client in 0..count {
        let _ = tell(&mut positions, &format!("c-{client}"), Kind::Position, 10);
    }
    positions.set_now(at(16.0));
    let mut turns = 0;
    while !positions.is_empty() {
        let (before, mut share) = (positions.len(), Share::new(limits::EXPIRY_WORK_PER_TURN));
        while let Some(number) = positions.next_dead(&mut share) {
            positions.remove_dead(number, &mut share);
        }
        let removed = before - positions.len();
        assert!((1..=count / 3 + 1).contains(&removed), "{removed}");
        turns += 1;
    }
    assert!((4..9).contains(&turns), "{turns}");
    positions.check().unwrap();
}

#[test]
fn the_memory_of_the_dead_is_used_again() {
    let mut positions = store();
    let (mut bytes, count) = (0, 5_000);
    for round in 0..6 {
        positions.set_now(at(10.0 * f64::from(round)));
        assert_eq!(sweep(&mut positions), if round == 0 { 0 } else { count });
        for client in 0..count {
            let name = format!("c-{round}-{client}");
            let _ = tell(&mut positions, &name, Kind::Position, 10 * i64::from(round));
        }
        if round == 1 {
            bytes = positions.bytes();
        }
    }
    assert!(positions.bytes() <= bytes + bytes / 8, "{} after {bytes}", positions.bytes());
}

/// What happens to two stores whose clocks differ.
#[derive(Debug, Clone)]
enum Happens {
    /// A client, what kind of report, of how long ago.
    Told(u16, bool, i64),
    /// So many seconds pass.
    Pass(u8),
    /// One of them takes out a share of what is dead.
    Sweep(bool, u8),
}

fn happens() -> impl Strategy<Value = Vec<Happens>> {
    prop::collection::vec(
        prop_oneof![
            6 => (0_u16..400, any::<bool>(), 0_i64..12)
                .prop_map(|(client, is_tombstone, ago)| Happens::Told(client, is_tombstone, ago)),
            3 => (1_u8..4).prop_map(Happens::Pass),
            1 => (60_u8..70).prop_map(Happens::Pass),
            3 => (any::<bool>(), 0_u8..200).prop_map(|(one, share)| Happens::Sweep(one, share)),
        ],
        1..120,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Both are told the same. Whatever is dead is not found; whenever both say what their digest was at
    /// the same step, it is the same.
    #[test]
    fn servers_whose_clocks_differ_never_differ(happens in happens(), ahead in 0_i64..12) {
        let (mut behind, mut ahead_one) = (store(), store());
        let mut now = 1_000;
        // Told as it comes, also what is dead for one of them.
        let mut last: BTreeMap<u16, (i64, Kind)> = BTreeMap::new();
        // Who is forgotten as of before a report that is dead for one of them is told so again when
        // that is found.
        let mut newest: BTreeMap<u16, i64> = BTreeMap::new();
        // A report that is newer than a tombstone and dead for one of them leaves the tombstone there until
        // its own end, where the other has the report: they differ for as long as tombstones live longer
        // than positions. That is known, and not told here.
        let mut forgotten: BTreeSet<u16> = BTreeSet::new();
        for what in happens {
            match what {
                Happens::Told(client, is_tombstone, ago) => {
                    let kind = if is_tombstone { Kind::Tombstone } else { Kind::Position };
                    let newest = newest.entry(client).or_default();
                    *newest = (*newest).max(now - ago);
                    let time = if is_tombstone { *newest } else { now - ago };
                    let is_dead_for_one = !is_tombstone && time + 5 < now + ahead;
                    if is_dead_for_one && forgotten.contains(&client) {
                        continue;
                    }
                    if is_tombstone {
                        forgotten.insert(client);
                    }
                    for positions in [&mut behind, &mut ahead_one] {
                        let _ = tell(positions, &format!("c-{client}"), kind, time);
                    }
                    let lifetime = if is_tombstone { 9 } else { 5 };
                    if time + lifetime >= now {
                        let known = last.entry(client).or_insert((time, kind));
                        *known = (time, kind).max(*known);
                    }
                }
                Happens::Pass(seconds) => now += i64::from(seconds),
                Happens::Sweep(is_ahead, work) => {
                    let positions = if is_ahead { &mut ahead_one } else { &mut behind };
                    let mut share = Share::new(i64::from(work) * 64);
                    while let Some(number) = positions.next_dead(&mut share) {
                        positions.remove_dead(number, &mut share);
                    }
                }
            }
            behind.set_now(now * 1_000_000_000);
            ahead_one.set_now((now + ahead) * 1_000_000_000);
            behind.check().unwrap();
            ahead_one.check().unwrap();
            for step in now - 70..now + 20 {
                let digests = [&behind, &ahead_one].map(|p| p.digest_at(step.unsigned_abs()));
                if let [Some(one), Some(other)] = digests {
                    prop_assert_eq!(one, other, "at {} of {}", step, now);
                }
            }
            for (client, &(time, kind)) in &last {
                let is_alive = kind == Kind::Position && time + 5 >= now;
                let name = format!("c-{client}");
                prop_assert_eq!(behind.find(name.as_bytes()).is_some(), is_alive, "{}", name);
            }
        }
        // At rest they agree, and that can be said.
        sweep(&mut behind);
        sweep(&mut ahead_one);
        behind.set_now((now + ahead) * 1_000_000_000);
        sweep(&mut behind);
        let step = behind.step();
        prop_assert_eq!((step, behind.digest()), (ahead_one.step(), ahead_one.digest()));
        prop_assert_eq!(behind.digest_at(step.unwrap()), Some(behind.digest()));
    }
}

#[test]
fn what_died_lately_is_known_for_so_many_steps() {
    let mut positions = store();
    positions.set_now(at(10.0));
    let _ = tell(&mut positions, "kiwi", Kind::Position, 10);
    let _ = tell(&mut positions, "plum", Kind::Position, 80);
    let whole = positions.digest();
    let steps = limits::DIGEST_STEPS as u64;
    positions.set_now(at(20.0));
    assert_eq!(sweep(&mut positions), 1);
    let alone = positions.digest();
    let at_steps = [10, 15, 16, 20, 21].map(|step| positions.digest_at(step));
    assert_eq!(at_steps, [Some(whole), Some(whole), Some(alone), Some(alone), Some(alone)]);
    let later = [85, 86].map(|step| positions.digest_at(step));
    assert_eq!(later, [Some(alone), None], "then another ends");
    positions.set_now(at(10.0 + steps as f64 - 1.0));
    assert_eq!(positions.digest_at(10), Some(whole));
    positions.set_now(at(10.0 + steps as f64));
    assert_eq!((positions.digest_at(10), positions.digest_at(11)), (None, Some(whole)));
    let _ = tell(&mut positions, "pear", Kind::Position, 80);
    assert_eq!(positions.digest_at(20), None, "that may be who died");
    positions.set_now(at(15.0));
    assert!(positions.digest_at(15).is_some(), "the clock has gone back");
    positions.check().unwrap();
}
