//! Scenarios of herds that are joined by a message bus.

use crate::sim::agenda::{MILLISECOND, SECOND};
use crate::sim::bus::manners::{Fault, Manners};
use crate::sim::bus::traffic::Kind;
use crate::sim::scenario::{HERE, Scenario, several_times};
use std::time::Duration;

/// How long herds may take to agree when a bus that was away for a minute is there again (contract).
const AGREED_AFTER_ABSENCE: u64 = 5 * SECOND;

/// How long a report may take to another herd when nothing is wrong.
pub const KNOWN_WITHIN: u64 = 200 * MILLISECOND;

/// A report at one server, which another comes to know within that time.
pub fn tells(scenario: &mut Scenario, from: &str, to: &str, client: &str, within: u64) {
    let line = scenario.report(from, client, HERE, &scenario.clock(0));
    knows(scenario, to, client, &line, within);
}

fn knows(scenario: &mut Scenario, server: &str, client: &str, line: &str, within: u64) {
    let mut waited = 0;
    while scenario.position(server, client).as_deref() != Some(line) {
        assert!(waited < within, "{server} has not heard of {client} in time");
        scenario.pass_milliseconds(10);
        waited += 10 * MILLISECOND;
    }
}

#[test]
fn a_report_at_one_herd_is_known_at_the_other_at_once_and_published_once() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        for round in 0..5 {
            tells(&mut scenario, "S1", "S3", &format!("east{round}"), KNOWN_WITHIN);
            tells(&mut scenario, "S2", "S0", &format!("west{round}"), KNOWN_WITHIN);
        }
        assert_eq!(scenario.published(Kind::Feed).lines, 10);
        assert_eq!(scenario.published(Kind::Again).messages, 0);
        scenario.world.is_quiet_on_the_bus().expect("it is quiet");
    });
}

#[test]
fn herds_agree_within_five_seconds_when_a_bus_is_back_that_was_away_for_a_minute_under_load() {
    for fault in [Fault::Absence, Fault::Darkness] {
        for seed in 0..4 {
            let mut scenario = Scenario::joined(seed, 1, Manners::good());
            scenario.trouble_bus(fault);
            scenario.report_for(60, &["S0", "S1", "S2", "S3"], 10);
            assert_ne!(
                scenario.position("S0", "everywhere"),
                scenario.position("S2", "everywhere")
            );
            scenario.bus().traffic.reset();
            scenario.bus_is_back();
            scenario.agree_all(AGREED_AFTER_ABSENCE);
            // 41 clients, each of which is told once, or twice where it moves on the way.
            let lines = scenario.published(Kind::Feed).lines;
            assert!((41..=130).contains(&lines), "{lines} lines");
            scenario.world.is_quiet_on_the_bus().expect("it is quiet");
        }
    }
}

#[test]
fn a_batch_that_is_lost_is_told_again_as_soon_as_the_next_comes() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S1", "S3", "before", KNOWN_WITHIN);
        scenario.bus_behaves(Manners { lost: 1_000, ..Manners::good() });
        let lost = scenario.report("S1", "lost", HERE, &scenario.clock(0));
        scenario.pass_milliseconds(200);
        scenario.bus_behaves(Manners::good());
        assert_eq!(scenario.position("S2", "lost"), None);
        tells(&mut scenario, "S1", "S3", "next", KNOWN_WITHIN);
        knows(&mut scenario, "S3", "lost", &lost, 2 * SECOND);
        // Beside that a gateway that has not been seen to agree yet asks for everything, once.
        assert!((1..=2).contains(&scenario.published(Kind::Again).messages));
        assert!(scenario.published(Kind::Feed).lines <= 8);
    });
}

#[test]
fn the_last_batch_that_is_lost_is_missed_when_digests_differ() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        scenario.bus_behaves(Manners { lost: 1_000, ..Manners::good() });
        let lost = scenario.report("S1", "lost", HERE, &scenario.clock(0));
        scenario.pass_milliseconds(200);
        scenario.bus_behaves(Manners::good());
        knows(&mut scenario, "S3", "lost", &lost, 20 * SECOND);
        scenario.pass(Duration::from_secs(10));
        scenario.world.is_quiet_on_the_bus().expect("it is quiet");
    });
}

