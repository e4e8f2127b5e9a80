//! Requests, and the responses to them, by example, at every split point.

use super::*;

fn requests(text: &str) -> (Vec<Request>, Result<(), HttpError>) {
    everywhere(|| RequestReader::new(16), text.as_bytes())
}

#[test]
fn requests_are_read_one_after_the_other() {
    let text = "GET /a?b=c HTTP/1.1\r\nhost: h\r\nX-Goog-Api-Key: k\r\nX: \u{e9}\r\n\r\n\
                \r\nPOST /v1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\
                POST /v1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\
                Connection: close\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    let (requests, end) = requests(text);
    assert_eq!(end, Ok(()));
    let [get, post, chunked] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((get.method.as_str(), get.target.as_str()), ("GET", "/a?b=c"));
    assert_eq!(get.header("x-goog-api-KEY"), Some("k"));
    assert_eq!(get.header("X"), Some("\u{e9}"));
    assert_eq!(get.header("Y"), None);
    assert!(get.keep_alive && get.body.is_empty());
    assert!(post.keep_alive && post.body == b"{}");
    assert!(!chunked.keep_alive && chunked.body == b"[]");
}

#[test]
fn wrong_requests_have_their_status() {
    let many = "X: y\r\n".repeat(limits::HTTP_REQUEST_HEADERS_MAX);
    let long = "x".repeat(limits::HTTP_REQUEST_HEAD_BYTES_MAX);
    for (text, status) in [
        ("GET /\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n".to_owned(), 413),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 501),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 505),
    ] {
        let (requests, end) = requests(&text);
        assert_eq!((requests.len(), end.unwrap_err().status()), (0, status), "{text}");
    }
    let error = RequestReader::new(0).receive(format!("GET /{long}").as_bytes()).unwrap_err();
    assert_eq!(error.status(), 431);
    assert_eq!(requests("GET / HTTP/1.0\r\n\r\n").1, Ok(()));
}

#[test]
fn a_written_response_can_be_read() {
    for (body, keep_alive) in [(&b"{}"[..], true), (b"", false)] {
        let mut out = b"before".to_vec();
        write_response(&mut out, 418, "I'm a teapot", "text/plain", body, keep_alive);
        let expected = Response { status: 418, keep_alive, identity: true, body: body.to_vec() };
        assert_eq!(responses(&out[6..]), (vec![expected], Ok(())));
    }
}
