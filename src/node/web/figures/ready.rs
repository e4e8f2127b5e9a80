//! Whether a server is ready to be asked: it knows what the herd knows, as far as it can.

use crate::limits;
use crate::node::Node;
use crate::transport::Monotonic;
use std::fmt;

/// Why a server is not ready. Its `Display` is a clause for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// It is being stopped.
    Stopping,
    /// It is linked both ways with none of so many neighbours, and has not looked for long enough.
    Alone(usize),
    /// A neighbour is linked with it, and has not told all yet.
    Filling,
}

impl Node {
    /// Whether it is ready: linked both ways with a neighbour that has told all that it knew when their
    /// link came up, or without one for [`NEIGHBOUR_SOUGHT_MAX`](limits::NEIGHBOUR_SOUGHT_MAX) since its
    /// start, or with none in its herd. Who is ready stays so until it is stopped.
    ///
    /// # Errors
    /// Why it is not.
    pub fn readiness(&self, now: Monotonic) -> Result<(), NotReady> {
        if self.is_stopping() {
            return Err(NotReady::Stopping);
        }
        let neighbours = self.peers.len();
        if self.figures.is_ready || neighbours == 0 {
            return Ok(());
        }
        let sought = now.since(self.counts.started_at(now));
        match self.peers.is_linked_and_filled() {
            (_, true) => Ok(()),
            (true, false) => Err(NotReady::Filling),
            (false, false) if sought >= limits::NEIGHBOUR_SOUGHT_MAX => Ok(()),
            (false, false) => Err(NotReady::Alone(neighbours)),
        }
    }

    /// At the end of each turn, until it is.
    pub(in crate::node) fn look_whether_ready(&mut self, now: Monotonic) {
        if !self.figures.is_ready {
            self.figures.is_ready = self.readiness(now).is_ok();
        }
    }
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReady::Stopping => write!(f, "the server stops"),
            NotReady::Alone(1) => write!(f, "its neighbour is not linked with it both ways yet"),
            NotReady::Alone(neighbours) => {
                write!(f, "none of its {neighbours} neighbours is linked with it both ways yet")
            }
            NotReady::Filling => write!(f, "a neighbour has not told it yet all that it knows"),
        }
    }
}
