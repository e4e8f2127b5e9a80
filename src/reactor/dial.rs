//! Connections on their way out: look-up, one address after the other, TLS handshake.

use super::session::TlsSession;
use super::sockets::Sockets;
use super::stream::Stream;
use crate::fault::fault;
use crate::limits;
use crate::transport::{ConnectionId, DialStage, Endpoint, Lost, Monotonic, Security};
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A connection on its way out.
#[derive(Debug)]
pub struct Dialling {
    endpoint: Endpoint,
    /// Addresses of the host that have not been tried.
    addresses: VecDeque<SocketAddr>,
    /// For all of it, the TLS handshake included.
    deadline: Monotonic,
    /// For the address that is being tried: half of the time that is left, the last all of it.
    address_deadline: Monotonic,
    stage: DialStage,
    /// To the address that is being tried.
    stream: Option<Stream>,
    /// Why an address did not do: of those that were tried the one that came furthest.
    failure: Option<Lost>,
}

impl Dialling {
    /// When it is to be looked at again without any event.
    pub(super) fn until(&self) -> Monotonic {
        self.address_deadline
    }

    /// The name that the other end's certificate is for, by which it was dialled.
    pub(super) fn verified_name(&self) -> Option<String> {
        match &self.endpoint.security {
            Security::Plain => None,
            Security::Tls { name, .. } => Some(name.clone()),
        }
    }
}

impl Sockets {
    /// Begins with the look-up or, where that is done, with the first address.
    pub(super) fn begin_dial(
        &mut self,
        id: ConnectionId,
        endpoint: &Endpoint,
        timeout: Duration,
        now: Monotonic,
    ) -> Result<Dialling, Lost> {
        let deadline = now + timeout;
        let mut dialling = Dialling {
            endpoint: endpoint.clone(),
            addresses: VecDeque::new(),
            deadline,
            address_deadline: deadline,
            stage: DialStage::LookUp,
            stream: None,
            failure: None,
        };
        let (host, port) = (&endpoint.host, endpoint.port);
        if let Ok(address) = host.parse::<IpAddr>() {
            self.try_addresses(id, &mut dialling, [SocketAddr::new(address, port)], now)?;
        } else if let Some(known) = self.resolver.ask(id, host, port, now).map_err(Lost::Resolve)? {
            self.try_addresses(id, &mut dialling, known, now)?;
        }
        Ok(dialling)
    }

    /// There was an event, or the time is over: how far has it come? The stream and the address when
    /// it is up.
    pub(super) fn advance_dial(
        &mut self,
        id: ConnectionId,
        dialling: &mut Dialling,
        now: Monotonic,
    ) -> Result<Option<(Option<Stream>, SocketAddr)>, Lost> {
        let progress = match dialling.stage {
            DialStage::LookUp => match self.resolved.remove(&id) {
                Some(Ok(addresses)) => {
                    self.try_addresses(id, dialling, addresses, now)?;
                    return Ok(None);
                }
                Some(Err(why)) => return Err(Lost::Resolve(why)),
                None => Ok(None),
            },
            DialStage::Connect(address) => self.advance_connect(dialling, address),
            DialStage::Handshake(address) => advance_handshake(dialling, address),
        };
        match progress {
            Ok(None) if now < dialling.until() => Ok(None),
            Ok(None) if dialling.stage == DialStage::LookUp => {
                Err(Lost::ConnectTimeout(dialling.stage))
            }
            Ok(None) => {
                let cause = Lost::ConnectTimeout(dialling.stage);
                self.address_failed(id, dialling, cause, now).map(|()| None)
            }
            Ok(Some(address)) => Ok(Some((dialling.stream.take(), address))),
            Err(cause) => self.address_failed(id, dialling, cause, now).map(|()| None),
        }
    }

    /// Nobody waits for that connection any more.
    pub(super) fn leave_dial(&mut self, id: ConnectionId, dialling: &Dialling) {
        if dialling.stage == DialStage::LookUp {
            self.resolver.leave(id, &dialling.endpoint.host, dialling.endpoint.port);
            self.resolved.remove(&id);
        }
    }

    /// The addresses of the host are known: the first is tried.
    fn try_addresses(
        &mut self,
        id: ConnectionId,
        dialling: &mut Dialling,
        addresses: impl IntoIterator<Item = SocketAddr>,
        now: Monotonic,
    ) -> Result<(), Lost> {
        dialling.addresses = addresses.into_iter().take(limits::ADDRESSES_MAX).collect();
        self.try_next_address(id, dialling, now)
    }

