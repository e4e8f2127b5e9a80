//! Links that are cut, without a word or with one, and healed.

use super::{Breaking, EVERYBODY, HEALED_MAX, LONG, Stage, lasting};
use crate::agreement::wait_until_known;
use crate::servers::{GOLOMAN, HANDS, HOLIDAY, LogMark, SLACK, WELSH, WILKES, log};
use std::time::Duration;

/// Holiday and Welsh on one side, the others on the other; both sides serve their clients.
const BETWEEN_SIDES: [(usize, usize); 2] = [(GOLOMAN, HOLIDAY), (WILKES, HOLIDAY)];
const SIDES: [&[usize]; 2] = [&[GOLOMAN, HANDS, WILKES], &[HOLIDAY, WELSH]];

/// Packets vanish in both directions: no reset, no error.
pub fn a_herd_cut_in_two_without_a_word() {
    let mut stage = Stage::new();
    let links = [(GOLOMAN, HOLIDAY), (WILKES, HOLIDAY), (HOLIDAY, GOLOMAN), (HOLIDAY, WILKES)];
    let breaking = Breaking::of_links(&links);
    stage.network.cut(&BETWEEN_SIDES);
    lasting(LONG);
    breaking.noticed();
    for side in SIDES {
        let floor = stage.floor(|report| side.contains(&report.server));
        wait_until_known(&stage.load.ledger, &floor, side, SLACK);
    }
    stage.network.heal(&BETWEEN_SIDES);
    println!("  all know all {:.2?} after the healing", stage.agree(HEALED_MAX));
    stage.finish(&EVERYBODY, |_| true);
}

/// Hands hears Goloman, but not the other way round.
pub fn a_link_that_is_deaf_on_one_side() {
    let mut stage = Stage::new();
    let breaking = Breaking::of_links(&[(GOLOMAN, HANDS), (HANDS, GOLOMAN)]);
    stage.network.silence(HANDS, GOLOMAN);
    lasting(LONG);
    breaking.noticed();
    // There is a way around it.
    println!("  all know all {:.2?} later, around the cut", stage.agree(SLACK));
    let ends = [(LogMark::end_of(GOLOMAN), "Hands"), (LogMark::end_of(HANDS), "Goloman")];
    stage.network.hear(HANDS, GOLOMAN);
    for (end, other) in ends {
        end.wait_for(&format!("link to {other} is up"), HEALED_MAX);
    }
    stage.finish(&EVERYBODY, |_| true);
}

/// TCP heals it by itself, and nobody gives a link up.
pub fn a_cut_too_short_to_be_noticed() {
    let mut stage = Stage::new();
    let losses = || log(HOLIDAY).matches(" is down").count();
    let before = losses();
    stage.network.cut(&BETWEEN_SIDES);
    lasting(Duration::from_secs(1));
    stage.network.heal(&BETWEEN_SIDES);
    println!("  all know all {:.2?} after the healing", stage.agree(SLACK));
    assert_eq!(losses(), before, "a link was given up");
    stage.finish(&EVERYBODY, |_| true);
}

/// Wilkes is off, for its clients, too.
pub fn a_cable_pulled_and_plugged_in_again() {
    let mut stage = Stage::new();
    let breaking = Breaking::of(WILKES);
    stage.network.unplug(WILKES);
    lasting(LONG);
    breaking.noticed();
    let others = [GOLOMAN, HANDS, HOLIDAY, WELSH];
    let floor = stage.floor(|report| others.contains(&report.server));
    wait_until_known(&stage.load.ledger, &floor, &others, SLACK);
    stage.network.plug(WILKES);
    println!("  all know all {:.2?} after it was plugged in", stage.agree(HEALED_MAX));
    stage.finish(&others, |_| true);
}
