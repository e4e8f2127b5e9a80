//! What goes wrong in a run: each seed draws its own mix.

use super::agenda::{Event, MICROSECOND, MILLISECOND, SECOND, Time};
use super::disk::Habits;
use super::joined::Joined;
use super::links::Links;
use super::machine::State;
use super::net::{End, Weather};
use super::places::Manners;
use super::random::Random;
use super::topology::{self, Shape};
use super::trace::Tag;
use super::world::World;
use herd::wire::Lifetimes;

/// How long a neighbour may be heard nothing of before it is given up, or nearly.
const SILENCE: Time = 3 * SECOND;

/// What mends a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undo {
    Open {
        from: usize,
        to: usize,
    },
    Start {
        machine: usize,
    },
    Resume {
        machine: usize,
    },
    /// The message bus is there again.
    BusIsBack,
    /// That server reads a herd file that says whether it talks with the other.
    Reload {
        machine: usize,
        other: usize,
        linked: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A connection is reset, on both sides or on one, who learns of it alone.
    Reset,
    HalfReset,
    /// One direction of a connection passes nothing for a while.
    Stall,
    /// Two servers do not reach each other, or one does not reach the other.
    Partition,
    OneWay,
    /// A server reaches nobody and nobody reaches it.
    Isolation,
    /// A server stops without a word, is killed, or is stopped cleanly; it comes back empty.
    PowerLoss,
    Kill,
    Stop,
    Pause,
    /// A server is killed and comes back so soon that it greets a neighbour anew before that has
    /// read the last of what it said in its former life.
    Overtaking,
    /// A wall clock steps.
    ClockStep,
    /// Two servers read a herd file in which they are no neighbours, each at its time, and later one in
    /// which they are.
    Relink,
}

const FAULTS: [Fault; 12] = [
    Fault::Reset,
    Fault::HalfReset,
    Fault::Stall,
    Fault::Partition,
    Fault::OneWay,
    Fault::Isolation,
    Fault::PowerLoss,
    Fault::Kill,
    Fault::Stop,
    Fault::Pause,
    Fault::Overtaking,
    Fault::ClockStep,
];

/// Everything that a seed draws before its run.
#[derive(Debug)]
pub struct Mix {
    pub shape: Shape,
    pub servers: usize,
    pub clients: usize,
    /// Clients that watch others.
    pub visitors: usize,
    /// Visitors of the web ports who report and ask, and who watch.
    pub askers: usize,
    pub readers: usize,
    /// Of a thousand lines, how many forget a client.
    pub forgets: u64,
    pub devices: usize,
    pub questions: u64,
    pub nonsense: u64,
    /// Of a thousand lines, how many ask who is near.
    pub nears: u64,
    pub ties: u64,
    pub fat: u64,
    pub weather: Weather,
    pub manners: Manners,
    pub faults: Vec<Fault>,
    /// Usual time between two faults.
    pub fault_gap: Time,
    /// How long a fault lasts at most.
    pub fault_length: Time,
    /// How long faults go on.
    pub faulty: Time,
    pub turn_gap: Time,
    pub read_bytes_max: u64,
    pub skew: Time,
    pub max_skew_seconds: u64,
    pub unresolved: u64,
    /// Of a thousand times that a server accepts, how often it has no descriptor left.
    pub no_descriptors: u64,
    /// Of a thousand ends of connections, how many are not out at once, as under TLS.
    pub late_ends: u64,
    /// Whether each server draws at each start whether it speaks version 1 or 2.
    pub versions_mixed: bool,
    /// What goes wrong with disks, beside power cuts, where servers keep anything on them.
    pub disks: Option<Habits>,
    /// Whether servers keep journals.
    pub journals: bool,
    /// What is spoken between servers.
    pub links: Links,
    /// What joins the herds, if there are several.
    pub joined: Option<Joined>,
    /// For how long records count, where they end.
    pub lifetimes: Option<Lifetimes>,
}

