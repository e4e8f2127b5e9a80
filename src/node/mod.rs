//! One server of the herd: its conversations, and what they share.
//!
//! | who | conversation | end |
//! |---|---|---|
//! | a client | `client::Client` | accepted |
//! | a visitor at the web port | `web::Visitor` | accepted |
//! | a neighbour to which we push our feed | `link::Dialled` | dialled |
//! | a neighbour that pushes its feed to us | `link::Accepted` | accepted |
//! | Places | `places::Connection`, for the `places::Questions` | dialled |
//! | a message bus, where this server is a gateway | `gateway::Bus`, for the `gateway::Gateway` | dialled |
//!
//! They meet only in the [`Node`]: reports go into the positions, and at the end of each turn the
//! links that have not sent all of the feed are woken to walk it. Links go before clients in
//! writing, so a client that has its answer finds its report at the neighbours. Behind them those
//! clients are woken whose `NEAR` had to wait, and some of those who are to be told of what they watch.
//!
//! # Order
//!
//! ```text
//!   Node   conversation           the only ones that make conversations and actions of them
//!   client   link   places   web   gateway   siblings, one folder each
//!   report  told  near  asking  watching  stopping  expire  journal  hub  servers  reload   what a conversation calls on the node's, by whichever port it came
//!   agreement  outage   what links and the bus have in common
//!   access  admission  refusals  counts
//!   lines  deadlines  log_throttle  random  histogram
//! ```
//!
//! The five folders never name each other. Each knows of the [`Node`] its settings, its positions,
//! whether it stops, and what its own folder has put there; what the conversations of clients and
//! visitors need of the questions to Places they call on the `Node`'s, and they name their `QuestionId` as
//! this file does.
//! `places` knows no conversation but its own and no action: it lays down requests, which the `Node`
//! takes out. What stands in the last row knows nobody above it.

mod access;
mod admission;
mod agreement;
mod asking;
mod client;
mod conversation;
mod counts;
mod deadlines;
mod expire;
mod gateway;
mod histogram;
mod hub;
mod journal;
mod lines;
mod link;
mod log_throttle;
mod near;
mod options;
mod outage;
mod places;
mod random;
mod refusals;
mod reload;
mod report;
mod seen;
mod servers;
mod stopping;
mod told;
mod watching;
mod web;

use crate::limits;
pub use crate::places::PlacesSettings;
use crate::positions::{OriginId, Positions};
use crate::transport::{
    Action, Application, ConnectionId, FileEvent, FileId, Meters, Monotonic, Now, Signal,
};
use crate::wire::Lifetimes;
use crate::wire::neighbour::{Version, at_beginning};
use access::Access;
use admission::Admission;
pub use admission::ClientBounds;
pub use conversation::Conversation;
use counts::{Counts, Kind};
use gateway::Gateway;
pub use gateway::{BUS_PROFILE, Credentials, GatewayOptions};
use hub::Hub;
use journal::Journal;
pub use journal::{JournalOptions, ReplayError};
use link::{Dialled, Peers, Strangers};
pub use link::{LINKS_PROFILE, LinkSecurity};
use log::info;
use log_throttle::LogThrottle;
use near::Nears;
pub use options::NodeOptions;
pub use places::Counters;
use places::{QuestionId, Questions};
use random::Random;
use refusals::Refusals;
pub use reload::NeighbourChanges;
use reload::neighbours_of;
use servers::{HerdServer, servers_of};
use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;
pub use web::WebOptions;
use web::{Figures, Web};

/// The ports of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// For clients.
    Clients,
    /// The same under TLS.
    ClientsTls,
    /// For neighbours.
    Neighbours,
    /// For HTTP.
    Web,
}

