//! Listening sockets: accepting in batches, and pausing when the system is out of means.

use crate::limits;
use crate::transport::Monotonic;
use mio::net::{TcpListener, TcpStream};
use rustls::ServerConfig;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

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

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    /// Spoken on the connections accepted here.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// The kernel said that somebody waits, and no `WouldBlock` took it back.
    pub(super) ready: bool,
    /// No accepting before that time.
    pub(super) paused_until: Option<Monotonic>,
    /// Connections accepted here that exist, and how many there may be; others wait in the
    /// kernel's queue.
    connections: usize,
    connections_max: usize,
    /// Whether the log has been told that there are so many.
    told_full: bool,
}

impl Listener {
    pub(super) fn new(socket: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Listener {
            socket,
            tls,
            ready: false,
            paused_until: None,
            connections: 0,
            connections_max: usize::MAX,
            told_full: false,
        }
    }

    pub(super) fn set_connections_max(&mut self, connections_max: usize) {
        self.connections_max = connections_max;
    }

    /// Whether somebody may wait and we may look.
    pub(super) fn can_accept(&self, now: Monotonic) -> bool {
        self.ready
            && self.connections < self.connections_max
            && self.paused_until.is_none_or(|until| until <= now)
    }

    /// When it may be worth while to look again, if that is only a matter of time.
    pub(super) fn resumes_at(&self) -> Option<Monotonic> {
        self.paused_until.filter(|_| self.ready && self.connections < self.connections_max)
    }

    /// Accepts one connection; None when nobody waits or accepting pauses. No failure is fatal.
    pub(super) fn accept(&mut self, now: Monotonic) -> Option<(TcpStream, SocketAddr)> {
        loop {
            match self.socket.accept() {
                Ok(accepted) => {
                    if self.paused_until.take().is_some() {
                        log::info!("accepting goes on");
                    }
                    self.count_accepted();
                    return Some(accepted);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        self.ready = false;
                        return None;
                    }
                    // That peer has gone again; the next one may be fine.
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                    _ => {
                        self.pause(now, &error);
                        return None;
                    }
                },
            }
        }
    }

    fn count_accepted(&mut self) {
        self.connections += 1;
        if self.connections == self.connections_max && !self.told_full {
            self.told_full = true;
            log::warn!("{} connections: no more are accepted for now", self.connections);
        }
    }

    /// A connection that was accepted here is gone.
    pub(super) fn count_closed(&mut self) {
        self.connections -= 1;
        // Said again only after some have gone, not for each that comes and goes.
        if self.told_full && self.connections <= self.connections_max - self.connections_max / 8 {
            self.told_full = false;
            log::info!("{} connections: more are accepted again", self.connections);
        }
    }

    /// Out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM): those who wait stay in the
    /// kernel's queue until a little later.
    fn pause(&mut self, now: Monotonic, error: &io::Error) {
        // Said once for each time of need, not for each pause in it.
        if self.paused_until.is_none() {
            log::error!("accepting pauses: {error}");
        }
        self.paused_until = Some(now + limits::ACCEPT_PAUSE);
    }
}
