//! A day in the life of a herd, in an hour or in 20 s: five servers with journals, web ports and Places, under
//! load at random, while the herd file changes, a sixth comes and goes, and servers are restarted, killed and
//! stopped for a while at random.
//!
//! Throughout it is seen to that each answer is right, that nobody is refused or cut off but by a server that is
//! just away, that no server goes back behind what it once answered, and that memory, descriptors, logs and
//! journals stay as they are. In the end all servers know all that was answered, and agree.
//!
//! One seed gives the same troubles in the same order; when what happens within them is the machine's.

mod askers;
mod gauges;
mod reporters;
mod stage;
mod target;

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Process, StandIn, posix_nanoseconds};
use crate::herdctl;
use askers::Asker;
use gauges::{GAUGES, Gauges};
pub use reporters::Reporter;
use stage::Stage;
use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use target::{NAMES, STEADY};
pub use target::{SERVERS, Target};

/// How long it lasts in the tests that always run, and where this is not set.
const SECONDS: u64 = 20;
const SECONDS_VARIABLE: &str = "HERD_DAY_SECONDS";
const SEED_VARIABLE: &str = "HERD_SEED";
/// What the servers run, if not what the tests are of: `make day` has them run what ships.
const PROGRAM_VARIABLE: &str = "HERD_DAY_PROGRAM";
/// From which length on gauges are compared: before, most of what they show is warm-up.
const COMPARED: Duration = Duration::from_secs(900);
/// After so long without a report a client is unknown; those that pass are, throughout.
const TTL_SECONDS: u32 = 300;
/// About 250 reports a second come from each.
const REPORTERS: u64 = 10;
const ASKERS: u64 = 3;
const WATCHERS: u64 = 3;
/// Of the longest pause between two troubles: a part of the whole, and never more than that.
const PAUSES: u32 = 40;
const PAUSE_MAX: Duration = Duration::from_secs(8);
/// What no server logs.
const NEVER_LOGGED: [&str; 4] =
    [" ERROR ", "panicked", "hold different positions", "the rest is used"];

/// Has it be over when it is dropped, so that nobody goes on when somebody fails.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn tell(words: &str) {
    // Test programs keep what is printed to themselves, but not what is written to the stream.
    let _ = writeln!(stderr(), "  {words}");
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|number| number.parse().unwrap())
}

#[test]
fn a_day_of_reloads_restarts_kills_and_cuts_under_load() {
    let length = Duration::from_secs(number(SECONDS_VARIABLE).unwrap_or(SECONDS));
    let seed = number(SEED_VARIABLE).unwrap_or_else(|| posix_nanoseconds() as u64 / 1_000_000);
    tell(&format!("{length:?} with {SEED_VARIABLE}={seed}"));
    let program =
        env::var(PROGRAM_VARIABLE).unwrap_or_else(|_| env!("CARGO_BIN_EXE_herd").to_owned());
    let places = StandIn::start(&[]);
    let targets: [Target; SERVERS] = Default::default();
    let mut stage = Stage::new(program, &places, &targets, seed, PAUSE_MAX.min(length / PAUSES));
    let over = AtomicBool::new(false);
    let directory = stage.herd.directory.path().to_owned();
    let (reporters, askers, gauges) = thread::scope(|scope| {
        let _end = Ends(&over);
        let (targets, over) = (&targets, &over);
        let reporters = (0..REPORTERS).map(|number| {
            let reporter = Reporter::new(number as usize, seed);
            scope.spawn(move || reporter.run(targets, over))
        });
        let reporters: Vec<_> = reporters.collect();
        let asker = |number: u64| Asker::new(seed.wrapping_add(1_000 + number), REPORTERS);
        let asking =
            (0..ASKERS).map(|number| scope.spawn(move || asker(number).ask(targets, over)));
        let mut askers: Vec<_> = asking.collect();
        askers.extend(
            (ASKERS..ASKERS + WATCHERS)
                .map(|number| scope.spawn(move || asker(number).watch(targets, over))),
        );
        let gauges = scope.spawn(|| Gauges::run(&directory, targets, over));
        stage.run(length, || {
            reporters.iter().any(|thread| thread.is_finished())
                || askers.iter().any(|thread| thread.is_finished())
                || gauges.is_finished()
        });
        over.store(true, Ordering::Relaxed);
        let reporters: Vec<Reporter> =
            reporters.into_iter().map(|thread| thread.join().unwrap()).collect();
        let askers: Vec<Asker> = askers.into_iter().map(|thread| thread.join().unwrap()).collect();
        (reporters, askers, gauges.join().unwrap())
    });
    told(&stage, &reporters, &askers, &gauges);
    agree(&mut stage, &reporters);
    if length >= COMPARED {
        assert_flat(&gauges);
    }
}

