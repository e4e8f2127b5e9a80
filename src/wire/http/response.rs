//! Responses, as a client reads them.

use super::HttpError;
use super::fields::{Fields, Framing};
use super::reader::whole;
use crate::limits;

/// How much of a response is read: what is larger is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseLimits {
    /// Status line and header fields, each interim response's too.
    pub head_bytes_max: usize,
    /// The body, without transfer encoding.
    pub body_bytes_max: usize,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, 200 to 999.
    pub status: u16,
    /// Whether the connection may be used for another request.
    pub keep_alive: bool,
    /// Whether the body is what was meant: no `Content-Encoding` such as `gzip` lies over it.
    pub identity: bool,
    /// The body, without transfer encoding.
    pub body: Vec<u8>,
}

impl Response {
    /// Reads a whole head. `None`: it stands for itself and the response is still to come.
    pub(super) fn from_head(head: &[u8]) -> Result<Option<(Response, Framing)>, HttpError> {
        let mut headers = [httparse::EMPTY_HEADER; limits::HTTP_RESPONSE_HEADERS_MAX];
        let mut parsed = httparse::Response::new(&mut headers);
        whole(parsed.parse(head), head.len())?;
        let (Some(minor_version), Some(status)) = (parsed.version, parsed.code) else {
            return Err(HttpError::Malformed);
        };
        match status {
            0..100 => return Err(HttpError::Status),
            101 => return Err(HttpError::Upgrade),
            100..200 => return Ok(None),
            _ => {}
        }
        let fields = Fields::read(parsed.headers, minor_version)?;
        // These have no body whatever their headers say (RFC 9112, section 6.3).
        let bodiless = matches!(status, 204 | 304);
        let framing = match fields.framing {
            _ if bodiless => Framing::Length(0),
            Some(framing) => framing,
            None => Framing::UntilClose,
        };
        let response = Response {
            status,
            keep_alive: fields.keep_alive && framing != Framing::UntilClose,
            identity: fields.identity,
            body: Vec::new(),
        };
        Ok(Some((response, framing)))
    }

    /// Puts the body in.
    pub(super) fn set_body(&mut self, body: Vec<u8>) {
        self.body = body;
    }
}
