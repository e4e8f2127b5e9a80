//! Time as values: drivers read the clocks once a turn and hand the reading down.

use std::num::NonZeroU64;
use std::ops::Add;
use std::time::Duration;

/// A point on the driver's monotonic clock, in nanoseconds since some start.
///
/// (One more is kept than there are, so that having none takes no memory more: connections have several.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(NonZeroU64);

const _: () = assert!(size_of::<Option<Monotonic>>() == 8);

impl Monotonic {
    /// The point `nanoseconds` after the clock's start.
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Monotonic(NonZeroU64::MIN.saturating_add(nanoseconds))
    }

    /// Nanoseconds since the clock's start.
    pub const fn nanoseconds(self) -> u64 {
        self.0.get() - 1
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Monotonic {
    /// The clock's start.
    fn default() -> Self {
        Monotonic(NonZeroU64::MIN)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Monotonic;

    /// The point `duration` later, or the end of time (584 years).
    fn add(self, duration: Duration) -> Monotonic {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Monotonic(self.0.saturating_add(nanoseconds))
    }
}

/// Both clocks, read together once a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For deadlines: never steps.
    pub monotonic: Monotonic,
    /// For what people see: nanoseconds since 1970-01-01T00:00:00Z without leap seconds. May step.
    pub posix_nanoseconds: i64,
}
