//! Small files that are there whole or not at all, whatever happens meanwhile.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The text of a file, or `None` if it is not there. Bytes that are no UTF-8 are replaced.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a file with these permissions, or puts it in the place of the one that is there.
///
/// # Errors
///
/// The directory cannot be written to.
pub fn replace(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let draft = Draft::write(path, contents, mode)?;
    fs::rename(&draft.path, path)
}

/// Makes a file with these permissions, unless there is one already: then `false`.
///
/// # Errors
///
/// The directory cannot be written to, or lies on a file system without hard links.
pub fn create(path: &Path, contents: &[u8], mode: u32) -> io::Result<bool> {
    let draft = Draft::write(path, contents, mode)?;
    // Unlike renaming, linking never takes the place of a file.
    match fs::hard_link(&draft.path, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The file under another name while it is written; that name is gone afterwards.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn write(path: &Path, contents: &[u8], mode: u32) -> io::Result<Draft> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{number}.new", process::id()));
        let path = path.with_file_name(name);
        // One that a killed process of the same number left behind.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let draft = Draft { path };
        file.write_all(contents)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Renamed, it is gone already; and there is nobody to tell of anything else.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::env;

    /// A directory of a test's own, gone with it.
    pub struct Scratch(PathBuf);

    impl Scratch {
        /// An empty directory.
        pub fn new() -> Scratch {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("herd-places-{}-{number}", process::id()));
            fs::create_dir_all(&path).expect("a directory for the test");
            Scratch(path)
        }

        /// Where it is.
        pub fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is_left() {
        let scratch = Scratch::new();
        let path = scratch.path().join("file");
        assert_eq!(read(&path).expect("readable"), None);
        replace(&path, b"one", 0o644).expect("written");
        assert_eq!(read(&path).expect("readable").as_deref(), Some("one"));
        replace(&path, b"two", 0o600).expect("written");
        assert_eq!(read(&path).expect("readable").as_deref(), Some("two"));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(scratch.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn creating_never_takes_a_files_place() {
        let scratch = Scratch::new();
        let path = scratch.path().join("file");
        assert!(create(&path, b"one", 0o600).expect("written"));
        assert!(!create(&path, b"two", 0o600).expect("looked"));
        assert_eq!(read(&path).expect("readable").as_deref(), Some("one"));
        assert_eq!(fs::read_dir(scratch.path()).expect("a directory").count(), 1);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let scratch = Scratch::new();
        assert!(replace(&scratch.path().join("no/file"), b"", 0o600).is_err());
        assert!(create(&scratch.path().join("no/file"), b"", 0o600).is_err());
        assert!(read(scratch.path()).is_err(), "a directory is no file");
    }
}
