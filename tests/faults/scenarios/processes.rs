//! Processes that are killed, or stopped and continued.

use super::{Breaking, EVERYBODY, HEALED_MAX, STARTED_MAX, Stage, lasting};
use crate::agreement::{count_unknown, wait_until_known};
use crate::ledger::Report;
use crate::servers::{GOLOMAN, HANDS, HOLIDAY, NAMES, SLACK, WELSH, WILKES};
use std::ops::RangeBounds;
use std::time::{Duration, Instant};

/// Long enough for the pauses between dials to have grown.
const AWAY: Duration = Duration::from_secs(3);
/// What was acknowledged so long before a crash is at the neighbours: it was handed to the kernel for
/// them before the client was answered, and kernels send while every process of a busy machine waits
/// for its turn. What they have not sent when the process dies may be dropped; a round trip is far
/// less than this.
const HANDED_ON: Duration = Duration::from_millis(100);
/// What was acknowledged so long before a crash is everywhere: processes that wait for their turn have
/// passed it on.
const PASSED_ON: Duration = Duration::from_secs(1);

/// `kill -9` in the middle of the load; it comes back empty.
pub fn a_server_killed_and_started_again() {
    let mut stage = Stage::new();
    let breaking = Breaking::of(GOLOMAN);
    let killed = Instant::now();
    stage.servers.kill(GOLOMAN);
    lasting(AWAY);
    breaking.noticed();
    let lost = |until: Instant| {
        let taken = stage.floor(|report| report.server == GOLOMAN && is_from(report, ..until));
        (count_unknown(&stage.load.ledger, &taken, HANDS), taken.len())
    };
    let (died, taken) = lost(killed);
    println!("  of {taken} positions that only it had taken, {died} died with it");
    let (broken, promised) = lost(killed - HANDED_ON);
    assert_eq!(broken, 0, "of {promised} positions acknowledged {HANDED_ON:?} before it died");
    let counts = move |report: &Report| {
        report.server != GOLOMAN || !is_from(report, killed - HANDED_ON..killed)
    };
    let floor = stage.floor(counts);
    stage.servers.launch(GOLOMAN);
    let took = wait_until_known(&stage.load.ledger, &floor, &EVERYBODY, STARTED_MAX);
    println!("  all know all that survived {took:.2?} after the start");
    stage.finish(&[HANDS, HOLIDAY, WELSH, WILKES], counts);
}

/// What the only survivor holds is enough.
pub fn all_but_one_killed_and_started_again() {
    let mut stage = Stage::new();
    let held = stage.floor(|_| true);
    wait_until_known(&stage.load.ledger, &held, &[HANDS], SLACK);
    let killed = Instant::now();
    let others = [GOLOMAN, HOLIDAY, WELSH, WILKES];
    others.into_iter().for_each(|server| stage.servers.kill(server));
    lasting(AWAY);
    others.into_iter().for_each(|server| stage.servers.launch(server));
    let took = wait_until_known(&stage.load.ledger, &held, &EVERYBODY, STARTED_MAX);
    println!("  {} positions are back at {} servers after {took:.2?}", held.len(), others.len());
    let started = Instant::now();
    println!("  all know all {:.2?} after that", stage.agree(STARTED_MAX));
    // What a server acknowledged just before it died is not promised.
    let counts = move |report: &Report| {
        report.server == HANDS || !is_from(report, killed - PASSED_ON..started)
    };
    stage.finish(&[HANDS], counts);
}

/// A process that is stopped looks alive to the kernel: its connections stand and its listener
/// takes more of them.
pub fn a_server_stopped_and_continued() {
    let stage = Stage::new();
    let breaking = Breaking::of(HOLIDAY);
    stage.servers.signal(HOLIDAY, "STOP");
    lasting(Duration::from_secs(7));
    breaking.noticed();
    stage.servers.signal(HOLIDAY, "CONT");
    println!("  all know all {:.2?} after it went on", stage.agree(HEALED_MAX));
    let others: Vec<usize> = (0..NAMES.len()).filter(|&server| server != HOLIDAY).collect();
    stage.finish(&others, |_| true);
}

/// Whether a report was acknowledged in that time.
fn is_from(report: &Report, time: impl RangeBounds<Instant>) -> bool {
    report.acknowledged.as_ref().is_some_and(|(_, at)| time.contains(at))
}
