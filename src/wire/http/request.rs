//! One request, read in place: nothing of it is copied.

use super::HttpError;
use super::answer::Connection;
use super::fields::{Framing, Persistence, elements, read_length};
use super::reader::whole;
use crate::limits::HTTP_REQUEST_HEADERS_MAX;
use httparse::Header;
use memchr::memchr;
use std::mem::MaybeUninit;

/// A request. Its header fields stay lines until one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    /// Lines behind the first.
    fields: &'a [u8],
    body: &'a [u8],
    connection: Connection,
    identity: bool,
    expects_continue: bool,
    chunks_allowed: bool,
    names_its_page: bool,
}

impl<'a> Request<'a> {
    /// The method as it came: `GET`, `POST`, ...
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The path as it came, still escaped: it begins with `/`, or is the `*` of an `OPTIONS`.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The query behind the `?`, still escaped; empty if there is none.
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// The value of the first header field of that name (in any case) whose value is UTF-8.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.fields;
        while let Some(end) = memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if let Some((this, b":")) =
                line.split_at_checked(name.len()).map(|(a, b)| (a, &b[..b.len().min(1)]))
                && this.eq_ignore_ascii_case(name.as_bytes())
                && let Ok(value) = str::from_utf8(line[name.len() + 1..].trim_ascii())
            {
                return Some(value);
            }
        }
        None
    }

    /// Whether `Content-Type` says that kind, whatever its parameters.
    pub fn is_of_type(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| {
            let kind = value.split(';').next().unwrap_or_default();
            kind.trim_ascii().eq_ignore_ascii_case(media_type)
        })
    }

    /// The body, without transfer encoding.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Whether the body is what was meant: no `Content-Encoding` such as `gzip` lies over it.
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// What becomes of the connection behind the answer, if it is for the client to say.
    pub fn connection(&self) -> Connection {
        self.connection
    }

    /// Whether a browser says for which page it asks, by `Origin` or `Sec-Fetch-Site`: what is no browser
    /// says neither.
    pub fn names_its_page(&self) -> bool {
        self.names_its_page
    }

    /// Whether the answer may come in chunks: not to HTTP/1.0.
    pub fn takes_chunks(&self) -> bool {
        self.chunks_allowed
    }

    /// Whether the client waits for a word (`Expect: 100-continue`) before it sends the body.
    pub(super) fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    pub(super) fn with_body(self, body: &'a [u8]) -> Self {
        Request { body, ..self }
    }

    /// Reads a whole head, whose lines all end in CR LF; the body is still empty.
    pub(super) fn parse(head: &'a [u8]) -> Result<(Request<'a>, Framing), HttpError> {
        let mut headers = [const { MaybeUninit::uninit() }; HTTP_REQUEST_HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut []);
        let read = parsed.parse_with_uninit_headers(head, &mut headers);
        whole(read, head.len()).map_err(|error| first_line_error(head, error))?;
        let (Some(minor_version), Some(method), Some(target)) =
            (parsed.version, parsed.method, parsed.path)
        else {
            return Err(HttpError::Malformed);
        };
        let said = Said::read(parsed.headers)?;
        if said.hosts > 1 || (said.hosts == 0 && minor_version >= 1) {
            return Err(HttpError::Host);
        }
        let (path, query) = split_target(method, target)?;
        let connection = match said.persistence {
            Persistence::Close => Connection::Closes,
            _ if minor_version >= 1 => Connection::Stays,
            Persistence::Keep => Connection::Kept,
            Persistence::Unsaid => Connection::Closes,
        };
        let first_line = memchr(b'\n', head).map_or(head.len(), |end| end + 1);
        let request = Request {
            method,
            path,
            query,
            fields: &head[first_line..],
            body: &[],
            connection,
            identity: said.identity,
            // HTTP/1.0 knows no interim responses.
            expects_continue: said.expects_continue && minor_version >= 1,
            chunks_allowed: minor_version >= 1,
            names_its_page: said.names_its_page,
        };
        Ok((request, said.framing(minor_version)?))
    }
}

/// What the parser says is a version that is none where there is no version at all, be it for a blank in
/// the target.
#[cold]
fn first_line_error(head: &[u8], error: HttpError) -> HttpError {
    let third = head.split(|&byte| byte == b' ').nth(2).unwrap_or_default();
    match error {
        HttpError::Version if !third.starts_with(b"HTTP/") => HttpError::Malformed,
        _ => error,
    }
}

