//! A log file in small: batches, rotation, losses, and what others do to it.

use super::*;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

/// A new directory that goes when it is dropped.
pub(in crate::logs) struct Directory(PathBuf);

impl Directory {
    pub(in crate::logs) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("herd-logs-{}-{made}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    pub(in crate::logs) fn path(&self) -> &Path {
        &self.0
    }

    pub(in crate::logs) fn lines(&self, file: &str) -> Vec<String> {
        match fs::read_to_string(self.0.join(file)) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => panic!("{file}: {error}"),
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Events of ten bytes make lines of 39.
const LINE_BYTES: usize = FRAME_BYTES + 10;

/// Bounds with which nobody looks where the file is.
fn small(file_bytes_max: u64, batch_bytes: usize) -> Bounds {
    Bounds { file_bytes_max, batch_bytes, check_interval: Duration::MAX }
}

/// Bounds with which each batch is written to where the path leads by then.
fn watchful() -> Bounds {
    Bounds { check_interval: Duration::ZERO, ..Bounds::default() }
}

fn event(number: u32) -> String {
    format!("event {number:04}")
}

fn add(log: &mut LogFile, numbers: std::ops::Range<u32>) {
    for number in numbers {
        log.append(UNIX_EPOCH + Duration::from_secs(1), event(number).as_bytes());
    }
}

fn expected(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("1970-01-01T00:00:01.000000Z {}", event(number))).collect()
}

#[test]
fn lines_gather_until_a_batch_is_full_or_flushed() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path, small(1_000_000, 3 * LINE_BYTES)).unwrap();
    add(&mut log, 0..3);
    assert_eq!(directory.lines("A.log"), expected(0..0));
    add(&mut log, 3..4);
    assert_eq!(directory.lines("A.log"), expected(0..3));
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(0..4));
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(0..4));
}

#[test]
fn an_event_larger_than_a_batch_is_written_and_its_memory_given_back() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path, small(1_000_000, 100)).unwrap();
    log.append(UNIX_EPOCH, &[b'x'; 10_000]);
    log.flush();
    assert_eq!(directory.lines("A.log")[0].len(), TIMESTAMP_BYTES + 1 + 10_000);
    assert!(log.batch.capacity() < 1_000);
}

#[test]
fn a_file_is_appended_to_and_rotated_by_its_size_across_restarts() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let open = || LogFile::open_bounded(path.clone(), small(5 * LINE_BYTES as u64, 1)).unwrap();
    for start in [0, 2, 4, 6, 8, 10] {
        let mut log = open();
        add(&mut log, start..start + 2);
        log.flush();
        let size = fs::metadata(&path).unwrap().len();
        assert!(size <= 5 * LINE_BYTES as u64, "{size}");
    }
    // Two full files were put aside; of them the younger is kept.
    assert_eq!(directory.lines("A.log"), expected(10..12));
    assert_eq!(directory.lines("A.log.1"), expected(5..10));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_full_disk_costs_lines_but_nothing_else_and_is_told_of_afterwards() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path, small(1_000_000, 3 * LINE_BYTES)).unwrap();
    add(&mut log, 0..2);
    log.flush();
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let disk = log.target.replace(Target::of(full).unwrap());
    add(&mut log, 2..1_002);
    log.flush();
    assert!(log.batch.capacity() < 4 * LINE_BYTES);
    log.target = disk;
    add(&mut log, 1_002..1_003);
    log.flush();
    let lines = directory.lines("A.log");
    assert_eq!(lines[..2], expected(0..2));
    assert!(lines[2].contains(" WARN  1000 log lines were lost: No space left"), "{lines:?}");
    assert_eq!(lines[3..], expected(1_002..1_003));
}

#[test]
fn a_line_torn_by_a_failed_write_is_ended_before_the_next() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path, small(1_000_000, 1)).unwrap();
    let lines = "one\ntwo\nthr";
    log.target.as_mut().unwrap().write(&mut lines.as_bytes()).unwrap();
    add(&mut log, 0..1);
    log.flush();
    assert_eq!(directory.lines("A.log")[..3], ["one", "two", "thr"]);
    assert_eq!(directory.lines("A.log")[3..], expected(0..1));
}

#[test]
fn a_file_that_cannot_be_put_aside_grows_no_further() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path, small(10 * LINE_BYTES as u64, 1)).unwrap();
    let in_the_way = directory.path().join("A.log.1");
    fs::create_dir(&in_the_way).unwrap();
    add(&mut log, 0..30);
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(0..10));
    fs::remove_dir(&in_the_way).unwrap();
    add(&mut log, 30..31);
    log.flush();
    assert_eq!(directory.lines("A.log.1"), expected(0..10));
    let lines = directory.lines("A.log");
    assert!(lines[0].contains("20 log lines were lost: "), "{lines:?}");
    assert_eq!(lines[1..], expected(30..31));
}

#[test]
fn a_file_that_was_moved_is_followed_by_a_new_one() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), watchful()).unwrap();
    add(&mut log, 0..2);
    log.flush();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    add(&mut log, 2..3);
    log.flush();
    add(&mut log, 3..4);
    log.flush();
    assert_eq!(directory.lines("moved"), expected(0..2));
    let lines = directory.lines("A.log");
    assert!(lines[0].ends_with(" WARN  the log file was moved or removed: this is a new one"));
    assert_eq!(lines[1..], expected(2..4));
}

