//! The disks alone: what is durable stays, what is not may go, whatever the seed.

use super::super::agenda::MICROSECOND;
use super::*;

const FILE: FileId = FileId(3);
const SEEDS: u64 = 400;

/// Between two requests.
const PAUSE: (Time, Time) = (MICROSECOND, 200 * MILLISECOND);

/// A disk, and time.
struct Bench {
    disks: Disks,
    agenda: Agenda,
    /// What it has said to hold of the files that it was not asked to remove.
    promised: BTreeMap<PathBuf, usize>,
    /// By the number under which they are open.
    paths: BTreeMap<FileId, PathBuf>,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let (promised, paths) = (BTreeMap::new(), BTreeMap::new());
        Bench { disks: Disks::new(seed, 1), agenda: Agenda::default(), promised, paths }
    }

    fn ask(&mut self, id: FileId, request: FileRequest) -> Option<FileEvent> {
        let path = match &request {
            FileRequest::Create(path) => Some(path.clone()),
            _ => None,
        };
        if let FileRequest::Remove(path) = &request {
            self.promised.remove(path);
            // What may be forced meanwhile is no promise.
            self.paths.retain(|_, open| open != path);
        }
        let came = self.disks.request(0, id, request, &mut self.agenda);
        if let (Some(path), Some(FileEvent::Created)) = (path, &came) {
            self.paths.insert(id, path);
        }
        came
    }

    /// Lets time go by; gives what the disk has done.
    fn pass(&mut self, time: Time) -> Vec<(FileId, FileEvent)> {
        let until = self.agenda.now() + time;
        let mut done = Vec::new();
        while self.agenda.next_before(until).is_some() {
            done.extend(self.disks.take_done(0, &mut self.agenda));
        }
        self.agenda.advance(until);
        for (id, event) in &done {
            if let (FileEvent::Forced { bytes, .. }, Some(path)) = (event, self.paths.get(id)) {
                self.promised.insert(path.clone(), *bytes as usize);
            }
        }
        done
    }

    fn trouble(&mut self, trouble: Trouble, time: Time) {
        let until = self.agenda.now() + time;
        self.disks.trouble(0, trouble, until);
    }

    /// A file with that in it, which is forced if that is asked for.
    fn with(seed: u64, bytes: &[u8], forced: bool) -> Self {
        let mut bench = Bench::new(seed);
        let created = bench.ask(FILE, FileRequest::Create(path()));
        assert!(matches!(created, Some(FileEvent::Created)), "{created:?}");
        assert!(bench.ask(FILE, FileRequest::Append(bytes.to_vec())).is_none());
        if forced {
            assert!(bench.ask(FILE, FileRequest::Force).is_none());
            let done = bench.pass(SECOND);
            assert!(matches!(done[..], [(FILE, FileEvent::Forced { .. })]), "{done:?}");
        }
        bench
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let file = self.disks.files(0).into_iter().find(|(there, _)| *there == path());
        file.map(|(_, bytes)| bytes)
    }

    /// Asks for something or other.
    fn ask_anything(&mut self, random: &mut Random) {
        let id = FileId(random.below(3) as u32);
        let path = PathBuf::from(format!("journal/{}", random.below(6)));
        let request = match random.below(12) {
            0..2 => FileRequest::Create(path),
            2..7 => {
                let length = random.index(200);
                FileRequest::Append((0..length).map(|_| 1 + random.below(250) as u8).collect())
            }
            7..10 => FileRequest::Force,
            10 => FileRequest::Close,
            _ => FileRequest::Remove(path),
        };
        let closes = matches!(request, FileRequest::Create(_) | FileRequest::Close);
        if closes {
            self.paths.remove(&id);
        }
        self.ask(id, request);
    }
}

fn path() -> PathBuf {
    PathBuf::from("journal/0")
}

