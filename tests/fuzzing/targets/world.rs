//! One server in a world without sockets: what the reactor does in a turn, for peers that do what
//! a script says, and what must hold after each turn.

use super::script::Step;
use super::transcript::Transcript;
use herd::herd::Herd;
use herd::limits;
use herd::node::{CLIENT_LISTENER, Conversation, NEIGHBOUR_LISTENER, Node, NodeOptions};
use herd::places::{Dialect, Service};
use herd::transport::{
    Action, Application, ConnectionId, Context, Lost, Monotonic, Now, Protocol, Transport,
};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

/// Bytes that peers send in one run, with repetitions.
const SENT_BYTES_MAX: usize = 400_000;
/// When the world begins: 2020-09-13, in nanoseconds since 1970.
const START_NANOSECONDS: i64 = 1_600_000_000_000_000_000;

pub struct World {
    pub node: Node,
    pub now: Now,
    pub peers: Vec<Peer>,
    chosen: usize,
    dials: VecDeque<(Conversation, bool)>,
    last_piece: Vec<u8>,
    pause: Duration,
    pub sent_bytes: usize,
    stopping: bool,
}

/// One connection and who is at its other end.
pub struct Peer {
    protocol: Conversation,
    transport: Transport,
    listener: Option<usize>,
    /// How many bytes of output it will still take.
    takes: usize,
    /// What it has sent and not been read yet.
    unread: VecDeque<Vec<u8>>,
    sent_end: bool,
    read_end: bool,
    pub lost: bool,
    closed: bool,
    /// What it has received.
    pub received: Vec<u8>,
    /// The most output that waited for it.
    most_waiting: usize,
    pub transcript: Transcript,
}

impl World {
    /// The server Goloman of the herd Goloman, with nobody connected.
    pub fn new(classic: bool) -> Self {
        let Ok(herd) = Herd::load("goloman") else { unreachable!("it is built in") };
        let url = "https://localhost:8443/maps/api/place/nearbysearch/json";
        let Ok(service) = Service::parse(url, Dialect::Legacy, None) else {
            unreachable!("the URL is a good one");
        };
        let node = Node::new(NodeOptions {
            herd: &herd,
            server: 0,
            epoch: 1,
            seed: 2,
            key: [3, 4],
            max_skew: limits::SKEW_DEFAULT,
            positions_bytes_max: usize::MAX,
            classic,
            places: herd::node::PlacesSettings::new(service),
            version: herd::wire::neighbour::Version::HIGHEST,
        });
        World {
            node,
            now: Now { monotonic: Monotonic::default(), posix_nanoseconds: START_NANOSECONDS },
            peers: Vec::new(),
            chosen: 0,
            dials: VecDeque::new(),
            last_piece: Vec::new(),
            pause: Duration::ZERO,
            sent_bytes: 0,
            stopping: false,
        }
    }

    /// Takes a step and the turn after it.
    pub fn step(&mut self, step: Step<'_>) {
        match step {
            Step::Data(data) => self.send(data),
            Step::Repeat(times) => {
                let piece = self.last_piece.clone();
                for _ in 0..times {
                    self.wait(self.pause);
                    self.send(&piece);
                    self.turn();
                }
            }
            Step::Pause(pause) => self.pause = pause,
            Step::End => self.with_chosen(|peer| peer.sent_end = true),
            Step::Lose => self.lose(self.chosen, &Lost::Io(ErrorKind::ConnectionReset.into())),
            Step::Take(bytes) => self.with_chosen(|peer| peer.takes = bytes),
            Step::TakeAll => self.with_chosen(|peer| peer.takes = usize::MAX),
            Step::Wait(time) => self.wait(time),
            Step::Client => self.accept(CLIENT_LISTENER),
            Step::Neighbour => self.accept(NEIGHBOUR_LISTENER),
            Step::Connect => self.connect(),
            Step::Refuse => self.refuse(),
            Step::Choose(number) => self.chosen = usize::from(number) % self.peers.len().max(1),
            Step::Stop => self.stop(),
        }
        self.turn();
    }

