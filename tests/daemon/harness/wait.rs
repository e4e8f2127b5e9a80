//! Waiting for conditions: looked at again and again, until a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once. Far above what is needed, so that a
/// crowded machine fails no test.
pub const DEADLINE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(5);

/// Something with a deadline.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    deadline: Instant,
}

impl Waiting {
    /// The deadline is `limit` from now.
    pub fn at_most(limit: Duration) -> Waiting {
        Waiting { deadline: Instant::now() + limit }
    }

    /// Pauses until it is time to look again; false once the deadline has passed.
    pub fn again(&self) -> bool {
        thread::sleep(INTERVAL);
        Instant::now() < self.deadline
    }
}

/// What `look` finds once it finds something. Fails with `what` if that takes too long.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let waiting = Waiting::at_most(DEADLINE);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(waiting.again(), "waited {DEADLINE:?} in vain: {what}");
    }
}
