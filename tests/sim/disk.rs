//! The disks of the servers, as the world does files: what is appended is handed to the system at
//! once; a helper thread forces and removes, one thing after the other, each in its time.
//!
//! What a disk draws comes from a source of its own, so that worlds whose servers keep no files stay
//! what they are.
//!
//! | file | what it is |
//! |---|---|
//! | `judged` | what those ask and do who judge servers, beside these |
//! | `platter` | what the system has been handed and what the disk holds of it; power cuts |
//! | `trouble` | what goes wrong with disks, and what each seed draws |

mod judged;
mod platter;
#[cfg(test)]
mod tests;
mod trouble;

use super::agenda::{Agenda, Event, MILLISECOND, SECOND, Time};
use super::random::Random;
use herd::transport::{FileEvent, FileId, FileRequest, FileStep};
use platter::{FileNumber, Platter};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
pub use trouble::{Habits, Trouble};
use trouble::{TROUBLES, failing};

/// What the seed of a run is changed by for its disks.
const SALT: u64 = 0x6469_736b;

/// How long a healthy disk takes to do something, at least.
const QUICK: Time = 20_000;

/// How long a slow one takes.
const SLOW: (Time, Time) = (10 * MILLISECOND, 5 * SECOND);

/// The disks of all servers.
#[derive(Debug)]
pub struct Disks {
    disks: Vec<Disk>,
    random: Random,
    /// What they are like where servers keep files that matter; none: nothing goes wrong.
    habits: Option<Habits>,
    are_late: bool,
}

/// One server's disk, and what its process has it do.
#[derive(Debug, Default)]
struct Disk {
    platter: Platter,
    open: BTreeMap<FileId, Open>,
    /// How often a file was opened.
    opened: u64,
    /// What the helper thread has been given; it does the first.
    jobs: VecDeque<Job>,
    /// How much of each file was said to be held.
    forced: BTreeMap<FileNumber, usize>,
    /// When that is done.
    due: Time,
    /// How long that takes.
    delay: Time,
    /// Since when it has always been given something.
    busy_since: Time,
    /// How often its process was told that a file cannot be kept, and what may be doubted by the first of
    /// these since that was last settled: what was appended from then on.
    failures: u32,
    failed_since: Option<Time>,
    /// Until when it is in each kind of trouble.
    until: [Time; TROUBLES.len()],
    /// Whether it has lost what it had said to hold.
    has_lied: bool,
}

#[derive(Debug)]
struct Open {
    file: FileNumber,
    path: PathBuf,
    number: u64,
    /// Forces that the helper thread has been given and has not done.
    under_way: u32,
    /// Bytes that were to be appended and were not, by a planted bug.
    left_out: usize,
    /// And once more then, for what was appended since.
    again: bool,
}

#[derive(Debug)]
enum Job {
    Force { id: FileId, number: u64, file: FileNumber, path: PathBuf, bytes: usize },
    Remove { id: FileId, path: PathBuf },
}

impl Disks {
    /// Empty ones, that never fail.
    pub fn new(seed: u64, machines: usize) -> Self {
        let disks = (0..machines).map(|_| Disk::default()).collect();
        Disks { disks, random: Random::new(seed ^ SALT), habits: None, are_late: false }
    }

    /// From now on they are like that.
    pub fn set_habits(&mut self, habits: Habits) {
        self.habits = Some(habits);
    }

    /// Carries out what a server's process asks of a file, as far as that is done at once.
    pub fn request(
        &mut self,
        machine: usize,
        id: FileId,
        request: FileRequest,
        agenda: &mut Agenda,
    ) -> Option<FileEvent> {
        let Disks { disks, random, .. } = self;
        let (disk, now) = (&mut disks[machine], agenda.now());
        let had_jobs = !disk.jobs.is_empty();
        if !had_jobs {
            disk.busy_since = now;
        }
        let (step, outcome) = match request {
            FileRequest::Create(path) => match disk.create(id, path, random, now) {
                Ok(()) => return Some(FileEvent::Created),
                Err(error) => (FileStep::Create, Err(error)),
            },
            FileRequest::Append(bytes) => (FileStep::Append, disk.append(id, &bytes, random, now)),
            FileRequest::Force => (FileStep::Force, disk.force(id)),
            FileRequest::Remove(path) => {
                disk.begin_waiting_force(id);
                disk.jobs.push_back(Job::Remove { id, path });
                (FileStep::Remove, Ok(()))
            }
            FileRequest::Close => {
                disk.open.remove(&id);
                return None;
            }
        };
        if !had_jobs {
            self.begin_next(machine, agenda);
        }
        let error = outcome.err()?;
        let since = self.busy_since(machine).unwrap_or(agenda.now());
        self.disks[machine].fails(since);
        Some(FileEvent::Failed(step, error))
    }