/// Path and query of a target: of a path, of a whole URL (RFC 9112, section 3.2.2), or of the `*` of an
/// `OPTIONS`. None has a fragment.
fn split_target<'a>(method: &str, target: &'a str) -> Result<(&'a str, &'a str), HttpError> {
    let target = match target.as_bytes() {
        [b'/', ..] => target,
        b"*" if method == "OPTIONS" => return Ok((target, "")),
        _ => behind_authority(target).ok_or(HttpError::Target)?,
    };
    if memchr(b'#', target.as_bytes()).is_some() {
        return Err(HttpError::Target);
    }
    let (path, query) = match memchr(b'?', target.as_bytes()) {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, ""),
    };
    Ok((if path.is_empty() { "/" } else { path }, query))
}

/// What follows the host of a URL: it begins with `/` or `?`, or is `/` if nothing follows.
fn behind_authority(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    match rest.find(['/', '?', '#']) {
        Some(0) => None,
        Some(end) => Some(&rest[end..]),
        None if rest.is_empty() => None,
        None => Some("/"),
    }
}

/// What the header fields say, as far as a request is read by it.
struct Said {
    length: Option<u64>,
    encoded: bool,
    chunked: bool,
    persistence: Persistence,
    identity: bool,
    expects_continue: bool,
    hosts: usize,
    names_its_page: bool,
}

impl Said {
    fn read(headers: &[Header<'_>]) -> Result<Said, HttpError> {
        let mut said = Said {
            length: None,
            encoded: false,
            chunked: false,
            persistence: Persistence::Unsaid,
            identity: true,
            expects_continue: false,
            hosts: 0,
            names_its_page: false,
        };
        let (mut said_origin, mut said_site) = (false, false);
        for Header { name, value } in headers {
            let is = |known| name.eq_ignore_ascii_case(known);
            match name.len() {
                4 if is("host") => {
                    said.hosts += 1;
                    // What stands beside an authority in a URL, and between several.
                    let is_none = |byte: &u8| b" \t/?#@\\,".contains(byte);
                    if value.iter().any(is_none) {
                        return Err(HttpError::Host);
                    }
                }
                6 if is("expect") => {
                    // There is no other expectation.
                    if !value.eq_ignore_ascii_case(b"100-continue") {
                        return Err(HttpError::Expectation);
                    }
                    said.expects_continue = true;
                }
                6 if is("origin") => said.note_origin(&mut said_origin)?,
                10 if is("connection") => said.persistence.hear(value),
                14 if is("sec-fetch-site") => said.note_origin(&mut said_site)?,
                14 if is("content-length") => {
                    // Also the same once more, and as a list: somebody on the way may read another.
                    if said.length.is_some() || value.contains(&b',') {
                        return Err(HttpError::LengthTwice);
                    }
                    said.length = Some(read_length(None, value)?);
                }
                16 if is("content-encoding") => {
                    said.identity &= elements(value)
                        .all(|e| e.is_empty() || e.eq_ignore_ascii_case(b"identity"));
                }
                17 if is("transfer-encoding") => {
                    // Twice chunked is no sense, so it must be the only one.
                    said.chunked = !said.encoded && value.eq_ignore_ascii_case(b"chunked");
                    said.encoded = true;
                }
                _ => {}
            }
        }
        Ok(said)
    }

    /// One of the fields that name a page, each of which may come once.
    fn note_origin(&mut self, was_said: &mut bool) -> Result<(), HttpError> {
        self.names_its_page = true;
        if std::mem::replace(was_said, true) { Err(HttpError::Origins) } else { Ok(()) }
    }

    /// Without a word there is no body (RFC 9112, section 6.3).
    fn framing(&self, minor_version: u8) -> Result<Framing, HttpError> {
        match (self.length, self.encoded) {
            (Some(_), true) => Err(HttpError::LengthAndEncoding),
            (None, true) if minor_version == 0 => Err(HttpError::TransferEncodingTooNew),
            (None, true) if !self.chunked => Err(HttpError::TransferEncoding),
            (None, true) => Ok(Framing::Chunked),
            (length, false) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}
