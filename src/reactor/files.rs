//! Files that are appended to in a turn, and forced to the disk and removed by a helper thread, so
//! that the loop never waits for a disk.
//!
//! | file | what it is |
//! |---|---|
//! | `held` | one file: how it is made, and what forcing it means |
//! | `helper` | the thread that waits for the disk |

mod held;
mod helper;
#[cfg(test)]
mod tests;

use crate::transport::{FileEvent, FileId, FileRequest, FileStep};
use held::Held;
use helper::{Done, Helper, Job};
use mio::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// All open files, and the reactor's end of the helper thread.
#[derive(Debug)]
pub(super) struct Files {
    open: BTreeMap<FileId, Open>,
    /// How often a file was opened: what is forced late must not be taken for another file.
    opened: u64,
    helper: Helper,
    /// What the disk has done and has not been taken.
    events: VecDeque<(FileId, FileEvent)>,
}

#[derive(Debug)]
struct Open {
    held: Arc<Held>,
    number: u64,
    bytes: u64,
    /// Forces that the helper thread has been given and not come back with.
    under_way: u32,
    /// And once more when they are done, for what was appended since.
    again: bool,
}

impl Files {
    pub fn new(waker: &Arc<Waker>) -> Self {
        Files {
            open: BTreeMap::new(),
            opened: 0,
            helper: Helper::new(waker),
            events: VecDeque::new(),
        }
    }

    /// Carries a request out, as far as that needs no waiting for the disk.
    pub fn request(&mut self, id: FileId, request: FileRequest) -> Option<FileEvent> {
        let (step, outcome) = match request {
            FileRequest::Create(path) => match self.create(id, path) {
                Ok(()) => return Some(FileEvent::Created),
                Err(error) => (FileStep::Create, Err(error)),
            },
            FileRequest::Append(bytes) => (FileStep::Append, self.append(id, &bytes)),
            FileRequest::Force => (FileStep::Force, self.force(id)),
            FileRequest::Remove(path) => (FileStep::Remove, self.remove(id, path)),
            FileRequest::Close => {
                self.close(id);
                return None;
            }
        };
        outcome.err().map(|error| FileEvent::Failed(step, error))
    }

    /// What the disk has done next.
    pub fn take_event(&mut self) -> Option<(FileId, FileEvent)> {
        while let Some(done) = self.helper.take_done() {
            match done {
                Done::Forced { id, number, outcome } => self.forced(id, number, outcome),
                Done::Removed { id, outcome } => {
                    let failed = |error| FileEvent::Failed(FileStep::Remove, error);
                    let event = outcome.map_or_else(failed, |()| FileEvent::Removed);
                    self.events.push_back((id, event));
                }
            }
        }
        self.events.pop_front()
    }

    fn forced(&mut self, id: FileId, number: u64, outcome: io::Result<FileEvent>) {
        let Some(open) = self.open.get_mut(&id).filter(|open| open.number == number) else {
            return;
        };
        open.under_way -= 1;
        let again = open.again && open.under_way == 0;
        let failed = |error| FileEvent::Failed(FileStep::Force, error);
        self.events.push_back((id, outcome.unwrap_or_else(failed)));
        if again && let Err(error) = self.begin_force(id) {
            self.events.push_back((id, failed(error)));
        }
    }

    fn create(&mut self, id: FileId, path: PathBuf) -> io::Result<()> {
        self.close(id);
        let held = Arc::new(Held::create(path)?);
        self.opened += 1;
        let number = self.opened;
        self.open.insert(id, Open { held, number, bytes: 0, under_way: 0, again: false });
        Ok(())
    }

    fn append(&mut self, id: FileId, bytes: &[u8]) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        let outcome = open.held.append(bytes);
        match (&outcome, open.held.bytes()) {
            (Ok(()), _) => open.bytes += bytes.len() as u64,
            // A part of it may be there.
            (Err(_), Ok(bytes)) => open.bytes = bytes,
            // What is not known of is not said to be forced.
            (Err(_), Err(_)) => {}
        }
        outcome
    }

    fn force(&mut self, id: FileId) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        if open.under_way > 0 {
            open.again = true;
            return Ok(());
        }
        self.begin_force(id)
    }

    fn begin_force(&mut self, id: FileId) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        open.again = false;
        let (held, number, bytes) = (Arc::clone(&open.held), open.number, open.bytes);
        self.helper.give(Job::Force { id, number, held, bytes })?;
        open.under_way += 1;
        Ok(())
    }

    fn remove(&mut self, id: FileId, path: PathBuf) -> io::Result<()> {
        // What is to be forced before must be on its way before.
        if self.open.get(&id).is_some_and(|open| open.again)
            && let Err(error) = self.begin_force(id)
        {
            self.events.push_back((id, FileEvent::Failed(FileStep::Force, error)));
        }
        self.helper.give(Job::Remove { id, path })
    }

    /// To close a file that has no name any more is to remove it, which takes its time.
    fn close(&mut self, id: FileId) {
        if let Some(open) = self.open.remove(&id) {
            self.helper.give_if_there(Job::Close(open.held));
        }
    }
}

fn not_open() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the file is not open")
}
