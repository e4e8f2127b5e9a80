//! A run of one seed: faults under load, then healing; safety all the time, agreement in the end.

use super::agenda::{Event, SECOND, Time};
use super::checks::Tally;
use super::disk::Habits;
use super::faults::Mix;
use super::links::Links;
use super::planted::Bug;
use super::random::Random;
use super::topology;
use super::trace::Detail;
use super::world::World;
use herd::limits;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Lines of the trace that a failure shows.
const LINES_SHOWN: usize = 80;

/// In one of so many seeds servers keep journals.
const JOURNALS_EVERY: u64 = 3;

/// In one of so many seeds records end.
const ENDS_EVERY: u64 = 4;

/// In one of so many seeds servers read herd files again that have changed.
const RELOADS_EVERY: u64 = 5;

/// In one of so many seeds servers speak TLS with each other, on which in one of so many some of them do
/// not insist.
const TLS_EVERY: u64 = 11;
const TLS_MIXED_EVERY: u64 = 55;

/// In one of so many seeds there are several herds, joined by a bus.
const JOINED_EVERY: u64 = 7;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was drawn.
    pub banner: String,
    pub tally: Tally,
    pub virtual_time: Time,
    pub turns: u64,
    pub healed_after: Time,
    pub trace_hash: u64,
    pub trace_records: u64,
    pub trace: Vec<u8>,
    /// What was wrong, if something was.
    pub failure: Option<String>,
}

/// Runs a seed; if it fails, once more with words, to show how it came to that.
pub fn run(seed: u64) -> Result<Outcome, String> {
    let outcome = catch_unwind(|| {
        let (mut world, banner) = build(seed, Detail::Hash, None);
        let result = phases(&mut world);
        Outcome::of(&world, banner, result)
    });
    let failure = match outcome {
        Ok(outcome) if outcome.failure.is_none() => return Ok(outcome),
        Ok(outcome) => outcome.failure,
        Err(panic) => Some(words_of(panic.as_ref())),
    };
    let (mut world, banner) = build(seed, Detail::Words, None);
    // What comes of it is known.
    drop(catch_unwind(AssertUnwindSafe(|| phases(&mut world))));
    let lines = world.env.trace.last_lines(LINES_SHOWN);
    let failure = failure.unwrap_or_default();
    Err(format!(
        "seed {seed} fails: {failure}\n\nwhat it drew: {banner}\n\nthe last of its trace:\n{lines}\n\
         replay with HERD_SEED={seed} cargo test --test simulation seeds\n"
    ))
}

/// What a panic said.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or(panic.downcast_ref::<&str>().copied());
    format!("it panics: {}", words.unwrap_or("without words"))
}

/// Runs a seed, possibly with a planted bug.
pub fn run_once(seed: u64, detail: Detail, bug: Option<Bug>) -> Outcome {
    let (mut world, banner) = build(seed, detail, bug);
    let result = phases(&mut world);
    Outcome::of(&world, banner, result)
}

impl Outcome {
    fn of(world: &World, banner: String, result: Result<Time, String>) -> Self {
        Outcome {
            banner,
            tally: world.env.checks.tally.clone(),
            virtual_time: world.now(),
            turns: world.machines.iter().map(|machine| machine.turns).sum(),
            healed_after: *result.as_ref().unwrap_or(&0),
            trace_hash: world.env.trace.hash(),
            trace_records: world.env.trace.records(),
            trace: world.env.trace.bytes().to_vec(),
            failure: result.err(),
        }
    }
}

