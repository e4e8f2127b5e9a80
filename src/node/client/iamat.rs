//! `IAMAT`: a client tells where it is.

use super::Client;
use crate::node::Node;
use crate::node::report::Reporter;
use crate::positions::Text;
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::IamAt;
use crate::wire::neighbour::write_at_after;

impl Client {
    /// Takes a report, which came in that line: None if the clock or the store says no.
    #[inline(always)]
    pub(super) fn take_report(
        &mut self,
        cx: &mut Context<'_, Node>,
        report: &IamAt<'_>,
        line: &[u8],
        got_nanoseconds: i64,
    ) -> Option<()> {
        let text = report.text();
        let text = Text::of_parsed(&text, report.client.len(), report.location.len());
        self.take_position(cx, text, line, report.time_nanoseconds, got_nanoseconds)
    }

    fn take_position(
        &mut self,
        cx: &mut Context<'_, Node>,
        text: Text<'_>,
        line: &[u8],
        time_nanoseconds: i64,
        got_nanoseconds: i64,
    ) -> Option<()> {
        if cx.app.settings.is_guarded {
            return self.take_guarded(cx, text, line, time_nanoseconds, got_nanoseconds);
        }
        let (from, now) = (Reporter("client", cx.transport.id()), cx.now.monotonic);
        let node = &mut *cx.app;
        let taken = node.take_report(from, text, time_nanoseconds, got_nanoseconds, now);
        let difference = taken.ok()?;
        let beginning = &node.settings.at_beginning;
        let compose = |out: &mut Vec<u8>| write_at_after(out, beginning, difference, text.bytes());
        self.answers.answer(cx.transport, compose);
        Some(())
    }

    /// The same where a report needs a token, or is answered when the disk holds it.
    #[inline(never)]
    fn take_guarded(
        &mut self,
        cx: &mut Context<'_, Node>,
        text: Text<'_>,
        line: &[u8],
        time_nanoseconds: i64,
        got_nanoseconds: i64,
    ) -> Option<()> {
        if !self.may(cx, Right::Report, text.client()) {
            return None;
        }
        let (from, now) = (Reporter("client", cx.transport.id()), cx.now.monotonic);
        let node = &mut *cx.app;
        node.may_promise().ok()?;
        let taken = node.take_report(from, text, time_nanoseconds, got_nanoseconds, now);
        let (difference, beginning) = (taken.ok()?, &node.settings.at_beginning);
        let mut answer = Vec::new();
        write_at_after(&mut answer, beginning, difference, text.bytes());
        match node.promise() {
            Some(promise) => self.answer_when_kept(cx, promise, answer, line),
            None => self.answers.answer(cx.transport, |out| out.extend_from_slice(&answer)),
        }
        Some(())
    }
}
