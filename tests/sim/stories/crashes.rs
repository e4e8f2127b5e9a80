//! Stories of servers that end and come back empty.

use crate::sim::planted::Bug;
use crate::sim::story::{HERE, Story, several_times};
use std::time::Duration;

/// How soon a server that is back knows what its neighbours know: they dial it when it greets them,
/// whatever pause they are in.
const KNOWN_WITHIN: u64 = 300_000_000;

#[test]
fn a_server_restarted_empty_gets_back_what_it_told_the_others_itself() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        // Welsh has one neighbour, to whom nobody else tells this.
        let answer = story.report("Welsh", "kiwi", HERE, &story.clock(0));
        let other = story.report("Hands", "emu", HERE, &story.clock(0));
        story.agrees();
        story.lose_power("Welsh");
        story.pass_milliseconds(seed * 1_000);
        story.start("Welsh");
        assert_eq!(story.position("Welsh", "kiwi"), None);
        story.agrees();
        assert_eq!(story.position("Welsh", "kiwi"), Some(answer));
        assert_eq!(story.position("Welsh", "emu"), Some(other));
        // And what it takes in its new life is heard, though it counts from the start again.
        let next = story.report("Welsh", "moa", HERE, &story.clock(0));
        story.agrees();
        assert_eq!(story.position("Wilkes", "moa"), Some(next));
    });
}

#[test]
fn a_restart_of_all_but_one_loses_nothing() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        let mut answers = Vec::new();
        for server in story.names() {
            for number in 0..10 {
                let client = format!("{server}{number}");
                let answer = story.report(&server, &client, HERE, &story.clock(0));
                answers.push((client, answer));
            }
        }
        story.agrees();
        let survivor = story.names()[seed as usize % 5].clone();
        let others: Vec<String> =
            story.names().into_iter().filter(|name| *name != survivor).collect();
        for server in &others {
            story.lose_power(server);
        }
        story.pass_milliseconds(100);
        for server in &others {
            story.start(server);
        }
        story.agrees();
        for (client, answer) in answers {
            for server in story.names() {
                assert_eq!(story.position(&server, &client).as_ref(), Some(&answer), "{server}");
            }
        }
    });
}

#[test]
fn a_rolling_restart_under_load_refuses_no_client_of_the_others() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        for restarted in story.names() {
            let sessions: Vec<_> =
                story.names().into_iter().map(|server| (story.connect(&server), server)).collect();
            for step in 0..30 {
                if step == 5 {
                    story.stop(&restarted);
                }
                if step == 15 {
                    assert!(story.is_down(&restarted));
                    story.start(&restarted);
                }
                for (session, server) in &sessions {
                    if *server == restarted && step >= 5 {
                        continue;
                    }
                    let time = story.clock(0);
                    let answer = story.tell(*session, &format!("IAMAT {server} {HERE} {time}"));
                    assert!(answer.starts_with(&format!("AT {server} ")), "{answer}");
                }
                story.pass_milliseconds(300);
            }
            for (session, server) in &sessions {
                assert_eq!(story.is_over(*session), *server == restarted, "{server}");
                story.say_no_more(*session);
            }
            story.agrees();
        }
        assert_eq!(story.world.env.checks.tally.lives, 10);
        for server in story.names() {
            assert!(story.position("Welsh", &server).is_some(), "{server} is lost");
        }
    });
}

#[test]
fn a_server_that_is_back_knows_at_once_what_its_neighbour_knows_however_long_it_was_away() {
    several_times(|seed| {
        let mut story = Story::pair(seed);
        // Long enough for the pause between two tries to be the longest; and without power, so that
        // what was sent to it meanwhile is lost rather than refused.
        for away in [7_000, 11_000 + 700 * seed, 60_000] {
            story.lose_power("West");
            story.pass_milliseconds(5_000);
            let answer = story.report("East", "kiwi", HERE, &story.clock(0));
            story.pass_milliseconds(away);
            story.start("West");
            story.wait(KNOWN_WITHIN, |world| {
                let west = world.machines[1].node();
                west.is_some_and(|node| {
                    node.positions().find(b"kiwi").is_some() && node.linked_both_ways() == (1, 1)
                })
            });
            assert_eq!(story.position("West", "kiwi"), Some(answer));
            story.pass(Duration::from_secs(5));
        }
    });
}

#[test]
fn a_server_that_is_set_back_in_its_epoch_and_its_neighbour_heal_themselves() {
    several_times(|seed| {
        let mut story = Story::pair(seed);
        story.world.env.planted.bug = Some(Bug::KeepsItsEpoch);
        story.world.env.checks.may_start_over = true;
        let mut answers = Vec::new();
        for number in 0..20 {
            let server = if number % 2 == 0 { "East" } else { "West" };
            let client = format!("c{number}");
            answers.push((client.clone(), story.report(server, &client, HERE, &story.clock(0))));
        }
        story.agrees();
        // As when the image of a machine is restored: the same epoch, and less in it.
        story.lose_power("West");
        story.pass_milliseconds(5_000);
        story.start("West");
        answers.push(("new".to_owned(), story.report("West", "new", HERE, &story.clock(0))));
        story.agrees();
        for (client, answer) in &answers {
            for server in ["East", "West"] {
                assert_eq!(story.position(server, client).as_ref(), Some(answer), "{server}");
            }
        }
        let started_over = |machine: usize| {
            story.world.machines[machine].node().map(|node| node.links_started_over())
        };
        // West by the number that it cannot have told; East by the digest, as West has lost what it
        // once told it.
        assert_eq!([started_over(0), started_over(1)], [Some(1), Some(1)]);
    });
}
