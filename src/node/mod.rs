//! One server of the herd: its conversations, and what they share.
//!
//! | who | conversation | side |
//! |---|---|---|
//! | a client | `client` | accepted |
//! | a neighbour that pushes its feed to us | `neighbour` | accepted |
//! | a neighbour to which we push our feed | `link` | dialled |
//! | Places | `fetch`, for the questions in `query` | dialled |
//!
//! They meet only in the [`Node`]: reports go into the positions, and at the end of each turn the
//! links that have not told all of the feed are woken to walk it. Links go before clients in
//! writing, so a client that has its answer finds its report at the neighbours.

mod client;
mod fetch;
mod lines;
mod link;
mod neighbour;
mod peers;
mod query;
mod random;
mod reminder;

use crate::herd::Herd;
use crate::limits;
pub use crate::places::PlacesSettings;
use crate::positions::{OriginId, Positions};
use crate::transport::{
    Action, Application, ConnectionId, Context, Lost, Meters, Monotonic, Now, PeerInfo, Protocol,
    Signal,
};
use crate::wire::Printable;
use crate::wire::neighbour::{PROTOCOL_VERSION, at_beginning};
use client::Client;
use fetch::Fetch;
use link::Link;
use log::{error, info};
use neighbour::Neighbour;
use peers::{LinkState, Peer};
pub use query::Counters;
use query::Queries;
use random::Random;
use reminder::Reminder;
use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// The ports of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// For clients.
    Clients,
    /// For neighbours.
    Neighbours,
}

type Actions = VecDeque<Action<Conversation, Port>>;

/// How to be one server. All randomness is in `epoch` and `seed`.
#[derive(Debug)]
pub struct NodeOptions<'a> {
    /// The herd.
    pub herd: &'a Herd,
    /// Which server of it: an index.
    pub server: usize,
    /// Names this life of the server; no other life of it may have the same.
    pub epoch: u64,
    /// Seeds what need not be secret.
    pub seed: u64,
    /// Must be secret: see [`Positions::new`].
    pub key: [u64; 2],
    /// How far ahead of our clock a client's time may be.
    pub max_skew: Duration,
    /// How much memory positions may take before a client's report that needs more is refused; what
    /// neighbours have taken is never refused.
    pub positions_bytes_max: usize,
    /// Whether to serve the clients of the papers.
    pub classic: bool,
    /// Whom to ask what is near, and how.
    pub places: PlacesSettings,
}

#[cfg(test)]
impl<'a> NodeOptions<'a> {
    /// What unit tests start a server with.
    fn for_tests(herd: &'a Herd, server: &str, places: PlacesSettings) -> Self {
        NodeOptions {
            server: herd.position(server).unwrap(),
            herd,
            epoch: 1,
            seed: 2,
            key: [3, 4],
            max_skew: limits::SKEW_DEFAULT,
            positions_bytes_max: limits::POSITIONS_BYTES_DEFAULT,
            classic: false,
            places,
        }
    }
}

/// What one server's conversations share.
#[derive(Debug)]
pub struct Node {
    settings: Settings,
    origin: OriginId,
    positions: Positions,
    /// Of reports that found no room.
    no_room: Reminder,
    /// How many changes came in this turn, once it has ended, and the feed's head when it did.
    news: u64,
    head_told: u64,
    peers: Vec<Peer>,
    queries: Queries,
    actions: Actions,
    random: Random,
    stopping: bool,
    /// SIGHUP has come, and nobody has asked.
    hung_up: bool,
}

/// What does not change.
#[derive(Debug)]
struct Settings {
    herd: String,
    name: String,
    /// Of our answers to reports.
    at_beginning: Vec<u8>,
    epoch: u64,
    max_skew_nanoseconds: i64,
    classic: bool,
}

/// One of the conversations of a server.
#[derive(Debug)]
pub struct Conversation(Kind);

#[derive(Debug)]
enum Kind {
    Client(Client),
    Neighbour(Box<Neighbour>),
    Link(Box<Link>),
    Fetch(Box<Fetch>),
}

impl Node {
    /// A server that has heard nothing yet and will dial its neighbours at once.
    ///
    /// # Panics
    /// If `server` is not an index into the herd's servers.
    pub fn new(options: NodeOptions<'_>) -> Self {
        let NodeOptions { herd, server, .. } = options;
        let own = &herd.servers[server];
        let mut positions = Positions::new(options.key);
        positions.set_bytes_max(options.positions_bytes_max);
        let Some(origin) = positions.intern(own.name.as_bytes()) else {
            unreachable!("a herd's names are checked, and this is the first to be interned");
        };
        let peers = own.neighbours.iter().map(|&neighbour| {
            let neighbour = &herd.servers[neighbour];
            let cursor = positions.open_cursor();
            Peer::new(neighbour.name.clone(), neighbour.neighbour_endpoint(), cursor)
        });
        let peers = peers.collect();
        Node {
            settings: Settings {
                herd: herd.name.clone(),
                name: own.name.clone(),
                at_beginning: at_beginning(own.name.as_bytes()),
                epoch: options.epoch,
                max_skew_nanoseconds: i64::try_from(options.max_skew.as_nanos())
                    .unwrap_or(i64::MAX),
                classic: options.classic,
            },
            origin,
            positions,
            no_room: Reminder::default(),
            news: 0,
            head_told: 0,
            peers,
            queries: Queries::new(options.places),
            actions: VecDeque::new(),
            random: Random::new(options.seed),
            stopping: false,
            hung_up: false,
        }
    }

