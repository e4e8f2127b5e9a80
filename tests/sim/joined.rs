//! Herds that are joined by a message bus: what a seed draws of them, what happens to the bus, and what
//! must hold of them together.

use super::agenda::{Event, MILLISECOND, SECOND};
use super::bus::manners::Manners;
use super::bus::traffic::Kind;
use super::bus::{self, Bus};
use super::faults::{Mix, SKEW_OF_SECONDS, Undo};
use super::machine::Machine;
use super::random::Random;
use super::topology::{self, Shape};
use super::trace::Tag;
use super::world::{HEALED_WITHIN, World};
use herd::herd::Herd;
use herd::limits;
use herd::node::{Credentials, GatewayOptions};
use std::time::Duration;

/// What the seed of a run is changed by for what joins its herds.
const SALT: u64 = 0x0062_7573;

/// The longest line that servers tell each other of reports that are not fat, and of fat ones, with what
/// stands before it, in bytes.
const LINE_BYTES: u64 = 1_024;
const FAT_LINE_BYTES: u64 = 32_768;

/// How long after the last fault several herds may take to agree: all that somebody lacks is told again when
/// digests have differed for long, and if that was asked for in vain once more after a pause.
pub const AGREED_WITHIN: Duration = Duration::from_secs(120);

const _: () = {
    let differ = limits::DISAGREEMENTS_MAX as u64 * limits::GATEWAY_DIGEST_INTERVAL.as_secs();
    let again = differ + limits::START_OVER_PAUSE.as_secs();
    assert!(HEALED_WITHIN.as_secs() + again <= AGREED_WITHIN.as_secs());
};

/// For how long one looks whether herds at rest are quiet, and how often a gateway says then what it holds:
/// every 5 s (contract), and each may do so at the beginning of that time and at its end.
const QUIET: u64 = 20 * SECOND;
const DIGESTS_WHEN_QUIET: u64 = 5;

/// How often a gateway asks to be told again at most, over the length of a run.
const AGAINS_A_SECOND_MAX: u64 = 1;

/// How herds are joined.
#[derive(Debug, Clone)]
pub struct Joined {
    /// How many servers each herd has, and how many of these, the first ones, are gateways.
    pub herds: Vec<(usize, usize)>,
    pub credentials: Credentials,
    /// Whether each change is published for its client, too.
    pub clients: bool,
    pub manners: Manners,
}

impl Joined {
    /// `is_fat`: some lines are very long.
    pub fn draw(seed: u64, is_fat: bool) -> Self {
        let random = &mut Random::new(seed ^ SALT);
        let herds = 2 + usize::from(random.chance(300));
        let one = |random: &mut Random| {
            let servers = random.magnitude(1, 4) as usize;
            (servers, 1 + usize::from(servers > 1 && random.chance(400)))
        };
        let herds = (0..herds).map(|_| one(random)).collect();
        let secret = || "s3cret \"quoted\"".to_owned();
        let credentials = match random.below(3) {
            0 => Credentials::None,
            1 => Credentials::User { user: "herd".to_owned(), password: secret() },
            _ => Credentials::Token(secret()),
        };
        let clients = random.chance(200);
        let longest = if is_fat { FAT_LINE_BYTES } else { LINE_BYTES };
        Joined { herds, credentials, clients, manners: Manners::draw(random, longest) }
    }

    /// The herds, each of that shape.
    pub fn build(&self, shape: Shape, random: &mut Random) -> Result<Vec<Herd>, String> {
        let mut first = 0;
        let one = |(number, &(servers, _)): (usize, &(usize, usize))| {
            let links = topology::links(shape, servers, random);
            let herd = topology::nth_herd(number, first, servers, &links);
            first += servers;
            herd
        };
        self.herds.iter().enumerate().map(one).collect()
    }

    /// The bus, with those machines as gateways on it that are.
    pub fn join(&self, machines: &mut [Machine]) -> Bus {
        let mut bus = Bus::new(self.manners.clone());
        bus.credentials = self.credentials.clone();
        let mut first = 0;
        for &(servers, gateways) in &self.herds {
            for machine in &mut machines[first..first + gateways] {
                machine.gateway = Some(GatewayOptions {
                    endpoints: bus::endpoints(),
                    credentials: self.credentials.clone(),
                    subject: bus::SUBJECT.to_owned(),
                    clients: self.clients,
                });
            }
            first += servers;
        }
        bus
    }
}