#[test]
fn a_process_that_is_killed_loses_nothing_of_what_it_has_handed_over() {
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"never forced", false);
        bench.ask(FILE, FileRequest::Force);
        bench.disks.end_process(0);
        assert!(bench.pass(SECOND).is_empty(), "nobody is told of what it asked for");
        assert_eq!(bench.bytes().as_deref(), Some(&b"never forced"[..]));
        // And nothing is open any more.
        let came = bench.ask(FILE, FileRequest::Append(b"more".to_vec()));
        assert!(matches!(came, Some(FileEvent::Failed(FileStep::Append, _))), "{came:?}");
    }
}

#[test]
fn of_what_was_not_forced_a_power_cut_leaves_any_part_or_not_even_the_name() {
    let (mut missing, mut lengths, mut garbage) = (0, [0; 9], 0);
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"unforced", false);
        bench.disks.lose_power(0);
        match bench.bytes() {
            None => missing += 1,
            Some(bytes) if b"unforced".starts_with(&bytes) => lengths[bytes.len()] += 1,
            Some(bytes) => {
                assert!(bytes.len() <= 8, "{bytes:?}");
                garbage += 1;
            }
        }
    }
    assert!(missing > 0 && garbage > 0, "{missing} {garbage}");
    assert!(lengths.iter().all(|&count| count > 0), "{lengths:?}");
}

#[test]
fn what_was_forced_stays_and_what_was_removed_may_be_back() {
    let (mut back, mut torn) = (0, 0);
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"forced", true);
        bench.ask(FILE, FileRequest::Append(b" and not".to_vec()));
        bench.disks.lose_power(0);
        let bytes = bench.bytes().expect("it was forced with its name");
        assert!(bytes.starts_with(b"forced") && bytes.len() <= 14, "{bytes:?}");
        torn += u64::from(bytes.len() < 14);
        assert!(!bench.disks.has_lied(0));
        // What it found it has.
        bench.disks.lose_power(0);
        assert_eq!(bench.bytes(), Some(bytes.clone()));
        bench.ask(FILE, FileRequest::Remove(path()));
        assert!(matches!(bench.pass(SECOND)[..], [(FILE, FileEvent::Removed)]));
        assert_eq!(bench.bytes(), None);
        bench.disks.lose_power(0);
        back += u64::from(bench.bytes().is_some());
        assert!(bench.bytes().is_none_or(|back| back == bytes));
        assert!(!bench.disks.has_lied(0), "nobody promised that it is gone");
    }
    assert!((1..SEEDS).contains(&back) && (1..SEEDS).contains(&torn), "{back} {torn}");
}

/// Whatever is asked for in whatever trouble but lies, what was said to be held is.
#[test]
fn what_is_durable_stays_in_any_trouble_of_an_honest_disk() {
    let (mut promises, mut failures) = (0, 0);
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let mut bench = Bench::new(seed);
        let mut habits = Habits::draw(seed);
        habits.troubles.retain(|&trouble| trouble != Trouble::Lying);
        (habits.gap, habits.length) = (100 * MILLISECOND, 200 * MILLISECOND);
        assert!(!habits.lie());
        bench.disks.set_habits(habits);
        let mut trouble_at = 0;
        for _ in 0..5 {
            for _ in 0..random.between(5, 60) {
                bench.ask_anything(&mut random);
                let pause = random.magnitude(PAUSE.0, PAUSE.1);
                let done = bench.pass(pause);
                let failed = |(_, event): &(_, FileEvent)| matches!(event, FileEvent::Failed(..));
                failures += done.iter().filter(|done| failed(done)).count();
                let now = bench.agenda.now();
                if now >= trouble_at {
                    trouble_at = bench.disks.trouble_one(now).map_or(Time::MAX, |(.., at)| at);
                }
            }
            let before: BTreeMap<_, _> = bench.disks.files(0).into_iter().collect();
            bench.disks.lose_power(0);
            let after: BTreeMap<_, _> = bench.disks.files(0).into_iter().collect();
            for (path, bytes) in &bench.promised {
                let (was, is) = (&before[path], after.get(path));
                let is = is.unwrap_or_else(|| panic!("seed {seed}: {path:?} is gone"));
                assert_eq!(is.get(..*bytes), was.get(..*bytes), "seed {seed}: {path:?}");
                promises += 1;
            }
            assert!(!bench.disks.has_lied(0), "seed {seed}");
            (bench.promised, bench.paths) = (BTreeMap::new(), BTreeMap::new());
        }
    }
    assert!(promises > SEEDS as usize && failures > SEEDS as usize, "{promises} {failures}");
}

