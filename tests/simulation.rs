//! The herd under simulation: thousands of seeded runs of the real protocols and stores in a world
//! where everything goes wrong that can, and scripted scenarios in the same world.
//!
//! `HERD_SEED=n` runs the seed n alone; `HERD_SEEDS=n` runs n seeds, from `HERD_SEED` on.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "these are tests and their helpers")]

#[path = "sim/scenarios/mod.rs"]
mod scenarios;
mod sim;

use sim::planted::{ALL, Bug};
use sim::seeds::{Outcome, run, run_once};
use sim::trace::Detail;
use std::env;

/// Seeds that are run where none are asked for.
const SEEDS: u64 = 1_200;

/// Seeds within which every planted bug must be found; without bugs all of them are well.
const CANARY_SEEDS: u64 = 600;

const _: () = assert!(CANARY_SEEDS <= SEEDS);

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn seeds() {
    let first = number("HERD_SEED");
    let count = number("HERD_SEEDS").unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(0);
    let (mut virtual_time, mut turns, mut reports, mut slowest) = (0, 0, 0, 0);
    let (mut late_marks, mut leftovers) = (0, 0);
    let (mut responses, mut gone_on, mut handshakes) = (0, 0, 0);
    let (mut batches, mut agains) = (0, 0);
    for seed in first..first + count {
        let outcome = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        virtual_time += outcome.virtual_time;
        turns += outcome.turns;
        reports += outcome.tally.reports;
        late_marks += outcome.tally.late_marks;
        leftovers += outcome.tally.leftovers;
        responses += outcome.tally.responses;
        gone_on += outcome.tally.streams_gone_on;
        handshakes += outcome.tally.handshakes;
        batches += outcome.tally.batches;
        agains += outcome.tally.agains;
        slowest = slowest.max(outcome.healed_after);
        if count == 1 {
            let Outcome { banner, tally, trace_hash, .. } = &outcome;
            println!("{banner}\n{tally:?}\ntrace {trace_hash:016x}");
        }
        let done = seed - first + 1;
        if done.is_multiple_of((count / 100).clamp(100, 1_000)) || done == count {
            let hours = virtual_time as f64 / 3.6e12;
            let slowest = slowest as f64 / 1e9;
            println!(
                "seeds {first} to {seed} are well: {hours:.1} virtual hours, {turns} turns, \
                 {reports} reports, {late_marks} late marks, {leftovers} answers with leftovers, \
                 {responses} responses at web ports, {gone_on} streams gone on, {handshakes} TLS handshakes, \
                 {batches} batches on buses and {agains} told again, \
                 healed within {slowest:.2} s"
            );
        }
    }
    // What is rare must be there all the same.
    assert!(count < SEEDS || (late_marks > 0 && leftovers > 0), "{late_marks} and {leftovers}");
    assert!(count < SEEDS || (responses > 0 && gone_on > 0), "{responses} and {gone_on}");
    assert!(count < SEEDS || handshakes > 0, "no link is under TLS");
    assert!(count < SEEDS || (batches > 0 && agains > 0), "{batches} and {agains}");
}

#[test]
fn two_runs_of_a_seed_are_the_same_byte_for_byte() {
    for seed in 0..12 {
        let one = run_once(seed, Detail::Bytes, None);
        let other = run_once(seed, Detail::Bytes, None);
        assert!(one.trace_records > 100, "seed {seed}");
        assert!(one.trace == other.trace, "seed {seed} is not always the same");
        assert_eq!(one.trace_hash, other.trace_hash);
        assert_eq!(one.trace_hash, run_once(seed, Detail::Hash, None).trace_hash);
    }
    let hashes = [0, 1].map(|seed| run_once(seed, Detail::Hash, None).trace_hash);
    assert_ne!(hashes[0], hashes[1]);
}

#[test]
fn every_planted_bug_is_found() {
    let unfound: Vec<Bug> = ALL.into_iter().filter(|&bug| !is_found(bug)).collect();
    assert!(unfound.is_empty(), "not found within {CANARY_SEEDS} seeds: {unfound:?}");
}

fn is_found(bug: Bug) -> bool {
    for seed in 0..CANARY_SEEDS {
        if let Some(how) = run_once(seed, Detail::Hash, Some(bug)).failure {
            let first = how.lines().next().unwrap_or_default();
            println!("{bug:?} is found by seed {seed}: {first}");
            return true;
        }
    }
    false
}
