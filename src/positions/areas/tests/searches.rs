//! Searches in shares, between which clients move, come and go: what they find is what brute force finds in
//! the end.

use super::*;
use crate::positions::Share;
use crate::wire::Lifetimes;
use std::collections::BTreeSet;

const SECOND: i64 = 1_000_000_000;
const LIFETIMES: Lifetimes = Lifetimes { ttl_seconds: Some(60), tombstone_seconds: 90 };

/// The store, who is where by which time, and the clock in nanoseconds.
struct Scene {
    positions: Positions,
    known: BTreeMap<String, (Location, i64)>,
    now: i64,
    ttl: Option<i64>,
}

impl Scene {
    fn new(ends: bool) -> Self {
        let mut positions = Positions::new([1, 2]);
        if ends {
            positions.set_lifetimes(LIFETIMES);
        }
        let now = 1_000 * SECOND;
        positions.set_now(now);
        let ttl = LIFETIMES.ttl_seconds.filter(|_| ends).map(|seconds| i64::from(seconds) * SECOND);
        Scene { positions, known: BTreeMap::new(), now, ttl }
    }

    /// The client reports that it is there, or is forgotten.
    fn tell(&mut self, client: &str, location: Option<Location>) {
        self.now += 1;
        self.positions.set_now(self.now);
        let time = format!("{}.{:09}", self.now / SECOND, self.now % SECOND);
        tell(&mut self.positions, client, location, &time, (self.now, self.now % 1_000));
        self.known.remove(client);
        self.known.extend(location.map(|location| (client.to_owned(), (location, self.now))));
    }

    fn remove(&mut self, client: &str) {
        self.positions.remove(client.as_bytes());
        self.known.remove(client);
    }

    /// Time passes, and some of what is dead is taken out.
    fn pass(&mut self, seconds: u8, work: i64) {
        self.now += i64::from(seconds) * SECOND;
        self.positions.set_now(self.now);
        let mut share = Share::new(work);
        while let Some(number) = self.positions.next_dead(&mut share) {
            self.positions.remove_dead(number, &mut share);
        }
    }

    fn settle(&mut self, client: &str) {
        if let Some(number) = self.positions.find_record(client.as_bytes()) {
            self.positions.settle(number);
        }
    }

    /// The next share of a search; what is found, if it was the last.
    fn share(&mut self, asked: &Asked, places: usize) -> Option<Vec<String>> {
        while !self.positions.areas_are_current() {
            self.positions.follow_areas(100);
        }
        let (but, is_wanted) = (asked.but.as_bytes(), |client: &[u8]| asked.wants(client));
        let (_, found) = self.positions.search(Some(but), Some(&is_wanted), places);
        let mut found = found?;
        let mut lines = Vec::new();
        while let Some(client) = found.next() {
            let text = str::from_utf8(client.text.bytes()).unwrap();
            let server = str::from_utf8(client.server).unwrap();
            lines.push(format!(
                "{} {server} {} {text}",
                client.metres, client.difference_nanoseconds
            ));
        }
        Some(lines)
    }

    /// What it is to find now.
    fn expected(&self, asked: &Asked) -> Vec<String> {
        let oldest = self.ttl.map_or(i64::MIN, |ttl| self.now - ttl);
        let mut expected: Vec<(u32, &str)> = (self.known.iter())
            .filter(|(client, (_, time))| {
                *time >= oldest && **client != asked.but && asked.wants(client.as_bytes())
            })
            .map(|(client, (at, _))| (metres_between(asked.area.location(), at), client.as_str()))
            .filter(|(metres, _)| asked.area.reaches(*metres))
            .collect();
        expected.sort_unstable();
        expected.truncate(asked.bound);
        let line = |(metres, client): (u32, &str)| {
            let position = self.positions.find(client.as_bytes()).unwrap();
            let text = str::from_utf8(position.text().bytes()).unwrap();
            format!("{metres} Ball {} {text}", position.difference_nanoseconds())
        };
        expected.into_iter().map(line).collect()
    }
}

/// A question.
#[derive(Debug, Clone)]
struct Asked {
    area: Area,
    bound: usize,
    but: String,
    /// Only those whose names do not end so are told of.
    unwanted: Option<u8>,
}

impl Asked {
    fn wants(&self, client: &[u8]) -> bool {
        self.unwanted.is_none() || client.last() != self.unwanted.as_ref()
    }
}

