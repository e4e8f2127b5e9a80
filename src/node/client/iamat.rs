//! `IAMAT`: a client tells where it is.

use super::Client;
use crate::node::Node;
use crate::positions::{Report, Text, Update};
use crate::transport::{ConnectionId, Context, Monotonic};
use crate::wire::IamAt;
use crate::wire::neighbour::write_at_after;
use log::debug;
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
        let text = Text::new(&text, report.client.len(), report.location.len())?;
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
            log_ahead(cx.transport.id(), -difference_nanoseconds);
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
        node.tell_no_room(now);
        return None;
    }
    debug!("client {id}: that report changes nothing: it or a later one is known");
    Some(())
}

// Apart, as it is rare.
#[cold]
fn log_ahead(id: ConnectionId, ahead_nanoseconds: i64) {
    let ahead = Duration::from_nanos(ahead_nanoseconds.unsigned_abs());
    debug!("client {id}: that time is {ahead:?} ahead of our clock, more than --max-skew");
}
