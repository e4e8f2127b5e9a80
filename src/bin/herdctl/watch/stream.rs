//! One server's stream of events, again and again.

use crate::asker::Asker;
use crate::dial::Dialled;
use std::io::{ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};

/// Silence after which a stream is taken for dead: a comment comes every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// How soon a server that is away is tried again: at first, and at most.
const AGAIN_MIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// Longest line of a stream: a client's longest id, escaped, and what else is said of it.
const LINE_BYTES_MAX: usize = 64 * 1_024;
/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1_024;

/// What a stream brings.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// It begins.
    There,
    /// It has ended, or there is none: why.
    Away(String),
    /// An event.
    Event { kind: String, data: String },
}

/// Tells what comes, until `tell` says that nobody wants to know.
pub fn follow(asker: &Asker, target: &str, timeout: Duration, mut tell: impl FnMut(Told) -> bool) {
    let mut last_id = None;
    let mut again = AGAIN_MIN;
    loop {
        let begun = Instant::now();
        let why = match Stream::open(asker, target, last_id.as_deref(), timeout) {
            Err(why) => why,
            Ok(mut stream) => {
                if !tell(Told::There) {
                    return;
                }
                let why = loop {
                    match stream.next() {
                        Ok(event) => {
                            last_id = event.id.or(last_id);
                            let Event { kind, data, .. } = event;
                            if !tell(Told::Event { kind, data }) {
                                return;
                            }
                        }
                        Err(why) => break why,
                    }
                };
                // One that was there for a while is tried again soon.
                if begun.elapsed() > AGAIN_MAX {
                    again = AGAIN_MIN;
                }
                why
            }
        };
        if !tell(Told::Away(why)) {
            return;
        }
        thread::sleep(again);
        again = AGAIN_MAX.min(again * 2);
    }
}

/// An open stream.
struct Stream {
    dialled: Dialled,
    lines: Lines,
}

/// What has come and is not read yet.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Up to where it has been read.
    read: usize,
    event: Event,
}

/// One event as it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Event {
    kind: String,
    data: String,
    id: Option<String>,
}

impl Stream {
    /// Asks for it. It goes on behind that event, if the server still knows it.
    fn open(
        asker: &Asker,
        target: &str,
        last_id: Option<&str>,
        timeout: Duration,
    ) -> Result<Self, String> {
        let deadline = Instant::now() + timeout;
        let mut dialled = asker.dial(deadline)?;
        let more = last_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let said = |error: std::io::Error| error.to_string();
        asker.request(&mut dialled, target, &more).map_err(said)?;
        dialled.stream.set_read_timeout(Some(timeout)).map_err(said)?;
        let mut stream = Stream { dialled, lines: Lines::default() };
        let status = stream.line()?;
        let code = status.split(' ').nth(1).unwrap_or("");
        match code {
            "200" => {}
            "401" => return Err("it asks for a token, and takes none that was shown".to_owned()),
            _ => return Err(format!("it answers {code}")),
        }
        while !stream.line()?.is_empty() {}
        stream.dialled.stream.set_read_timeout(Some(SILENCE_MAX)).map_err(said)?;
        Ok(stream)
    }

    fn next(&mut self) -> Result<Event, String> {
        loop {
            let line = self.line()?;
            if let Some(event) = self.lines.event.take(&line) {
                return Ok(event);
            }
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<String, String> {
        let mut buffer = [0; READ_BYTES];
        loop {
            if let Some(line) = self.lines.next()? {
                return Ok(line);
            }
            match self.dialled.read(&mut buffer) {
                Ok(0) => return Err("it has closed the connection".to_owned()),
                Ok(count) => self.lines.bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Err("it has fallen silent".to_owned());
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

impl Lines {
    fn next(&mut self) -> Result<Option<String>, String> {
        let rest = &self.bytes[self.read..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            if rest.len() > LINE_BYTES_MAX {
                return Err("what it sends is no stream of events: no line ends".to_owned());
            }
            self.bytes.drain(..self.read);
            self.read = 0;
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&rest[..end]).trim_end_matches('\r').to_owned();
        self.read += end + 1;
        Ok(Some(line))
    }
}

impl Event {
    /// Takes a line; the event, if it ends with that. The fields are those of the HTML standard that the web
    /// port writes.
    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(self);
            return (!event.kind.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.kind = value.to_owned(),
            "data" => self.data = value.to_owned(),
            "id" => self.id = Some(value.to_owned()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_in_whatever_pieces_they_come() {
        let text =
            b":\n\nevent: at\r\nid: 7-1\ndata: {\"id\":\"a: b\"}\n\nevent:now\ndata\n\nid: 8\n\n";
        for piece in 1..text.len() {
            let (mut lines, mut events) = (Lines::default(), Vec::new());
            for piece in text.chunks(piece) {
                lines.bytes.extend_from_slice(piece);
                while let Some(line) = lines.next().unwrap() {
                    events.extend(lines.event.take(&line));
                }
            }
            let at = Event {
                kind: "at".to_owned(),
                data: "{\"id\":\"a: b\"}".to_owned(),
                id: Some("7-1".to_owned()),
            };
            let now = Event { kind: "now".to_owned(), ..Event::default() };
            assert_eq!(events, [at, now]);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines { bytes: vec![b'x'; LINE_BYTES_MAX + 1], ..Lines::default() };
        assert!(lines.next().is_err());
    }
}