/// What happens between two shares.
#[derive(Debug, Clone)]
enum Happens {
    Tell(u8, Location),
    /// So many clients report where they are.
    Stay(u8, u8),
    /// They go to the other side of the Earth.
    Leave(u8, u8),
    Forget(u8),
    Remove(u8),
    Settle(u8),
    Pass(u8, i64),
}

fn name(client: u8) -> String {
    format!("c{client}")
}

fn apply(scene: &mut Scene, happens: &Happens) {
    let some = |from: u8, many: u8| (from..=from.saturating_add(many)).map(name);
    match *happens {
        Happens::Tell(client, at) => scene.tell(&name(client), Some(at)),
        Happens::Stay(from, many) => {
            for client in some(from, many) {
                if let Some((at, _)) = scene.known.get(&client).copied() {
                    scene.tell(&client, Some(at));
                }
            }
        }
        Happens::Leave(from, many) => some(from, many).for_each(|client| {
            if let Some((at, _)) = scene.known.get(&client).copied() {
                let opposite = at.longitude_nanodegrees + 180 * DEGREE;
                scene.tell(&client, Some(location(-at.latitude_nanodegrees, opposite)));
            }
        }),
        Happens::Forget(client) => scene.tell(&name(client), None),
        Happens::Remove(client) => scene.remove(&name(client)),
        Happens::Settle(client) => scene.settle(&name(client)),
        Happens::Pass(seconds, work) => scene.pass(seconds, work),
    }
}