    /// Does what a turn of the reactor does.
    pub fn turn(&mut self) {
        for index in 0..self.peers.len() {
            if self.peers[index].is_open() && self.peers[index].transport.take_resume().is_some() {
                self.call(index, |protocol, cx| protocol.resume_writing(cx));
            }
            self.read(index);
        }
        let now = self.now.monotonic;
        for index in 0..self.peers.len() {
            if self.peers[index].transport.stalls_at().is_some_and(|at| at <= now) {
                self.lose(index, &Lost::Stalled);
            } else if self.peers[index].is_open() && self.peers[index].transport.take_due_timer(now)
            {
                self.call(index, |protocol, cx| protocol.timer_expired(cx));
            }
        }
        if self.node.deadline().is_some_and(|at| at <= now) {
            self.node.timer_expired(self.now);
        }
        self.settle();
        self.node.turn_ended(self.now);
        self.settle();
        for index in 0..self.peers.len() {
            self.write(index);
        }
        self.settle();
    }

    /// The chosen peer.
    pub fn chosen(&mut self) -> Option<&mut Peer> {
        self.peers.get_mut(self.chosen)
    }

    /// Whether the server waits for somebody to answer its dial.
    pub fn is_dialling(&self) -> bool {
        !self.dials.is_empty()
    }

    /// Whether the oldest dial is one to a neighbour, not to Places.
    pub fn dials_neighbour(&self) -> bool {
        self.dials.front().is_some_and(|(_, tls)| !tls)
    }

    pub fn wait(&mut self, time: Duration) {
        let until = self.now.monotonic + time;
        // Timers have their turns on the way: a thousand are enough to meet any limit.
        for _ in 0..1_000 {
            let next = self.next_deadline().filter(|&at| at < until);
            let Some(at) = next else { break };
            self.set_time(at.max(self.now.monotonic));
            self.turn();
        }
        self.set_time(until);
    }

    fn set_time(&mut self, to: Monotonic) {
        let passed = to.since(self.now.monotonic).as_nanos();
        self.now.monotonic = to;
        self.now.posix_nanoseconds += i64::try_from(passed).unwrap_or(0);
    }

    fn next_deadline(&self) -> Option<Monotonic> {
        let open = self.peers.iter().filter(|peer| peer.is_open());
        let timers = open.flat_map(|peer| [peer.transport.timer(), peer.transport.stalls_at()]);
        timers.flatten().chain(self.node.deadline()).min()
    }

    fn with_chosen(&mut self, change: impl FnOnce(&mut Peer)) {
        self.chosen().map(change);
    }

    fn send(&mut self, data: &[u8]) {
        if self.sent_bytes + data.len() > SENT_BYTES_MAX || self.stopping {
            return;
        }
        let earliest = self.now.posix_nanoseconds;
        let Some(peer) = self.chosen() else { return };
        if peer.sent_end || peer.lost || peer.transport.is_ending() {
            return;
        }
        peer.transcript.sent(data, earliest);
        peer.unread.push_back(data.to_vec());
        self.sent_bytes += data.len();
        self.last_piece = data.to_vec();
    }

    fn accept(&mut self, listener: usize) {
        if self.stopping || self.peers.len() >= 64 {
            return;
        }
        let protocol = self.node.accepted(listener, ([127, 0, 0, 1], 9).into());
        self.add(protocol, Some(listener));
    }

    /// The oldest dial succeeds.
    pub fn connect(&mut self) {
        if let Some((protocol, _)) = self.dials.pop_front() {
            self.add(protocol, None);
        }
    }

    fn refuse(&mut self) {
        if let Some((mut protocol, _)) = self.dials.pop_front() {
            let id = ConnectionId { slot: u32::MAX, generation: 0 };
            let mut transport = Transport::new(id);
            let mut cx = Context { app: &mut self.node, transport: &mut transport, now: self.now };
            let cause = Lost::Connect(ErrorKind::ConnectionRefused.into());
            protocol.connection_lost(&mut cx, &cause);
        }
    }

    fn add(&mut self, protocol: Conversation, listener: Option<usize>) {
        self.chosen = self.peers.len();
        let id = ConnectionId { slot: self.chosen as u32, generation: 0 };
        self.peers.push(Peer {
            protocol,
            transport: Transport::new(id),
            listener,
            takes: usize::MAX,
            unread: VecDeque::new(),
            sent_end: false,
            read_end: false,
            lost: false,
            closed: false,
            received: Vec::new(),
            most_waiting: 0,
            transcript: Transcript::default(),
        });
        self.call(self.chosen, |protocol, cx| protocol.connection_made(cx));
    }

