//! Areas against brute force, and distances against known ones.

mod crowds;
mod distances;
mod searches;

use super::*;
use crate::positions::{Report, Text, Update};
use proptest::prelude::*;
use std::collections::BTreeMap;

const DEGREE: i64 = 1_000_000_000;

/// As a client writes it.
fn text_of(location: &Location) -> String {
    let angle = |nanodegrees: i64| {
        let (sign, size) = (if nanodegrees < 0 { '-' } else { '+' }, nanodegrees.abs());
        format!("{sign}{}.{:09}", size / DEGREE, size % DEGREE)
    };
    angle(location.latitude_nanodegrees) + &angle(location.longitude_nanodegrees)
}

/// Beyond the edges it goes on at the other side, or stays at the pole.
fn location(latitude_nanodegrees: i64, longitude_nanodegrees: i64) -> Location {
    let around = (longitude_nanodegrees + 180 * DEGREE).rem_euclid(360 * DEGREE) - 180 * DEGREE;
    Location {
        latitude_nanodegrees: latitude_nanodegrees.clamp(-90 * DEGREE, 90 * DEGREE),
        longitude_nanodegrees: around,
    }
}

/// The store, and what it must know.
struct Pair {
    positions: Positions,
    known: BTreeMap<String, Location>,
    seconds: i64,
}

/// The client is there from now on; or it is forgotten. At that time as text and in nanoseconds, with that
/// difference.
fn tell(
    positions: &mut Positions,
    client: &str,
    location: Option<Location>,
    time: &str,
    (time_nanoseconds, difference_nanoseconds): (i64, i64),
) {
    let place = location.map(|location| text_of(&location));
    let fields = [Some(client), place.as_deref(), Some(time)];
    let text = fields.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let text = match &place {
        Some(place) => Text::new(text.as_bytes(), client.len(), place.len()),
        None => Text::of_tombstone(text.as_bytes(), client.len()),
    };
    let report = Report {
        origin: positions.intern(b"Ball").unwrap(),
        difference_nanoseconds,
        time_nanoseconds,
        text: text.unwrap(),
    };
    assert_ne!(positions.update(&report, None), Update::Known);
}

impl Pair {
    fn new() -> Self {
        Pair { positions: Positions::new([1, 2]), known: BTreeMap::new(), seconds: 0 }
    }

    /// The client reports that it is there; or it is forgotten.
    fn tell(&mut self, client: &str, location: Option<Location>) {
        self.seconds += 1;
        tell(&mut self.positions, client, location, "7", (self.seconds, 0));
        self.known.remove(client);
        self.known.extend(location.map(|location| (client.to_owned(), location)));
    }

    fn remove(&mut self, client: &str) {
        self.positions.remove(client.as_bytes());
        self.known.remove(client);
    }

    fn follow(&mut self) {
        while !self.positions.areas_are_current() {
            self.positions.follow_areas(100);
        }
    }

    /// Asks both; `farther` is how far beyond the area hints may reach.
    fn assert_alike(&self, area: &Area, bound: usize, but: Option<&str>) {
        let mut expected: Vec<(u32, &str)> = (self.known.iter())
            .map(|(client, location)| (metres_between(area.location(), location), client.as_str()))
            .filter(|(metres, _)| area.reaches(*metres))
            .collect();
        expected.sort_unstable();
        let client = |number| self.positions.change_of(number).unwrap().client().to_vec();
        let max = expected.len();
        let inside = self.positions.inside(area, max).unwrap();
        assert!(inside.is_sorted_by_key(|(sequence, _)| *sequence));
        let mut clients: Vec<_> = inside.iter().map(|(_, number)| client(*number)).collect();
        clients.sort_unstable();
        let mut all: Vec<_> = expected.iter().map(|(_, client)| client.as_bytes()).collect();
        all.sort_unstable();
        assert_eq!(clients, all);
        assert_eq!(max > 0, max > 0 && self.positions.inside(area, max - 1).is_none());

        expected.retain(|(_, client)| but != Some(client));
        expected.truncate(bound);
        let mut found = vec![Near { metres: 1, number: RecordNumber(0) }; 3];
        let _ =
            self.positions.near(area, bound, but.map(str::as_bytes), None, AtOnce::ALL, &mut found);
        let found: Vec<_> = found.iter().map(|near| (near.metres, client(near.number))).collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(metres, client)| (metres, client.as_bytes().to_vec()))
            .collect();
        assert_eq!(found, expected);
    }
}

#[derive(Debug, Clone)]
enum Operation {
    Tell(u8, Location),
    Forget(u8),
    Remove(u8),
    Settle(u8),
    Follow(usize),
    Near(Location, u64, usize, u8),
}

/// Of few regions, so that clients meet: a town, poles, the 180th meridian, and a town's antipodes.
fn locations() -> impl Strategy<Value = Location> {
    let middle = prop_oneof![
        Just((34 * DEGREE, -118 * DEGREE)),
        Just((-34 * DEGREE, 62 * DEGREE)),
        Just((90 * DEGREE, 0)),
        Just((-90 * DEGREE, 0)),
        Just((0, 180 * DEGREE)),
        Just((0, 0)),
        (-90 * DEGREE..90 * DEGREE, -180 * DEGREE..180 * DEGREE),
    ];
    // From a tenth of a millimetre to hundreds of kilometres; or around a pole.
    let step = prop_oneof![
        Just((0, 0)),
        ((0_u32..10), (-9_i64..10), (-9_i64..10))
            .prop_map(|(digits, a, b)| (a * 10_i64.pow(digits), b * 10_i64.pow(digits))),
        (-9_i64..10, -180 * DEGREE..180 * DEGREE).prop_map(|(a, b)| (a * 10_000, b)),
    ];
    (middle, step).prop_map(|(middle, step)| location(middle.0 + step.0, middle.1 + step.1))
}

