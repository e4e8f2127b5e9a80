//! Responses by example, at every split point.

use super::*;
use crate::limits;

mod properties;
mod requests;

/// All messages in `pieces`, and the end of the connection.
fn read_all(
    mut reader: ResponseReader,
    pieces: &[&[u8]],
) -> (Vec<Response>, Result<(), HttpError>) {
    let mut messages = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        // An empty piece is handed in as well: it must change nothing.
        loop {
            match reader.receive(rest) {
                Ok(Some((message, consumed))) => {
                    messages.push(message);
                    rest = &rest[consumed..];
                }
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    match reader.finish() {
        Ok(last) => {
            messages.extend(last);
            (messages, Ok(()))
        }
        Err(error) => (messages, Err(error)),
    }
}

/// Reads in one piece, and makes sure that any two pieces, and single bytes, give the same.
fn everywhere(
    reader: impl Fn() -> ResponseReader,
    bytes: &[u8],
) -> (Vec<Response>, Result<(), HttpError>) {
    let whole = read_all(reader(), &[bytes]);
    for at in 0..=bytes.len() {
        let (one, other) = bytes.split_at(at);
        assert_eq!(read_all(reader(), &[one, other]), whole, "split at {at}");
    }
    let single: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(read_all(reader(), &single), whole, "byte by byte");
    whole
}

/// Within the limits for Places.
fn reader() -> ResponseReader {
    ResponseReader::new(ResponseLimits {
        head_bytes_max: limits::PLACES_HEAD_BYTES_MAX,
        body_bytes_max: limits::PLACES_BODY_BYTES_MAX,
    })
}

fn responses(bytes: &[u8]) -> (Vec<Response>, Result<(), HttpError>) {
    everywhere(reader, bytes)
}

fn response(text: &str) -> Result<Response, HttpError> {
    let (mut responses, end) = responses(text.as_bytes());
    end.map(|()| {
        assert_eq!(responses.len(), 1, "{text:?}");
        responses.remove(0)
    })
}

/// The answer to these header lines and this body.
fn answer(headers: &str, body: &str) -> Result<Response, HttpError> {
    response(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}"))
}

#[test]
fn a_body_ends_where_its_length_says() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\
                HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nConnection: close\r\n\r\n";
    let (responses, end) = responses(text.as_bytes());
    let hello = Response { status: 200, keep_alive: true, identity: true, body: b"hello".to_vec() };
    let missing = Response { status: 404, keep_alive: false, identity: true, body: Vec::new() };
    assert_eq!((responses, end), (vec![hello, missing], Ok(())));
}

#[test]
fn chunks_are_joined_and_what_is_around_them_skipped() {
    let body = "5\r\nhello\r\n0A ;x=\"y\"\r\n, world\r\n!\r\n0;last\r\nX: y\r\nZ:\r\n\r\n";
    let response = answer("Transfer-Encoding: Chunked\r\n", body).unwrap();
    assert_eq!(response.body, b"hello, world\r\n!");
    assert!(response.keep_alive);
}

#[test]
fn without_a_length_the_body_ends_with_the_connection() {
    let response = answer("", "hel\r\n\r\nlo").unwrap();
    assert_eq!(response.body, b"hel\r\n\r\nlo");
    assert!(!response.keep_alive);
}

#[test]
fn interim_responses_are_passed_over() {
    let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
                HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(response(text).unwrap().status, 204);
    let continued = "HTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(response(continued), Err(HttpError::Truncated));
    let endless = continued.repeat(limits::HTTP_INTERIM_RESPONSES_MAX + 1);
    assert_eq!(response(&endless), Err(HttpError::TooManyInterim));
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    assert_eq!(response(upgrade), Err(HttpError::Upgrade));
}

#[test]
fn some_statuses_have_no_body() {
    let text = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n\
                HTTP/1.1 304 Not Modified\r\nContent-Length: 99999999\r\n\r\n\
                HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (responses, end) = responses(text.as_bytes());
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!((statuses, end), (vec![204, 304, 200], Ok(())));
}

#[test]
fn the_version_and_connection_say_whether_the_connection_stays() {
    for (version, header, keep_alive) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
    ] {
        let text = format!("HTTP/{version} 200 OK\r\n{header}Content-Length: 1\r\n\r\nx");
        let response = response(&text).unwrap();
        assert_eq!((response.body.as_slice(), response.keep_alive), (&b"x"[..], keep_alive));
    }
}

