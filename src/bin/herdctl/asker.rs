//! Asking servers at their web ports: all at the same time, each within a deadline, so that one that hangs
//! makes nobody wait; answers are bounded.

use crate::dial::{Dialled, dial};
use crate::trust::Trust;
use herd::herd::Herd;
use herd::transport::Endpoint;
use herd::wire::Printable;
use herd::wire::http::{Response, ResponseLimits, ResponseReader};
use std::io::{self, ErrorKind, Read, Write};
use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Largest answer: what a server says of more than a thousand neighbours.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// Largest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1_024;
/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1_024;
/// How long beyond its deadline a server is waited for: it has told by then that it is late.
const GRACE: Duration = Duration::from_millis(200);

/// Why a server has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unasked {
    /// Its herd file names no web port.
    NoPort,
    /// It does not know the question.
    Older,
    /// In words.
    Failed(String),
}

/// What there is to know of a server to ask it.
#[derive(Clone)]
pub struct Asker {
    name: String,
    herd: String,
    endpoint: Option<Endpoint>,
    trust: Trust,
    /// What requests have besides.
    fields: Vec<u8>,
    /// A connection on which another question may be asked.
    kept: Arc<Mutex<Option<Dialled>>>,
}

/// One for each server of a herd, in its order.
#[derive(Clone)]
pub struct Askers {
    all: Vec<Asker>,
    timeout: Duration,
}

impl Unasked {
    /// As one line for people.
    pub fn text(&self) -> String {
        match self {
            Unasked::NoPort => "it has no web port".to_owned(),
            Unasked::Older => "it does not know that question: its version is older".to_owned(),
            Unasked::Failed(why) => Printable(why.as_bytes()).to_string(),
        }
    }
}

impl Askers {
    /// For the servers of a herd, who have so long to answer.
    pub fn new(herd: &Herd, trust: &Trust, timeout: Duration) -> Self {
        let fields = trust.token().map(|token| token.header()).unwrap_or_default();
        let asker = |server: &herd::herd::Server| Asker {
            name: server.name.clone(),
            herd: herd.name.clone(),
            endpoint: server.web_endpoint(),
            trust: trust.clone().without_token(),
            fields: fields.clone(),
            kept: Arc::default(),
        };
        Askers { all: herd.servers.iter().map(asker).collect(), timeout }
    }

    /// Each by itself.
    pub fn each(&self) -> impl Iterator<Item = &Asker> {
        self.all.iter()
    }

    /// The same for questions that take longer: each has at least so long.
    pub fn with_patience(&self, timeout: Duration) -> Self {
        Askers { timeout: self.timeout.max(timeout), ..self.clone() }
    }

    /// How long each has.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks all of them the same at the same time: what each has answered, as `read` understands it.
    pub fn ask_all<T: Send + 'static>(
        &self,
        target: &str,
        read: impl Fn(&Asker, Vec<u8>) -> Result<T, String> + Clone + Send + 'static,
    ) -> Vec<Result<T, Unasked>> {
        let deadline = Instant::now() + self.timeout;
        let (sender, receiver) = mpsc::channel();
        let late = || Err(Unasked::Failed("it does not answer in time".to_owned()));
        let mut answers: Vec<Result<T, Unasked>> = self.all.iter().map(|_| late()).collect();
        for (at, asker) in self.all.iter().enumerate() {
            let (asker, read, sender) = (asker.clone(), read.clone(), sender.clone());
            let target = target.to_owned();
            thread::spawn(move || {
                let answer = asker.ask(&target, deadline, |asker, body| read(asker, body));
                // Nobody waits any more if it comes too late.
                let _ = sender.send((at, answer));
            });
        }
        drop(sender);
        loop {
            let left = (deadline + GRACE).saturating_duration_since(Instant::now());
            match receiver.recv_timeout(left) {
                Ok((at, answer)) => answers[at] = answer,
                // All have answered, or it is over.
                Err(_) => return answers,
            }
        }
    }
}

impl Asker {
    /// The server's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// That of its herd.
    pub fn herd(&self) -> &str {
        &self.herd
    }