/// Half the metres are whole ones.
fn radii() -> impl Strategy<Value = u64> {
    let metres = prop_oneof![Just(0), 0_u64..20, 0_u64..100_000, 0_u64..20_040_000];
    (metres, prop_oneof![Just(0), 0_u64..1_000_000])
        .prop_map(|(metres, micros)| metres * 1_000_000 + micros)
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let client = any::<u8>;
    let operation = prop_oneof![
        30 => (client(), locations()).prop_map(|(client, at)| Operation::Tell(client, at)),
        2 => client().prop_map(Operation::Forget),
        4 => client().prop_map(Operation::Remove),
        2 => client().prop_map(Operation::Settle),
        2 => (0_usize..40).prop_map(Operation::Follow),
        4 => (locations(), radii(), 0_usize..12, client())
            .prop_map(|(at, radius, bound, but)| Operation::Near(at, radius, bound, but)),
    ];
    prop::collection::vec(operation, 1..600)
}

fn apply(pair: &mut Pair, operation: &Operation) {
    let name = |client: u8| format!("c{client}");
    match *operation {
        Operation::Tell(client, at) => pair.tell(&name(client), Some(at)),
        Operation::Forget(client) => pair.tell(&name(client), None),
        Operation::Remove(client) => pair.remove(&name(client)),
        Operation::Settle(client) => {
            let known = pair.known.get(&name(client)).copied();
            let found = pair.positions.find(name(client).as_bytes()).map(|found| found.number());
            let Some(number) = found else { return };
            let (_, now) = pair.positions.settle(number);
            assert_eq!(now, known.map(|at| Point::of(&at)));
            assert_eq!(pair.positions.settle(number), (now, now), "it is settled");
        }
        Operation::Follow(share) => assert!(pair.positions.follow_areas(share) <= share),
        Operation::Near(at, radius, bound, but) => {
            pair.follow();
            pair.positions.check().unwrap();
            pair.assert_alike(&Area::new(at, radius), bound, Some(&name(but)));
        }
    }
}

proptest! {
    #[test]
    fn answers_are_those_of_brute_force(operations in operations()) {
        let mut pair = Pair::new();
        for operation in &operations {
            apply(&mut pair, operation);
        }
        pair.positions.check().unwrap();
    }

    /// What is looked at quickly is never too little, and hardly too much.
    #[test]
    fn hints_hold_all_that_is_inside(at in locations(), centre in locations(), radius in radii()) {
        let area = Area::new(centre, radius);
        let (point, metres) = (Point::of(&at), metres_between(&centre, &at));
        if area.contains(&at) {
            prop_assert!(area.may_contain(point));
        }
        if area.may_contain(point) {
            let differences = point.coordinates().into_iter().zip(area.centre().coordinates());
            for (a, b) in differences {
                prop_assert!((i64::from(a) - i64::from(b)).abs() <= area.chord());
            }
            let beyond = if radius < 19_900_000_000_000 { 1 } else { 1_000 };
            prop_assert!(u64::from(metres) <= radius / 1_000_000 + beyond);
        }
    }
}

#[test]
fn nobody_who_does_not_ask_pays() {
    let mut pair = Pair::new();
    for client in 0..100 {
        pair.tell(&client.to_string(), Some(location(client, client)));
    }
    assert_eq!((pair.positions.areas_bytes(), pair.positions.areas_are_current()), (0, false));
    let bytes = pair.positions.bytes();
    assert_eq!(pair.positions.follow_areas(60), 60);
    assert!(!pair.positions.areas_are_current());
    assert_eq!(pair.positions.follow_areas(60), 40);
    assert!(pair.positions.areas_are_current() && pair.positions.areas_bytes() > 0);
    assert_eq!((pair.positions.follow_areas(60), pair.positions.bytes()), (0, bytes));
    pair.tell("1", Some(location(0, 0)));
    assert!(!pair.positions.areas_are_current());
}

#[test]
fn a_change_is_found_by_its_number_until_it_is_removed() {
    let mut pair = Pair::new();
    pair.tell("kiwi", Some(location(1, 2)));
    let number = pair.positions.find(b"kiwi").unwrap().number();
    let client =
        |pair: &Pair| pair.positions.change_of(number).map(|found| found.client().to_vec());
    assert_eq!(client(&pair).as_deref(), Some(&b"kiwi"[..]));
    let point = Some(Point::of(&location(1, 2)));
    assert_eq!(pair.positions.settle(number), (None, point));
    pair.tell("kiwi", None);
    assert_eq!(pair.positions.settle(number), (point, None));
    assert_eq!(client(&pair).as_deref(), Some(&b"kiwi"[..]), "a tombstone is a change");
    pair.remove("kiwi");
    assert_eq!((client(&pair), pair.positions.settle(number)), (None, (None, None)));
    pair.tell("owl", Some(location(3, 4)));
    assert_eq!(client(&pair).as_deref(), Some(&b"owl"[..]));
    pair.positions.check().unwrap();
}
