//! The stand-in as a server: who connects gets a [`Conversation`], which answers one request after
//! the other, in the dialect of its path.

use crate::answer::Answer;
use crate::gazetteer::Gazetteer;
use crate::legacy::{self, Question};
use crate::new;
use herd::transport::{
    Action, Application, Context, Lost, Monotonic, Now, PeerInfo, Protocol, Signal,
};
use herd::wire::http::{
    CONTINUE, Connection, HttpDate, HttpError, Payload, Request, RequestReader, ResponseHead,
    reason,
};
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// Largest body of a request. One of the legacy dialect has none; what comes is passed over.
const BODY_BYTES_MAX: usize = 64 * 1_024;
/// Characters of a path that are logged.
const LOGGED_PATH_CHARS_MAX: usize = 100;

const JSON: &str = "application/json; charset=UTF-8";
const TEXT: &str = "text/plain; charset=UTF-8";

/// What the conversations share.
#[derive(Debug)]
pub struct Service {
    /// The places to tell of.
    pub gazetteer: Gazetteer,
    /// The key that every request must give, if any.
    pub required_key: Option<String>,
    /// How long each answer is held back.
    pub delay: Duration,
    /// How often a signal has asked to stop since the driver was told.
    pub stops: usize,
}

/// The ports of the stand-in: it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port;

/// One client's connection.
///
/// Requests are answered strictly one by one: while an answer is held back, or the client does not
/// take its answers, nothing more is read.
#[derive(Debug)]
pub struct Conversation {
    peer: SocketAddr,
    requests: RequestReader,
    /// What arrived behind a request whose answer is not on its way yet.
    unread: Vec<u8>,
    /// The answer that is held back until the timer expires.
    late: Option<Reply>,
}

/// A response before it is sent.
#[derive(Debug)]
struct Reply {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    connection: Connection,
}

impl Application for Service {
    type Protocol = Conversation;
    type Listener = Port;

    fn accepted(&mut self, _port: Port, peer: SocketAddr, _now: Now) -> Conversation {
        Conversation {
            peer,
            requests: RequestReader::new(BODY_BYTES_MAX),
            unread: Vec::new(),
            late: None,
        }
    }

    fn next_action(&mut self) -> Option<Action<Conversation, Port>> {
        self.stops = self.stops.checked_sub(1)?;
        Some(Action::Stop)
    }

    fn signalled(&mut self, _signal: Signal, _now: Now) {
        self.stops += 1;
    }

    fn deadline(&self) -> Option<Monotonic> {
        None
    }

    fn timer_expired(&mut self, _now: Now) {}
}

impl Service {
    /// The response to a request, and a few words on it for the log; never the query or a header, as
    /// the key is in it.
    fn reply(&self, request: &Request<'_>) -> (Reply, String) {
        let mut reply = match (request.path(), request.method()) {
            (legacy::PATH, "GET") => return self.answer(request),
            (new::PATH, "POST") => return self.answer_new(request),
            // It must have no body, so it gets an empty one.
            (legacy::PATH | new::PATH, "HEAD") => Reply::text(405, ""),
            (legacy::PATH, _) => Reply::text(405, "Use GET.\n"),
            (new::PATH, _) => Reply::text(405, "Use POST.\n"),
            (_, "HEAD") => Reply::text(404, ""),
            _ => Reply::text(404, "There is nothing here.\n"),
        };
        reply.connection = request.connection();
        let outcome = format!("{} {}", reply.status, reason(reply.status));
        (reply, outcome)
    }

    fn answer(&self, request: &Request<'_>) -> (Reply, String) {
        let question = Question::read(request.query(), self.required_key.as_deref());
        let (answer, about) = match question {
            Ok(question) => {
                let answer = Answer::to(&question, &self.gazetteer);
                let about = format!("{} places {question}", answer.count());
                (answer, about)
            }
            Err(refusal) => (Answer::refusing(refusal), refusal.message().to_owned()),
        };
        let outcome = format!("{}: {about}", answer.status());
        Reply::json(200, answer.to_json(), request.connection(), outcome)
    }

    fn answer_new(&self, request: &Request<'_>) -> (Reply, String) {
        let connection = request.connection();
        match new::Question::read(request, self.required_key.as_deref()) {
            Ok(question) => {
                let answer = new::answer::Answer::to(&question, &self.gazetteer);
                let outcome = format!("OK: {} places {}", answer.count(), question.near);
                Reply::json(200, answer.to_json(), connection, outcome)
            }
            Err(refusal) => {
                let json = new::answer::Answer::refusing(refusal).to_json();
                let outcome = format!("{}: {}", refusal.status(), refusal.message());
                Reply::json(refusal.http_status(), json, connection, outcome)
            }
        }
    }
}

