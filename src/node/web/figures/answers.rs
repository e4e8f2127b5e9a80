//! `/status`, `/metrics`, `/healthz`, `/readyz`.

use crate::node::Node;
use crate::node::web::pending::Pending;
use crate::node::web::reply::{JSON, Refusal, Reply};
use crate::transport::Context;

/// The text format of Prometheus, version 0.0.4.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(in crate::node::web) fn status(
    cx: &mut Context<'_, Node>,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let now = cx.now;
    write(cx, reply, JSON, |node, body| node.write_status(now, body))
}

pub(in crate::node::web) fn metrics(
    cx: &mut Context<'_, Node>,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let now = cx.now;
    write(cx, reply, EXPOSITION, |node, body| node.write_metrics(now, body))
}

/// Who answers is alive.
pub(in crate::node::web) fn health(cx: &mut Context<'_, Node>, reply: Reply) {
    reply.json(cx, b"{\"alive\":true}");
}

/// That it is ready, or why it is not.
pub(in crate::node::web) fn readiness(
    cx: &mut Context<'_, Node>,
    reply: Reply,
) -> Result<(), Refusal> {
    let ready = cx.app.readiness(cx.now.monotonic);
    ready.map_err(|why| Refusal::new(503, why.to_string()))?;
    reply.json(cx, b"{\"ready\":true}");
    Ok(())
}

/// There is much to write about many neighbours: what is asked behind it waits for the next turn.
fn write(
    cx: &mut Context<'_, Node>,
    reply: Reply,
    content_type: &str,
    write: impl FnOnce(&Node, &mut Vec<u8>),
) -> Result<Option<Pending>, Refusal> {
    reply.compose(cx, content_type, |node, body| {
        write(node, body);
        Ok(())
    })?;
    cx.transport.yield_turn();
    Ok(Some(Pending::Turn))
}
