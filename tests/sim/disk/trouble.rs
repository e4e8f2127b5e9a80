//! What goes wrong with disks: each seed draws its own mix.

use super::super::agenda::{MICROSECOND, MILLISECOND, SECOND, Time};
use super::super::random::Random;
use std::io;

/// What the seed of a run is changed by for its habits.
const SALT: u64 = 0x6861_6269;

/// EIO, which has no kind of its own.
const INPUT_OUTPUT_ERROR: i32 = 5;

/// What a disk may be in, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Of what is appended a part is taken at most.
    Full,
    /// What it is asked for fails, often.
    Failing,
    /// It takes up to seconds.
    Slow,
    /// It says that it holds what it does not.
    Lying,
}

pub const TROUBLES: [Trouble; 4] = [Trouble::Full, Trouble::Failing, Trouble::Slow, Trouble::Lying];

/// What the disks of a run are like.
#[derive(Debug, Clone)]
pub struct Habits {
    /// How long they take at most while they are well.
    pub delay_most: Time,
    pub troubles: Vec<Trouble>,
    /// Usual time between two troubles.
    pub gap: Time,
    /// How long one lasts at most.
    pub length: Time,
}

impl Habits {
    /// What a seed draws, beside all else that it draws.
    pub fn draw(seed: u64) -> Self {
        let random = &mut Random::new(seed ^ SALT);
        Habits {
            delay_most: random.magnitude(50 * MICROSECOND, 300 * MILLISECOND),
            troubles: TROUBLES.into_iter().filter(|_| random.chance(400)).collect(),
            gap: random.magnitude(100 * MILLISECOND, 5 * SECOND),
            length: random.magnitude(50 * MILLISECOND, 10 * SECOND),
        }
    }

    /// Whether these disks may lose what they have said to hold.
    pub fn lie(&self) -> bool {
        self.troubles.contains(&Trouble::Lying)
    }
}

/// What a failing disk says.
pub fn failing() -> io::Error {
    io::Error::from_raw_os_error(INPUT_OUTPUT_ERROR)
}
