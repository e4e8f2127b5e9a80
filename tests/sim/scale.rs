//! What an update costs in a herd of any shape and size: at rest, in a burst, under overload. All
//! links have the same latency, and servers take no time, so that times are whole latencies.

use super::agenda::{MILLISECOND, Time};
use super::costs::{Costs, Purpose, Sum};
use super::faults::Mix;
use super::net::Weather;
use super::random::Random;
use super::scenario::{HERE, Scenario, Session, fair};
use super::topology::{self, Shape};
use super::world::World;
use herd::herd::Herd;
use herd::limits;
use std::collections::VecDeque;
use std::time::Duration;

/// Of every link, one way.
const LATENCY: Time = MILLISECOND;
/// Updates that are followed one by one, each in a herd at rest.
const FOLLOWED: usize = 5;
/// Updates of a burst, each of another client, and the servers that take them.
const BURST_UPDATES: usize = 100;
const BURST_SERVERS: usize = 10;
/// Clients of the overload, how often all of them move, and how soon again.
const FAST_CLIENTS: usize = 20;
const MOVES: usize = 50;
const MOVE_PAUSE: Duration = Duration::from_micros(200);
/// What a link passes on in two latencies under overload: a fiftieth of what the clients say.
const SLOW_LINK_BYTES: usize = 4_096;
/// How long all servers may take to agree; a way of a thousand links takes one second.
const AGREED_WITHIN: Time = 20_000 * MILLISECOND;

/// What an update, or each of several, costs.
#[derive(Debug)]
pub struct Flood {
    pub updates: usize,
    /// Positions that crossed links.
    pub at: Sum,
    /// With the marks behind them and their acknowledgements.
    pub all: Sum,
    /// The longest of the shortest ways from the server that took it, in links.
    pub distance: usize,
    /// The longest way on which it came, and how long it took, in latencies.
    pub hops: usize,
    pub latencies: f64,
}

/// What updates cost in one herd.
#[derive(Debug)]
pub struct Cost {
    pub directions: usize,
    /// The longest of all shortest ways, in links.
    pub diameter: usize,
    /// Bytes that cross a link direction in a second while nothing happens.
    pub idle_bytes: f64,
    pub at_rest: Vec<Flood>,
    pub moved: Option<Moved>,
    /// An update that crossed a link twice in one direction.
    pub twice: Option<String>,
}

/// What many updates cost that come faster than one at a time.
#[derive(Debug)]
pub struct Moved {
    pub burst: Flood,
    pub overload: Flood,
}

/// How much is measured: in a full mesh of a thousand servers a million lines are sent for one
/// update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    AtRest,
    Everything,
}

impl Flood {
    /// Crossings for an update and link direction.
    pub fn share(&self, directions: usize) -> f64 {
        self.at.lines as f64 / (self.updates * directions) as f64
    }
}

/// Measures; panics where something goes wrong, such as servers that do not agree in time.
pub fn measure(shape: Shape, servers: usize, extent: Extent) -> Cost {
    let mut random = Random::new(servers as u64);
    let herd = herd(shape, servers, &mut random);
    let distances = distances(&herd);
    let diameter = distances.iter().copied().max().unwrap_or(0);
    let far = distances.iter().position(|&distance| distance == diameter).unwrap_or(0);
    let costs = Costs::new(&herd);
    let mut scenario = Scenario::with(herd, servers as u64, calm());
    scenario.world.env.checks.crossings = None;
    scenario.agrees();
    let directions = costs.directions();
    scenario.world.env.costs = Some(costs);
    let beats = 3;
    scenario.pass(beats * limits::HEARTBEAT_INTERVAL);
    let idle = counted(&mut scenario).sum(Purpose::Beat).bytes;
    let mut at_rest = Vec::new();
    for number in 0..FOLLOWED {
        let origin = if number == 0 { far } else { random.index(servers) };
        let client = scenario.connect_to(origin);
        scenario.pass(Duration::from_millis(10));
        let line = format!("IAMAT still{number} {HERE} {}", scenario.clock(0));
        at_rest.push(flood(&mut scenario, &distances, &[(client, line)]));
    }
    let moved = (extent == Extent::Everything).then(|| Moved {
        burst: burst(&mut scenario, &distances, &mut random),
        overload: overload(&mut scenario, &distances, far),
    });
    let twice = counted(&mut scenario).twice.take();
    let seconds = f64::from(beats) * limits::HEARTBEAT_INTERVAL.as_secs_f64();
    let idle_bytes = idle as f64 / directions as f64 / seconds;
    Cost { directions, diameter, idle_bytes, at_rest, moved, twice }
}

/// A random graph has about twice as many links as servers.
fn herd(shape: Shape, servers: usize, random: &mut Random) -> Herd {
    let mut links = match shape {
        Shape::Random => topology::links(Shape::Tree, servers, random),
        shape => topology::links(shape, servers, random),
    };
    if shape == Shape::Random {
        topology::add_links(&mut links, servers, servers, random);
    }
    topology::herd(servers, &links).expect("the herd is sound")
}

