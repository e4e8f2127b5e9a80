//! `herd --check-health URL`: asks a server's web port once whether the server is alive, for whoever
//! restarts it and cannot speak HTTP, such as a container's engine.

use super::Nowhere;
use crate::limits;
use crate::places::RESPONSE_LIMITS;
use crate::transport::{
    Action, Application, Context, Endpoint, Lost, Meters, Monotonic, Now, PeerInfo, Protocol,
    Signal, TlsProfile,
};
use crate::wire::Printable;
use crate::wire::http::{Response, ResponseReader};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The TLS configuration with which a server is asked for its health.
pub const HEALTH_PROFILE: TlsProfile = TlsProfile("health");

/// The status of a server that is well.
const OK: u16 = 200;

/// One question to a web port, from start to verdict.
#[derive(Debug)]
pub struct HealthCheck {
    actions: VecDeque<Action<Question, Nowhere>>,
    deadline: Option<Monotonic>,
    has_begun: bool,
    verdict: Option<Result<(), String>>,
}

/// The connection on which it is asked.
#[derive(Debug)]
pub struct Question {
    request: String,
    reader: ResponseReader,
}

impl HealthCheck {
    /// A check that begins when it is driven: of `http://HOST[:PORT][/PATH]`, or `https`, whose path is
    /// `/healthz` if nothing is said.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn new(url: &str) -> Result<Self, &'static str> {
        let (endpoint, authority, path) = parse(url)?;
        let head = format!("Host: {authority}\r\nConnection: close\r\n");
        let request = format!("GET {path} HTTP/1.1\r\n{head}\r\n");
        let protocol = Question { request, reader: ResponseReader::new(RESPONSE_LIMITS) };
        let timeout = limits::HEALTH_CHECK_TIMEOUT;
        let dial = Action::Dial { endpoint, protocol, timeout };
        let actions = VecDeque::from([dial]);
        Ok(HealthCheck { actions, deadline: None, has_begun: false, verdict: None })
    }

    /// Whether the server is alive, or why that is not so.
    pub fn outcome(&self) -> Result<(), &str> {
        match &self.verdict {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(why),
            None => Err("interrupted"),
        }
    }

    fn conclude(&mut self, verdict: Result<(), String>) {
        if self.verdict.is_none() {
            self.verdict = Some(verdict);
            self.actions.push_back(Action::Stop);
        }
    }

    fn judge(&mut self, response: &Response) {
        self.conclude(match response.status {
            OK => Ok(()),
            status => {
                let said = String::from_utf8_lossy(&response.body);
                Err(format!("status {status}: {}", Printable(said.trim().as_bytes())))
            }
        });
    }
}

/// Where that is, what stands for it in the request, and the path.
fn parse(url: &str) -> Result<(Endpoint, &str, &str), &'static str> {
    let (is_tls, rest) = match url.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err("give http:// or https://, a host, and a port if it is not the usual one"),
    };
    if rest.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err("it holds what belongs into no URL");
    }
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/healthz"),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| NO_PORT)?),
        _ => (authority, if is_tls { 443 } else { 80 }),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err("it names no host");
    }
    let endpoint = match is_tls {
        true => Endpoint::tls(host, port, HEALTH_PROFILE),
        false => Endpoint::plain(host, port),
    };
    Ok((endpoint, authority, path))
}

const NO_PORT: &str = "the port is no number up to 65535";

impl Application for HealthCheck {
    type Protocol = Question;
    type Listener = Nowhere;

    fn accepted(&mut self, nowhere: Nowhere, _address: SocketAddr, _now: Now) -> Question {
        match nowhere {}
    }

    fn turn_ended(&mut self, now: Now, _meters: &Meters) {
        if !self.has_begun {
            self.has_begun = true;
            self.deadline = Some(now.monotonic + limits::HEALTH_CHECK_TIMEOUT);
        }
    }

    fn next_action(&mut self) -> Option<Action<Question, Nowhere>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.deadline
    }

    fn timer_expired(&mut self, _now: Now) {
        self.deadline = None;
        self.conclude(Err(format!("no answer within {:?}", limits::HEALTH_CHECK_TIMEOUT)));
    }

    fn signalled(&mut self, _signal: Signal, _now: Now) {
        self.actions.push_back(Action::Stop);
    }
}

impl Protocol<HealthCheck> for Question {
    fn connection_made(&mut self, cx: &mut Context<'_, HealthCheck>, _: &PeerInfo) {
        cx.transport.write(self.request.as_bytes());
    }

    fn data_received(&mut self, cx: &mut Context<'_, HealthCheck>, data: &[u8]) {
        match self.reader.receive(data) {
            Ok(None) => {}
            Ok(Some((response, _))) => cx.app.judge(&response),
            Err(error) => cx.app.conclude(Err(format!("the answer is {error}"))),
        }
    }

    fn eof_received(&mut self, cx: &mut Context<'_, HealthCheck>) {
        match self.reader.finish() {
            Ok(Some(response)) => cx.app.judge(&response),
            Ok(None) => cx.app.conclude(Err("closed without an answer".to_owned())),
            Err(error) => cx.app.conclude(Err(format!("the answer is {error}"))),
        }
        cx.transport.close();
    }

    fn stopping(&mut self, cx: &mut Context<'_, HealthCheck>) {
        cx.transport.abort();
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, HealthCheck>, cause: &Lost) {
        let cause = cause.to_string();
        cx.app.conclude(Err(Printable(cause.as_bytes()).to_string()));
    }
}

#[cfg(test)]
mod tests;
