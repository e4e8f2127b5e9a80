//! The whole simulated world, and what makes it go round.

use super::agenda::{Event, MILLISECOND, SECOND, Time};
use super::bus::Bus;
use super::clients::Client;
use super::env::Env;
use super::faults::Mix;
use super::journals::Journals;
use super::load::Load;
use super::machine::{Machine, State};
use super::net::{End, Notice, Owner, Weather};
use super::places::{Manners, Places};
use super::planted::Bug;
use super::random::Random;
use super::trace::Detail;
use herd::herd::Herd;
use herd::limits;
use herd::node::Node;
use herd::wire::neighbour::Version;
use std::mem;
use std::rc::Rc;
use std::time::Duration;

/// How long after the last fault all servers may take to be linked and to agree: a link that died
/// unnoticed is silent for as long as is allowed, then dialled, in vain, and once more, each time
/// after the longest pause; what is left is for what crosses the links then.
pub const HEALED_WITHIN: Duration = Duration::from_secs(30);

const _: () = {
    let dial = limits::REDIAL_PAUSE_MAX.as_secs() + limits::DIAL_TIMEOUT.as_secs();
    assert!(limits::NEIGHBOUR_SILENCE_MAX.as_secs() + 2 * dial < HEALED_WITHIN.as_secs());
};

/// How long after the last fault clients may wait for what they have asked. One whose server lost
/// power after it had said all never learns that, and gives up then.
const SERVED_WITHIN: Time = 20 * SECOND;

/// How often the world looks whether it has what it waits for.
const PROBE_INTERVAL: Time = 50 * MILLISECOND;

pub struct World {
    pub env: Env,
    pub machines: Vec<Machine>,
    pub clients: Vec<Client>,
    pub places: Places,
    pub bus: Option<Bus>,
    pub load: Load,
    pub mix: Mix,
    notices: Vec<(End, Owner, Notice)>,
}

impl World {
    /// A world with servers that are not started, and without clients.
    pub fn new(
        seed: u64,
        herd: Herd,
        mix: Mix,
        random: Random,
        detail: Detail,
        bug: Option<Bug>,
    ) -> Self {
        World::of_herds(seed, vec![herd], mix, random, detail, bug)
    }

    /// The same with the servers of several herds, which a bus may join.
    pub fn of_herds(
        seed: u64,
        herds: Vec<Herd>,
        mix: Mix,
        random: Random,
        detail: Detail,
        bug: Option<Bug>,
    ) -> Self {
        let mut env = Env::new(seed, &herds, mix.joined.is_some(), mix.weather, detail, bug);
        env.random = random;
        env.turn_gap = mix.turn_gap;
        env.read_bytes_max = mix.read_bytes_max;
        env.max_skew_seconds = mix.max_skew_seconds;
        env.planted.max_skew_seconds = mix.max_skew_seconds;
        env.unresolved = mix.unresolved;
        env.no_descriptors = mix.no_descriptors;
        env.late_ends = mix.late_ends;
        if let Some(habits) = &mix.disks {
            env.disks.set_habits(habits.clone());
            env.agenda.plan(SECOND, Event::DiskTrouble);
        }
        if env.planted.syncs_late() {
            env.disks.be_late();
        }
        if mix.journals {
            env.journals = Journals::draw(seed, env.hosts.servers);
        }
        let mut machines = Vec::with_capacity(env.hosts.servers);
        for herd in herds.into_iter().map(Rc::new) {
            let first = machines.len();
            let servers = 0..herd.servers.len();
            machines.extend(servers.map(|server| Machine::new(first, server, Rc::clone(&herd))));
        }
        let mut bus = mix.joined.as_ref().map(|joined| joined.join(&mut machines));
        if let Some(bus) = &mut bus {
            bus.make_noise(&mut env);
            env.agenda.plan(SECOND, Event::BusFault);
        }
        World {
            machines,
            clients: Vec::new(),
            bus,
            places: Places::new(mix.manners),
            load: Load::new(mix.devices, mix.questions, mix.nonsense, mix.ties, mix.fat)
                .with_nears(mix.nears)
                .with_forgets(mix.forgets),
            env,
            mix,
            notices: Vec::new(),
        }
    }

    /// Starts a server if it is down.
    pub fn start(&mut self, machine: usize) {
        if self.machines[machine].state == State::Down {
            let env = &mut self.env;
            env.net.turn_on(machine, &mut env.agenda, &mut env.random);
            env.planted.started(machine);
            if self.mix.versions_mixed {
                self.machines[machine].version = Version::new(1 + env.random.below(2) as u32);
            }
            self.machines[machine].links = self.mix.links.draw(&mut env.random);
            self.machines[machine].start(env);
        }
    }