#[test]
fn a_disk_that_lies_loses_what_it_says_to_hold_and_is_known_for_it() {
    let mut lost = 0;
    for seed in 0..SEEDS {
        let mut bench = Bench::new(seed);
        bench.trouble(Trouble::Lying, SECOND);
        bench.ask(FILE, FileRequest::Create(path()));
        bench.ask(FILE, FileRequest::Append(b"promised".to_vec()));
        bench.ask(FILE, FileRequest::Force);
        assert!(matches!(bench.pass(SECOND)[..], [(FILE, FileEvent::Forced { bytes: 8, .. })]));
        bench.disks.lose_power(0);
        let is_there = bench.bytes().is_some_and(|bytes| bytes.starts_with(b"promised"));
        assert_eq!(bench.disks.has_lied(0), !is_there, "{:?}", bench.bytes());
        lost += u64::from(!is_there);
    }
    assert!((1..SEEDS).contains(&lost), "{lost}");
}

#[test]
fn a_full_disk_takes_a_part_and_all_again_when_there_is_room() {
    let mut parts = [0; 9];
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"", true);
        bench.trouble(Trouble::Full, SECOND);
        match bench.ask(FILE, FileRequest::Append(b"too much".to_vec())) {
            Some(FileEvent::Failed(FileStep::Append, error)) => {
                assert_eq!(error.kind(), ErrorKind::StorageFull);
            }
            other => panic!("{other:?}"),
        }
        let part = bench.bytes().expect("it is there");
        assert!(b"too much".starts_with(&part), "{part:?}");
        parts[part.len()] += 1;
        bench.pass(SECOND);
        assert!(bench.ask(FILE, FileRequest::Append(b"more".to_vec())).is_none());
        assert_eq!(bench.bytes(), Some([&part, &b"more"[..]].concat()));
    }
    assert!(parts[..8].iter().all(|&count| count > 0) && parts[8] == 0, "{parts:?}");
}

#[test]
fn a_disk_that_has_failed_to_force_never_says_again_that_it_holds_that_file() {
    let mut failed = 0;
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"well", true);
        bench.trouble(Trouble::Failing, SECOND);
        bench.ask(FILE, FileRequest::Force);
        let done = bench.pass(SECOND);
        let fails = matches!(done[..], [(FILE, FileEvent::Failed(FileStep::Force, _))]);
        failed += u64::from(fails);
        bench.ask(FILE, FileRequest::Force);
        let done = bench.pass(SECOND);
        assert_eq!(matches!(done[..], [(FILE, FileEvent::Failed(FileStep::Force, _))]), fails);
        bench.disks.heal();
        bench.disks.lose_power(0);
        assert!(bench.bytes().is_some_and(|bytes| bytes.starts_with(b"well")));
    }
    assert!((1..SEEDS).contains(&failed), "{failed}");
}

#[test]
fn a_slow_disk_takes_up_to_seconds_and_does_all_in_its_order() {
    let mut slowest = 0;
    for seed in 0..SEEDS {
        let mut bench = Bench::with(seed, b"first", true);
        bench.trouble(Trouble::Slow, 60 * SECOND);
        bench.ask(FILE, FileRequest::Force);
        bench.ask(FILE, FileRequest::Append(b" and second".to_vec()));
        bench.ask(FILE, FileRequest::Force);
        bench.ask(FILE, FileRequest::Remove(path()));
        let mut told = Vec::new();
        while told.len() < 3 {
            told.extend(bench.pass(MILLISECOND).into_iter().map(|(_, event)| match event {
                FileEvent::Forced { bytes, room: None, .. } => bytes.to_string(),
                event => format!("{event:?}"),
            }));
        }
        assert_eq!(told, ["5", "16", "Removed"]);
        slowest = slowest.max(bench.agenda.now());
    }
    assert!(slowest > 4 * SECOND, "{slowest}");
}
