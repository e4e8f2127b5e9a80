//! Has the disk hold files that are read at the start, one after the other, while they are taken in: each is
//! waited for some milliseconds, though there is mostly nothing to be written.

use super::files::failure;
use crate::daemon::Failure;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

/// A thread that waits for the disk.
pub struct Forcing {
    files: Sender<PathBuf>,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Forcing {
    /// Begins with none.
    pub fn begin() -> Result<Self, Failure> {
        let (files, given) = channel::<PathBuf>();
        let force = move || given.iter().try_for_each(force);
        let thread = Builder::new().name("journal".to_owned()).spawn(force);
        let thread = thread.map_err(|error| {
            Failure::run(format_args!("there is no thread for the journal: {error}"))
        })?;
        Ok(Forcing { files, thread })
    }

    /// Another file.
    pub fn give(&self, path: PathBuf) {
        // Who has failed takes no more, and says so at the end.
        let _ = self.files.send(path);
    }

    /// Waits until the disk holds all of them.
    pub fn end(self) -> Result<(), Failure> {
        drop(self.files);
        let died = |_| Err(Failure::run("the thread for the journal has died"));
        self.thread.join().unwrap_or_else(died)
    }
}

fn force(path: PathBuf) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).open(&path);
    file.and_then(|file| file.sync_all()).map_err(|error| failure(&path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::testing::Directory;
    use std::fs;

    #[test]
    fn the_end_says_which_file_could_not_be_forced() {
        let directory = Directory::new();
        let (good, gone) = (directory.path().join("good"), directory.path().join("gone"));
        fs::write(&good, b"kiwi").unwrap();
        let forcing = Forcing::begin().unwrap();
        forcing.give(good.clone());
        assert!(forcing.end().is_ok());
        let forcing = Forcing::begin().unwrap();
        [gone.clone(), good].into_iter().for_each(|path| forcing.give(path));
        let Err(Failure::Run(why)) = forcing.end() else { panic!("it is not there") };
        assert!(why.contains(&gone.display().to_string()), "{why}");
    }
}