    /// The positions that this server holds.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Whether SIGHUP has come since this was asked last.
    pub fn take_hang_up(&mut self) -> bool {
        mem::take(&mut self.hung_up)
    }

    /// How many of its links to neighbours are up, of how many.
    pub fn links_up(&self) -> (usize, usize) {
        let up = self.peers.iter().filter(|peer| matches!(peer.link, LinkState::Up { .. }));
        (up.count(), self.peers.len())
    }

    /// What has been asked of Places and what came of it.
    pub fn places_counters(&self) -> &Counters {
        self.queries.counters()
    }

    /// The links that are up, and up to which of our sequence numbers each has told its neighbour
    /// (it may still be under way). For tests and for watching; nothing is decided by it.
    pub fn links_told(&self) -> impl Iterator<Item = (ConnectionId, u64)> {
        self.peers.iter().filter_map(|peer| match peer.link {
            LinkState::Up { connection, .. } => {
                Some((connection, self.positions.told(&peer.cursor)))
            }
            LinkState::Down { .. } | LinkState::Dialling => None,
        })
    }

    /// Whether every link that is up has told all.
    pub fn feeds_told(&self) -> bool {
        self.links_told().all(|(_, told)| told == self.positions.head())
    }

    /// A client's report has found no room.
    #[cold]
    fn tell_no_room(&mut self, now: Monotonic) {
        let Some(untold) = self.no_room.mention(now, limits::NO_ROOM_REMINDER) else { return };
        let (clients, bytes) = (self.positions.len(), self.positions.bytes());
        error!(
            "no room for a client's report: the positions of {clients} clients take {bytes} bytes \
             (see --memory); {untold} more were refused since this was last said"
        );
    }

    /// Has a connection's `woken` called in this turn.
    fn wake(&mut self, id: ConnectionId) {
        self.actions.push_back(Action::Wake(id));
    }

    /// Who greets us: the index of a neighbour, or why we do not listen.
    fn judge_greeting(
        &self,
        version: u32,
        herd: &[u8],
        from: &[u8],
        to: &[u8],
    ) -> Result<usize, String> {
        let Settings { herd: our_herd, name, .. } = &self.settings;
        if version != PROTOCOL_VERSION {
            return Err(format!(
                "protocol version {PROTOCOL_VERSION} is spoken here, not {version}"
            ));
        }
        if herd != our_herd.as_bytes() {
            return Err(format!("this is herd {our_herd}, not {}", Printable(herd)));
        }
        if to != name.as_bytes() {
            return Err(format!("this is {name}, not {}", Printable(to)));
        }
        let index = self.peers.iter().position(|peer| peer.name.as_bytes() == from);
        index.ok_or_else(|| format!("{} is no neighbour of {name}", Printable(from)))
    }

    fn dial_those_due(&mut self, now: Monotonic) {
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if peer.redial_at().is_some_and(|at| at <= now) {
                peer.link = LinkState::Dialling;
                self.actions.push_back(Action::Dial {
                    endpoint: peer.endpoint.clone(),
                    protocol: Conversation(Kind::Link(Box::new(Link::new(index)))),
                    timeout: limits::DIAL_TIMEOUT,
                });
            }
        }
    }
}

impl Application for Node {
    type Protocol = Conversation;
    type Listener = Port;

    fn accepted(&mut self, port: Port, address: SocketAddr) -> Conversation {
        Conversation(match port {
            Port::Clients => Kind::Client(Client::new(address)),
            Port::Neighbours => Kind::Neighbour(Box::new(Neighbour::new(address))),
        })
    }

    /// The feed is walked here, once a turn, for all that came in it.
    fn turn_ended(&mut self, _now: Now, _meters: &Meters) {
        let head = self.positions.head();
        self.news = head - mem::replace(&mut self.head_told, head);
        for peer in &self.peers {
            if let LinkState::Up { connection, .. } = peer.link
                && !self.positions.is_at_head(&peer.cursor)
            {
                self.actions.push_back(Action::Wake(connection));
            }
        }
    }

    fn next_action(&mut self) -> Option<Action<Conversation, Port>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        let redial = self.peers.iter().filter_map(Peer::redial_at).min();
        let redial = redial.filter(|_| !self.stopping);
        redial.into_iter().chain(self.queries.deadline()).min()
    }

    fn timer_expired(&mut self, now: Now) {
        if !self.stopping {
            self.dial_those_due(now.monotonic);
        }
        self.queries.expire(now.monotonic, &mut self.actions);
    }

    fn signalled(&mut self, signal: Signal, _now: Now) {
        match signal {
            Signal::Interrupt | Signal::Terminate => {
                info!("asked to stop by {signal}");
                self.actions.push_back(Action::Stop);
            }
            Signal::HangUp => self.hung_up = true,
        }
    }

    fn stopping(&mut self, now: Now) {
        self.stopping = true;
        self.queries.sum_up(now.monotonic);
    }
}

impl Conversation {
    fn fetch() -> Self {
        Conversation(Kind::Fetch(Box::new(Fetch::new())))
    }

    fn protocol(&mut self) -> &mut dyn Protocol<Node> {
        match &mut self.0 {
            Kind::Client(client) => client,
            Kind::Neighbour(neighbour) => &mut **neighbour,
            Kind::Link(link) => &mut **link,
            Kind::Fetch(fetch) => &mut **fetch,
        }
    }
}

impl Protocol<Node> for Conversation {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        self.protocol().connection_made(cx, peer);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        self.protocol().data_received(cx, data);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().eof_received(cx);
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().resume_writing(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().timer_expired(cx);
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().woken(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.protocol().stopping(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        self.protocol().connection_lost(cx, cause);
    }
}
