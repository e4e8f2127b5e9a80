//! The key for Places, from a file or the environment; and files that hold secrets.

use super::Failure;
use crate::limits;
use crate::places::Key;
use std::env::VarError;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The environment's variable for it.
pub(super) const KEY_VARIABLE: &str = "GOOGLE_PLACES_API_KEY";

/// The key, if there is one, from the value of [`KEY_VARIABLE`]. That it is empty says nothing.
pub(super) fn in_environment(value: Result<String, VarError>) -> Result<Option<Key>, Failure> {
    let fail = |why: &dyn Display| Failure::Usage(format!("{KEY_VARIABLE}{why}"));
    match value {
        Ok(key) if !key.is_empty() => {
            Key::new(&key).map(Some).map_err(|error| fail(&format_args!(": {error}")))
        }
        Ok(_) | Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(fail(&" is not UTF-8")),
    }
}

/// Permissions of a file for others than its owner (POSIX).
const MODE_OF_OTHERS: u32 = 0o077;
/// All permissions of a file.
const MODE_OF_ALL: u32 = 0o777;

/// The key in a file.
pub(super) fn in_file(path: &Path) -> Result<Key, Failure> {
    let fail = |why: &dyn Display| Failure::Usage(format!("--places-key-file {path:?}: {why}"));
    let line = secret_line(path, limits::PLACES_KEY_BYTES_MAX).map_err(|error| fail(&error))?;
    Key::new(&line).map_err(|error| fail(&error))
}

/// What a file holds; a line end behind it is not part of it. Refused if anybody but the owner may do anything
/// with the file. Of what is longer than `bytes_max`, so much that it can be seen.
pub(super) fn secret_line(path: &Path, bytes_max: usize) -> io::Result<String> {
    // One byte more than the longest and its line end can have.
    let (mode, content) = read(path, bytes_max as u64 + 3)?;
    if mode & MODE_OF_OTHERS != 0 {
        let mode = mode & MODE_OF_ALL;
        let why = format!("others than its owner may use it (mode {mode:03o}): chmod 600 it");
        return Err(io::Error::other(why));
    }
    let line = content.strip_suffix(b"\n").unwrap_or(&content);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8(line.to_vec()).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// A file's mode and the beginning of its content: of the very file that is read. It is a regular one: what
/// blocks whoever opens or reads it, such as a FIFO or a terminal, would stop the server.
pub(super) fn read(path: &Path, bytes: u64) -> io::Result<(u32, Vec<u8>)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    file.take(bytes).read_to_end(&mut content)?;
    Ok((metadata.mode(), content))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Directory;
    use super::*;
    use std::ffi::OsString;
    use std::fs::{self, Permissions};
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_file_is_used_only_if_it_is_its_owner_s_alone() {
        let directory = Directory::new();
        let path = directory.file("key", b"AIzaSecret\n");
        for (mode, usable) in [
            (0o600, true),
            (0o400, true),
            (0o700, true),
            (0o640, false),
            (0o620, false),
            (0o610, false),
            (0o604, false),
            (0o602, false),
            (0o601, false),
            (0o644, false),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match in_file(&path) {
                Ok(key) => assert!(usable && key.in_header() == "AIzaSecret", "{mode:o}"),
                Err(Failure::Usage(why)) => {
                    assert!(!usable && why.contains(&format!("mode {mode:o}")), "{why}");
                    assert!(why.starts_with("--places-key-file ") && !why.contains("AIza"));
                }
                Err(Failure::Run(why)) => panic!("{why}"),
            }
        }
    }

    #[test]
    fn a_key_file_holds_one_line() {
        let directory = Directory::new();
        let path = directory.file("key", b"");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for (content, usable) in [
            (&b"AIzaSecret"[..], true),
            (b"AIzaSecret\n", true),
            (b"AIzaSecret\r\n", true),
            (b"", false),
            (b"\n", false),
            (b"AIzaSecret\n\n", false),
            (b"AIzaSecret \n", false),
            (b"AIza\xffSecret", false),
        ] {
            fs::write(&path, content).unwrap();
            match in_file(&path) {
                Ok(key) => assert!(usable && key.in_header() == "AIzaSecret", "{content:?}"),
                Err(why) => assert!(!usable && !why.to_string().contains("AIza"), "{why}"),
            }
        }
    }

    #[test]
    fn what_is_no_key_file_is_wrong_usage() {
        let directory = Directory::new();
        let long = directory.file("long", &[b'x'; limits::PLACES_KEY_BYTES_MAX + 10]);
        fs::set_permissions(&long, Permissions::from_mode(0o600)).unwrap();
        for path in [long, directory.path().join("none"), directory.path().to_owned()] {
            let failure = in_file(&path).unwrap_err();
            assert_eq!(failure.exit_status(), 2, "{failure}");
            assert!(failure.to_string().contains(path.to_str().unwrap()), "{failure}");
        }
    }

    #[test]
    fn a_variable_that_is_empty_or_missing_is_no_key() {
        assert_eq!(in_environment(Err(VarError::NotPresent)), Ok(None));
        assert_eq!(in_environment(Ok(String::new())), Ok(None));
        assert_eq!(in_environment(Ok("key".to_owned())), Ok(Some(Key::new("key").unwrap())));
        for wrong in [
            in_environment(Ok("two words".to_owned())),
            in_environment(Err(VarError::NotUnicode(OsString::from_vec(vec![0xff])))),
        ] {
            let failure = wrong.unwrap_err();
            assert_eq!(failure.exit_status(), 2);
            assert!(failure.to_string().starts_with(KEY_VARIABLE), "{failure}");
        }
    }
}
