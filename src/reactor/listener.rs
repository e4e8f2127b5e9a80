//! Listening sockets.

use crate::limits;
use crate::transport::TlsProfile;
use mio::net::{TcpListener, TcpStream};
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockFilter;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};

/// A listening socket, and what is spoken on the connections accepted there.
#[derive(Debug)]
pub(super) struct Listener {
    pub socket: TcpListener,
    pub tls: Option<TlsProfile>,
    /// Whether it was handed over: others may have it, too, and serve who waits there.
    pub is_shared: bool,
}

impl Listener {
    /// Has newcomers wait who try to connect from now on, for whoever listens here next; who has begun
    /// to is not kept from it.
    pub fn hold_off(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = SockRef::from(&self.socket).attach_filter(&without_newcomers()) {
            log::debug!("newcomers are not held off: {error}");
        }
    }

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
    bound(&listener)?;
    // It listens already, with mio's backlog; this only changes it.
    SockRef::from(&listener).listen(limits::LISTEN_BACKLOG)?;
    Ok(listener)
}

/// Listens on a socket that was handed over: with the backlog that it has.
pub(super) fn adopt(socket: StdTcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket);
    bound(&listener)?;
    Ok(listener)
}

fn bound(listener: &TcpListener) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(limits::KEEPALIVE_IDLE)
        .with_interval(limits::KEEPALIVE_INTERVAL)
        .with_retries(limits::KEEPALIVE_PROBES);
    let socket = SockRef::from(listener);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        socket.set_tcp_notsent_lowat(limits::ACCEPTED_UNSENT_BYTES_MAX)?;
        socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED_MAX))?;
    }
    Ok(())
}

/// A filter (classic BPF) that passes no segment of TCP over that asks for a connection: SYN without ACK,
/// in the byte of flags. The system takes it as lost, so it is sent again, a second later; the segments
/// that end a handshake under way pass.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn without_newcomers() -> [SockFilter; 5] {
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS_AT: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS_AT),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ]
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpStream as StdTcpStream};
    use std::time::{Duration, Instant};

    #[test]
    fn who_has_connected_is_accepted_and_who_tries_to_later_is_held_off() {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = Listener { socket: bind(address).unwrap(), tls: None, is_shared: false };
        let address = listener.socket.local_addr().unwrap();
        let first = StdTcpStream::connect(address).unwrap();
        listener.hold_off();
        let later = StdTcpStream::connect_timeout(&address, Duration::from_millis(100));
        assert_eq!(later.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (_, peer) = listener.accept().unwrap().unwrap();
        assert_eq!(peer, first.local_addr().unwrap());
        assert!(listener.accept().unwrap().is_none());
    }

    #[test]
    fn what_is_accepted_inherits_the_bounds_of_the_listener() {
        let listener = Listener {
            socket: bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap(),
            tls: None,
            is_shared: false,
        };
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
