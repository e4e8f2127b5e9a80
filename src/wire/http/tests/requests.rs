//! Requests, and the responses to them, by example, at every split point.

use super::*;
use proptest::prelude::*;

const BODY_BYTES_MAX: usize = 16;

/// A request with nothing borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    method: String,
    path: String,
    query: String,
    connection: Connection,
    body: Vec<u8>,
    /// All of it.
    debug: String,
}

/// All requests in `pieces`, and the end of the connection.
fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    body_bytes_max: usize,
) -> (Vec<Read>, Result<(), HttpError>) {
    let mut reader = RequestReader::new(body_bytes_max);
    let mut found = Vec::new();
    for mut data in pieces {
        loop {
            match reader.next(&mut data) {
                Ok(Some(request)) => found.push(Read {
                    method: request.method().to_owned(),
                    path: request.path().to_owned(),
                    query: request.query().to_owned(),
                    connection: request.connection(),
                    body: request.body().to_vec(),
                    debug: format!("{request:?}"),
                }),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.next(&mut &b"GET"[..]), Err(error), "the error stays");
                    assert_eq!((reader.finish(), reader.bytes_kept()), (Err(error), 0));
                    return (found, Err(error));
                }
            }
        }
        assert!(data.is_empty());
        assert!(reader.has_partial() || reader.bytes_kept() <= 8, "nothing is kept between two");
        assert_eq!(reader.awaited().is_some(), reader.body_is_under_way());
    }
    (found, reader.finish())
}

/// Reads in one piece, and makes sure that any two pieces, and single bytes, give the same.
fn requests(text: impl AsRef<[u8]>) -> (Vec<Read>, Result<(), HttpError>) {
    let bytes = text.as_ref();
    let whole = read_pieces([bytes], BODY_BYTES_MAX);
    for at in 0..=bytes.len() {
        let (one, other) = bytes.split_at(at);
        assert_eq!(read_pieces([one, other], BODY_BYTES_MAX), whole, "split at {at}");
    }
    assert_eq!(read_pieces(bytes.chunks(1), BODY_BYTES_MAX), whole, "byte by byte");
    whole
}

fn request(text: &str) -> Result<Read, HttpError> {
    let (mut requests, end) = requests(text);
    end.map(|()| {
        assert_eq!(requests.len(), 1, "{text:?}");
        requests.remove(0)
    })
}

/// A request with these header lines and this body.
fn with(headers: &str, body: &str) -> Result<Read, HttpError> {
    request(&format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}\r\n{body}"))
}

#[test]
fn requests_are_read_one_after_the_other() {
    let text = "GET /a%2F?b=c HTTP/1.1\r\nhost: h\r\nX-Key: k\r\n\r\n\
                \r\n\r\nPOST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\
                POST /v1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\
                Connection: close\r\n\r\n2;x\r\n[]\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\n";
    let (requests, end) = requests(text);
    assert_eq!(end, Ok(()));
    let [get, post, chunked, old] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((&*get.method, &*get.path, &*get.query), ("GET", "/a%2F", "b=c"));
    assert!(get.connection == Connection::Stays && get.body.is_empty());
    assert!(post.connection == Connection::Stays && post.body == b"{}");
    assert!(chunked.connection == Connection::Closes && chunked.body == b"[]");
    assert_eq!((&*old.path, old.connection), ("/", Connection::Closes));
}

#[test]
fn header_fields_are_found_by_their_names() {
    let text = "GET / HTTP/1.1\r\nHost:h:80\r\nX-Goog-Api-Key: \t k \r\nEmpty:\r\nX: !\r\nX: \u{e9}\r\n\
                Content-Type: Application/JSON ; charset=utf-8\r\nContent-Encoding: gzip\r\n\r\n";
    // A value that is no UTF-8.
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte == b'!' { 0xff } else { byte }).collect();
    let mut reader = RequestReader::new(0);
    let mut data = &bytes[..];
    let request = reader.next(&mut data).unwrap().unwrap();
    for (name, value) in [
        ("host", Some("h:80")),
        ("x-goog-api-KEY", Some("k")),
        ("Empty", Some("")),
        ("X", Some("\u{e9}")),
        ("Y", None),
        ("X-Goog", None),
        ("", None),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    assert!(request.is_of_type("application/json") && !request.is_of_type("text/plain"));
    assert!(!request.is_identity() && request.takes_chunks());
}

