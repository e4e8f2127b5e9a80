//! The simplest disk that will do: files in memory, and forces that are done at once or fail, as the
//! script says.

use herd::transport::{FileEvent, FileId, FileRequest, FileStep};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Default)]
pub struct Disk {
    files: BTreeMap<PathBuf, Vec<u8>>,
    open: BTreeMap<FileId, PathBuf>,
    /// Whether all that it is asked for fails.
    pub fails: bool,
    /// What it has done and its server has not been told.
    done: Vec<(FileId, FileEvent)>,
}

impl Disk {
    /// What is told at once; the rest is [done](Self::take_done) by the next turn.
    pub fn request(&mut self, id: FileId, request: FileRequest) -> Option<FileEvent> {
        match request {
            FileRequest::Create(path) => match self.create(id, path) {
                Ok(()) => Some(FileEvent::Created),
                Err(error) => Some(FileEvent::Failed(FileStep::Create, error)),
            },
            FileRequest::Append(bytes) => {
                let appended = self.open(id).map(|file| file.extend(bytes));
                appended.err().map(|error| FileEvent::Failed(FileStep::Append, error))
            }
            FileRequest::Force => {
                let forced = self.open(id).map(|file| {
                    let (room, took) = (None, Duration::ZERO);
                    FileEvent::Forced { bytes: file.len() as u64, room, took }
                });
                let failed = |error| FileEvent::Failed(FileStep::Force, error);
                self.done.push((id, forced.unwrap_or_else(failed)));
                None
            }
            FileRequest::Remove(path) => {
                let failed = FileEvent::Failed(FileStep::Remove, io::Error::other("it fails"));
                if !self.fails {
                    self.files.remove(&path);
                }
                self.done.push((id, if self.fails { failed } else { FileEvent::Removed }));
                None
            }
            FileRequest::Close => {
                self.open.remove(&id);
                self.done.retain(|(of, event)| *of != id || !is_of_force(event));
                None
            }
        }
    }

    /// What it has done since this was asked last.
    pub fn take_done(&mut self) -> Vec<(FileId, FileEvent)> {
        std::mem::take(&mut self.done)
    }

    fn create(&mut self, id: FileId, path: PathBuf) -> io::Result<()> {
        self.request(id, FileRequest::Close);
        if self.fails {
            return Err(io::Error::other("it fails"));
        }
        if self.files.contains_key(&path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.files.insert(path.clone(), Vec::new());
        self.open.insert(id, path);
        Ok(())
    }

    /// What is in a file that is open and at its place.
    fn open(&mut self, id: FileId) -> io::Result<&mut Vec<u8>> {
        let path = self.open.get(&id).filter(|_| !self.fails);
        path.and_then(|path| self.files.get_mut(path)).ok_or(ErrorKind::NotFound.into())
    }
}

fn is_of_force(event: &FileEvent) -> bool {
    matches!(event, FileEvent::Forced { .. } | FileEvent::Failed(FileStep::Force, _))
}
