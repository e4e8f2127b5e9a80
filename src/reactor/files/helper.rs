//! The thread that waits for the disk. It does one thing after the other, in the order in which it
//! was given them.

use super::held::Held;
use crate::transport::{FileEvent, FileId};
use mio::Waker;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

/// What it is to do.
pub enum Job {
    /// Force so many bytes of a file.
    Force {
        id: FileId,
        number: u64,
        held: Arc<Held>,
        bytes: u64,
    },
    Remove {
        id: FileId,
        path: PathBuf,
    },
    Close(Arc<Held>),
}

/// What came of it.
#[derive(Debug)]
pub enum Done {
    Forced { id: FileId, number: u64, outcome: io::Result<FileEvent> },
    Removed { id: FileId, outcome: io::Result<()> },
}

/// The reactor's end of the thread.
#[derive(Debug)]
pub struct Helper {
    waker: Arc<Waker>,
    /// To the thread, once there is one.
    jobs: Option<Sender<Job>>,
    done: (Sender<Done>, Receiver<Done>),
}

impl Helper {
    pub fn new(waker: &Arc<Waker>) -> Self {
        Helper { waker: Arc::clone(waker), jobs: None, done: mpsc::channel() }
    }

    /// Has it do that behind all else.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn give(&mut self, job: Job) -> io::Result<()> {
        let jobs = match &mut self.jobs {
            Some(jobs) => jobs,
            none => none.insert(start(self.done.0.clone(), Arc::clone(&self.waker))?),
        };
        jobs.send(job).map_err(|_| io::Error::other("the thread that waits for the disk is gone"))
    }

    /// The same, but by oneself if there is no thread yet.
    pub fn give_if_there(&mut self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A job that comes back is dropped here, which does it.
            drop(jobs.send(job));
        }
    }

    /// What it has done next.
    pub fn take_done(&mut self) -> Option<Done> {
        self.done.1.try_recv().ok()
    }
}

/// The thread ends when nobody has jobs for it any more; it is never joined, since a disk may take
/// its time and a stop must not wait for it.
fn start(done: Sender<Done>, waker: Arc<Waker>) -> io::Result<Sender<Job>> {
    let (jobs, to_do) = mpsc::channel::<Job>();
    let work = move || {
        for job in to_do {
            let came = match job {
                Job::Force { id, number, held, bytes } => {
                    let began = Instant::now();
                    let forced = held.force();
                    let took = began.elapsed();
                    let outcome =
                        forced.map(|()| FileEvent::Forced { bytes, room: held.room(), took });
                    Done::Forced { id, number, outcome }
                }
                Job::Remove { id, path } => Done::Removed { id, outcome: remove(&path) },
                Job::Close(held) => {
                    drop(held);
                    continue;
                }
            };
            // Without a receiver the reactor is gone, and nobody asks.
            if done.send(came).is_ok()
                && let Err(error) = waker.wake()
            {
                log::error!("cannot wake the loop after the disk was waited for: {error}");
            }
        }
    };
    thread::Builder::new().name("disk".to_owned()).spawn(work)?;
    Ok(jobs)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
