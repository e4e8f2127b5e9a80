//! One file that is appended to: how it is made, and what it takes for the disk to hold it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// A file, shared by the loop, which appends to it, and the helper thread, which forces it.
#[derive(Debug)]
pub struct Held {
    file: File,
    path: PathBuf,
    /// Whether the disk holds its name.
    is_named: AtomicBool,
    /// Whether the disk has failed to hold what was appended.
    is_spoilt: AtomicBool,
}

impl Held {
    /// Makes a file where there is nothing, for its owner alone. Since nothing that is there is ever
    /// opened, not even by a link, nobody can have the loop wait at a pipe or write to a device.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Held::new(file, path))
    }

    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Held { file, path, is_named: AtomicBool::new(false), is_spoilt: AtomicBool::new(false) }
    }

    /// Hands all these bytes to the system, behind what is there; of which it may take a part only.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// How long it is.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// How many more bytes there is room for in its file system; None if the system does not say.
    pub fn room(&self) -> Option<u64> {
        let of_all = rustix::fs::fstatvfs(&self.file).ok()?;
        Some(of_all.f_bavail.saturating_mul(of_all.f_frsize))
    }

    /// Waits until the disk holds what was appended, and the file's name.
    pub fn force(&self) -> io::Result<()> {
        self.force_with(File::sync_data, File::sync_all)
    }

    fn force_with(
        &self,
        sync_data: impl FnOnce(&File) -> io::Result<()>,
        sync_folder: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        // The system says once that it could not write something; then it may have given that up.
        if self.is_spoilt.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk has failed to hold what was written before"));
        }
        let spoil = |_: &io::Error| self.is_spoilt.store(true, Ordering::Relaxed);
        sync_data(&self.file).inspect_err(spoil)?;
        if !self.is_named.load(Ordering::Relaxed)
            && let Some(folder) = open_folder(&self.path)?
        {
            match sync_folder(&folder) {
                // Some file systems cannot sync folders, and hold names without.
                Err(error) if error.kind() == ErrorKind::InvalidInput => {}
                outcome => outcome.inspect_err(spoil)?,
            }
        }
        // Looked at last: what is at its place now was so while it was synced.
        let is_there = self.is_at_its_place()?;
        self.is_named.store(is_there, Ordering::Relaxed);
        let gone = || format!("{} is no longer at its place", self.path.display());
        if is_there { Ok(()) } else { Err(io::Error::new(ErrorKind::NotFound, gone())) }
    }

    /// Whether what is at its path is this file.
    fn is_at_its_place(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
            Err(error) if is_nowhere(error.kind()) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether an error says that there is no such path.
fn is_nowhere(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The folder in which the name of that file is, if it is there. The dot behind it is so only in a
/// folder: a pipe in its place is not waited at.
fn open_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = path.parent().unwrap_or(Path::new("")).join(".");
    match File::open(folder) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if is_nowhere(error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::env;

    /// A file in a folder of the test's own.
    fn held(name: &str) -> (Held, PathBuf) {
        let name = format!("herd-held-{name}-{}", std::process::id());
        let folder = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        (Held::create(folder.join("feed")).unwrap(), folder)
    }

    /// How often the folder is synced by that many forces.
    fn folder_syncs(held: &Held, forces: u32) -> u32 {
        let synced = Cell::new(0);
        for _ in 0..forces {
            let sync = |folder: &File| {
                assert!(folder.metadata()?.is_dir());
                synced.set(synced.get() + 1);
                Ok(())
            };
            held.force_with(File::sync_data, sync).unwrap();
        }
        synced.get()
    }

    #[test]
    fn the_first_force_syncs_the_folder_too() {
        let (held, folder) = held("first");
        assert_eq!(folder_syncs(&held, 3), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_was_moved_away_and_back_is_named_anew() {
        let (held, folder) = held("moved");
        assert_eq!(folder_syncs(&held, 1), 1);
        let (path, away) = (folder.join("feed"), folder.join("away"));
        fs::rename(&path, &away).unwrap();
        assert_eq!(held.force().unwrap_err().kind(), ErrorKind::NotFound);
        fs::rename(&away, &path).unwrap();
        assert_eq!(folder_syncs(&held, 2), 1);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_synced_is_as_good_as_synced() {
        let (held, folder) = held("cannot");
        held.force_with(File::sync_data, |_| Err(ErrorKind::InvalidInput.into())).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_the_disk_has_once_failed_to_hold_is_never_said_to_be_held() {
        let fails = |_: &File| Err(ErrorKind::StorageFull.into());
        let (held, folder) = held("data");
        let failed = held.force_with(fails, File::sync_all).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::StorageFull);
        assert!(held.force().unwrap_err().to_string().contains("failed to hold"));
        fs::remove_file(folder.join("feed")).unwrap();
        let held = Held::create(folder.join("feed")).unwrap();
        held.force_with(File::sync_data, fails).unwrap_err();
        assert!(held.force().unwrap_err().to_string().contains("failed to hold"));
        fs::remove_dir_all(folder).unwrap();
    }
}