    /// The address that is tried does not do, for that reason: on to the next.
    fn address_failed(
        &mut self,
        id: ConnectionId,
        dialling: &mut Dialling,
        why: Lost,
        now: Monotonic,
    ) -> Result<(), Lost> {
        note_failure(dialling, why);
        self.try_next_address(id, dialling, now)
    }

    /// Connects to the next address, or gives up when there is none.
    fn try_next_address(
        &mut self,
        id: ConnectionId,
        dialling: &mut Dialling,
        now: Monotonic,
    ) -> Result<(), Lost> {
        while let Some(address) = dialling.addresses.pop_front() {
            let left = dialling.deadline.since(now);
            let share = if dialling.addresses.is_empty() { left } else { left / 2 };
            dialling.address_deadline = now + share;
            dialling.stage = DialStage::Connect(address);
            match self.connect(id, address) {
                Ok(socket) => {
                    dialling.stream = Some(Stream::plain(socket));
                    return Ok(());
                }
                Err(error) => note_failure(dialling, Lost::Connect(error)),
            }
        }
        dialling.stream = None;
        let (host, port) = (&dialling.endpoint.host, dialling.endpoint.port);
        self.resolver.forget(host, port);
        let nowhere = || Lost::Resolve(format!("{host} has no address"));
        Err(dialling.failure.take().unwrap_or_else(nowhere))
    }

    fn connect(&self, id: ConnectionId, address: SocketAddr) -> io::Result<TcpStream> {
        let mut socket = TcpStream::connect(address)?;
        self.register(id, &mut socket)?;
        Ok(socket)
    }

    /// TCP may have come up: then that is all, or the TLS handshake begins.
    fn advance_connect(
        &mut self,
        dialling: &mut Dialling,
        address: SocketAddr,
    ) -> Result<Option<SocketAddr>, Lost> {
        let Some(stream) = &mut dialling.stream else {
            fault!("{address} is connected to without a socket");
            return Err(Lost::Aborted);
        };
        if !connected(stream.socket()).map_err(Lost::Connect)? {
            return Ok(None);
        }
        let Security::Tls { profile, name, behind_greeting } = &dialling.endpoint.security else {
            return Ok(Some(address));
        };
        let source = self.client_tls.get_mut(profile);
        let config = source.map_or(Err("there is no configuration for it".to_owned()), |s| s());
        let session = config.and_then(|config| TlsSession::dial(config, name));
        let mut session = session.map_err(Lost::Tls)?;
        if *behind_greeting {
            session.await_greeting();
        }
        let socket = dialling.stream.take().map(Stream::into_socket);
        dialling.stream = socket.map(|socket| Stream::tls(socket, session));
        dialling.stage = DialStage::Handshake(address);
        advance_handshake(dialling, address)
    }
}

/// Goes on with the TLS handshake, or what comes before it. Whatever goes wrong may be well at the next
/// address: another machine may be behind it.
fn advance_handshake(
    dialling: &mut Dialling,
    address: SocketAddr,
) -> Result<Option<SocketAddr>, Lost> {
    let Some(stream) = &mut dialling.stream else {
        fault!("{address} is greeted without a socket");
        return Err(Lost::Aborted);
    };
    // All that was there has been taken, and what could not be written waits for an edge.
    let is_done = stream.handshake().map_err(|broken| stream.dialled_in_vain(broken))?;
    Ok(is_done.then_some(address))
}

/// Remembers why an address does not do, if it came further than those before it.
fn note_failure(dialling: &mut Dialling, why: Lost) {
    let is_one_of_several = !dialling.addresses.is_empty() || dialling.failure.is_some();
    if let Some(address) = dialling.stage.address().filter(|_| is_one_of_several) {
        log::info!("{}: {address} cannot be used: {why}", dialling.endpoint);
    }
    let best = dialling.failure.take().filter(|best| progress(best) > progress(&why));
    dialling.failure = Some(best.unwrap_or(why));
}

/// How far an address came that does not do: of several, the one that came furthest is told of. What
/// the machine's own network refuses (an address of a family that it has no way for) says least.
fn progress(failure: &Lost) -> u8 {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable, Unsupported};
    match failure {
        Lost::Tls(_) | Lost::NotTls(_) => 3,
        Lost::ConnectTimeout(DialStage::Handshake(_)) => 2,
        Lost::Connect(error) => match error.kind() {
            AddrNotAvailable | HostUnreachable | NetworkUnreachable | Unsupported => 0,
            _ => 1,
        },
        _ => 1,
    }
}

/// Whether a non-blocking connect has come through, by the steps that mio's documentation of
/// `TcpStream::connect` gives.
fn connected(socket: &TcpStream) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        // EINPROGRESS has no kind of its own; on Linux peer_addr says NotConnected for it.
        Err(error) => Err(error),
    }
}