/// What one server's conversations share.
#[derive(Debug)]
pub struct Node {
    settings: Settings,
    origin: OriginId,
    /// The whole herd, as its file says.
    servers: Vec<HerdServer>,
    positions: Positions,
    /// Of reports that found no room.
    no_room: LogThrottle,
    /// Of reports from clocks ahead of ours.
    clocks_ahead: LogThrottle,
    /// Of watchers that were dropped.
    watched_too_much: LogThrottle,
    /// Of clients' lines that are too long.
    long_lines: LogThrottle,
    admission: Admission,
    /// What tokens are believed, where they are required.
    access: Option<Box<Access>>,
    /// How many changes came in this turn, once it has ended, and the feed's head when it did.
    news: u64,
    head_last_turn: u64,
    peers: Peers,
    strangers: Strangers,
    refusals: Refusals,
    questions: Questions,
    hub: Hub,
    nears: Nears,
    web: Web,
    actions: VecDeque<Action<Conversation, Port>>,
    random: Random,
    counts: Counts,
    figures: Figures,
    gateway: Option<Box<Gateway>>,
    journal: Option<Box<Journal>>,
    /// When it has something to do.
    journal_at: Option<Monotonic>,
    /// When the next records may be dead.
    expire_at: Option<Monotonic>,
    /// Since when it is being stopped.
    stopping: Option<Monotonic>,
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
    /// Reports are answered when the disk holds them.
    promises: bool,
    /// So they are, or need a token: one look for both.
    is_guarded: bool,
    epoch: u64,
    version: Version,
    links: LinkSecurity,
    lifetimes: Lifetimes,
    max_skew_nanoseconds: i64,
    /// How much later a report may be than the earliest, in nanoseconds: from so far ahead to so long ago.
    report_span_nanoseconds: u64,
    classic: bool,
}

impl Node {
    /// A server that has received nothing yet and will dial its neighbours at once.
    ///
    /// # Panics
    /// If `server` is not an index into the herd's servers.
    pub fn new(options: NodeOptions<'_>) -> Self {
        let NodeOptions { herd, server, .. } = options;
        let own = &herd.servers[server];
        let mut positions = Positions::new(options.key);
        positions.set_bytes_max(options.positions_bytes_max);
        positions.set_lifetimes(herd.lifetimes);
        let Some(origin) = positions.intern(own.name.as_bytes()) else {
            unreachable!("a herd's names are checked, and this is the first to be interned");
        };
        let neighbours = neighbours_of(herd, server, options.links);
        let peers = neighbours.map(|(name, endpoint)| (name, endpoint, positions.open_cursor()));
        let peers = Peers::new(peers);
        let mut hub = Hub::default();
        if own.web_port.is_some() {
            hub.keep_departures();
        }
        let mut random = Random::new(options.seed);
        let max_skew_nanoseconds = i64::try_from(options.max_skew.as_nanos()).unwrap_or(i64::MAX);
        let mut node = Node {
            settings: Settings {
                herd: herd.name.clone(),
                name: own.name.clone(),
                at_beginning: at_beginning(own.name.as_bytes()),
                promises: false,
                is_guarded: false,
                epoch: options.epoch,
                version: options.version,
                links: options.links,
                lifetimes: herd.lifetimes,
                max_skew_nanoseconds,
                report_span_nanoseconds: expire::report_span(max_skew_nanoseconds, herd.lifetimes),
                classic: options.classic,
            },
            origin,
            servers: servers_of(herd),
            positions,
            no_room: LogThrottle::default(),
            clocks_ahead: LogThrottle::default(),
            watched_too_much: LogThrottle::default(),
            long_lines: LogThrottle::default(),
            admission: Admission::new("clients", options.bounds),
            access: None,
            news: 0,
            head_last_turn: 0,
            peers,
            strangers: Strangers::default(),
            refusals: Refusals::default(),
            questions: Questions::new(options.places),
            hub,
            nears: Nears::default(),
            web: Web::new(options.web, random.up_to(u64::from(u32::MAX)) as u32),
            actions: VecDeque::new(),
            random,
            counts: Counts::default(),
            figures: Figures::default(),
            gateway: None,
            journal: None,
            journal_at: None,
            expire_at: None,
            stopping: None,
            hung_up: false,
        };
        node.intern_servers(herd);
        if let Some(options) = options.gateway {
            let random = Random::new(node.random.up_to(u64::MAX));
            node.gateway = Some(Box::new(Gateway::new(options, &mut node.positions, random)));
            node.gateway_tells_of_herd(false);
        }
        node
    }

