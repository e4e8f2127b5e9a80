//! The world of a simulated server's driver: sockets that are ends of connections of the simulated
//! network.

mod secured;

use super::env::Env;
use super::links::Keys;
use super::net::{Dialled, End, Owner, Read as NetRead};
use super::trace::Tag;
use herd::driver::{Accepted, Progress, Read, Readiness, World, Written};
use herd::limits;
use herd::node::LINKS_PROFILE;
use herd::transport::{
    ConnectionId, DialStage, Endpoint, FileEvent, FileId, FileRequest, Lost, Monotonic, PeerInfo,
    Security, TlsProfile,
};
use secured::{Handshake, Secured, Wire};
use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The listeners of a server: for clients, for neighbours, for HTTP.
pub const LISTENERS: usize = 3;

/// What a server's kernel keeps for its process.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Those who wait to be accepted, by listener, and the hosts that they are from.
    pub incoming: [VecDeque<(End, usize)>; LISTENERS],
    /// What is to be told of sockets that are new.
    pub news: Vec<(ConnectionId, Readiness)>,
    /// What it speaks TLS by, if it does, and at which listeners.
    pub keys: Option<Keys>,
    secured: [bool; LISTENERS],
}

/// An end of a connection.
#[derive(Debug)]
pub struct Socket {
    pub end: End,
    id: ConnectionId,
    /// Until when it may take to connect.
    deadline: Monotonic,
    tls: Option<Box<Secured>>,
}

/// The kernel of a server during a turn.
pub struct Kernel<'a, 'e> {
    pub env: &'a RefCell<&'e mut Env>,
    pub machine: usize,
    pub inbox: &'a mut Inbox,
}

/// What a kernel tells of a socket of which there is news.
pub fn readiness(env: &Env, end: End) -> Readiness {
    let (read_closed, error) = (env.net.has_ended(end), env.net.is_reset(end));
    Readiness { readable: true, writable: true, read_closed, error }
}

/// The address of a host; what it is called when it connects.
pub fn address_of(host: usize) -> SocketAddr {
    (Ipv4Addr::from_bits(0x0a00_0000 + host as u32), 40_000).into()
}

/// The host with that address.
pub fn host_at(address: SocketAddr) -> usize {
    match address {
        SocketAddr::V4(address) => (address.ip().to_bits() - 0x0a00_0000) as usize,
        SocketAddr::V6(_) => unreachable!("hosts have addresses of IPv4"),
    }
}

/// The connection was reset.
fn broken() -> Lost {
    Lost::Io(io::Error::from(io::ErrorKind::ConnectionReset))
}

fn read_plain(env: &mut Env, end: End, buffer: &mut [u8]) -> Result<Read, Lost> {
    let Env { net, agenda, random, .. } = env;
    match net.read(end, buffer, agenda, random) {
        NetRead::Nothing => Ok(Read::Nothing),
        NetRead::End => Ok(Read::End),
        NetRead::Bytes(count) => Ok(Read::Bytes { count, emptied: count < buffer.len() }),
        NetRead::Reset => Err(broken()),
    }
}

fn write_plain(env: &mut Env, end: End, bytes: &[u8]) -> Result<Written, Lost> {
    let Env { net, agenda, random, .. } = env;
    let count = net.write(end, bytes, agenda, random).map_err(|_| broken())?;
    Ok(Written { count, moved: count > 0, full: count < bytes.len() })
}

impl Kernel<'_, '_> {
    fn note(env: &mut Env, tag: Tag, machine: usize, id: ConnectionId, data: &[u8]) {
        let now = env.agenda.now();
        env.trace.note(now, tag, machine as u64, u64::from(id.slot), data);
    }

    /// The end belongs to this server.
    fn own(&mut self, end: End, id: ConnectionId) {
        let mut env = self.env.borrow_mut();
        env.net.own(end, Owner::Server { machine: self.machine, id });
        env.ends.insert((self.machine, id), end);
    }
}

impl World for Kernel<'_, '_> {
    type Socket = Socket;

    fn listen(
        &mut self,
        place: usize,
        address: SocketAddr,
        tls: Option<TlsProfile>,
    ) -> io::Result<SocketAddr> {
        self.inbox.secured[place] = tls.is_some();
        self.env.borrow_mut().net.listen(self.machine, place, true);
        Ok(address)
    }

