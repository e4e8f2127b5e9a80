//! A server whose every connection follows a script: what a Places service does, or never should.

use rustls::{HandshakeKind, ServerConfig, ServerConnection};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a script waits for its peer at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a connection does from the moment it is accepted; when it returns the socket is closed.
pub type Script = Arc<dyn Fn(&mut Peer) -> io::Result<()> + Send + Sync>;

/// A script from what a connection does.
pub fn script(act: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> Script {
    Arc::new(act)
}

/// The script of a server that speaks TLS: `act` comes after the handshake.
pub fn over_tls(
    config: Arc<ServerConfig>,
    act: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static,
) -> Script {
    script(move |peer| {
        peer.handshake(&config)?;
        act(peer)
    })
}

/// A listening server; closes all its sockets when dropped.
pub struct Server {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    script: Mutex<Script>,
    stopped: AtomicBool,
    sockets: Mutex<Vec<Weak<TcpStream>>>,
    tally: Arc<Tally>,
}

/// What a server has seen.
#[derive(Default)]
pub struct Tally {
    pub connections: AtomicUsize,
    /// Connections that exist now, and the most that there were.
    pub open: AtomicUsize,
    pub open_max: AtomicUsize,
    pub full_handshakes: AtomicUsize,
    pub resumed_handshakes: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Tally {
    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(script: Script) -> Self {
        Server::listening(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), script)
    }

    /// Serves on a socket that listens already.
    pub fn listening(listener: TcpListener, script: Script) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            stopped: AtomicBool::new(false),
            sockets: Mutex::default(),
            tally: Arc::default(),
        });
        let accepter = Arc::clone(&shared);
        let accepting = Some(thread::spawn(move || accept_all(&listener, &accepter)));
        Server { address, shared, accepting }
    }

    /// From now on new connections follow that script.
    pub fn behave(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
    }

    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Ends the accepting.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for socket in self.shared.sockets.lock().unwrap().drain(..) {
            if let Some(socket) = socket.upgrade() {
                // It may have ended by itself.
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }
}

fn accept_all(listener: &TcpListener, shared: &Arc<Shared>) {
    for socket in listener.incoming() {
        let Ok(socket) = socket else { return };
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let (script, tally) =
            (Arc::clone(&shared.script.lock().unwrap()), Arc::clone(&shared.tally));
        tally.connections.fetch_add(1, Ordering::SeqCst);
        tally.open_max.fetch_max(tally.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        let socket = Arc::new(socket);
        shared.sockets.lock().unwrap().push(Arc::downgrade(&socket));
        thread::spawn(move || {
            let mut peer = Peer { socket, tls: None, tally };
            // A peer that leaves in the middle is what many of these tests are about.
            let _ended = script(&mut peer);
            peer.tally.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// The server's end of one connection.
pub struct Peer {
    socket: Arc<TcpStream>,
    tls: Option<ServerConnection>,
    tally: Arc<Tally>,
}

impl Peer {
    /// Does the whole TLS handshake.
    pub fn handshake(&mut self, config: &Arc<ServerConfig>) -> io::Result<()> {
        let mut session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        while session.is_handshaking() {
            if session.wants_read() {
                self.read_record(&mut session)?;
            }
            while session.wants_write() {
                session.write_tls(&mut &*self.socket)?;
            }
        }
        let handshakes = match session.handshake_kind() {
            Some(HandshakeKind::Resumed) => &self.tally.resumed_handshakes,
            _ => &self.tally.full_handshakes,
        };
        handshakes.fetch_add(1, Ordering::SeqCst);
        self.tls = Some(session);
        Ok(())
    }

    /// Answers the ClientHello, but one byte a `pause`.
    pub fn handshake_slowly(
        &mut self,
        config: &Arc<ServerConfig>,
        pause: Duration,
    ) -> io::Result<()> {
        let mut session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        while !session.wants_write() {
            session.read_tls(&mut &*self.socket)?;
            session.process_new_packets().map_err(io::Error::other)?;
        }
        let mut flight = Vec::new();
        session.write_tls(&mut flight)?;
        self.trickle(&flight, pause)
    }

    /// The head of the next request, whose body is passed over; None at the end of the connection.
    pub fn request(&mut self) -> io::Result<Option<String>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        for _ in 0..length.map_or(Ok(0), str::parse).map_err(io::Error::other)? {
            self.read(&mut byte)?;
        }
        self.tally.requests.lock().unwrap().push(head.clone());
        Ok(Some(head))
    }

    /// Waits until there is something to read, and leaves it there: a socket that is closed over
    /// unread data is reset.
    pub fn leave_unread(&mut self) -> io::Result<()> {
        self.socket.peek(&mut [0]).map(|_| ())
    }

    /// Sends, under TLS after a handshake.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        match &mut self.tls {
            None => (&*self.socket).write_all(bytes.as_ref()),
            Some(session) => {
                rustls::Stream::new(session, &mut &*self.socket).write_all(bytes.as_ref())?;
                while session.wants_write() {
                    session.write_tls(&mut &*self.socket)?;
                }
                Ok(())
            }
        }
    }

    /// Sends past TLS.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.socket).write_all(bytes)
    }

    /// Sends one byte after the other with pauses between them, until the peer has had enough.
    pub fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send([*byte])?;
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Sends the same again and again, until the peer has had enough or far more than enough.
    pub fn flood(&mut self, bytes: &[u8]) -> io::Result<()> {
        const ENOUGH_BYTES: usize = 256 * 1_024 * 1_024;
        for _ in 0..ENOUGH_BYTES / bytes.len() {
            self.send(bytes)?;
        }
        panic!("the peer took it all");
    }

    /// Ends the sending in order: close_notify, then FIN.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(session) = &mut self.tls {
            session.send_close_notify();
            while session.wants_write() {
                session.write_tls(&mut &*self.socket)?;
            }
        }
        self.socket.shutdown(Shutdown::Write)
    }

    /// Has the session find a forged record, of which it tells the peer by a fatal alert.
    pub fn alert(&mut self) -> io::Result<()> {
        let session = self.tls.as_mut().expect("an alert needs a session");
        let mut forged: &[u8] = b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        session.read_tls(&mut forged)?;
        session.process_new_packets().expect_err("a forged record was taken");
        while session.wants_write() {
            session.write_tls(&mut &*self.socket)?;
        }
        Ok(())
    }

    /// Says nothing more until the peer ends the connection.
    pub fn hold(&mut self) -> io::Result<()> {
        while (&*self.socket).read(&mut [0; 4_096])? > 0 {}
        Ok(())
    }

    /// Takes one record off the socket and none of the next, which may be the request.
    fn read_record(&self, session: &mut ServerConnection) -> io::Result<()> {
        let mut record = vec![0; 5];
        (&*self.socket).read_exact(&mut record)?;
        record.resize(5 + usize::from(u16::from_be_bytes([record[3], record[4]])), 0);
        (&*self.socket).read_exact(&mut record[5..])?;
        let mut rest = record.as_slice();
        while !rest.is_empty() {
            session.read_tls(&mut rest)?;
        }
        let state = session.process_new_packets();
        if state.is_err() {
            // It tells the peer why.
            session.write_tls(&mut &*self.socket)?;
        }
        state.map(|_| ()).map_err(io::Error::other)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => (&*self.socket).read(buffer),
            Some(session) => rustls::Stream::new(session, &mut &*self.socket).read(buffer),
        }
    }
}