impl Mix {
    pub fn draw(random: &mut Random) -> Self {
        let (shape, servers) = topology::draw(random);
        let faults = FAULTS.into_iter().filter(|_| random.chance(400)).collect();
        let capacity_least = *random.pick(&[256, 1_024, 16_384]);
        let capacity_most = *random.pick(&[16_384, 65_536, 1_048_576]);
        let at_times = |random: &mut Random, often: u64, most: u64| {
            if random.chance(often) { random.below(most) } else { 0 }
        };
        Mix {
            shape,
            servers,
            clients: random.magnitude(1, 12) as usize,
            devices: random.magnitude(1, 30) as usize,
            questions: at_times(random, 600, 500),
            nonsense: at_times(random, 500, 200),
            ties: at_times(random, 700, 600),
            fat: at_times(random, 200, 500),
            weather: Weather {
                latency: random.magnitude(20 * MICROSECOND, 200 * MILLISECOND),
                slowness: (500, 2_000),
                spread: random.magnitude(MICROSECOND, 400 * MILLISECOND),
                capacity: (capacity_least, capacity_most),
                split: at_times(random, 500, 600),
                refused: at_times(random, 300, 200),
                black_hole: at_times(random, 300, 200),
                resend: random.magnitude(MILLISECOND, 3 * SECOND),
            },
            manners: Manners {
                bad: at_times(random, 500, 600),
                delay: random.magnitude(2 * MILLISECOND, 7 * SECOND),
            },
            faults,
            fault_gap: random.magnitude(50 * MILLISECOND, 5 * SECOND),
            fault_length: random.magnitude(100 * MILLISECOND, 15 * SECOND),
            faulty: random.between(SECOND, 25 * SECOND),
            turn_gap: random.magnitude(MICROSECOND, 10 * MILLISECOND),
            read_bytes_max: random.magnitude(1, 65_536).max(16),
            skew: if random.chance(400) { random.below(3_600 * SECOND) } else { 0 },
            max_skew_seconds: *random.pick(&[1, 60, 86_400, 86_400]),
            unresolved: at_times(random, 200, 200),
            no_descriptors: at_times(random, 200, 500),
            late_ends: at_times(random, 300, 800),
            versions_mixed: random.chance(200),
            visitors: random.index(4),
            nears: at_times(random, 500, 200),
            askers: random.index(3),
            readers: random.index(3),
            disks: None,
            journals: false,
            links: Links::Plain,
            joined: None,
            lifetimes: None,
            forgets: at_times(random, 500, 250),
        }
    }
}

impl Mix {
    /// Herd files change within the run.
    pub fn draw_reloads(&mut self) {
        self.faults.push(Fault::Relink);
    }
}

/// What the seed of a run is changed by for when records end.
const SALT_OF_ENDS: u64 = 0x656e_6473;

/// How far a clock is from the true time at most where records end, or herds are joined: any two differ by
/// twice that.
pub const SKEW_OF_SECONDS: Time = 5 * SECOND;

impl Mix {
    /// Records end within the run, by clocks that differ by some seconds.
    pub fn draw_ends(&mut self, seed: u64) {
        let random = &mut Random::new(seed ^ SALT_OF_ENDS);
        let seconds = random.magnitude(2, 40) as u32;
        // Not more, for the time being: one server may have let go a position that won against a tombstone
        // which another, whom that position reached too late, holds on to. They differ until it ends.
        let tombstone_seconds = seconds;
        self.lifetimes = Some(Lifetimes { ttl_seconds: Some(seconds), tombstone_seconds });
        self.skew = random.below(SKEW_OF_SECONDS + 1);
        self.versions_mixed = false;
    }
}

impl World {
    /// Breaks something and plans when it is mended, and the next fault.
    pub fn fault(&mut self) {
        let (now, mix) = (self.env.agenda.now(), &self.mix);
        if now >= mix.faulty || mix.faults.is_empty() {
            return;
        }
        let random = &mut self.env.random;
        let fault = *random.pick(&mix.faults);
        let next = now + random.between(1, 2 * mix.fault_gap);
        let until = now + random.magnitude(MILLISECOND, mix.fault_length);
        let one = random.index(self.machines.len());
        self.env.agenda.plan(next, Event::Fault);
        self.env.trace.note(now, Tag::Fault, one as u64, until, format!("{fault:?}").as_bytes());
        match fault {
            Fault::Reset | Fault::HalfReset | Fault::Stall => self.trouble_one(fault, until),
            Fault::Partition | Fault::OneWay | Fault::Isolation => {
                self.close_paths(fault, one, until);
            }
            Fault::PowerLoss | Fault::Kill => self.end(fault, one, until),
            Fault::Stop => {
                self.machines[one].stop(&mut self.env);
                self.plan_undo(until, Undo::Start { machine: one });
            }
            Fault::Pause => {
                self.machines[one].pause();
                self.plan_undo(until, Undo::Resume { machine: one });
            }
            Fault::Overtaking => self.overtake(now + SILENCE),
            Fault::Relink => self.relink(one, until),
            Fault::ClockStep => {
                let most = 2 * self.mix.skew.max(SECOND);
                let step = self.env.random.magnitude(0, most) as i64;
                let back = self.env.random.chance(500);
                let machine = &mut self.machines[one];
                machine.skew += if back { -step } else { step };
                if self.mix.lifetimes.is_some() {
                    // Forward, and not far from the others: what is dead does not come back to life.
                    let most = SKEW_OF_SECONDS as i64;
                    machine.skew = (machine.skew + if back { 2 * step } else { 0 }).min(most);
                } else if self.mix.joined.is_some() {
                    let most = SKEW_OF_SECONDS as i64;
                    machine.skew = machine.skew.clamp(-most, most);
                }
            }
        }
    }

