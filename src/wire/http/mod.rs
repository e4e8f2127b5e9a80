//! HTTP/1.1 messages over bytes (RFC 9112): a client's view of responses, a server's of requests.
//!
//! A [`ResponseReader`] or [`RequestReader`] is handed bytes as they arrive, in any pieces, and
//! gives a message with the number of bytes that belonged to it. It reads each byte about once and
//! holds no more than the limits allow. What is ambiguous is refused, because two readers that
//! disagree about where a message ends open the way to request smuggling: both `Content-Length` and
//! `Transfer-Encoding`, lengths that differ, transfer encodings other than `chunked`, chunk lines
//! that end without CR.

mod body;
mod chunked;
mod error;
mod fields;
mod head;
mod reader;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use error::HttpError;
pub use reader::Reader;
pub use request::{Request, RequestReader, write_response};
pub use response::{Response, ResponseLimits, ResponseReader};