/// Tells what was done and what came of it.
fn told(stage: &Stage<'_>, reporters: &[Reporter], askers: &[Asker], gauges: &Gauges) {
    let reported: Vec<reporters::Counts> = reporters.iter().map(|one| one.counts).collect();
    let asked: Vec<askers::Counts> = askers.iter().map(|one| one.counts).collect();
    let sum = |of: fn(&reporters::Counts) -> u64| reported.iter().map(of).sum::<u64>();
    tell(&format!("{:?}", stage.counts));
    tell(&format!(
        "{} reports answered on {} connections, {} of them cut off and {} dials refused, all by servers that \
         were away; the longest wait for answers {:.1?}",
        sum(|one| one.answered),
        sum(|one| one.connections),
        sum(|one| one.cut),
        sum(|one| one.refused),
        reported.iter().map(|one| one.longest).max().unwrap(),
    ));
    tell(&format!(
        "{} questions answered, {} of them without Places; {} events told",
        asked.iter().map(|one| one.answers).sum::<u64>(),
        asked.iter().map(|one| one.without_places).sum::<u64>(),
        asked.iter().map(|one| one.events).sum::<u64>(),
    ));
    tell(&format!(
        "{:.0} turns, {:.0} of them longer than {} s, the longest {:.3} s, of {} after {:.0?}",
        gauges.turns,
        gauges.long_turns,
        gauges::LONG_TURN,
        gauges.longest_turn.0,
        gauges.longest_turn.1,
        gauges.longest_turn.2,
    ));
    for (gauge, (what, ..)) in GAUGES.iter().enumerate() {
        let of = |at: usize| {
            let [first, last] = gauges.thirds(at, gauge);
            format!("{} {first:.0} then {last:.0}", NAMES[at])
        };
        tell(&format!("{what}: {}", (0..=STEADY).map(of).collect::<Vec<_>>().join(", ")));
    }
}

/// At rest all servers agree, and know all that was answered; then they end in order and leave sound journals.
fn agree(stage: &mut Stage<'_>, reporters: &[Reporter]) {
    stage.wait_until_linked();
    let ended = herdctl::run(&stage.herd, &["verify", "--tries", "60"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    tell(ended.output.lines().next().unwrap());
    let ended = herdctl::run(&stage.herd, &["status"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let servers = || stage.servers.iter().flatten();
    let known: usize =
        servers().map(|server| reporters.iter().map(|one| one.check(server)).sum::<usize>()).sum();
    tell(&format!("{known} answers were looked for at {} servers and found", servers().count()));
    for mut server in std::mem::take(&mut stage.servers).into_iter().flatten() {
        server.process.signal("TERM");
        assert_eq!(server.process.wait().code(), Some(0), "{} ends in order", server.name);
        let mut check = bare(env!("CARGO_BIN_EXE_herd"));
        check.arg("--check-journal").arg(stage.herd.journal(&server.name));
        let checked: Ended = Process::run(&mut check, stage.herd.directory.path());
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
    let logs: Vec<_> = fs::read_dir(stage.herd.directory.join("logs")).unwrap().flatten().collect();
    assert!(logs.len() > STEADY);
    for log in logs {
        let text = fs::read(log.path()).unwrap();
        let text = String::from_utf8_lossy(&text);
        let never = |line: &&str| NEVER_LOGGED.iter().any(|words| line.contains(words));
        assert_eq!(text.lines().find(never), None, "{:?}", log.path());
    }
}

/// What the servers take does not grow.
fn assert_flat(gauges: &Gauges) {
    for (gauge, (what, part, besides)) in GAUGES.iter().enumerate() {
        for (at, name) in NAMES.iter().enumerate().take(STEADY + 1) {
            let [first, last] = gauges.thirds(at, gauge);
            let most = first * (1.0 + part) + besides;
            assert!(last <= most, "{what} of {name}: {first:.0} and then {last:.0}");
        }
    }
}
