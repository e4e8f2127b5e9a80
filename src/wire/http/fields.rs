//! The header fields that say where a message ends and what becomes of its connection.

use super::HttpError;
use httparse::Header;

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// The chunked encoding says.
    Chunked,
    /// The end of the connection.
    UntilClose,
}

/// What the header fields say, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    /// `None` if neither a length nor an encoding was given.
    pub(super) framing: Option<Framing>,
    /// Whether the sender keeps the connection open.
    pub(super) keep_alive: bool,
    /// Whether the body is as it is: no `Content-Encoding` but `identity`.
    pub(super) identity: bool,
}

/// What `Connection` fields say about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    Unsaid,
    /// `keep-alive`, and not `close`.
    Keep,
    Close,
}

impl Persistence {
    /// One more field.
    pub(super) fn hear(&mut self, value: &[u8]) {
        for element in elements(value) {
            if element.eq_ignore_ascii_case(b"close") {
                *self = Persistence::Close;
            } else if element.eq_ignore_ascii_case(b"keep-alive") && *self == Persistence::Unsaid {
                *self = Persistence::Keep;
            }
        }
    }
}

impl Fields {
    /// Reads the fields of an HTTP/1.`minor_version` response.
    pub(super) fn read(headers: &[Header<'_>], minor_version: u8) -> Result<Fields, HttpError> {
        let mut length = None;
        let mut encoded = false;
        let mut chunked = false;
        let mut persistence = Persistence::Unsaid;
        let mut identity = true;
        for header in headers {
            let is = |name| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                length = Some(read_length(length, header.value)?);
            } else if is("transfer-encoding") {
                // Twice chunked is no sense, so it must be the only one.
                chunked = !encoded && header.value.eq_ignore_ascii_case(b"chunked");
                encoded = true;
            } else if is("connection") {
                persistence.hear(header.value);
            } else if is("content-encoding") {
                identity &= elements(header.value)
                    .all(|e| e.is_empty() || e.eq_ignore_ascii_case(b"identity"));
            }
        }
        let framing = match (length, encoded) {
            (Some(_), true) => return Err(HttpError::LengthAndEncoding),
            (None, true) if minor_version == 0 => return Err(HttpError::TransferEncodingTooNew),
            (None, true) if !chunked => return Err(HttpError::TransferEncoding),
            (None, true) => Some(Framing::Chunked),
            (Some(length), false) => Some(Framing::Length(length)),
            (None, false) => None,
        };
        let keep_alive = match persistence {
            Persistence::Unsaid => minor_version >= 1,
            persistence => persistence == Persistence::Keep,
        };
        Ok(Fields { framing, keep_alive, identity })
    }
}

/// One `Content-Length` field, given what was said before. A list of equal values is allowed (RFC
/// 9110, section 8.6). What is too large for the type is as good as the largest value: no limit
/// lets either through.
pub(super) fn read_length(before: Option<u64>, value: &[u8]) -> Result<u64, HttpError> {
    let mut length = before;
    for element in elements(value) {
        if element.is_empty() || !element.iter().all(u8::is_ascii_digit) {
            return Err(HttpError::Length);
        }
        let this = element.iter().fold(0_u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        });
        if length.is_some_and(|other| other != this) {
            return Err(HttpError::LengthsDiffer);
        }
        length = Some(this);
    }
    length.ok_or(HttpError::Length)
}

/// The elements of a comma-separated list.
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}
