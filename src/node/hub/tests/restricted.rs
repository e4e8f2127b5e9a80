//! Who may not be told of all is told the same but for those whom it may not know: by property.

use super::whatever_happens::{CLIENTS, Happening, PLACES, WATCHES, happenings};
use super::*;
use crate::node::access::tests::sight;
use proptest::prelude::*;

/// Whom they may know who are restricted.
const KNOWN: [&str; 3] = ["a", "c", "+1"];

/// What was told, without what is about those who are not known; in the order of the lines, since in a
/// turn those who watch everything and something else may hear of one before the other.
fn known(told: &str) -> Vec<&str> {
    let is_known = |line: &&str| {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["~", "AT", _, _, client, ..]
            | ["~", "GONE", _, _, client, ..]
            | ["~", "OUT" | "EXPIRED", client] => KNOWN.contains(&client),
            _ => true,
        }
    };
    let mut known: Vec<&str> = told.lines().filter(is_known).collect();
    known.sort_unstable();
    known
}

proptest! {
    /// Two may be told of all, and two others watch the same.
    #[test]
    fn who_is_restricted_is_told_what_others_are_but_for_whom_it_may_not_know(
        happenings in happenings(),
    ) {
        let mut stage = Stage::new(4);
        stage.let_go_after(12);
        for watcher in [2, 3] {
            let id = stage.watchers[watcher].0;
            stage.hub.restrict(id, Some(sight(&KNOWN)), &mut stage.positions);
        }
        for (at, happening) in happenings.into_iter().enumerate() {
            // Before anybody's time is over of whom there was more to tell.
            if at % 4 == 0 || matches!(happening, Happening::Pass(_)) {
                stage.settle();
            }
            match happening {
                Happening::Report(client, place) => stage.report(CLIENTS[client], PLACES[place]),
                Happening::Forget(client) => stage.forget(CLIENTS[client]),
                Happening::Watch(watcher, fields) => {
                    stage.settle();
                    for watcher in [watcher, watcher + 2] {
                        stage.command(watcher, &format!("WATCH {}", WATCHES[fields]));
                    }
                    stage.hub.follow_areas(&mut stage.positions, usize::MAX);
                    // Who watches everything may be told who has expired of whom it was not told yet, if it
                    // was told of anybody before.
                    if WATCHES[fields] == "*" {
                        stage.settle();
                    }
                }
                Happening::Unwatch(watcher, fields) => {
                    stage.settle();
                    let [one, other] = [watcher, watcher + 2]
                        .map(|watcher| stage.command(watcher, &format!("UNWATCH {}", WATCHES[fields])));
                    prop_assert_eq!(one, other);
                }
                Happening::Pass(halves) => stage.pass(halves),
                Happening::Turn | Happening::Room => stage.settle(),
            }
        }
        stage.settle();
        for watcher in [0, 1] {
            let [all, some] = [watcher, watcher + 2].map(|at| &*stage.watchers[at].1);
            prop_assert_eq!(known(all), known(some), "{}\n-- and\n{}", all, some);
            prop_assert_eq!(some.lines().count(), known(some).len(), "{}", some);
        }
    }
}

#[test]
fn who_may_know_nobody_is_told_when_it_begins_and_nothing_else() {
    for watch in ["*", "+1+1 10", "kiwi"] {
        let mut stage = Stage::new(1);
        let id = stage.watchers[0].0;
        stage.hub.restrict(id, Some(sight(&[])), &mut stage.positions);
        stage.report("kiwi", "+1+1");
        assert!(stage.command(0, &format!("WATCH {watch}")));
        assert_eq!(stage.told(0), format!("NOW {watch}"));
        stage.report("kiwi", "+1+1");
        stage.report("kiwi", "+9+9");
        stage.forget("kiwi");
        assert_eq!(stage.told(0), "");
    }
}

#[test]
fn who_is_restricted_while_it_reads_slowly_is_still_told_who_has_expired() {
    let mut stage = Stage::new(1);
    stage.let_go_after(12);
    stage.report("a", "+1+1");
    stage.report("b", "+1+1");
    assert!(stage.command(0, "WATCH *"));
    assert_eq!(stage.told(0), "AT a +1+1 0, AT b +1+1 1, NOW *");
    stage.is_narrow = true;
    stage.report("c", "+1+1");
    stage.turn();
    stage.time += 20;
    stage.turn();
    let id = stage.watchers[0].0;
    stage.hub.restrict(id, Some(sight(&KNOWN)), &mut stage.positions);
    assert_eq!(stage.told(0), "AT c +1+1 2, EXPIRED a, EXPIRED c");
}

#[test]
fn nothing_is_kept_of_those_whom_a_watcher_may_not_know() {
    let mut stage = Stage::new(2);
    stage.hub.keep_departures();
    let after = stage.positions.head();
    (0..50).for_each(|client| stage.report(&format!("c{client}"), "+1+1"));
    stage.report("a", "+1+1");
    let Ok(Some(Command::Watch(watch))) = Command::parse(b"WATCH +1+1 10") else { panic!() };
    for (watcher, last) in [(0, None), (1, Some(event(after)))] {
        let id = stage.watchers[watcher].0;
        stage.hub.restrict(id, Some(sight(&KNOWN)), &mut stage.positions);
        assert!(stage.hub.watch(id, &watch, last, &mut stage.positions));
        assert_eq!(stage.told(watcher), "AT a +1+1 50, NOW +1+1 10");
        assert_eq!(find(&mut stage.hub.watchers, id).unwrap().kept(), 1, "that is a");
    }
    (0..50).for_each(|client| stage.report(&format!("c{client}"), "+9+9"));
    assert_eq!((stage.told(0), stage.told(1)), (String::new(), String::new()));
    // Who may know more is told of those who leave that it was told of, and of no others.
    stage.report("b", "+1+1");
    stage.settle();
    let id = stage.watchers[0].0;
    stage.hub.restrict(id, Some(sight(&["a", "b"])), &mut stage.positions);
    stage.report("b", "+9+9");
    stage.report("a", "+9+9");
    assert_eq!(stage.told(0), "OUT a");
}

#[test]
fn who_is_at_rest_apart_from_the_recent_lines_is_in_nobody_s_way() {
    let mut stage = Stage::new(100);
    for watcher in 0..100 {
        let id = stage.watchers[watcher].0;
        if watcher % 2 == 0 {
            stage.hub.restrict(id, Some(sight(&KNOWN)), &mut stage.positions);
        }
        assert!(stage.command(watcher, "WATCH *"));
        // Some are restricted later, when they share the recent lines.
        if watcher % 4 == 1 {
            stage.settle();
            stage.hub.restrict(id, Some(sight(&KNOWN)), &mut stage.positions);
        }
    }
    for round in 0..3 {
        stage.report("a", "+1+1");
        stage.report("b", "+1+1");
        stage.settle();
        // One is the hub's, and one tells where the recent lines begin.
        assert_eq!(stage.positions.cursors(), 2, "in round {round}");
        for watcher in 0..100 {
            let told = stage.told(watcher);
            let is_restricted = watcher % 4 != 3;
            let times = told.matches("AT b").count();
            assert_eq!((told.matches("AT a").count(), times > 0), (1, !is_restricted), "{told}");
        }
    }
}
