//! Bugs that the simulator plants into the driver, to see that they are found. Builds without debug
//! assertions have none.

/// A bug of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Those who asked to go first are written last.
    FirstWrittenLast,
    /// At the end of the peer's data the connection is closed, whatever its protocol still owes.
    HalfCloseForgetsAnswers,
    /// A timer is told of twice.
    TimerFiresTwice,
}

impl<P, L, S> super::Driver<P, L, S> {
    /// Has the driver make that mistake from now on, in a build with debug assertions.
    pub fn plant(&mut self, bug: Planted) {
        self.planted = Some(bug);
    }

    /// Whether it is to make that mistake.
    pub(super) fn errs_by(&self, bug: Planted) -> bool {
        cfg!(debug_assertions) && self.planted == Some(bug)
    }
}
