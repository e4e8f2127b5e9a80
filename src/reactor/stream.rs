//! One socket, plain or under TLS, read and written alike.

use mio::net::TcpStream;
use rustls::Connection as Session;
use std::fmt;
use std::io::{self, Read, Write};
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

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Io(error) => error.fmt(f),
            Broken::Tls(error) => error.fmt(f),
        }
    }
}

/// What became of a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// So many bytes; whether the socket may hold more is told by the second.
    Bytes(usize, MayHoldMore),
    /// The peer will send no more.
    End,
    /// Nothing now: wait for the next edge.
    Nothing,
}

/// Whether a read that gave bytes may have left some in the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayHoldMore {
    Yes,
    No,
}

/// A TCP connection, plain or under TLS.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

/// A TCP connection with its TLS session.
#[derive(Debug)]
pub(super) struct TlsStream {
    socket: TcpStream,
    session: Session,
    /// Why the session broke, as long as what came before has not been read.
    broken: Option<rustls::Error>,
}

impl Stream {
    /// Puts TLS around a socket. Its handshake is written in several pieces before anything else
    /// is, so Nagle's algorithm is turned off at once.
    pub(super) fn tls(socket: TcpStream, session: Session) -> Self {
        if let Err(error) = socket.set_nodelay(true) {
            log::debug!("Nagle's algorithm stays on under TLS: {error}");
        }
        Stream::Tls(Box::new(TlsStream { socket, session, broken: None }))
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(tls) => &mut tls.socket,
        }
    }

    pub(super) fn set_nodelay(&mut self) -> io::Result<()> {
        self.socket().set_nodelay(true)
    }

    /// Has the system take no more than it can send soon; beyond it, it says `WouldBlock`. Systems
    /// that cannot do that go on as they are.
    pub(super) fn send_late(&mut self) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket2::SockRef::from(&*self.socket())
            .set_tcp_notsent_lowat(crate::limits::UNSENT_BYTES_MAX)?;
        Ok(())
    }

    /// Reads once into `buffer`.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Taken, Broken> {
        match self {
            Stream::Plain(socket) => match retry(|| socket.read(buffer))? {
                None => Ok(Taken::Nothing),
                Some(0) => Ok(Taken::End),
                // A stream socket that gave less than asked for is empty (epoll(7)): the next
                // bytes make a new edge.
                Some(read) if read < buffer.len() => Ok(Taken::Bytes(read, MayHoldMore::No)),
                Some(read) => Ok(Taken::Bytes(read, MayHoldMore::Yes)),
            },
            Stream::Tls(tls) => tls.read(buffer),
        }
    }

    /// Writes from `output` until it is all handed over or the socket takes no more; returns how
    /// much was handed over and whether the socket is full.
    pub(super) fn write(&mut self, output: &[u8]) -> Result<(usize, bool), Broken> {
        match self {
            Stream::Plain(socket) => {
                let mut written = 0;
                while written < output.len() {
                    match retry(|| socket.write(&output[written..]))? {
                        None => return Ok((written, true)),
                        Some(count) => written += count,
                    }
                }
                Ok((written, false))
            }
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

    /// Whether bytes wait inside that have nothing to do with the protocol's output (handshake,
    /// alerts, keys).
    pub(super) fn wants_flush(&self) -> bool {
        match self {
            Stream::Plain(_) => false,
            Stream::Tls(tls) => tls.session.wants_write(),
        }
    }

    /// Says that no more will be sent: close_notify under TLS, then FIN, unless the peer has `ended`
    /// and the socket can be closed altogether. True when it is out.
    pub(super) fn finish(&mut self, ended: bool) -> Result<bool, Broken> {
        if let Stream::Tls(tls) = self {
            tls.session.send_close_notify();
            if !tls.flush()? {
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

impl TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<Taken, Broken> {
        loop {
            match self.session.reader().read(buffer) {
                Ok(0) => return Ok(Taken::End),
                Ok(read) => return Ok(Taken::Bytes(read, MayHoldMore::Yes)),
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
                Ok(None) => return Ok(Taken::Nothing),
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
                log::debug!("a TLS alert could not be sent: {unsent}");
            }
            return Err(Broken::Tls(error));
        }
        Ok(received)
    }

    fn write(&mut self, output: &[u8]) -> Result<(usize, bool), Broken> {
        let mut written = 0;
        loop {
            if !self.flush()? {
                return Ok((written, true));
            }
            if written == output.len() {
                return Ok((written, false));
            }
            written += self.session.writer().write(&output[written..])?;
        }
    }

    /// Sends what the session has ready; true when all is out.
    fn flush(&mut self) -> Result<bool, Broken> {
        let (session, socket) = (&mut self.session, &mut self.socket);
        while session.wants_write() {
            if retry(|| session.write_tls(socket))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
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
