//! How the network is at present: latency, capacity, losses.

use super::super::agenda::{MILLISECOND, Time};
use super::super::random::Random;

/// How the network is at present.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub latency: Time,
    /// Latency of a connection, in thousandths of that, from and to.
    pub slowness: (u64, u64),
    /// Up to so much is added.
    pub spread: Time,
    /// Capacities of new pipes.
    pub capacity: (u64, u64),
    /// Of a thousand writes, how many arrive in several pieces.
    pub split: u64,
    /// Of a thousand dials, how many are refused, and how many hear nothing for long.
    pub refused: u64,
    pub black_hole: u64,
    /// How long after a path has opened what was lost on it is sent again, at most.
    pub resend: Time,
}

impl Weather {
    /// How long a segment takes.
    pub(super) fn delay(&self, slowness: u64, random: &mut Random) -> Time {
        let spread = random.magnitude(0, self.spread.max(1));
        (self.latency * slowness / 1_000 + spread).min(60_000 * MILLISECOND)
    }
}
