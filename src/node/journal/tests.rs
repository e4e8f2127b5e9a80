//! A journal on a disk in memory that is slow, fails and is cut off: what was promised is there.

use super::segments::Sizes;
use super::*;
use crate::herd::Herd;
use crate::journal::{Part, parts};
use crate::node::report::Reporter;
use crate::node::{Conversation, Node, NodeOptions, Port};
use crate::positions::{Kind, Text};
use crate::transport::{Action, Application, ConnectionId, Meters};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_600_000_000 * SECOND;
const CLIENTS: usize = 40;

/// A file as the system has it, and how much of it the disk has.
#[derive(Debug, Default, Clone)]
struct Held {
    bytes: Vec<u8>,
    forced: usize,
}

/// What is known of a client: its time in seconds, and whether that is of a tombstone.
type Known = BTreeMap<String, (i64, Kind)>;

/// A server, its disk, and what it must know.
struct Scene {
    node: Node,
    now: Now,
    files: BTreeMap<u64, Held>,
    open: BTreeMap<u32, u64>,
    /// Forces that have not been carried out, each with what was known when it was asked for.
    forces: VecDeque<(FileId, Known)>,
    /// What the disk is known to hold.
    safe: Known,
    fails: bool,
    always: bool,
    time: i64,
}

fn herd() -> Herd {
    let json = br#"{"herd": "lone", "servers": [
        {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;
    Herd::from_json(json).unwrap()
}

impl Scene {
    fn new(always: bool) -> Self {
        let now = Now { monotonic: Monotonic::default(), posix_nanoseconds: START };
        let node = Node::new(NodeOptions::for_tests(&herd(), "Lone"));
        let mut scene = Scene {
            node,
            now,
            files: BTreeMap::new(),
            open: BTreeMap::new(),
            forces: VecDeque::new(),
            safe: Known::new(),
            fails: false,
            always,
            time: 1_000,
        };
        scene.start();
        scene
    }

    /// The server starts with what is on the disk.
    fn start(&mut self) {
        self.node = Node::new(NodeOptions::for_tests(&herd(), "Lone"));
        let next_number = self.files.keys().last().map_or(1, |last| last + 1);
        let options = JournalOptions { dir: "j".into(), always: self.always, next_number };
        self.node.open_journal(options);
        for (&number, held) in &mut self.files {
            // Whoever opens the folder has the disk hold what was handed over before.
            held.forced = held.bytes.len();
            let id = Identity::new("lone", "Lone", number);
            let mut blocks = Vec::new();
            for part in parts(&held.bytes, &id) {
                match part {
                    Part::Block { lines, .. } => blocks.push(lines),
                    Part::Rotten { .. } | Part::Missing { .. } => panic!("{part:?} in {number}"),
                    Part::Head { .. } | Part::Torn { .. } => {}
                }
            }
            let which = (number, held.bytes.len() as u64, false);
            assert_eq!(self.node.replay(which, blocks.into_iter()), Ok(0));
        }
        let sizes =
            Sizes { segment_bytes: 1_500, stale_bytes_max: 4_000, stale_bytes_max_large: 1 << 30 };
        self.node.journal.as_mut().unwrap().segments.set_sizes(sizes);
        self.open.clear();
        self.forces.clear();
    }

    fn known(&self) -> Known {
        let (mut known, positions) = (Known::new(), self.node.positions());
        for client in 0..CLIENTS {
            let name = format!("client-{client}");
            let Some(number) = positions.find_record(name.as_bytes()) else { continue };
            let change = positions.change_of(number).unwrap();
            known.insert(name, (change.time_nanoseconds() / SECOND, change.kind()));
        }
        known
    }

    /// A client reports, or is forgotten. Whether that was taken.
    fn take(&mut self, client: usize, kind: Kind) -> bool {
        self.time += 1;
        let (name, time) = (format!("client-{client}"), self.time);
        let from = Reporter("client", ConnectionId { slot: 0, generation: 0 });
        let (now, got) = (self.now.monotonic, self.now.posix_nanoseconds);
        if self.node.may_promise().is_err() {
            return false;
        }
        let taken = match kind {
            Kind::Position => {
                let text = format!("{name} +1-1 {time}");
                let text = Text::new(text.as_bytes(), name.len(), 4).unwrap();
                self.node.take_report(from, text, time * SECOND, got, now)
            }
            Kind::Tombstone => {
                let text = format!("{name} {time}");
                let text = Text::of_tombstone(text.as_bytes(), name.len()).unwrap();
                // It is remembered, however long ago that was.
                let got = time * SECOND;
                self.node.take_forget(from, text, time * SECOND, got, now)
            }
        };
        if client.is_multiple_of(3) {
            // As where there are many positions.
            let Node { journal: Some(journal), positions, .. } = &mut self.node else { panic!() };
            journal.append_news(positions, self.now);
        }
        taken.is_ok()
    }

    fn turn(&mut self) {
        self.node.turn_begun(Now::default());
        self.node.turn_ended(self.now, &Meters::default());
        self.act();
    }

    fn act(&mut self) {
        while let Some(action) = self.node.next_action() {
            if let Action::<Conversation, Port>::File(file, request) = action
                && let Some(event) = self.request(file, request)
            {
                self.node.file_event(file, event, self.now);
            }
        }
    }

    fn request(&mut self, file: FileId, request: FileRequest) -> Option<FileEvent> {
        let fail = |step| Some(FileEvent::Failed(step, io::ErrorKind::StorageFull.into()));
        match request {
            FileRequest::Create(path) => {
                let name = path.file_name().unwrap().to_str().unwrap();
                let number = crate::journal::file_number(name).unwrap();
                if self.fails {
                    return fail(FileStep::Create);
                }
                assert!(self.files.insert(number, Held::default()).is_none(), "{number} is there");
                self.open.insert(file.0, number);
                Some(FileEvent::Created)
            }
            FileRequest::Append(bytes) => {
                let Some(number) = self.open.get(&file.0) else { return fail(FileStep::Append) };
                let held = self.files.get_mut(number).unwrap();
                if self.fails {
                    held.bytes.extend_from_slice(&bytes[..bytes.len() / 2]);
                    return fail(FileStep::Append);
                }
                held.bytes.extend_from_slice(&bytes);
                None
            }
            FileRequest::Force => {
                if !self.open.contains_key(&file.0) {
                    return fail(FileStep::Force);
                }
                let known = self.known();
                self.forces.push_back((file, known));
                None
            }
            FileRequest::Close => {
                self.open.remove(&file.0);
                None
            }
            FileRequest::Remove(path) => {
                let name = path.file_name().unwrap().to_str().unwrap();
                self.files.remove(&crate::journal::file_number(name).unwrap());
                Some(FileEvent::Removed)
            }
        }
    }

    /// The next force is carried out.
    fn force(&mut self) {
        let Some((file, known)) = self.forces.pop_front() else { return };
        let Some(number) = self.open.get(&file.0) else { return };
        let event = if self.fails {
            FileEvent::Failed(FileStep::Force, io::Error::other("it failed"))
        } else {
            let held = self.files.get_mut(number).unwrap();
            held.forced = held.bytes.len();
            let is_whole = self.node.journal.as_ref().unwrap().is_whole;
            if is_whole {
                self.safe = known;
            }
            // Some take long.
            let took = limits::JOURNAL_GATHER_MIN * (self.time % 3) as u32;
            FileEvent::Forced { bytes: self.files[number].forced as u64, room: None, took }
        };
        self.node.file_event(file, event, self.now);
        self.act();
    }

    fn pass(&mut self, seconds: u64) {
        self.now.monotonic = self.now.monotonic + Duration::from_secs(seconds);
        self.now.posix_nanoseconds += seconds as i64 * SECOND;
    }

    /// All is mended, and everything comes to rest.
    fn settle(&mut self) {
        self.fails = false;
        for _ in 0..2_000 {
            self.pass(2);
            self.turn();
            self.force();
        }
        let journal = self.node.journal.as_ref().unwrap();
        assert!(journal.is_whole && !journal.segments.is_cleaning());
    }

    /// The bytes of files, and how many there may be.
    fn assert_small(&self) {
        let bytes: usize = self.files.values().map(|held| held.bytes.len()).sum();
        let line = "AT Lone +1599998000.000000000 client-00 +1-1 1000\n".len();
        let live = self.known().len() * line;
        // Headers, empty blocks of an idle server, and what a turn brings, come on top of so little.
        assert!(bytes <= 2 * live + 4_000 + 3 * 1_500 + 2_000, "{bytes} bytes for {live}");
    }
}

#[derive(Debug, Clone)]
enum Happens {
    Told(usize, Kind),
    Turn,
    Pass(u64),
    Force,
    Fail(bool),
    /// The process is killed.
    Kill,
    /// The machine loses power; of what was not forced so much stays of each file, in parts of 256.
    LosePower(u8),
}

fn happens() -> impl Strategy<Value = Vec<Happens>> {
    let kind = prop_oneof![4 => Just(Kind::Position), 1 => Just(Kind::Tombstone)];
    let what = prop_oneof![
        20 => (0..CLIENTS, kind).prop_map(|(client, kind)| Happens::Told(client, kind)),
        10 => Just(Happens::Turn),
        4 => (0_u64..3).prop_map(Happens::Pass),
        8 => Just(Happens::Force),
        1 => (0_u8..3).prop_map(|fails| Happens::Fail(fails == 0)),
        1 => Just(Happens::Kill),
        1 => any::<u8>().prop_map(Happens::LosePower),
    ];
    prop::collection::vec(what, 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_promised_is_there_whatever_happens(happens in happens(), always: bool) {
        let mut scene = Scene::new(always);
        // What was known when the last turn had ended, if the journal was whole.
        let mut handed = Some(Known::new());
        for what in happens {
            match what {
                Happens::Told(client, kind) => {
                    scene.take(client, kind);
                }
                Happens::Turn => {
                    scene.turn();
                    let is_whole = scene.node.journal.as_ref().unwrap().is_whole;
                    handed = is_whole.then(|| scene.known());
                }
                Happens::Pass(seconds) => scene.pass(seconds),
                Happens::Force => scene.force(),
                Happens::Fail(fails) => scene.fails = fails,
                Happens::Kill => {
                    scene.start();
                    if let Some(handed) = handed.take() {
                        prop_assert_eq!(&scene.known(), &handed);
                        scene.safe = handed;
                    }
                    scene.turn();
                }
                Happens::LosePower(part) => {
                    for held in scene.files.values_mut() {
                        let rest = held.bytes.len() - held.forced;
                        held.bytes.truncate(held.forced + rest * usize::from(part) / 256);
                        held.forced = held.bytes.len();
                    }
                    scene.start();
                    let known = scene.known();
                    for (client, was) in &scene.safe {
                        prop_assert!(known.get(client) >= Some(was), "{} of {:?}", client, known);
                    }
                    handed = None;
                    scene.turn();
                }
            }
            scene.node.positions().check().unwrap();
        }
        let known = scene.known();
        scene.settle();
        prop_assert_eq!(&scene.known(), &known);
        scene.assert_small();
        scene.start();
        prop_assert_eq!(&scene.known(), &known, "after a restart");
    }
}

#[test]
fn much_that_is_stale_is_cleaned_again_and_again_and_nothing_is_lost() {
    let mut scene = Scene::new(false);
    for round in 0..5_000 {
        // Most clients are idle.
        scene.take(if round < CLIENTS { round } else { round % 3 }, Kind::Position);
        scene.pass(u64::from(round % 50 == 0));
        scene.turn();
        scene.force();
        scene.assert_small();
    }
    let known = scene.known();
    scene.settle();
    scene.start();
    assert_eq!(scene.known(), known);
    assert_eq!(known.len(), CLIENTS);
}

#[test]
fn a_rotten_file_and_all_before_it_are_written_anew() {
    let mut scene = Scene::new(false);
    for client in 0..CLIENTS {
        scene.take(client, Kind::Position);
        scene.turn();
    }
    scene.settle();
    let oldest = *scene.files.keys().next().unwrap();
    scene.start();
    scene.node.journal.as_mut().unwrap().segments.mark_rotten(oldest + 1);
    scene.settle();
    assert!(*scene.files.keys().next().unwrap() > oldest + 1);
    let known = scene.known();
    scene.start();
    assert_eq!(scene.known(), known);
}