    /// As at a signal: everybody is told, once.
    pub fn stop(&mut self) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.node.stopping(self.now);
        for index in 0..self.peers.len() {
            self.call(index, |protocol, cx| protocol.stopping(cx));
        }
    }

    fn call(
        &mut self,
        index: usize,
        callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>),
    ) {
        let peer = &mut self.peers[index];
        if peer.lost {
            return;
        }
        let transport = &mut peer.transport;
        callback(
            &mut peer.protocol,
            &mut Context { app: &mut self.node, transport, now: self.now },
        );
        peer.most_waiting = peer.most_waiting.max(peer.transport.output_len());
    }

    /// Delivers what the peer has sent, as far as the protocol wants it.
    fn read(&mut self, index: usize) {
        while self.peers[index].is_open() && self.peers[index].transport.wants_data() {
            if let Some(piece) = self.peers[index].unread.pop_front() {
                self.call(index, |protocol, cx| protocol.data_received(cx, &piece));
            } else if self.peers[index].sent_end && !self.peers[index].read_end && !self.stopping {
                self.peers[index].read_end = true;
                self.call(index, |protocol, cx| protocol.eof_received(cx));
            } else {
                return;
            }
        }
    }

    fn write(&mut self, index: usize) {
        let peer = &mut self.peers[index];
        if peer.lost {
            return;
        }
        if peer.transport.is_aborted() {
            self.lose(index, &Lost::Aborted);
            return;
        }
        let count = peer.takes.min(peer.transport.output_len());
        peer.received.extend_from_slice(&peer.transport.output()[..count]);
        if peer.transport.output_len() > 0 {
            peer.transport.advance(count, self.now.monotonic);
        }
        if peer.takes != usize::MAX {
            peer.takes -= count;
        }
        if peer.transport.is_closing() && peer.transport.output_len() == 0 {
            self.lose(index, &Lost::Closed);
        }
    }

    /// The last callback of a connection.
    pub fn lose(&mut self, index: usize, cause: &Lost) {
        let Some(peer) = self.peers.get_mut(index).filter(|peer| !peer.lost) else { return };
        peer.lost = true;
        peer.closed = matches!(cause, Lost::Closed);
        peer.transport.abort();
        peer.transport.drop_output();
        let transport = &mut peer.transport;
        let mut cx = Context { app: &mut self.node, transport, now: self.now };
        peer.protocol.connection_lost(&mut cx, cause);
        assert_eq!(peer.transport.output_len(), 0, "what is written after the loss is dropped");
    }

    fn settle(&mut self) {
        for _ in 0..limits::ACTION_ROUNDS_PER_TURN {
            let mut quiet = true;
            while let Some(action) = self.node.next_action() {
                quiet = false;
                match action {
                    Action::Dial { endpoint, protocol, .. } => {
                        self.dials.push_back((protocol, endpoint.tls));
                    }
                    Action::Wake(id) => {
                        if (id.slot as usize) < self.peers.len() {
                            self.call(id.slot as usize, |protocol, cx| protocol.woken(cx));
                        }
                    }
                    Action::Stop => unreachable!("nobody here asks for it"),
                }
            }
            if quiet {
                return;
            }
        }
    }
}

impl Peer {
    pub fn is_open(&self) -> bool {
        !self.lost
    }

    pub fn is_client(&self) -> bool {
        self.listener == Some(CLIENT_LISTENER)
    }

    /// Whether its connection was closed after all that was written had been handed over.
    pub fn ended_in_order(&self) -> bool {
        self.closed
    }

    /// Whether it has ended its sending, and the server has seen that.
    pub fn has_ended(&self) -> bool {
        self.read_end
    }

    /// The most bytes of output that have waited for it.
    pub fn most_waiting(&self) -> usize {
        self.most_waiting
    }

    /// About how many bytes its protocol keeps: a byte takes three to five characters there.
    pub fn kept_bytes(&self) -> usize {
        format!("{:?}", self.protocol).len() / 3
    }
}
