//! One bounded file of log lines: stamped, kept apart, gathered, written in batches, rotated, and
//! opened anew when somebody has moved or removed it.
//!
//! Writing may fail (the disk is full, the directory cannot be written to, a pipe has no reader);
//! logging goes on without blocking, panicking or piling up memory: the lines are dropped and
//! counted, and the count is the first thing written when writing works again. Only a disk that does
//! not answer holds up whoever flushes, as writing to a file cannot be made not to wait.

use super::clock::LogClock;
use super::target::Target;
use super::timestamp::{TIMESTAMP_BYTES, Timestamp};
use crate::limits::{LOG_BATCH_BYTES, LOG_CHECK_INTERVAL, LOG_FILE_BYTES_MAX};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// Bytes around an event's text: the time stamp, a space, the line end.
const FRAME_BYTES: usize = TIMESTAMP_BYTES + 2;

/// Lines that could not be written.
struct Loss {
    lines: u64,
    /// Why the last of them was lost.
    cause: io::Error,
}

/// How much, and how often.
#[derive(Clone, Copy)]
struct Bounds {
    /// Of a file.
    file_bytes_max: u64,
    /// Gathered before it is written.
    batch_bytes: usize,
    /// Between looks whether the file is still at its path.
    check_interval: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            file_bytes_max: LOG_FILE_BYTES_MAX,
            batch_bytes: LOG_BATCH_BYTES,
            check_interval: LOG_CHECK_INTERVAL,
        }
    }
}

/// The file and the lines that wait to be written to it.
pub(super) struct LogFile {
    path: PathBuf,
    /// Where a full file is put, in place of the one put there before.
    old_path: PathBuf,
    /// `None` after the last was put aside or lost, until the next could be opened.
    target: Option<Target>,
    /// When the path was looked at last.
    checked: Instant,
    bounds: Bounds,
    /// Whole lines.
    batch: Vec<u8>,
    /// Since the last write that worked.
    loss: Option<Loss>,
    clock: LogClock,
    timestamp: Timestamp,
}

