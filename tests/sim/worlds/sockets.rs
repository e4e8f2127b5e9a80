//! The world of real sockets: the reactor on a thread, peers on the loopback.

use super::harness::{Call, DEADLINE, Port, Stage, endpoint};
use super::play::{Came, Ending, World};
use super::server::{Targets, obedient};
use herd::reactor::Reactor;
use herd::transport::Endpoint;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a callback is waited for before peers are looked at again.
const GLANCE: Duration = Duration::from_millis(1);

/// How long it takes at most to see that a listener takes nobody any more.
const FULL_AFTER: Duration = Duration::from_millis(100);

pub struct Loopback {
    address: SocketAddr,
    calls: Receiver<Call>,
    came: Vec<Call>,
    listener: TcpListener,
    /// A port that nobody listens on, and nobody else can.
    _refusing: Socket,
    /// Who listens and takes nobody, and those in its queue.
    _silent: (Socket, Vec<TcpStream>),
    deadline: Instant,
}

impl Loopback {
    /// A reactor that listens.
    pub fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (refusing, refusing_at) = bound();
        let (silent, silent_at) = silent();
        let targets = Targets {
            listening: endpoint(listener.local_addr().unwrap()),
            refusing: endpoint(refusing_at),
            silent: endpoint(silent_at),
            unknown: Endpoint::plain("nobody.example", 1),
        };
        let (calls, recorded) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        thread::spawn(move || {
            let look_up = |_: &str, _| Err(io::Error::from(ErrorKind::NotFound));
            let mut reactor = Reactor::with_look_up(Arc::new(look_up)).unwrap();
            let any_port = (Ipv4Addr::LOCALHOST, 0).into();
            bound.send(reactor.listen(Port::First, any_port, None).unwrap()).unwrap();
            let mut stage = Stage::new(calls, Box::new(move || obedient(&targets)));
            reactor.run(&mut stage, |_, _| ()).unwrap();
        });
        Loopback {
            address: address.recv_timeout(DEADLINE).unwrap(),
            calls: recorded,
            came: Vec::new(),
            listener,
            _refusing: refusing,
            _silent: silent,
            deadline: Instant::now() + DEADLINE,
        }
    }
}

/// A socket on a port of its own that does not listen.
fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// A listener whose queue is full: a further dial is neither taken nor refused.
fn silent() -> ((Socket, Vec<TcpStream>), SocketAddr) {
    let (socket, address) = bound();
    socket.listen(0).unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, FULL_AFTER) {
        queue.push(stream);
    }
    ((socket, queue), address)
}

impl World for Loopback {
    type Socket = TcpStream;

    fn connect(&mut self) -> TcpStream {
        let stream = TcpStream::connect_timeout(&self.address, DEADLINE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    }

    fn accept(&mut self) -> Option<TcpStream> {
        match self.listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true).unwrap();
                Some(stream)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn write(&mut self, socket: &mut TcpStream, bytes: &[u8]) -> Option<usize> {
        match socket.write(bytes) {
            Ok(count) => Some(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Some(0),
            Err(_) => None,
        }
    }

    fn read(&mut self, socket: &mut TcpStream, buffer: &mut [u8]) -> Came {
        match socket.read(buffer) {
            Ok(0) => Came::Over(Ending::InOrder),
            Ok(count) => Came::Bytes(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Came::Nothing,
            Err(_) => Came::Over(Ending::Reset),
        }
    }

    fn has_unread(&mut self, socket: &mut TcpStream) -> bool {
        socket.peek(&mut [0]).is_ok_and(|count| count > 0)
    }

    fn finish(&mut self, socket: &mut TcpStream) {
        // Who is reset already has nothing to finish.
        let _ = socket.shutdown(Shutdown::Write);
    }

    fn close(&mut self, socket: TcpStream) {
        drop(socket);
    }

    fn reset(&mut self, socket: TcpStream) {
        SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
        drop(socket);
    }

    fn pass(&mut self) -> bool {
        self.came.extend(self.calls.recv_timeout(GLANCE));
        Instant::now() < self.deadline
    }

    fn calls(&mut self) -> Vec<Call> {
        let mut calls = std::mem::take(&mut self.came);
        calls.extend(self.calls.try_iter());
        calls
    }
}
