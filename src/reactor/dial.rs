//! Connections on their way out: look-up, one address after the other, TLS handshake.

use super::Reactor;
use super::connection::{Connection, Dialling, Phase};
use super::stream::{Broken, Stream};
use crate::limits;
use crate::transport::{Application, ConnectionId, DialStage, Endpoint, Lost, Transport};
use mio::net::TcpStream;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, Connection as Session};
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

impl<A: Application> Reactor<A> {
    /// Starts to connect; the protocol hears of any failure by `connection_lost`.
    pub(super) fn dial(&mut self, endpoint: Endpoint, protocol: A::Protocol, timeout: Duration) {
        let literal = endpoint.host.parse::<IpAddr>();
        let (host, port) = (endpoint.host.clone(), endpoint.port);
        let deadline = self.now.monotonic + timeout;
        let phase = Phase::Dialling(Box::new(Dialling {
            endpoint,
            addresses: VecDeque::new(),
            deadline,
            address_deadline: deadline,
            stage: DialStage::LookUp,
            failure: None,
        }));
        let id = self.slots.insert(|id| Connection::new(Transport::new(id), protocol, phase, None));
        self.arm(id);
        match literal {
            Ok(address) => self.try_addresses(id, [SocketAddr::new(address, port)]),
            Err(_) => match self.resolver.ask(id, &host, port, self.now.monotonic) {
                Ok(None) => {}
                Ok(Some(addresses)) => self.try_addresses(id, addresses),
                Err(why) => self.lose(id, Lost::Resolve(why)),
            },
        }
    }

    pub(super) fn take_resolved(&mut self) {
        while let Some(resolved) = self.resolver.take(self.now.monotonic) {
            for id in resolved.ids {
                match &resolved.result {
                    Ok(addresses) => self.try_addresses(id, addresses.iter().copied()),
                    Err(why) => self.lose(id, Lost::Resolve(why.clone())),
                }
            }
        }
    }

    /// The addresses of the host are known: the first is tried.
    fn try_addresses(&mut self, id: ConnectionId, addresses: impl IntoIterator<Item = SocketAddr>) {
        if let Some(dialling) = self.slots.find(id).and_then(|c| c.dialling()) {
            dialling.addresses = addresses.into_iter().take(limits::ADDRESSES_MAX).collect();
            self.try_next_address(id);
        }
    }

    /// The name, or the address that was tried, has used up its time.
    pub(super) fn dial_timed_out(&mut self, id: ConnectionId) {
        if let Some(dialling) = self.slots.find(id).and_then(|c| c.dialling()) {
            let cause = Lost::ConnectTimeout(dialling.stage);
            if dialling.stage == DialStage::LookUp {
                self.resolver.leave(id, &dialling.endpoint.host, dialling.endpoint.port);
                self.lose(id, cause);
            } else {
                self.address_failed(id, cause);
            }
        }
    }

    /// The address that is tried does not do, for that reason: on to the next.
    fn address_failed(&mut self, id: ConnectionId, why: Lost) {
        if let Some(dialling) = self.slots.find(id).and_then(|c| c.dialling()) {
            let is_one_of_several = !dialling.addresses.is_empty() || dialling.failure.is_some();
            if let Some(address) = dialling.stage.address().filter(|_| is_one_of_several) {
                log::info!("{}: {address} does not do: {why}", dialling.endpoint);
            }
            let best = dialling.failure.take().filter(|best| progress(best) > progress(&why));
            dialling.failure = Some(best.unwrap_or(why));
            self.try_next_address(id);
        }
    }

    /// Connects to the next address, or gives up when there is none.
    fn try_next_address(&mut self, id: ConnectionId) {
        let now = self.now.monotonic;
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        connection.stream = None;
        connection.readiness = Default::default();
        let Some(dialling) = connection.dialling() else {
            return;
        };
        let Some(address) = dialling.addresses.pop_front() else {
            self.resolver.forget(&dialling.endpoint.host, dialling.endpoint.port);
            let nowhere = || Lost::Resolve(format!("{} has no address", dialling.endpoint.host));
            let cause = dialling.failure.take().unwrap_or_else(nowhere);
            self.lose(id, cause);
            return;
        };
        let left = dialling.deadline.since(now);
        let share = if dialling.addresses.is_empty() { left } else { left / 2 };
        dialling.address_deadline = now + share;
        dialling.stage = DialStage::Connect(address);
        match TcpStream::connect(address) {
            Ok(socket) => {
                connection.stream = Some(Stream::Plain(socket));
                self.register(id);
                self.arm(id);
            }
            // There are at most so many addresses, and so many calls.
            Err(error) => self.address_failed(id, Lost::Connect(error)),
        }
    }