impl Mix {
    /// There are several herds on a bus, whose clocks differ by some seconds, as they may (contract): who is
    /// ahead by more than a minute cannot compare what it holds with what others held then.
    pub fn draw_joined(&mut self, seed: u64) {
        self.joined = Some(Joined::draw(seed, self.fat > 0));
        self.skew = self.skew.min(SKEW_OF_SECONDS);
    }
}

impl World {
    /// Something happens to the bus, and what is next is planned.
    pub fn trouble_bus(&mut self) {
        let (now, env) = (self.env.agenda.now(), &mut self.env);
        let Some(bus) = self.bus.as_mut().filter(|_| now < self.mix.faulty) else { return };
        if bus.manners.faults.is_empty() {
            return;
        }
        let fault = *env.random.pick(&bus.manners.faults);
        let next = now + env.random.between(1, 2 * bus.manners.fault_gap);
        let until = now + env.random.magnitude(MILLISECOND, bus.manners.fault_length);
        env.trace.note(now, Tag::Fault, u64::MAX, until, format!("{fault:?}").as_bytes());
        env.agenda.plan(next, Event::BusFault);
        if bus.suffer(env, fault) {
            env.agenda.plan(until, Event::Undo(Undo::BusIsBack));
        }
    }

    /// The bus behaves from now on.
    pub fn heal_bus(&mut self) {
        if let Some(bus) = &mut self.bus {
            bus.come_back(&mut self.env);
            bus.manners.heal();
            bus.hurry(&mut self.env);
        }
    }

    /// How long all may take to be linked, to be at the bus and to agree, after the last fault.
    pub fn healed_within(&self) -> Duration {
        if self.bus.is_some() { AGREED_WITHIN } else { HEALED_WITHIN }
    }

    /// Who is a gateway.
    pub fn gateways(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(|machine| machine.gateway.is_some())
    }

    /// Whether all gateways are at the bus.
    pub fn is_joined(&self) -> bool {
        self.bus.as_ref().is_none_or(|bus| {
            let there = bus.connected();
            self.gateways().all(|gateway| there.contains(&gateway.index))
        })
    }

    /// What was published in the whole run is bounded by what there was to tell: each gateway tells a
    /// change once, and all that there is when it begins anew, or somebody asks.
    pub fn was_no_storm(&self) -> Result<(), String> {
        let Some(bus) = &self.bus else { return Ok(()) };
        let (checks, tally) = (&self.env.checks, &self.env.checks.tally);
        let (gateways, clients) = (self.gateways().count() as u64, checks.clients().len() as u64);
        let anew = tally.lives + bus.accepted + tally.agains;
        let lines_most = gateways * (tally.reports + anew * clients);
        let seconds = self.now() / SECOND + 1;
        let agains_most = gateways * (AGAINS_A_SECOND_MAX * seconds + bus.accepted);
        let feed = bus.traffic.of(Kind::Feed);
        if feed.lines > lines_most || feed.messages > feed.lines + anew {
            return Err(format!("{feed:?} on the bus, of which {lines_most} lines are enough"));
        }
        if tally.agains > agains_most {
            let agains = tally.agains;
            return Err(format!("asked {agains} times to be told again within {seconds} s"));
        }
        Ok(())
    }

    /// At rest gateways tell each other nothing but what they hold.
    pub fn is_quiet_on_the_bus(&mut self) -> Result<(), String> {
        let count = self.gateways().count() as u64;
        let Some(bus) = &self.bus else { return Ok(()) };
        let accepted = bus.accepted;
        // A connection that is new says more.
        self.run_until(self.now() + 5 * SECOND);
        self.bus.iter_mut().for_each(|bus| bus.traffic.reset());
        self.run_until(self.now() + QUIET);
        let Some(bus) = &self.bus else { return Ok(()) };
        let of = |kind| bus.traffic.of(kind);
        let (feed, digest, again) = (of(Kind::Feed), of(Kind::Digest), of(Kind::Again));
        let new = bus.accepted - accepted;
        let is_quiet = feed.messages == 0
            && again.messages == 0
            && new == 0
            && digest.messages <= DIGESTS_WHEN_QUIET * count;
        if is_quiet {
            return Ok(());
        }
        Err(format!(
            "at rest {count} gateways published within 20 s: {feed:?}, {digest:?}, {again:?}, over \
             {new} new connections"
        ))
    }
}
