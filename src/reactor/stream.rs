//! One socket, plain or under TLS, read and written alike.

use super::tls::{self, PeerNames};
use crate::driver::{Read, Written};
use crate::limits;
use crate::transport::Lost;
use mio::net::TcpStream;
use rustls::Connection as Session;
use std::io::{self, Read as _, Write};
use std::net::Shutdown;

/// Why a stream broke.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    Tls(rustls::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Io(error)
    }
}

impl From<Broken> for Lost {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Io(error) => Lost::Io(error),
            Broken::Tls(error) => Lost::Tls(tls::in_words(&error)),
        }
    }
}

/// A TCP connection, plain or under TLS.
#[derive(Debug)]
pub enum Stream {
    /// Without TLS.
    Plain(PlainStream),
    /// Under TLS.
    Tls(Box<TlsStream>),
}

/// A TCP connection without TLS.
#[derive(Debug)]
pub struct PlainStream {
    socket: TcpStream,
    /// How often something was written, as far as `delay_no_more` wants to know.
    writes: u8,
}

/// A TCP connection with its TLS session.
#[derive(Debug)]
pub struct TlsStream {
    socket: TcpStream,
    session: Session,
    /// Why the session broke, as long as what came before has not been read.
    broken: Option<rustls::Error>,
}

impl Stream {
    pub(super) fn plain(socket: TcpStream) -> Self {
        Stream::Plain(PlainStream { socket, writes: 0 })
    }

    /// Puts TLS around a socket. Its handshake is written in several pieces before anything else
    /// is, so Nagle's algorithm is turned off at once.
    pub(super) fn tls(socket: TcpStream, session: Session) -> Self {
        if let Err(error) = socket.set_nodelay(true) {
            log::debug!("Nagle's algorithm stays on under TLS: {error}");
        }
        Stream::Tls(Box::new(TlsStream { socket, session, broken: None }))
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(plain) => &plain.socket,
            Stream::Tls(tls) => &tls.socket,
        }
    }

    /// The socket, with whatever was around it gone.
    pub(super) fn into_socket(self) -> TcpStream {
        match self {
            Stream::Plain(plain) => plain.socket,
            Stream::Tls(tls) => tls.socket,
        }
    }

    /// Who the certificate that the peer has shown says that it is, if it has shown one and it is one
    /// of those.
    pub(super) fn name(&self, peers: &PeerNames) -> Option<String> {
        match self {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => peers.find(tls.session.peer_certificates()?.first()?),
        }
    }

    /// The first byte that waits to be read, if any does; at the end of the stream 0.
    pub(super) fn peek(&self) -> Result<Option<u8>, Broken> {
        let mut first = [0];
        Ok(retry(|| self.socket().peek(&mut first))?.map(|_| first[0]))
    }

    /// Has the system take no more than it can send soon; beyond it, it says `WouldBlock`. Systems
    /// that cannot do that go on as they are.
    pub(super) fn limit_unsent(&self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket2::SockRef::from(self.socket()).set_tcp_notsent_lowat(limits::UNSENT_BYTES_MAX)?;
        Ok(())
    }

    /// Reads once into `buffer`.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Read, Broken> {
        match self {
            Stream::Plain(plain) => match retry(|| plain.socket.read(buffer))? {
                None => Ok(Read::Nothing),
                Some(0) => Ok(Read::End),
                // A stream socket that gave less than asked for is empty (epoll(7)): the next
                // bytes make a new edge.
                Some(count) => Ok(Read::Bytes { count, emptied: count < buffer.len() }),
            },
            Stream::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes from `output` until it is all handed over or the socket takes no more.
    #[inline]
    pub(super) fn write(&mut self, output: &[u8]) -> Result<Written, Broken> {
        match self {
            Stream::Plain(plain) => plain.write(output),
            Stream::Tls(tls) => tls.write(output),
        }
    }

    /// Goes on with a TLS handshake; true once it is done (at once for plain connections).
    pub(super) fn handshake(&mut self) -> Result<bool, Broken> {
        match self {
            Stream::Plain(_) => Ok(true),
            Stream::Tls(tls) => tls.handshake(),
        }
    }

    /// Says that no more will be sent: close_notify under TLS, then FIN, unless the peer has `ended`
    /// and the socket can be closed altogether. True when it is out.
    pub(super) fn finish(&mut self, ended: bool) -> Result<bool, Broken> {
        if let Stream::Tls(tls) = self {
            tls.session.send_close_notify();
            if !tls.flush()?.all {
                return Ok(false);
            }
        }
        if ended {
            return Ok(true);
        }
        match self.socket().shutdown(Shutdown::Write) {
            // The peer has reset the connection meanwhile: then there is nothing to finish.
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error.into()),
            _ => Ok(true),
        }
    }
}

