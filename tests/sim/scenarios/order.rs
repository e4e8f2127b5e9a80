//! Scenarios of what every server comes to hold, and when.

use crate::sim::scenario::{HERE, Scenario, several_times};
use std::time::Duration;

#[test]
fn a_report_at_one_of_five_is_seen_at_every_other() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        for from in scenario.names() {
            for to in scenario.names() {
                let client = format!("{from}-{to}");
                let answer = scenario.report(&from, &client, HERE, &scenario.clock(-50));
                assert!(answer.starts_with(&format!("AT {from} +0.0")), "{answer}");
                scenario.pass_milliseconds(20);
                let session = scenario.connect(&to);
                scenario.say(session, &format!("WHATSAT {client} 10 3"));
                scenario.say_no_more(session);
                scenario.wait(2_000_000_000, |world| world.clients.iter().all(|c| c.is_over()));
                let heard = scenario.heard(session);
                assert!(heard.starts_with(&format!("{answer}\n{{")), "{heard}");
                assert!(heard.ends_with("}\n\n"), "{heard}");
                assert!(heard.contains("\"results\""), "{heard}");
            }
        }
        scenario.agrees();
    });
}

#[test]
fn a_position_crosses_each_link_at_most_once_each_way() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.report("Welsh", "kiwi", HERE, &scenario.clock(0));
        scenario.agrees();
        scenario.pass_milliseconds(3_000);
        let mut all = 0;
        for from in scenario.names() {
            for to in scenario.names() {
                let crossings = scenario.crossings(&from, &to, "kiwi");
                assert!(crossings <= 1, "{from} to {to}: {crossings}");
                all += crossings;
            }
        }
        // Six links: each takes it over once, or from both sides at once.
        assert!((4..=10).contains(&all), "{all} crossings");
        assert_eq!(
            scenario.crossings("Holiday", "Welsh", "kiwi"),
            0,
            "it was told by Welsh itself"
        );
    });
}

#[test]
fn an_old_report_that_arrives_late_changes_nothing() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.set_open("Holiday", "Welsh", false);
        let old = scenario.report("Welsh", "kiwi", "+1+1", "1500000000.000000001");
        let new = scenario.report("Hands", "kiwi", "+2+2", "1500000000.0000000011");
        assert_eq!(scenario.position("Welsh", "kiwi").as_ref(), Some(&old));
        scenario.pass_milliseconds(6_000);
        scenario.set_open("Holiday", "Welsh", true);
        scenario.agrees();
        for server in scenario.names() {
            assert_eq!(scenario.position(&server, "kiwi").as_ref(), Some(&new), "{server}");
        }
        let again = scenario.report("Wilkes", "kiwi", "+1+1", "1500000000.000000001");
        assert!(again.starts_with("AT Wilkes "), "an old report is answered all the same: {again}");
        scenario.agrees();
        assert_eq!(scenario.position("Wilkes", "kiwi"), Some(new));
    });
}

#[test]
fn of_two_servers_given_the_same_report_the_first_is_named_by_all() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        let time = scenario.clock(-1_000);
        let line = format!("IAMAT kiwi {HERE} {time}");
        let (one, other) = (scenario.connect("Hands"), scenario.connect("Welsh"));
        scenario.pass_milliseconds(10);
        scenario.say(one, &line);
        scenario.say(other, &line);
        scenario.pass_milliseconds(50);
        let answers = [scenario.heard(one), scenario.heard(other)];
        scenario.agrees();
        let held = scenario.position("Goloman", "kiwi").expect("a position");
        // The difference is what they have not in common: the smaller was taken first.
        let difference = |answer: &str| answer.split(' ').nth(2).map(str::to_owned);
        let first = answers.iter().min_by_key(|answer| difference(answer)).expect("two answers");
        assert_eq!(held, first.trim_end());
        for server in scenario.names() {
            assert_eq!(scenario.position(&server, "kiwi").as_ref(), Some(&held), "{server}");
        }
    });
}

#[test]
fn a_clock_an_hour_ahead_shows_in_differences_and_nowhere_else() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        scenario.set_clock_ahead("Hands", Duration::from_secs(3_600));
        let answer = scenario.report("Hands", "kiwi", HERE, &scenario.clock(0));
        assert!(answer.starts_with("AT Hands +3600.0"), "{answer}");
        // As far ahead as Hands allows, and an hour more than the others would.
        let far = scenario.clock(90_000_000 - 10_000);
        let accepted = scenario.report("Hands", "late", HERE, &far);
        assert!(accepted.starts_with("AT Hands -86"), "{accepted}");
        scenario.agrees();
        assert_eq!(scenario.position("Welsh", "late"), Some(accepted));
        let refused = scenario.report("Welsh", "later", HERE, &far);
        assert!(refused.starts_with("? IAMAT later"), "{refused}");
        // A later report to a server whose clock is right replaces what the wrong one took.
        let next = scenario.report("Goloman", "kiwi", HERE, &scenario.clock(0));
        scenario.agrees();
        assert_eq!(scenario.position("Hands", "kiwi"), Some(next));
    });
}

#[test]
fn a_clean_stop_answers_what_was_asked_and_what_is_said_within_a_second() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        scenario.slow_places(Duration::from_millis(1_500));
        scenario.report("East", "kiwi", HERE, "1500000000");
        let session = scenario.connect("East");
        for radius in ["1", "2", "3"] {
            scenario.say(session, &format!("WHATSAT kiwi {radius} 0"));
        }
        // Half a command of each is with the server when it stops; the other half of one comes behind.
        let [soon, late] = [(); 2].map(|()| {
            let session = scenario.connect("East");
            let client = &mut scenario.world.clients;
            let last = client.len() - 1;
            client[last].say(&mut scenario.world.env, b"IAMAT seal +1+1 15000");
            session
        });
        scenario.pass_milliseconds(50);
        scenario.stop("East");
        scenario.pass_milliseconds(50);
        scenario.say(soon, "00001");
        scenario.pass_milliseconds(4_000);
        assert!(scenario.is_down("East"));
        assert!([session, soon, late].iter().all(|&session| scenario.is_over(session)));
        assert_eq!(scenario.heard(session).matches("\n\n").count(), 3);
        let answer = scenario.heard(soon);
        assert!(answer.ends_with(" seal +1+1 1500000001\n"), "{answer}");
        assert_eq!(scenario.heard(late), "");
        // It is told before the end.
        assert_eq!(scenario.position("West", "seal").as_deref(), answer.strip_suffix('\n'));
    });
}
