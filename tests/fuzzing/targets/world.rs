//! One server under the real driver, for peers that do what a script says, and what must hold after
//! each turn.

use super::net::{Net, Peer, State, place_of};
use super::script::Step;
use herd::driver::{Driver, Readiness};
use herd::herd::Herd;
use herd::limits;
use herd::node::{
    BUS_PROFILE, ClientBounds, Conversation, Credentials, GatewayOptions, LinkSecurity, Node,
    NodeOptions, PlacesSettings, Port, WebOptions,
};
use herd::places::{Dialect, Service};
use herd::transport::{Application, DriverSide, Endpoint, Monotonic, Now, Signal};
use herd::wire::neighbour::Version;
use std::time::Duration;

/// Bytes that peers send in one run, with repetitions.
const SENT_BYTES_MAX: usize = 400_000;
/// When the world begins: 2020-09-13, in nanoseconds since 1970.
const START_NANOSECONDS: i64 = 1_600_000_000_000_000_000;
/// Connections of one run.
const PEERS_MAX: usize = 64;

pub struct World {
    pub node: Node,
    driver: Driver<Conversation, Port, usize>,
    net: Net,
    pub now: Now,
    /// Of those that came up.
    chosen: usize,
    last_piece: Vec<u8>,
    pause: Duration,
    pub sent_bytes: usize,
    stopping: bool,
}

impl World {
    /// The server Goloman of the herd Goloman, with nobody connected.
    pub fn new(classic: bool) -> Self {
        World::with(classic, None)
    }

    /// The same as a gateway to a bus, which is dialled with TLS.
    pub fn gateway() -> Self {
        let options = GatewayOptions {
            endpoints: vec![Endpoint::tls_behind_greeting("bus", 4_222, BUS_PROFILE)],
            credentials: Credentials::None,
            subject: "herd".to_owned(),
            clients: true,
        };
        World::with(false, Some(options))
    }

