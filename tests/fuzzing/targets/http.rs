//! The readers of HTTP messages: pieces make no difference.

use herd::limits;
use herd::places::RESPONSE_LIMITS;
use herd::wire::http::{HttpError, RequestReader, Response, ResponseReader};
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

/// Requests at an open port: also, no more is kept than the limits allow, and nothing between two.
pub fn request(input: &[u8]) {
    let [step, stream @ ..] = input else { return };
    let whole = requests(stream, usize::MAX);
    let step = usize::from(*step) + 1;
    assert_eq!(whole, requests(stream, step));
}

/// The requests that come out of the stream in pieces of that size, and how it ends.
fn requests(stream: &[u8], step: usize) -> (Vec<String>, Result<(), HttpError>) {
    let mut reader = RequestReader::new(BODY_BYTES_MAX);
    let mut found = Vec::new();
    // Vectors double.
    let most = 2 * (limits::HTTP_REQUEST_HEAD_BYTES_MAX + BODY_BYTES_MAX);
    for mut piece in stream.chunks(step.min(stream.len().max(1))) {
        while !piece.is_empty() {
            match reader.next(&mut piece) {
                Ok(None) => assert!(piece.is_empty()),
                Ok(Some(request)) => {
                    assert!(request.body().len() <= BODY_BYTES_MAX);
                    assert!(request.path().starts_with('/') || request.path() == "*");
                    assert!(!request.query().contains('#'));
                    found.push(format!("{request:?}"));
                }
                Err(error) => {
                    assert!((400..600).contains(&error.status()));
                    assert_eq!(reader.next(&mut &b"x"[..]), Err(error), "for ever");
                    return (found, Err(error));
                }
            }
            assert!(reader.bytes_kept() <= most);
        }
        assert!(reader.next(&mut piece).is_ok_and(|request| request.is_none()));
        assert!(reader.has_partial() || reader.bytes_kept() <= 8);
    }
    (found, reader.finish())
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
