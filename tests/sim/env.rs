//! What all actors of a run share: time, the network, chance, the trace, the checks.

use super::agenda::{Agenda, Time};
use super::bus;
use super::checks::Checks;
use super::costs::Costs;
use super::disk::Disks;
use super::journals::{Journals, is_whole};
use super::net::{ConnId, End, Net, Weather};
use super::planted::{Bug, Planted};
use super::random::Random;
use super::trace::{Detail, Trace};
use super::watch::Seen;
use super::watch::gateway::AtBus;
use super::web::Talk;
use herd::herd::Herd;
use herd::journal::Identity;
use herd::node::Node;
use herd::transport::{ConnectionId, Endpoint, FileId, FileRequest};
use herd::wire::Lifetimes;
use std::collections::BTreeMap;

/// Hosts: the servers in their order, then Places, then the clients' side of the world, then the message
/// bus, if there is one.
#[derive(Debug, Clone, Copy)]
pub struct Hosts {
    pub servers: usize,
    pub has_bus: bool,
}

impl Hosts {
    pub fn places(self) -> usize {
        self.servers
    }

    pub fn outside(self) -> usize {
        self.servers + 1
    }

    pub fn bus(self) -> Option<usize> {
        self.has_bus.then_some(self.servers + 2)
    }

    pub fn count(self) -> usize {
        self.servers + 2 + usize::from(self.has_bus)
    }
}

#[derive(Debug)]
pub struct Env {
    pub agenda: Agenda,
    pub net: Net,
    pub disks: Disks,
    pub journals: Journals,
    pub random: Random,
    pub trace: Trace,
    pub checks: Checks,
    /// By server: the reports that it has acknowledged and not written yet, as lines.
    pub acknowledged: Vec<Vec<Vec<u8>>>,
    /// How many of its own there were when the present turn's server began to write.
    pub acknowledged_before_writing: Option<usize>,
    /// Whether somebody was written in the present turn who does not go first.
    pub written_others: bool,
    /// By server: what it has heard of the bus.
    pub at_bus: Vec<AtBus>,
    /// The ends of servers' connections.
    pub ends: BTreeMap<(usize, ConnectionId), End>,
    /// What is asked at web ports.
    pub talks: BTreeMap<ConnId, Talk>,
    /// What crosses the links, where somebody counts it.
    pub costs: Option<Costs>,
    pub planted: Planted,
    pub hosts: Hosts,
    addresses: BTreeMap<(String, u16), (usize, usize)>,
    /// How long a process may take to notice that it has something to do, at most.
    pub turn_gap: Time,
    /// Most bytes that one read gives.
    pub read_bytes_max: u64,
    pub max_skew_seconds: u64,
    /// For how long records count.
    pub lifetimes: Lifetimes,
    /// Of a thousand look-ups, how many fail.
    pub unresolved: u64,
    /// Of a thousand times that a server accepts, how often it cannot, and of a thousand ends of its
    /// connections, how many are not out at once.
    pub no_descriptors: u64,
    pub late_ends: u64,
}

