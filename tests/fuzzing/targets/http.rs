//! The readers of HTTP messages: pieces make no difference.

use herd::places::RESPONSE_LIMITS;
use herd::wire::http::{HttpError, Request, RequestReader, Response, ResponseReader};
use std::fmt::Debug;

/// Bodies of requests up to this size are taken.
const BODY_BYTES_MAX: usize = 4_096;

/// Responses of Places.
pub fn response(input: &[u8]) {
    let read = |reader: &mut ResponseReader, data: &[u8]| reader.receive(data);
    let [step, stream @ ..] = input else { return };
    let whole = messages::<Response, _>(
        stream,
        usize::MAX,
        ResponseReader::new(RESPONSE_LIMITS),
        read,
        finish,
    );
    let step = usize::from(*step) + 1;
    assert_eq!(whole, messages(stream, step, ResponseReader::new(RESPONSE_LIMITS), read, finish));

    fn finish(reader: &mut ResponseReader) -> Result<Option<Response>, HttpError> {
        reader.finish()
    }
}

/// Requests to the stand-in.
pub fn request(input: &[u8]) {
    let read = |reader: &mut RequestReader, data: &[u8]| reader.receive(data);
    let [step, stream @ ..] = input else { return };
    let new = || RequestReader::new(BODY_BYTES_MAX);
    let whole = messages::<Request, _>(stream, usize::MAX, new(), read, finish);
    let step = usize::from(*step) + 1;
    assert_eq!(whole, messages(stream, step, new(), read, finish));
    for request in whole.into_iter().flatten() {
        assert!(request.body.len() <= BODY_BYTES_MAX);
    }

    fn finish(reader: &mut RequestReader) -> Result<Option<Request>, HttpError> {
        reader.finish()
    }
}

/// The messages that come out of the stream in pieces of that size, and the error at the end.
fn messages<M: Debug, R>(
    stream: &[u8],
    step: usize,
    mut reader: R,
    receive: impl Fn(&mut R, &[u8]) -> Result<Option<(M, usize)>, HttpError>,
    finish: impl Fn(&mut R) -> Result<Option<M>, HttpError>,
) -> Vec<Result<M, HttpError>> {
    let mut found = Vec::new();
    for mut piece in stream.chunks(step.min(stream.len().max(1))) {
        while !piece.is_empty() {
            match receive(&mut reader, piece) {
                Ok(None) => break,
                Ok(Some((message, taken))) => {
                    assert!(taken <= piece.len());
                    found.push(Ok(message));
                    piece = &piece[taken..];
                }
                Err(error) => {
                    assert_eq!(receive(&mut reader, b"x").err(), Some(error), "for ever");
                    found.push(Err(error));
                    return found;
                }
            }
        }
    }
    found.extend(finish(&mut reader).transpose());
    found
}
