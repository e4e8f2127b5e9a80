//! The stand-in as a server: who connects gets a [`Conversation`], which answers one request after
//! the other, in the dialect of its path.

use crate::answer::Answer;
use crate::gazetteer::Gazetteer;
use crate::legacy::{self, Question};
use crate::new;
use herd::transport::{
    Action, Application, Context, Lost, Monotonic, Now, PeerInfo, Protocol, Signal,
};
use herd::wire::http::{HttpError, Request, RequestReader, write_response};
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
    reason: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
    keep_alive: bool,
}

impl Application for Service {
    type Protocol = Conversation;
    type Listener = Port;

    fn accepted(&mut self, _port: Port, peer: SocketAddr) -> Conversation {
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
    fn reply(&self, request: &Request) -> (Reply, String) {
        let (path, query) = split_target(&request.target);
        let mut reply = match (path, request.method.as_str()) {
            (legacy::PATH, "GET") => return self.answer(query, request.keep_alive),
            (new::PATH, "POST") => return self.answer_new(request),
            // It must have no body, so it gets an empty one.
            (legacy::PATH | new::PATH, "HEAD") => Reply::text(405, "Method Not Allowed", ""),
            (legacy::PATH, _) => Reply::text(405, "Method Not Allowed", "Use GET.\n"),
            (new::PATH, _) => Reply::text(405, "Method Not Allowed", "Use POST.\n"),
            (_, "HEAD") => Reply::text(404, "Not Found", ""),
            _ => Reply::text(404, "Not Found", "There is nothing here.\n"),
        };
        reply.keep_alive = request.keep_alive;
        let outcome = format!("{} {}", reply.status, reply.reason);
        (reply, outcome)
    }

    fn answer(&self, query: &str, keep_alive: bool) -> (Reply, String) {
        let (answer, about) = match Question::read(query, self.required_key.as_deref()) {
            Ok(question) => {
                let answer = Answer::to(&question, &self.gazetteer);
                let about = format!("{} places {question}", answer.count());
                (answer, about)
            }
            Err(refusal) => (Answer::refusing(refusal), refusal.message().to_owned()),
        };
        let outcome = format!("{}: {about}", answer.status());
        Reply::json(200, "OK", answer.to_json(), keep_alive, outcome)
    }

    fn answer_new(&self, request: &Request) -> (Reply, String) {
        let keep_alive = request.keep_alive;
        match new::Question::read(request, self.required_key.as_deref()) {
            Ok(question) => {
                let answer = new::answer::Answer::to(&question, &self.gazetteer);
                let outcome = format!("OK: {} places {}", answer.count(), question.near);
                Reply::json(200, "OK", answer.to_json(), keep_alive, outcome)
            }
            Err(refusal) => {
                let (status, reason) = refusal.http_status();
                let json = new::answer::Answer::refusing(refusal).to_json();
                let outcome = format!("{}: {}", refusal.status(), refusal.message());
                Reply::json(status, reason, json, keep_alive, outcome)
            }
        }
    }
}

impl Reply {
    /// An answer, and what to log of it.
    fn json(
        status: u16,
        reason: &'static str,
        json: serde_json::Result<Vec<u8>>,
        keep_alive: bool,
        outcome: String,
    ) -> (Reply, String) {
        match json {
            Ok(body) => (Reply { status, reason, content_type: JSON, body, keep_alive }, outcome),
            Err(error) => {
                let reply = Reply::text(500, "Internal Server Error", "The answer is no JSON.\n");
                (reply, format!("{outcome}: {error}"))
            }
        }
    }

    /// A short text, after which the connection is closed.
    fn text(status: u16, reason: &'static str, text: &str) -> Reply {
        let body = text.as_bytes().to_vec();
        Reply { status, reason, content_type: TEXT, body, keep_alive: false }
    }

    fn refusing(error: HttpError) -> Reply {
        let reason = match error.status() {
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            501 => "Not Implemented",
            505 => "HTTP Version Not Supported",
            _ => "Bad Request",
        };
        Reply::text(error.status(), reason, &format!("You sent {error}.\n"))
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
        let mut consumed = 0;
        while consumed < self.unread.len() && !cx.transport.is_ending() {
            if self.late.is_some() || !cx.transport.request_room() {
                break;
            }
            match self.requests.receive(&self.unread[consumed..]) {
                Ok(Some((request, bytes))) => {
                    consumed += bytes;
                    self.answer(cx, &request);
                }
                Ok(None) => consumed = self.unread.len(),
                Err(error) => {
                    log::info!("{} {}: sent {error}", cx.transport.id(), self.peer);
                    send(cx, &Reply::refusing(error));
                }
            }
        }
        self.unread.drain(..consumed);
        if self.unread.is_empty() {
            self.unread = Vec::new();
        }
        if self.late.is_some() || !self.unread.is_empty() {
            cx.transport.pause_reading();
        } else {
            cx.transport.resume_reading();
        }
    }

    fn answer(&mut self, cx: &mut Context<'_, Service>, request: &Request) {
        let (reply, outcome) = cx.app.reply(request);
        let (path, _) = split_target(&request.target);
        let path: String = path.escape_debug().take(LOGGED_PATH_CHARS_MAX).collect();
        let (id, method) = (cx.transport.id(), &request.method);
        log::info!("{id} {}: {method:.20} {path} {outcome}", self.peer);
        if cx.app.delay.is_zero() {
            send(cx, &reply);
        } else {
            cx.transport.set_timer(Some(cx.now.monotonic + cx.app.delay));
            self.late = Some(reply);
        }
    }
}

fn send(cx: &mut Context<'_, Service>, reply: &Reply) {
    let Reply { status, reason, content_type, body, keep_alive } = reply;
    cx.transport.write_with(|out| {
        write_response(out, *status, reason, content_type, body, *keep_alive);
    });
    if !reply.keep_alive {
        cx.transport.close();
    }
}

/// Path and query. A target may also be a whole URL (RFC 9112 section 3.2.2).
fn split_target(target: &str) -> (&str, &str) {
    let target = match target.strip_prefix("https://") {
        Some(url) => url.find('/').map_or("/", |path| &url[path..]),
        None => target,
    };
    target.split_once('?').unwrap_or((target, ""))
}

#[cfg(test)]
impl Service {
    /// The whole response to a request, as it is sent.
    pub fn response(&self, request: &Request) -> Vec<u8> {
        let Reply { status, reason, content_type, body, keep_alive } = self.reply(request).0;
        let mut out = Vec::new();
        write_response(&mut out, status, reason, content_type, &body, keep_alive);
        out
    }
}

#[cfg(test)]
mod tests;