fn build(seed: u64, detail: Detail, bug: Option<Bug>) -> (World, String) {
    let mut random = Random::new(seed);
    let mut mix = Mix::draw(&mut random);
    if seed % JOURNALS_EVERY == 1 {
        (mix.journals, mix.disks) = (true, Some(Habits::draw(seed)));
    }
    if seed % ENDS_EVERY == 2 {
        mix.draw_ends(seed);
    }
    if seed % RELOADS_EVERY == 4 {
        mix.draw_reloads();
    }
    if seed % TLS_EVERY == 3 {
        let is_mixed = seed % TLS_MIXED_EVERY == 14;
        mix.links = if is_mixed { Links::Mixed } else { Links::Tls };
    }
    if seed % JOINED_EVERY == 5 {
        mix.draw_joined(seed);
    }
    let banner = format!("seed {seed}: {mix:?}");
    let herds = match &mix.joined {
        Some(joined) => joined.build(mix.shape, &mut random),
        None => topology::build(mix.shape, mix.servers, &mut random).map(|herd| vec![herd]),
    };
    let mut herds = match herds {
        Ok(herds) => herds,
        Err(why) => unreachable!("drawn herds are sound: {why}"),
    };
    if let Some(lifetimes) = mix.lifetimes {
        herds.iter_mut().for_each(|herd| herd.lifetimes = lifetimes);
    }
    let mut world = World::of_herds(seed, herds, mix, random, detail, bug);
    for machine in 0..world.machines.len() {
        let skew = world.env.random.below(2 * world.mix.skew + 1) as i64;
        world.machines[machine].skew = skew - world.mix.skew as i64;
        world.start(machine);
    }
    world.add_clients(world.mix.clients);
    world.add_visitors(world.mix.visitors);
    world.add_web_visitors(world.mix.askers, false);
    world.add_web_visitors(world.mix.readers, true);
    world.env.agenda.plan(SECOND, Event::Fault);
    (world, banner)
}

/// Both phases; how long healing took.
fn phases(world: &mut World) -> Result<Time, String> {
    world.run_until(world.mix.faulty);
    world.lose_memory_if_planted();
    violation(world)?;
    world.heal();
    let healed_at = world.now();
    let within = world.healed_within();
    let until = healed_at + within.as_nanos() as Time;
    let healed = world.run_until_so(until, World::is_healed);
    let healed_after = world.now() - healed_at;
    // Clients that are still being answered may change positions; then no more.
    let at_rest = world.run_until_so(until, |world| world.is_quiet() && world.is_healed());
    let told = world.run_until_so(until, |world| world.visitors_agree().is_ok());
    violation(world)?;
    if !healed || !at_rest {
        return Err(format!("not healed within {within:?}:\n{}", world.describe()));
    }
    if !told {
        world.visitors_agree()?;
    }
    world.env.checks.agreement(&world.nodes(), world.latest_clock())?;
    world.was_no_storm()?;
    rest(world)?;
    // Somebody may be being told just now that a position has become too old.
    let until = world.now() + 2 * SECOND;
    if !world.run_until_so(until, |world| world.visitors_agree().is_ok()) {
        violation(world)?;
        world.visitors_agree()?;
    }
    world.machines.iter().try_for_each(|machine| machine.journal_agrees(&world.env))?;
    Ok(healed_after)
}

/// When nobody says anything more, only the links are left, and nothing changes.
fn rest(world: &mut World) -> Result<(), String> {
    let links: usize = world.machines.iter().filter_map(|m| Some(m.node()?.links_up().1)).sum();
    // Idle connections to Places stay for a while; waiting for that costs much where links are many.
    let waits = links <= 24;
    let (pause, spare) = if waits {
        (limits::PLACES_DEADLINE + limits::PLACES_IDLE_MAX + limits::LINGER_MAX, 0)
    } else {
        (limits::LINGER_MAX, limits::PLACES_CONNECTIONS_MAX)
    };
    world.run_until(world.now() + pause.as_nanos() as Time + SECOND);
    violation(world)?;
    if !world.is_healed() {
        return Err(format!("healed, and then not:\n{}", world.describe()));
    }
    for machine in &world.machines {
        let links = 2 * machine.node().map_or(0, |node| node.links_up().1);
        let held = machine.connections(&world.env);
        let at_bus = usize::from(machine.gateway.is_some());
        let least = links + at_bus + world.visitors_of(machine.index);
        if held < least || held > least + spare {
            let (name, all) = (machine.name.clone(), machine.describe_connections());
            return Err(format!(
                "{name} holds {held} connections for {links} of its links:\n{all}"
            ));
        }
    }
    world.is_quiet_on_the_bus()?;
    violation(world)?;
    world.env.checks.agreement(&world.nodes(), world.latest_clock())
}

fn violation(world: &World) -> Result<(), String> {
    match &world.env.checks.violation {
        Some(why) => Err(format!("at {:.6} s: {why}", world.now() as f64 / SECOND as f64)),
        None => Ok(()),
    }
}