    fn hold_off(&mut self, place: usize) -> bool {
        self.env.borrow_mut().net.listen(self.machine, place, false);
        true
    }

    fn stop_listening(&mut self, place: usize) {
        let mut env = self.env.borrow_mut();
        let Env { net, agenda, random, .. } = &mut **env;
        net.listen(self.machine, place, false);
        for (end, _) in self.inbox.incoming[place].drain(..) {
            net.abort(end, agenda, random);
        }
    }

    fn accept(
        &mut self,
        place: usize,
        id: ConnectionId,
        now: Monotonic,
    ) -> io::Result<Option<Accepted<Socket>>> {
        if self.inbox.incoming[place].is_empty() {
            return Ok(None);
        }
        let no_descriptors = {
            let mut env = self.env.borrow_mut();
            let often = env.no_descriptors;
            env.random.chance(often)
        };
        if no_descriptors {
            return Err(io::Error::other("no descriptor is left"));
        }
        let Some((end, from)) = self.inbox.incoming[place].pop_front() else {
            return Ok(None);
        };
        self.own(end, id);
        let mut env = self.env.borrow_mut();
        self.inbox.news.push((id, readiness(&env, end)));
        Self::note(&mut env, Tag::Accept, self.machine, id, &[place as u8]);
        let (address, deadline) = (address_of(from), now + limits::HANDSHAKE_TIMEOUT);
        let keys = self.inbox.keys.as_ref().filter(|_| self.inbox.secured[place]);
        let tls = keys.map(|keys| Box::new(Secured::accepted(&keys.accepted)));
        let progress = match &tls {
            Some(_) => Progress::Pending(deadline),
            None => Progress::Up(PeerInfo::at(address)),
        };
        let socket = Socket { end, id, deadline, tls };
        Ok(Some(Accepted { socket, address, progress }))
    }

    fn dial(
        &mut self,
        id: ConnectionId,
        endpoint: &Endpoint,
        timeout: Duration,
        now: Monotonic,
    ) -> Result<(Socket, Monotonic), Lost> {
        let end = {
            let mut env = self.env.borrow_mut();
            Self::note(&mut env, Tag::Dial, self.machine, id, b"");
            let Some(target) = env.resolve(endpoint) else {
                return Err(Lost::Resolve("no such host".to_owned()));
            };
            let Env { net, agenda, random, .. } = &mut **env;
            net.dial(self.machine, target, agenda, random)
        };
        self.own(end, id);
        let deadline = now + timeout;
        // Places is spoken with in plain.
        let tls = match &endpoint.security {
            Security::Tls { profile, name, .. } if *profile == LINKS_PROFILE => {
                Some(Box::new(Secured::dialled(name)))
            }
            _ => None,
        };
        Ok((Socket { end, id, deadline, tls }, deadline))
    }

    fn advance(
        &mut self,
        _id: ConnectionId,
        socket: &mut Socket,
        now: Monotonic,
    ) -> Result<Progress, Lost> {
        let mut env = self.env.borrow_mut();
        let end = socket.end;
        let target = env.net.hosts_of(end).map(|(_, peer)| address_of(peer));
        match (env.net.dialled(end), target) {
            (Dialled::Connected, Some(address)) => {
                let mut wire = Wire { env: &mut env, end };
                let keys = self.inbox.keys.as_ref();
                let handshake = socket.tls.as_mut().map(|tls| tls.advance(&mut wire, keys));
                let name = match handshake.unwrap_or(Ok(Handshake::NotWanted))? {
                    Handshake::Done(name) => {
                        env.checks.tally.handshakes += 1;
                        name
                    }
                    Handshake::NotWanted => {
                        socket.tls = None;
                        None
                    }
                    Handshake::Pending if now < socket.deadline => {
                        return Ok(Progress::Pending(socket.deadline));
                    }
                    Handshake::Pending if end.side == 0 => {
                        return Err(Lost::ConnectTimeout(DialStage::Handshake(address)));
                    }
                    Handshake::Pending => {
                        return Err(Lost::Tls("no handshake in time".to_owned()));
                    }
                };
                Ok(Progress::Up(PeerInfo { address, name }))
            }
            (Dialled::Pending, Some(address)) if now >= socket.deadline => {
                Err(Lost::ConnectTimeout(DialStage::Connect(address)))
            }
            (Dialled::Pending, _) => Ok(Progress::Pending(socket.deadline)),
            _ => Err(Lost::Connect(io::Error::from(io::ErrorKind::ConnectionRefused))),
        }
    }

