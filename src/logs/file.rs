//! One bounded file of log lines: stamped, kept apart, gathered, written in batches, rotated.
//!
//! Writing may fail (the disk is full, the directory is gone); logging goes on without blocking,
//! panicking or piling up memory: the lines are dropped and counted, and the count is the first
//! thing written when writing works again.

use super::timestamp::{TIMESTAMP_BYTES, Timestamp};
use crate::limits::{LOG_BATCH_BYTES, LOG_FILE_BYTES_MAX};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::thread;
use std::time::SystemTime;

/// Bytes around an event's text: the time stamp, a space, the line end.
const FRAME_BYTES: usize = TIMESTAMP_BYTES + 2;

/// Lines that could not be written.
struct Loss {
    lines: u64,
    /// Why the last of them was lost.
    cause: io::Error,
}

/// The file and the lines that wait to be written to it.
pub(super) struct LogFile {
    path: PathBuf,
    /// Where a full file is put, in place of the one put there before.
    old_path: PathBuf,
    /// `None` after rotation until the new file could be opened.
    file: Option<File>,
    file_bytes: u64,
    file_bytes_max: u64,
    batch_bytes: usize,
    /// Whole lines.
    batch: Vec<u8>,
    /// The last write ended inside a line.
    torn: bool,
    /// Since the last write that worked.
    loss: Option<Loss>,
    timestamp: Timestamp,
}

impl LogFile {
    /// Opens the file to append to it; makes it and its directory if need be.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        LogFile::open_bounded(path, LOG_FILE_BYTES_MAX, LOG_BATCH_BYTES)
    }

    fn open_bounded(path: PathBuf, file_bytes_max: u64, batch_bytes: usize) -> io::Result<Self> {
        let mut old_path = path.clone().into_os_string();
        old_path.push(".1");
        let mut log = LogFile {
            path,
            old_path: PathBuf::from(old_path),
            file: None,
            file_bytes: 0,
            file_bytes_max,
            batch_bytes,
            batch: Vec::with_capacity(batch_bytes),
            torn: false,
            loss: None,
            timestamp: Timestamp::new(),
        };
        log.reopen()?;
        Ok(log)
    }

    /// Adds one event as one line.
    pub(super) fn append(&mut self, time: SystemTime, event: &[u8]) {
        if self.batch.len() + FRAME_BYTES + event.len() > self.batch_bytes {
            self.flush();
        }
        self.batch.extend_from_slice(self.timestamp.at(time));
        self.batch.push(b' ');
        append_as_one_line(&mut self.batch, event);
        self.batch.push(b'\n');
    }

    /// Writes what has gathered; what cannot be written is dropped and counted.
    pub(super) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        let mut rest = batch.as_slice();
        if let Err(cause) = self.write_batch(&mut rest) {
            let before = self.loss.take().map_or(0, |loss| loss.lines);
            let lines = before + memchr::memchr_iter(b'\n', rest).count() as u64;
            self.loss = Some(Loss { lines, cause });
        }
        batch.clear();
        batch.shrink_to(self.batch_bytes); // one huge event must not hold memory for ever
        self.batch = batch;
    }

    /// Writes the lines of `rest`, and before them what was lost earlier; leaves in `rest` what is
    /// not written.
    fn write_batch(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        let note = self.loss.as_ref().map(|loss| loss_line(&mut self.timestamp, loss));
        let note = note.unwrap_or_default();
        self.make_room(note.len() + rest.len())?;
        if self.torn {
            self.write(&mut b"\n".as_slice())?;
        }
        self.write(&mut note.as_slice())?;
        self.loss = None;
        self.write(rest)
    }

    /// Puts a full file aside, so that the next `bytes` go to an empty one.
    fn make_room(&mut self, bytes: usize) -> io::Result<()> {
        let full = self.file_bytes > 0 && self.file_bytes + bytes as u64 > self.file_bytes_max;
        if self.file.is_some() && full {
            self.drop_old();
            fs::rename(&self.path, &self.old_path)?;
            self.file = None;
        }
        if self.file.is_none() { self.reopen() } else { Ok(()) }
    }

    /// Removes the old file, if there is one, without waiting for it: to free a large file takes
    /// tens of milliseconds, and happens where it is closed last. (To rename over it would wait
    /// besides, on ext4, until the younger one is on the disk.)
    fn drop_old(&self) {
        if let Ok(outdated) = File::open(&self.old_path)
            && fs::remove_file(&self.old_path).is_ok()
        {
            // Without another thread it is closed here.
            let _ = thread::Builder::new().spawn(move || drop(outdated));
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        self.file_bytes = file.metadata()?.len();
        self.file = Some(file);
        self.torn = false;
        Ok(())
    }

    /// Writes all of `rest`; leaves in it what is not written.
    fn write(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(ErrorKind::NotFound.into()) };
        while !rest.is_empty() {
            let written = match file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.file_bytes += written as u64;
            self.torn = rest[written - 1] != b'\n';
            *rest = &rest[written..];
        }
        Ok(())
    }
}

