//! What it costs to know where clients are: building the index of areas, bringing it up to date and
//! asking it, and its memory, at ten thousand, a million and ten million clients all over the world,
//! and with a million on one point or within a metre. It takes about a minute and 2 GB of memory; to
//! leave out the largest, name what you want to see, as `1M`.

mod harness;
mod support;

use harness::Harness;
use herd::positions::{Area, AtOnce, OriginId, Positions, Report, Text, Update};
use herd::wire::Location;
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use support::Outcome;
use support::figures::Figures;
use support::process::resident_bytes;

/// With this argument, a number and a spread the benchmark indexes so many positions and tells what
/// memory that takes.
const MEMORY_ARGUMENT: &str = "--memory";
const CLIENT: usize = 16;
const DEGREE: i64 = 1_000_000_000;
/// 2018-03-02, as good as any.
const FIRST_TIME: i64 = 1_520_023_934_000_000_000;
/// Micrometres in a kilometre.
const KILOMETRE: u64 = 1_000_000_000;
/// Changes that are brought into the index at a time.
const SHARE: usize = 1_024;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == MEMORY_ARGUMENT) {
        let argument = |place: usize| arguments.get(at + place).ok_or("how many, and where?");
        return tell_memory(argument(1)?.parse()?, Spread::named(argument(2)?)?);
    }
    let harness = Harness::from_arguments();
    let figures = Figures::from_arguments();
    for (count, name) in [(10_000, "10k"), (1_000_000, "1M"), (10_000_000, "10M")] {
        measure(&harness, &figures, count, &format!("{name} clients"), Spread::World)?;
    }
    for spread in [Spread::Towns, Spread::Metre, Spread::Point] {
        let name = format!("1M clients {}", spread.name());
        measure(&harness, &figures, 1_000_000, &name, spread)?;
    }
    Ok(())
}

/// Where clients are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Evenly all over the world.
    World,
    /// In a thousand towns, ever thinner from their middle to 50 km.
    Towns,
    Metre,
    Point,
}

impl Spread {
    fn name(self) -> &'static str {
        match self {
            Spread::World => "world",
            Spread::Towns => "in 1,000 towns",
            Spread::Metre => "within a metre",
            Spread::Point => "on one point",
        }
    }

    fn named(name: &str) -> Outcome<Spread> {
        let all = [Spread::World, Spread::Towns, Spread::Metre, Spread::Point];
        Ok(all.into_iter().find(|spread| spread.name() == name).ok_or("there is no such spread")?)
    }
}

/// Reports of clients, each later than the one before; the high bits of a linear congruential
/// generator (Knuth, MMIX) say whose and where.
struct World {
    positions: Positions,
    origin: OriginId,
    spread: Spread,
    random: u64,
    seconds: i64,
}

impl World {
    /// With the first so many clients.
    fn of(count: u64, spread: Spread) -> Outcome<Self> {
        let mut positions = Positions::new([1, 2]);
        let origin = positions.intern(b"Goloman").ok_or("no room for a name")?;
        let mut world = World { positions, origin, spread, random: 1, seconds: 0 };
        for client in 0..count {
            let location = world.location();
            if world.tell(client, location)? != Update::New {
                return Err("a new client was not new".into());
            }
        }
        Ok(world)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.random) * u128::from(bound)) >> 64) as u64
    }

    /// From 0 to below 1.
    fn share(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    fn location(&mut self) -> Location {
        let around = |world: &mut World, range: u64| world.below(2 * range) as i64 - range as i64;
        match self.spread {
            // As much of the surface lies between two latitudes as between their sines.
            Spread::World => {
                let sine = 2.0 * self.share() - 1.0;
                let longitude_nanodegrees = around(self, 180 * DEGREE as u64);
                Location {
                    latitude_nanodegrees: (sine.asin().to_degrees() * 1e9) as i64,
                    longitude_nanodegrees,
                }
            }
            Spread::Towns => {
                let town = self.below(1_000) as i64;
                let range = (5e8 * self.share() * self.share()) as u64 + 1;
                let (north, east) = (around(self, range), around(self, range));
                Location {
                    latitude_nanodegrees: (town * 7_919 % 120 - 60) * DEGREE + north,
                    longitude_nanodegrees: (town * 104_729 % 358 - 179) * DEGREE + east,
                }
            }
            Spread::Metre => Location {
                latitude_nanodegrees: 34 * DEGREE + around(self, 4_000),
                longitude_nanodegrees: -118 * DEGREE + around(self, 4_000),
            },
            Spread::Point => Location { latitude_nanodegrees: 0, longitude_nanodegrees: 0 },
        }
    }

    /// Ten metres north of where a client is, or about so.
    fn beside(&mut self, client: u64) -> Option<Location> {
        let known = self.positions.find(format!("phone-{client:010}").as_bytes())?;
        let mut location = Location::parse(known.location())?;
        location.latitude_nanodegrees += 90_000;
        location.latitude_nanodegrees = location.latitude_nanodegrees.min(90 * DEGREE);
        Some(location)
    }

    /// A client reports that it is there.
    fn tell(&mut self, client: u64, location: Location) -> Outcome<Update> {
        self.seconds += 1;
        // As a phone's app writes it.
        let angle = |nanodegrees: i64| {
            let (sign, size) = (if nanodegrees < 0 { '-' } else { '+' }, nanodegrees.abs());
            format!("{sign}{}.{:06}", size / DEGREE, size % DEGREE / 1_000)
        };
        let place = angle(location.latitude_nanodegrees) + &angle(location.longitude_nanodegrees);
        let text = format!("phone-{client:010} {place} 1520023934.{:09}", self.seconds);
        let text = Text::new(text.as_bytes(), CLIENT, place.len()).ok_or("that is no text")?;
        let report = Report {
            origin: self.origin,
            difference_nanoseconds: 263_873_386,
            time_nanoseconds: FIRST_TIME + self.seconds,
            text,
        };
        Ok(self.positions.update(&report, None))
    }

    /// Brings the index up to date; nanoseconds a change.
    fn follow(&mut self) -> f64 {
        let (start, mut taken) = (Instant::now(), 0);
        while !self.positions.areas_are_current() {
            taken += self.positions.follow_areas(SHARE);
        }
        start.elapsed().as_nanos() as f64 / taken.max(1) as f64
    }
}

