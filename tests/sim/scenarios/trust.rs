//! Scenarios of links under TLS: whom they are with, and what becomes of those who are somebody else.

use crate::sim::faults::Mix;
use crate::sim::links::Links;
use crate::sim::scenario::{HERE, Scenario, fair, several_times};
use herd::herd::Herd;
use std::time::Duration;

/// East between West and North, in a fair world.
fn line(seed: u64, links: Links) -> Scenario {
    let json = br#"{"herd": "line", "servers": [
        {"name": "East", "host": "10.0.0.1", "port": 11645, "talks_with": ["West", "North"]},
        {"name": "West", "host": "10.0.0.2", "port": 11645},
        {"name": "North", "host": "10.0.0.3", "port": 11645}]}"#;
    let mix = Mix { links, ..fair() };
    let mut scenario = Scenario::with(Herd::from_json(json).expect("it is sound"), seed, mix);
    scenario.agrees();
    scenario
}

#[test]
fn who_shows_the_certificate_of_another_never_comes_to_be_linked() {
    several_times(|seed| {
        let mut scenario = line(seed, Links::Tls);
        scenario.kill("West");
        scenario.show("West", "north.line");
        scenario.start("West");
        scenario.report("West", "liar", HERE, &scenario.clock(0));
        scenario.report("East", "secret", HERE, &scenario.clock(0));
        for _ in 0..200 {
            scenario.pass_milliseconds(100);
            assert_eq!((scenario.links_up("East"), scenario.links_up("West")), (1, 0));
        }
        for (server, client) in [("East", "liar"), ("North", "liar"), ("West", "secret")] {
            assert_eq!(scenario.position(server, client), None, "{server}");
        }
        assert!(scenario.position("North", "secret").is_some());
        // As itself it is welcome.
        scenario.kill("West");
        scenario.show("West", "west.line");
        scenario.start("West");
        scenario.agrees();
        assert!(scenario.position("West", "secret").is_some());
    });
}

#[test]
fn who_shows_the_certificate_of_another_is_not_spoken_with_in_plain_either() {
    several_times(|seed| {
        let mut scenario = line(seed, Links::Preferred);
        scenario.kill("West");
        scenario.show("West", "north.line");
        scenario.start("West");
        scenario.report("East", "secret", HERE, &scenario.clock(0));
        for _ in 0..200 {
            scenario.pass_milliseconds(100);
            assert_eq!((scenario.links_up("East"), scenario.links_up("West")), (1, 0));
        }
        assert_eq!(scenario.position("West", "secret"), None);
    });
}

#[test]
fn who_speaks_plain_is_not_linked_with_who_insists_on_tls() {
    several_times(|seed| {
        let mut scenario = line(seed, Links::Tls);
        scenario.kill("West");
        scenario.protect(Links::Plain);
        scenario.start("West");
        scenario.report("East", "secret", HERE, &scenario.clock(0));
        scenario.pass(Duration::from_secs(20));
        assert_eq!((scenario.links_up("East"), scenario.links_up("West")), (1, 0));
        assert_eq!(scenario.position("West", "secret"), None);
    });
}

#[test]
fn a_herd_is_changed_from_plain_to_tls_server_by_server() {
    several_times(|seed| {
        let mut scenario = line(seed, Links::Plain);
        for links in [Links::Preferred, Links::Tls] {
            for server in ["North", "East", "West"] {
                scenario.come_back_with(server, links);
                scenario.agrees();
                let (client, time) = (format!("{server}-{links:?}"), scenario.clock(0));
                scenario.report(server, &client, HERE, &time);
                scenario.agrees();
                for other in ["North", "East", "West"] {
                    assert!(scenario.position(other, &client).is_some(), "{other}");
                }
            }
        }
    });
}

#[test]
fn a_link_under_tls_is_cut_anywhere_and_goes_on() {
    several_times(|seed| {
        let mut scenario = line(seed, Links::Tls);
        // A handshake and a record are torn to pieces, and cut in the middle of them.
        scenario.set_pipes(64);
        for round in 0..40 {
            scenario.reset("East", "West");
            scenario.report("East", &format!("c{}", round % 7), HERE, &scenario.clock(0));
            scenario.pass_milliseconds(round);
        }
        scenario.agrees();
        assert!((0..7).all(|client| scenario.position("West", &format!("c{client}")).is_some()));
    });
}
