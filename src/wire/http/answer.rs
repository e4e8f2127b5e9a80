//! The head of a response, as a server writes it.

use super::HttpDate;
use crate::fault::fault;
use crate::wire::decimal::write_integer;

/// What becomes of a connection behind a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It stays, which need not be said (HTTP/1.1).
    Stays,
    /// It stays, as the client has asked (HTTP/1.0).
    Kept,
    /// It is closed.
    Closes,
}

/// How the end of a response's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// So many bytes. The answer to a `HEAD` says what a `GET` would bring, and brings nothing.
    Length(u64),
    /// The chunked encoding: each piece by [`write_chunk`], and [`LAST_CHUNK`] at the end. Not for
    /// HTTP/1.0.
    Chunked,
    /// The end of the connection.
    UntilClose,
}

/// What ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The interim response that asks for a body (`Expect: 100-continue`).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A head that is being written: begun, field by field, ended. What is not ended is no response.
#[derive(Debug)]
#[must_use = "a head has to be ended"]
pub struct ResponseHead<'a> {
    out: &'a mut Vec<u8>,
    status: u16,
}

impl<'a> ResponseHead<'a> {
    /// Begins with the status line and the date.
    pub fn begin(out: &'a mut Vec<u8>, status: u16, date: &HttpDate) -> Self {
        if status == 200 {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\nDate: ");
        } else {
            out.extend_from_slice(b"HTTP/1.1 ");
            write_integer(out, u64::from(status));
            out.push(b' ');
            out.extend_from_slice(reason(status).as_bytes());
            out.extend_from_slice(b"\r\nDate: ");
        }
        out.extend_from_slice(date.as_bytes());
        out.extend_from_slice(b"\r\n");
        ResponseHead { out, status }
    }

    /// Any field, such as `Cache-Control`. One that could not be read as it is meant is left out.
    pub fn field(self, name: &str, value: &str) -> Self {
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            fault!("a control character in the field {name}");
            return self;
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// `Content-Type`.
    pub fn content_type(self, content_type: &str) -> Self {
        self.field("Content-Type", content_type)
    }

    /// `Allow`: the methods that a `405` names.
    pub fn allow(self, methods: &str) -> Self {
        self.field("Allow", methods)
    }

    /// `WWW-Authenticate`: what a `401` asks for.
    pub fn www_authenticate(self, challenge: &str) -> Self {
        self.field("WWW-Authenticate", challenge)
    }

    /// `Cache-Control`.
    pub fn cache_control(self, directives: &str) -> Self {
        self.field("Cache-Control", directives)
    }

    /// `Access-Control-Allow-Origin`, and that the answer is another one for others.
    pub fn allow_origin(self, origin: &str) -> Self {
        let head = self.field("Access-Control-Allow-Origin", origin);
        if origin == "*" { head } else { head.field("Vary", "Origin") }
    }

    /// What a browser asks for before it sends a request from a page elsewhere: the methods and fields
    /// that such a request may have.
    pub fn preflight(self, methods: &str, fields: &str) -> Self {
        self.field("Access-Control-Allow-Methods", methods)
            .field("Access-Control-Allow-Headers", fields)
    }

    /// Ends the head. A status that has no body says no length either.
    pub fn end(self, payload: Payload, connection: Connection) {
        let bodiless = matches!(self.status, 100..200 | 204 | 304);
        match payload {
            _ if bodiless => {}
            Payload::Length(0) => self.out.extend_from_slice(b"Content-Length: 0\r\n"),
            Payload::Length(length) => {
                self.out.extend_from_slice(b"Content-Length: ");
                write_integer(self.out, length);
                self.out.extend_from_slice(b"\r\n");
            }
            Payload::Chunked => self.out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Payload::UntilClose => {}
        }
        let connection = match payload {
            Payload::UntilClose if !bodiless => Connection::Closes,
            _ => connection,
        };
        self.out.extend_from_slice(match connection {
            Connection::Stays => b"\r\n",
            Connection::Kept => b"Connection: keep-alive\r\n\r\n",
            Connection::Closes => b"Connection: close\r\n\r\n",
        });
    }
}

/// Appends a piece of a chunked body; of an empty one nothing, as that would be the end.
pub fn write_chunk(out: &mut Vec<u8>, piece: &[u8]) {
    if piece.is_empty() {
        return;
    }
    out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
    out.extend_from_slice(piece);
    out.extend_from_slice(b"\r\n");
}

/// The words behind a status (RFC 9110, section 15, and RFC 6585); none for one that is not used here.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

    fn head(status: u16, write: impl FnOnce(ResponseHead<'_>)) -> String {
        let mut out = b"before".to_vec();
        let date = HttpDate::at(784_111_777_000_000_000);
        write(ResponseHead::begin(&mut out, status, &date));
        let text = String::from_utf8(out).unwrap();
        text.strip_prefix("before").unwrap().replace(DATE, "")
    }

    #[test]
    fn heads() {
        let empty = head(200, |head| head.end(Payload::Length(0), Connection::Stays));
        assert_eq!(empty, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let json = head(404, |head| {
            head.content_type("application/json").end(Payload::Length(17), Connection::Kept);
        });
        assert_eq!(
            json,
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\
             Connection: keep-alive\r\n\r\n"
        );
        let refused = head(405, |head| {
            head.allow("GET, HEAD").end(Payload::Length(0), Connection::Closes);
        });
        assert_eq!(
            refused,
            "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        let stranger = head(401, |head| {
            head.www_authenticate("Basic realm=\"herd\"")
                .cache_control("no-store")
                .end(Payload::Length(0), Connection::Stays);
        });
        assert_eq!(
            stranger,
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"herd\"\r\n\
             Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn streams_have_no_length() {
        let chunked = head(200, |head| head.end(Payload::Chunked, Connection::Stays));
        assert_eq!(chunked, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let old = head(200, |head| head.end(Payload::UntilClose, Connection::Kept));
        assert_eq!(old, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        let mut out = Vec::new();
        write_chunk(&mut out, &[b'x'; 17]);
        write_chunk(&mut out, b"");
        out.extend_from_slice(LAST_CHUNK);
        assert_eq!(out, [&b"11\r\n"[..], &[b'x'; 17], b"\r\n0\r\n\r\n"].concat());
    }

    #[test]
    fn what_has_no_body_has_no_length() {
        for status in [204, 304] {
            for payload in [Payload::Length(5), Payload::Chunked, Payload::UntilClose] {
                let head = head(status, |head| head.end(payload, Connection::Stays));
                assert!(head.ends_with(&format!("{}\r\n\r\n", reason(status))), "{head}");
            }
        }
    }

    #[test]
    fn pages_from_elsewhere_are_named() {
        let one = head(204, |head| {
            head.allow_origin("https://a.example")
                .preflight("GET, PUT", "Content-Type")
                .end(Payload::Length(0), Connection::Stays);
        });
        assert_eq!(
            one,
            "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://a.example\r\n\
             Vary: Origin\r\nAccess-Control-Allow-Methods: GET, PUT\r\n\
             Access-Control-Allow-Headers: Content-Type\r\n\r\n"
        );
        let all = head(200, |head| {
            head.allow_origin("*").end(Payload::Length(0), Connection::Stays);
        });
        assert!(!all.contains("Vary"));
    }

    #[test]
    #[should_panic(expected = "a control character in the field X")]
    fn a_field_that_would_be_two_is_a_fault() {
        head(200, |head| head.field("X", "a\r\nY: b").end(Payload::Length(0), Connection::Stays));
    }
}