    /// A disk gets into some trouble, which ends by itself, and the next is planned.
    pub fn trouble_a_disk(&mut self) {
        let (now, env) = (self.env.agenda.now(), &mut self.env);
        if now < self.mix.faulty
            && let Some((machine, trouble, until, next)) = env.disks.trouble_one(now)
        {
            let what = format!("{trouble:?}");
            env.trace.note(now, Tag::Fault, machine as u64, until, what.as_bytes());
            env.agenda.plan(next, Event::DiskTrouble);
        }
    }

    fn plan_undo(&mut self, at: Time, undo: Undo) {
        self.env.agenda.plan(at, Event::Undo(undo));
    }

    /// Something happens to one connection.
    fn trouble_one(&mut self, fault: Fault, until: Time) {
        let ids = self.env.net.ids();
        if ids.is_empty() {
            return;
        }
        let env = &mut self.env;
        let id = *env.random.pick(&ids);
        let side = env.random.index(2);
        match fault {
            Fault::Reset => env.net.cut(id, &[0, 1], &mut env.agenda, &mut env.random),
            Fault::HalfReset => env.net.cut(id, &[side], &mut env.agenda, &mut env.random),
            _ => env.net.stall(id, side, until),
        }
    }

    fn overtake(&mut self, until: Time) {
        let ids = self.env.net.under_way();
        if ids.is_empty() {
            return;
        }
        let env = &mut self.env;
        let conn = *env.random.pick(&ids);
        let pause = env.random.magnitude(MILLISECOND, 100 * MILLISECOND);
        let dialler = env.net.hosts_of(End { conn, side: 0 });
        if let Some((machine, _)) = dialler.filter(|(one, _)| self.machines[*one].node().is_some())
        {
            env.net.let_overtake(conn, until);
            self.machines[machine].kill(env);
            let at = env.agenda.now() + pause;
            self.plan_undo(at, Undo::Start { machine });
        }
    }

    fn close_paths(&mut self, fault: Fault, one: usize, until: Time) {
        let hosts = self.env.hosts.count();
        let other = self.env.random.index(hosts);
        let mut paths = match fault {
            Fault::Isolation => (0..hosts).flat_map(|other| [(one, other), (other, one)]).collect(),
            Fault::Partition => vec![(one, other), (other, one)],
            _ => vec![(one, other)],
        };
        paths.retain(|(from, to)| from != to);
        for (from, to) in paths {
            let env = &mut self.env;
            env.net.set_path(from, to, false, &mut env.agenda, &mut env.random);
            self.plan_undo(until, Undo::Open { from, to });
        }
    }

    /// A server and one of its neighbours are none for a while.
    fn relink(&mut self, one: usize, until: Time) {
        let neighbours = self.machines[one].neighbours();
        if neighbours.is_empty() {
            return;
        }
        let other = *self.env.random.pick(&neighbours);
        let now = self.env.agenda.now();
        for (machine, other) in [(one, other), (other, one)] {
            for (from, linked) in [(now, false), (until, true)] {
                let at = from + self.env.random.magnitude(MILLISECOND, 3 * SECOND);
                self.plan_undo(at, Undo::Reload { machine, other, linked });
            }
        }
    }

    fn end(&mut self, fault: Fault, one: usize, until: Time) {
        if self.machines[one].state == State::Down {
            return;
        }
        match fault {
            Fault::Kill => self.machines[one].kill(&mut self.env),
            _ => self.machines[one].lose_power(&mut self.env),
        }
        self.plan_undo(until, Undo::Start { machine: one });
    }

    pub fn undo(&mut self, undo: Undo) {
        let env = &mut self.env;
        match undo {
            Undo::Open { from, to } => {
                env.net.set_path(from, to, true, &mut env.agenda, &mut env.random);
            }
            Undo::Resume { machine } => self.machines[machine].resume(env),
            Undo::BusIsBack => self.bus.iter_mut().for_each(|bus| bus.come_back(env)),
            // (When all is healed no link goes any more.)
            Undo::Reload { machine, other, linked } => {
                if linked || env.agenda.now() < self.mix.faulty {
                    self.machines[machine].reload(env, other, linked);
                }
            }
            Undo::Start { machine } => {
                if self.machines[machine].is_stopping() {
                    // Not down yet: a little later.
                    let at = env.agenda.now() + 100 * MILLISECOND;
                    env.agenda.plan(at, Event::Undo(undo));
                } else {
                    self.start(machine);
                }
            }
        }
    }
}
