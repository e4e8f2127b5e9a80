//! `/status`, `/metrics`, `/healthz`, `/readyz`.

use crate::node::Node;
use crate::node::web::pending::Pending;
use crate::node::web::reply::{JSON, Reply};
use crate::transport::Context;
use crate::wire::client_json::write_error;
use std::mem;

/// The text format of Prometheus, version 0.0.4.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(in crate::node::web) fn status(cx: &mut Context<'_, Node>, reply: Reply) -> Pending {
    let now = cx.now;
    write(cx, reply, JSON, |node, body| node.write_status(now, body))
}

pub(in crate::node::web) fn metrics(cx: &mut Context<'_, Node>, reply: Reply) -> Pending {
    let now = cx.now;
    write(cx, reply, EXPOSITION, |node, body| node.write_metrics(now, body))
}

/// Who answers is alive.
pub(in crate::node::web) fn health(cx: &mut Context<'_, Node>, reply: Reply) {
    reply.json(cx, b"{\"alive\":true}");
}

/// 200, or 503 and why not.
pub(in crate::node::web) fn readiness(cx: &mut Context<'_, Node>, reply: Reply) {
    match cx.app.readiness(cx.now.monotonic) {
        Ok(()) => reply.json(cx, b"{\"ready\":true}"),
        Err(why) => {
            let mut body = Vec::new();
            write_error(&mut body, &why.to_string());
            reply.body(cx, 503, JSON, &body);
        }
    }
}

/// There is much to write about many neighbours: what is asked behind it waits for the next turn.
fn write(
    cx: &mut Context<'_, Node>,
    reply: Reply,
    content_type: &str,
    write: impl FnOnce(&Node, &mut Vec<u8>),
) -> Pending {
    let mut body = mem::take(&mut cx.app.web.body);
    body.clear();
    write(cx.app, &mut body);
    reply.body(cx, 200, content_type, &body);
    cx.app.web.body = body;
    cx.transport.yield_turn();
    Pending::Turn
}
