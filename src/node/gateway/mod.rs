//! A gateway: what this server tells a message bus of its herd, and takes from there of others.
//!
//! ```text
//!   Gateway   what outlives a connection: where the bus is, how far it has been told, who else is there
//!   bus       the conversation with a host of the bus: greeting, messages, what is told and taken
//!   feed      our herd's feed as the bus is told it, by one cursor; by another what is told again
//!   sources   the other gateways, what of their feeds has not come, and when it is asked for
//! ```
//!
//! Positions converge over whatever delivers now and then in any order, so of the bus nothing is expected:
//! each message says which stretch of its sender's feed it tells ([`wire::gateway`](crate::wire::gateway)),
//! and who finds one missing asks for it. Digests of all that each knows tell of what nobody would miss,
//! and how far each has told. A bus that is slow is told what is last, as a slow neighbour is; one that is
//! away costs a cursor.

mod bus;
mod feed;
mod figures;
mod hosts;
mod options;
mod sources;
mod stretches;
#[cfg(test)]
mod tests;

pub(super) use bus::Bus;
pub use options::{BUS_PROFILE, Credentials, GatewayOptions};

use super::conversation::Conversation;
use super::log_throttle::{Burst, LogThrottle};
use super::outage::Outage;
use super::random::Random;
use super::{Kind, Node};
use crate::limits;
use crate::positions::Positions;
use crate::transport::{Action, ConnectionId, Monotonic};
use crate::wire::nats::write_token;
use feed::Feed;
use hosts::Hosts;
use sources::Sources;
use std::time::Duration;

/// What outlives a connection to the bus.
#[derive(Debug)]
pub(super) struct Gateway {
    hosts: Hosts,
    credentials: Credentials,
    subjects: Subjects,
    /// How long a line it takes with a subject of a client, in bytes.
    line_bytes_max: usize,
    /// Whether each change is published on a subject of its client's, too.
    tells_clients: bool,
    outage: Outage,
    link: BusLink,
    feed: Feed,
    sources: Sources,
    random: Random,
    counts: Counts,
    throttles: Throttles,
    foreign_servers: usize,
}

/// Whether we are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BusLink {
    Down { redial_at: Monotonic },
    Dialling,
    Up { connection: ConnectionId },
}

/// The names under which gateways publish.
#[derive(Debug)]
struct Subjects {
    feed: Vec<u8>,
    digest: Vec<u8>,
    /// What a server is asked on, without its name.
    again: Vec<u8>,
    /// What a client's changes are told on, without its id.
    client: Vec<u8>,
}

/// What is counted, for who looks from outside.
#[derive(Debug, Default)]
struct Counts {
    /// Changes and messages that were told.
    changes: u64,
    messages: u64,
    /// Changes that were told to us and were news.
    taken: u64,
    /// Changes too long for what the bus takes.
    too_long: u64,
    /// Connections that broke.
    lost: u64,
    /// How long the bus took to answer, the last time.
    round_trip: Option<Duration>,
    /// What the bus has complained of since it is up, or why it is not.
    complaint: Option<String>,
}

/// Of trouble that may come again and again.
#[derive(Debug, Default)]
struct Throttles {
    too_long: LogThrottle,
    complaints: Burst,
    not_understood: LogThrottle,
    not_taken: LogThrottle,
    namesakes: LogThrottle,
    too_many: LogThrottle,
}

impl Subjects {
    fn new(prefix: &str) -> Self {
        let subject = |rest: &str| [prefix, rest].concat().into_bytes();
        Subjects {
            feed: subject(".feed"),
            digest: subject(".digest"),
            again: subject(".again."),
            client: subject(".client."),
        }
    }

    /// What that server is asked on.
    fn again_of(&self, server: &[u8]) -> Vec<u8> {
        let mut subject = self.again.clone();
        write_token(&mut subject, server);
        subject
    }
}

impl Gateway {
    pub(super) fn new(options: GatewayOptions, positions: &mut Positions, random: Random) -> Self {
        Gateway {
            hosts: Hosts::new(options.endpoints),
            credentials: options.credentials,
            subjects: Subjects::new(&options.subject),
            line_bytes_max: limits::NATS_SENT_LINE_BYTES_MAX,
            tells_clients: options.clients,
            outage: Outage::new(limits::GATEWAY_REDIAL_PAUSE_MAX),
            link: BusLink::Down { redial_at: Monotonic::default() },
            feed: Feed::new(positions),
            sources: Sources::default(),
            random,
            counts: Counts::default(),
            throttles: Throttles::default(),
            foreign_servers: 0,
        }
    }

    /// How many servers other gateways have named, as the first, that are not of the herd.
    pub(super) fn foreign_servers(&self) -> usize {
        self.foreign_servers
    }

    /// Changes that other gateways told and that were news here.
    pub(super) fn taken(&self) -> u64 {
        self.counts.taken
    }

    /// When the bus is to be dialled.
    pub(super) fn dial_at(&self) -> Option<Monotonic> {
        match self.link {
            BusLink::Down { redial_at } => Some(redial_at),
            BusLink::Dialling | BusLink::Up { .. } => None,
        }
    }

    /// A turn has ended: the connection that has something to tell.
    pub(super) fn turn_ended(
        &mut self,
        positions: &Positions,
        now: Monotonic,
    ) -> Option<ConnectionId> {
        let has_news = self.feed.turn_ended(positions, now);
        match self.link {
            BusLink::Up { connection } if has_news => Some(connection),
            _ => None,
        }
    }
}

impl Node {
    /// The servers of our herd are those whose changes are told: also when they have left it. Where one
    /// `was_known` that was not of our herd, what it took has been passed over, and all is told again.
    pub(super) fn gateway_tells_of_herd(&mut self, was_known: bool) {
        let Node { gateway, servers, positions, .. } = self;
        if let Some(gateway) = gateway {
            let names = servers.iter().map(|server| server.name().as_bytes());
            let is_new = gateway.feed.add_own(names.filter_map(|name| positions.find_origin(name)));
            if is_new && was_known {
                gateway.feed.start_over(positions);
            }
        }
    }

    /// Dials the bus, if it is time.
    pub(super) fn dial_bus(&mut self, now: Monotonic) {
        let Some(gateway) = &mut self.gateway else { return };
        if gateway.dial_at().is_some_and(|at| at <= now) {
            gateway.link = BusLink::Dialling;
            gateway.outage.dialled(now);
            self.counts.opened(Kind::Bus);
            self.actions.push_back(Action::Dial {
                endpoint: gateway.hosts.present().clone(),
                protocol: Conversation::with_bus(),
                timeout: match gateway.hosts.is_named() {
                    true => limits::DIAL_TIMEOUT,
                    false => limits::GATEWAY_GREETING_MAX,
                },
            });
        }
    }
}
