//! Bugs that the simulator plants into the driver, to see that they are found. In builds without
//! debug assertions there are none, and nothing asks.

/// A bug of the driver.
#[cfg(debug_assertions)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Those who asked to go first are written last.
    FirstWrittenLast,
    /// At the end of the peer's data the connection is closed, whatever its protocol still owes.
    HalfCloseForgetsAnswers,
    /// A timer is told of twice.
    TimerFiresTwice,
}

/// The bug of a driver, if one is planted.
#[derive(Debug, Default)]
pub(super) struct Plantable {
    #[cfg(debug_assertions)]
    pub bug: Option<Planted>,
}

#[cfg(debug_assertions)]
impl Plantable {
    pub fn writes_first_last(&self) -> bool {
        self.bug == Some(Planted::FirstWrittenLast)
    }

    pub fn forgets_answers(&self) -> bool {
        self.bug == Some(Planted::HalfCloseForgetsAnswers)
    }

    pub fn fires_twice(&self) -> bool {
        self.bug == Some(Planted::TimerFiresTwice)
    }
}

#[cfg(not(debug_assertions))]
impl Plantable {
    pub const fn writes_first_last(&self) -> bool {
        false
    }

    pub const fn forgets_answers(&self) -> bool {
        false
    }

    pub const fn fires_twice(&self) -> bool {
        false
    }
}

#[cfg(debug_assertions)]
impl<P, L, S> super::Driver<P, L, S> {
    /// Has the driver make that mistake from now on.
    pub fn plant(&mut self, bug: Planted) {
        self.planted.bug = Some(bug);
    }
}