    pub fn now(&self) -> Time {
        self.env.agenda.now()
    }

    /// Goes on until then, or until something is wrong.
    pub fn run_until(&mut self, until: Time) {
        while self.env.checks.violation.is_none()
            && let Some(event) = self.env.agenda.next_before(until)
        {
            self.happen(event);
        }
        if self.env.checks.violation.is_none() {
            self.env.agenda.advance(until);
        }
    }

    /// Goes on until the condition holds, looking now and then; false if it does not by then.
    pub fn run_until_so(&mut self, until: Time, so: impl Fn(&World) -> bool) -> bool {
        while self.env.checks.violation.is_none() {
            if so(self) {
                return true;
            }
            if self.now() >= until {
                return false;
            }
            self.run_until((self.now() + PROBE_INTERVAL).min(until));
        }
        false
    }

    fn happen(&mut self, event: Event) {
        let env = &mut self.env;
        match event {
            Event::Turn { machine } => {
                let at = env.agenda.now();
                self.machines[machine].turn(env, at);
            }
            Event::Client { index } => {
                let servers = self.machines.len();
                self.clients[index].step(env, &mut self.load, servers);
            }
            Event::Places { index } => self.places.step(env, index),
            Event::Bus => self.bus.iter_mut().for_each(|bus| bus.step(env)),
            Event::BusFault => self.trouble_bus(),
            Event::Disk { machine } => self.machines[machine].disk_has_done(env),
            Event::Fault => self.fault(),
            Event::DiskTrouble => self.trouble_a_disk(),
            Event::Undo(undo) => self.undo(undo),
            event => env.net.happen(event, &mut env.agenda, &mut env.random),
        }
        self.tell();
    }

    /// Tells owners of ends what the network has for them.
    fn tell(&mut self) {
        let mut notices = mem::take(&mut self.notices);
        self.env.net.take_notices(&mut notices);
        for (end, owner, notice) in notices.drain(..) {
            let env = &mut self.env;
            match (owner, notice) {
                (_, Notice::Incoming { host, .. }) if host == env.hosts.places() => {
                    self.places.accept(env, end);
                }
                (_, Notice::Incoming { host, .. }) if Some(host) == env.hosts.bus() => {
                    self.bus.iter_mut().for_each(|bus| bus.accept(env, end));
                }
                (_, Notice::Incoming { host, .. }) => {
                    self.machines[host].notice(env, end, None, notice);
                }
                (Owner::Server { machine, id }, _) => {
                    self.machines[machine].notice(env, end, Some(id), notice);
                }
                (Owner::Client { index }, _) => self.clients[index].notice(env, notice),
                (Owner::Places { index }, _) => self.places.ready(env, index),
                (Owner::Bus { index }, _) => {
                    self.bus.iter_mut().for_each(|bus| bus.ready(env, index));
                }
                (Owner::Nobody, _) => {}
            }
        }
        self.notices = notices;
    }

    /// Adds clients that talk as they like, from now on.
    pub fn add_clients(&mut self, count: usize) {
        for _ in 0..count {
            let index = self.clients.len();
            let mut client = Client::new(index);
            client.goes_on = true;
            let at = self.env.random.below(2 * SECOND);
            client.plan(&mut self.env, at);
            self.clients.push(client);
        }
    }

    /// Adds clients that watch others, from now on.
    pub fn add_visitors(&mut self, count: usize) {
        for _ in 0..count {
            let mut client = Client::visitor(self.clients.len());
            client.goes_on = true;
            let at = self.env.random.below(2 * SECOND);
            client.plan(&mut self.env, at);
            self.clients.push(client);
        }
    }

    /// Adds visitors of the web ports, from now on.
    pub fn add_web_visitors(&mut self, count: usize, watch: bool) {
        for _ in 0..count {
            let mut client = Client::web(self.clients.len(), watch);
            client.goes_on = true;
            let at = self.env.random.below(2 * SECOND);
            client.plan(&mut self.env, at);
            self.clients.push(client);
        }
    }

    /// Whether nobody says anything more, and all have been told what they asked for.
    pub fn is_quiet(&self) -> bool {
        self.clients.iter().all(|client| client.is_quiet(&self.env))
    }

    /// How many that watch are connected with a server.
    pub fn visitors_of(&self, server: usize) -> usize {
        self.clients.iter().filter(|client| client.watches_at() == Some(server)).count()
    }

