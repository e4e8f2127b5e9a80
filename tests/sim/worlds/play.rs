//! A script of happenings and how it is played, whatever the world: who does what when, and what is
//! noted of it.

use super::harness::{Call, Event};
use herd::transport::ConnectionId;
use std::mem;

/// One thing that happens, or that is waited for. Peers and conversations are numbered from 0 in the
/// order in which they came to be.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A new peer connects.
    Connect,
    /// A new peer is the one that the server has dialled.
    Accept,
    /// A peer sends that.
    Send(usize, &'static [u8]),
    /// A peer says that it sends no more.
    Finish(usize),
    /// A peer closes its socket.
    Close(usize),
    /// A peer resets the connection.
    Reset(usize),
    /// A peer reads no more.
    Deaf(usize),
    /// A peer reads again.
    Hears(usize),
    /// A peer that does not read has something to read.
    Unread(usize),
    /// A peer has read so many bytes.
    Heard(usize, usize),
    /// A conversation was told that (`Data 7`: seven bytes at least).
    Told(usize, &'static str),
}

/// Sockets of peers, and a server under a driver with [`obedient`](super::server::obedient) conversations.
pub trait World {
    /// A peer's end of a connection.
    type Socket;

    /// Connects to the server.
    fn connect(&mut self) -> Self::Socket;
    /// Takes who was dialled by the server, if anybody was.
    fn accept(&mut self) -> Option<Self::Socket>;
    /// Writes what is taken at once; None if the connection is broken.
    fn write(&mut self, socket: &mut Self::Socket, bytes: &[u8]) -> Option<usize>;
    /// Reads what is there.
    fn read(&mut self, socket: &mut Self::Socket, buffer: &mut [u8]) -> Came;
    /// Whether there is something to read.
    fn has_unread(&mut self, socket: &mut Self::Socket) -> bool;
    fn finish(&mut self, socket: &mut Self::Socket);
    fn close(&mut self, socket: Self::Socket);
    fn reset(&mut self, socket: Self::Socket);
    /// Lets something happen; false if that has been waited for long enough.
    fn pass(&mut self) -> bool;
    /// The callbacks since this was asked last.
    fn calls(&mut self) -> Vec<Call>;
}

/// What came to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Bytes(usize),
    Nothing,
    /// No more will.
    Over(Ending),
}

/// How a peer's connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    InOrder,
    Reset,
}

/// What was noted of a script.
#[derive(Debug)]
pub struct Record {
    /// What each conversation was told: runs of data joined, runs of `Room` collapsed, a loss by the
    /// kind of its cause.
    pub conversations: Vec<Vec<Event>>,
    /// What each peer read and how its connection ended, if it did not end it itself.
    pub peers: Vec<(Vec<u8>, Option<Ending>)>,
    /// The conversations in the order in which they were told of data, each once for all that it was
    /// told in a row.
    pub turns: Vec<usize>,
}

/// Plays the script until so many conversations are lost and every peer that reads has been told the
/// end.
pub fn play(world: &mut impl World, script: &[Step], conversations: usize) -> Record {
    let mut player = Player { world, peers: Vec::new(), told: Vec::new() };
    script.iter().for_each(|&step| player.step(step));
    player.wait("the conversations end", |player| {
        let told = player.conversations();
        let lost = told.iter().filter(|told| matches!(told.last(), Some(Event::Lost(_))));
        lost.count() >= conversations && player.peers.iter().all(Peer::is_done)
    });
    let conversations = player.conversations();
    let turns = player.turns();
    let peers = player.peers.into_iter().map(|peer| (peer.received, peer.ending)).collect();
    Record { conversations, peers, turns }
}

/// A callback in words.
pub fn words(event: &Event) -> String {
    match event {
        Event::Data(data) => format!("Data {}", data.len()),
        Event::Lost(kind) => format!("Lost {kind}"),
        other => format!("{other:?}"),
    }
}

struct Player<'w, W: World> {
    world: &'w mut W,
    peers: Vec<Peer<W::Socket>>,
    told: Vec<(ConnectionId, Event)>,
}

struct Peer<S> {
    /// None once it has closed or reset it.
    socket: Option<S>,
    /// What it has yet to send, and whether nothing comes behind it.
    pending: Vec<u8>,
    finishes: bool,
    hears: bool,
    received: Vec<u8>,
    ending: Option<Ending>,
}

impl<S> Peer<S> {
    fn new(socket: S) -> Self {
        Peer {
            socket: Some(socket),
            pending: Vec::new(),
            finishes: false,
            hears: true,
            received: Vec::new(),
            ending: None,
        }
    }

    /// Nothing more will come of it.
    fn is_done(&self) -> bool {
        self.socket.is_none() || !self.hears || self.ending.is_some()
    }

