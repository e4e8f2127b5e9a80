//! The folder of a journal, from the start of its server on.

use super::files::{beginning, failure, numbers, path_of, read, sync_folder};
use super::forcing::Forcing;
use super::survey::{Survey, Trouble, survey};
use crate::daemon::Failure;
use crate::journal::{HeadError, Identity, file_name, read_head};
use crate::limits::JOURNAL_FILE_NUMBER_MAX;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Less than the shortest first line with a block behind it.
const BEGUN_BYTES_MIN: usize = 64;

/// A folder that is this server's alone for as long as this lives.
pub struct Folder {
    path: PathBuf,
    /// Locked.
    _lock: File,
    herd: String,
    server: String,
    /// Numbers and lengths in bytes, rising.
    segments: Vec<(u64, u64)>,
    next_number: u64,
    /// For what is read, one file at a time.
    buffer: Vec<u8>,
}

/// A segment that is handed over.
pub struct Segment<'a> {
    number: u64,
    bytes: u64,
    is_rotten: bool,
    survey: &'a Survey<'a>,
}

impl<'a> Segment<'a> {
    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its length, without a torn end, which has been cut off.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether something in it is not as it was written, so that it should be written anew.
    pub fn is_rotten(&self) -> bool {
        self.is_rotten
    }

    /// The lines of each good block, in order, with their line ends: see [`crate::journal::lines`].
    pub fn blocks(&self) -> impl Iterator<Item = &'a [u8]> {
        self.survey.blocks.iter().map(|block| block.lines)
    }
}

/// What was handed over, all in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Segments.
    pub files: usize,
    /// Good blocks.
    pub blocks: usize,
    /// Lines in them.
    pub lines: usize,
    /// Bytes of torn ends that have been cut off.
    pub torn_bytes: u64,
    /// The numbers of the segments in which something is not as it was written.
    pub rotten: Vec<u64>,
    /// When the newest block was written, in seconds since 1970.
    pub newest_posix_seconds: Option<u64>,
}

