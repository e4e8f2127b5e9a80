//! Scenarios of herds on a bus in trouble: whatever is wrong with it, gateways say little, and nothing grows.

use super::joined::{KNOWN_WITHIN, tells};
use crate::sim::agenda::{MILLISECOND, SECOND};
use crate::sim::bus::manners::Manners;
use crate::sim::bus::traffic::Kind;
use crate::sim::scenario::{HERE, Scenario, several_times};
use serde_json::Value;
use std::time::Duration;

/// Other gateways of which one keeps account, at most.
const SOURCES_MAX: usize = herd::limits::GATEWAY_SOURCES_MAX;

fn known_gateways(scenario: &Scenario, server: &str) -> usize {
    let status = scenario.status(server);
    status["gateway"]["gateways"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_bus_that_loses_a_fifth_costs_a_small_multiple_of_what_there_is_to_tell() {
    for seed in 0..4 {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        scenario.bus_behaves(Manners { lost: 200, ..Manners::good() });
        let reports = scenario.report_for(20, &["S1", "S3"], 50);
        scenario.pass(Duration::from_secs(10));
        let (feed, again) = (scenario.published(Kind::Feed), scenario.published(Kind::Again));
        assert!(feed.lines <= 2 * reports, "{feed:?} for {reports} changes, {again:?}");
        // Two gateways for half a minute.
        assert!(again.messages <= 120, "{again:?}");
        scenario.bus_behaves(Manners::good());
        scenario.agree_in_the_end();
    }
}

#[test]
fn who_may_not_publish_its_feed_is_asked_for_it_ever_less_and_tells_it_when_it_may() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S1", "S3", "before", KNOWN_WITHIN);
        scenario.bus().forbidden = Some(Kind::Feed);
        for round in 0..10 {
            scenario.report("S1", &format!("c{round}"), HERE, &scenario.clock(0));
            scenario.pass_milliseconds(500);
        }
        scenario.pass(Duration::from_secs(175));
        assert_eq!(scenario.position("S2", "c9"), None);
        let status = scenario.status("S0");
        let complaint = status["gateway"]["complaint"].as_str().unwrap_or_default().to_owned();
        assert!(complaint.contains("Permissions Violation"), "{complaint}");
        assert_ne!(status["gateway"]["up"], Value::Bool(false));
        let (feed, again) = (scenario.published(Kind::Feed), scenario.published(Kind::Again));
        assert!(again.messages <= 20, "{again:?} within three minutes");
        assert!(feed.lines <= 250, "{feed:?} of which 11 were new");
        assert_eq!(scenario.bus().accepted, 2, "nobody had to connect again");
        scenario.bus().forbidden = None;
        tells(&mut scenario, "S1", "S3", "after", KNOWN_WITHIN);
        scenario.agree_in_the_end();
        assert!(scenario.position("S3", "c9").is_some());
    });
}

#[test]
fn a_gateway_that_restarts_again_and_again_is_one_gateway() {
    let mut scenario = Scenario::joined(1, 1, Manners::good());
    for round in 0..30 {
        scenario.kill("S0");
        scenario.pass_milliseconds(100);
        scenario.start("S0");
        scenario.agree_in_the_end();
        tells(&mut scenario, "S0", "S3", &format!("c{}", round % 3), KNOWN_WITHIN);
    }
    assert_eq!(known_gateways(&scenario, "S2"), 1);
    // Whatever it had told before, it tells once more for each of its lives.
    let lines = scenario.published(Kind::Feed).lines;
    assert!(lines <= 30 * 8, "{lines} lines");
}

#[test]
fn of_ever_more_strangers_only_so_many_are_kept_account_of() {
    let mut scenario = Scenario::joined(1, 1, Manners::good());
    tells(&mut scenario, "S1", "S3", "before", KNOWN_WITHIN);
    for number in 0..3 * SOURCES_MAX as u64 {
        let source = format!("far away{number} {number:016x}");
        scenario.stranger_says("feed", &format!("FEED {source} 5 {}\n", 6 + number));
        scenario.stranger_says("digest", &format!("DIGEST {source} 9 {number:016x} 0 0 604800\n"));
        scenario.pass_milliseconds(20);
    }
    assert_eq!(known_gateways(&scenario, "S2"), SOURCES_MAX);
    // Many are asked for what they told, and do not answer: one question at a time.
    let (seconds, again) = (scenario.world.now() / SECOND, scenario.published(Kind::Again));
    assert!(again.messages <= 2 * 2 * seconds, "{again:?} within {seconds} s");
    tells(&mut scenario, "S1", "S3", "after", KNOWN_WITHIN);
}

#[test]
fn a_gateway_that_the_bus_cuts_off_for_being_slow_connects_again_and_misses_nothing() {
    several_times(|seed| {
        let hasty = Manners { pending_bytes_max: 16_384, ..Manners::good() };
        let mut scenario = Scenario::joined(seed, 1, hasty);
        scenario.bus_stalls("S2", 6 * SECOND);
        scenario.report_for(6, &["S1"], 100);
        scenario.agree_in_the_end();
        assert!(scenario.bus().accepted > 2, "it was not cut off");
        assert!(scenario.bus().accepted < 6, "it was cut off again and again");
        tells(&mut scenario, "S1", "S3", "after", KNOWN_WITHIN + 200 * MILLISECOND);
    });
}
