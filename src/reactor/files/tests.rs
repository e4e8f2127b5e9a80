//! What real files in a test's folder cannot show: a disk that takes no more.

use super::*;
use mio::{Poll, Token};
use std::fs::OpenOptions;

#[test]
fn an_append_that_fails_is_said_and_the_file_stays_open() {
    let poll = Poll::new().unwrap();
    let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
    let mut files = Files::new(&waker);
    // A device that is always full.
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let held = Arc::new(Held::new(full, "/dev/full".into()));
    let open = Open { held, number: 1, bytes: 0, under_way: 0, again: false };
    let id = FileId(1);
    files.open.insert(id, open);
    for _ in 0..2 {
        let came = files.request(id, FileRequest::Append(b"x".to_vec()));
        let Some(FileEvent::Failed(FileStep::Append, error)) = came else {
            panic!("{came:?}");
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
    assert_eq!(files.open[&id].bytes, 0);
}
