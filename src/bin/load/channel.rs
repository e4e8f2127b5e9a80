//! What a connection of the generator is written to and read from: a socket that does not block, or a TLS
//! session over one. Which of them costs a branch at each call of the system, and nothing a byte.

use crate::dial::cut;
use herd::reactor::in_words;
use mio::net::TcpStream;
use rustls::ClientConnection;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

/// One of both.
#[derive(Debug)]
pub enum Channel {
    Plain(TcpStream),
    Tls(Box<Secured>),
}

/// A session that takes all that it is given and writes it as the socket has room.
#[derive(Debug)]
pub struct Secured {
    socket: Drained,
    session: ClientConnection,
}

/// A socket that, once a read has come back short, is not read in vain: there will be an event.
#[derive(Debug)]
struct Drained {
    socket: TcpStream,
    is_empty: bool,
}

impl Read for Drained {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_empty {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.socket.read(buffer)?;
        self.is_empty = count < buffer.len();
        Ok(count)
    }
}

impl Channel {
    /// Over that socket, which may still be connecting, within a session if there is one.
    pub fn new(socket: TcpStream, session: Option<ClientConnection>) -> Self {
        match session {
            Some(session) => {
                let socket = Drained { socket, is_empty: false };
                Channel::Tls(Box::new(Secured { socket, session }))
            }
            None => Channel::Plain(socket),
        }
    }

    /// Tells the target that nothing more comes, once it can be told; whether that was so.
    pub fn finish(&mut self) -> io::Result<bool> {
        match self {
            Channel::Plain(socket) => socket.shutdown(Shutdown::Write).map(|()| true),
            Channel::Tls(secured) if secured.session.is_handshaking() => Ok(false),
            Channel::Tls(secured) => {
                secured.session.send_close_notify();
                match secured.flush() {
                    // The rest goes out when there is room.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
                    flushed => flushed.map(|()| true),
                }
            }
        }
    }
}

impl Read for Channel {
    /// As a socket's: a read that does not fill the buffer has taken all that is there.
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(socket) => socket.read(buffer),
            Channel::Tls(secured) => secured.read(buffer),
        }
    }
}

impl Write for Channel {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(socket) => socket.write(bytes),
            Channel::Tls(secured) => secured.session.writer().write(bytes),
        }
    }

    /// Writes what the session holds, as far as the socket has room.
    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Channel::Plain(_) => Ok(()),
            Channel::Tls(secured) => secured.flush(),
        }
    }
}

impl Secured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        self.socket.is_empty = false;
        while filled < buffer.len() {
            match self.session.reader().read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => match self.receive() {
                    Ok(()) => {}
                    // The socket will say so again.
                    Err(error) if filled > 0 && error.kind() != ErrorKind::Other => break,
                    Err(error) => return Err(error),
                },
                Err(_) if filled > 0 => break,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(cut()),
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Takes records from the socket.
    fn receive(&mut self) -> io::Result<()> {
        self.session.read_tls(&mut self.socket)?;
        let processed = self.session.process_new_packets();
        // The handshake goes on, or the target is told what is wrong.
        let flushed = self.flush();
        processed.map_err(|error| io::Error::other(in_words(&error)))?;
        match flushed {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket.socket)?;
        }
        Ok(())
    }
}
