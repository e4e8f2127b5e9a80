//! What a driver counts of itself.

use std::time::Duration;

/// Counts since the driver's start. They only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meters {
    /// Turns that were taken.
    pub turns: u64,
    /// The longest of them; zero unless turns are timed, since that costs a look at the clock.
    pub turn_longest: Duration,
    /// The one before; none unless turns are timed.
    pub turn_last: Option<Duration>,
    /// What was said to be ready: sockets, name look-ups, files.
    pub events: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were dialled.
    pub dialled: u64,
    /// Bytes read from connections.
    pub bytes_read: u64,
    /// Bytes that the system took of what connections had to send.
    pub bytes_written: u64,
}
