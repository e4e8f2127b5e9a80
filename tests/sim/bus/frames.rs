//! What the bus says, cut into messages and the rest; written without the program's own parser.

/// A stream of which not all has come.
#[derive(Debug, Default)]
pub struct Frames {
    partial: Vec<u8>,
}

/// One thing that is said.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// Its line up to the sizes, its headers, and the rest.
    Message { head: String, headers: Vec<u8>, payload: Vec<u8> },
    /// With its end.
    Line(Vec<u8>),
}

impl Frames {
    pub fn add(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
    }

    /// The next one, once it is there as a whole.
    pub fn next(&mut self) -> Option<Frame> {
        let length = self.partial.windows(2).position(|two| two == b"\r\n")? + 2;
        let line = String::from_utf8_lossy(&self.partial[..length]).into_owned();
        let is_message = line.starts_with("MSG ") || line.starts_with("HMSG ");
        let (headed, total) = line.trim_end().rsplit_once(' ').unwrap_or_default();
        let total = total.parse::<usize>().ok().filter(|_| is_message);
        let Some(total) = total else {
            return Some(Frame::Line(self.partial.drain(..length).collect()));
        };
        let (head, of_headers) = match line.starts_with('H') {
            true => headed.rsplit_once(' ').unwrap_or((headed, "0")),
            false => (headed, "0"),
        };
        let (head, of_headers) = (head.to_owned(), of_headers.parse().unwrap_or(0));
        if self.partial.len() < length + total + 2 {
            return None;
        }
        let frame: Vec<u8> = self.partial.drain(..length + total + 2).collect();
        let (headers, payload) = frame[length..length + total].split_at(of_headers);
        Some(Frame::Message { head, headers: headers.to_vec(), payload: payload.to_vec() })
    }
}

impl Frame {
    /// As it is said.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Frame::Line(line) => out.extend_from_slice(line),
            Frame::Message { head, headers, payload } => {
                let (of_headers, total) = (headers.len(), headers.len() + payload.len());
                let sizes = match head.starts_with('H') {
                    true => format!(" {of_headers} {total}\r\n"),
                    false => format!(" {total}\r\n"),
                };
                [head.as_bytes(), sizes.as_bytes(), headers, payload, b"\r\n"]
                    .iter()
                    .for_each(|part| out.extend_from_slice(part));
            }
        }
    }
}

/// The first line of a batch, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    pub herd: &'a str,
    pub server: &'a str,
    pub epoch: &'a str,
    pub from: u64,
    pub to: u64,
}

impl<'a> Batch<'a> {
    /// Of a message, and what stands behind it; none of one that is no batch.
    pub fn of(payload: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = payload.iter().position(|&byte| byte == b'\n')?;
        let (line, rest) = payload.split_at(length + 1);
        let mut fields = str::from_utf8(&line[..length]).ok()?.split(' ');
        let mut next = || fields.next();
        let ("FEED", herd, server, epoch) = (next()?, next()?, next()?, next()?) else {
            return None;
        };
        let (from, to) = (next()?.parse().ok()?, next()?.parse().ok()?);
        Some((Batch { herd, server, epoch, from, to }, rest))
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        let Batch { herd, server, epoch, from, to } = self;
        out.extend_from_slice(format!("FEED {herd} {server} {epoch} {from} {to}\n").as_bytes());
    }
}