    fn with(classic: bool, gateway: Option<GatewayOptions>) -> Self {
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
            links: LinkSecurity::Plain,
            classic,
            bounds: ClientBounds::NONE,
            web: WebOptions::NONE,
            places: PlacesSettings::new(service),
            gateway,
            version: Version::HIGHEST,
        });
        let now = Now { monotonic: Monotonic::default(), posix_nanoseconds: START_NANOSECONDS };
        let (mut driver, mut net) = (Driver::new(now), Net::default());
        for port in [Port::Clients, Port::Neighbours, Port::Web] {
            let bound = driver.listen(&mut net, port, ([127, 0, 0, 1], 1).into(), None);
            assert!(bound.is_ok(), "a script's ports are free");
        }
        World {
            node,
            driver,
            net,
            now,
            chosen: 0,
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
            Step::Lose => self.with_chosen(|peer| peer.reset = true),
            Step::Take(bytes) => self.with_chosen(|peer| peer.takes = Some(bytes)),
            Step::TakeAll => self.with_chosen(|peer| peer.takes = None),
            Step::Wait(time) => self.wait(time),
            Step::Client => self.accept(Port::Clients),
            Step::Neighbour => self.accept(Port::Neighbours),
            Step::Visitor => self.accept(Port::Web),
            Step::Connect => self.answer_dial(State::Up),
            Step::Refuse => self.answer_dial(State::Refused),
            Step::Choose(number) => self.chosen = usize::from(number) % self.net.up.len().max(1),
            Step::Disk => self.net.disk.fails = !self.net.disk.fails,
            Step::Stop => self.stop(),
        }
        self.turn();
    }

    /// A turn of the driver; then all of it must fit together.
    pub fn turn(&mut self) {
        let up = self.net.up.len();
        self.driver.turn(&mut self.node, &mut self.net, self.now);
        let done = self.net.disk.take_done();
        done.into_iter().for_each(|(file, event)| self.driver.file_event(file, event));
        if self.net.up.len() > up {
            self.chosen = self.net.up.len() - 1;
        }
        assert_eq!(self.driver.check(), Ok(()));
        assert_eq!(self.node.check(), Ok(()));
        assert_eq!(self.node.positions().check(), Ok(()));
        for (standing, _) in self.driver.connections() {
            let waits = standing.transport.output_len();
            if let Some(peer) = self.net.peers.iter_mut().find(|peer| peer.id == Some(standing.id))
            {
                peer.most_offered = peer.most_offered.max(waits);
            }
        }
    }

    /// The peers, in the order in which they connected or were dialled.
    pub fn peers(&self) -> &[Peer] {
        &self.net.peers
    }

    /// The chosen peer.
    pub fn chosen(&mut self) -> Option<&mut Peer> {
        let index = *self.net.up.get(self.chosen)?;
        self.net.peers.get_mut(index)
    }

    /// How many have come up.
    pub fn up(&self) -> usize {
        self.net.up.len()
    }

    /// Whether the server waits for somebody to answer its dial.
    pub fn is_dialling(&self) -> bool {
        !self.net.dials.is_empty()
    }

    /// Whether the oldest dial is one to a neighbour, not to Places.
    pub fn dials_neighbour(&self) -> bool {
        self.net.dials.front().is_some_and(|&index| !self.net.peers[index].tls)
    }

    /// About how many bytes a peer's protocol keeps: a byte takes three to five characters there.
    pub fn kept_bytes(&mut self, peer: usize) -> usize {
        let found = self.net.peers[peer].id.and_then(|id| self.driver.find(id));
        found.map_or(0, |(_, protocol)| format!("{protocol:?}").len() / 3)
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
        if self.driver.has_work() {
            return Some(self.now.monotonic);
        }
        // The end of a stop stays due.
        let own = self.driver.deadline().filter(|_| !self.driver.has_stopped());
        own.into_iter().chain(self.node.deadline()).min()
    }

    /// Changes the chosen peer, of which there is news then.
    fn with_chosen(&mut self, change: impl FnOnce(&mut Peer)) {
        if let Some(peer) = self.chosen() {
            change(peer);
            let (id, error) = (peer.id, peer.reset);
            let news = Readiness { readable: true, writable: true, read_closed: false, error };
            id.into_iter().for_each(|id| self.driver.ready(id, news));
        }
    }

    fn send(&mut self, data: &[u8]) {
        if self.sent_bytes + data.len() > SENT_BYTES_MAX || self.stopping || data.is_empty() {
            return;
        }
        let earliest = self.now.posix_nanoseconds;
        let deaf = self.chosen().and_then(|peer| peer.id).is_none_or(|id| {
            self.driver.find(id).is_none_or(|(standing, _)| standing.transport.is_ending())
        });
        if deaf || self.chosen().is_some_and(|peer| peer.sent_end || peer.lost || peer.reset) {
            return;
        }
        self.with_chosen(|peer| {
            peer.transcript.sent(data, earliest);
            peer.unread.push_back(data.to_vec());
        });
        self.sent_bytes += data.len();
        self.last_piece = data.to_vec();
    }

    fn accept(&mut self, port: Port) {
        if !self.stopping && self.net.peers.len() < PEERS_MAX {
            self.net.incoming.push_back(port);
            self.driver.incoming(place_of(port));
        }
    }

    /// The oldest dial succeeds, or fails.
    fn answer_dial(&mut self, state: State) {
        if let Some(index) = self.net.dials.pop_front() {
            let peer = &mut self.net.peers[index];
            peer.state = state;
            if state == State::Up {
                self.net.up.push(index);
                self.chosen = self.net.up.len() - 1;
            }
            peer.id.into_iter().for_each(|id| self.driver.ready(id, Readiness::default()));
        }
    }

    /// As at a signal: everybody is told, once.
    pub fn stop(&mut self) {
        if !self.stopping {
            self.stopping = true;
            self.driver.signal(Signal::Terminate);
        }
    }

    /// All peers break their connections.
    pub fn lose_all(&mut self) {
        for chosen in 0..self.net.up.len() {
            self.chosen = chosen;
            self.step(Step::Lose);
        }
    }
}