#[test]
fn content_encodings_are_noticed() {
    for (header, identity) in [
        ("", true),
        ("Content-Encoding: identity\r\n", true),
        ("Content-Encoding:\r\n", true),
        ("Content-Encoding: gzip\r\n", false),
        ("Content-Encoding: identity\r\ncontent-encoding: identity, deflate\r\n", false),
    ] {
        let response = answer(&format!("{header}Content-Length: 0\r\n"), "").unwrap();
        assert_eq!(response.identity, identity, "{header}");
    }
}

#[test]
fn lengths_that_are_not_clear_are_refused() {
    for (headers, error) in [
        ("Content-Length: 5, 6\r\n", HttpError::LengthsDiffer),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", HttpError::LengthsDiffer),
        ("Content-Length: +5\r\n", HttpError::Length),
        ("Content-Length: -5\r\n", HttpError::Length),
        ("Content-Length: 0x5\r\n", HttpError::Length),
        ("Content-Length:\r\n", HttpError::Length),
        ("Content-Length: 5,\r\n", HttpError::Length),
        ("Content-Length: 2097153\r\n", HttpError::BodyTooLarge),
        ("Content-Length: 18446744073709551616\r\n", HttpError::BodyTooLarge),
        ("Content-Length: 99999999999999999999999999\r\n", HttpError::BodyTooLarge),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", HttpError::LengthAndEncoding),
        ("Transfer-Encoding: gzip, chunked\r\n", HttpError::TransferEncoding),
        ("Transfer-Encoding: identity\r\n", HttpError::TransferEncoding),
        ("Transfer-Encoding:\r\n", HttpError::TransferEncoding),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            HttpError::TransferEncoding,
        ),
    ] {
        assert_eq!(answer(headers, "hello"), Err(error), "{headers}");
    }
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(response(old), Err(HttpError::TransferEncodingTooNew));
    let same = "Content-Length: 5, 5\r\nContent-Length: 05\r\n";
    assert_eq!(answer(same, "hello").unwrap().body, b"hello");
}

#[test]
fn chunks_that_are_not_clear_are_refused() {
    for (body, error) in [
        ("x\r\n", HttpError::ChunkSize),
        ("\r\n", HttpError::ChunkSize),
        (";x\r\n", HttpError::ChunkSize),
        (" 5\r\n", HttpError::ChunkSize),
        ("-1\r\n", HttpError::ChunkSize),
        ("0x5\r\n", HttpError::ChunkSize),
        ("00000000000000005\r\nhello\r\n", HttpError::ChunkSize),
        ("ffffffffffffffffffffff\r\n", HttpError::BodyTooLarge),
        ("FFFFFFFFFFFFFFFF\r\n", HttpError::BodyTooLarge),
        ("200001\r\n", HttpError::BodyTooLarge),
        ("1\r\nx\r\n200000\r\n", HttpError::BodyTooLarge),
        ("5\nhello", HttpError::ChunkLineEnd),
        ("5\rhello", HttpError::ChunkLineEnd),
        ("5;x\nhello", HttpError::ChunkLineEnd),
        ("5\r\nhellox", HttpError::ChunkEnd),
        ("5\r\nhello\n", HttpError::ChunkEnd),
        ("5\r\nhello\rx", HttpError::ChunkEnd),
        ("0\r\n\n", HttpError::ChunkLineEnd),
        ("0\r\n\rx", HttpError::ChunkLineEnd),
        ("0\r\nX: y\n", HttpError::ChunkLineEnd),
        ("0\r\nX: y\rz", HttpError::ChunkLineEnd),
        ("5\r\nhello\r\n0\r\n", HttpError::Truncated),
        ("5\r\nhel", HttpError::Truncated),
        ("", HttpError::Truncated),
    ] {
        assert_eq!(answer("Transfer-Encoding: chunked\r\n", body), Err(error), "{body:?}");
    }
}