/// What became of what a session had ready to be sent.
struct Flushed {
    /// Whether the system took some.
    moved: bool,
    /// Whether it took all.
    all: bool,
}

impl PlainStream {
    #[inline]
    fn write(&mut self, output: &[u8]) -> Result<Written, Broken> {
        if !output.is_empty() {
            self.delay_no_more();
        }
        let mut count = 0;
        while count < output.len() {
            match retry(|| self.socket.write(&output[count..]))? {
                None => return Ok(Written { count, moved: count > 0, full: true }),
                Some(taken) => count += taken,
            }
        }
        Ok(Written { count, moved: count > 0, full: false })
    }

    /// To be called before each write. Answers go out whole in one write; to wait for more (Nagle's
    /// algorithm) only delays them. It never delays the first write, and many connections have
    /// no second, so the system is told before that.
    fn delay_no_more(&mut self) {
        if self.writes < 2 {
            self.writes += 1;
            if self.writes == 2
                && let Err(error) = self.socket.set_nodelay(true)
            {
                log::debug!("Nagle's algorithm stays on: {error}");
            }
        }
    }
}

impl TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<Read, Broken> {
        loop {
            match self.session.reader().read(buffer) {
                Ok(0) => return Ok(Read::End),
                Ok(count) => return Ok(Read::Bytes { count, emptied: false }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(cut("cut off without close_notify"));
                }
                Err(error) => return Err(error.into()),
            }
            if let Some(error) = self.broken.take() {
                return Err(Broken::Tls(error));
            }
            match self.receive() {
                Ok(None) => return Ok(Read::Nothing),
                // At the end of the stream the session's reader tells what kind of end it is.
                Ok(Some(_)) => {}
                // The records before the broken one may have come with it: they are read first.
                Err(Broken::Tls(error)) => self.broken = Some(error),
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes what the socket has and lets the session work on it: how many bytes, 0 at the end of
    /// the stream, None if there was nothing.
    fn receive(&mut self) -> Result<Option<usize>, Broken> {
        let (session, socket) = (&mut self.session, &mut self.socket);
        let received = retry(|| session.read_tls(socket))?;
        if received.is_none() {
            return Ok(None);
        }
        if let Err(error) = self.session.process_new_packets() {
            // The session has queued an alert that tells the peer why; whether it can still be
            // sent changes nothing for us.
            if let Err(unsent) = self.flush() {
                log::debug!("a TLS alert could not be sent: {}", Lost::from(unsent));
            }
            return Err(Broken::Tls(error));
        }
        Ok(received)
    }

    fn write(&mut self, output: &[u8]) -> Result<Written, Broken> {
        let (mut count, mut moved) = (0, false);
        loop {
            // Also without output: handshake, alerts and keys may wait.
            let flushed = self.flush()?;
            moved |= flushed.moved;
            if !flushed.all {
                return Ok(Written { count, moved, full: true });
            }
            if count == output.len() {
                return Ok(Written { count, moved, full: false });
            }
            count += self.session.writer().write(&output[count..])?;
        }
    }

    /// Sends what the session has ready.
    fn flush(&mut self) -> Result<Flushed, Broken> {
        let (session, socket) = (&mut self.session, &mut self.socket);
        let mut moved = false;
        while session.wants_write() {
            if retry(|| session.write_tls(socket))?.is_none() {
                return Ok(Flushed { moved, all: false });
            }
            moved = true;
        }
        Ok(Flushed { moved, all: true })
    }

    fn handshake(&mut self) -> Result<bool, Broken> {
        loop {
            self.flush()?;
            if !self.session.is_handshaking() {
                return Ok(true);
            }
            match self.receive()? {
                None => return Ok(false),
                Some(0) => return Err(cut("closed in the middle of the TLS handshake")),
                Some(_) => {}
            }
        }
    }
}

/// The peer closed the socket where it may not.
fn cut(how: &str) -> Broken {
    io::Error::new(io::ErrorKind::UnexpectedEof, how).into()
}

/// Calls until it is not interrupted; None where it would block.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
