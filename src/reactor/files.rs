//! Files that are appended to in a turn, and forced to the disk by a helper thread, so that the
//! loop never waits for a disk.

use crate::transport::{FileEvent, FileId, FileRequest, FileStep};
use mio::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// All open files, and the reactor's end of the helper thread.
#[derive(Debug)]
pub(super) struct Files {
    waker: Arc<Waker>,
    open: BTreeMap<FileId, Open>,
    /// How often a file was opened: what is forced late must not be taken for another file.
    opened: u64,
    /// To the helper thread, once there is one.
    jobs: Option<Sender<Job>>,
    done: (Sender<Done>, Receiver<Done>),
    /// What came of forcing and has not been taken.
    events: VecDeque<(FileId, FileEvent)>,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    number: u64,
    bytes: u64,
    forcing: Forcing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forcing {
    No,
    UnderWay,
    /// And once more when that is done, for what was appended since.
    AndAgain,
}

/// To be forced.
struct Job {
    id: FileId,
    number: u64,
    file: Arc<File>,
    bytes: u64,
}

/// What came of it.
#[derive(Debug)]
struct Done {
    id: FileId,
    number: u64,
    bytes: u64,
    outcome: io::Result<()>,
}

impl Files {
    pub fn new(waker: &Arc<Waker>) -> Self {
        Files {
            waker: Arc::clone(waker),
            open: BTreeMap::new(),
            opened: 0,
            jobs: None,
            done: mpsc::channel(),
            events: VecDeque::new(),
        }
    }

    /// Carries a request out, as far as that needs no waiting for the disk.
    pub fn request(&mut self, id: FileId, request: FileRequest) -> Option<FileEvent> {
        let failed = |step| move |error| Some(FileEvent::Failed(step, error));
        match request {
            FileRequest::Open(path) => match self.open(id, &path) {
                Ok(bytes) => Some(FileEvent::Opened(bytes)),
                Err(error) => failed(FileStep::Open)(error),
            },
            FileRequest::Append(bytes) => {
                self.append(id, &bytes).err().and_then(failed(FileStep::Append))
            }
            FileRequest::Force => self.force(id).err().and_then(failed(FileStep::Force)),
            FileRequest::Close => {
                self.open.remove(&id);
                None
            }
        }
    }

    /// What came of forcing a file next.
    pub fn take_forced(&mut self) -> Option<(FileId, FileEvent)> {
        while let Ok(done) = self.done.1.try_recv() {
            self.forced(done);
        }
        self.events.pop_front()
    }

    fn forced(&mut self, Done { id, number, bytes, outcome }: Done) {
        let Some(open) = self.open.get_mut(&id).filter(|open| open.number == number) else {
            return;
        };
        let again = open.forcing == Forcing::AndAgain;
        open.forcing = Forcing::No;
        let failed = |error| FileEvent::Failed(FileStep::Force, error);
        self.events.push_back((id, outcome.map_or_else(failed, |()| FileEvent::Forced(bytes))));
        if again && let Err(error) = self.force(id) {
            self.events.push_back((id, failed(error)));
        }
    }

    fn open(&mut self, id: FileId, path: &Path) -> io::Result<u64> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let bytes = file.metadata()?.len();
        self.opened += 1;
        let (file, number) = (Arc::new(file), self.opened);
        self.open.insert(id, Open { file, number, bytes, forcing: Forcing::No });
        Ok(bytes)
    }

    fn append(&mut self, id: FileId, bytes: &[u8]) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        let outcome = (&*open.file).write_all(bytes);
        match &outcome {
            Ok(()) => open.bytes += bytes.len() as u64,
            // A part of it may be there.
            Err(_) => open.bytes = open.file.metadata()?.len(),
        }
        outcome
    }

    fn force(&mut self, id: FileId) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        if open.forcing != Forcing::No {
            open.forcing = Forcing::AndAgain;
            return Ok(());
        }
        let (file, number, bytes) = (Arc::clone(&open.file), open.number, open.bytes);
        let jobs = match &mut self.jobs {
            Some(jobs) => jobs,
            none => none.insert(start_helper(self.done.0.clone(), Arc::clone(&self.waker))?),
        };
        let gone = |_| io::Error::other("the thread that forces files is gone");
        jobs.send(Job { id, number, file, bytes }).map_err(gone)?;
        open.forcing = Forcing::UnderWay;
        Ok(())
    }
}

fn not_open() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the file is not open")
}

/// The thread ends when nobody has jobs for it any more; it is never joined, since a disk may take
/// its time and a stop must not wait for it.
fn start_helper(done: Sender<Done>, waker: Arc<Waker>) -> io::Result<Sender<Job>> {
    let (jobs, to_do) = mpsc::channel::<Job>();
    let work = move || {
        for Job { id, number, file, bytes } in to_do {
            let outcome = file.sync_data();
            // Without a receiver the reactor is gone, and nobody asks.
            if done.send(Done { id, number, bytes, outcome }).is_ok()
                && let Err(error) = waker.wake()
            {
                log::error!("cannot wake the loop after a file was forced: {error}");
            }
        }
    };
    thread::Builder::new().name("disk".to_owned()).spawn(work)?;
    Ok(jobs)
}
