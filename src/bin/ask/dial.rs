//! Connecting to a server: TCP, then TLS where it is spoken, then the token where there is one, all of it
//! within one timeout. `load` does it, too.

use crate::trust::{Token, Trust, is_taken};
use herd::limits::CLIENT_LINE_BYTES_MAX;
use herd::reactor::in_words;
use herd::transport::Endpoint;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection on which commands may be sent.
pub struct Dialled {
    /// The socket.
    pub stream: TcpStream,
    /// What stands between it and the commands, if they are not sent as they are.
    pub session: Option<ClientConnection>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Failure {
    /// Nobody listens, or the way there is barred.
    NotConnected(io::Error),
    /// Somebody is there, but not who should be, or does not speak as expected.
    Wrong(String),
    /// The server does not take the token.
    Refused,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotConnected(error) => write!(f, "cannot connect: {error}"),
            Failure::Wrong(why) => f.write_str(why),
            Failure::Refused => f.write_str(
                "the server does not take the token: it is not, or no longer, good there, or the \
                 server asks for none",
            ),
        }
    }
}

/// Connects to an endpoint at that address, whose certificate must be for the endpoint's host.
///
/// # Errors
/// The first step that fails; all of them together may take as long as `timeout`.
pub fn dial(
    address: SocketAddr,
    endpoint: &Endpoint,
    trust: &Trust,
    timeout: Duration,
) -> Result<Dialled, Failure> {
    let is_here = address.ip().to_canonical().is_loopback();
    if trust.token().is_some() && trust.tls().is_none() && !is_here {
        let why = "a token is shown to other machines by TLS only: give --ca";
        return Err(Failure::Wrong(why.to_owned()));
    }
    let deadline = Instant::now() + timeout;
    let stream = TcpStream::connect_timeout(&address, timeout).map_err(Failure::NotConnected)?;
    let wrong = |error: io::Error| Failure::Wrong(error.to_string());
    stream.set_write_timeout(Some(timeout)).map_err(wrong)?;
    let mut session = trust.tls().map(|tls| session(tls, &endpoint.host)).transpose()?;
    if let Some(session) = &mut session {
        shake_hands(&stream, session, deadline)
            .map_err(|error| Failure::Wrong(format!("no TLS with it: {error}")))?;
    }
    let mut dialled = Dialled { stream, session };
    if let Some(token) = trust.token() {
        let answer = dialled.show(token, deadline).map_err(wrong)?;
        if !is_taken(&answer) {
            return Err(Failure::Refused);
        }
    }
    dialled.stream.set_read_timeout(None).map_err(wrong)?;
    dialled.stream.set_write_timeout(None).map_err(wrong)?;
    Ok(dialled)
}

/// A session with who has a certificate for that host.
///
/// # Errors
/// If no certificate can be.
pub fn session(tls: &Arc<ClientConfig>, host: &str) -> Result<ClientConnection, Failure> {
    let named = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::Wrong(format!("no certificate is for the name {host:?}")))?;
    let mut session = ClientConnection::new(Arc::clone(tls), named)
        .map_err(|error| Failure::Wrong(in_words(&error)))?;
    // How much is under way is for those to bound who write.
    session.set_buffer_limit(None);
    Ok(session)
}

/// What an end is that TLS has not announced, in words.
pub fn cut() -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        "it was cut off (it ended without TLS's close_notify), what came last may be missing",
    )
}

fn shake_hands(
    stream: &TcpStream,
    session: &mut ClientConnection,
    deadline: Instant,
) -> io::Result<()> {
    loop {
        while session.wants_write() {
            session.write_tls(&mut &*stream)?;
        }
        if !session.is_handshaking() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left_until(deadline)?))?;
        match session.read_tls(&mut &*stream) {
            Ok(0) => return Err(io::Error::other("it was closed within the handshake")),
            Ok(_) => {}
            Err(error) => pass_over(error)?,
        }
        if let Err(error) = session.process_new_packets() {
            // The other end is told, if it listens.
            let _ = session.write_tls(&mut &*stream);
            return Err(io::Error::other(in_words(&error)));
        }
    }
}

impl Dialled {
    /// Shows the token; the line that answers it.
    fn show(&mut self, token: &Token, deadline: Instant) -> io::Result<Vec<u8>> {
        self.write_all(&token.command())?;
        self.flush()?;
        let mut line = Vec::new();
        let mut buffer = [0; 1_024];
        while !line.contains(&b'\n') {
            self.stream.set_read_timeout(Some(left_until(deadline)?))?;
            match self.read(&mut buffer) {
                Ok(0) => return Err(io::Error::other("it was closed when it was shown the token")),
                Ok(count) => line.extend_from_slice(&buffer[..count]),
                Err(error) => pass_over(error)?,
            }
            if line.len() > 2 * CLIENT_LINE_BYTES_MAX {
                return Err(io::Error::other("the token has no answer: no line ends"));
            }
        }
        Ok(line)
    }
}

impl Read for Dialled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Dialled { stream, session: Some(session) } = self else {
            return self.stream.read(buffer);
        };
        rustls::Stream::new(session, stream).read(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut(),
            _ => error,
        })
    }
}

impl Write for Dialled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.session {
            Some(session) => rustls::Stream::new(session, &mut self.stream).write(bytes),
            None => self.stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.session {
            Some(session) => rustls::Stream::new(session, &mut self.stream).flush(),
            None => self.stream.flush(),
        }
    }
}

fn left_until(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::Error::new(ErrorKind::TimedOut, "it takes too long"))
    } else {
        Ok(left)
    }
}

/// Whether to try again is for [`left_until`] to say.
fn pass_over(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(()),
        _ => Err(error),
    }
}