fn measure(
    harness: &Harness,
    figures: &Figures,
    count: u64,
    name: &str,
    spread: Spread,
) -> Outcome<()> {
    let named = |what: &str| format!("areas/{what}, {name}");
    let (build, memory) = (named("build"), named("memory"));
    let (jump, step) = (named("update, anywhere"), named("update, 10 m"));
    let questions = questions(spread);
    let asked: Vec<String> = questions.iter().map(|(what, ..)| named(what)).collect();
    let all = [&build, &memory, &jump, &step].into_iter().chain(&asked);
    if !all.clone().any(|name| figures.wants(name)) {
        return Ok(());
    }
    let mut world = World::of(count, spread)?;
    figures.print(&build, "ns/change", &[world.follow()]);
    for (name, (_, radius, bound)) in asked.iter().zip(questions) {
        let mut found = vec![];
        let centres: Vec<Area> =
            (0..4_096).map(|_| Area::new(world.location(), radius * KILOMETRE)).collect();
        let mut at = 0;
        let positions = &world.positions;
        harness.measure(name, || {
            at = (at + 1) % centres.len();
            positions.near(black_box(&centres[at]), bound, None, None, AtOnce::ALL, &mut found)
        });
    }
    update(figures, &jump, count, &mut world, |world, _| Some(world.location()))?;
    update(figures, &step, count, &mut world, World::beside)?;
    memory_of(figures, &memory, count, spread)
}

/// Radius in kilometres, and bound.
fn questions(spread: Spread) -> [(&'static str, u64, usize); 4] {
    match spread {
        Spread::Metre | Spread::Point => [
            ("1 within 0 km", 0, 1),
            ("1 within 1 km", 1, 1),
            ("10 within 1 km", 1, 10),
            ("1,000 within 1 km", 1, 1_000),
        ],
        _ => [
            ("10 within 10 km", 10, 10),
            ("10 within 100 km", 100, 10),
            ("10 within 1,000 km", 1_000, 10),
            ("1,000 within 20,000 km", 20_000, 1_000),
        ],
    }
}

/// Clients report from where `to` says.
fn update(
    figures: &Figures,
    name: &str,
    count: u64,
    world: &mut World,
    to: impl Fn(&mut World, u64) -> Option<Location>,
) -> Outcome<()> {
    if !figures.wants(name) {
        return Ok(());
    }
    let mut values = vec![];
    for _ in 0..7 {
        for _ in 0..count / 20 {
            let client = world.below(count);
            let location = to(world, client).ok_or("a client is unknown")?;
            if world.tell(client, location)? != Update::Newer {
                return Err("a later report was not newer".into());
            }
        }
        values.push(world.follow());
    }
    figures.print(name, "ns/change", &values);
    Ok(())
}

/// Memory that a process has because of the index, in a process of its own.
fn memory_of(figures: &Figures, name: &str, count: u64, spread: Spread) -> Outcome<()> {
    if !figures.wants(name) {
        return Ok(());
    }
    let arguments = [MEMORY_ARGUMENT, &count.to_string(), spread.name()];
    let output = Command::new(env::current_exe()?).args(arguments).output()?;
    let output = String::from_utf8(output.stdout)?;
    let mut words = output.split_whitespace().map(str::parse::<f64>);
    match (words.next(), words.next()) {
        (Some(Ok(resident)), Some(Ok(counted))) => {
            figures.print(name, "bytes/client", &[resident]);
            figures.print(&format!("{name}, as it counts it"), "bytes/client", &[counted]);
        }
        _ => figures.remark(&format!("{name}: the system does not tell")),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn tell_memory(count: u64, spread: Spread) -> Outcome<()> {
    let mut world = World::of(count, spread)?;
    let before = resident_bytes("self").ok_or("the system does not tell")?;
    world.follow();
    let after = resident_bytes("self").ok_or("the system does not tell")?;
    let counted = world.positions.areas_bytes() as f64;
    println!("{} {}", (after - before) / count as f64, counted / count as f64);
    Ok(())
}
