//! What one disk holds: of each file all that was handed to the system, and how much of that is
//! durable; of each folder the names as they are, and those that are durable.
//!
//! After a power cut of each file what is durable is there, and of the rest any first part; behind
//! that there may be what was never written. A name that was made or removed since its folder was
//! synced may be as before.

use super::super::random::Random;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file, whatever it is called; there are not two with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileNumber(u64);

#[derive(Debug, Default)]
pub struct Platter {
    files: BTreeMap<FileNumber, Stored>,
    /// What is seen while the power is on.
    names: BTreeMap<PathBuf, FileNumber>,
    /// What is there in any case after a power cut.
    durable_names: BTreeMap<PathBuf, FileNumber>,
    /// How many files there have been.
    made: u64,
}

#[derive(Debug, Default)]
struct Stored {
    bytes: Vec<u8>,
    /// How many of them are durable.
    durable: usize,
    /// How many were said to be, with the name.
    promised: Option<usize>,
    /// Whether its name was said to be durable.
    is_named: bool,
    /// Whether the disk has failed to hold what was appended.
    is_spoilt: bool,
}

impl Platter {
    /// Makes a file.
    pub fn create(&mut self, path: &Path) -> io::Result<FileNumber> {
        if self.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.made += 1;
        let number = FileNumber(self.made);
        self.files.insert(number, Stored::default());
        self.names.insert(path.to_owned(), number);
        Ok(number)
    }

    pub fn append(&mut self, file: FileNumber, bytes: &[u8]) {
        if let Some(stored) = self.files.get_mut(&file) {
            stored.bytes.extend_from_slice(bytes);
        }
    }

    pub fn len(&self, file: FileNumber) -> usize {
        self.files.get(&file).map_or(0, |stored| stored.bytes.len())
    }

    /// Removes a name, which is not durable yet.
    pub fn remove(&mut self, path: &Path) {
        self.names.remove(path);
    }

    /// Makes so many bytes of a file durable, and its name the first time, unless that `fails` or the
    /// disk `lies`.
    pub fn force(
        &mut self,
        file: FileNumber,
        path: &Path,
        bytes: usize,
        fails: io::Result<()>,
        lies: bool,
    ) -> io::Result<()> {
        let is_there = self.names.get(path) == Some(&file);
        let Some(stored) = self.files.get_mut(&file) else {
            return Err(ErrorKind::NotFound.into());
        };
        if stored.is_spoilt {
            return Err(io::Error::other("the disk has failed to hold what was written before"));
        }
        stored.is_spoilt = fails.is_err();
        fails?;
        if !lies {
            stored.durable = stored.durable.max(bytes);
        }
        let syncs_folder = !stored.is_named;
        stored.is_named = is_there;
        if is_there {
            stored.promised = stored.promised.max(Some(bytes));
        }
        if syncs_folder && !lies {
            self.sync_folder(path.parent());
        }
        let gone = || format!("{} is no longer at its place", path.display());
        if is_there { Ok(()) } else { Err(io::Error::new(ErrorKind::NotFound, gone())) }
    }

    fn sync_folder(&mut self, folder: Option<&Path>) {
        self.durable_names.retain(|path, _| path.parent() != folder);
        let there = self.names.iter().filter(|(path, _)| path.parent() == folder);
        self.durable_names.extend(there.map(|(path, file)| (path.clone(), *file)));
    }

    /// Only what is durable stays for sure. False if something is lost of what was said to be durable.
    pub fn lose_power(&mut self, random: &mut Random) -> bool {
        let promised = self.promises();
        let before = std::mem::take(&mut self.names);
        let durable = std::mem::take(&mut self.durable_names);
        let mut paths: Vec<&PathBuf> = before.keys().chain(durable.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            let (was, must) = (before.get(path), durable.get(path));
            let is = if was == must || random.chance(500) { must } else { was };
            self.names.extend(is.map(|file| (path.clone(), *file)));
        }
        let names = &self.names;
        self.files.retain(|number, _| names.values().any(|named| named == number));
        self.files.values_mut().for_each(|stored| stored.tear(random));
        self.durable_names = self.names.clone();
        promised.iter().all(|(path, bytes)| {
            let stored = self.names.get(path).and_then(|file| self.files.get(file));
            stored.is_some_and(|stored| stored.bytes.starts_with(bytes))
        })
    }

    /// What was said to be durable of the files that are there.
    fn promises(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let promised = self.names.iter().filter_map(|(path, file)| {
            let stored = self.files.get(file)?;
            Some((path.clone(), stored.bytes[..stored.promised?].to_vec()))
        });
        promised.collect()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let bytes = |file: &FileNumber| self.files.get(file).map_or(0, |stored| stored.bytes.len());
        self.names.values().map(bytes).sum::<usize>() as u64
    }

    /// A file is cut to that length and forced, its name too, and removed if the length is 0.
    pub fn keep(&mut self, path: &Path, bytes: usize, lies: bool) {
        let found = self.names.get(path).and_then(|file| self.files.get_mut(file));
        if bytes == 0 {
            self.names.remove(path);
        } else if let Some(stored) = found {
            stored.bytes.truncate(bytes);
            stored.promised = Some(bytes);
            stored.durable = if lies { stored.durable.min(bytes) } else { bytes };
        }
        if !lies {
            self.sync_folder(path.parent());
        }
    }

    /// All files, by their paths.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let bytes = |file: &FileNumber| self.files.get(file).map(|stored| stored.bytes.clone());
        let files = self.names.iter().filter_map(|(path, file)| Some((path.clone(), bytes(file)?)));
        files.collect()
    }
}

impl Stored {
    /// Of what is not durable a first part stays: often none or all.
    fn tear(&mut self, random: &mut Random) {
        let loose = self.bytes.len() - self.durable;
        let kept = match random.below(4) {
            0 => 0,
            1 => loose,
            _ => random.index(loose + 1),
        };
        self.bytes.truncate(self.durable + kept);
        // The length was written, and the bytes were not: there is what was there before.
        if kept < loose && random.chance(300) {
            let zeros = random.chance(500);
            for _ in 0..random.between(1, (loose - kept) as u64) {
                self.bytes.push(if zeros { 0 } else { random.next() as u8 });
            }
        }
        // What has been found after a power cut is on the disk.
        self.durable = self.bytes.len();
        self.promised = None;
    }
}
