//! The only place that reads clocks for what is decided by them: both together, once a turn. (Each
//! line of the log is stamped with the time at which it was written, turns may be timed, and it is taken how long
//! a disk needs.)

use crate::transport::{Monotonic, Now};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The system's own monotonic clock, in microseconds: by it others on the machine know what came first.
pub fn system_microseconds() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let parts = u64::try_from(now.tv_sec).ok().zip(u64::try_from(now.tv_nsec).ok());
    parts.map_or(0, |(seconds, nanoseconds)| seconds * 1_000_000 + nanoseconds / 1_000)
}

/// The process's clocks.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Clock { start: Instant::now() }
    }

    /// Reads both clocks. A wall clock before 1970 or after 2262 counts as the nearer end.
    pub(super) fn read(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: self.read_monotonic(),
            posix_nanoseconds: i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// Reads the one alone: for how long something took, which decides nothing.
    pub(super) fn read_monotonic(&self) -> Monotonic {
        let since_start = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Monotonic::from_nanoseconds(since_start)
    }
}