#[test]
fn a_request_to_tell_again_that_is_lost_is_made_again() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S1", "S3", "before", KNOWN_WITHIN);
        // Half of all is lost for a while, whatever it is.
        scenario.bus_behaves(Manners { lost: 500, ..Manners::good() });
        scenario.report_for(20, &["S1", "S2"], 3);
        scenario.bus_behaves(Manners::good());
        scenario.agree_in_the_end();
        let (feed, again) = (scenario.published(Kind::Feed), scenario.published(Kind::Again));
        assert!(again.messages > 0 && again.messages <= 80, "{again:?}");
        assert!(feed.lines < 10_000, "{feed:?}");
        scenario.pass(Duration::from_secs(10));
        scenario.world.is_quiet_on_the_bus().expect("it is quiet");
    });
}

#[test]
fn a_gateway_that_restarts_tells_on_and_learns_what_it_has_missed() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S1", "S3", "before", KNOWN_WITHIN);
        scenario.kill("S0");
        let east = scenario.report("S1", "east", HERE, &scenario.clock(0));
        let west = scenario.report("S3", "west", HERE, &scenario.clock(0));
        scenario.pass_milliseconds(500);
        assert_eq!(scenario.position("S3", "east"), None);
        scenario.start("S0");
        scenario.agree_in_the_end();
        assert_eq!(scenario.position("S3", "east"), Some(east));
        assert_eq!(scenario.position("S1", "west"), Some(west));
        tells(&mut scenario, "S0", "S2", "after", KNOWN_WITHIN);
        scenario.pass(Duration::from_secs(10));
        scenario.world.is_quiet_on_the_bus().expect("it is quiet");
    });
}

#[test]
fn a_herd_that_loses_all_is_told_by_the_other_what_it_had_told_itself() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S1", "S3", "east", KNOWN_WITHIN);
        tells(&mut scenario, "S3", "S1", "west", KNOWN_WITHIN);
        scenario.lose_power("S0");
        scenario.lose_power("S1");
        scenario.pass_milliseconds(500);
        scenario.start("S0");
        scenario.start("S1");
        scenario.agree_in_the_end();
        assert!(scenario.position("S1", "west").is_some());
        assert!(scenario.position("S1", "east").is_some());
    });
}

#[test]
fn a_herd_that_loses_all_is_told_so_though_its_clocks_are_two_minutes_ahead() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        tells(&mut scenario, "S3", "S1", "west", KNOWN_WITHIN);
        let session = scenario.connect("S1");
        scenario.tell(session, &format!("FORGET emu {}", scenario.clock(0)));
        scenario.lose_power("S2");
        scenario.lose_power("S3");
        for server in ["S2", "S3"] {
            scenario.set_clock_ahead(server, Duration::from_secs(120));
            scenario.start(server);
        }
        scenario.agree_in_the_end();
    });
}

#[test]
fn of_two_gateways_of_a_herd_one_is_enough_and_both_do_no_harm() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 2, Manners::good());
        for round in 0..10 {
            tells(&mut scenario, "S0", "S3", &format!("east{round}"), KNOWN_WITHIN);
            tells(&mut scenario, "S3", "S0", &format!("west{round}"), KNOWN_WITHIN);
        }
        // Each change is published by both, and by nobody else.
        assert_eq!(scenario.published(Kind::Feed).lines, 40);
        scenario.kill("S0");
        tells(&mut scenario, "S1", "S2", "alone", KNOWN_WITHIN);
        scenario.kill("S3");
        tells(&mut scenario, "S2", "S1", "lonely", KNOWN_WITHIN);
        scenario.start("S0");
        scenario.start("S3");
        scenario.agree_in_the_end();
        scenario.pass(Duration::from_secs(10));
        scenario.world.is_quiet_on_the_bus().expect("it is quiet");
    });
}

#[test]
fn messages_are_as_small_as_the_bus_wants_them() {
    several_times(|seed| {
        let small = Manners { payload_bytes_max: (1_024, 1_024), ..Manners::good() };
        let mut scenario = Scenario::joined(seed, 1, small);
        scenario.report_for(2, &["S0", "S3"], 200);
        scenario.agree_all(5 * SECOND);
        let feed = scenario.published(Kind::Feed);
        assert!(feed.bytes / feed.messages > 500, "{feed:?}: they are not filled");
    });
}

