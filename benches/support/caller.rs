//! A client that asks one thing after the other and waits for each answer.

use super::Outcome;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection with one command at a time on it.
pub struct Caller {
    stream: BufReader<TcpStream>,
    answer: Vec<u8>,
}

impl Caller {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Outcome<Self> {
        Caller::over(TcpStream::connect_timeout(&address, TIMEOUT)?)
    }

    /// Talks over a connection that is there.
    pub fn over(stream: TcpStream) -> Outcome<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Caller { stream: BufReader::new(stream), answer: Vec::new() })
    }

    /// Sends lines.
    pub fn send(&mut self, lines: &[u8]) -> Outcome<()> {
        Ok(self.stream.get_mut().write_all(lines)?)
    }

    /// The next line, with its end.
    pub fn line(&mut self) -> Outcome<&[u8]> {
        self.answer.clear();
        if self.stream.read_until(b'\n', &mut self.answer)? == 0 {
            return Err("the server has closed the connection".into());
        }
        Ok(&self.answer)
    }

    /// The line that was read last.
    pub fn last(&self) -> &[u8] {
        &self.answer
    }

    /// Whether more has been read than was asked for.
    pub fn has_more(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// Sends a line and waits for the one that answers it.
    pub fn ask(&mut self, line: &[u8]) -> Outcome<&[u8]> {
        self.send(line)?;
        self.line()
    }

    /// The body of the answer to a request, behind which the connection ends.
    pub fn get(mut self, path: &str) -> Outcome<Vec<u8>> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.send(request.as_bytes())?;
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or("no whole head")?;
        Ok(answer.split_off(end + 4))
    }

    /// Whether the server knows that client.
    pub fn knows(&mut self, client: &str) -> Outcome<bool> {
        let known = self.ask(format!("WHATSAT {client} 1 1\n").as_bytes())?.starts_with(b"AT ");
        while known && self.line()? != b"\n" {}
        Ok(known)
    }
}

/// A report of now.
pub fn report_of(client: &str) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, nanoseconds) = (now.as_secs(), now.subsec_nanos());
    format!("IAMAT {client} +34.068930-118.445127 {seconds}.{nanoseconds:09}\n").into_bytes()
}
