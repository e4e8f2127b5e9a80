//! `herd --check-journal`: reads a journal, also one that a server writes to meanwhile, and says how it
//! is. Changes nothing.

use super::files::{beginning, failure, numbers, path_of, read};
use super::survey::{Block, survey};
use crate::daemon::randomness::random_numbers;
use crate::daemon::{Failure, say};
use crate::journal::{HeadError, Identity, file_name, lines, read_head, record};
use crate::positions::{Positions, Report, Text};
use crate::wire::plural;
use std::fmt::Display;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Says what is wrong with the journal, file by file, and last of all how much is in it.
///
/// # Errors
///
/// [`Failure::Usage`] without such a folder; [`Failure::Run`] if something in it is rotten, or when the
/// disk fails.
pub fn check(folder: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(Failure::Usage(format!("{} is no folder", folder.display()))),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(Failure::Usage(format!("{}: {error}", folder.display())));
        }
        Err(error) => return Err(failure(folder, error)),
    }
    let [key_one, key_two, ..] = random_numbers()?;
    let mut check = Check {
        folder,
        out,
        positions: Positions::new([key_one, key_two]),
        files: 0,
        rotten_places: 0,
        owner: owner(folder)?,
    };
    check.files()?;
    let Check { out, positions, files, rotten_places, .. } = check;
    let (known, forgotten) = (positions.len(), positions.tombstones());
    say(out, format_args!("{known} positions, {forgotten} tombstones in {files} files"));
    match rotten_places {
        0 => Ok(()),
        places => Err(failure(folder, format_args!("it is rotten in {}", plural(places, "place")))),
    }
}

/// Whose journal it is: by the first file that says it.
fn owner(folder: &Path) -> Result<Option<Identity>, Failure> {
    for number in numbers(folder)? {
        if let Some(Ok(id)) = beginning(&path_of(folder, number))?.as_deref().map(read_head) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

struct Check<'a> {
    folder: &'a Path,
    out: &'a mut dyn Write,
    positions: Positions,
    files: usize,
    rotten_places: usize,
    owner: Option<Identity>,
}

impl Check<'_> {
    /// Reads all files by their numbers, and then those that have come meanwhile. So nothing is missed
    /// of which a server has removed the file since: before that it has written all anew behind.
    fn files(&mut self) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        let mut done = 0;
        loop {
            let mut numbers = numbers(self.folder)?;
            numbers.retain(|&number| number > done);
            let Some(&last) = numbers.last() else { return Ok(()) };
            for number in numbers {
                if read(&path_of(self.folder, number), &mut bytes)? {
                    self.file(number, &bytes, number == last);
                }
            }
            done = last;
        }
    }

    fn file(&mut self, number: u64, bytes: &[u8], is_newest: bool) {
        self.files += 1;
        let name = file_name(number);
        let head = read_head(bytes);
        let id = match (&self.owner, &head) {
            (Some(owner), Ok(id)) if !owner.is_of_same_server(id) => {
                let (server, herd) = (id.server(), id.herd());
                self.rot(&name, format_args!("alien: of {server} of herd {herd}"));
                return;
            }
            (_, Err(why @ HeadError::Newer(_))) => return self.rot(&name, why),
            (Some(owner), _) => owner.with_file(number),
            // Nothing is good without a name.
            (None, _) => Identity::new("", "", number),
        };
        let survey = survey(bytes, &id, is_newest);
        for trouble in &survey.troubles {
            if trouble.is_rot() {
                self.rot(&name, trouble);
            } else {
                say(self.out, format_args!("{name}: {trouble}"));
            }
        }
        for block in &survey.blocks {
            self.block(&name, block);
        }
    }

    fn block(&mut self, name: &str, block: &Block<'_>) {
        let mut at = block.lines_at;
        for line in lines(block.lines) {
            if self.take(line).is_none() {
                self.rot(name, format_args!("rotten: the line at {at} is of no client"));
            }
            at += line.len() as u64 + 1;
        }
    }

    fn take(&mut self, line: &[u8]) -> Option<()> {
        let at = record(line)?;
        let report = Report {
            origin: self.positions.intern(at.server)?,
            difference_nanoseconds: at.difference_nanoseconds,
            time_nanoseconds: at.time_nanoseconds,
            text: Text::of_told(&at)?,
        };
        // What is not newer is no fault.
        let _ = self.positions.update(&report, None);
        Some(())
    }

    fn rot(&mut self, name: &str, what: impl Display) {
        self.rotten_places += 1;
        say(self.out, format_args!("{name}: {what}"));
    }
}

#[cfg(test)]
mod tests;