#[test]
fn targets_are_paths_or_urls() {
    for (line, path, query) in [
        ("GET /", "/", ""),
        ("GET /?", "/", ""),
        ("GET /a/../b?c?d=/", "/a/../b", "c?d=/"),
        ("GET //x", "//x", ""),
        ("GET http://h/a?b", "/a", "b"),
        ("GET HTTPS://h:1?b", "/", "b"),
        ("GET http://h", "/", ""),
        ("OPTIONS *", "*", ""),
        ("GET /Zo\u{eb}", "/Zo\u{eb}", ""),
    ] {
        let read = request(&format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n")).unwrap();
        assert_eq!((&*read.path, &*read.query), (path, query), "{line}");
    }
    for line in [
        "GET *",
        "GET a",
        "GET ?a",
        "GET h:80",
        "CONNECT h:80",
        "GET /#a",
        "GET /?a#b",
        "GET http:///a",
        "GET http://",
        "GET ftp://h/",
        "OPTIONS *a",
    ] {
        let text = format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(request(&text), Err(HttpError::Target), "{line}");
    }
}

#[test]
fn the_version_and_connection_say_whether_the_connection_stays() {
    for (version, header, connection) in [
        ("1.1", "", Connection::Stays),
        ("1.1", "Connection: keep-alive\r\n", Connection::Stays),
        ("1.1", "Connection: x, CLOSE\r\n", Connection::Closes),
        ("1.1", "Connection: close\r\nConnection: keep-alive\r\n", Connection::Closes),
        ("1.0", "", Connection::Closes),
        ("1.0", "Connection: Keep-Alive\r\n", Connection::Kept),
        ("1.0", "Connection: keep-alive, close\r\n", Connection::Closes),
    ] {
        let read = request(&format!("GET / HTTP/{version}\r\nHost: h\r\n{header}\r\n"));
        assert_eq!(read.unwrap().connection, connection, "{version} {header}");
    }
}

#[test]
fn what_two_readers_may_read_in_two_ways_is_refused() {
    for (text, error) in [
        ("GET / HTTP/1.1\nHost: h\r\n\r\n", HttpError::BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: h\n\r\n", HttpError::BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: h\r\n\n", HttpError::BareLineFeed),
        ("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", HttpError::BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.1\r\nHost: h\r\n\tfolded: x\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", HttpError::Malformed),
        ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", HttpError::Malformed),
        ("GET / x HTTP/1.1\r\nHost: h\r\n\r\n", HttpError::Malformed),
        ("\r\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", HttpError::Malformed),
        ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HttpError::TransferEncodingTooNew),
    ] {
        assert_eq!(requests(text), (Vec::new(), Err(error)), "{text:?}");
        assert_eq!(error.status(), 400);
    }
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (headers, error) in [
        ("Content-Length: 2\r\nContent-Length: 2\r\n", HttpError::LengthTwice),
        ("Content-Length: 2\r\ncontent-length: 3\r\n", HttpError::LengthTwice),
        ("Content-Length: 2, 2\r\n", HttpError::LengthTwice),
        ("Content-Length: +2\r\n", HttpError::Length),
        ("Content-Length: 0x2\r\n", HttpError::Length),
        ("Content-Length:\r\n", HttpError::Length),
        (&format!("Content-Length: 2\r\n{chunked}"), HttpError::LengthAndEncoding),
        (&format!("{chunked}Content-Length: 2\r\n"), HttpError::LengthAndEncoding),
        ("Host: h\r\n", HttpError::Host),
    ] {
        assert_eq!(with(headers, "{}"), Err(error), "{headers}");
        assert_eq!(error.status(), 400);
    }
    for (body, error) in [
        ("2\n[]\r\n0\r\n\r\n", HttpError::ChunkLineEnd),
        ("2\r\n[]\n0\r\n\r\n", HttpError::ChunkEnd),
        ("2\r\n[]x\r\n0\r\n\r\n", HttpError::ChunkEnd),
        (" 2\r\n[]\r\n0\r\n\r\n", HttpError::ChunkSize),
        ("0\r\n\n", HttpError::ChunkLineEnd),
    ] {
        assert_eq!(with(chunked, body), Err(error), "{body:?}");
        assert_eq!(error.status(), 400);
    }
}

#[test]
fn wrong_requests_have_their_status() {
    let many = "X: y\r\n".repeat(limits::HTTP_REQUEST_HEADERS_MAX);
    for (text, status) in [
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("hello\r\n\r\n", 400),
        ("GET /?id=a b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", 417),
        (&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ] {
        let (requests, end) = requests(text);
        assert_eq!((requests.len(), end.unwrap_err().status()), (0, status), "{text}");
    }
    for half in
        ["G", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{"]
    {
        assert_eq!(requests(half), (Vec::new(), Err(HttpError::Truncated)), "{half}");
    }
    for nothing in ["", "\r\n", "\r\n\r\n\r"] {
        assert_eq!(requests(nothing), (Vec::new(), Ok(())), "{nothing:?}");
    }
}

#[test]
fn who_speaks_tls_is_told_at_once() {
    let mut reader = RequestReader::new(0);
    let mut hello: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    assert_eq!(reader.next(&mut hello), Err(HttpError::Malformed));
    for beginning in [&b"\r"[..], b"\r\n", b"G"] {
        let mut reader = RequestReader::new(0);
        assert_eq!(reader.next(&mut &*beginning), Ok(None), "{beginning:?}");
    }
}

#[test]
fn heads_are_bounded() {
    let max = limits::HTTP_REQUEST_HEAD_BYTES_MAX;
    let head = |bytes: usize| {
        let start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(bytes - start.len() - 4)).into_bytes()
    };
    for step in [1, 7, 4_096, usize::MAX] {
        let read = |bytes: &[u8]| read_pieces(bytes.chunks(step.min(bytes.len())), 0);
        let (requests, end) = read(&[head(max), head(max)].concat());
        assert_eq!((requests.len(), end), (2, Ok(())));
        assert_eq!(read(&head(max + 1)), (Vec::new(), Err(HttpError::HeadTooLarge)));
        assert_eq!(read(&head(max)[..max - 1]), (Vec::new(), Err(HttpError::Truncated)));
        let blank = b"\r\n".repeat(max);
        assert_eq!(read(&blank), (Vec::new(), Ok(())), "blank lines are not kept");
    }
    let many =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(count));
    let most = limits::HTTP_REQUEST_HEADERS_MAX - 1;
    assert_eq!(read_pieces([many(most).as_bytes()], 0).1, Ok(()));
    assert_eq!(read_pieces([many(most + 1).as_bytes()], 0).1, Err(HttpError::TooManyHeaders));
}

#[test]
fn bodies_are_bounded() {
    let max = limits::HTTP_REQUEST_BODY_BYTES_MAX;
    let body = vec![b'x'; max + 1];
    let head = "POST / HTTP/1.1\r\nHost: h\r\n";
    let with_length = |bytes: usize| {
        let head = format!("{head}Content-Length: {bytes}\r\n\r\n");
        [head.as_bytes(), &body[..bytes]].concat()
    };
    let chunked = |bytes: usize| {
        let head = format!("{head}Transfer-Encoding: chunked\r\n\r\n{bytes:x}\r\n");
        [head.as_bytes(), &body[..bytes], b"\r\n0\r\n\r\n"].concat()
    };
    for step in [1, 1_000, usize::MAX] {
        let read = |bytes: &[u8]| read_pieces(bytes.chunks(step.min(bytes.len())), max);
        for good in [with_length(max), chunked(max)] {
            let (requests, end) = read(&good);
            assert_eq!((requests[0].body.len(), end), (max, Ok(())));
        }
        for bad in [with_length(max + 1), chunked(max + 1)] {
            assert_eq!(read(&bad), (Vec::new(), Err(HttpError::BodyTooLarge)));
        }
    }
}

#[test]
fn a_body_can_be_asked_for_and_refused_before_it_comes() {
    let head =
        "PUT /clients/a?x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
    let mut reader = RequestReader::new(2);
    assert_eq!(reader.next(&mut head.as_bytes()), Ok(None));
    let awaited = reader.awaited().unwrap();
    assert_eq!((awaited.method(), awaited.path(), awaited.body()), ("PUT", "/clients/a", &b""[..]));
    assert_eq!(awaited.header("content-length"), Some("2"));
    assert!(reader.take_continue() && !reader.take_continue(), "once");
    assert_eq!(reader.next(&mut &b"{"[..]), Ok(None));
    let mut rest = &b"}GET"[..];
    assert_eq!(reader.next(&mut rest).unwrap().unwrap().body(), b"{}");
    assert_eq!(rest, b"GET");
    assert!(reader.awaited().is_none());
    // Who does not wait is not told to go on.
    for (head, body) in
        [(head, "{"), (&head.replace("1.1", "1.0"), ""), (&head.replace("Expect", "X"), "")]
    {
        let mut reader = RequestReader::new(2);
        assert_eq!(reader.next(&mut format!("{head}{body}").as_bytes()), Ok(None));
        assert!(reader.awaited().is_some() && !reader.take_continue(), "{head}");
    }
    let nothing_to_send = head.replace(": 2", ": 0");
    let mut reader = RequestReader::new(2);
    assert!(reader.next(&mut nothing_to_send.as_bytes()).unwrap().is_some());
    let mut reader = RequestReader::new(1);
    assert_eq!(reader.next(&mut head.as_bytes()), Err(HttpError::BodyTooLarge), "at once");
}

/// Bytes that come close to requests.
fn near_requests() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "GET / HTTP/1.1\r\nHost: h\r\n",
            "GET /a?b=c HTTP/1.0\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            "Connection: close\r\n",
            "Expect: 100-continue\r\n",
            "\r\n",
            "\n",
            "\r",
            "5\r\nhello\r\n",
            "0\r\n\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pieces_of_requests_do_not_matter(
        bytes in near_requests(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = read_pieces([&bytes[..]], BODY_BYTES_MAX);
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        let pieces = places.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
        prop_assert_eq!(read_pieces(pieces, BODY_BYTES_MAX), whole);
    }
}

#[test]
fn a_written_response_can_be_read() {
    for (body, connection) in [(&b"{}"[..], Connection::Stays), (b"", Connection::Closes)] {
        let mut out = Vec::new();
        ResponseHead::begin(&mut out, 404, &HttpDate::at(0))
            .content_type("text/plain")
            .end(Payload::Length(body.len() as u64), connection);
        out.extend_from_slice(body);
        let keep_alive = connection != Connection::Closes;
        let expected = Response { status: 404, keep_alive, identity: true, body: body.to_vec() };
        assert_eq!(responses(&out), (vec![expected], Ok(())));
    }
}
