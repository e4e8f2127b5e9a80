//! Cuts a stream into HTTP responses, and finds fault with every head that is not as it should be.

/// One response, without the rest of a stream.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub content_type: String,
    /// The connection is closed behind it.
    pub closes: bool,
    /// Its body goes on to the end of the connection.
    pub streams: bool,
    pub body: Vec<u8>,
}

/// What has come and not been taken.
#[derive(Debug, Default)]
pub struct Responses {
    bytes: Vec<u8>,
}

impl Responses {
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What has come behind the last response.
    pub fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The next response, if it is whole; interim ones are passed over. `is_head`: it has no body.
    pub fn next(&mut self, is_head: bool) -> Result<Option<Response>, String> {
        loop {
            let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(None);
            };
            let (head, behind) = (&self.bytes[..end + 2], end + 4);
            let (mut response, length) = read_head(head)
                .map_err(|why| format!("{why} in the head {}", head.escape_ascii()))?;
            let length = if is_head { 0 } else { length };
            if response.status != 100 {
                let Some(body) = self.bytes.get(behind..behind + length) else { return Ok(None) };
                response.body = body.to_vec();
                self.bytes.drain(..behind + length);
                return Ok(Some(response));
            }
            self.bytes.drain(..behind);
        }
    }
}

/// The head's lines, each with CRLF; and how long the body is.
fn read_head(head: &[u8]) -> Result<(Response, usize), &'static str> {
    let head = str::from_utf8(head).map_err(|_| "no text")?;
    if head.bytes().any(|byte| byte.is_ascii_control() && byte != b'\r' && byte != b'\n') {
        return Err("a control character");
    }
    let mut lines = head.strip_suffix("\r\n").ok_or("no end")?.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).ok_or("no status")?;
    let (status, reason) = status.split_once(' ').ok_or("no reason")?;
    if status.len() != 3 || reason.is_empty() || reason.contains(['\r', '\n']) {
        return Err("no good status line");
    }
    let status: u16 = status.parse().map_err(|_| "no status")?;
    let (mut length, mut closes, mut dates, mut content_type) = (None, false, 0, String::new());
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or("no field")?;
        if line.contains(['\r', '\n']) || name.contains(' ') || value.is_empty() {
            return Err("no good field");
        }
        match name {
            "Content-Length" if length.is_some() => return Err("two lengths"),
            "Content-Length" => length = Some(value.parse().map_err(|_| "no length")?),
            "Connection" => closes = value == "close",
            "Date" => dates += 1,
            "Content-Type" => content_type = value.to_owned(),
            "Transfer-Encoding" => return Err("an encoding that is not asked for"),
            _ => {}
        }
    }
    let is_bodiless = matches!(status, 100..200 | 204);
    if dates != u32::from(status != 100) {
        return Err("no date, or several");
    }
    if is_bodiless && length.is_some() {
        return Err("a length of what has no body");
    }
    let streams = !is_bodiless && length.is_none();
    if streams && !(closes && content_type == "text/event-stream") {
        return Err("no length");
    }
    let body = Vec::new();
    Ok((Response { status, content_type, closes, streams, body }, length.unwrap_or(0)))
}

#[test]
fn responses_are_cut_out_of_a_stream_in_pieces() {
    let date = "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n";
    let stream = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{date}Content-Length: 2\r\n\r\n[]\
         HTTP/1.1 204 No Content\r\n{date}\r\nHTTP/1.1 200 OK\r\n{date}Content-Type: \
         text/event-stream\r\nConnection: close\r\n\r\n:\n\n"
    );
    for step in [1, 7, 1_000] {
        let (mut responses, mut found) = (Responses::default(), Vec::new());
        for piece in stream.as_bytes().chunks(step) {
            responses.add(piece);
            while found.len() < 3
                && let Some(response) = responses.next(false).expect("they are good")
            {
                found.push((response.status, response.body, response.streams));
            }
        }
        let expected = [(200, b"[]".to_vec(), false), (204, vec![], false), (200, vec![], true)];
        assert_eq!(found, expected);
        assert_eq!(responses.take_rest(), b":\n\n");
    }
    for wrong in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{date}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\n\r\n{date}Content-Length: 0\r\n\r\n"),
        format!("HTTP/1.1 204 No\r\n{date}Content-Length: 0\r\n\r\n"),
        format!("[]HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\n\r\n"),
    ] {
        let mut responses = Responses::default();
        responses.add(wrong.as_bytes());
        assert!(responses.next(false).is_err(), "{wrong}");
    }
}
