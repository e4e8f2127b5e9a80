//! Files: made and appended to in a turn, forced and removed by a helper thread, and every failure
//! said.

use crate::harness::{Event, Running, Script, Setup};
use herd::transport::{Action, FileId, FileRequest};
use signal_hook::consts::SIGXFSZ;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};

const FILE: FileId = FileId(7);
const OTHER: FileId = FileId(8);

type Requests = Vec<(FileId, FileRequest)>;

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reactor-files-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn create(path: &Path) -> FileRequest {
    FileRequest::Create(path.into())
}

fn append(bytes: &[u8]) -> FileRequest {
    FileRequest::Append(bytes.to_vec())
}

fn remove(path: &Path) -> FileRequest {
    FileRequest::Remove(path.into())
}

/// A reactor with files, for whoever asks.
struct Files {
    reactor: Running,
    asking: Sender<Requests>,
    stream: TcpStream,
}

impl Files {
    fn new() -> Self {
        let (asking, asked) = mpsc::channel::<Requests>();
        let mut asked = Some(asked);
        let accept = move || -> Script {
            let asked = asked.take().unwrap();
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
        Files { reactor, asking, stream }
    }

    /// Asks for all that in one turn.
    fn ask(&mut self, requests: Requests) {
        self.asking.send(requests).unwrap();
        self.stream.write_all(b"x").unwrap();
    }

    /// What came of the files, up to the `last` event.
    #[track_caller]
    fn told_until(&self, last: &str) -> Vec<String> {
        let calls = self.reactor.calls_until(|call| match &call.event {
            Event::File(_, event) => event.starts_with(last),
            _ => false,
        });
        let told = calls.into_iter().filter_map(|call| match call.event {
            Event::File(FILE, event) => Some(event),
            Event::File(_, event) => Some(format!("other {event}")),
            _ => None,
        });
        told.collect()
    }

    /// Asks one thing of the file, whose outcome begins so.
    #[track_caller]
    fn comes(&mut self, request: FileRequest, outcome: &str) -> String {
        self.ask(vec![(FILE, request)]);
        let told = self.told_until("");
        assert!(told[0].starts_with(outcome), "{told:?}");
        told[0].clone()
    }
}

#[test]
fn what_is_appended_is_in_the_file_and_forced() {
    let path = folder("append").join("feed");
    let mut files = Files::new();
    files.ask(vec![
        (FILE, create(&path)),
        (FILE, append(b"first\n")),
        (FILE, append(b"second\n")),
        (FILE, FileRequest::Force),
    ]);
    assert_eq!(files.told_until("Forced"), ["Created", "Forced(13)"]);
    assert_eq!(fs::read(&path).unwrap(), b"first\nsecond\n");
}

#[test]
fn what_is_appended_while_the_disk_is_waited_for_is_forced_by_one_more_wait() {
    let path = folder("again").join("feed");
    let mut requests = vec![(FILE, create(&path))];
    for _ in 0..50 {
        requests.push((FILE, append(&[b'x'; 10])));
        requests.push((FILE, FileRequest::Force));
    }
    let mut files = Files::new();
    files.ask(requests);
    let told = files.told_until("Forced(500)");
    assert_eq!(told[0], "Created");
    assert_eq!(told.len(), 3, "all that came during the first wait share the second: {told:?}");
}

#[test]
fn a_new_file_is_its_owners_alone() {
    let path = folder("mode").join("feed");
    Files::new().comes(create(&path), "Created");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_that_is_there_is_opened() {
    let folder = folder("there");
    let (file, pipe, socket) = (folder.join("file"), folder.join("pipe"), folder.join("socket"));
    let (dangling, link) = (folder.join("dangling"), folder.join("link"));
    fs::write(&file, b"mine").unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _listens = UnixListener::bind(&socket).unwrap();
    symlink(folder.join("nothing"), &dangling).unwrap();
    symlink("/dev/full", &link).unwrap();
    let mut files = Files::new();
    // At a pipe that nobody reads the loop would wait for ever.
    for path in [&file, &pipe, &socket, &dangling, &link, &folder] {
        let failed = files.comes(create(path), "Failed(Create, ");
        assert!(failed.contains("AlreadyExists"), "{path:?}: {failed}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert!(!folder.join("nothing").exists());
}

#[test]
fn a_file_cannot_be_made_in_a_folder_that_is_missing_and_what_was_open_is_closed() {
    let folder = folder("missing");
    let mut files = Files::new();
    files.comes(create(&folder.join("feed")), "Created");
    let failed = files.comes(create(&folder.join("nowhere").join("feed")), "Failed(Create, ");
    assert!(failed.contains("NotFound"), "{failed}");
    assert!(files.comes(append(b"x"), "Failed(Append, ").contains("not open"));
}

#[test]
fn who_is_not_open_is_neither_appended_to_nor_forced() {
    let path = folder("closed").join("feed");
    let mut files = Files::new();
    files.ask(vec![(FILE, create(&path)), (FILE, FileRequest::Close)]);
    assert_eq!(files.told_until("Created"), ["Created"]);
    assert!(files.comes(append(b"x"), "Failed(Append, ").contains("not open"));
    assert!(files.comes(FileRequest::Force, "Failed(Force, ").contains("not open"));
}

#[test]
fn of_what_cannot_be_appended_whole_a_part_stays_and_what_follows_goes_behind_it() {
    const BYTES_MAX: u64 = 1 << 30;
    let path = folder("part").join("feed");
    let mut files = Files::new();
    files.comes(create(&path), "Created");
    // The largest file that the process may have; none but this, mostly a hole, comes near it. The
    // signal that is sent with the failure would end the process.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).unwrap();
    let (_, most) = rlimit::Resource::FSIZE.get().unwrap();
    rlimit::Resource::FSIZE.set(BYTES_MAX, most).unwrap();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(BYTES_MAX - 4).unwrap();
    let failed = files.comes(append(b"too much"), "Failed(Append, ");
    assert!(failed.contains("FileTooLarge"), "{failed}");
    assert_eq!(fs::metadata(&path).unwrap().len(), BYTES_MAX);
    files.comes(FileRequest::Force, &format!("Forced({BYTES_MAX})"));
    OpenOptions::new().write(true).open(&path).unwrap().set_len(4).unwrap();
    files.ask(vec![(FILE, append(b"more"))]);
    files.comes(FileRequest::Force, "Forced");
    assert_eq!(fs::read(&path).unwrap(), b"\0\0\0\0more");
    rlimit::Resource::FSIZE.set(most, most).unwrap();
}

#[test]
fn a_file_is_removed_behind_all_that_was_asked_before() {
    let path = folder("remove").join("feed");
    let mut files = Files::new();
    files.ask(vec![
        (FILE, create(&path)),
        (FILE, append(b"first")),
        (FILE, FileRequest::Force),
        (FILE, append(b"second")),
        // Waits for the first; it would fail if the file were gone.
        (FILE, FileRequest::Force),
        (FILE, remove(&path)),
    ]);
    let told = files.told_until("Removed");
    assert_eq!(told, ["Created", "Forced(5)", "Forced(11)", "Removed"]);
    assert!(!path.exists());
    // What comes behind it does fail.
    let failed = files.comes(FileRequest::Force, "Failed(Force, ");
    assert!(failed.contains("no longer at its place"), "{failed}");
}

#[test]
fn what_is_not_there_counts_as_removed_and_a_folder_is_not() {
    let folder = folder("removed");
    let mut files = Files::new();
    files.comes(remove(&folder.join("feed")), "Removed");
    files.comes(remove(&folder), "Failed(Remove, ");
    assert!(folder.exists());
    // A link goes, and what it leads to stays.
    let (file, link) = (folder.join("file"), folder.join("link"));
    fs::write(&file, b"mine").unwrap();
    symlink(&file, &link).unwrap();
    files.comes(remove(&link), "Removed");
    assert!(file.exists() && link.symlink_metadata().is_err());
}

#[test]
fn a_removal_is_told_though_the_file_was_closed_meanwhile() {
    let path = folder("removal").join("feed");
    let mut files = Files::new();
    files.ask(vec![
        (FILE, create(&path)),
        (FILE, append(b"first")),
        (FILE, remove(&path)),
        (FILE, FileRequest::Close),
    ]);
    assert_eq!(files.told_until("Removed"), ["Created", "Removed"]);
    assert!(!path.exists());
}

#[test]
fn of_a_file_that_was_closed_meanwhile_no_force_is_told() {
    let folder = folder("meanwhile");
    let mut files = Files::new();
    files.ask(vec![
        (FILE, create(&folder.join("first"))),
        (FILE, append(b"first")),
        (FILE, FileRequest::Force),
        (FILE, append(b"second")),
        (FILE, FileRequest::Force),
        (FILE, FileRequest::Close),
        // Another under the same number is not taken for it.
        (FILE, create(&folder.join("second"))),
        (FILE, append(b"2")),
        (FILE, FileRequest::Force),
        (OTHER, create(&folder.join("other"))),
        (OTHER, FileRequest::Force),
    ]);
    // The thread does one thing after the other: when this is told, the rest would have been.
    let told = files.told_until("Forced(0)");
    assert_eq!(told, ["Created", "Created", "other Created", "Forced(1)", "other Forced(0)"]);
}

#[test]
fn a_force_fails_while_the_file_is_not_at_its_place() {
    let folder = folder("place");
    let (journal, away) = (folder.join("journal"), folder.join("away"));
    fs::create_dir(&journal).unwrap();
    let path = journal.join("feed");
    let mut files = Files::new();
    files.comes(create(&path), "Created");
    files.comes(FileRequest::Force, "Forced(0)");
    let is_gone = |files: &mut Files| {
        let failed = files.comes(FileRequest::Force, "Failed(Force, ");
        let path = path.display();
        assert!(failed.contains(&format!("{path} is no longer at its place")), "{failed}");
        assert!(failed.contains("NotFound"), "{failed}");
    };
    // Its folder is moved away, another takes its place, with another file, or a pipe in place of a
    // folder.
    fs::rename(&journal, &away).unwrap();
    is_gone(&mut files);
    fs::create_dir(&journal).unwrap();
    is_gone(&mut files);
    File::create(&path).unwrap();
    is_gone(&mut files);
    fs::remove_dir_all(&journal).unwrap();
    assert!(Command::new("mkfifo").arg(&journal).status().unwrap().success());
    is_gone(&mut files);
    fs::remove_file(&journal).unwrap();
    // It is back.
    fs::rename(&away, &journal).unwrap();
    files.comes(FileRequest::Force, "Forced(0)");
    // It is removed; another with the same name is another.
    fs::remove_file(&path).unwrap();
    is_gone(&mut files);
    File::create(&path).unwrap();
    is_gone(&mut files);
}
