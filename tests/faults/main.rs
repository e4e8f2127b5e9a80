//! Real faults: five real daemons, each in a network namespace of its own, under a steady load,
//! while links are cut and healed, paths made poor, processes killed and stopped, and a disk filled.
//!
//! The test makes its own small world and leaves nothing behind: each scenario runs in a child of
//! this program that has namespaces of its own for mounts, processes and networks ([`world`]), and
//! the kernel ends all of it with that child. This takes `unshare`, `nsenter` (util-linux), `ip`
//! (iproute2) and the right to make namespaces, as root or, where the system lets them, anybody.
//! Where it is missing this fails and says so, unless `HERD_SKIP_NAMESPACES=1` is set.
//!
//! Scenarios mostly wait, so all of them run at the same time, whatever the number of processors:
//! that is what this program has a `main` of its own for. It takes the arguments of Rust's own test
//! programs as far as they make sense here.
//!
//! What each scenario measures is printed: answers refused or lost at servers that were not hit,
//! the time until all servers agree, positions lost.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program that talks")]

mod agreement;
mod ledger;
mod load;
mod network;
mod proxy;
mod scenarios;
mod servers;
mod world;

use scenarios::SCENARIOS;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

/// Says by name that namespaces are to be done without, and so these tests.
const SKIP_VARIABLE: &str = "HERD_SKIP_NAMESPACES";

/// What was asked for on the command line.
struct Choice {
    list: bool,
    exact: bool,
    named: Vec<String>,
    skipped: Vec<String>,
}

fn main() -> ExitCode {
    if let Some(name) = world::entered() {
        let (_, scenario) = SCENARIOS.iter().find(|(known, _)| *known == name).unwrap();
        scenario();
        return ExitCode::SUCCESS;
    }
    let choice = Choice::read();
    let names: Vec<&str> =
        SCENARIOS.iter().map(|(name, _)| *name).filter(|name| choice.includes(name)).collect();
    if choice.list {
        names.iter().for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} scenarios, at the same time", names.len());
    if names.is_empty() {
        return ExitCode::SUCCESS;
    }
    if std::env::var(SKIP_VARIABLE).is_ok_and(|value| value == "1") {
        println!("skipped: {SKIP_VARIABLE}=1");
        return ExitCode::SUCCESS;
    }
    if let Err(why) = world::probe() {
        eprintln!("{why}; {SKIP_VARIABLE}=1 does without these tests");
        return ExitCode::FAILURE;
    }
    run(&names)
}

/// Runs the scenarios at the same time and says what became of them.
fn run(names: &[&str]) -> ExitCode {
    let start = Instant::now();
    let failed = thread::scope(|scope| {
        let run = |name: &str| {
            let ended = world::enter(name);
            let outcome = if ended.succeeded { "ok" } else { "FAILED" };
            let seconds = start.elapsed().as_secs_f64();
            // One call, so that the output of scenarios is not mixed.
            println!("test {name} ... {outcome} ({seconds:.1} s)\n{}", ended.output.trim_end());
            ended.succeeded
        };
        let running: Vec<_> = names.iter().map(|name| scope.spawn(move || run(name))).collect();
        running.into_iter().filter_map(|thread| (!thread.join().unwrap()).then_some(())).count()
    });
    let passed = names.len() - failed;
    let seconds = start.elapsed().as_secs_f64();
    println!("\ntest result: {passed} passed; {failed} failed; finished in {seconds:.1} s\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Choice {
    fn read() -> Choice {
        let mut options = getopts::Options::new();
        for flag in ["list", "exact", "nocapture", "show-output", "quiet", "ignored"] {
            options.optflag("", flag, "");
        }
        options.optflag("", "include-ignored", "");
        options.optmulti("", "skip", "", "");
        for ignored in ["test-threads", "format", "color", "logfile"] {
            options.optopt("", ignored, "", "");
        }
        let given = options.parse(std::env::args().skip(1)).unwrap();
        Choice {
            list: given.opt_present("list"),
            exact: given.opt_present("exact"),
            skipped: given.opt_strs("skip"),
            named: given.free,
        }
    }

    fn includes(&self, name: &str) -> bool {
        let matches =
            |words: &String| if self.exact { name == words } else { name.contains(words) };
        (self.named.is_empty() || self.named.iter().any(matches))
            && !self.skipped.iter().any(matches)
    }
}