    /// What a disk has done by now, if its process is to be told.
    pub fn take_done(
        &mut self,
        machine: usize,
        agenda: &mut Agenda,
    ) -> Option<(FileId, FileEvent)> {
        let (disk, now) = (&mut self.disks[machine], agenda.now());
        // What was planned for a process that is gone is still on the agenda.
        if disk.due > now {
            return None;
        }
        let job = disk.jobs.pop_front()?;
        let told = disk.finish(job, &mut self.random, now, self.are_late);
        if let Some((_, FileEvent::Failed(FileStep::Force, _))) = told {
            disk.fails(disk.busy_since);
        }
        self.begin_next(machine, agenda);
        told
    }

    /// The helper thread goes on with what is first.
    fn begin_next(&mut self, machine: usize, agenda: &mut Agenda) {
        let (disk, now) = (&mut self.disks[machine], agenda.now());
        if !disk.jobs.is_empty() {
            let usual = self.habits.as_ref().map_or(MILLISECOND, |habits| habits.delay_most);
            let (least, most) =
                if disk.is(Trouble::Slow, now) { SLOW } else { (QUICK, usual.max(QUICK)) };
            disk.delay = self.random.magnitude(least, most);
            disk.due = now + disk.delay;
            agenda.plan(disk.due, Event::Disk { machine });
        }
    }

    /// The process of a server is gone. What it has handed to the system stays.
    pub fn end_process(&mut self, machine: usize) {
        let disk = &mut self.disks[machine];
        disk.open.clear();
        disk.failed_since = None;
        // What the helper thread was at, the system may have done.
        if let Some(Job::Remove { path, .. }) = disk.jobs.pop_front()
            && self.random.chance(500)
        {
            disk.platter.remove(&path);
        }
        disk.jobs.clear();
    }

    /// The power fails: of what the disk was not forced to hold some stays.
    pub fn lose_power(&mut self, machine: usize) {
        self.end_process(machine);
        let disk = &mut self.disks[machine];
        disk.has_lied |= !disk.platter.lose_power(&mut self.random);
    }

    /// Whether a disk has ever lost what it had said to hold.
    pub fn has_lied(&self, machine: usize) -> bool {
        self.disks[machine].has_lied
    }

    /// What a new process finds, by the paths of the files and in their order.
    pub fn files(&self, machine: usize) -> Vec<(PathBuf, Vec<u8>)> {
        self.disks[machine].platter.files()
    }

    /// From now until then a disk is in that trouble, too.
    pub fn trouble(&mut self, machine: usize, trouble: Trouble, until: Time) {
        self.disks[machine].until[trouble as usize] = until;
    }

    /// A disk that is drawn gets into some trouble; which, until when, and when there is more of it.
    pub fn trouble_one(&mut self, now: Time) -> Option<(usize, Trouble, Time, Time)> {
        let Disks { disks, random, habits, .. } = self;
        let habits = habits.as_ref().filter(|habits| !habits.troubles.is_empty())?;
        let (machine, trouble) = (random.index(disks.len()), *random.pick(&habits.troubles));
        let until = now + random.magnitude(MILLISECOND, habits.length);
        let next = now + random.between(1, 2 * habits.gap);
        disks[machine].until[trouble as usize] = until;
        Some((machine, trouble, until, next))
    }

    /// Ends all troubles.
    pub fn heal(&mut self) {
        self.disks.iter_mut().for_each(|disk| disk.until = [0; TROUBLES.len()]);
    }
}

impl Disk {
    /// Its process is told that a file cannot be kept: what it had been given is in doubt, too.
    fn fails(&mut self, since: Time) {
        self.failures += 1;
        self.failed_since.get_or_insert(since);
    }

