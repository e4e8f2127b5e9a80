//! What is told to who comes back.

use super::*;
use crate::positions::Area;
use crate::wire::Location;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const LIFE: u32 = 7;
const CLIENTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const PLACES: [&str; 4] = ["+0+0", "+0.01+0", "+50+0", "-50+7"];
const WATCHES: [&str; 3] = ["a", "+0+0 20", "*"];

#[derive(Debug, Clone)]
enum Happening {
    Report(usize, usize),
    Forget(usize),
    /// Time passes, in half seconds: some are not heard of for too long.
    Pass(i64),
    Turn,
    /// The reader goes, having read so many of the events that it has not read, and comes back at once.
    ComeBack(usize),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let event = prop_oneof![
        6 => (0..CLIENTS.len(), 0..PLACES.len()).prop_map(|(c, p)| Happening::Report(c, p)),
        1 => (0..CLIENTS.len()).prop_map(Happening::Forget),
        2 => (1_i64..20).prop_map(Happening::Pass),
        3 => Just(Happening::Turn),
        3 => (0..4_usize).prop_map(Happening::ComeBack),
    ];
    prop::collection::vec(event, 0..100)
}

/// One who reads a stream, and goes on where it ended.
struct Reader {
    stage: Stage,
    watch: &'static str,
    last: Option<EventId>,
    /// By client: where it was told to be.
    seen: BTreeMap<String, String>,
    /// Which departures it has been told of.
    departures: Vec<u64>,
    /// Of whom it was told, since it came back, that they are not there, though it did not know of them.
    absent: BTreeSet<String>,
}

impl Reader {
    fn new(watch: &'static str, is_narrow: bool) -> Self {
        let mut stage = Stage::new(0);
        stage.hub.keep_departures();
        stage.let_go_after(12);
        stage.is_narrow = is_narrow;
        let (seen, departures, absent) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        let mut reader = Reader { stage, watch, last: None, seen, departures, absent };
        reader.begins();
        reader
    }

    fn begins(&mut self) {
        let Stage { hub, positions, watchers, .. } = &mut self.stage;
        let id = hub.enter(
            ConnectionId { slot: 0, generation: 0 },
            Form::ServerSent { life: LIFE },
            None,
        );
        *watchers = vec![(id, String::new())];
        let command = format!("WATCH {}", self.watch);
        let Ok(Some(Command::Watch(watch))) = Command::parse(command.as_bytes()) else { panic!() };
        assert!(hub.watch(id, &watch, self.last, positions));
        self.absent.clear();
    }

    /// Reads at most so many of the events that have come.
    fn reads(&mut self, most: usize) {
        let told = std::mem::take(&mut self.stage.watchers[0].1);
        let mut events = told.split_inclusive("\n\n");
        events.by_ref().take(most).for_each(|event| self.takes(event));
        self.stage.watchers[0].1 = events.collect();
    }

    fn comes_back(&mut self) {
        let id = self.stage.watchers[0].0;
        self.stage.hub.leave(id, &mut self.stage.positions);
        self.begins();
    }

    fn takes(&mut self, event: &str) {
        let mut lines = event.lines().map(|line| line.split_once(": ").unwrap_or_default().1);
        let id = EventId::parse(lines.next().unwrap()).unwrap();
        let (kind, data) = (lines.next().unwrap(), lines.next().unwrap());
        let value = |name: &str| -> Option<&str> {
            let behind = data.split_once(&format!("\"{name}\":"))?.1;
            Some(behind.split([',', '}']).next()?.trim_matches('"'))
        };
        let client = value("id").unwrap_or_default().to_owned();
        let last = self.last.replace(id);
        let is_as_before = last.is_some_and(|last| last.sequence == id.sequence);
        let is_behind = last.is_none_or(|last| last.sequence <= id.sequence);
        assert!(is_behind && (!is_as_before || kind == "expired" || kind == "now"), "{event}");
        match kind {
            "at" => {
                let at = format!("{} {}", value("latitude").unwrap(), value("longitude").unwrap());
                self.seen.insert(client, at);
            }
            "expired" => {
                let number = id.departure.expect("a departure is numbered");
                let is_later = self.departures.last().is_none_or(|&last| number > last);
                assert!(is_later, "{number} behind {:?}", self.departures);
                self.departures.push(number);
                self.is_absent(&client, event);
            }
            "out" => self.is_absent(&client, event),
            "gone" => {
                self.seen.remove(&client);
            }
            "now" => {}
            other => panic!("{other}"),
        }
    }

    fn is_absent(&mut self, client: &str, event: &str) {
        let was_seen = self.seen.remove(client).is_some();
        let may_be_new = self.watch == "*" || self.absent.insert(client.to_owned());
        assert!(was_seen || may_be_new, "told twice: {event}");
    }

    /// What is so of what is watched.
    fn so(&self) -> BTreeMap<String, String> {
        let command = format!("WATCH {}", self.watch);
        let Ok(Some(Command::Watch(watch))) = Command::parse(command.as_bytes()) else { panic!() };
        let known = CLIENTS.iter().filter_map(|client| {
            let position = self.stage.positions.find(client.as_bytes())?;
            let location = Location::parse(position.location())?;
            let is_watched = match watch {
                Watch::Client(watched) => watched == client.as_bytes(),
                Watch::Area { location: centre, radius_micrometres, .. } => {
                    Area::new(centre, radius_micrometres).contains(&location)
                }
                Watch::All => true,
            };
            let text = str::from_utf8(position.location()).unwrap();
            let end = text.rfind(['+', '-']).unwrap();
            let number = |text: &str| text.trim_start_matches('+').to_owned();
            let at = format!("{} {}", number(&text[..end]), number(&text[end..]));
            is_watched.then(|| (client.to_string(), at))
        });
        known.collect()
    }
}

proptest! {
    /// Wherever a stream ends and goes on: at rest its reader knows what is so and no more, and has been told
    /// no departure twice.
    #[test]
    fn who_comes_back_knows_at_rest_what_is_so(
        watch in prop::sample::select(&WATCHES[..]),
        is_narrow: bool,
        happenings in happenings(),
    ) {
        let mut reader = Reader::new(watch, is_narrow);
        for happening in happenings {
            let stage = &mut reader.stage;
            match happening {
                Happening::Report(client, place) => stage.report(CLIENTS[client], PLACES[place]),
                Happening::Forget(client) => stage.forget(CLIENTS[client]),
                Happening::Pass(halves) => stage.pass(halves),
                Happening::Turn => {
                    stage.turn();
                    let id = stage.watchers[0].0;
                    stage.hub.resume(id);
                }
                Happening::ComeBack(most) => {
                    reader.reads(most);
                    reader.comes_back();
                }
            }
        }
        reader.stage.settle();
        reader.stage.pass_to_second();
        reader.stage.settle();
        reader.reads(usize::MAX);
        prop_assert_eq!(&reader.seen, &reader.so());
        // And again: of those who are not there it may be told that, but once.
        reader.comes_back();
        reader.stage.settle();
        reader.reads(usize::MAX);
        prop_assert_eq!(&reader.seen, &reader.so());
        reader.comes_back();
        reader.stage.settle();
        let told = &reader.stage.watchers[0].1;
        prop_assert!(told.matches("id: ").count() == 1 && told.contains("event: now"), "{}", told);
    }
}
