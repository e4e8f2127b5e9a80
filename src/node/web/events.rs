//! `GET /events`: watching as server-sent events.

use super::Node;
use super::access::Caller;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use super::reports::unfit;
use crate::limits;
use crate::node::access::Sight;
use crate::node::hub::{Event, Form, News, WatcherId};
use crate::tokens::Right;
use crate::transport::{Context, Monotonic, Now};
use crate::wire::EventId;
use crate::wire::http::{Payload, Request};
use log::{debug, info};
use std::mem;

/// What keeps a connection on which nothing happens from being taken for dead.
const COMMENT: &[u8] = b":\n\n";

/// A stream of events.
#[derive(Debug)]
pub(super) struct Stream {
    /// None of who may be told of nobody: nothing is kept of such, or they could fill what is kept for
    /// those who may.
    watcher: Option<WatcherId>,
    caller: Caller,
    comment_at: Monotonic,
    end: End,
}

/// When a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// When its connection does.
    Never,
    /// When all has been told that was so at its beginning.
    WithWhatIsSo,
    Now,
}

/// Begins to tell.
pub(super) fn answer(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    caller: Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let node = &mut *cx.app;
    let life = node.web.life;
    let mut line = mem::take(&mut node.web.question);
    let watcher = line.watch(request.query().as_bytes()).map_err(unfit).and_then(|watch| {
        let sight = caller.sight(node, Right::Watch, cx.now);
        if reply.is_head() || sight.as_ref().is_some_and(Sight::is_nobody) {
            return Ok(None);
        }
        let watcher = node.hub.enter(cx.transport.id(), Form::ServerSent { life }, sight);
        let last = request.header("last-event-id").and_then(EventId::parse);
        let last = last.filter(|last| last.life == life);
        if node.hub.watch(watcher, &watch, last, &mut node.positions) {
            return Ok(Some(watcher));
        }
        node.hub.leave(watcher, &mut node.positions);
        Err(Refusal::new(503, "there are too many watches"))
    });
    node.web.question = line;
    let watcher = watcher?;
    reply.head(cx, 200, Payload::UntilClose, |head| {
        // A proxy that gathers what comes would keep it from who waits for it.
        head.content_type("text/event-stream")
            .cache_control("no-store")
            .field("X-Accel-Buffering", "no")
    });
    if reply.is_head() {
        return Ok(Some(Pending::End));
    }
    if watcher.is_none() {
        // That is all that there is to be told.
        let (sequence, news) = (cx.app.positions.head(), News::Now(b""));
        let now = Event { sequence, departure: None, news };
        cx.transport.write_with(|out| now.write(Form::ServerSent { life }, out));
    }
    let comment_at = cx.now.monotonic + limits::COMMENT_INTERVAL;
    Ok(Some(Pending::Events(Box::new(Stream { watcher, caller, comment_at, end: End::Never }))))
}

impl Stream {
    /// Tells what there is to tell, if it is its turn. Whether that was the end.
    pub fn tell(&mut self, cx: &mut Context<'_, Node>) -> bool {
        let form = Form::ServerSent { life: cx.app.web.life };
        let write = |out: &mut Vec<u8>, event: &Event<'_>| event.write(form, out);
        let (watcher, now) = (self.watcher, cx.now.monotonic);
        let is_over = self.is_over(cx)
            || watcher.is_some_and(|watcher| {
                !cx.app.tell_watcher(("web", watcher), cx.transport, now, false, write)
            })
            || self.end == End::WithWhatIsSo && !watcher.is_some_and(|w| cx.app.hub.owes(w));
        if is_over {
            self.leave(cx);
        }
        is_over
    }

    /// The visitor will send no more: it is told what was so when it began, and that is all.
    pub fn end_with_what_is_so(&mut self) {
        self.end = End::WithWhatIsSo;
    }

    /// It is told nothing more.
    pub fn end_now(&mut self) {
        self.end = End::Now;
    }

    /// Whether it is told nothing more: it may not be any more, or the server stops.
    fn is_over(&mut self, cx: &mut Context<'_, Node>) -> bool {
        if self.caller.is_over(cx.app, cx.now) {
            info!("web {}: its token counts no more, and the events end", cx.transport.id());
            self.end = End::Now;
        }
        self.end == End::Now
    }

    /// When the next comment is due, or the time of its token is over.
    pub fn deadline(&self, now: Now) -> Monotonic {
        let over_at = self.caller.over_at(now);
        over_at.map_or(self.comment_at, |over_at| over_at.min(self.comment_at))
    }

    /// Writes a comment if it is due. One who has not taken what was written before needs none. Whether the
    /// stream ends.
    pub fn pass_time(&mut self, cx: &mut Context<'_, Node>) -> bool {
        if self.is_over(cx) {
            self.leave(cx);
            return true;
        }
        if cx.now.monotonic < self.comment_at {
            return false;
        }
        self.comment_at = cx.now.monotonic + limits::COMMENT_INTERVAL;
        if cx.transport.has_output() {
            debug!("web {}: reads slowly", cx.transport.id());
        } else {
            cx.transport.write(COMMENT);
        }
        false
    }

    /// Nobody is told any more.
    pub fn leave(&self, cx: &mut Context<'_, Node>) {
        if let Some(watcher) = self.watcher {
            cx.app.hub.leave(watcher, &mut cx.app.positions);
        }
    }
}
