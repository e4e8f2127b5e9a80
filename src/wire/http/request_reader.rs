//! Reads requests one after the other, in place where they lie whole in what arrived.

use super::HttpError;
use super::body::BodyReader;
use super::fields::Framing;
use super::request::Request;
use crate::limits::HTTP_REQUEST_HEAD_BYTES_MAX;
use memchr::memchr;

/// What is kept of a connection's requests between two pieces of it: nothing between two requests.
///
/// A request that lies whole in what arrived is borrowed from there. Of one that does not, head and body
/// are gathered, up to their limits, and forgotten behind it. Heads are read strictly: a line that ends in
/// LF alone is an error, as two readers could find two heads there. After an error the same one comes for
/// ever: where the next request begins is not known any more.
#[derive(Debug)]
pub struct RequestReader {
    /// The beginning of a head, or the whole one of a request that is not whole or was handed out.
    head: Vec<u8>,
    /// Where the line begins that the head ends in.
    line_start: usize,
    body: Option<Box<BodyReader>>,
    body_bytes_max: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A head is under way, or nothing.
    Head,
    /// A body is under way; the client may be waiting for a word before it sends it.
    Body { awaited: bool },
    /// `head` and `body` were handed out.
    HandedOut,
    /// What is wrong.
    Broken(HttpError),
}

/// With what TLS begins: the type of a record of its handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Where a whole request lies.
enum Found<'d> {
    InPlace(Request<'d>),
    Kept,
}

impl RequestReader {
    /// A reader at the start of a connection that takes bodies up to that size.
    pub const fn new(body_bytes_max: usize) -> Self {
        RequestReader {
            head: Vec::new(),
            line_start: 0,
            body: None,
            body_bytes_max,
            state: State::Head,
        }
    }