#[test]
fn a_file_that_was_removed_even_with_its_directory_is_made_anew() {
    let directory = Directory::new();
    let inner = directory.path().join("logs");
    let path = inner.join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), watchful()).unwrap();
    fs::remove_file(&path).unwrap();
    add(&mut log, 0..1);
    log.flush();
    assert_eq!(directory.lines("logs/A.log")[1..], expected(0..1));
    fs::remove_dir_all(&inner).unwrap();
    add(&mut log, 1..2);
    log.flush();
    assert_eq!(directory.lines("logs/A.log")[1..], expected(1..2));
}

/// What another put in the place of ours is opened, and neither written over nor put aside.
#[test]
fn a_full_file_that_was_replaced_is_not_put_aside() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), small(3 * LINE_BYTES as u64, 1)).unwrap();
    add(&mut log, 0..3);
    fs::rename(&path, directory.path().join("moved")).unwrap();
    fs::write(&path, "another's\n").unwrap();
    add(&mut log, 3..5);
    log.flush();
    assert_eq!(directory.lines("moved"), expected(0..3));
    assert_eq!(directory.lines("A.log")[0], "another's");
    assert_eq!(directory.lines("A.log")[1..], expected(3..5));
    assert!(!directory.path().join("A.log.1").exists());
}

#[test]
fn a_file_is_opened_anew_when_that_is_asked_for() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), small(1_000_000, 1_000)).unwrap();
    add(&mut log, 0..1);
    log.reopen().unwrap();
    assert_eq!(directory.lines("A.log"), expected(0..1), "it is where it was");
    fs::rename(&path, directory.path().join("moved")).unwrap();
    add(&mut log, 1..2);
    log.reopen().unwrap();
    assert_eq!(directory.lines("moved"), expected(0..2), "what had gathered is written first");
    add(&mut log, 2..3);
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(2..3));
}

/// Tries that until nobody has the lock: a process that another test has just forked has it, too, until it
/// runs its own program.
fn until_unlocked(mut open: impl FnMut() -> io::Result<()>) {
    let began = Instant::now();
    while let Err(error) = open() {
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
        assert!(began.elapsed() < Duration::from_secs(30), "it is still locked");
        thread::yield_now();
    }
}

#[test]
fn while_another_has_the_file_lines_are_lost_and_counted() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), watchful()).unwrap();
    fs::remove_file(&path).unwrap();
    let other = LogFile::open(path.clone()).unwrap();
    assert_eq!(log.reopen().unwrap_err().kind(), ErrorKind::ResourceBusy);
    add(&mut log, 0..2);
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(0..0));
    drop(other);
    until_unlocked(|| log.reopen());
    add(&mut log, 2..3);
    log.flush();
    let lines = directory.lines("A.log");
    assert!(lines[0].contains(" WARN  2 log lines were lost: another process writes to it"));
    assert_eq!(lines[1..], expected(2..3));
}

#[test]
fn a_file_that_was_put_aside_is_locked_no_more_and_the_new_one_is() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    let mut log = LogFile::open_bounded(path.clone(), small(2 * LINE_BYTES as u64, 1)).unwrap();
    add(&mut log, 0..3);
    log.flush();
    assert_eq!(directory.lines("A.log"), expected(2..3));
    assert!(LogFile::open(path.clone()).is_err());
    until_unlocked(|| LogFile::open(directory.path().join("A.log.1")).map(drop));
    drop(log);
    until_unlocked(|| LogFile::open(path.clone()).map(drop));
}

#[test]
fn a_pipe_that_nobody_reads_holds_nobody_up_and_what_is_lost_is_counted() {
    let directory = Directory::new();
    let path = directory.path().join("A.log");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut log = LogFile::open_bounded(path.clone(), small(1_000, 1_000)).unwrap();
    let count = 10_000;
    add(&mut log, 0..count);
    log.flush();
    // There is a writer, so this waits for none; and what is in the pipe is less than all.
    let mut reader = File::open(&path).unwrap();
    let mut text = String::new();
    let mut added = count;
    let mut bytes = [0; 4_096];
    while !text.ends_with(&format!("{}\n", event(added - 1))) {
        let read = reader.read(&mut bytes).unwrap();
        text.push_str(str::from_utf8(&bytes[..read]).unwrap());
        if read < bytes.len() && added == count {
            // It has been emptied: now there is room to say what was lost.
            add(&mut log, added..added + 1);
            log.flush();
            added += 1;
        }
    }
    let notes = text.lines().filter_map(|line| line.split_once(" WARN  "));
    let lost = notes.map(|(_, note)| {
        assert!(note.ends_with(" lost: the pipe was full"), "{note}");
        note.split_once(' ').unwrap().0.parse::<usize>().unwrap()
    });
    let lost: usize = lost.sum();
    let whole = text.lines().filter(|line| line.contains(" event ")).count();
    assert!(lost > 0 && whole + lost == added as usize, "{whole} and {lost} of {added}");
}

#[test]
fn an_event_cannot_forge_a_line_nor_steer_a_terminal() {
    let mut batch = Vec::new();
    append_as_one_line(&mut batch, b"a\nb\r\n\x1b[2Jc\td\x7f\0\xff");
    assert_eq!(batch, b"a\\nb\\r\\n\\x1b[2Jc\td\\x7f\\x00\xff");
}