impl LogFile {
    /// Opens the file to append to it; makes it and its directory if need be.
    ///
    /// # Errors
    ///
    /// When it cannot be opened or another process writes to it: see [`Target::open`].
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        LogFile::open_bounded(path, Bounds::default())
    }

    fn open_bounded(path: PathBuf, bounds: Bounds) -> io::Result<Self> {
        let mut old_path = path.clone().into_os_string();
        old_path.push(".1");
        Ok(LogFile {
            target: Some(Target::open(&path)?),
            path,
            old_path: PathBuf::from(old_path),
            checked: Instant::now(),
            bounds,
            batch: Vec::with_capacity(bounds.batch_bytes),
            loss: None,
            clock: LogClock::new(),
            timestamp: Timestamp::new(),
        })
    }

    /// Adds one event as one line, at the time of that turn (in nanoseconds after the epoch) or at
    /// its own. What `is_clean` holds no control character.
    pub(super) fn log(&mut self, turn: Option<i64>, event: &[u8], is_clean: bool) {
        let time = self.clock.in_turn(turn);
        debug_assert!(!(is_clean && has_control(event)), "that is not clean");
        let append = if is_clean { Vec::extend_from_slice } else { append_as_one_line };
        self.append_by(append, time, event);
    }

    #[cfg(test)]
    fn append(&mut self, time: SystemTime, event: &[u8]) {
        self.append_by(append_as_one_line, time, event);
    }

    #[inline]
    fn append_by(
        &mut self,
        append: impl FnOnce(&mut Vec<u8>, &[u8]),
        time: SystemTime,
        event: &[u8],
    ) {
        if self.batch.len() + FRAME_BYTES + event.len() > self.bounds.batch_bytes {
            self.flush();
        }
        self.batch.reserve(FRAME_BYTES + event.len());
        self.batch.extend_from_slice(self.timestamp.at(time));
        self.batch.push(b' ');
        append(&mut self.batch, event);
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
        batch.shrink_to(self.bounds.batch_bytes); // one huge event must not hold memory for ever
        self.batch = batch;
    }

    /// Writes what has gathered and opens the file anew if it is not at its path any more.
    ///
    /// # Errors
    ///
    /// When it cannot be opened; it is tried again with each batch.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.flush();
        self.follow_path().map(|_| ())
    }

    /// Writes the lines of `rest`, and before them what was lost earlier; leaves in `rest` what is
    /// not written.
    fn write_batch(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        let note = self.notes()?;
        self.make_room(note.len() + rest.len())?;
        let Some(target) = &mut self.target else { return Err(ErrorKind::NotFound.into()) };
        if target.is_torn() {
            target.write(&mut b"\n".as_slice())?;
        }
        target.write(&mut note.as_slice())?;
        self.loss = None;
        target.write(rest)
    }

    /// What is to be said about the log itself: that this is another file, that lines were lost.
    fn notes(&mut self) -> io::Result<Vec<u8>> {
        let due = self.checked.elapsed() >= self.bounds.check_interval;
        let mut notes = Vec::new();
        if (due || self.target.is_none()) && self.follow_path()? {
            let said = "WARN  the log file was moved or removed: this is a new one";
            self.add_note(&mut notes, said);
        }
        if let Some(loss) = &self.loss {
            let said = loss.to_string();
            self.add_note(&mut notes, &said);
        }
        Ok(notes)
    }

    fn add_note(&mut self, notes: &mut Vec<u8>, said: &str) {
        notes.extend_from_slice(self.timestamp.at(SystemTime::now()));
        notes.push(b' ');
        append_as_one_line(notes, said.as_bytes());
        notes.push(b'\n');
    }

    /// Sees to it that what is open is what is at the path. Whether something else was open.
    fn follow_path(&mut self) -> io::Result<bool> {
        self.checked = Instant::now();
        if self.target.as_ref().is_some_and(|target| target.is_at(&self.path)) {
            return Ok(false);
        }
        let was_open = self.target.is_some();
        self.open_anew()?;
        Ok(was_open)
    }

    /// The file before stays open, and locked, until the next one is.
    fn open_anew(&mut self) -> io::Result<()> {
        let _before = self.target.take();
        self.target = Some(Target::open(&self.path)?);
        Ok(())
    }

    /// Puts a full file aside, so that the next `bytes` go to an empty one.
    fn make_room(&mut self, bytes: usize) -> io::Result<()> {
        let Some(target) = &self.target else { return Ok(()) };
        if !target.is_full(bytes, self.bounds.file_bytes_max) {
            return Ok(());
        }
        // What else may have come to the path meanwhile is not ours to put aside.
        if target.is_at(&self.path) {
            self.drop_old();
            fs::rename(&self.path, &self.old_path)?;
        }
        self.open_anew()
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
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = if self.lines == 1 { "line was" } else { "lines were" };
        write!(f, "WARN  {} log {lines} lost: ", self.lines)?;
        match self.cause.kind() {
            ErrorKind::WouldBlock => f.write_str("the pipe was full"),
            _ => write!(f, "{}", self.cause),
        }
    }
}

/// Appends `event` with its control characters (but tabs) spelt out, so that nothing in it can end
/// the line and pass for another, or tell a terminal what to do.
///
/// Whoever logs what a peer sent shows it by [`Printable`](crate::wire::Printable), which leaves no
/// control character: here the scan finds nothing then, and nothing is escaped twice (and lines in and
/// out, of which there are most, are not even scanned). It is the guard for all else that is logged:
/// messages of panics, of the system, of libraries.
fn append_as_one_line(batch: &mut Vec<u8>, event: &[u8]) {
    if !has_control(event) {
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

fn has_control(event: &[u8]) -> bool {
    // A fold looks at all bytes but without branches: many at a time.
    event.iter().fold(0, |found, byte| found | u8::from(is_control(*byte))) != 0
}

fn is_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') | (byte == 0x7f)
}

#[cfg(test)]
pub(super) mod tests;
