//! That the server is being stopped, as its conversations see it: what is asked is answered on, and what has
//! not been said yet has a moment to be.

use super::Node;
use crate::limits;
use crate::transport::Monotonic;

impl Node {
    /// Whether it is being stopped.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Until when is waited for what has not been said yet, where it is being stopped.
    pub(super) fn patient_until(&self) -> Option<Monotonic> {
        self.stopping.map(|since| since + limits::STOP_PATIENCE)
    }

    pub(super) fn stop(&mut self, now: Monotonic) {
        self.stopping = Some(now);
        self.questions.end_at(now + limits::STOP_PATIENCE);
        self.questions.sum_up(now);
    }
}