#[test]
fn a_report_that_is_larger_than_a_message_may_be_stays_at_home_and_stops_nothing() {
    several_times(|seed| {
        let small = Manners { payload_bytes_max: (1_024, 1_024), ..Manners::good() };
        let mut scenario = Scenario::joined(seed, 1, small);
        let long = "x".repeat(1_000);
        scenario.report("S1", &long, HERE, &scenario.clock(0));
        tells(&mut scenario, "S1", "S3", "short", KNOWN_WITHIN);
        tells(&mut scenario, "S3", "S1", "back", KNOWN_WITHIN);
        assert!(scenario.position("S0", &long).is_some());
        assert_eq!(scenario.position("S2", &long), None);
        // They differ from now on, and say so, and no more than that.
        scenario.bus().traffic.reset();
        scenario.pass(Duration::from_secs(120));
        let (feed, again) = (scenario.published(Kind::Feed), scenario.published(Kind::Again));
        assert!(feed.lines <= 60 && feed.messages <= 60, "{feed:?}");
        assert!(again.messages <= 60, "{again:?}");
        tells(&mut scenario, "S1", "S3", "short", KNOWN_WITHIN);
    });
}

#[test]
fn a_report_that_is_older_than_what_the_other_herd_has_loses_there() {
    several_times(|seed| {
        let mut scenario = Scenario::joined(seed, 1, Manners::good());
        let (sooner, later) = (scenario.clock(-500), scenario.clock(0));
        scenario.trouble_bus(Fault::Absence);
        let newest = scenario.report("S1", "kiwi", HERE, &later);
        scenario.report("S3", "kiwi", HERE, &sooner);
        // And one that the other herd was told to forget.
        scenario.report("S1", "emu", HERE, &sooner);
        let session = scenario.connect("S2");
        let gone = scenario.tell(session, &format!("FORGET emu {later}"));
        scenario.pass_milliseconds(500);
        scenario.bus_is_back();
        scenario.agree_in_the_end();
        for server in ["S0", "S1", "S2", "S3"] {
            assert_eq!(scenario.position(server, "kiwi").as_ref(), Some(&newest), "{server}");
            assert_eq!(scenario.position(server, "emu"), None, "{server} knows {gone}");
        }
        scenario.pass(Duration::from_secs(30));
        assert_eq!(scenario.position("S1", "emu"), None);
    });
}

#[test]
fn a_slow_bus_is_told_what_is_last_and_the_rest_of_the_herd_does_not_wait() {
    several_times(|seed| {
        let slow = Manners { slow: 1_000, slow_bytes: 64, ..Manners::good() };
        let mut scenario = Scenario::joined(seed, 1, slow);
        scenario.set_pipes(4_096);
        scenario.trouble_bus(Fault::Restart);
        scenario.agree_in_the_end();
        scenario.bus().traffic.reset();
        let count = scenario.report_for(20, &["S1"], 50);
        // Whoever speaks directly with the gateway knows all.
        assert_eq!(scenario.position("S0", "S1-49"), scenario.position("S1", "S1-49"));
        scenario.world.heal_bus();
        scenario.agree_in_the_end();
        let lines = scenario.published(Kind::Feed).lines;
        assert!(lines < count / 3, "{lines} of {count} changes were told");
    });
}

#[test]
fn strangers_on_the_bus_disturb_nobody() {
    several_times(|seed| {
        let noisy = Manners { noise_gap: MILLISECOND, ..Manners::good() };
        let mut scenario = Scenario::joined(seed, 1, noisy);
        scenario.bus_makes_noise();
        for round in 0..10 {
            tells(&mut scenario, "S1", "S3", &format!("east{round}"), KNOWN_WITHIN);
            scenario.pass_milliseconds(1_000);
        }
        scenario.agree_in_the_end();
        assert_eq!(scenario.bus().accepted, 2, "nobody had to connect again");
        let (feed, again) = (scenario.published(Kind::Feed), scenario.published(Kind::Again));
        assert!(again.messages < 20 && feed.lines < 100, "{again:?} and {feed:?}");
    });
}