impl Reply {
    /// An answer, and what to log of it.
    fn json(
        status: u16,
        json: serde_json::Result<Vec<u8>>,
        connection: Connection,
        outcome: String,
    ) -> (Reply, String) {
        match json {
            Ok(body) => (Reply { status, content_type: JSON, body, connection }, outcome),
            Err(error) => {
                let reply = Reply::text(500, "The answer is no JSON.\n");
                (reply, format!("{outcome}: {error}"))
            }
        }
    }

    /// A short text, after which the connection is closed.
    fn text(status: u16, text: &str) -> Reply {
        let body = text.as_bytes().to_vec();
        Reply { status, content_type: TEXT, body, connection: Connection::Closes }
    }

    fn refusing(error: HttpError) -> Reply {
        Reply::text(error.status(), &format!("You sent {error}.\n"))
    }

    fn write(&self, out: &mut Vec<u8>, posix_nanoseconds: i64) {
        ResponseHead::begin(out, self.status, &HttpDate::at(posix_nanoseconds))
            .content_type(self.content_type)
            .end(Payload::Length(self.body.len() as u64), self.connection);
        out.extend_from_slice(&self.body);
    }
}

impl Protocol<Service> for Conversation {
    fn connection_made(&mut self, cx: &mut Context<'_, Service>, _: &PeerInfo) {
        log::debug!("{} {}: connected", cx.transport.id(), self.peer);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Service>, data: &[u8]) {
        self.unread.extend_from_slice(data);
        self.go_on(cx);
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Service>) {
        self.go_on(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Service>) {
        if let Some(reply) = self.late.take() {
            send(cx, &reply);
        }
        self.go_on(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Service>) {
        if let Some(reply) = self.late.take() {
            send(cx, &reply);
        }
        cx.transport.close();
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Service>, cause: &Lost) {
        log::debug!("{} {}: {cause}", cx.transport.id(), self.peer);
    }
}

impl Conversation {
    /// Answers what has arrived, as far as possible now, and reads on once that is all.
    fn go_on(&mut self, cx: &mut Context<'_, Service>) {
        let arrived = mem::take(&mut self.unread);
        let mut rest = &arrived[..];
        while !rest.is_empty() && !cx.transport.is_ending() {
            if self.late.is_some() || !cx.transport.request_room() {
                break;
            }
            match self.requests.next(&mut rest) {
                Ok(Some(request)) => self.late = answer(cx, self.peer, &request),
                Ok(None) => {
                    if self.requests.take_continue() {
                        cx.transport.write(CONTINUE);
                    }
                }
                Err(error) => {
                    log::info!("{} {}: sent {error}", cx.transport.id(), self.peer);
                    send(cx, &Reply::refusing(error));
                }
            }
        }
        if self.late.is_some() || !rest.is_empty() {
            cx.transport.pause_reading();
        } else {
            cx.transport.resume_reading();
        }
        self.unread = rest.to_vec();
    }
}

/// Answers a request; an answer that is to be late is given back.
fn answer(cx: &mut Context<'_, Service>, peer: SocketAddr, request: &Request<'_>) -> Option<Reply> {
    let (reply, outcome) = cx.app.reply(request);
    let path: String = request.path().escape_debug().take(LOGGED_PATH_CHARS_MAX).collect();
    let (id, method) = (cx.transport.id(), request.method());
    log::info!("{id} {peer}: {method:.20} {path} {outcome}");
    if cx.app.delay.is_zero() {
        send(cx, &reply);
        return None;
    }
    cx.transport.set_timer(Some(cx.now.monotonic + cx.app.delay));
    Some(reply)
}

fn send(cx: &mut Context<'_, Service>, reply: &Reply) {
    let now = cx.now.posix_nanoseconds;
    cx.transport.write_with(|out| reply.write(out, now));
    if reply.connection == Connection::Closes {
        cx.transport.close();
    }
}

#[cfg(test)]
impl Service {
    /// The whole response to a request, as it is sent.
    pub fn response(&self, request: &Request<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.reply(request).0.write(&mut out, 0);
        out
    }
}

#[cfg(test)]
mod tests;
