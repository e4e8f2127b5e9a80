//! `IAMAT`: a client tells where it is.

use super::Client;
use crate::node::Node;
use crate::node::report::Reporter;
use crate::positions::Text;
use crate::transport::Context;
use crate::wire::IamAt;
use crate::wire::neighbour::write_at_after;

impl Client {
    /// Takes a report: None if the clock or the store says no.
    #[inline(always)]
    pub(super) fn take_report(
        &mut self,
        cx: &mut Context<'_, Node>,
        report: &IamAt<'_>,
        got_nanoseconds: i64,
    ) -> Option<()> {
        let text = report.text();
        let text = Text::of_parsed(&text, report.client.len(), report.location.len());
        let from = Reporter("client", cx.transport.id());
        let (time, now) = (report.time_nanoseconds, cx.now.monotonic);
        let difference = cx.app.take_report(from, text, time, got_nanoseconds, now).ok()?;
        let beginning = &cx.app.settings.at_beginning;
        let compose = |out: &mut Vec<u8>| write_at_after(out, beginning, difference, text.bytes());
        self.answers.answer(cx.transport, compose);
        Some(())
    }
}
