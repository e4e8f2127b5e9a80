//! The driver's world with real sockets.

use super::dial::Dialling;
use super::files::Files;
use super::listener::{Listener, bind};
use super::resolver::{LookUp, Resolver};
use super::stream::Stream;
use super::tls::ClientConfigSource;
use super::{FIRST_LISTENER_TOKEN, LISTENERS_MAX, token_of};
use crate::driver::{Accepted, Progress, Read, World, Written};
use crate::fault::fault;
use crate::limits;
use crate::transport::{
    ConnectionId, Endpoint, FileEvent, FileId, FileRequest, Lost, Monotonic, PeerInfo, TlsProfile,
};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use rustls::{Connection as Session, ServerConfig, ServerConnection};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// All that is shared by the sockets of a reactor.
pub struct Sockets {
    pub(super) registry: Registry,
    listeners: BTreeMap<usize, Listener>,
    pub(super) resolver: Resolver,
    /// What has been found for connections that have not been told.
    pub(super) resolved: HashMap<ConnectionId, Result<Vec<SocketAddr>, String>>,
    pub(super) client_tls: BTreeMap<TlsProfile, ClientConfigSource>,
    server_tls: BTreeMap<TlsProfile, Arc<ServerConfig>>,
    files: Files,
}

/// One end of a connection.
#[derive(Debug)]
pub enum Socket {
    /// On its way out.
    Dialling(Box<Dialling>),
    /// Accepted, and the TLS handshake is not done.
    Accepting(Box<Accepting>),
    /// Bytes can flow.
    Up(Stream),
}

/// An accepted connection in its TLS handshake.
#[derive(Debug)]
pub struct Accepting {
    /// Until it is up.
    stream: Option<Stream>,
    address: SocketAddr,
    deadline: Monotonic,
}

impl Sockets {
    pub(super) fn new(registry: Registry, waker: &Arc<Waker>, look_up: LookUp) -> Self {
        Sockets {
            registry,
            listeners: BTreeMap::new(),
            resolver: Resolver::new(Arc::clone(waker), look_up),
            resolved: HashMap::new(),
            client_tls: BTreeMap::new(),
            server_tls: BTreeMap::new(),
            files: Files::new(waker),
        }
    }

    pub(super) fn set_client_tls(&mut self, profile: TlsProfile, source: ClientConfigSource) {
        self.client_tls.insert(profile, source);
    }

    pub(super) fn set_server_tls(&mut self, profile: TlsProfile, config: Arc<ServerConfig>) {
        self.server_tls.insert(profile, config);
    }

    /// The connections whose look-up has ended.
    pub(super) fn take_resolved(&mut self, now: Monotonic) -> Vec<ConnectionId> {
        let mut told = Vec::new();
        while let Some(resolved) = self.resolver.take(now) {
            for id in resolved.ids {
                self.resolved.insert(id, resolved.result.clone());
                told.push(id);
            }
        }
        told
    }

    /// What the disk has done next.
    pub(super) fn take_file_event(&mut self) -> Option<(FileId, FileEvent)> {
        self.files.take_event()
    }

    /// Has the kernel tell of a new socket.
    pub(super) fn register(&self, id: ConnectionId, socket: &mut TcpStream) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(socket, token_of(id), interest)
    }
}

impl World for Sockets {
    type Socket = Socket;

    fn listen(
        &mut self,
        place: usize,
        address: SocketAddr,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        if place >= LISTENERS_MAX {
            return Err(io::Error::other("there are too many listeners"));
        }
        let unknown = || io::Error::other("there is no TLS configuration for it");
        let tls = tls.map(|profile| self.server_tls.get(&profile).cloned().ok_or_else(unknown));
        let tls = tls.transpose()?;
        let mut socket = bind(address)?;
        let token = Token(FIRST_LISTENER_TOKEN - place);
        self.registry.register(&mut socket, token, Interest::READABLE)?;
        let bound = socket.local_addr()?;
        self.listeners.insert(place, Listener { socket, tls });
        Ok(bound)
    }

    fn stop_listening(&mut self, place: usize) {
        // Closing the descriptor takes it out of the poll, too.
        if self.listeners.remove(&place).is_none() {
            fault!("listener {place} is stopped twice");
        }
    }

