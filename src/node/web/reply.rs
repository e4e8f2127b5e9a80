//! One response: its head, its body, and what an answer has to know of its request.

use super::Node;
use super::credentials::Challenge;
use crate::node::lines::{TRAFFIC, lines_are_logged};
use crate::transport::Context;
use crate::wire::Printable;
use crate::wire::client_json::write_error;
use crate::wire::http::{Connection, HttpError, Payload, Request, ResponseHead};
use log::{debug, info};
use std::borrow::Cow;
use std::mem;

pub(super) const JSON: &str = "application/json";

/// What of a request decides about the form of its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    connection: Connection,
    is_head: bool,
    takes_chunks: bool,
    /// The page from elsewhere that may read the answer: which of those that were named.
    origin: Option<usize>,
}

/// A request that is not fulfilled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    /// A clause.
    error: Cow<'static, str>,
    /// Of a 405: which methods there are.
    allow: String,
    /// Of a 401: how a token is to be shown.
    challenge: Option<Challenge>,
}

impl Refusal {
    pub fn new(status: u16, error: impl Into<Cow<'static, str>>) -> Self {
        Refusal { status, error: error.into(), allow: String::new(), challenge: None }
    }

    /// That method is not one of these.
    pub fn of_method(allow: String) -> Self {
        let error = format!("only {allow} may be asked here");
        Refusal { allow, ..Refusal::new(405, error) }
    }

    /// No good token was shown.
    pub fn of_credentials(error: &'static str, challenge: Challenge) -> Self {
        Refusal { challenge: Some(challenge), ..Refusal::new(401, error) }
    }

    /// What came is no request.
    pub fn of_http(error: HttpError) -> Self {
        Refusal::new(error.status(), format!("this server was sent {error}"))
    }
}

impl Reply {
    /// The answer to a request.
    pub fn to(request: &Request<'_>, node: &Node) -> Self {
        Reply {
            connection: request.connection(),
            is_head: request.method() == "HEAD",
            takes_chunks: request.takes_chunks(),
            origin: node.web.origins.find_allowed(request),
        }
    }

    /// The answer to what is no request.
    pub fn to_nobody() -> Self {
        Reply { connection: Connection::Closes, is_head: false, takes_chunks: false, origin: None }
    }

    /// The same, behind which the connection is closed.
    pub fn closing(self) -> Self {
        Reply { connection: Connection::Closes, ..self }
    }

    /// Whether the connection is closed behind it.
    pub fn is_last(&self) -> bool {
        self.connection == Connection::Closes
    }

    /// Whether only the head is asked for.
    pub fn is_head(&self) -> bool {
        self.is_head
    }

    /// What a report is answered with: all is well.
    pub fn done(self, cx: &mut Context<'_, Node>) {
        self.head(cx, 200, Payload::Length(0), |head| head);
    }

    /// A JSON document.
    pub fn json(self, cx: &mut Context<'_, Node>, body: &[u8]) {
        self.body(cx, JSON, body);
    }

    /// The head of a JSON document whose length is not known yet. Whether it is to come in chunks; if
    /// not, its end is that of the connection.
    pub fn begin_json(self, cx: &mut Context<'_, Node>) -> bool {
        let payload = if self.takes_chunks { Payload::Chunked } else { Payload::UntilClose };
        self.head(cx, 200, payload, |head| changing(head, JSON));
        self.takes_chunks
    }

    /// A document that changes from one moment to the next.
    fn body(self, cx: &mut Context<'_, Node>, content_type: &str, body: &[u8]) {
        self.head(cx, 200, Payload::Length(body.len() as u64), |head| changing(head, content_type));
        if !self.is_head {
            cx.transport.write(body);
        }
    }

    /// A document that `write` appends, unless it says why there is none; what it allocates is used again.
    pub fn compose(
        self,
        cx: &mut Context<'_, Node>,
        content_type: &str,
        write: impl FnOnce(&Node, &mut Vec<u8>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let mut body = mem::take(&mut cx.app.web.body);
        body.clear();
        let written = write(cx.app, &mut body);
        if written.is_ok() {
            self.body(cx, content_type, &body);
        }
        cx.app.web.body = body;
        written
    }

    /// Why not, as `{"error"}`.
    pub fn refuse(self, cx: &mut Context<'_, Node>, refusal: &Refusal) {
        debug!("web {}: {}", cx.transport.id(), Printable(refusal.error.as_bytes()));
        let mut body = Vec::new();
        write_error(&mut body, &refusal.error);
        self.head(cx, refusal.status, Payload::Length(body.len() as u64), |head| {
            let head = changing(head, JSON);
            let head = if refusal.allow.is_empty() { head } else { head.allow(&refusal.allow) };
            let challenges = refusal.challenge.into_iter().flat_map(Challenge::values);
            challenges.fold(head, |head, value| head.field("WWW-Authenticate", value))
        });
        if !self.is_head {
            cx.transport.write(&body);
        }
    }

    /// A head alone, with these fields.
    pub fn head(
        self,
        cx: &mut Context<'_, Node>,
        status: u16,
        payload: Payload,
        fields: impl FnOnce(ResponseHead<'_>) -> ResponseHead<'_>,
    ) {
        cx.app.counts.responded(status);
        if lines_are_logged() {
            info!(target: TRAFFIC, "web {} > {status}", cx.transport.id());
        }
        let web = &mut cx.app.web;
        web.date.set(cx.now.posix_nanoseconds);
        let origin = self.origin.and_then(|origin| web.origins.name(origin));
        cx.transport.write_with(|out| {
            let head = ResponseHead::begin(out, status, &web.date);
            let head = match origin {
                Some(origin) => head.allow_origin(origin),
                None if web.origins.is_empty() => head,
                // To another page it is another one.
                None => head.field("Vary", "Origin"),
            };
            fields(head).end(payload, self.connection);
        });
    }
}

fn changing<'a>(head: ResponseHead<'a>, content_type: &str) -> ResponseHead<'a> {
    let head = head.content_type(content_type).cache_control("no-store");
    head.field("X-Content-Type-Options", "nosniff")
}