    /// Takes the next request off the front of `data`, joined with what earlier data left of it. `None`
    /// if it is not whole: then all of `data` has been taken.
    ///
    /// # Errors
    /// The request is wrong; [`HttpError::status`] says how to answer, after which the connection is of no
    /// use. A body that is announced to be too large is refused before it comes.
    #[inline]
    pub fn next<'a, 'd: 'a>(
        &'a mut self,
        data: &mut &'d [u8],
    ) -> Result<Option<Request<'a>>, HttpError> {
        match self.advance(data) {
            Ok(None) => Ok(None),
            Ok(Some(Found::InPlace(request))) => Ok(Some(request)),
            Ok(Some(Found::Kept)) => self.kept().map(Some),
            Err(error) => {
                self.forget();
                self.state = State::Broken(error);
                Err(error)
            }
        }
    }

    /// The request whose body is still to come, with an empty one: what is refused for its head can be
    /// refused now.
    pub fn awaited(&self) -> Option<Request<'_>> {
        match self.state {
            State::Body { .. } => Request::parse(&self.head).ok().map(|(request, _)| request),
            _ => None,
        }
    }

    /// Whether the client waits for a word before it sends the body of [the request that is
    /// awaited](Self::awaited): then [`CONTINUE`](super::CONTINUE) is to be sent, once, behind all answers
    /// before.
    pub fn take_continue(&mut self) -> bool {
        let awaited = self.state == State::Body { awaited: true };
        if awaited {
            self.state = State::Body { awaited: false };
        }
        awaited
    }

    /// Whether the beginning of a request has come, and not yet its end.
    pub fn has_partial(&self) -> bool {
        match self.state {
            State::Head => !matches!(self.head[..], [] | [b'\r']),
            State::Body { .. } => true,
            State::HandedOut | State::Broken(_) => false,
        }
    }

    /// The client will send no more.
    ///
    /// # Errors
    /// A request was cut short, or was wrong before.
    pub fn finish(&self) -> Result<(), HttpError> {
        match self.state {
            State::Broken(error) => Err(error),
            _ if self.has_partial() => Err(HttpError::Truncated),
            _ => Ok(()),
        }
    }

    /// Memory that is kept, in bytes: for tests of what it is bounded by.
    pub fn bytes_kept(&self) -> usize {
        self.head.capacity() + self.body.as_ref().map_or(0, |body| body.bytes_kept())
    }

    #[cfg(test)]
    pub(super) fn body_is_under_way(&self) -> bool {
        matches!(self.state, State::Body { .. })
    }

    #[inline]
    fn advance<'d>(&mut self, data: &mut &'d [u8]) -> Result<Option<Found<'d>>, HttpError> {
        if self.state != State::Head || !self.head.is_empty() {
            return self.go_on(data);
        }
        while let [b'\r', b'\n', rest @ ..] = *data {
            // Some clients send a line too many behind a body (RFC 9112, section 2.2).
            *data = rest;
        }
        // Who speaks TLS here would wait for long: no line of its greeting ends.
        if data.first() == Some(&TLS_HANDSHAKE) {
            return Err(HttpError::Malformed);
        }
        let window = &data[..data.len().min(HTTP_REQUEST_HEAD_BYTES_MAX)];
        let mut line_start = 0;
        let Some(end) = find_end(window, 0, &mut line_start)? else {
            return self.keep(data, line_start).map(|()| None);
        };
        let (head, rest) = data.split_at(end);
        let (request, framing) = Request::parse(head)?;
        if let Framing::Length(length) = framing
            && let Ok(length) = usize::try_from(length)
            && length <= rest.len().min(self.body_bytes_max)
        {
            let (body, rest) = rest.split_at(length);
            *data = rest;
            return Ok(Some(Found::InPlace(request.with_body(body))));
        }
        *data = rest;
        self.head.extend_from_slice(head);
        self.begin_body(framing, request.expects_continue())?;
        self.go_on(data)
    }

    /// The beginning of a head, to be gone on with.
    #[cold]
    fn keep(&mut self, data: &mut &[u8], line_start: usize) -> Result<(), HttpError> {
        if data.len() > HTTP_REQUEST_HEAD_BYTES_MAX {
            return Err(HttpError::HeadTooLarge);
        }
        self.head.extend_from_slice(data);
        self.line_start = line_start;
        *data = &[];
        Ok(())
    }

    #[cold]
    fn go_on<'d>(&mut self, data: &mut &'d [u8]) -> Result<Option<Found<'d>>, HttpError> {
        match self.state {
            State::Broken(error) => Err(error),
            State::HandedOut => {
                self.forget();
                self.advance(data)
            }
            State::Head => match self.complete_head(data)? {
                true => self.advance(data),
                false => Ok(None),
            },
            State::Body { awaited } => {
                let Some(body) = &mut self.body else { return Err(HttpError::Malformed) };
                let taken = body.receive(data)?;
                self.state = match taken {
                    Some(_) => State::HandedOut,
                    None => State::Body { awaited: awaited && data.is_empty() },
                };
                *data = &data[taken.unwrap_or(data.len())..];
                Ok(taken.map(|_| Found::Kept))
            }
        }
    }

    /// Goes on with the head that is kept. Whether that was its end, or that of a blank line before it.
    fn complete_head(&mut self, data: &mut &[u8]) -> Result<bool, HttpError> {
        let kept = self.head.len();
        let room = HTTP_REQUEST_HEAD_BYTES_MAX - kept;
        self.head.extend_from_slice(&data[..data.len().min(room)]);
        let Some(end) = find_end(&self.head, kept, &mut self.line_start)? else {
            if data.len() > room {
                return Err(HttpError::HeadTooLarge);
            }
            *data = &[];
            return Ok(false);
        };
        *data = &data[end - kept..];
        self.head.truncate(end);
        if self.head == b"\r\n" {
            self.forget();
            return Ok(true);
        }
        let (request, framing) = Request::parse(&self.head)?;
        let expects_continue = request.expects_continue();
        self.begin_body(framing, expects_continue)?;
        Ok(true)
    }

    fn begin_body(&mut self, framing: Framing, awaited: bool) -> Result<(), HttpError> {
        self.body = Some(Box::new(BodyReader::new(framing, self.body_bytes_max)?));
        self.state = State::Body { awaited };
        Ok(())
    }

    /// The request that lies in what was kept.
    fn kept(&self) -> Result<Request<'_>, HttpError> {
        let (request, _) = Request::parse(&self.head)?;
        Ok(request.with_body(self.body.as_ref().map_or(&[], |body| body.bytes())))
    }

    #[cold]
    fn forget(&mut self) {
        *self = RequestReader::new(self.body_bytes_max);
    }
}

/// Where a head ends: behind its first blank line. Lines before `from` were looked at, up to where
/// `line_start` says; it goes on from there.
#[inline]
fn find_end(head: &[u8], from: usize, line_start: &mut usize) -> Result<Option<usize>, HttpError> {
    let mut at = from;
    while let Some(length) = memchr(b'\n', &head[at..]) {
        let line_feed = at + length;
        at = line_feed + 1;
        if line_feed == *line_start || head[line_feed - 1] != b'\r' {
            return Err(HttpError::BareLineFeed);
        }
        if line_feed == *line_start + 1 {
            return Ok(Some(at));
        }
        *line_start = at;
    }
    Ok(None)
}
