//! One socket, plain or under TLS, read and written alike.

use super::session::{Broken, TlsSession, retry};
use super::tls::PeerNames;
use crate::driver::{Read, Written};
use crate::limits;
use crate::transport::Lost;
use mio::net::TcpStream;
use std::io::{self, Read as _, Write};
use std::net::Shutdown;

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
    session: TlsSession,
}

impl Stream {
    pub(super) fn plain(socket: TcpStream) -> Self {
        Stream::Plain(PlainStream { socket, writes: 0 })
    }

    /// Puts TLS around a socket. Its handshake is written in several pieces before anything else
    /// is, so Nagle's algorithm is turned off at once.
    pub(super) fn tls(socket: TcpStream, session: TlsSession) -> Self {
        if let Err(error) = socket.set_nodelay(true) {
            log::debug!("Nagle's algorithm stays on under TLS: {error}");
        }
        Stream::Tls(Box::new(TlsStream { socket, session }))
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
            Stream::Tls(tls) => tls.session.name(peers),
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
            Stream::Tls(tls) => tls.session.read(&mut tls.socket, buffer),
        }
    }

    /// Writes from `output` until it is all handed over or the socket takes no more.
    #[inline]
    pub(super) fn write(&mut self, output: &[u8]) -> Result<Written, Broken> {
        match self {
            Stream::Plain(plain) => plain.write(output),
            Stream::Tls(tls) => tls.session.write(&mut tls.socket, output),
        }
    }

    /// Goes on with a TLS handshake; true once it is done (at once for plain connections).
    pub(super) fn handshake(&mut self) -> Result<bool, Broken> {
        match self {
            Stream::Plain(_) => Ok(true),
            Stream::Tls(tls) => tls.session.handshake(&mut tls.socket),
        }
    }

    /// Why that did not come through with whom we have dialled.
    pub(super) fn dialled_in_vain(&self, broken: Broken) -> Lost {
        match self {
            Stream::Plain(_) => broken.into(),
            Stream::Tls(tls) => tls.session.dialled_in_vain(broken),
        }
    }

    /// Says that no more will be sent: close_notify under TLS, then FIN, unless the peer has `ended`
    /// and the socket can be closed altogether. True when it is out.
    pub(super) fn finish(&mut self, ended: bool) -> Result<bool, Broken> {
        if let Stream::Tls(tls) = self
            && !tls.session.finish(&mut tls.socket)?
        {
            return Ok(false);
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
