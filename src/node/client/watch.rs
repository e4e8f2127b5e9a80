//! `WATCH` and `UNWATCH`: a client is told of others' moves.

use super::Client;
use crate::node::Node;
use crate::node::access::Sight;
use crate::node::counts::Refused;
use crate::node::hub::{Event, Form, WatcherId};
use crate::node::lines::{OUT, lines_are_logged_at, log_at, without_end};
use crate::tokens::Right;
use crate::transport::{ConnectionId, Context};
use crate::wire::Watch;
use log::{Level, debug};

impl Client {
    /// Begins to watch: None if it may not, or watches too much.
    pub(super) fn watch(
        &mut self,
        cx: &mut Context<'_, Node>,
        watch: &Watch<'_>,
        line: &[u8],
    ) -> Option<()> {
        let (node, id) = (&mut *cx.app, cx.transport.id());
        if node.settings.classic {
            debug!("client {id}: nobody watches with --classic");
            node.counts.refused(Refused::Watch);
            return None;
        }
        let watcher = match self.watcher {
            Some(watcher) => watcher,
            None => {
                let sight = node.sight(self.apart.grant(), Right::Watch, cx.now);
                if sight.as_ref().is_some_and(Sight::is_nobody) {
                    self.tell_nothing(cx, watch, line);
                    return Some(());
                }
                *self.watcher.insert(node.hub.enter(id, Form::Lines, sight))
            }
        };
        if !node.hub.watch(watcher, watch, None, &mut node.positions) {
            debug!("client {id}: there are too many watches");
            node.counts.refused(Refused::Watch);
            return None;
        }
        self.copy_back(cx, line);
        self.take_turns(cx, watcher, watch);
        Some(())
    }

    /// Answers one who may be told of nobody. Nothing is kept of its watch, or such could fill what is kept
    /// for those who may.
    fn tell_nothing(&mut self, cx: &mut Context<'_, Node>, watch: &Watch<'_>, line: &[u8]) {
        self.copy_back(cx, line);
        self.answers.answer(cx.transport, |out| {
            out.extend_from_slice(b"~ NOW ");
            watch.write(out);
            out.push(b'\n');
        });
    }

    /// Ends a watch: None if there is none that is written so.
    pub(super) fn unwatch(
        &mut self,
        cx: &mut Context<'_, Node>,
        watch: &Watch<'_>,
        line: &[u8],
    ) -> Option<()> {
        if *watch == Watch::All {
            self.catch_up(cx);
        }
        // Of the watches of one who may be told of nobody nothing is kept: each was, for all that it can see.
        let sight = || cx.app.sight(self.apart.grant(), Right::Watch, cx.now);
        if self.watcher.is_none() && sight().as_ref().is_some_and(Sight::is_nobody) {
            self.copy_back(cx, line);
            return Some(());
        }
        let was_watched = self.watcher.is_some_and(|watcher| {
            let node = &mut *cx.app;
            let was_watched = node.hub.unwatch(watcher, watch, &mut node.positions);
            self.take_turns(cx, watcher, watch);
            was_watched
        });
        if !was_watched {
            debug!("client {}: that is not watched", cx.transport.id());
            cx.app.counts.refused(Refused::Watch);
            return None;
        }
        self.copy_back(cx, line);
        Some(())
    }

    /// Where there is much to look through for a command, the next one is taken in another turn.
    fn take_turns(&mut self, cx: &mut Context<'_, Node>, watcher: WatcherId, watch: &Watch<'_>) {
        if *watch == Watch::All || cx.app.hub.keeps_much_for(watcher) {
            self.answers.tire();
            cx.transport.yield_turn();
        }
    }

    fn copy_back(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        self.answers.answer(cx.transport, |out| {
            out.extend_from_slice(line);
            out.push(b'\n');
        });
    }

    /// Tells what has not been told of everything, so that it is clear of whom it was told when only
    /// other watches are left.
    fn catch_up(&mut self, cx: &mut Context<'_, Node>) {
        if self.watcher.is_some() && self.apart.is_over(cx.app, cx.now) {
            self.stop_watching(cx);
        }
        let Some(watcher) = self.watcher.filter(|_| !self.answers.hold_back()) else { return };
        let (node, transport) = (&mut *cx.app, &mut *cx.transport);
        node.hub.catch_up(watcher, &mut node.positions, |event| {
            let id = transport.id();
            transport.write_with(|out| write_event(out, event, id));
        });
    }

    /// Tells what there is to tell, if it is its turn and no answer is held back: an own report is
    /// answered before its event, and a watch copied back before what it brings.
    pub(super) fn tell(&mut self, cx: &mut Context<'_, Node>) {
        let Some(watcher) = self.watcher else { return };
        if self.apart.is_over(cx.app, cx.now) {
            self.stop_watching(cx);
            return;
        }
        let (id, now, is_held_back) =
            (cx.transport.id(), cx.now.monotonic, self.answers.hold_back());
        let write = |out: &mut Vec<u8>, event: &Event<'_>| write_event(out, event, id);
        let who = ("client", watcher);
        if !cx.app.tell_watcher(who, cx.transport, now, is_held_back, write) {
            self.stop_watching(cx);
        }
    }

    /// Nobody is told any more.
    pub(super) fn stop_watching(&mut self, cx: &mut Context<'_, Node>) {
        if let Some(watcher) = self.watcher.take() {
            cx.app.hub.leave(watcher, &mut cx.app.positions);
        }
    }

    /// Whether it watches anything.
    pub(super) fn is_watching(&self, node: &Node) -> bool {
        self.watcher.is_some_and(|watcher| node.hub.is_watching(watcher))
    }

    /// Whether it has yet to be told something that was so when a watch began.
    pub(super) fn owes_events(&self, node: &Node) -> bool {
        self.watcher.is_some_and(|watcher| node.hub.owes(watcher))
    }
}

/// Writes it, and logs it: what thousands are told of every change would push all else out of the log, so
/// it is for those who look for it.
fn write_event(out: &mut Vec<u8>, event: &Event<'_>, id: ConnectionId) {
    let start = out.len();
    event.write(Form::Lines, out);
    if lines_are_logged_at(Level::Trace) {
        for event in out[start..].split_inclusive(|&byte| byte == b'\n') {
            log_at(Level::Trace, ("client", OUT), id, without_end(event));
        }
    }
}