    /// The body of the answer to a `GET`, as `read` understands it.
    pub fn ask<T>(
        &self,
        target: &str,
        deadline: Instant,
        read: impl Fn(&Asker, Vec<u8>) -> Result<T, String>,
    ) -> Result<T, Unasked> {
        if self.endpoint.is_none() {
            return Err(Unasked::NoPort);
        }
        let response = self.get(target, deadline).map_err(Unasked::Failed)?;
        let body = judged(response)?;
        read(self, body).map_err(Unasked::Failed)
    }

    fn get(&self, target: &str, deadline: Instant) -> Result<Response, String> {
        // Of one that hangs another question is not asked behind.
        let kept = self.kept.try_lock().ok().and_then(|mut kept| kept.take());
        if let Some(mut dialled) = kept
            && let Ok(response) = self.exchange(&mut dialled, target, deadline)
        {
            self.keep(dialled, &response);
            return Ok(response);
        }
        let mut dialled = self.dial(deadline)?;
        let response = self.exchange(&mut dialled, target, deadline)?;
        self.keep(dialled, &response);
        Ok(response)
    }

    fn keep(&self, dialled: Dialled, response: &Response) {
        if response.keep_alive
            && let Ok(mut kept) = self.kept.try_lock()
        {
            *kept = Some(dialled);
        }
    }

    /// A connection to the first address of the server that answers.
    pub fn dial(&self, deadline: Instant) -> Result<Dialled, String> {
        let Some(endpoint) = &self.endpoint else { return Err(Unasked::NoPort.text()) };
        let addresses = (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()
            .map_err(|error| format!("no address for {}: {error}", endpoint.host))?;
        let mut why = format!("{} has no address", endpoint.host);
        for address in addresses {
            let left = left_until(deadline).map_err(|error| error.to_string())?;
            match dial(address, endpoint, &self.trust, left) {
                Ok(dialled) => return Ok(dialled),
                Err(failure) => why = failure.to_string(),
            }
        }
        Err(why)
    }

    /// Sends a request for that.
    pub fn request(&self, dialled: &mut Dialled, target: &str, more: &str) -> io::Result<()> {
        let host = self.endpoint.as_ref().map(Endpoint::to_string).unwrap_or_default();
        let mut request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}").into_bytes();
        request.extend_from_slice(&self.fields);
        request.extend_from_slice(b"\r\n");
        dialled.write_all(&request)?;
        dialled.flush()
    }

    fn exchange(
        &self,
        dialled: &mut Dialled,
        target: &str,
        deadline: Instant,
    ) -> Result<Response, String> {
        let late = |error: io::Error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => "it does not answer in time".to_owned(),
            _ => error.to_string(),
        };
        let left = left_until(deadline).map_err(late)?;
        dialled.stream.set_write_timeout(Some(left)).map_err(late)?;
        self.request(dialled, target, "").map_err(late)?;
        let (head_bytes_max, body_bytes_max) = (HEAD_BYTES_MAX, ANSWER_BYTES_MAX);
        let mut reader = ResponseReader::new(ResponseLimits { head_bytes_max, body_bytes_max });
        let mut buffer = [0; READ_BYTES];
        let mut is_first = true;
        loop {
            let left = left_until(deadline).map_err(late)?;
            dialled.stream.set_read_timeout(Some(left)).map_err(late)?;
            let count = match dialled.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(late(error)),
            };
            let no_http = |error| format!("what answers there speaks no HTTP: {error}");
            if is_first && count > 0 && !b"HTTP/".starts_with(&buffer[..count.min(5)]) {
                return Err("what answers there speaks no HTTP".to_owned());
            }
            is_first = false;
            let whole = match count {
                0 => reader.finish().map_err(no_http)?,
                _ => reader.receive(&buffer[..count]).map_err(no_http)?.map(|(whole, _)| whole),
            };
            match whole {
                Some(response) => return Ok(response),
                None if count == 0 => return Err("it closes the connection".to_owned()),
                None => {}
            }
        }
    }
}

/// The body of a good answer.
fn judged(response: Response) -> Result<Vec<u8>, Unasked> {
    let failed = match response.status {
        200 => return Ok(response.body),
        401 => "it asks for a token, and takes none that was shown".to_owned(),
        403 => "the token does not allow that".to_owned(),
        404 => return Err(Unasked::Older),
        status => format!("it answers {status}: {}", Printable(&response.body)),
    };
    Err(Unasked::Failed(failed))
}

fn left_until(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
