//! The driver's world with real sockets.

use super::dial::Dialling;
use super::files::Files;
use super::listener::{Listener, adopt, bind};
use super::resolver::{LookUp, Resolver};
use super::session::TlsSession;
use super::stream::Stream;
use super::tls::{ClientConfigSource, PeerNames, ServerTls, ServerTlsSource};
use super::{FIRST_LISTENER_TOKEN, LISTENERS_MAX, token_of};
use crate::driver::{Accepted, Progress, Read, World, Written};
use crate::fault::fault;
use crate::transport::{
    ConnectionId, Endpoint, FileEvent, FileId, FileRequest, Lost, Monotonic, PeerInfo, TlsProfile,
};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{SocketAddr, TcpListener};
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
    server_tls: BTreeMap<TlsProfile, ServerTlsSource>,
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
    /// What to speak, as long as it is open whether TLS is spoken.
    undecided: Option<ServerTls>,
    peers: PeerNames,
    address: SocketAddr,
    deadline: Monotonic,
}

/// What the first byte of a TLS handshake is (RFC 8446, section 5.1: a record of type `handshake`). No
/// line of text begins with it.
const HANDSHAKE_RECORD: u8 = 22;

impl Accepting {
    fn new(socket: TcpStream, tls: ServerTls, address: SocketAddr, now: Monotonic) -> Self {
        let deadline = now + tls.handshake_timeout;
        let (stream, peers) = (Some(Stream::plain(socket)), tls.peers.clone());
        Accepting { stream, undecided: Some(tls), peers, address, deadline }
    }

    /// Goes on with the handshake; whether it is done, or none is needed.
    fn advance(&mut self) -> Result<bool, Lost> {
        if let Some(tls) = self.undecided.take() {
            let first = match &self.stream {
                Some(stream) if tls.is_optional => stream.peek()?,
                _ => Some(HANDSHAKE_RECORD),
            };
            match first {
                None => {
                    self.undecided = Some(tls);
                    return Ok(false);
                }
                Some(HANDSHAKE_RECORD) => {
                    let session = TlsSession::accept(tls.config)?;
                    let socket = self.stream.take().map(Stream::into_socket);
                    self.stream = socket.map(|socket| Stream::tls(socket, session));
                }
                Some(_) => return Ok(true),
            }
        }
        Ok(self.stream.as_mut().map(Stream::handshake).transpose()?.unwrap_or(true))
    }
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

    pub(super) fn set_server_tls(&mut self, profile: TlsProfile, source: ServerTlsSource) {
        self.server_tls.insert(profile, source);
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

    /// Listens on a socket that was handed over, speaking TLS if a profile is given.
    pub(super) fn adopt(
        &mut self,
        place: usize,
        socket: TcpListener,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        self.add_listener(place, Listener { socket: adopt(socket)?, tls, is_shared: true })
    }

    fn add_listener(&mut self, place: usize, mut listener: Listener) -> io::Result<SocketAddr> {
        if place >= LISTENERS_MAX {
            return Err(io::Error::other("there are too many listeners"));
        }
        if listener.tls.is_some_and(|profile| !self.server_tls.contains_key(&profile)) {
            return Err(io::Error::other("there is no TLS configuration for it"));
        }
        let token = Token(FIRST_LISTENER_TOKEN - place);
        self.registry.register(&mut listener.socket, token, Interest::READABLE)?;
        let bound = listener.socket.local_addr()?;
        self.listeners.insert(place, listener);
        Ok(bound)
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
        let socket = bind(address)?;
        self.add_listener(place, Listener { socket, tls, is_shared: false })
    }

    fn hold_off(&mut self, place: usize) -> bool {
        let Some(listener) = self.listeners.get(&place).filter(|listener| !listener.is_shared)
        else {
            return false;
        };
        listener.hold_off();
        true
    }

    fn stop_listening(&mut self, place: usize) {
        let Some(mut listener) = self.listeners.remove(&place) else {
            fault!("listener {place} is stopped twice");
            return;
        };
        // Closing the descriptor takes it out of the poll only where nobody else has the socket.
        if let Err(error) = self.registry.deregister(&mut listener.socket) {
            log::debug!("listener {place} stays in the poll: {error}");
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
        let Some(profile) = listener.tls else {
            let socket = Socket::Up(Stream::plain(socket));
            let progress = Progress::Up(PeerInfo::at(address));
            return Ok(Some(Accepted { socket, address, progress }));
        };
        let source = self.server_tls.get_mut(&profile);
        let tls = source
            .and_then(|source| source())
            .ok_or_else(|| io::Error::other("there is no TLS configuration"))?;
        let accepting = Accepting::new(socket, tls, address, now);
        let progress = Progress::Pending(accepting.deadline);
        let socket = Socket::Accepting(Box::new(accepting));
        Ok(Some(Accepted { socket, address, progress }))
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
        let (stream, address, name) = match socket {
            Socket::Dialling(dialling) => match self.advance_dial(id, dialling, now)? {
                Some((stream, address)) => (stream, address, dialling.verified_name()),
                None => return Ok(Progress::Pending(dialling.until())),
            },
            Socket::Accepting(accepting) => {
                if accepting.advance()? {
                    let stream = accepting.stream.take();
                    let name = stream.as_ref().and_then(|stream| stream.name(&accepting.peers));
                    (stream, accepting.address, name)
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
        *socket = Socket::Up(stream);
        Ok(Progress::Up(PeerInfo { address, name }))
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
