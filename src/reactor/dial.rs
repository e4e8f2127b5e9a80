//! Connections on their way out: look-up, one address after the other, TLS handshake.

use super::Reactor;
use super::connection::{Connection, Dialling, Phase};
use super::stream::Stream;
use crate::limits;
use crate::transport::{Application, ConnectionId, Endpoint, Lost, Transport};
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

    /// The address that was tried has used up its time.
    pub(super) fn dial_timed_out(&mut self, id: ConnectionId) {
        if let Some(dialling) = self.slots.find(id).and_then(|c| c.dialling()) {
            if dialling.addresses.is_empty() {
                self.resolver.leave(id, &dialling.endpoint.host, dialling.endpoint.port);
                self.resolver.forget(&dialling.endpoint.host, dialling.endpoint.port);
                self.lose(id, Lost::ConnectTimeout);
            } else {
                self.try_next_address(id);
            }
        }
    }

    /// Connects to the next address, or gives up when there is none.
    fn try_next_address(&mut self, id: ConnectionId) {
        let now = self.now.monotonic;
        loop {
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
                let cause = match dialling.failure.take() {
                    Some(error) => Lost::Connect(error),
                    None => Lost::Resolve(format!("{} has no address", dialling.endpoint.host)),
                };
                self.lose(id, cause);
                return;
            };
            let left = dialling.deadline.since(now);
            let share = left / (dialling.addresses.len() as u32 + 1);
            dialling.address_deadline = now + share;
            match TcpStream::connect(address) {
                Ok(socket) => {
                    connection.stream = Some(Stream::Plain(socket));
                    self.register(id);
                    self.arm(id);
                    return;
                }
                Err(error) => dialling.failure = Some(error),
            }
        }
    }

    /// A socket that connects has had an event: is it connected, failed, or neither yet?
    pub(super) fn advance_dial(&mut self, app: &mut A, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        if !(connection.readiness.writable || connection.readiness.error) {
            return;
        }
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        match connected(stream.socket()) {
            Ok(false) => connection.readiness.writable = false,
            Ok(true) => self.connected(app, id),
            Err(error) => {
                if let Some(dialling) = connection.dialling() {
                    dialling.failure = Some(error);
                }
                self.try_next_address(id);
            }
        }
    }

    /// TCP is up: the connection opens, or the TLS handshake begins.
    fn connected(&mut self, app: &mut A, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let Some(dialling) = connection.dialling() else {
            return;
        };
        if !dialling.endpoint.tls {
            connection.phase = Phase::Open;
            self.arm(id);
            self.open(app, id);
            return;
        }
        let deadline = dialling.deadline;
        let host = dialling.endpoint.host.clone();
        match (self.session(host), connection_stream(&mut self.slots.find(id))) {
            (Ok(session), Some(Stream::Plain(socket))) => {
                if let Some(connection) = self.slots.find(id) {
                    connection.stream = Some(Stream::tls(socket, session));
                    connection.phase = Phase::Handshaking { deadline };
                    self.advance_handshake(app, id);
                }
            }
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

    pub(super) fn advance_handshake(&mut self, app: &mut A, id: ConnectionId) {
        let Some(connection) = self.slots.find(id) else {
            return;
        };
        let Some(stream) = connection.stream.as_mut() else {
            return;
        };
        match stream.handshake() {
            // All that was there has been taken, and what could not be written waits for an edge.
            Ok(false) => {}
            Ok(true) => {
                connection.phase = Phase::Open;
                self.arm(id);
                self.open(app, id);
            }
            Err(broken) => self.lose(id, broken.into()),
        }
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
