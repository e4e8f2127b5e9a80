//! Listening sockets.

use crate::limits;
use mio::net::{TcpListener, TcpStream};
use rustls::ServerConfig;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A listening socket, and what is spoken on the connections accepted there.
#[derive(Debug)]
pub(super) struct Listener {
    pub socket: TcpListener,
    pub tls: Option<Arc<ServerConfig>>,
}

impl Listener {
    /// Accepts one connection; None when nobody waits.
    pub fn accept(&self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            match self.socket.accept() {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return Ok(None),
                    // That peer has gone again; the next one may be fine.
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
    }
}

/// Listens on `address`, with a backlog for storms. What is accepted inherits the keep-alive of the
/// listener, which costs no call for each connection.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    let keepalive = TcpKeepalive::new()
        .with_time(limits::KEEPALIVE_IDLE)
        .with_interval(limits::KEEPALIVE_INTERVAL)
        .with_retries(limits::KEEPALIVE_PROBES);
    let socket = SockRef::from(&listener);
    socket.set_tcp_keepalive(&keepalive)?;
    // It listens already, with mio's backlog; this only changes it.
    socket.listen(limits::LISTEN_BACKLOG)?;
    Ok(listener)
}