impl Folder {
    /// Makes the folder if there is none, locks it and sees whose it is. What is too old to be used
    /// by now is put aside.
    ///
    /// # Errors
    ///
    /// [`Failure::Run`] when another process has it, when one of its files is another server's or of a
    /// later format (then nothing has been changed), and when the disk fails.
    pub fn open(
        path: &Path,
        herd: &str,
        server: &str,
        tombstone_seconds: u64,
        now_posix_seconds: u64,
    ) -> Result<Folder, Failure> {
        make(path)?;
        let lock = lock(path)?;
        let numbers = numbers(path)?;
        let last = numbers.last().copied().unwrap_or(0);
        if last >= JOURNAL_FILE_NUMBER_MAX {
            return Err(failure(
                path,
                format_args!("there is no number after {}", file_name(last)),
            ));
        }
        let mut folder = Folder {
            path: path.to_owned(),
            _lock: lock,
            herd: herd.to_owned(),
            server: server.to_owned(),
            segments: vec![],
            next_number: last + 1,
            buffer: vec![],
        };
        for &number in &numbers {
            folder.look_whose(number)?;
        }
        for &number in &numbers {
            let path = path_of(path, number);
            let length = fs::metadata(&path).map_err(|error| failure(&path, error))?.len();
            folder.segments.push((number, length));
        }
        folder.put_old_aside(tombstone_seconds, now_posix_seconds)?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its segments: numbers and lengths in bytes, rising.
    pub fn segments(&self) -> &[(u64, u64)] {
        &self.segments
    }

    /// What the next segment is to be called, so that it comes behind all.
    pub fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Hands over each segment, in order; at most one is in memory at a time. Has the disk hold what a
    /// process that was killed had only handed over to the system, cuts off torn ends, and
    /// says in the log what is wrong. A segment of which nothing is left is removed and not handed over.
    ///
    /// # Errors
    ///
    /// [`Failure::Run`] when the disk fails, or a file is larger than
    /// [`JOURNAL_FILE_BYTES_MAX`](crate::limits::JOURNAL_FILE_BYTES_MAX).
    pub fn replay(&mut self, mut each: impl FnMut(&Segment<'_>)) -> Result<Replayed, Failure> {
        let mut replayed = Replayed::default();
        let mut buffer = std::mem::take(&mut self.buffer);
        let last = self.segments.last().map(|&(number, _)| number);
        let mut kept = Vec::with_capacity(self.segments.len());
        let forcing = Forcing::begin()?;
        for &(number, _) in &self.segments {
            let path = path_of(&self.path, number);
            read_again(&path, &mut buffer)?;
            let survey = survey(&buffer, &self.identity(number), last == Some(number));
            let bytes = self.mend(&path, &survey, &buffer, &forcing)?;
            replayed.torn_bytes += buffer.len() as u64 - bytes;
            if bytes == 0 {
                continue;
            }
            kept.push((number, bytes));
            let is_rotten = survey.troubles.iter().any(Trouble::is_rot);
            if is_rotten {
                replayed.rotten.push(number);
            }
            replayed.files += 1;
            replayed.blocks += survey.blocks.len();
            let lines = |lines: &[u8]| memchr::memchr_iter(b'\n', lines).count();
            replayed.lines += survey.blocks.iter().map(|block| lines(block.lines)).sum::<usize>();
            replayed.newest_posix_seconds =
                replayed.newest_posix_seconds.max(survey.newest_posix_seconds);
            each(&Segment { number, bytes, is_rotten, survey: &survey });
        }
        forcing.end()?;
        if !self.segments.is_empty() {
            sync_folder(&self.path)?;
        }
        self.segments = kept;
        Ok(replayed)
    }

    fn identity(&self, number: u64) -> Identity {
        Identity::new(&self.herd, &self.server, number)
    }

    /// Refuses a file that somebody else needs.
    fn look_whose(&self, number: u64) -> Result<(), Failure> {
        let path = path_of(&self.path, number);
        let id = match beginning(&path)?.as_deref().map(read_head) {
            Some(Ok(id)) => id,
            Some(Err(why @ HeadError::Newer(_))) => return Err(failure(&path, why)),
            // By their sums its blocks are judged, one by one.
            Some(Err(HeadError::Torn | HeadError::Rotten)) | None => return Ok(()),
        };
        if id.is_of_same_server(&self.identity(number)) {
            return Ok(());
        }
        let why = format_args!(
            "it is of {} of herd {}, not of {} of herd {}",
            id.server(),
            id.herd(),
            self.server,
            self.herd
        );
        Err(failure(&path, why))
    }

    /// Puts all segments into a folder of their own if no block is young enough.
    fn put_old_aside(&mut self, tombstone_seconds: u64, now: u64) -> Result<(), Failure> {
        let mut newest = None;
        let last = self.segments.last().map(|&(number, _)| number);
        // As a rule the last has a block that is.
        for &(number, _) in self.segments.iter().rev() {
            let path = path_of(&self.path, number);
            read_again(&path, &mut self.buffer)?;
            let id = Identity::new(&self.herd, &self.server, number);
            let survey = survey(&self.buffer, &id, last == Some(number));
            newest = newest.max(survey.newest_posix_seconds);
            if newest.is_some_and(|newest| now.saturating_sub(newest) <= tombstone_seconds) {
                return Ok(());
            }
        }
        let Some(newest) = newest else { return Ok(()) };
        let aside = self.path.join(format!("aside-{now}"));
        make(&aside)?;
        for &(number, _) in &self.segments {
            let (from, to) = (path_of(&self.path, number), path_of(&aside, number));
            fs::rename(&from, to).map_err(|error| failure(&from, error))?;
        }
        sync_folder(&aside)?;
        sync_folder(&self.path)?;
        log::warn!(
            "journal {}: its newest block was written {} s ago, and after {tombstone_seconds} s it \
             would bring back who was forgotten meanwhile: it is put aside into {}",
            self.path.display(),
            now - newest,
            aside.display()
        );
        self.segments.clear();
        Ok(())
    }

    /// Says what is wrong with a file of that many bytes, cuts off its torn end and has the rest forced; how
    /// many are left.
    fn mend(
        &self,
        path: &Path,
        survey: &Survey<'_>,
        bytes: &[u8],
        forcing: &Forcing,
    ) -> Result<u64, Failure> {
        let length = bytes.len() as u64;
        let mut left = length;
        for trouble in &survey.troubles {
            match trouble {
                Trouble::Torn { at, .. } => {
                    left = *at;
                    log::warn!("journal {}: {trouble}, is cut off", path.display());
                }
                rot => log::error!("journal {}: {rot}; the rest is used", path.display()),
            }
        }
        // What holds nothing good is kept for who wants to look at it; not what was hardly begun, or is of
        // zeros, as a power cut may leave it.
        let is_begun = bytes.len() >= BEGUN_BYTES_MIN && bytes.iter().any(|&byte| byte != 0);
        if survey.blocks.is_empty() && is_begun && !survey.troubles.is_empty() {
            let aside = path.with_extension("aside");
            fs::rename(path, &aside).map_err(|error| failure(path, error))?;
            log::error!(
                "journal {}: nothing in it is good: it is {} now",
                path.display(),
                aside.display()
            );
            return Ok(0);
        }
        let mend = || match left {
            0 => fs::remove_file(path),
            _ if left < length => OpenOptions::new().write(true).open(path)?.set_len(left),
            _ => Ok(()),
        };
        mend().map_err(|error| failure(path, error))?;
        if left > 0 {
            // The process before may have been killed before it had this forced, and what is taken in is
            // taken for safe.
            forcing.give(path.to_owned());
        }
        Ok(left)
    }
}

/// Makes a folder if there is none, for its owner only.
fn make(path: &Path) -> Result<(), Failure> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(failure(path, error)),
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

fn lock(path: &Path) -> Result<File, Failure> {
    let folder = File::open(path).map_err(|error| failure(path, error))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => Err(failure(path, "it is in use by another server")),
        Err(TryLockError::Error(error)) => Err(failure(path, error)),
    }
}

/// Reads a file that was there when the folder was opened.
fn read_again(path: &Path, bytes: &mut Vec<u8>) -> Result<(), Failure> {
    match read(path, bytes)? {
        true => Ok(()),
        false => Err(failure(path, "it has gone meanwhile")),
    }
}

#[cfg(test)]
mod tests;
