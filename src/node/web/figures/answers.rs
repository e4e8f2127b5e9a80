//! The requests that ask for figures.

use crate::node::Node;
use crate::node::web::reply::{Refusal, Reply};
use crate::transport::{Context, Now};
use std::mem;

/// Of Prometheus's text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /status`.
pub fn status(cx: &mut Context<'_, Node>, reply: Reply) {
    written(cx, reply, "application/json", Node::write_status);
}

/// `GET /metrics`.
pub fn metrics(cx: &mut Context<'_, Node>, reply: Reply) {
    written(cx, reply, METRICS, Node::write_metrics);
}

/// `GET /healthz`: who answers is alive.
pub fn health(cx: &mut Context<'_, Node>, reply: Reply) {
    reply.body(cx, 200, TEXT, b"alive\n");
}

/// `GET /readyz`: whether it should be asked, or why not.
pub fn ready(cx: &mut Context<'_, Node>, reply: Reply) -> Result<(), Refusal> {
    let readiness = cx.app.readiness(cx.now.monotonic);
    readiness.map_err(|why| Refusal::new(503, why.to_string()))?;
    reply.body(cx, 200, TEXT, b"ready\n");
    Ok(())
}

fn written(
    cx: &mut Context<'_, Node>,
    reply: Reply,
    content_type: &str,
    write: fn(&Node, Now, &mut Vec<u8>),
) {
    let mut body = mem::take(&mut cx.app.web.body);
    body.clear();
    write(cx.app, cx.now, &mut body);
    reply.body(cx, 200, content_type, &body);
    cx.app.web.body = body;
}
