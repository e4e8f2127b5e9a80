//! A stop: from whom commands are still taken.

use super::Client;
use crate::node::Node;
use crate::transport::{Context, Monotonic};

impl Client {
    /// When the server stops, no more commands are taken from who has said some and is not in the middle of
    /// one; until when is waited for the others.
    #[cold]
    pub(super) fn end_if_heard_out(&mut self, cx: &mut Context<'_, Node>) -> Option<Monotonic> {
        if self.last || self.apart.is_put_off() {
            return None;
        }
        let is_heard_out = self.answered && !self.lines.has_partial();
        let waits = cx.app.patient_until().filter(|&at| !is_heard_out && at > cx.now.monotonic);
        if waits.is_none() {
            self.last = true;
            self.stop_watching(cx);
            // Who has all that it is owed, or waits for an answer and sends nothing, need not be waited for.
            self.leaves = !cx.transport.has_output();
            cx.transport.pause_reading();
        }
        waits
    }
}