fn happens() -> impl Strategy<Value = Happens> {
    let (client, some) = (any::<u8>, || (any::<u8>(), 0_u8..40));
    prop_oneof![
        12 => (client(), locations()).prop_map(|(client, at)| Happens::Tell(client, at)),
        2 => some().prop_map(|(from, many)| Happens::Stay(from, many)),
        2 => some().prop_map(|(from, many)| Happens::Leave(from, many)),
        2 => client().prop_map(Happens::Forget),
        3 => client().prop_map(Happens::Remove),
        2 => client().prop_map(Happens::Settle),
        1 => (0_u8..30, 0_i64..100_000).prop_map(|(seconds, work)| Happens::Pass(seconds, work)),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let unwanted = prop_oneof![Just(None), (b'0'..=b'9').prop_map(Some)];
    let radius = prop_oneof![radii(), Just(20_040_000_000_000)];
    (locations(), radius, 1_usize..80, any::<u8>(), unwanted).prop_map(
        |(centre, radius, bound, but, unwanted)| {
            let (area, but) = (Area::new(centre, radius), name(but));
            Asked { area, bound, but, unwanted }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_found_is_what_is_so_in_the_end(
        ends in any::<bool>(),
        before in prop::collection::vec((any::<u8>(), locations()), 0..500),
        asked in asked(),
        places in 1_usize..300,
        meanwhile in prop::collection::vec(prop::collection::vec(happens(), 0..12), 0..60),
    ) {
        let mut scene = Scene::new(ends);
        for (client, at) in before {
            scene.tell(&name(client), Some(at));
        }
        scene.positions.begin_search(&asked.area, asked.bound);
        let mut meanwhile = meanwhile.iter();
        let found = loop {
            if let Some(found) = scene.share(&asked, places) {
                break found;
            }
            for happens in meanwhile.next().into_iter().flatten() {
                apply(&mut scene, happens);
            }
        };
        prop_assert!(!scene.positions.is_searching());
        prop_assert_eq!(found, scene.expected(&asked));
        scene.positions.check().unwrap();
    }
}

/// So many clients, each some metres farther from 0° N 0° E than the one before, and who asks for the
/// nearest there.
fn row(clients: u32, bound: usize) -> (Scene, Asked) {
    let mut scene = Scene::new(false);
    for client in 0..clients {
        scene.tell(&format!("c{client:05}"), Some(location(i64::from(client) * 100_000, 0)));
    }
    let area = Area::new(location(0, 0), 20_040_000_000_000);
    scene.positions.begin_search(&area, bound);
    (scene, Asked { area, bound, but: String::new(), unwanted: None })
}

#[test]
fn a_share_is_no_more_than_it_is_to_be_however_many_there_are() {
    for (clients, bound) in [(9_000, 1), (9_000, 1_000), (20, 1_000)] {
        let (mut scene, asked) = row(clients, bound);
        let places = 256;
        let mut shares = 1;
        let found = loop {
            while !scene.positions.areas_are_current() {
                scene.positions.follow_areas(usize::MAX);
            }
            let (spent, found) = scene.positions.search(None, None, places);
            // A leaf, or a batch of copies, or what is put in order in one go.
            let most = places + if bound == 1 || clients < 1_000 { 200 } else { 1_300 };
            assert!(spent <= most, "{spent} at {bound} of {clients}");
            if let Some(found) = found {
                break found;
            }
            shares += 1;
        };
        assert_eq!(found.len(), scene.expected(&asked).len());
        assert_eq!(shares > 10, bound == 1_000 && clients > bound as u32, "{shares}");
    }
}

#[test]
fn whoever_is_lost_is_searched_for_again_so_often_and_then_at_once() {
    let (mut scene, asked) = row(6_000, 100);
    let (mut gone, mut begun) = (0, BTreeSet::new());
    let found = loop {
        if let Some(found) = scene.share(&asked, 150) {
            break found;
        }
        begun.extend(scene.positions.areas.as_ref().unwrap().search.as_ref().map(|s| s.begun()));
        // More than it looks for beyond its bound.
        for client in gone..gone + 25 {
            scene.tell(&format!("c{client:05}"), Some(location(89 * DEGREE, 0)));
        }
        gone += 25;
    };
    assert_eq!(begun, (1..=limits::NEAR_SEARCHES_MAX).collect());
    assert_eq!(found, scene.expected(&asked));
    assert!(found[0].contains(&format!(" c{gone:05} ")), "{} of {gone}", found[0]);
}

#[test]
fn whatever_changes_is_copied_again_so_often_and_then_at_once() {
    let (bound, places) = (400, 100);
    let (mut scene, asked) = row(400, bound);
    let mut shares = 0;
    let found = loop {
        if let Some(found) = scene.share(&asked, places) {
            break found;
        }
        shares += 1;
        for client in 0..400 {
            scene.tell(&format!("c{client:05}"), Some(location(client * 100_000, 0)));
        }
    };
    assert_eq!(found, scene.expected(&asked));
    // Each share copies at least a batch.
    let copies = limits::NEAR_COPIES_PER_RESULT_MAX * (bound + bound / 8 + 8);
    assert!((10..copies).contains(&shares), "{shares}");
}

/// The rest of a search, in shares, after so many of which something happens.
fn interrupted(scene: &mut Scene, asked: &Asked, after: usize, happens: impl Fn(&mut Scene)) {
    for shares in 0.. {
        if shares == after {
            happens(scene);
        }
        if let Some(found) = scene.share(asked, 40) {
            assert_eq!(found, scene.expected(asked), "after {after} of {shares} shares");
            break;
        }
    }
}

#[test]
fn nobody_is_found_twice_where_leaves_are_joined() {
    for after in 1..12 {
        let (mut scene, asked) = row(300, 1_000);
        interrupted(&mut scene, &asked, after, |scene| {
            let stays = |client: u32| client.is_multiple_of(12);
            (0..300).filter(|&client| !stays(client)).for_each(|client| {
                scene.remove(&format!("c{client:05}"));
            });
        });
    }
}

#[test]
fn whoever_dies_meanwhile_is_not_found() {
    for after in 0..6 {
        let mut scene = Scene::new(true);
        for (from, passes) in [(0, 30), (30, 0)] {
            for client in from..60 {
                scene.tell(&name(client), Some(location(i64::from(client), 0)));
            }
            scene.pass(passes, 0);
        }
        let area = Area::new(location(0, 0), 20_040_000_000_000);
        let asked = Asked { area, bound: 20, but: String::new(), unwanted: None };
        scene.positions.begin_search(&area, asked.bound);
        interrupted(&mut scene, &asked, after, |scene| scene.pass(40, 0));
        let is_over = scene.now > 1_069 * SECOND;
        assert_eq!(scene.expected(&asked)[0].contains(" c30 "), is_over, "after {after}");
    }
}

#[test]
fn a_search_that_nobody_waits_for_is_no_more() {
    let (mut scene, asked) = row(2_000, 1_000);
    assert_eq!(scene.share(&asked, 1), None);
    assert!(scene.positions.is_searching());
    scene.positions.end_search();
    assert!(!scene.positions.is_searching());
    assert_eq!(scene.positions.search(None, None, 1_000).0, 0);
}
