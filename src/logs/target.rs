//! What lies at the log's path, opened: a file that only we write to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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
    /// Opens what is at that path to append to it; makes the file and its directory if need be.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
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
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        let file = options.open(path)?;
        let target = Target::of(file)?;
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
    /// When the system takes no more.
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

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn devices_are_anybody_s_and_never_full() {
        let null = Path::new("/dev/null");
        let mut one = Target::open(null).unwrap();
        assert!(Target::open(null).is_ok());
        one.write(&mut [b'x'; 100].as_slice()).unwrap();
        assert!(!one.is_full(100, 10) && one.is_torn());
    }
}
