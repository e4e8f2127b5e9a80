//! What a driver asks of the world: the effects, and nothing else.

use crate::transport::{
    ConnectionId, Endpoint, FileEvent, FileId, FileRequest, Lost, Monotonic, PeerInfo, TlsProfile,
};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Sockets and files, real or not. None of these calls waits for anybody.
///
/// A world tells its driver of what happens by [`Driver::ready`](super::Driver::ready) and its
/// siblings, and only then need the driver look again: a socket that had [nothing](Read::Nothing)
/// or was [full](Written::full) is told of when that ends.
pub trait World {
    /// One end of a connection.
    type Socket;

    /// Listens at `address`; the listener is called by its `place` from then on.
    ///
    /// # Errors
    /// What the system says when the address cannot be bound.
    fn listen(
        &mut self,
        place: usize,
        address: SocketAddr,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr>;

    /// The server stops: whether those who wait at that listener are ours to accept; then nobody comes
    /// behind them, as far as the world can see to that. They are not where another has the same socket and
    /// will serve them.
    fn hold_off(&mut self, place: usize) -> bool;

    /// Listens there no more; who waits to be accepted is turned away, unless another has the same socket.
    fn stop_listening(&mut self, place: usize);

    /// Takes the next who waits at a listener, to be called `id`; None if nobody does.
    ///
    /// # Errors
    /// What the system says when it has no descriptors or memory left.
    fn accept(
        &mut self,
        place: usize,
        id: ConnectionId,
        now: Monotonic,
    ) -> io::Result<Option<Accepted<Self::Socket>>>;

    /// Begins to connect, to be called `id`, and says until when it waits for news.
    ///
    /// # Errors
    /// Why not even that can be done.
    fn dial(
        &mut self,
        id: ConnectionId,
        endpoint: &Endpoint,
        timeout: Duration,
        now: Monotonic,
    ) -> Result<(Self::Socket, Monotonic), Lost>;

    /// Goes on with a connection that is coming up (look-up, connect, TLS handshake), after news
    /// of it or when the time is over that it was to wait.
    ///
    /// # Errors
    /// Why it never will be up.
    fn advance(
        &mut self,
        id: ConnectionId,
        socket: &mut Self::Socket,
        now: Monotonic,
    ) -> Result<Progress, Lost>;

    /// Reads once into `buffer`, which is not empty.
    ///
    /// # Errors
    /// How the connection broke.
    fn read(&mut self, socket: &mut Self::Socket, buffer: &mut [u8]) -> Result<Read, Lost>;

    /// Writes of `bytes` (maybe none) as much as is taken.
    ///
    /// # Errors
    /// How the connection broke.
    fn write(&mut self, socket: &mut Self::Socket, bytes: &[u8]) -> Result<Written, Lost>;

    /// Says that no more will be written, unless the peer has `ended`, too, and the socket can be
    /// closed altogether. True when it is out.
    ///
    /// # Errors
    /// How the connection broke.
    fn finish(&mut self, socket: &mut Self::Socket, ended: bool) -> Result<bool, Lost>;

    /// Takes no more of what is written than can be sent soon.
    fn limit_unsent(&mut self, id: ConnectionId, socket: &mut Self::Socket);

    /// The error that waits at the socket, if one does.
    fn error(&mut self, socket: &mut Self::Socket) -> Option<Lost>;

    /// Closes the socket; over data that was not read the peer sees a reset.
    fn close(&mut self, id: ConnectionId, socket: Self::Socket);

    /// Does something with a file; what comes of it later is told by
    /// [`Driver::file_event`](super::Driver::file_event).
    fn file(&mut self, file: FileId, request: FileRequest) -> Option<FileEvent>;
}

/// Somebody who connected.
#[derive(Debug)]
pub struct Accepted<S> {
    /// Our end.
    pub socket: S,
    /// From where.
    pub address: SocketAddr,
    /// Whether the connection is up.
    pub progress: Progress,
}

/// How far a connection has come.
#[derive(Debug)]
pub enum Progress {
    /// It waits for news, until that time at most.
    Pending(Monotonic),
    /// It is up, with that peer.
    Up(PeerInfo),
}

/// What became of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes.
    Bytes {
        /// How many.
        count: usize,
        /// Whether the socket has been emptied, as far as it can tell.
        emptied: bool,
    },
    /// The peer will send no more.
    End,
    /// Nothing now.
    Nothing,
    /// Nothing yet, though much has come: there may be more, and it is for the next turn.
    Later,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// How many bytes were taken.
    pub count: usize,
    /// Whether anything was handed on to the peer's side, taken now or before.
    pub moved: bool,
    /// Whether it takes no more now.
    pub full: bool,
}

/// What the world has said about a socket and not taken back since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// There may be something to read.
    pub readable: bool,
    /// There may be room to write.
    pub writable: bool,
    /// The peer has ended or reset: that the socket was emptied does not mean that nothing is left.
    pub read_closed: bool,
    /// The socket is in error.
    pub error: bool,
}

impl Readiness {
    /// Adds what is new.
    pub(super) fn add(&mut self, news: Readiness) {
        self.readable |= news.readable;
        self.writable |= news.writable;
        self.read_closed |= news.read_closed;
        self.error |= news.error;
    }
}
