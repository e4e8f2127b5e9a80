//! What can be wrong with an HTTP message: one variant for each fault of the peer.

use std::error::Error;
use std::fmt;

/// Why a message was refused. Displayed as a noun phrase, to be put after "the peer sent ".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpError {
    /// First line and headers are longer than the limit.
    HeadTooLarge,
    /// More header fields than the limit.
    TooManyHeaders,
    /// First line or headers break the grammar.
    Malformed,
    /// A line of a request's head that ends in LF without CR.
    BareLineFeed,
    /// A request's target that is neither a path nor a URL.
    Target,
    /// An `Expect` that is not `100-continue`.
    Expectation,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    Version,
    /// A status below 100.
    Status,
    /// Too many interim (1xx) responses.
    TooManyInterim,
    /// 101 (Switching Protocols) without having been asked.
    Upgrade,
    /// A `Content-Length` that is not a row of digits.
    Length,
    /// Several values of `Content-Length` that differ.
    LengthsDiffer,
    /// More than one value of `Content-Length` in a request, be they equal.
    LengthTwice,
    /// Both `Content-Length` and `Transfer-Encoding`.
    LengthAndEncoding,
    /// A transfer encoding other than `chunked`.
    TransferEncoding,
    /// `Transfer-Encoding` in HTTP/1.0, which does not know it.
    TransferEncodingTooNew,
    /// A chunk size that is no hexadecimal number of at most 16 digits.
    ChunkSize,
    /// A line of the chunked encoding that does not end in CR LF.
    ChunkLineEnd,
    /// More data in a chunk than its size says.
    ChunkEnd,
    /// Chunk extensions and trailers longer than the limit.
    ChunkExtras,
    /// A body longer than the limit, by its announcement or in fact.
    BodyTooLarge,
    /// The peer closed in the middle of a message.
    Truncated,
    /// An HTTP/1.1 request without exactly one `Host`, or one that is none.
    Host,
    /// Several values of `Origin` or `Sec-Fetch-Site`, of which each reader may believe another.
    Origins,
}

impl HttpError {
    /// The status code with which a server answers a request that is wrong in this way.
    pub fn status(self) -> u16 {
        match self {
            HttpError::BodyTooLarge => 413,
            HttpError::Expectation => 417,
            HttpError::HeadTooLarge | HttpError::TooManyHeaders => 431,
            HttpError::TransferEncoding => 501,
            HttpError::Version => 505,
            _ => 400,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HttpError::HeadTooLarge => "headers that are too long",
            HttpError::TooManyHeaders => "too many headers",
            HttpError::Malformed => "what is not HTTP",
            HttpError::BareLineFeed => "a bare line feed in a head",
            HttpError::Target => "a target that is neither a path nor a URL",
            HttpError::Expectation => "an expectation that is not 100-continue",
            HttpError::Version => "another HTTP version than 1.0 or 1.1",
            HttpError::Status => "a status code below 100",
            HttpError::TooManyInterim => "too many interim responses",
            HttpError::Upgrade => "an upgrade that nobody asked for",
            HttpError::Length => "a content length that is no number",
            HttpError::LengthsDiffer => "several content lengths that differ",
            HttpError::LengthTwice => "several content lengths",
            HttpError::LengthAndEncoding => "both a content length and a transfer encoding",
            HttpError::TransferEncoding => "a transfer encoding that is not understood",
            HttpError::TransferEncodingTooNew => "a transfer encoding in HTTP/1.0",
            HttpError::ChunkSize => "a chunk size that is no number",
            HttpError::ChunkLineEnd => "a chunk line without a proper end",
            HttpError::ChunkEnd => "a chunk longer than its size",
            HttpError::ChunkExtras => "chunk extensions or trailers that are too long",
            HttpError::BodyTooLarge => "a body that is too large",
            HttpError::Truncated => "only part of a message before it closed the connection",
            HttpError::Host => "no host, several, or one that is none",
            HttpError::Origins => "several origins",
        })
    }
}

impl Error for HttpError {}
