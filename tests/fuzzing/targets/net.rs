//! The world of a driver whose peers do what a script says, and keep what they receive.

use super::disk::Disk;
use super::transcript::Transcript;
use herd::driver::{Accepted, Progress, Read, World, Written};
use herd::node::Port;
use herd::transport::{
    ConnectionId, Endpoint, FileEvent, FileId, FileRequest, Lost, Monotonic, PeerInfo, TlsProfile,
};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// All peers, in the order in which they connected or were dialled.
#[derive(Default)]
pub struct Net {
    pub peers: Vec<Peer>,
    /// Those who wait to be accepted.
    pub incoming: VecDeque<Port>,
    /// The dialled ones that have neither connected nor refused.
    pub dials: VecDeque<usize>,
    /// Those that came up, in that order.
    pub up: Vec<usize>,
    pub disk: Disk,
}

/// Who is at the other end of a connection.
#[derive(Default)]
pub struct Peer {
    pub id: Option<ConnectionId>,
    port: Option<Port>,
    pub tls: bool,
    pub state: State,
    /// How many bytes of output it will still take; none: all.
    pub takes: Option<usize>,
    /// What it has sent and not been read yet.
    pub unread: VecDeque<Vec<u8>>,
    pub sent_end: bool,
    read_end: bool,
    pub reset: bool,
    /// The server has closed its end.
    pub lost: bool,
    /// The server has said that it will send no more, after all that it had written.
    closed: bool,
    /// What it has received.
    pub received: Vec<u8>,
    /// The most output that was offered to it at a time.
    pub most_offered: usize,
    pub transcript: Transcript,
}

/// How far a dialled connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Dialled,
    Up,
    Refused,
}

/// Nobody waits for the script to go on.
const UNTIL: Monotonic = Monotonic::from_nanoseconds(u64::MAX);

fn address() -> SocketAddr {
    ([127, 0, 0, 1], 9).into()
}

/// Which listener a port is, counted in the order in which they were opened.
pub fn place_of(port: Port) -> usize {
    match port {
        Port::Clients | Port::ClientsTls => 0,
        Port::Neighbours => 1,
        Port::Web => 2,
    }
}

impl World for Net {
    type Socket = usize;

    fn listen(
        &mut self,
        _place: usize,
        address: SocketAddr,
        _tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        Ok(address)
    }

    fn hold_off(&mut self, _place: usize) -> bool {
        true
    }

    fn stop_listening(&mut self, place: usize) {
        self.incoming.retain(|&port| place_of(port) != place);
    }

    fn accept(
        &mut self,
        place: usize,
        id: ConnectionId,
        _now: Monotonic,
    ) -> io::Result<Option<Accepted<usize>>> {
        let waits = self.incoming.iter().position(|&port| place_of(port) == place);
        let Some(port) = waits.and_then(|at| self.incoming.remove(at)) else {
            return Ok(None);
        };
        let socket = self.peers.len();
        let (id, port) = (Some(id), Some(port));
        self.peers.push(Peer { id, port, state: State::Up, ..Peer::default() });
        self.up.push(socket);
        let progress = Progress::Up(PeerInfo::at(address()));
        Ok(Some(Accepted { socket, address: address(), progress }))
    }

    fn dial(
        &mut self,
        id: ConnectionId,
        endpoint: &Endpoint,
        _timeout: Duration,
        _now: Monotonic,
    ) -> Result<(usize, Monotonic), Lost> {
        let socket = self.peers.len();
        self.peers.push(Peer { id: Some(id), tls: endpoint.is_tls(), ..Peer::default() });
        self.dials.push_back(socket);
        Ok((socket, UNTIL))
    }

    fn advance(
        &mut self,
        _id: ConnectionId,
        socket: &mut usize,
        _now: Monotonic,
    ) -> Result<Progress, Lost> {
        match self.peers[*socket].state {
            State::Dialled => Ok(Progress::Pending(UNTIL)),
            State::Up => Ok(Progress::Up(PeerInfo::at(address()))),
            State::Refused => Err(Lost::Connect(ErrorKind::ConnectionRefused.into())),
        }
    }

    fn read(&mut self, socket: &mut usize, buffer: &mut [u8]) -> Result<Read, Lost> {
        let peer = &mut self.peers[*socket];
        let Some(mut piece) = peer.unread.pop_front() else {
            if peer.reset {
                return Err(Lost::Io(ErrorKind::ConnectionReset.into()));
            }
            peer.read_end |= peer.sent_end;
            return Ok(if peer.sent_end { Read::End } else { Read::Nothing });
        };
        let count = piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&piece[..count]);
        if count < piece.len() {
            peer.unread.push_front(piece.split_off(count));
        }
        Ok(Read::Bytes { count, emptied: false })
    }

    fn write(&mut self, socket: &mut usize, bytes: &[u8]) -> Result<Written, Lost> {
        let peer = &mut self.peers[*socket];
        if peer.reset {
            return Err(Lost::Io(ErrorKind::ConnectionReset.into()));
        }
        peer.most_offered = peer.most_offered.max(bytes.len());
        let count = peer.takes.unwrap_or(usize::MAX).min(bytes.len());
        peer.received.extend_from_slice(&bytes[..count]);
        peer.takes = peer.takes.map(|takes| takes - count);
        Ok(Written { count, moved: count > 0, full: count < bytes.len() })
    }

    fn finish(&mut self, socket: &mut usize, _ended: bool) -> Result<bool, Lost> {
        self.peers[*socket].closed = true;
        Ok(true)
    }

    fn limit_unsent(&mut self, _id: ConnectionId, _socket: &mut usize) {}

    fn error(&mut self, socket: &mut usize) -> Option<Lost> {
        let reset = self.peers[*socket].reset;
        reset.then(|| Lost::Io(ErrorKind::ConnectionReset.into()))
    }

    fn close(&mut self, _id: ConnectionId, socket: usize) {
        self.peers[socket].lost = true;
        self.dials.retain(|&dialled| dialled != socket);
    }

    fn file(&mut self, file: FileId, request: FileRequest) -> Option<FileEvent> {
        self.disk.request(file, request)
    }
}

impl Peer {
    pub fn is_client(&self) -> bool {
        self.port == Some(Port::Clients)
    }

    /// Whether it is one of the web port.
    pub fn is_visitor(&self) -> bool {
        self.port == Some(Port::Web)
    }

    /// Whether its connection was closed after all that was written had been handed over.
    pub fn ended_in_order(&self) -> bool {
        self.closed
    }

    /// Whether it has ended its sending, and the server has seen that.
    pub fn has_ended(&self) -> bool {
        self.read_end
    }
}
