//! Listening sockets: accepting in batches, and pausing when the system is out of means.

use crate::limits;
use crate::transport::Monotonic;
use mio::net::{TcpListener, TcpStream};
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

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
}

impl Listener {
    /// Whether somebody may wait and we may look.
    pub(super) fn can_accept(&self, now: Monotonic) -> bool {
        self.ready && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Accepts one connection; None when nobody waits or accepting pauses. No failure is fatal.
    pub(super) fn accept(&mut self, now: Monotonic) -> Option<(TcpStream, SocketAddr)> {
        loop {
            match self.socket.accept() {
                Ok(accepted) => {
                    self.paused_until = None;
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
