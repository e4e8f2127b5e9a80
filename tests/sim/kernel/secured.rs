//! TLS on a simulated connection: the reactor's sessions, with the simulated network below.

use super::super::env::Env;
use super::super::links::Keys;
use super::super::net::{End, Read as NetRead};
use herd::driver::{Read, Written};
use herd::reactor::{Broken, ServerTls, TlsSession};
use herd::transport::Lost;
use std::io::{self, ErrorKind};

/// What a record of a handshake begins with.
const HANDSHAKE_RECORD: u8 = 22;

/// The bytes of a connection, as a session has them.
pub struct Wire<'a> {
    pub env: &'a mut Env,
    pub end: End,
}

impl io::Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.env.draw_read(buffer.len());
        let Env { net, agenda, random, .. } = &mut *self.env;
        match net.read(self.end, &mut buffer[..most], agenda, random) {
            NetRead::Bytes(count) => Ok(count),
            NetRead::End => Ok(0),
            NetRead::Nothing => Err(ErrorKind::WouldBlock.into()),
            NetRead::Reset => Err(ErrorKind::ConnectionReset.into()),
        }
    }
}

impl io::Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Env { net, agenda, random, .. } = &mut *self.env;
        match net.write(self.end, bytes, agenda, random) {
            Ok(0) if !bytes.is_empty() => Err(ErrorKind::WouldBlock.into()),
            Ok(count) => Ok(count),
            Err(_) => Err(ErrorKind::ConnectionReset.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection on which TLS is spoken, or may be.
#[derive(Debug)]
pub struct Secured {
    with: With,
    /// Once bytes flow.
    session: Option<TlsSession>,
}

/// Who must be at the other end.
#[derive(Debug)]
enum With {
    /// The one who was dialled, by the name of its certificate.
    Dialled(String),
    /// One of those who are accepted.
    Accepted(ServerTls),
}

/// How far a handshake has come.
#[derive(Debug)]
pub enum Handshake {
    Pending,
    /// With whom, as its certificate says.
    Done(Option<String>),
    /// The peer does not want one, and need not.
    NotWanted,
}

impl Secured {
    pub fn dialled(name: &str) -> Self {
        Secured { with: With::Dialled(name.to_owned()), session: None }
    }

    pub fn accepted(tls: &ServerTls) -> Self {
        Secured { with: With::Accepted(tls.clone()), session: None }
    }

    /// Goes on with the handshake on a connection that is up.
    pub fn advance(&mut self, wire: &mut Wire<'_>, keys: Option<&Keys>) -> Result<Handshake, Lost> {
        if self.session.is_none() {
            if let With::Accepted(tls) = &self.with
                && tls.is_optional
            {
                match wire.env.net.peek(wire.end).map_err(|_| super::broken())? {
                    None => return Ok(Handshake::Pending),
                    Some(HANDSHAKE_RECORD) => {}
                    Some(_) => return Ok(Handshake::NotWanted),
                }
            }
            self.session = Some(self.begin(keys)?);
        }
        let Some(session) = &mut self.session else { return Ok(Handshake::Pending) };
        let is_done = match (session.handshake(wire), &self.with) {
            (Ok(is_done), _) => is_done,
            (Err(broken), With::Dialled(_)) => return Err(session.dialled_in_vain(broken)),
            (Err(broken), With::Accepted(_)) => return Err(broken.into()),
        };
        Ok(match &self.with {
            _ if !is_done => Handshake::Pending,
            With::Dialled(name) => Handshake::Done(Some(name.clone())),
            With::Accepted(tls) => Handshake::Done(session.name(&tls.peers)),
        })
    }

    fn begin(&self, keys: Option<&Keys>) -> Result<TlsSession, Lost> {
        match (&self.with, keys) {
            (With::Accepted(tls), _) => Ok(TlsSession::accept(tls.config.clone())?),
            (With::Dialled(name), Some(keys)) => {
                TlsSession::dial(keys.dialled.clone(), name).map_err(Lost::Tls)
            }
            (With::Dialled(_), None) => Err(Lost::Tls("there are no keys".to_owned())),
        }
    }

    pub fn read(&mut self, wire: &mut Wire<'_>, buffer: &mut [u8]) -> Result<Read, Lost> {
        Ok(self.up()?.read(wire, buffer)?)
    }

    pub fn write(&mut self, wire: &mut Wire<'_>, bytes: &[u8]) -> Result<Written, Lost> {
        Ok(self.up()?.write(wire, bytes)?)
    }

    /// Says that no more comes; true when that is out.
    pub fn finish(&mut self, wire: &mut Wire<'_>) -> Result<bool, Lost> {
        Ok(self.up()?.finish(wire)?)
    }

    /// The driver neither reads nor writes before there is one.
    fn up(&mut self) -> Result<&mut TlsSession, Broken> {
        self.session.as_mut().ok_or_else(|| io::Error::from(ErrorKind::NotConnected).into())
    }
}