impl Env {
    /// All servers of these herds, in their order; `has_bus`: and a message bus.
    pub fn new(
        seed: u64,
        herds: &[Herd],
        has_bus: bool,
        weather: Weather,
        detail: Detail,
        bug: Option<Bug>,
    ) -> Self {
        let servers = || herds.iter().flat_map(|herd| &herd.servers);
        let hosts = Hosts { servers: servers().count(), has_bus };
        let mut addresses = BTreeMap::new();
        for (index, server) in servers().enumerate() {
            if let Some(port) = server.client_port {
                addresses.insert((server.host.clone(), port), (index, 0));
            }
            addresses.insert((server.host.clone(), server.neighbour_port), (index, 1));
        }
        addresses.insert((super::places::HOST.to_owned(), 443), (hosts.places(), 0));
        let mut net = Net::new(hosts.count(), weather);
        net.listen(hosts.places(), 0, true);
        if let Some(host) = hosts.bus() {
            for (name, listener) in bus::ADDRESSES {
                addresses.insert((name.to_owned(), bus::PORT), (host, listener));
                net.listen(host, listener, true);
            }
        }
        Env {
            agenda: Agenda::default(),
            net,
            disks: Disks::new(seed, hosts.servers),
            journals: Journals::default(),
            random: Random::new(seed),
            trace: Trace::new(detail),
            checks: Checks::new(herds),
            acknowledged: vec![Vec::new(); hosts.servers],
            acknowledged_before_writing: None,
            written_others: false,
            at_bus: (0..hosts.servers).map(|_| AtBus::default()).collect(),
            ends: BTreeMap::new(),
            talks: BTreeMap::new(),
            costs: None,
            planted: Planted::new(bug),
            hosts,
            addresses,
            turn_gap: 50_000,
            read_bytes_max: herd::limits::READ_BUDGET_BYTES as u64,
            lifetimes: herds[0].lifetimes,
            max_skew_seconds: herd::limits::SKEW_DEFAULT.as_secs(),
            unresolved: 0,
            no_descriptors: 0,
            late_ends: 0,
        }
    }

    /// How much of a buffer one read fills at most.
    pub fn draw_read(&mut self, buffer: usize) -> usize {
        let most = self.read_bytes_max;
        buffer.min(self.random.magnitude(1, most) as usize)
    }

    /// A server writes: what it has acknowledged so far goes out now at the earliest.
    pub fn begin_writing(&mut self, machine: usize) {
        self.acknowledged_before_writing.get_or_insert(self.acknowledged[machine].len());
    }

    /// A connection is written; what goes between servers goes first in a turn.
    pub fn note_write(&mut self, machine: usize, goes_first: bool) {
        if goes_first && self.written_others {
            let name = self.checks.name(machine);
            self.checks.fail(format!("{name} has written others before a neighbour"));
        }
        self.written_others |= !goes_first;
    }

    /// A server answers a report, with that line.
    pub fn answers(&mut self, machine: usize, line: Vec<u8>) {
        self.checks.answered(&line, self.agenda.now());
        self.acknowledged[machine].push(line);
    }

    /// What a disk is asked for, as far as it hears it right.
    pub fn misheard_by_the_disk(
        &mut self,
        machine: usize,
        id: FileId,
        request: FileRequest,
    ) -> FileRequest {
        let FileRequest::Append(bytes) = &request else { return request };
        if !self.planted.mishears_appends() {
            return request;
        }
        let name = self.checks.name(machine);
        let identity = Identity::new("sim", &name, id.0.into());
        let kept = self.disks.files(machine);
        let Some(appended) = self.planted.misappend(&identity, &kept, bytes) else {
            return request;
        };
        self.disks.leave_out(machine, id, bytes.len().saturating_sub(appended.len()));
        FileRequest::Append(appended)
    }

    /// Whether a server must refuse reports in a callback that is about to be called: its disk has failed,
    /// and what it answers is to be kept.
    pub fn must_refuse(&self, seen: &Seen, node: &Node) -> bool {
        self.journals.is_always(seen.machine)
            && self.disks.failed_since(seen.machine).is_some()
            && !is_whole(node, seen.now)
    }

    /// Whether it is the end of a gateway's conversation with the bus.
    pub fn is_with_bus(&self, end: End) -> bool {
        let peer = self.net.hosts_of(end).map(|(_, peer)| peer);
        peer.is_some() && peer == self.hosts.bus()
    }

    /// The host at an address.
    pub fn host_of(&self, endpoint: &Endpoint) -> Option<usize> {
        let known = self.addresses.get(&(endpoint.host.clone(), endpoint.port));
        known.map(|(host, _)| *host)
    }

    /// Host and listener at an address.
    pub fn resolve(&mut self, endpoint: &Endpoint) -> Option<(usize, usize)> {
        let fails = self.random.chance(self.unresolved);
        let found = self.addresses.get(&(endpoint.host.clone(), endpoint.port)).copied();
        found.filter(|_| !fails)
    }
}