    /// Whether all that watch were last told what their servers hold.
    pub fn visitors_agree(&self) -> Result<(), String> {
        for client in &self.clients {
            let Some(server) = client.watches_at() else { continue };
            let machine = &self.machines[server];
            let node = machine.node().ok_or("a visitor is left with nobody")?;
            client
                .agrees(node, self.env.checks.clients())
                .map_err(|why| format!("{}, {why}", machine.name))?;
        }
        Ok(())
    }

    /// Ends all faults and the load.
    pub fn heal(&mut self) {
        let env = &mut self.env;
        env.net.weather = Weather {
            latency: env.net.weather.latency.min(5 * MILLISECOND),
            spread: env.net.weather.spread.min(5 * MILLISECOND),
            refused: 0,
            black_hole: 0,
            resend: env.net.weather.resend.min(SECOND),
            capacity: (16_384, 65_536),
            ..env.net.weather
        };
        env.unresolved = 0;
        env.no_descriptors = 0;
        env.net.open_paths(&mut env.agenda, &mut env.random);
        env.net.end_stalls(&mut env.agenda);
        env.net.widen_pipes(16_384);
        env.disks.heal();
        self.places.manners = Manners { bad: 0, delay: 100 * MILLISECOND };
        self.heal_bus();
        // Who cannot be told who is forgotten must be upgraded before all can agree.
        let upgrades = self.mix.versions_mixed && self.mix.forgets > 0;
        self.mix.versions_mixed &= !upgrades;
        for index in 0..self.machines.len() {
            self.machines[index].resume(&mut self.env);
            self.machines[index].reload_whole(&mut self.env);
            let machine = &mut self.machines[index];
            let is_outdated = upgrades && machine.version != Version::HIGHEST;
            if upgrades {
                machine.version = Version::HIGHEST;
            }
            let is_running = machine.state == State::Running;
            if is_running && is_outdated || self.machines[index].is_stopping() {
                self.machines[index].kill(&mut self.env);
            }
            self.start(index);
        }
        let until = self.now() + SERVED_WITHIN;
        for client in &mut self.clients {
            client.stop(&mut self.env, until);
        }
        self.tell();
    }

    /// The bug that is not planted in what servers hear.
    pub fn lose_memory_if_planted(&mut self) {
        if self.env.planted.bug == Some(Bug::LosesItsMemory)
            && let Some(machine) = self.machines.iter_mut().find(|m| m.state == State::Running)
        {
            machine.forget_positions(&mut self.env);
        }
    }

    /// The nodes that live.
    pub fn nodes(&self) -> Vec<(usize, &Node)> {
        self.machines.iter().filter_map(|machine| Some((machine.index, machine.node()?))).collect()
    }

    /// The clock that is ahead of all others, in nanoseconds since 1970.
    pub fn latest_clock(&self) -> i64 {
        let walls = self.machines.iter().map(|machine| machine.wall(self.now()));
        walls.max().unwrap_or(0)
    }

    /// The digests of all that live, of the same step of the clock; none of those who cannot say.
    fn digests(&self) -> Vec<Option<u64>> {
        let nodes = self.nodes();
        let all = nodes.iter().map(|(_, node)| node.positions());
        if self.mix.lifetimes.is_none() {
            return all.map(|positions| Some(positions.digest())).collect();
        }
        let step = all.clone().map(|positions| positions.step()).min().flatten();
        all.map(|positions| positions.digest_at(step?)).collect()
    }

    /// Whether all links are up, all feeds are told and all servers hold as much as the others.
    pub fn is_healed(&self) -> bool {
        let digests = self.digests();
        let agree = digests.iter().all(|digest| digest.is_some() && *digest == digests[0]);
        agree
            && self.is_joined()
            && self.machines.iter().all(|machine| {
                machine.node().is_some_and(|node| {
                    let (up, links) = node.links_up();
                    // A link that died unnoticed may still be taken to be up at one side.
                    let both_sides = machine.connections_of_links(&self.env) >= 2 * links;
                    up == links && both_sides && node.feeds_sent()
                })
            })
    }

    /// Why it is not healed.
    pub fn describe(&self) -> String {
        let each = self.machines.iter().map(|machine| match machine.node() {
            None => format!("{} is down", machine.name),
            Some(node) => {
                let (name, positions) = (&machine.name, node.positions());
                let (links, told) = (node.links_up(), node.feeds_sent());
                let (count, digest, head) = (positions.len(), positions.digest(), positions.head());
                format!("{name}: links {links:?}, told {told}, {count} to {head}, {digest:016x}")
            }
        });
        each.collect::<Vec<_>>().join("\n")
    }
}
