//! Scenarios of servers that end and come back empty.

use crate::sim::planted::Bug;
use crate::sim::scenario::{HERE, Scenario, several_times};
use std::time::Duration;

/// How soon a server that is back knows what its neighbours know: they dial it when it greets them,
/// whatever pause they are in.
const KNOWN_WITHIN: u64 = 300_000_000;

#[test]
fn a_server_restarted_empty_gets_back_what_it_told_the_others_itself() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        // Welsh has one neighbour, to whom nobody else tells this.
        let answer = scenario.report("Welsh", "kiwi", HERE, &scenario.clock(0));
        let other = scenario.report("Hands", "emu", HERE, &scenario.clock(0));
        scenario.agrees();
        scenario.lose_power("Welsh");
        scenario.pass_milliseconds(seed * 1_000);
        scenario.start("Welsh");
        assert_eq!(scenario.position("Welsh", "kiwi"), None);
        scenario.agrees();
        assert_eq!(scenario.position("Welsh", "kiwi"), Some(answer));
        assert_eq!(scenario.position("Welsh", "emu"), Some(other));
        // And what it takes in its new life is heard, though it counts from the start again.
        let next = scenario.report("Welsh", "moa", HERE, &scenario.clock(0));
        scenario.agrees();
        assert_eq!(scenario.position("Wilkes", "moa"), Some(next));
    });
}

#[test]
fn a_restart_of_all_but_one_loses_nothing() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        let mut answers = Vec::new();
        for server in scenario.names() {
            for number in 0..10 {
                let client = format!("{server}{number}");
                let answer = scenario.report(&server, &client, HERE, &scenario.clock(0));
                answers.push((client, answer));
            }
        }
        scenario.agrees();
        let survivor = scenario.names()[seed as usize % 5].clone();
        let others: Vec<String> =
            scenario.names().into_iter().filter(|name| *name != survivor).collect();
        for server in &others {
            scenario.lose_power(server);
        }
        scenario.pass_milliseconds(100);
        for server in &others {
            scenario.start(server);
        }
        scenario.agrees();
        for (client, answer) in answers {
            for server in scenario.names() {
                assert_eq!(scenario.position(&server, &client).as_ref(), Some(&answer), "{server}");
            }
        }
    });
}

#[test]
fn a_rolling_restart_under_load_refuses_no_client_of_the_others() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        for restarted in scenario.names() {
            let sessions: Vec<_> = scenario
                .names()
                .into_iter()
                .map(|server| (scenario.connect(&server), server))
                .collect();
            for step in 0..30 {
                if step == 5 {
                    scenario.stop(&restarted);
                }
                if step == 15 {
                    assert!(scenario.is_down(&restarted));
                    scenario.start(&restarted);
                }
                for (session, server) in &sessions {
                    if *server == restarted && step >= 5 {
                        continue;
                    }
                    let time = scenario.clock(0);
                    let answer = scenario.tell(*session, &format!("IAMAT {server} {HERE} {time}"));
                    assert!(answer.starts_with(&format!("AT {server} ")), "{answer}");
                }
                scenario.pass_milliseconds(300);
            }
            for (session, server) in &sessions {
                assert_eq!(scenario.is_over(*session), *server == restarted, "{server}");
                scenario.say_no_more(*session);
            }
            scenario.agrees();
        }
        assert_eq!(scenario.world.env.checks.tally.lives, 10);
        for server in scenario.names() {
            assert!(scenario.position("Welsh", &server).is_some(), "{server} is lost");
        }
    });
}

#[test]
fn a_server_that_is_back_knows_at_once_what_its_neighbour_knows_however_long_it_was_away() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        // Long enough for the pause between two tries to be the longest; and without power, so that
        // what was sent to it meanwhile is lost rather than refused.
        for away in [7_000, 11_000 + 700 * seed, 60_000] {
            scenario.lose_power("West");
            scenario.pass_milliseconds(5_000);
            let answer = scenario.report("East", "kiwi", HERE, &scenario.clock(0));
            scenario.pass_milliseconds(away);
            scenario.start("West");
            scenario.wait(KNOWN_WITHIN, |world| {
                let west = world.machines[1].node();
                west.is_some_and(|node| {
                    node.positions().find(b"kiwi").is_some() && node.linked_both_ways() == (1, 1)
                })
            });
            assert_eq!(scenario.position("West", "kiwi"), Some(answer));
            scenario.pass(Duration::from_secs(5));
        }
    });
}

#[test]
fn a_server_that_is_set_back_in_its_epoch_and_its_neighbour_heal_themselves() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        scenario.world.env.planted.bug = Some(Bug::KeepsItsEpoch);
        scenario.world.env.checks.may_start_over = true;
        let mut answers = Vec::new();
        for number in 0..20 {
            let server = if number % 2 == 0 { "East" } else { "West" };
            let client = format!("c{number}");
            answers
                .push((client.clone(), scenario.report(server, &client, HERE, &scenario.clock(0))));
        }
        scenario.agrees();
        // As when the image of a machine is restored: the same epoch, and less in it.
        scenario.lose_power("West");
        scenario.pass_milliseconds(5_000);
        scenario.start("West");
        answers.push(("new".to_owned(), scenario.report("West", "new", HERE, &scenario.clock(0))));
        scenario.agrees();
        for (client, answer) in &answers {
            for server in ["East", "West"] {
                assert_eq!(scenario.position(server, client).as_ref(), Some(answer), "{server}");
            }
        }
        let started_over = |machine: usize| {
            scenario.world.machines[machine].node().map(|node| node.links_started_over())
        };
        // West by the number that it cannot have told; East by the digest, as West has lost what it
        // once told it.
        assert_eq!([started_over(0), started_over(1)], [Some(1), Some(1)]);
    });
}
