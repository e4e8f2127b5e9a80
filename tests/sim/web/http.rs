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
            if response.status != 100 {
                let body = match length {
                    _ if is_head => Some((Vec::new(), 0)),
                    Length::Known(length) => {
                        let body = self.bytes.get(behind..behind + length);
                        body.map(|body| (body.to_vec(), length))
                    }
                    Length::InChunks => read_chunks(&self.bytes[behind..])?,
                };
                let Some((body, length)) = body else { return Ok(None) };
                response.body = body;
                self.bytes.drain(..behind + length);
                return Ok(Some(response));
            }
            self.bytes.drain(..behind);
        }
    }
}

/// How long a body is.
enum Length {
    Known(usize),
    InChunks,
}

/// The body in these chunks and how long they are, if they are whole.
fn read_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = &bytes[at..];
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else { return Ok(None) };
        let size = str::from_utf8(&rest[..end]).ok();
        let size = size.and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.ok_or_else(|| format!("no size: {}", rest[..end].escape_ascii()))?;
        let Some(chunk) = rest.get(end + 2..end + 4 + size) else { return Ok(None) };
        let chunk = chunk.strip_suffix(b"\r\n").ok_or("a chunk without an end")?;
        body.extend_from_slice(chunk);
        at += end + 4 + size;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

/// The head's lines, each with CRLF; and how long the body is.
fn read_head(head: &[u8]) -> Result<(Response, Length), &'static str> {
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
    let mut in_chunks = false;
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
            "Transfer-Encoding" if value != "chunked" || in_chunks => return Err("no encoding"),
            "Transfer-Encoding" => in_chunks = true,
            _ => {}
        }
    }
    let is_bodiless = matches!(status, 100..200 | 204);
    if dates != u32::from(status != 100) {
        return Err("no date, or several");
    }
    if u32::from(is_bodiless) + u32::from(in_chunks) + u32::from(length.is_some()) > 1 {
        return Err("two lengths, or one of what has no body");
    }
    let streams = !is_bodiless && !in_chunks && length.is_none();
    if streams && !closes {
        return Err("no length");
    }
    let body = Vec::new();
    let length = if in_chunks { Length::InChunks } else { Length::Known(length.unwrap_or(0)) };
    Ok((Response { status, content_type, closes, streams, body }, length))
}

#[test]
fn responses_are_cut_out_of_a_stream_in_pieces() {
    let date = "Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n";
    let stream = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{date}Transfer-Encoding: chunked\r\n\r\n\
         1\r\n[\r\n1\r\n]\r\n0\r\n\r\n\
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
        format!("HTTP/1.1 200 OK\r\n{date}Transfer-Encoding: chunked\r\n\r\n1\r\n[]\r\n"),
        format!("HTTP/1.1 204 No\r\n{date}Content-Length: 0\r\n\r\n"),
        format!("[]HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\n\r\n"),
    ] {
        let mut responses = Responses::default();
        responses.add(wrong.as_bytes());
        assert!(responses.next(false).is_err(), "{wrong}");
    }
}
