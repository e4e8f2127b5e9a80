//! Files: appended to in a turn, forced by a helper thread, and every failure said.

use crate::harness::{Event, Running, Script, Setup};
use herd::transport::{Action, FileId, FileRequest};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const FILE: FileId = FileId(7);

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reactor-files-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A reactor that is asked all that as soon as somebody has said something.
fn asked(requests: Vec<(FileId, FileRequest)>) -> Running {
    let mut requests = Some(requests);
    let accept = move || -> Script {
        let mut requests = requests.take();
        Box::new(move |cx, event| {
            if matches!(event, Event::Data(_)) {
                let actions = requests.take().into_iter().flatten();
                cx.app.actions.extend(actions.map(|(id, request)| Action::File(id, request)));
            }
        })
    };
    let reactor = Setup::accepting(accept).run();
    reactor.connect().write_all(b"go").unwrap();
    reactor
}

/// What came of the files, up to the event that begins so.
fn events_until(reactor: &Running, last: &str) -> Vec<String> {
    let calls = reactor.calls_until(|call| match &call.event {
        Event::File(_, event) => event.starts_with(last),
        _ => false,
    });
    let events = calls.into_iter().filter_map(|call| match call.event {
        Event::File(FILE, event) => Some(event),
        _ => None,
    });
    events.collect()
}

#[test]
fn what_is_appended_is_in_the_file_and_forced_behind_what_was_there() {
    let path = folder("append").join("feed");
    fs::write(&path, b"before\n").unwrap();
    let reactor = asked(vec![
        (FILE, FileRequest::Open(path.clone())),
        (FILE, FileRequest::Append(b"first\n".to_vec())),
        (FILE, FileRequest::Append(b"second\n".to_vec())),
        (FILE, FileRequest::Force),
    ]);
    assert_eq!(events_until(&reactor, "Forced"), ["Opened(7)", "Forced(20)"]);
    assert_eq!(fs::read(&path).unwrap(), b"before\nfirst\nsecond\n");
}

#[test]
fn what_is_appended_while_the_disk_is_waited_for_is_forced_by_one_more_wait() {
    let path = folder("again").join("feed");
    let mut requests = vec![(FILE, FileRequest::Open(path))];
    for _ in 0..50 {
        requests.push((FILE, FileRequest::Append(vec![b'x'; 10])));
        requests.push((FILE, FileRequest::Force));
    }
    let reactor = asked(requests);
    let events = events_until(&reactor, "Forced(500)");
    assert_eq!(events[0], "Opened(0)");
    assert_eq!(events.len(), 3, "all that came during the first wait share the second: {events:?}");
}

#[test]
fn a_new_file_is_its_owners_alone() {
    let path = folder("mode").join("feed");
    let reactor = asked(vec![(FILE, FileRequest::Open(path.clone()))]);
    assert_eq!(events_until(&reactor, "Opened"), ["Opened(0)"]);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn each_failure_is_said() {
    let folder = folder("failures");
    let nowhere = folder.join("missing").join("feed");
    let reactor = asked(vec![(FILE, FileRequest::Open(nowhere))]);
    assert!(events_until(&reactor, "Failed")[0].contains("NotFound"));
    // A device that is always full.
    let reactor = asked(vec![
        (FILE, FileRequest::Open("/dev/full".into())),
        (FILE, FileRequest::Append(b"x".to_vec())),
    ]);
    assert!(events_until(&reactor, "Failed")[1].contains("StorageFull"));
    for request in [FileRequest::Append(b"x".to_vec()), FileRequest::Force] {
        let path = folder.join("closed");
        let open = (FILE, FileRequest::Open(path));
        let reactor = asked(vec![open, (FILE, FileRequest::Close), (FILE, request)]);
        assert!(events_until(&reactor, "Failed")[1].contains("not open"));
    }
}
