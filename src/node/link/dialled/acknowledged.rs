//! What a neighbour acknowledges, and what follows if it holds other positions than we do.

use super::super::catch_up::Telling;
use super::super::progress::Progress;
use super::Dialled;
use crate::node::Node;
use crate::node::agreement::{Finding, difference, is_comparable};
use crate::transport::Context;
use crate::wire::neighbour::Digest;
use log::{debug, info, warn};
use std::fmt;

impl Dialled {
    pub(super) fn acknowledged(
        &mut self,
        cx: &mut Context<'_, Node>,
        sequence: u64,
        theirs: Digest,
    ) {
        debug!("link {} < ack {sequence} {:016x}", cx.transport.id(), theirs.sum);
        if let Err(marked) = self.progress.acknowledge(sequence) {
            self.start_over(cx, format_args!("it acknowledges {sequence} of {marked}"));
            return;
        }
        let (node, now) = (&mut *cx.app, cx.now.monotonic);
        let peer = &mut node.peers[self.peer];
        // What was told when the link came up had waited for that, and not for its way.
        peer.acknowledged(sequence, now, self.telling.is_none());
        if let Some(told) = self.telling.take_if(|telling| telling.up_to <= sequence) {
            // What an operator waits for before the next server of a herd is restarted.
            let summary = told.so_far.summary(now);
            info!("{} has caught up: {summary}", peer.name());
        }
        if sequence != node.positions.head() {
            self.agreement.moved();
            return;
        }
        if !is_comparable(self.version, &node.positions) {
            self.agreement.moved();
            peer.cannot_be_compared();
            return;
        }
        // Of somebody else in its name we would not know what it holds.
        let feeds_us = peer.feeds_us();
        let told = peer.received_mut().take_whole().filter(|_| feeds_us);
        let (positions, name) = (&node.positions, peer.name());
        let Some(differ_by) = difference(theirs, positions) else { return };
        let told = told.and_then(|told| difference(told, positions));
        match self.agreement.compare(differ_by, told, feeds_us, now) {
            Some(Finding::Differ) => warn!(
                "{name} and we are at rest and hold different positions: {:016x} and {:016x}",
                theirs.sum,
                positions.digest()
            ),
            Some(Finding::AgreeAgain) => info!("{name} and we hold the same positions again"),
            None => {}
        }
        peer.compared(self.agreement.verdict(), now);
        if differ_by == 0 {
            peer.agrees();
        } else if self.agreement.is_lost() {
            let left_out = match peer.received().left_out() {
                0 => String::new(),
                more => format!(" ({more} of servers that are not of the herd are left out here)"),
            };
            self.start_over(cx, format_args!("it holds other positions{left_out}"));
        }
    }

    /// Tells the neighbour everything again, unless that was done a moment ago: then this may be from
    /// before it.
    fn start_over(&mut self, cx: &mut Context<'_, Node>, why: fmt::Arguments<'_>) {
        let node = &mut *cx.app;
        let peer = &mut node.peers[self.peer];
        if !peer.may_start_over(cx.now.monotonic) {
            debug!("{}: {why}; it has been told everything again", peer.name());
            return;
        }
        warn!("{} is told everything again: {why}", peer.name());
        peer.start_over(&mut node.positions, cx.now.monotonic);
        self.agreement.moved();
        self.progress = Progress::default();
        self.telling = Some(Telling::new(node.positions.head(), cx.now.monotonic));
    }
}
