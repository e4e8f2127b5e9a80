//! What a world may do that neither sockets nor the simulator do at will.

use super::{Accepted, DriverOf, Progress, Read, Readiness, World, Written};
use crate::transport::{
    Action, Application, ConnectionId, Context, Endpoint, FileEvent, FileId, FileRequest, Lost,
    Monotonic, Now, PeerInfo, Protocol, Signal, TlsProfile,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
const UNTIL: Monotonic = Monotonic::from_nanoseconds(1_000_000_000);

/// Somebody waits to be accepted, whose handshake takes in what comes behind it.
struct Handshaking {
    waits: bool,
    came_behind: Vec<u8>,
}

/// Its end of the connection.
struct Socket;

impl World for Handshaking {
    type Socket = Socket;

    fn listen(
        &mut self,
        _place: usize,
        address: SocketAddr,
        _tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        Ok(address)
    }

    fn hold_off(&mut self, _place: usize) -> bool {
        false
    }

    fn stop_listening(&mut self, _place: usize) {}

    fn accept(
        &mut self,
        _place: usize,
        _id: ConnectionId,
        _now: Monotonic,
    ) -> io::Result<Option<Accepted<Socket>>> {
        let progress = Progress::Pending(UNTIL);
        let waits = std::mem::take(&mut self.waits);
        Ok(waits.then_some(Accepted { socket: Socket, address: HERE, progress }))
    }

    fn dial(
        &mut self,
        _id: ConnectionId,
        _endpoint: &Endpoint,
        _timeout: Duration,
        _now: Monotonic,
    ) -> Result<(Socket, Monotonic), Lost> {
        Ok((Socket, UNTIL))
    }

    fn advance(
        &mut self,
        _id: ConnectionId,
        _socket: &mut Socket,
        _now: Monotonic,
    ) -> Result<Progress, Lost> {
        Ok(Progress::Up(PeerInfo::at(HERE)))
    }

    fn read(&mut self, _socket: &mut Socket, buffer: &mut [u8]) -> Result<Read, Lost> {
        let came = std::mem::take(&mut self.came_behind);
        buffer[..came.len()].copy_from_slice(&came);
        Ok(match came.len() {
            0 => Read::Nothing,
            count => Read::Bytes { count, emptied: false },
        })
    }

    fn write(&mut self, _socket: &mut Socket, bytes: &[u8]) -> Result<Written, Lost> {
        Ok(Written { count: bytes.len(), moved: true, full: false })
    }

    fn finish(&mut self, _socket: &mut Socket, _ended: bool) -> Result<bool, Lost> {
        Ok(true)
    }

    fn limit_unsent(&mut self, _id: ConnectionId, _socket: &mut Socket) {}

    fn error(&mut self, _socket: &mut Socket) -> Option<Lost> {
        None
    }

    fn close(&mut self, _id: ConnectionId, _socket: Socket) {}

    fn file(&mut self, _file: FileId, _request: FileRequest) -> Option<FileEvent> {
        None
    }
}

/// What was heard, by all together.
#[derive(Default)]
struct Heard(Vec<u8>);

#[derive(Debug)]
struct Listens;

impl Application for Heard {
    type Protocol = Listens;
    type Listener = ();

    fn accepted(&mut self, (): (), _address: SocketAddr, _now: Now) -> Listens {
        Listens
    }

    fn next_action(&mut self) -> Option<Action<Listens, ()>> {
        None
    }

    fn deadline(&self) -> Option<Monotonic> {
        None
    }

    fn timer_expired(&mut self, _now: Now) {}

    fn signalled(&mut self, _signal: Signal, _now: Now) {}
}

impl Protocol<Heard> for Listens {
    fn connection_made(&mut self, _cx: &mut Context<'_, Heard>, _peer: &PeerInfo) {}

    fn data_received(&mut self, cx: &mut Context<'_, Heard>, data: &[u8]) {
        cx.app.0.extend_from_slice(data);
    }

    fn eof_received(&mut self, _cx: &mut Context<'_, Heard>) {}

    fn connection_lost(&mut self, _cx: &mut Context<'_, Heard>, _cause: &Lost) {}
}

#[test]
fn what_a_handshake_has_taken_in_is_read_without_news_of_it() {
    let now = Now { monotonic: Monotonic::default(), posix_nanoseconds: 0 };
    let mut world = Handshaking { waits: true, came_behind: b"IAMAT".to_vec() };
    let (mut app, mut driver) = (Heard::default(), DriverOf::<Heard, Handshaking>::new(now));
    driver.listen(&mut world, (), HERE, None).unwrap();
    driver.incoming(0);
    driver.turn(&mut app, &mut world, now);
    let id = driver.connections().next().unwrap().0.id;
    // All that the socket had was taken before the system could say so: there is room, says it.
    driver.ready(id, Readiness { writable: true, ..Readiness::default() });
    driver.turn(&mut app, &mut world, now);
    assert_eq!(app.0, b"IAMAT");
}
