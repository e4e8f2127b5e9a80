//! `IAMAT`: a client tells where it is.

use super::Client;
use crate::limits;
use crate::node::Node;
use crate::node::counts::Refused;
use crate::positions::{Report, Text, Update};
use crate::transport::{ConnectionId, Context, Monotonic};
use crate::wire::IamAt;
use crate::wire::neighbour::write_at_after;
use log::{debug, warn};
use std::time::Duration;

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
        self.take_position(cx, text, report.time_nanoseconds, got_nanoseconds)
    }

    fn take_position(
        &mut self,
        cx: &mut Context<'_, Node>,
        text: Text<'_>,
        time_nanoseconds: i64,
        got_nanoseconds: i64,
    ) -> Option<()> {
        let node = &mut *cx.app;
        // Both are nanoseconds since 1970, neither below zero.
        let difference_nanoseconds = got_nanoseconds - time_nanoseconds;
        if difference_nanoseconds < -node.settings.max_skew_nanoseconds {
            let ahead = Duration::from_nanos(difference_nanoseconds.unsigned_abs());
            tell_ahead(node, cx.transport.id(), ahead, cx.now.monotonic);
            return None;
        }
        let report = Report { origin: node.origin, difference_nanoseconds, time_nanoseconds, text };
        let update = node.positions.report(&report);
        if matches!(update, Update::Known | Update::Full) {
            tell_unchanged(node, cx.transport.id(), update, cx.now.monotonic)?;
        }
        let beginning = &node.settings.at_beginning;
        let compose = |out: &mut Vec<u8>| {
            write_at_after(out, beginning, difference_nanoseconds, text.bytes());
        };
        self.answers.answer(cx.transport, compose);
        Some(())
    }
}

/// The report changed nothing: None if that is for want of room. (Of one that did nothing is said: that
/// is what they are for.)
#[cold]
fn tell_unchanged(node: &mut Node, id: ConnectionId, update: Update, now: Monotonic) -> Option<()> {
    if update == Update::Full {
        node.counts.refused(Refused::NoRoom);
        node.tell_no_room(now);
        return None;
    }
    node.counts.unchanged();
    debug!("client {id}: that report changes nothing: it or a later one is known");
    Some(())
}

/// A report is refused for its time. Of one client that is its own affair; where all are, it is this
/// server's clock that is wrong, and nobody else would say so.
#[cold]
fn tell_ahead(node: &mut Node, id: ConnectionId, ahead: Duration, now: Monotonic) {
    node.counts.refused(Refused::ClockAhead);
    debug!("client {id}: that time is {ahead:?} ahead of our clock, more than --max-skew");
    if let Some(others) = node.clocks_ahead.admit(now, limits::CLOCK_REMINDER) {
        let seconds = ahead.as_secs();
        warn!(
            "a client's clock is {seconds} s ahead of ours, more than --max-skew, and its report is \
             refused: is this machine's clock right? {others} more were refused since this was last \
             said"
        );
    }
}
