//! HTTP/1.1 messages over bytes (RFC 9112): a client's view of responses, a server's of requests.
//!
//! A [`ResponseReader`] is handed bytes as they arrive, in any pieces, and gives a response with the
//! number of bytes that belonged to it. A [`RequestReader`] gives requests that are borrowed from what
//! arrived where they lie there whole, as at an open port every byte counts. Both read each byte about
//! once and hold no more than the limits allow. What is ambiguous is refused, because two readers that
//! disagree about where a message ends open the way to request smuggling: both `Content-Length` and
//! `Transfer-Encoding`, lengths that differ, transfer encodings other than `chunked`, chunk lines
//! that end without CR; in requests also lengths that are said twice, and bare line feeds in a head.
//!
//! A response is written by a [`ResponseHead`], with its [date](HttpDate).

mod answer;
mod body;
mod chunked;
mod date;
mod error;
mod fields;
mod head;
mod reader;
mod request;
mod request_reader;
mod response;
#[cfg(test)]
mod tests;

pub use answer::{CONTINUE, Connection, LAST_CHUNK, Payload, ResponseHead, reason, write_chunk};
pub use date::HttpDate;
pub use error::HttpError;
pub use reader::ResponseReader;
pub use request::Request;
pub use request_reader::RequestReader;
pub use response::{Response, ResponseLimits};
