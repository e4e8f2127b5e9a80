//! How the bus behaves: what each seed draws.

use super::super::agenda::{MILLISECOND, SECOND, Time};
use super::super::random::Random;

/// What happens to the bus, or to one who talks with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is killed and is there again at once.
    Restart,
    /// It is killed and is not there for a while: dials are refused.
    Absence,
    /// It loses power for a while: nobody is told.
    Darkness,
    /// It says that somebody may not go on, and hangs up.
    Expulsion,
    /// It says that it will stop, and does so later: only to one.
    Farewell,
    /// It tells what its other addresses are.
    News,
}

const FAULTS: [Fault; 6] = [
    Fault::Restart,
    Fault::Absence,
    Fault::Darkness,
    Fault::Expulsion,
    Fault::Farewell,
    Fault::News,
];

/// Of a thousand what, where it says nothing else.
#[derive(Debug, Clone)]
pub struct Manners {
    /// Most bytes of a message: each connection draws.
    pub payload_bytes_max: (u64, u64),
    /// Connections that may use headers.
    pub headers: u64,
    /// Deliveries that are lost, come twice, come late (and so out of order), and how late at most.
    pub lost: u64,
    pub repeated: u64,
    pub late: u64,
    pub late_most: Time,
    /// Connections that are read slowly: so many bytes at a time.
    pub slow: u64,
    pub slow_bytes: u64,
    /// Writes that are not in one go.
    pub split: u64,
    /// How long it takes to say who it is, at most.
    pub greets_after: Time,
    /// How often strangers publish what makes no sense; never, if 0.
    pub noise_gap: Time,
    /// How often it asks whether somebody is there.
    pub ping_gap: Time,
    /// How much may wait for one who reads slowly before it is expelled.
    pub pending_bytes_max: usize,
    /// What happens, how often, and for how long at most.
    pub faults: Vec<Fault>,
    pub fault_gap: Time,
    pub fault_length: Time,
}

impl Manners {
    /// Nothing goes wrong.
    pub fn good() -> Self {
        Manners {
            payload_bytes_max: (1 << 20, 1 << 20),
            headers: 1_000,
            lost: 0,
            repeated: 0,
            late: 0,
            late_most: MILLISECOND,
            slow: 0,
            slow_bytes: 4_096,
            split: 0,
            greets_after: MILLISECOND,
            noise_gap: 0,
            ping_gap: 20 * SECOND,
            pending_bytes_max: 64 << 20,
            faults: Vec::new(),
            fault_gap: SECOND,
            fault_length: SECOND,
        }
    }

    /// `longest`: how long the longest line is that must get through.
    pub fn draw(random: &mut Random, longest: u64) -> Self {
        let at_times = |random: &mut Random, often: u64, most: u64| {
            if random.chance(often) { random.below(most) } else { 0 }
        };
        let payload_least = random.magnitude(longest, 1 << 20);
        Manners {
            payload_bytes_max: (payload_least, random.magnitude(payload_least, 1 << 20)),
            headers: *random.pick(&[0, 500, 1_000]),
            lost: at_times(random, 600, 300),
            repeated: at_times(random, 500, 300),
            late: at_times(random, 500, 400),
            late_most: random.magnitude(MILLISECOND, 3 * SECOND),
            slow: at_times(random, 400, 1_000),
            slow_bytes: random.magnitude(1, 16_384),
            split: at_times(random, 500, 800),
            greets_after: random.magnitude(MILLISECOND, SECOND),
            noise_gap: if random.chance(300) { random.magnitude(MILLISECOND, SECOND) } else { 0 },
            ping_gap: random.magnitude(SECOND, 20 * SECOND),
            pending_bytes_max: random.magnitude(1 << 18, 64 << 20) as usize,
            faults: FAULTS.into_iter().filter(|_| random.chance(500)).collect(),
            fault_gap: random.magnitude(100 * MILLISECOND, 10 * SECOND),
            fault_length: random.magnitude(100 * MILLISECOND, 15 * SECOND),
        }
    }

    /// It behaves from now on; only what it may be told in one message stays.
    pub fn heal(&mut self) {
        let (payload_bytes_max, headers) = (self.payload_bytes_max, self.headers);
        *self = Manners { payload_bytes_max, headers, ..Manners::good() };
    }
}
