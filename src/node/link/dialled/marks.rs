//! Marks: what a link says of how far it has told the feed.

use super::{Dialled, State};
use crate::node::Node;
use crate::node::agreement::digest_for;
use crate::transport::Context;
use crate::wire::neighbour::write_mark;
use log::debug;

impl Dialled {
    /// Once all has been told that there was when the link came up, says so: by a mark with nothing new
    /// before it.
    pub(super) fn end_telling(&mut self, cx: &mut Context<'_, Node>) {
        let node = &*cx.app;
        let sent_up_to = node.positions.sent_up_to(node.peers[self.peer].cursor());
        if let Some(telling) = &mut self.telling
            && !telling.is_over
            && telling.up_to <= sent_up_to
        {
            telling.is_over = true;
            self.mark(cx, false);
        }
    }

    /// Marks the feed as far as it has been sent, behind what was just told or for itself.
    pub(super) fn mark(&mut self, cx: &mut Context<'_, Node>, tells: bool) {
        let node = &*cx.app;
        let sent_up_to = node.positions.sent_up_to(node.peers[self.peer].cursor());
        let digest = digest_for(self.version, &node.positions);
        debug!("link {} > mark {sent_up_to} {:016x}", cx.transport.id(), digest.sum);
        cx.transport.write_with(|out| write_mark(out, sent_up_to, digest));
        self.progress.mark(sent_up_to, tells);
        self.marked = cx.now.monotonic;
    }

    pub(super) fn heartbeat(&mut self, cx: &mut Context<'_, Node>) {
        // A mark with nothing told before it says that this is all.
        let is_told_all = cx.app.positions.is_at_head(cx.app.peers[self.peer].cursor());
        match self.state {
            State::Up { .. } if is_told_all && !cx.transport.is_full() => self.mark(cx, false),
            // The neighbour owes the answer to our greeting, or has enough to read.
            _ => self.marked = cx.now.monotonic,
        }
    }
}