    fn read(&mut self, socket: &mut Socket, buffer: &mut [u8]) -> Result<Read, Lost> {
        let mut env = self.env.borrow_mut();
        let (end, id, machine) = (socket.end, socket.id, self.machine);
        let most = match env.net.is_whole(end) {
            true => buffer.len(),
            false => env.draw_read(buffer.len()),
        };
        let buffer = &mut buffer[..most];
        let outcome = match &mut socket.tls {
            Some(tls) => tls.read(&mut Wire { env: &mut env, end }, buffer),
            None => read_plain(&mut env, end, buffer),
        };
        match &outcome {
            Ok(Read::Nothing | Read::Later) => {}
            Ok(Read::End) => Self::note(&mut env, Tag::End, machine, id, b""),
            Ok(Read::Bytes { count, .. }) => {
                Self::note(&mut env, Tag::Read, machine, id, &buffer[..*count]);
            }
            Err(_) => Self::note(&mut env, Tag::Broken, machine, id, b""),
        }
        outcome
    }

    fn write(&mut self, socket: &mut Socket, bytes: &[u8]) -> Result<Written, Lost> {
        let mut env = self.env.borrow_mut();
        env.begin_writing(self.machine);
        if bytes.is_empty() && socket.tls.is_none() {
            return Ok(Written { count: 0, moved: false, full: false });
        }
        let end = socket.end;
        let goes_first = env.net.is_between_servers(end);
        // Nobody minds when the bus is told.
        if !env.is_with_bus(end) {
            env.note_write(self.machine, goes_first);
        }
        let written = match &mut socket.tls {
            Some(tls) => tls.write(&mut Wire { env: &mut env, end }, bytes)?,
            None => write_plain(&mut env, end, bytes)?,
        };
        let size = (written.count as u64).to_le_bytes();
        Self::note(&mut env, Tag::Write, self.machine, socket.id, &size);
        Ok(written)
    }

    fn finish(&mut self, socket: &mut Socket, _ended: bool) -> Result<bool, Lost> {
        let mut env = self.env.borrow_mut();
        let late = env.late_ends;
        if env.random.chance(late) {
            self.inbox.news.push((socket.id, readiness(&env, socket.end)));
            return Ok(false);
        }
        if let Some(tls) = &mut socket.tls
            && !tls.finish(&mut Wire { env: &mut env, end: socket.end })?
        {
            return Ok(false);
        }
        Self::note(&mut env, Tag::Finish, self.machine, socket.id, b"");
        let Env { net, agenda, random, .. } = &mut **env;
        net.finish(socket.end, agenda, random);
        Ok(true)
    }

    fn limit_unsent(&mut self, _id: ConnectionId, _socket: &mut Socket) {}

    fn error(&mut self, socket: &mut Socket) -> Option<Lost> {
        self.env.borrow().net.is_reset(socket.end).then(broken)
    }

    fn close(&mut self, id: ConnectionId, socket: Socket) {
        let mut env: RefMut<'_, &mut Env> = self.env.borrow_mut();
        env.ends.remove(&(self.machine, id));
        let Env { net, agenda, random, .. } = &mut **env;
        net.close(socket.end, agenda, random);
    }

    fn file(&mut self, file: FileId, request: FileRequest) -> Option<FileEvent> {
        let mut env = self.env.borrow_mut();
        let (now, machine) = (env.agenda.now(), self.machine);
        let asked = format!("{request:?}");
        env.trace.note(now, Tag::File, machine as u64, u64::from(file.0), asked.as_bytes());
        let request = env.misheard_by_the_disk(machine, file, request);
        let Env { disks, agenda, .. } = &mut **env;
        disks.request(machine, file, request, agenda)
    }
}