    /// Whether SIGHUP has come since this was asked last.
    pub fn take_hang_up(&mut self) -> bool {
        mem::take(&mut self.hung_up)
    }

    /// Has a connection's `woken` called in this turn.
    fn wake(&mut self, id: ConnectionId) {
        self.actions.push_back(Action::Wake(id));
    }

    fn dial_those_due(&mut self, now: Monotonic) {
        while let Some((peer, attempt, endpoint)) = self.peers.dial_next(now) {
            self.counts.opened(Kind::Dialled);
            self.actions.push_back(Action::Dial {
                endpoint,
                protocol: Conversation::dialled(Dialled::new(peer, attempt)),
                timeout: limits::DIAL_TIMEOUT,
            });
        }
    }
}

impl Application for Node {
    type Protocol = Conversation;
    type Listener = Port;

    fn accepted(&mut self, port: Port, address: SocketAddr, now: Now) -> Conversation {
        let conversation = Conversation::accepted(self, port, address, now);
        self.counts.opened(conversation.kind());
        conversation
    }

    fn turn_begun(&mut self, now: Now) {
        self.positions.set_now(now.posix_nanoseconds);
    }

    /// The feed is walked here, once a turn, for all that came in it.
    fn turn_ended(&mut self, now: Now, meters: &Meters) {
        let head = self.positions.head();
        self.news = head - mem::replace(&mut self.head_last_turn, head);
        self.keep_journal(now);
        for (connection, cursor) in self.peers.links_up() {
            if !self.positions.is_at_head(cursor) {
                self.actions.push_back(Action::Wake(connection));
            }
        }
        if let Some(gateway) = &mut self.gateway
            && let Some(connection) = gateway.turn_ended(&self.positions, now.monotonic)
        {
            self.actions.push_back(Action::Wake(connection));
        }
        self.answer_nears();
        self.hub.walk(&mut self.positions);
        if self.positions.has_ends() {
            self.expire(now);
        }
        self.hub
            .call(&self.positions, |connection| self.actions.push_back(Action::Wake(connection)));
        self.counts.turn_ended(now, meters);
        self.look_whether_ready(now.monotonic);
    }

    fn next_action(&mut self) -> Option<Action<Conversation, Port>> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        let request = self.questions.next_request()?;
        Some(self.action_of(request))
    }

    fn deadline(&self) -> Option<Monotonic> {
        let bus = self.gateway.as_ref().and_then(|gateway| gateway.dial_at());
        let dial = self.peers.dial_at().into_iter().chain(bus).min();
        let dial = dial.filter(|_| !self.is_stopping());
        let dial = dial.into_iter().chain(self.peers.let_go_at());
        // What was put off goes on at once.
        let asks = !self.actions.is_empty();
        let put_off = self.hub.has_due() || self.nears.have_work() || asks;
        let at_once = put_off.then(Monotonic::default);
        let others =
            self.questions.deadline().into_iter().chain(self.expire_at).chain(self.journal_at);
        dial.chain(others).chain(at_once).min()
    }

    fn timer_expired(&mut self, now: Now) {
        if !self.is_stopping() {
            self.dial_those_due(now.monotonic);
            self.dial_bus(now.monotonic);
        }
        let cut = self.peers.cut_those_let_go(now.monotonic);
        cut.into_iter().for_each(|connection| self.wake(connection));
        self.questions.expire(now.monotonic);
    }

    fn file_event(&mut self, file: FileId, event: FileEvent, now: Now) {
        self.journal_event(file, event, now);
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
        self.stop(now.monotonic);
    }
}