    /// Sends and reads what is possible.
    fn go_on(&mut self, world: &mut impl World<Socket = S>) {
        let Some(socket) = &mut self.socket else { return };
        if !self.pending.is_empty() {
            let written = world.write(socket, &self.pending).unwrap_or(self.pending.len());
            self.pending.drain(..written);
        }
        if self.pending.is_empty() && mem::take(&mut self.finishes) {
            world.finish(socket);
        }
        let mut buffer = [0; 16_384];
        while self.hears && self.ending.is_none() {
            match world.read(socket, &mut buffer) {
                Came::Bytes(count) => self.received.extend_from_slice(&buffer[..count]),
                Came::Nothing => break,
                Came::Over(ending) => self.ending = Some(ending),
            }
        }
    }
}

impl<W: World> Player<'_, W> {
    fn step(&mut self, step: Step) {
        match step {
            Step::Connect => {
                let socket = self.world.connect();
                self.peers.push(Peer::new(socket));
            }
            Step::Accept => self.accept(),
            Step::Send(peer, bytes) => self.peers[peer].pending.extend_from_slice(bytes),
            Step::Finish(peer) => self.peers[peer].finishes = true,
            Step::Close(peer) => {
                let socket = self.peers[peer].socket.take();
                socket.into_iter().for_each(|socket| self.world.close(socket));
            }
            Step::Reset(peer) => {
                let socket = self.peers[peer].socket.take();
                socket.into_iter().for_each(|socket| self.world.reset(socket));
            }
            Step::Deaf(peer) => self.peers[peer].hears = false,
            Step::Hears(peer) => self.peers[peer].hears = true,
            Step::Unread(peer) => self.wait("a peer has something to read", |player| {
                let socket = player.peers[peer].socket.as_mut();
                socket.is_some_and(|socket| player.world.has_unread(socket))
            }),
            Step::Heard(peer, bytes) => {
                self.wait("a peer hears", |player| player.peers[peer].received.len() >= bytes)
            }
            Step::Told(which, what) => self.wait(what, |player| {
                player.conversations().get(which).is_some_and(|told| was_told(told, what))
            }),
        }
        self.go_on();
    }

    fn accept(&mut self) {
        self.wait("the server dials", |player| {
            let socket = player.world.accept();
            let accepted = socket.is_some();
            player.peers.extend(socket.map(Peer::new));
            accepted
        });
    }

    fn wait(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        loop {
            self.go_on();
            if so(self) {
                return;
            }
            let told = self.conversations();
            assert!(self.world.pass(), "it does not come that {what}: {told:?}");
        }
    }

    fn go_on(&mut self) {
        self.peers.iter_mut().for_each(|peer| peer.go_on(self.world));
        let calls = self.world.calls().into_iter();
        self.told.extend(calls.filter_map(|call| Some((call.id?, call.event))));
    }

    /// The conversations in the order in which they came to be.
    fn ids(&self) -> Vec<ConnectionId> {
        let mut ids: Vec<ConnectionId> = Vec::new();
        for (id, _) in &self.told {
            if !ids.contains(id) {
                ids.push(*id);
            }
        }
        ids
    }

    fn turns(&self) -> Vec<usize> {
        let ids = self.ids();
        let data = self.told.iter().filter(|(_, event)| matches!(event, Event::Data(_)));
        let mut turns: Vec<usize> =
            data.filter_map(|(id, _)| ids.iter().position(|known| known == id)).collect();
        turns.dedup();
        turns
    }

    /// What each conversation was told so far.
    fn conversations(&self) -> Vec<Vec<Event>> {
        let ids = self.ids();
        let mut told: Vec<Vec<Event>> = vec![Vec::new(); ids.len()];
        for (id, event) in &self.told {
            let Some(which) = ids.iter().position(|known| known == id) else { continue };
            match (told[which].last_mut(), event) {
                (Some(Event::Data(before)), Event::Data(data)) => before.extend_from_slice(data),
                (Some(Event::Room), Event::Room) => {}
                (_, Event::Lost(cause)) => told[which].push(Event::Lost(kind_of(cause))),
                (_, event) => told[which].push(event.clone()),
            }
        }
        told
    }
}

/// `Io` of `Io(Kind(ConnectionReset))`.
fn kind_of(cause: &str) -> String {
    cause.split('(').next().unwrap_or_default().to_owned()
}

fn was_told(told: &[Event], what: &str) -> bool {
    match what.strip_prefix("Data ").and_then(|bytes| bytes.parse().ok()) {
        Some(bytes) => {
            let data = told.iter().map(|event| match event {
                Event::Data(data) => data.len(),
                _ => 0,
            });
            data.sum::<usize>() >= bytes
        }
        None => told.iter().any(|event| words(event) == what),
    }
}