    fn is(&self, trouble: Trouble, now: Time) -> bool {
        now < self.until[trouble as usize]
    }

    /// Fails if the disk is failing, and that hits what is being done.
    fn may_fail(&self, random: &mut Random, now: Time) -> io::Result<()> {
        if self.is(Trouble::Failing, now) && random.chance(600) { Err(failing()) } else { Ok(()) }
    }

    fn create(
        &mut self,
        id: FileId,
        path: PathBuf,
        random: &mut Random,
        now: Time,
    ) -> io::Result<()> {
        self.open.remove(&id);
        self.may_fail(random, now)?;
        // A full disk may have room for an empty file.
        if self.is(Trouble::Full, now) && random.chance(500) {
            return Err(ErrorKind::StorageFull.into());
        }
        let file = self.platter.create(&path)?;
        self.opened += 1;
        let number = self.opened;
        self.open.insert(id, Open { file, path, number, under_way: 0, again: false, left_out: 0 });
        Ok(())
    }

    fn append(
        &mut self,
        id: FileId,
        bytes: &[u8],
        random: &mut Random,
        now: Time,
    ) -> io::Result<()> {
        let open = self.open.get(&id).ok_or_else(not_open)?;
        let full = if self.is(Trouble::Full, now) {
            Err(ErrorKind::StorageFull.into())
        } else {
            self.may_fail(random, now)
        };
        let taken = if full.is_ok() { bytes.len() } else { random.index(bytes.len()) };
        self.platter.append(open.file, &bytes[..taken]);
        full
    }

    fn force(&mut self, id: FileId) -> io::Result<()> {
        let open = self.open.get_mut(&id).ok_or_else(not_open)?;
        open.again = true;
        if open.under_way == 0 {
            self.begin_waiting_force(id);
        }
        Ok(())
    }

    /// Gives the helper thread the force that waits for another one, if one does.
    fn begin_waiting_force(&mut self, id: FileId) {
        if let Some(open) = self.open.get_mut(&id).filter(|open| open.again) {
            (open.again, open.under_way) = (false, open.under_way + 1);
            let (number, file, path) = (open.number, open.file, open.path.clone());
            let bytes = self.platter.len(file);
            self.jobs.push_back(Job::Force { id, number, file, path, bytes });
        }
    }

    /// A job is done, or has failed.
    fn finish(
        &mut self,
        job: Job,
        random: &mut Random,
        now: Time,
        is_late: bool,
    ) -> Option<(FileId, FileEvent)> {
        match job {
            Job::Force { id, number, file, path, bytes } => {
                let outcome = self.finish_force(file, &path, bytes, random, now, is_late);
                let open = self.open.get_mut(&id).filter(|open| open.number == number)?;
                open.under_way -= 1;
                let left_out = open.left_out;
                if open.under_way == 0 {
                    self.begin_waiting_force(id);
                }
                let failed = |error| FileEvent::Failed(FileStep::Force, error);
                let (room, took) = (None, Duration::from_nanos(self.delay));
                let forced =
                    |()| FileEvent::Forced { bytes: (bytes + left_out) as u64, room, took };
                Some((id, outcome.map_or_else(failed, forced)))
            }
            Job::Remove { id, path } => {
                let outcome = self.may_fail(random, now);
                if outcome.is_ok() {
                    self.platter.remove(&path);
                }
                let failed = |error| FileEvent::Failed(FileStep::Remove, error);
                Some((id, outcome.map_or_else(failed, |()| FileEvent::Removed)))
            }
        }
    }

    fn finish_force(
        &mut self,
        file: FileNumber,
        path: &Path,
        bytes: usize,
        random: &mut Random,
        now: Time,
        is_late: bool,
    ) -> io::Result<()> {
        let fails = self.may_fail(random, now);
        let before = self.forced.insert(file, bytes).unwrap_or(0);
        let bytes = if is_late { before } else { bytes };
        let lies = self.is(Trouble::Lying, now);
        self.platter.force(file, path, bytes, fails, lies)
    }
}

fn not_open() -> io::Error {
    io::Error::new(ErrorKind::NotFound, "the file is not open")
}
