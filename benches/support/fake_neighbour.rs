//! A neighbour that only listens: the benchmark takes the place of a server and hears, in the
//! herd's own protocol, when a position arrives.

use super::Outcome;
use super::caller::Caller;
use super::process::wait_soon;
use herd::wire::NeighbourLine;
use herd::wire::neighbour::{Version, write_acknowledge, write_heard};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

/// The life of this neighbour.
const EPOCH: u64 = 1;

/// A server's feed, as its neighbour hears it.
pub struct FakeNeighbour {
    link: Caller,
    output: Vec<u8>,
}

/// Listens as the server `name` until its neighbour `other` has come, and gives its feed.
pub fn listen(address: SocketAddr, name: &str, other: &str) -> Outcome<FakeNeighbour> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let mut accepted = None;
    wait_soon("the neighbour's greeting", || match listener.accept() {
        Ok((stream, _)) => {
            accepted = Some(stream);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error.into()),
    })?;
    let stream = accepted.ok_or("nobody has come")?;
    stream.set_nonblocking(false)?;
    let mut link = Caller::over(stream)?;
    match NeighbourLine::parse(trimmed(link.line()?)) {
        Some(NeighbourLine::Greeting { from, .. }) if from == other.as_bytes() => {}
        _ => return Err(format!("a greeting of {other} was expected").into()),
    }
    let mut output = Vec::new();
    write_heard(&mut output, Version::HIGHEST, name.as_bytes(), EPOCH, 0);
    link.send(&output)?;
    Ok(FakeNeighbour { link, output })
}

impl FakeNeighbour {
    /// Waits for the next position; whether it is the report of those fields.
    pub fn hears(&mut self, fields: &[u8]) -> Outcome<bool> {
        loop {
            let line = self.link.line()?;
            if line.starts_with(b"AT ") {
                return Ok(line.ends_with(fields));
            }
            self.acknowledge()?;
        }
    }

    /// Answers the marks that have come already.
    pub fn catch_up(&mut self) -> Outcome<()> {
        while self.link.has_more() {
            self.link.line()?;
            self.acknowledge()?;
        }
        Ok(())
    }

    /// Answers the line that was read last, if it is a mark.
    fn acknowledge(&mut self) -> Outcome<()> {
        if let Some(NeighbourLine::Mark { sequence, digest }) =
            NeighbourLine::parse(trimmed(self.link.last()))
        {
            self.output.clear();
            write_acknowledge(&mut self.output, sequence, digest);
            self.link.send(&self.output)?;
        }
        Ok(())
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