    /// A socket on its way out has had an event: how far has it come?
    pub(super) fn advance_dial(&mut self, app: &mut A, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let Some(stage) = connection.dialling().map(|dialling| dialling.stage) else {
            return;
        };
        if matches!(stage, DialStage::Handshake(_)) {
            self.advance_client_handshake(app, id);
            return;
        }
        if !(connection.readiness.writable || connection.readiness.error) {
            return;
        }
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        match connected(stream.socket()) {
            Ok(false) => connection.readiness.writable = false,
            Ok(true) => self.connected(app, id),
            Err(error) => self.address_failed(id, Lost::Connect(error)),
        }
    }

    /// TCP is up: the connection opens, or the TLS handshake begins.
    fn connected(&mut self, app: &mut A, id: ConnectionId) {
        let Some(dialling) = self.slots.find(id).and_then(|c| c.dialling()) else {
            return;
        };
        if !dialling.endpoint.tls {
            self.up(app, id);
            return;
        }
        if let DialStage::Connect(address) = dialling.stage {
            dialling.stage = DialStage::Handshake(address);
        }
        let host = dialling.endpoint.host.clone();
        match (self.session(host), connection_stream(&mut self.slots.find(id))) {
            (Ok(session), Some(Stream::Plain(socket))) => {
                if let Some(connection) = self.slots.find(id) {
                    connection.stream = Some(Stream::tls(socket, session));
                    self.advance_client_handshake(app, id);
                }
            }
            // No other address would do: there is no configuration, or the host is no name.
            (Err(why), _) => self.lose(id, Lost::Tls(why)),
            (Ok(_), _) => {}
        }
    }

    fn session(&mut self, host: String) -> Result<Session, String> {
        let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
        let config = (self.tls)()?;
        let session = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        Ok(Session::Client(session))
    }

    /// Goes on with the TLS handshake of a connection on its way out. Whatever goes wrong may be
    /// well at the next address: another machine may be behind it.
    fn advance_client_handshake(&mut self, app: &mut A, id: ConnectionId) {
        let Some(stream) = self.slots.find(id).and_then(|c| c.stream.as_mut()) else {
            return;
        };
        match stream.handshake() {
            // All that was there has been taken, and what could not be written waits for an edge.
            Ok(false) => {}
            Ok(true) => self.up(app, id),
            Err(Broken::Io(error)) => {
                self.address_failed(id, Lost::Tls(format!("the handshake broke off: {error}")));
            }
            Err(broken) => self.address_failed(id, broken.into()),
        }
    }

    /// The connection is up.
    fn up(&mut self, app: &mut A, id: ConnectionId) {
        if let Some(connection) = self.slots.find(id) {
            connection.phase = Phase::Open;
            self.arm(id);
            self.open(app, id);
        }
    }

    /// Goes on with the TLS handshake of an accepted connection.
    pub(super) fn advance_handshake(&mut self, app: &mut A, id: ConnectionId) {
        let Some(stream) = self.slots.find(id).and_then(|c| c.stream.as_mut()) else {
            return;
        };
        match stream.handshake() {
            Ok(false) => {}
            Ok(true) => self.up(app, id),
            Err(broken) => self.lose(id, broken.into()),
        }
    }
}

/// How far an address came that does not do: of several, the one that came furthest is told of. What
/// the machine's own network refuses (an address of a family that it has no way for) says least.
fn progress(failure: &Lost) -> u8 {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable, Unsupported};
    match failure {
        Lost::Tls(_) => 3,
        Lost::ConnectTimeout(DialStage::Handshake(_)) => 2,
        Lost::Connect(error) => match error.kind() {
            AddrNotAvailable | HostUnreachable | NetworkUnreachable | Unsupported => 0,
            _ => 1,
        },
        _ => 1,
    }
}

impl<P> Connection<P> {
    fn dialling(&mut self) -> Option<&mut Dialling> {
        match &mut self.phase {
            Phase::Dialling(dialling) if !self.losing => Some(dialling),
            _ => None,
        }
    }
}

/// Takes the stream out of its connection, to put TLS around it.
fn connection_stream<P>(connection: &mut Option<&mut Connection<P>>) -> Option<Stream> {
    connection.as_mut().and_then(|connection| mem::take(&mut connection.stream))
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
