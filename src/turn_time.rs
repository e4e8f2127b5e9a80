//! What time it is in this turn, for the log: to read the clock costs as much as to compose a line, and
//! whatever is logged in a turn is done at one time. Nothing is decided by it; who needs the time is
//! given it.

use std::sync::atomic::{AtomicI64, Ordering};

/// POSIX time; 0 before the first turn.
static NANOSECONDS: AtomicI64 = AtomicI64::new(0);

/// A turn begins, at that POSIX time in nanoseconds.
pub(crate) fn begin(nanoseconds: i64) {
    NANOSECONDS.store(nanoseconds, Ordering::Relaxed);
}

/// When this turn began, in nanoseconds of POSIX time; none if there has been no turn.
pub(crate) fn nanoseconds() -> Option<i64> {
    Some(NANOSECONDS.load(Ordering::Relaxed)).filter(|&nanoseconds| nanoseconds != 0)
}