fn loss_line(timestamp: &mut Timestamp, loss: &Loss) -> Vec<u8> {
    let mut line = timestamp.at(SystemTime::now()).to_vec();
    let lines = if loss.lines == 1 { "line was" } else { "lines were" };
    let said = format!(" WARN  {} log {lines} lost: {}\n", loss.lines, loss.cause);
    line.extend_from_slice(said.as_bytes());
    line
}

/// Appends `event` with its control characters (but tabs) spelt out, so that nothing in it can end
/// the line and pass for another, or tell a terminal what to do.
///
/// Whoever logs what a peer sent shows it by [`Printable`](crate::wire::Printable), which leaves no
/// control character: here the scan finds nothing then, and nothing is escaped twice. It is the
/// guard for all else that is logged: messages of panics, of the system, of libraries.
fn append_as_one_line(batch: &mut Vec<u8>, event: &[u8]) {
    // A fold looks at all bytes but without branches: many at a time.
    if event.iter().fold(0, |found, byte| found | u8::from(is_control(*byte))) == 0 {
        batch.extend_from_slice(event);
        return;
    }
    for &byte in event {
        match byte {
            b'\n' => batch.extend_from_slice(b"\\n"),
            b'\r' => batch.extend_from_slice(b"\\r"),
            byte if is_control(byte) => {
                let digit = |value: u8| b"0123456789abcdef"[usize::from(value & 0xf)];
                batch.extend_from_slice(&[b'\\', b'x', digit(byte >> 4), digit(byte)]);
            }
            byte => batch.push(byte),
        }
    }
}

fn is_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') | (byte == 0x7f)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{Duration, UNIX_EPOCH};

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
        let mut log = LogFile::open_bounded(path, 1_000_000, 3 * LINE_BYTES).unwrap();
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
        let mut log = LogFile::open_bounded(path, 1_000_000, 100).unwrap();
        log.append(UNIX_EPOCH, &[b'x'; 10_000]);
        log.flush();
        assert_eq!(directory.lines("A.log")[0].len(), TIMESTAMP_BYTES + 1 + 10_000);
        assert!(log.batch.capacity() < 1_000);
    }

    #[test]
    fn a_file_is_appended_to_and_rotated_by_its_size_across_restarts() {
        let directory = Directory::new();
        let path = directory.path().join("A.log");
        let open = || LogFile::open_bounded(path.clone(), 5 * LINE_BYTES as u64, 1).unwrap();
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
        let mut log = LogFile::open_bounded(path, 1_000_000, 3 * LINE_BYTES).unwrap();
        add(&mut log, 0..2);
        log.flush();
        let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let disk = log.file.replace(full);
        add(&mut log, 2..1_002);
        log.flush();
        assert!(log.batch.capacity() < 4 * LINE_BYTES);
        log.file = disk;
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
        let mut log = LogFile::open_bounded(path, 1_000_000, 1).unwrap();
        let lines = "one\ntwo\nthr";
        log.write(&mut lines.as_bytes()).unwrap();
        add(&mut log, 0..1);
        log.flush();
        assert_eq!(directory.lines("A.log")[..3], ["one", "two", "thr"]);
        assert_eq!(directory.lines("A.log")[3..], expected(0..1));
    }

    #[test]
    fn a_file_that_cannot_be_put_aside_grows_no_further() {
        let directory = Directory::new();
        let path = directory.path().join("A.log");
        let mut log = LogFile::open_bounded(path, 10 * LINE_BYTES as u64, 1).unwrap();
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
    fn an_event_cannot_forge_a_line_nor_steer_a_terminal() {
        let mut batch = Vec::new();
        append_as_one_line(&mut batch, b"a\nb\r\n\x1b[2Jc\td\x7f\0\xff");
        assert_eq!(batch, b"a\\nb\\r\\n\\x1b[2Jc\td\\x7f\\x00\xff");
    }
}
