//! Lists and reads the files of a journal. Failures name the path and the reason.

use crate::daemon::Failure;
use crate::journal::{file_name, file_number};
use crate::limits::JOURNAL_FILE_BYTES_MAX;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// More than any first line.
const BEGINNING_BYTES: u64 = 1_024;

/// That what is at `path` failed, and why.
pub fn failure(path: &Path, why: impl Display) -> Failure {
    Failure::Run(format!("journal {}: {why}", path.display()))
}

/// Where the file of that number is.
pub fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(file_name(number))
}

/// The numbers of the files in a folder, rising. All else in it is passed over.
pub fn numbers(folder: &Path) -> Result<Vec<u64>, Failure> {
    let list = || -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            numbers.extend(entry?.file_name().to_str().and_then(file_number));
        }
        numbers.sort_unstable();
        Ok(numbers)
    };
    list().map_err(|error| failure(folder, error))
}

/// The beginning of a file, with its first line. `None` if there is no such file.
pub fn beginning(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(BEGINNING_BYTES).read_to_end(&mut bytes).map_err(|error| failure(path, error))?;
    Ok(Some(bytes))
}

/// Reads a whole file into `bytes`, which is cleared first. Whether there is such a file.
pub fn read(path: &Path, bytes: &mut Vec<u8>) -> Result<bool, Failure> {
    bytes.clear();
    let Some(mut file) = open(path)? else { return Ok(false) };
    let length = file.metadata().map_err(|error| failure(path, error))?.len();
    if length > JOURNAL_FILE_BYTES_MAX {
        let why =
            format_args!("{length} bytes are more than the {JOURNAL_FILE_BYTES_MAX} of a file");
        return Err(failure(path, why));
    }
    file.read_to_end(bytes).map_err(|error| failure(path, error))?;
    Ok(true)
}

fn open(path: &Path) -> Result<Option<File>, Failure> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure(path, error)),
    }
}

/// Forces to the disk which files there are in a folder.
pub fn sync_folder(path: &Path) -> Result<(), Failure> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(|error| failure(path, error))
}

/// Forces a file to the disk.
pub fn sync_file(path: &Path) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| failure(path, error))?;
    file.sync_data().map_err(|error| failure(path, error))
}
