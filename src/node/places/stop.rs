//! The end of all questions, when the server stops: what has been asked may still be answered for a while.

use super::{Questions, State, unknown};
use crate::places::Answer;
use crate::transport::Monotonic;
use std::rc::Rc;

/// What is said instead of what Places would have.
pub(super) fn last_answer() -> Rc<Answer> {
    Rc::new(unknown("the server stops").answer())
}

impl Questions {
    /// The server stops: from then on whoever waits or asks is answered at once, and no call is waited for.
    pub(in crate::node) fn end_at(&mut self, at: Monotonic) {
        self.ends_at = Some(at);
    }

    /// Whether that time has come.
    pub(super) fn has_ended(&self, now: Monotonic) -> bool {
        self.ends_at.is_some_and(|at| at <= now)
    }

    /// Answers all who wait, if it has.
    pub(super) fn end_if_due(&mut self, now: Monotonic) {
        if !self.has_ended(now) {
            return;
        }
        let answer = last_answer();
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            let Some(call) = self.remove_call(id) else { continue };
            if let State::Asked(connection) = call.state {
                self.outbox.wake(connection);
            }
            self.answer_all(call.questions, &answer);
        }
    }
}