    fn accept(
        &mut self,
        place: usize,
        id: ConnectionId,
        now: Monotonic,
    ) -> io::Result<Option<Accepted<Socket>>> {
        let Some(listener) = self.listeners.get(&place) else {
            fault!("nothing listens at {place}");
            return Ok(None);
        };
        let Some((mut socket, address)) = listener.accept()? else {
            return Ok(None);
        };
        // Who cannot be served is turned away, and the rest wait until that may be otherwise.
        self.register(id, &mut socket)?;
        let Some(config) = &listener.tls else {
            let socket = Socket::Up(Stream::plain(socket));
            let progress = Progress::Up(PeerInfo::at(address));
            return Ok(Some(Accepted { socket, address, progress }));
        };
        let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let stream = Some(Stream::tls(socket, Session::Server(session)));
        let deadline = now + limits::HANDSHAKE_TIMEOUT;
        let socket = Socket::Accepting(Box::new(Accepting { stream, address, deadline }));
        Ok(Some(Accepted { socket, address, progress: Progress::Pending(deadline) }))
    }

    fn dial(
        &mut self,
        id: ConnectionId,
        endpoint: &Endpoint,
        timeout: Duration,
        now: Monotonic,
    ) -> Result<(Socket, Monotonic), Lost> {
        let dialling = self.begin_dial(id, endpoint, timeout, now)?;
        let until = dialling.until();
        Ok((Socket::Dialling(Box::new(dialling)), until))
    }

    fn advance(
        &mut self,
        id: ConnectionId,
        socket: &mut Socket,
        now: Monotonic,
    ) -> Result<Progress, Lost> {
        let (stream, address) = match socket {
            Socket::Dialling(dialling) => match self.advance_dial(id, dialling, now)? {
                Some(up) => up,
                None => return Ok(Progress::Pending(dialling.until())),
            },
            Socket::Accepting(accepting) => {
                let done = accepting.stream.as_mut().map(Stream::handshake).transpose()?;
                if done.unwrap_or(true) {
                    (accepting.stream.take(), accepting.address)
                } else if now < accepting.deadline {
                    return Ok(Progress::Pending(accepting.deadline));
                } else {
                    return Err(Lost::Tls("no handshake in time".to_owned()));
                }
            }
            Socket::Up(_) => {
                fault!("{id} is up already");
                return Err(Lost::Aborted);
            }
        };
        let Some(stream) = stream else {
            fault!("{id} has come up twice");
            return Err(Lost::Aborted);
        };
        let peer = PeerInfo { address, certificate: stream.peer_certificate() };
        *socket = Socket::Up(stream);
        Ok(Progress::Up(peer))
    }

    #[inline]
    fn read(&mut self, socket: &mut Socket, buffer: &mut [u8]) -> Result<Read, Lost> {
        match socket {
            Socket::Up(stream) => Ok(stream.read(buffer)?),
            _ => Ok(Read::Nothing),
        }
    }

    #[inline]
    fn write(&mut self, socket: &mut Socket, bytes: &[u8]) -> Result<Written, Lost> {
        match socket {
            Socket::Up(stream) => Ok(stream.write(bytes)?),
            _ => Ok(Written { count: 0, moved: false, full: true }),
        }
    }

    fn finish(&mut self, socket: &mut Socket, ended: bool) -> Result<bool, Lost> {
        match socket {
            Socket::Up(stream) => Ok(stream.finish(ended)?),
            _ => Ok(true),
        }
    }

    fn limit_unsent(&mut self, id: ConnectionId, socket: &mut Socket) {
        if let Socket::Up(stream) = socket
            && let Err(error) = stream.limit_unsent()
        {
            log::debug!("{id}: the system holds what it likes: {error}");
        }
    }

    fn error(&mut self, socket: &mut Socket) -> Option<Lost> {
        match socket {
            Socket::Up(stream) => stream.socket().take_error().ok().flatten().map(Lost::Io),
            _ => None,
        }
    }

    fn close(&mut self, id: ConnectionId, socket: Socket) {
        if let Socket::Dialling(dialling) = socket {
            self.leave_dial(id, &dialling);
        }
    }

    fn file(&mut self, file: FileId, request: FileRequest) -> Option<FileEvent> {
        self.files.request(file, request)
    }
}
