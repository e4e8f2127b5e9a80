//! A TLS session over a socket that does not block, whatever that is: the reactor's sockets, and those of
//! simulations.

use super::tls::{self, PeerNames};
use crate::driver::{Read, Written};
use crate::limits;
use crate::transport::Lost;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, Connection, Error, InvalidMessage, ServerConfig,
    ServerConnection,
};
use std::io::{self, Read as _, Write};
use std::mem;
use std::sync::Arc;

/// Why a stream broke.
#[derive(Debug)]
pub enum Broken {
    /// The socket did, or the peer closed it where it may not.
    Io(io::Error),
    /// What was said on it is not what TLS allows, or not whom it is allowed with.
    Tls(Error),
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

/// A TLS session. Its socket is handed to each call; it is always the same, says
/// [`WouldBlock`](io::ErrorKind::WouldBlock) when it has nothing or takes no more, and gives 0 bytes at the end of the
/// stream.
#[derive(Debug)]
pub struct TlsSession {
    session: Connection,
    /// Why the session broke, as long as what came before has not been read.
    broken: Option<Error>,
    greeting: Greeting,
}

/// What the other end says in the clear before TLS begins: one line.
#[derive(Debug)]
enum Greeting {
    /// It does not, or what it said has been read.
    None,
    /// So much of it has come.
    Awaited(Vec<u8>),
    /// All of it, of which so much has been read.
    Whole(Vec<u8>, usize),
}

/// What became of what a session had ready to be sent.
struct Flushed {
    /// Whether the socket took some.
    moved: bool,
    /// Whether it took all.
    all: bool,
}

impl TlsSession {
    /// With one whom we have dialled, whose certificate must be for that name.
    ///
    /// # Errors
    /// In one line: that is no name, or the configuration does not do.
    pub fn dial(config: Arc<ClientConfig>, name: &str) -> Result<Self, String> {
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        let session = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        Ok(TlsSession {
            session: Connection::Client(session),
            broken: None,
            greeting: Greeting::None,
        })
    }

    /// Has whom we have dialled say one line in the clear before the handshake begins; it is what is read first.
    pub fn await_greeting(&mut self) {
        self.greeting = Greeting::Awaited(Vec::new());
    }

    /// With one whom we have accepted.
    ///
    /// # Errors
    /// The configuration does not do.
    pub fn accept(config: Arc<ServerConfig>) -> Result<Self, Broken> {
        let session = ServerConnection::new(config).map_err(Broken::Tls)?;
        Ok(TlsSession {
            session: Connection::Server(session),
            broken: None,
            greeting: Greeting::None,
        })
    }

    /// Who the certificate that the peer has shown says that it is, if it has shown one and it is one
    /// of those.
    pub fn name(&self, peers: &PeerNames) -> Option<String> {
        peers.find(self.session.peer_certificates()?.first()?)
    }

    /// Why a handshake with whom we have dialled did not come through: whatever it is, it is for want of TLS;
    /// of whom we have heard no word of it, it is not known to speak it.
    pub fn dialled_in_vain(&self, broken: Broken) -> Lost {
        let is_spoken = self.session.protocol_version().is_some();
        match broken {
            Broken::Io(error) if is_spoken => Lost::Tls(broke_off(&error)),
            Broken::Io(error) => Lost::NotTls(broke_off(&error)),
            Broken::Tls(error @ Error::InvalidMessage(InvalidMessage::InvalidContentType))
                if !is_spoken =>
            {
                Lost::NotTls(tls::in_words(&error))
            }
            broken @ Broken::Tls(_) => broken.into(),
        }
    }

