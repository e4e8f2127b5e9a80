//! What watchers are told whatever happens: by property.

use super::*;
use crate::positions::Area;
use crate::wire::Location;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What happens.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Report(usize, usize),
    Forget(usize),
    Watch(usize, usize),
    Unwatch(usize, usize),
    /// Time passes, in half seconds: some are not heard of for too long.
    Pass(i64),
    Turn,
    Room,
}

pub(super) const CLIENTS: [&str; 5] = ["a", "b", "c", "d", "+1"];
pub(super) const PLACES: [&str; 6] =
    ["+90+0", "+90-170", "-90+5", "+0+180", "+0-179.99", "+0.01+0"];
pub(super) const WATCHES: [&str; 9] =
    ["a", "b", "zz", "+89.9+3 20", "+0-180 5", "-90+77 0", "+0+0 20040", "+0.01+0 0.5", "*"];

pub(super) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let event = prop_oneof![
        6 => (0..CLIENTS.len(), 0..PLACES.len()).prop_map(|(c, p)| Happening::Report(c, p)),
        1 => (0..CLIENTS.len()).prop_map(Happening::Forget),
        2 => (0..2_usize, 0..WATCHES.len()).prop_map(|(w, f)| Happening::Watch(w, f)),
        1 => (0..2_usize, 0..WATCHES.len()).prop_map(|(w, f)| Happening::Unwatch(w, f)),
        1 => (1_i64..24).prop_map(Happening::Pass),
        2 => Just(Happening::Turn),
        1 => Just(Happening::Room),
    ];
    prop::collection::vec(event, 0..80)
}

proptest! {
    /// Whatever happens, at rest each has last been told what is so, and of nobody else that he is there.
    #[test]
    fn at_rest_each_has_been_told_what_is_so(happenings in happenings(), is_narrow: bool) {
        let mut stage = Stage::new(2);
        stage.is_narrow = is_narrow;
        stage.let_go_after(12);
        let mut watched = [const { Vec::new() }; 2];
        for happening in happenings {
            match happening {
                Happening::Report(client, place) => stage.report(CLIENTS[client], PLACES[place]),
                Happening::Forget(client) => stage.forget(CLIENTS[client]),
                Happening::Watch(watcher, fields) => {
                    let begins = stage.command(watcher, &format!("WATCH {}", WATCHES[fields]));
                    prop_assert!(begins);
                    // Where somebody was is known once the index is up to date.
                    stage.hub.follow_areas(&mut stage.positions, usize::MAX);
                    if !watched[watcher].contains(&fields) {
                        watched[watcher].push(fields);
                        stage.watchers[watcher].1 += &format!("+ {}\n", WATCHES[fields]);
                    }
                }
                Happening::Unwatch(watcher, fields) => {
                    let ends = stage.command(watcher, &format!("UNWATCH {}", WATCHES[fields]));
                    prop_assert_eq!(ends, watched[watcher].contains(&fields));
                    watched[watcher].retain(|&other| other != fields);
                    let left: Vec<&str> = watched[watcher].iter().map(|&f| WATCHES[f]).collect();
                    stage.watchers[watcher].1 += &format!("= {}\n", left.join(","));
                }
                Happening::Pass(halves) => stage.pass(halves),
                Happening::Turn => stage.turn(),
                Happening::Room => {
                    let watchers: Vec<WatcherId> = stage.watchers.iter().map(|w| w.0).collect();
                    watchers.into_iter().for_each(|id| stage.hub.resume(id));
                }
            }
        }
        stage.settle();
        stage.pass_to_second();
        stage.settle();
        for (watcher, watched) in watched.iter().enumerate() {
            let watched: Vec<&str> = watched.iter().map(|&fields| WATCHES[fields]).collect();
            let so: BTreeMap<String, String> = CLIENTS
                .iter()
                .filter_map(|client| {
                    let position = stage.positions.find(client.as_bytes())?;
                    let location = String::from_utf8(position.location().to_vec()).unwrap();
                    Some((client.to_string(), location))
                })
                .filter(|(client, location)| is_watched(&watched, client, location))
                .collect();
            let (mut seen, unsure) = seen(&stage.watchers[watcher].1);
            seen.retain(|client, _| so.contains_key(client) || !unsure.contains(client));
            prop_assert_eq!(seen, so, "{}", stage.watchers[watcher].1);
        }
    }
}

/// Whom somebody believes to be where who was told this. A line `+ a` says what is watched from there on,
/// `= a,b` what is still watched. And of whom it may be that nobody says that they have left: who were told
/// of by the watch of everything alone, before another watch began of which not all was told when that
/// of everything ended.
fn seen(told: &str) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let (mut is_all, mut was_all) = (false, false);
    let mut beginning: Vec<&str> = Vec::new();
    let mut unsure = BTreeSet::new();
    for line in told.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            ["~", "AT", _, _, client, location, _] => {
                seen.insert(client.to_owned(), location.to_owned());
                unsure.remove(client);
            }
            ["~", "OUT", client] => {
                assert!(seen.remove(client).is_some(), "{line}, who was not told of: {told}");
            }
            ["~", "NOW", ..] => beginning.retain(|fields| *fields != &line[6..]),
            ["+", "*"] => (is_all, was_all) = (true, true),
            ["+", ..] if is_all => beginning.push(&line[2..]),
            ["~", "EXPIRED", client] if !was_all => {
                assert!(seen.remove(client).is_some(), "{line}, who was not told of: {told}");
            }
            // (Who watches everything may be told so of one that it was not told of.)
            ["~", "EXPIRED", client] | ["~", "GONE", _, _, client, _] => {
                seen.remove(client);
            }
            ["=", ..] => {
                let watched: Vec<&str> = line[2..].split(',').collect();
                beginning.retain(|fields| watched.contains(fields));
                if is_all && !watched.contains(&"*") {
                    is_all = false;
                    let seen = seen.iter();
                    let them = seen.filter(|(client, at)| is_watched(&beginning, client, at));
                    unsure.extend(them.map(|(client, _)| client.clone()));
                    beginning.clear();
                }
                seen.retain(|client, location| is_watched(&watched, client, location));
            }
            _ => {}
        }
    }
    (seen, unsure)
}

/// Whether any of these watches takes a client there.
fn is_watched(watched: &[&str], client: &str, location: &str) -> bool {
    let location = Location::parse(location.as_bytes()).unwrap();
    watched.iter().any(|fields| match Command::parse(format!("WATCH {fields}").as_bytes()) {
        Ok(Some(Command::Watch(Watch::Client(id)))) => id == client.as_bytes(),
        Ok(Some(Command::Watch(Watch::All))) => true,
        Ok(Some(Command::Watch(Watch::Area { location: centre, radius_micrometres, .. }))) => {
            Area::new(centre, radius_micrometres).contains(&location)
        }
        _ => false,
    })
}
