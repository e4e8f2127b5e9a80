//! `FORGET`: a client is to be forgotten.

use super::Client;
use crate::node::Node;
use crate::node::report::Reporter;
use crate::positions::Text;
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::Forget;
use crate::wire::neighbour::write_gone;

impl Client {
    /// Forgets a client, as that line says: None if the clock or the store says no.
    pub(super) fn forget(
        &mut self,
        cx: &mut Context<'_, Node>,
        forget: &Forget<'_>,
        line: &[u8],
        got_nanoseconds: i64,
    ) -> Option<()> {
        if !self.may(cx, Right::Forget, forget.client) {
            return None;
        }
        let text = forget.text();
        let text = Text::of_tombstone(&text, forget.client.len())?;
        let (from, now) = (Reporter("client", cx.transport.id()), cx.now.monotonic);
        let node = &mut *cx.app;
        node.may_promise().ok()?;
        let taken = node.take_forget(from, text, forget.time_nanoseconds, got_nanoseconds, now);
        let difference = taken.ok()?;
        let name = node.settings.name.as_bytes();
        if let Some(promise) = node.promise() {
            let mut answer = Vec::new();
            write_gone(&mut answer, name, difference, text.bytes());
            self.answer_when_kept(cx, promise, answer, line);
            return Some(());
        }
        self.answers.answer(cx.transport, |out| write_gone(out, name, difference, text.bytes()));
        Some(())
    }
}