    /// Reads once into `buffer`, which is not empty.
    ///
    /// # Errors
    /// How the connection broke.
    pub fn read<S>(&mut self, socket: &mut S, buffer: &mut [u8]) -> Result<Read, Broken>
    where
        S: io::Read + Write,
    {
        if let Some(count) = self.read_greeting(buffer) {
            return Ok(Read::Bytes { count, emptied: false });
        }
        let mut left = limits::TLS_RECEIVES_PER_READ_MAX;
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
            if left == 0 {
                return Ok(Read::Later);
            }
            left -= 1;
            match self.receive(socket) {
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
    fn receive<S>(&mut self, socket: &mut S) -> Result<Option<usize>, Broken>
    where
        S: io::Read + Write,
    {
        let received = retry(|| self.session.read_tls(socket))?;
        if received.is_none() {
            return Ok(None);
        }
        if let Err(error) = self.session.process_new_packets() {
            // The session has queued an alert that tells the peer why; whether it can still be
            // sent changes nothing for us.
            if let Err(unsent) = self.flush(socket) {
                log::debug!("a TLS alert could not be sent: {}", Lost::from(unsent));
            }
            return Err(Broken::Tls(error));
        }
        Ok(received)
    }

    /// Writes from `output` (maybe nothing) until it is all handed over or the socket takes no more.
    ///
    /// # Errors
    /// How the connection broke.
    pub fn write<S>(&mut self, socket: &mut S, output: &[u8]) -> Result<Written, Broken>
    where
        S: io::Read + Write,
    {
        let (mut count, mut moved) = (0, false);
        loop {
            // Also without output: handshake, alerts and keys may wait.
            let flushed = self.flush(socket)?;
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
    fn flush<S: Write>(&mut self, socket: &mut S) -> Result<Flushed, Broken> {
        let mut moved = false;
        while self.session.wants_write() {
            if retry(|| self.session.write_tls(socket))?.is_none() {
                return Ok(Flushed { moved, all: false });
            }
            moved = true;
        }
        Ok(Flushed { moved, all: true })
    }

    /// Goes on with the handshake; true once it is done.
    ///
    /// # Errors
    /// Why it never will be.
    pub fn handshake<S>(&mut self, socket: &mut S) -> Result<bool, Broken>
    where
        S: io::Read + Write,
    {
        if !self.greeted(socket)? {
            return Ok(false);
        }
        loop {
            self.flush(socket)?;
            if !self.session.is_handshaking() {
                return Ok(true);
            }
            match self.receive(socket)? {
                None => return Ok(false),
                Some(0) => return Err(cut("closed in the middle of the TLS handshake")),
                Some(_) => {}
            }
        }
    }

    /// Takes the greeting, if one is awaited, from the socket; true once it is whole. Byte by byte: what
    /// follows its LF is the session's.
    fn greeted<S: io::Read>(&mut self, socket: &mut S) -> Result<bool, Broken> {
        let Greeting::Awaited(line) = &mut self.greeting else { return Ok(true) };
        let mut byte = [0];
        while line.last() != Some(&b'\n') {
            if line.len() == limits::CLEAR_GREETING_BYTES_MAX {
                return Err(
                    io::Error::new(io::ErrorKind::InvalidData, "its greeting is too long").into()
                );
            }
            match retry(|| socket.read(&mut byte))? {
                None => return Ok(false),
                Some(0) => return Err(cut("closed before it has greeted")),
                Some(_) => line.push(byte[0]),
            }
        }
        self.greeting = Greeting::Whole(mem::take(line), 0);
        Ok(true)
    }

    /// Reads on in the greeting: how many bytes, None if there are none left.
    fn read_greeting(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let Greeting::Whole(line, read) = &mut self.greeting else { return None };
        let left = &line[*read..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        *read += count;
        if *read == line.len() {
            self.greeting = Greeting::None;
        }
        Some(count)
    }

    /// Says that no more will be sent (close_notify); true when it is out.
    ///
    /// # Errors
    /// How the connection broke.
    pub fn finish<S: Write>(&mut self, socket: &mut S) -> Result<bool, Broken> {
        self.session.send_close_notify();
        Ok(self.flush(socket)?.all)
    }
}

fn broke_off(error: &io::Error) -> String {
    format!("the handshake broke off: {error}")
}

/// The peer closed the socket where it may not.
fn cut(how: &str) -> Broken {
    io::Error::new(io::ErrorKind::UnexpectedEof, how).into()
}

/// Calls until it is not interrupted; None where it would block.
pub(super) fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
