//! Listening sockets.

use crate::limits;
use crate::transport::TlsProfile;
use mio::net::{TcpListener, TcpStream};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;

/// A listening socket, and what is spoken on the connections accepted there.
#[derive(Debug)]
pub(super) struct Listener {
    pub socket: TcpListener,
    pub tls: Option<TlsProfile>,
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

/// Listens on `address`, with a backlog for storms. What is accepted inherits from the listener, which
/// costs no call for each connection: when the kernel asks whether a silent peer is still there, how
/// much it takes from us that it cannot send, and when it gives a peer up that acknowledges nothing.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    let keepalive = TcpKeepalive::new()
        .with_time(limits::KEEPALIVE_IDLE)
        .with_interval(limits::KEEPALIVE_INTERVAL)
        .with_retries(limits::KEEPALIVE_PROBES);
    let socket = SockRef::from(&listener);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        socket.set_tcp_notsent_lowat(limits::ACCEPTED_UNSENT_BYTES_MAX)?;
        socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED_MAX))?;
    }
    // It listens already, with mio's backlog; this only changes it.
    socket.listen(limits::LISTEN_BACKLOG)?;
    Ok(listener)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpStream as StdTcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn what_is_accepted_inherits_the_bounds_of_the_listener() {
        let listener =
            Listener { socket: bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap(), tls: None };
        let address = listener.socket.local_addr().unwrap();
        let _peer = StdTcpStream::connect(address).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let accepted = loop {
            if let Some((accepted, _)) = listener.accept().unwrap() {
                break accepted;
            }
            assert!(Instant::now() < deadline, "nobody has connected");
        };
        let accepted = SockRef::from(&accepted);
        assert!(accepted.keepalive().unwrap());
        assert_eq!(accepted.tcp_keepalive_time().unwrap(), limits::KEEPALIVE_IDLE);
        assert_eq!(accepted.tcp_notsent_lowat().unwrap(), limits::ACCEPTED_UNSENT_BYTES_MAX);
        assert_eq!(accepted.tcp_user_timeout().unwrap(), Some(limits::UNACKNOWLEDGED_MAX));
    }
}
