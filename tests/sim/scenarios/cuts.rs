//! Scenarios of links that are cut, slow, or gone for long.

use crate::sim::scenario::{HERE, Scenario, several_times};
use std::time::Duration;

#[test]
fn a_cut_in_the_middle_of_a_burst_loses_and_doubles_nothing() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.set_pipes(2_048);
        scenario.reset("Goloman", "Hands");
        scenario.agrees();
        let session = scenario.connect("Hands");
        for round in 0..10 {
            for client in 0..100 {
                let time = scenario.clock(round);
                scenario.say(session, &format!("IAMAT c{client} {HERE} {time}"));
            }
            scenario.pass_milliseconds(2);
            if round == 5 {
                scenario.reset("Goloman", "Hands");
                scenario.reset("Hands", "Wilkes");
            }
        }
        scenario.agrees();
        scenario.pass_milliseconds(500);
        assert_eq!(scenario.heard(session).lines().count(), 1_000);
        let last = scenario.heard(session).lines().last().map(str::to_owned);
        assert_eq!(scenario.position("Welsh", "c99"), last);
    });
}

#[test]
fn a_server_cut_off_for_a_day_serves_on_and_catches_up() {
    let mut scenario = Scenario::pair(1);
    for client in 0..20 {
        scenario.report("East", &format!("c{client}"), HERE, &scenario.clock(0));
    }
    scenario.agrees();
    scenario.set_open("East", "West", false);
    for hour in 0..24 {
        scenario.pass(Duration::from_secs(3_600));
        for client in 0..10 {
            scenario.report("East", &format!("c{client}"), HERE, &scenario.clock(0));
        }
        scenario.report("West", &format!("w{hour}"), HERE, &scenario.clock(0));
    }
    assert!(scenario.position("East", "w0").is_none());
    let before = scenario.crossings("East", "West", "c3");
    let untouched = scenario.crossings("East", "West", "c15");
    scenario.set_open("East", "West", true);
    scenario.agrees();
    assert!(scenario.position("East", "w23").is_some());
    // It had moved 24 times and is sent once; what has not moved is not sent again.
    assert_eq!(scenario.crossings("East", "West", "c3"), before + 1);
    assert_eq!(scenario.crossings("East", "West", "c15"), untouched);
}

#[test]
fn a_slow_neighbour_slows_nobody_and_is_not_sent_what_is_outdated() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.set_pipes(4_096);
        scenario.reset("Holiday", "Welsh");
        scenario.agrees();
        scenario.set_pipes(65_536);
        scenario.stall("Holiday", "Welsh", Duration::from_millis(3_000));
        let session = scenario.connect("Goloman");
        let (rounds, clients) = (10, 200);
        let long = "x".repeat(900);
        for round in 0..rounds {
            for client in 0..clients {
                let time = scenario.clock(round);
                scenario.say(session, &format!("IAMAT {long}{client} {HERE} {time}"));
            }
            scenario.pass_milliseconds(100);
        }
        // The others have all, while the slow one has next to nothing.
        let last = scenario.position("Goloman", &format!("{long}199"));
        assert!(last.is_some());
        scenario.pass_milliseconds(200);
        for server in ["Hands", "Holiday", "Wilkes"] {
            assert_eq!(scenario.position(server, &format!("{long}199")), last, "{server}");
        }
        assert_eq!(scenario.position("Welsh", &format!("{long}199")), None);
        scenario.agrees();
        let crossed: Vec<u32> = (0..clients)
            .map(|client| scenario.crossings("Holiday", "Welsh", &format!("{long}{client}")))
            .collect();
        // What was on its way when it grew slow is outdated and comes again; all else comes once.
        let twice = crossed.iter().filter(|&&count| count == 2).count();
        let once = crossed.iter().filter(|&&count| count == 1).count();
        assert_eq!(once + twice, clients, "{crossed:?}");
        assert!(twice < 90, "{twice}");
    });
}

#[test]
fn a_client_that_never_reads_is_dropped_in_time_and_disturbs_nobody() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        let links = scenario.connections("East");
        let deaf = scenario.connect("East");
        scenario.set_reading(deaf, false);
        for number in 0..4_000 {
            scenario.say(deaf, &format!("IAMAT c{number} {HERE} 1500000000.{number:09}"));
        }
        scenario.pass_milliseconds(500);
        // It was paused long before it had said all: more answers than fit are not made.
        assert!(
            scenario.position("East", "c0").is_some()
                && scenario.position("East", "c3999").is_none()
        );
        let other = scenario.connect("East");
        for _ in 0..28 {
            let answer = scenario.tell(other, &format!("IAMAT kiwi {HERE} {}", scenario.clock(0)));
            assert!(answer.starts_with("AT East "), "{answer}");
            scenario.pass_milliseconds(1_000);
        }
        assert_eq!(scenario.connections("East"), links + 2);
        scenario.pass_milliseconds(5_000);
        assert_eq!(scenario.connections("East"), links + 1, "it is dropped");
        scenario.agrees();
    });
}

#[test]
fn a_neighbour_that_falls_silent_is_noticed_within_five_seconds() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.pass_milliseconds(500);
        let links = |scenario: &Scenario| {
            let machines = &scenario.world.machines;
            machines.iter().filter_map(|m| Some(m.node()?.links_up().0)).sum::<usize>()
        };
        assert_eq!(links(&scenario), 12);
        scenario.set_open("Holiday", "Welsh", false);
        scenario.pass_milliseconds(5_000);
        assert_eq!(links(&scenario), 10);
        scenario.set_open("Holiday", "Welsh", true);
        scenario.agrees();
    });
}

/// Somebody greets as West, with an epoch of his own; five times a second.
fn greet_falsely(scenario: &mut Scenario, epoch: u64) {
    let stranger = scenario.connect_as_stranger("East");
    scenario.say(stranger, &format!("HERD 1 pair West East {epoch:016x}"));
    scenario.pass_milliseconds(200);
}

#[test]
fn who_greets_in_a_neighbour_s_name_delays_nothing_while_that_is_there_and_keeps_it_not_away() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        for attempt in 0..50 {
            let session = scenario.connect("West");
            let answer =
                scenario.tell(session, &format!("IAMAT c{attempt} {HERE} {}", scenario.clock(0)));
            greet_falsely(&mut scenario, attempt);
            let held = scenario.position("East", &format!("c{attempt}"));
            assert_eq!(held, Some(answer), "attempt {attempt}");
            scenario.say_no_more(session);
        }
        // Meanwhile West is restarted, and East is not told that its connections are dead.
        scenario.lose_power("West");
        let known = scenario.report("East", "kiwi", HERE, &scenario.clock(0));
        scenario.start("West");
        let new = scenario.report("West", "emu", HERE, &scenario.clock(0));
        for attempt in 100..125 {
            greet_falsely(&mut scenario, attempt);
        }
        assert_eq!(scenario.position("East", "emu"), Some(new), "West is not back within 5 s");
        assert_eq!(scenario.position("West", "kiwi"), Some(known));
        scenario.pass_milliseconds(5_000);
        scenario.agrees();
    });
}
