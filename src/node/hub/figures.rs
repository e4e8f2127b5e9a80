//! What there is to see of the hub from outside.

use super::Hub;

impl Hub {
    /// How many have asked to be told something and are still there.
    pub fn watchers(&self) -> usize {
        self.watchers.len() - self.free.len()
    }

    /// How many watches they have, all together.
    pub fn watches(&self) -> usize {
        self.watches
    }
}
