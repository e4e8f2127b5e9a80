//! The generator's clocks: one that never steps, for latencies, and the time of day, for reports.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Both clocks; the time of day is read now and then and carried on by the other.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
    /// The time of day at `start`.
    posix_at_start: u64,
}

impl Clock {
    /// Started now.
    pub fn new() -> Self {
        let mut clock = Clock { start: Instant::now(), posix_at_start: 0 };
        clock.adjust();
        clock
    }

    /// Nanoseconds since the clock was started.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds since 1970 at that time of the clock.
    pub fn posix(&self, now: u64) -> u64 {
        self.posix_at_start.saturating_add(now)
    }

    /// Reads the time of day again: it may have been set.
    pub fn adjust(&mut self) {
        let posix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let posix = u64::try_from(posix.as_nanos()).unwrap_or(u64::MAX);
        self.posix_at_start = posix.saturating_sub(self.now());
    }
}
