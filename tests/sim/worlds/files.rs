//! Files in both worlds: whatever is asked of them, in any order, is told the same, and the same is in
//! them then, by the reactor with real files and by the simulator's disks.

use super::super::random::Random;
use super::harness::{Call, Event, Running, Script, Setup};
use super::play::World;
use super::simulated::Virtual;
use herd::transport::{Action, FileId, FileRequest};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};

/// How many scripts are drawn.
const SCRIPTS: u64 = 150;

/// Is forced behind all else, so that all else has been told.
const LAST: FileId = FileId(99);
const LAST_FORCED: &str = "99 Forced(0)";

type Requests = Vec<(FileId, FileRequest)>;

/// Requests of three files with eight names, more of the kinds that do more. No name is made again
/// that is being removed: that is a race.
fn draw(random: &mut Random, folder: &Path) -> Requests {
    let length = random.between(5, 80);
    let mut removed = BTreeSet::new();
    let mut request = |random: &mut Random| {
        let name = folder.join(format!("file{}", random.below(8)));
        match random.below(20) {
            0..3 if !removed.contains(&name) => FileRequest::Create(name),
            0..10 => FileRequest::Append(vec![b'x'; random.index(30)]),
            10..18 => FileRequest::Force,
            18 => FileRequest::Close,
            _ => {
                removed.insert(name.clone());
                FileRequest::Remove(name)
            }
        }
    };
    (0..length).map(|_| (FileId(random.below(3) as u32), request(random))).collect()
}

/// The reactor, and a conversation that asks it for files.
struct Real {
    reactor: Running,
    asking: Sender<Requests>,
    stream: TcpStream,
}

impl Real {
    fn new() -> Self {
        let (asking, asked) = mpsc::channel::<Requests>();
        let mut asked = Some(asked);
        let accept = move || -> Script {
            let asked = asked.take().expect("one connects");
            Box::new(move |cx, event| {
                if matches!(event, Event::Data(_)) {
                    let requests = asked.try_iter().flatten();
                    let actions = requests.map(|(id, request)| Action::File(id, request));
                    cx.app.actions.extend(actions);
                }
            })
        };
        let reactor = Setup::accepting(accept).run();
        let stream = reactor.connect();
        Real { reactor, asking, stream }
    }

    /// What is told of these requests.
    fn ask(&mut self, requests: Requests, told: &mut Vec<String>) {
        self.asking.send(requests).expect("it listens");
        self.stream.write_all(b"x").expect("it reads");
        while told.last().is_none_or(|last| last != LAST_FORCED) {
            told.extend(words(&self.reactor.next()));
        }
    }
}

fn ask_virtual(world: &mut Virtual, requests: Requests, told: &mut Vec<String>) {
    world.ask(requests);
    while told.last().is_none_or(|last| last != LAST_FORCED) {
        assert!(world.pass(), "it does not come: {told:?}");
        told.extend(world.calls().iter().filter_map(words));
    }
}

/// A callback about a file, without the words of systems.
fn words(call: &Call) -> Option<String> {
    let Event::File(FileId(id), event) = &call.event else { return None };
    let step = event.split(',').next().unwrap_or_default();
    let whys = ["AlreadyExists", "not open", "no longer at its place"];
    Some(match whys.iter().find(|why| event.contains(*why)) {
        Some(why) => format!("{id} {step}, {why})"),
        None => format!("{id} {event}"),
    })
}

/// All files of a folder, by their names.
fn files_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("it is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<_> =
        paths.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect();
    files.sort_unstable();
    files
}

/// Asks all that in one turn and, when all of it is told, whether there is more in another.
fn phases(requests: Requests, folder: &Path) -> [Requests; 2] {
    let last = [FileRequest::Create(folder.join("last")), FileRequest::Force];
    let last = last.map(|request| (LAST, request));
    [[requests, last.to_vec()].concat(), vec![(LAST, FileRequest::Force)]]
}

#[test]
fn whatever_is_asked_of_files_is_told_the_same_in_both_worlds() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds-files");
    let _ = fs::remove_dir_all(&folder);
    let mut kinds = [0; 5];
    for seed in 0..SCRIPTS {
        fs::create_dir_all(&folder).expect("there is room");
        let requests = draw(&mut Random::new(seed), &folder);
        let (mut real, mut simulated) = (Real::new(), Virtual::new(seed));
        let (mut told, mut told_virtually) = (Vec::new(), Vec::new());
        for phase in phases(requests.clone(), &folder) {
            let before = told.len();
            let mut of_phase = Vec::new();
            real.ask(phase.clone(), &mut of_phase);
            told.append(&mut of_phase);
            ask_virtual(&mut simulated, phase, &mut of_phase);
            told_virtually.append(&mut of_phase);
            assert!(told.len() > before);
        }
        assert_eq!(told_virtually, told, "seed {seed}: {requests:?}");
        assert_eq!(simulated.files(), files_of(&folder), "seed {seed}: {requests:?}");
        let whats = ["Created", "Forced(1", "Removed", "AlreadyExists", "no longer"];
        for (count, what) in kinds.iter_mut().zip(whats) {
            *count += told.iter().filter(|told| told.contains(what)).count();
        }
        fs::remove_dir_all(&folder).expect("it is there");
    }
    assert!(kinds.iter().all(|&count| count > 20), "it is hardly ever so: {kinds:?}");
}