#[test]
fn heads_that_are_not_http_are_refused() {
    for (text, error) in [
        ("HTTP/2 200 OK\r\n\r\n", HttpError::Version),
        ("HTTP/1.1 099 OK\r\n\r\n", HttpError::Status),
        ("HTTP/1.1 20 OK\r\n\r\n", HttpError::Malformed),
        ("ICY 200 OK\r\n\r\n", HttpError::Version),
        ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", HttpError::Malformed),
        ("HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n", HttpError::Malformed),
        ("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", HttpError::Malformed),
        ("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", HttpError::Malformed),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5", HttpError::Truncated),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", HttpError::Truncated),
    ] {
        assert_eq!(response(text), Err(error), "{text:?}");
    }
    let many = "X: y\r\n".repeat(limits::HTTP_RESPONSE_HEADERS_MAX + 1);
    assert_eq!(answer(&many, ""), Err(HttpError::TooManyHeaders));
}

#[test]
fn nothing_is_no_message() {
    for text in ["", "\r\n", "\n\r\n", "\r\n\r"] {
        assert_eq!(responses(text.as_bytes()), (Vec::new(), Ok(())), "{text:?}");
    }
    assert_eq!(response("\r\n\nHTTP/1.1 200 OK\n\n").unwrap().status, 200);
    assert_eq!(response("\r\nH"), Err(HttpError::Truncated));
}

/// Hands `piece` in again and again.
fn endlessly(reader: &mut ResponseReader, piece: &[u8], bytes_max: usize) -> HttpError {
    for _ in 0..=bytes_max / piece.len() {
        if let Err(error) = reader.receive(piece) {
            assert_eq!(reader.receive(b"more"), Err(error), "the error stays");
            assert_eq!(reader.finish(), Err(error), "the error stays");
            return error;
        }
    }
    panic!("more than {bytes_max} bytes were taken");
}

#[test]
fn what_does_not_end_is_cut_off() {
    let head = limits::PLACES_HEAD_BYTES_MAX;
    let body = limits::PLACES_BODY_BYTES_MAX;
    let extras = limits::HTTP_CHUNK_EXTRAS_BYTES_MAX + 1_000;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (start, piece, bytes_max, error) in [
        ("", "\r\n", head, HttpError::HeadTooLarge),
        ("HTTP/1.1 200 ", "x", head, HttpError::HeadTooLarge),
        ("HTTP/1.1 200 OK\r\n", "X: y\r\n", head, HttpError::HeadTooLarge),
        ("HTTP/1.1 200 OK\r\n\r\n", "0123456789abcdef", body, HttpError::BodyTooLarge),
        (chunked, "0", 32, HttpError::ChunkSize),
        (chunked, "1;xx\r\ny\r\n", 9 * extras / 2, HttpError::ChunkExtras),
        (&format!("{chunked}1;"), "x", extras, HttpError::ChunkExtras),
        (&format!("{chunked}0\r\n"), "X: y\r\n", extras * 2, HttpError::ChunkExtras),
    ] {
        let mut reader = reader();
        assert_eq!(reader.receive(start.as_bytes()), Ok(None));
        assert_eq!(endlessly(&mut reader, piece.as_bytes(), bytes_max), error, "{piece:?}");
    }
    let mut reader = reader();
    assert_eq!(reader.receive(chunked.as_bytes()), Ok(None));
    let chunk = [b"400\r\n", &[b'x'; 0x400][..], b"\r\n"].concat();
    assert_eq!(endlessly(&mut reader, &chunk, body + 8 * 4_096), HttpError::BodyTooLarge);
}

#[test]
fn limits_can_be_reached() {
    let max = limits::PLACES_BODY_BYTES_MAX;
    let body = vec![b'x'; max];
    let start = |header: String| format!("HTTP/1.1 200 OK\r\n{header}\r\n").into_bytes();
    let chunked = start("Transfer-Encoding: chunked\r\n".into());
    for (start, end, closes) in [
        (start(format!("Content-Length: {max}\r\n")), &b""[..], false),
        ([&chunked, format!("{max:x}\r\n").as_bytes()].concat(), b"\r\n0\r\n\r\n", false),
        (start(String::new()), b"", true),
    ] {
        let text = [&start, &body[..], end].concat();
        let mut reader = reader();
        let response = match reader.receive(&text).unwrap() {
            Some((response, consumed)) => {
                assert!(!closes && consumed == text.len());
                response
            }
            None => reader.finish().unwrap().unwrap(),
        };
        assert!(response.body == body);
    }
    let line = "HTTP/1.1 204 ";
    let reason = "x".repeat(limits::PLACES_HEAD_BYTES_MAX - line.len() - 4);
    let text = format!("{line}{reason}\r\n\r\n");
    assert!(reader().receive(text.as_bytes()).unwrap().is_some());
}
