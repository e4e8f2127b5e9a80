//! What those ask of disks who judge the servers, and what planted bugs do to them.

use super::super::agenda::Time;
use super::{Disks, Trouble};
use herd::transport::FileId;
use std::path::Path;

impl Disks {
    /// Since when it has always had something to do; none if it has nothing to do.
    pub fn busy_since(&self, machine: usize) -> Option<Time> {
        let disk = &self.disks[machine];
        (!disk.jobs.is_empty()).then_some(disk.busy_since)
    }

    /// How often a process was told that a file cannot be kept.
    pub fn failures(&self, machine: usize) -> u32 {
        self.disks[machine].failures
    }

    /// Since when what was appended may be doubted, for a disk that has failed.
    pub fn failed_since(&self, machine: usize) -> Option<Time> {
        self.disks[machine].failed_since
    }

    /// What was doubted is kept after all, or in another file.
    pub fn settle(&mut self, machine: usize) {
        self.disks[machine].failed_since = None;
    }

    /// Bytes of all files.
    pub fn bytes(&self, machine: usize) -> u64 {
        self.disks[machine].platter.bytes()
    }

    /// A file is cut to that length and forced, and removed if that is 0, before its process is there.
    pub fn keep(&mut self, machine: usize, path: &Path, bytes: u64, now: Time) {
        let disk = &mut self.disks[machine];
        let lies = disk.is(Trouble::Lying, now);
        disk.platter.keep(path, bytes as usize, lies);
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.random.chance(per_mille)
    }

    /// Of what is about to be appended so much is left out (a planted bug).
    pub fn leave_out(&mut self, machine: usize, id: FileId, bytes: usize) {
        if let Some(open) = self.disks[machine].open.get_mut(&id) {
            open.left_out += bytes;
        }
    }

    /// From now on disks say that they hold what they will hold when they are asked again (a planted bug).
    pub fn be_late(&mut self) {
        self.are_late = true;
    }
}