fn calm() -> Mix {
    let weather = Weather {
        latency: LATENCY,
        slowness: (1_000, 1_000),
        spread: 0,
        split: 0,
        ..fair().weather
    };
    Mix { weather, turn_gap: 0, ..fair() }
}

fn counted(scenario: &mut Scenario) -> &mut Costs {
    scenario.world.env.costs.as_mut().expect("they are counted")
}

/// By server, how many links away the farthest other is.
fn distances(herd: &Herd) -> Vec<usize> {
    let farthest = |from: usize| {
        let mut away = vec![usize::MAX; herd.servers.len()];
        away[from] = 0;
        let mut queue = VecDeque::from([from]);
        let mut last = from;
        while let Some(server) = queue.pop_front() {
            last = server;
            for &neighbour in &herd.servers[server].neighbours {
                if away[neighbour] == usize::MAX {
                    away[neighbour] = away[server] + 1;
                    queue.push_back(neighbour);
                }
            }
        }
        away[last]
    };
    (0..herd.servers.len()).map(farthest).collect()
}

/// Says these lines at the same time and waits until every server has what they report, and what
/// that leads to is over.
fn flood(scenario: &mut Scenario, distances: &[usize], lines: &[(Session, String)]) -> Flood {
    counted(scenario).clear();
    for (client, line) in lines {
        scenario.say(*client, line);
    }
    let everywhere = |world: &World| {
        let costs = world.env.costs.as_ref().expect("they are counted");
        costs.updates() == lines.len()
            && costs.ways().all(|way| way.reached == world.machines.len())
    };
    scenario.wait(AGREED_WITHIN, everywhere);
    sum_up(scenario, distances, lines.len())
}

/// When all acknowledgements have been said.
fn sum_up(scenario: &mut Scenario, distances: &[usize], updates: usize) -> Flood {
    scenario.pass(2 * limits::ACKNOWLEDGE_PAUSE);
    scenario.agrees();
    let costs = counted(scenario);
    let at = costs.sum(Purpose::At);
    let others = [costs.sum(Purpose::Mark), costs.sum(Purpose::Acknowledge)];
    let all = others.iter().fold(at, |sum, other| Sum {
        lines: sum.lines + other.lines,
        bytes: sum.bytes + other.bytes,
    });
    let whole = costs.ways().filter(|way| way.reached == distances.len());
    let (mut distance, mut hops, mut time) = (0, 0, 0);
    for way in whole {
        distance = distance.max(distances[way.origin]);
        hops = hops.max(usize::from(way.hops_max));
        time = time.max(way.time);
    }
    Flood { updates, at, all, distance, hops, latencies: time as f64 / LATENCY as f64 }
}

/// Many clients report at once, at several servers.
fn burst(scenario: &mut Scenario, distances: &[usize], random: &mut Random) -> Flood {
    let servers: Vec<usize> = (0..BURST_SERVERS).map(|_| random.index(distances.len())).collect();
    let sessions: Vec<Session> = servers.iter().map(|&at| scenario.connect_to(at)).collect();
    scenario.pass(Duration::from_millis(10));
    let line = |number| {
        let session = sessions[number % BURST_SERVERS];
        (session, format!("IAMAT burst{number} {HERE} {}", scenario.clock(0)))
    };
    let lines: Vec<(Session, String)> = (0..BURST_UPDATES).map(line).collect();
    flood(scenario, distances, &lines)
}

/// A few clients move far faster than the links can tell. Their ids are as long as ids may be, so
/// that few updates fill what a link may have to say.
fn overload(scenario: &mut Scenario, distances: &[usize], origin: usize) -> Flood {
    scenario.world.env.net.set_pipes(SLOW_LINK_BYTES);
    let client = scenario.connect_to(origin);
    scenario.pass(Duration::from_millis(10));
    let positions = |scenario: &Scenario| {
        scenario.world.machines[origin].node().map_or(0, |node| node.positions().head())
    };
    let before = positions(scenario);
    counted(scenario).clear();
    for _ in 0..MOVES {
        for number in 0..FAST_CLIENTS {
            let id = format!("{number:x<width$}", width = limits::CLIENT_ID_BYTES_MAX);
            let line = format!("IAMAT {id} {HERE} {}", scenario.clock(0));
            scenario.say(client, &line);
        }
        scenario.pass(MOVE_PAUSE);
    }
    let updates = MOVES * FAST_CLIENTS;
    let all_taken = |world: &World| {
        let node = world.machines[origin].node();
        node.is_some_and(|node| node.positions().head() == before + updates as u64)
            && world.is_healed()
    };
    scenario.wait(AGREED_WITHIN, all_taken);
    sum_up(scenario, distances, updates)
}
