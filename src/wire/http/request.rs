//! Requests, as a server reads them, and the responses that it writes.

use super::HttpError;
use super::fields::{Fields, Framing};
use super::reader::{Message, Reader, whole};
use crate::limits;
use std::str;

/// Reads requests. [`HttpError::status`] says how to answer one that is wrong.
pub type RequestReader = Reader<Request>;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method as it came: `GET`, `POST`, ...
    pub method: String,
    /// The target as it came: path and query.
    pub target: String,
    /// Whether the client may send another request on this connection.
    pub keep_alive: bool,
    /// The body, without transfer encoding.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// The value of the first header field of that name (in any case) whose value is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(this, _)| this.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

impl RequestReader {
    /// A reader at the start of a connection that takes bodies up to that size.
    pub fn new(body_bytes_max: usize) -> Self {
        Reader::with_limits(limits::HTTP_REQUEST_HEAD_BYTES_MAX, body_bytes_max)
    }
}

impl Message for Request {
    fn from_head(head: &[u8]) -> Result<Option<(Request, Framing)>, HttpError> {
        let mut headers = [httparse::EMPTY_HEADER; limits::HTTP_REQUEST_HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut headers);
        whole(parsed.parse(head), head.len())?;
        let (Some(minor_version), Some(method), Some(target)) =
            (parsed.version, parsed.method, parsed.path)
        else {
            return Err(HttpError::Malformed);
        };
        let fields = Fields::read(parsed.headers, minor_version)?;
        if fields.hosts > 1 || (fields.hosts == 0 && minor_version >= 1) {
            return Err(HttpError::Host);
        }
        let headers = parsed.headers.iter().filter_map(|header| {
            let value = str::from_utf8(header.value).ok()?;
            Some((header.name.to_owned(), value.to_owned()))
        });
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            keep_alive: fields.keep_alive,
            body: Vec::new(),
            headers: headers.collect(),
        };
        Ok(Some((request, fields.framing.unwrap_or(Framing::Length(0)))))
    }

    fn set_body(&mut self, body: Vec<u8>) {
        self.body = body;
    }
}

/// Appends a whole response to `out`. `reason` and `content_type` must be fit for a header, and
/// `status` one that allows a body (not 204 or 304).
pub fn write_response(
    out: &mut Vec<u8>,
    status: u16,
    reason: &str,
    content_type: &str,
    body: &[u8],
    keep_alive: bool,
) {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\n\
         Content-Type: {content_type}\r\n\
         Content-Length: {length}\r\n\
         Connection: {connection}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(body);
}
