//! What lies at the log's path, opened: a file that only we write to, or a pipe that never makes us
//! wait.

use socket2::SockRef;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Positions are personal data: they are for the owner, and for a group that may read them.
const FILE_MODE: u32 = 0o640;
/// The same for a directory that is made.
const DIRECTORY_MODE: u32 = 0o750;
/// How often in a row the file may be moved away between its opening and its locking.
const OPENS_MAX: usize = 8;

/// An open log file.
pub(super) struct Target {
    file: File,
    /// Device and inode: which file it is, whatever its name is by now.
    identity: (u64, u64),
    /// A pipe or a device is never full, and not ours to put aside.
    is_regular: bool,
    bytes: u64,
    /// The last write ended inside a line.
    torn: bool,
}

impl Target {
    /// Opens what is at that path to append to it; makes the file and its directory if need be. A
    /// file is locked as long as it is open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ResourceBusy`] if another process has the file locked, which has not been
    /// touched then.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
        }
        for _ in 0..OPENS_MAX {
            let target = Target::open_once(path)?;
            // Else it was put aside by whoever had it locked until just now.
            if target.is_at(path) {
                return Ok(target);
            }
        }
        Err(io::Error::other("another file is there each time that it is opened"))
    }

    fn open_once(path: &Path) -> io::Result<Self> {
        let is_pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
        // A pipe that is opened to be read as well needs no reader yet, and outlasts it.
        let mut options = OpenOptions::new();
        options.append(true).read(is_pipe).create(!is_pipe).mode(FILE_MODE);
        let file = options.open(path)?;
        if is_pipe {
            // That holds of any descriptor, whatever the name says.
            SockRef::from(&file).set_nonblocking(true)?;
        }
        let target = Target::of(file)?;
        if target.is_regular {
            lock(&target.file)?;
        }
        Ok(target)
    }

    /// An open file, as it is.
    pub(super) fn of(file: File) -> io::Result<Self> {
        let found = file.metadata()?;
        Ok(Target {
            identity: (found.dev(), found.ino()),
            is_regular: found.is_file(),
            bytes: found.len(),
            torn: false,
            file,
        })
    }

    /// Whether it is what is found at that path.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
    }

    /// Whether it is a file that would be larger than `bytes_max` with so many bytes more. An empty
    /// one is not, or nothing large could ever be written.
    pub(super) fn is_full(&self, bytes: usize, bytes_max: u64) -> bool {
        self.is_regular && self.bytes > 0 && self.bytes + bytes as u64 > bytes_max
    }

    /// Whether the next line has to begin with a line end.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Writes all of `rest`; leaves in it what is not written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`] if it is a pipe that is full. A file cannot be asked not to wait:
    /// while its disk does not answer, neither do we.
    pub(super) fn write(&mut self, rest: &mut &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let written = match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.bytes += written as u64;
            self.torn = rest[written - 1] != b'\n';
            *rest = &rest[written..];
        }
        Ok(())
    }
}

/// Two servers that write and rotate the same file destroy each other's log.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let why = "another process writes to it (does this server run already? Servers that share \
                       a --log-dir need names of their own)";
            Err(io::Error::new(ErrorKind::ResourceBusy, why))
        }
        // Some file systems have no locks: the log is worth more than its being guarded.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::Directory;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn strangers_may_read_neither_the_file_nor_the_directory_that_is_made() {
        let directory = Directory::new();
        let made = directory.path().join("a/b");
        let path = made.join("A.log");
        Target::open(&path).unwrap();
        assert_eq!((mode(&path) & !0o640, mode(&path) & 0o600), (0, 0o600));
        for directory in [made.as_path(), made.parent().unwrap()] {
            assert_eq!((mode(directory) & !0o750, mode(directory) & 0o700), (0, 0o700));
        }
    }

    #[test]
    fn a_file_that_is_written_to_is_refused_and_not_touched() {
        let directory = Directory::new();
        let path = directory.path().join("A.log");
        let mut first = Target::open(&path).unwrap();
        first.write(&mut b"one\n".as_slice()).unwrap();
        let changed =
            || fs::metadata(&path).map(|found| (found.len(), found.mtime_nsec())).unwrap();
        let before = changed();
        let error = Target::open(&path).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
        assert_eq!(changed(), before);
        // Put aside, it is still locked; what comes to its place is not.
        fs::rename(&path, directory.path().join("A.log.1")).unwrap();
        let second = Target::open(&path).unwrap();
        assert!(second.is_at(&path) && !first.is_at(&path));
        assert!(Target::open(&directory.path().join("A.log.1")).is_err());
        drop(first);
        assert!(Target::open(&directory.path().join("A.log.1")).is_ok());
    }

    #[test]
    fn devices_are_anybody_s_and_never_full() {
        let null = Path::new("/dev/null");
        let mut one = Target::open(null).unwrap();
        assert!(Target::open(null).is_ok());
        one.write(&mut [b'x'; 100].as_slice()).unwrap();
        assert!(!one.is_full(100, 10) && one.is_torn());
    }
}
