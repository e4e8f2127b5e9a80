//! Stories of servers that speak different versions of the lines between them: upgraded and
//! downgraded one by one under load, and too far apart.

use crate::sim::story::{HERE, Story, several_times};
use herd::wire::neighbour::Version;
use std::collections::BTreeMap;

const ONE: Version = Version::new(1);
const TWO: Version = Version::new(2);
const THREE: Version = Version::new(3);

/// The last answer to a report of each client.
type Acknowledged = BTreeMap<String, String>;

/// Clients of each server.
const CLIENTS: usize = 10;

/// Replaces a server by one of that version while clients report to all others, each on a connection
/// that must stay.
fn replace_under_load(
    story: &mut Story,
    replaced: &str,
    version: Version,
    acknowledged: &mut Acknowledged,
) {
    let mut others = story.names();
    others.retain(|name| name != replaced);
    let own = story.connect(replaced);
    let sessions: Vec<_> = others.iter().map(|server| (story.connect(server), server)).collect();
    for step in 0..30 {
        let client = |server: &str| format!("{server}-{}", step % CLIENTS);
        if step < 5 {
            // What a server has answered it tells its neighbours before it ends.
            let time = story.clock(0);
            let line = format!("IAMAT {} {HERE} {time}", client(replaced));
            acknowledged.insert(client(replaced), story.tell(own, &line));
        } else if step == 5 {
            story.replace(replaced, version);
        }
        for (session, server) in &sessions {
            let time = story.clock(0);
            let answer = story.tell(*session, &format!("IAMAT {} {HERE} {time}", client(server)));
            assert!(answer.starts_with(&format!("AT {server} ")), "{answer}");
            acknowledged.insert(client(server), answer);
        }
        story.pass_milliseconds(50);
    }
    for (session, server) in sessions {
        assert!(!story.is_over(session), "{server} refused its client");
        story.say_no_more(session);
    }
}

/// Every server holds what clients were answered last.
fn assert_nothing_is_lost(story: &Story, acknowledged: &Acknowledged) {
    for (client, answer) in acknowledged {
        for server in story.names() {
            assert_eq!(story.position(&server, client).as_ref(), Some(answer), "at {server}");
        }
    }
}

/// On each link what both ends speak is spoken.
fn assert_spoken(story: &Story, highest: &BTreeMap<String, Version>) {
    let mut links = 0;
    for (greeted, ours) in highest {
        for (greeter, theirs) in highest {
            if let Some(outcome) = story.greeting(greeted, greeter) {
                let common = ours.common_with(*theirs).expect("they are one apart");
                assert_eq!(outcome, &Ok(common), "{greeter} greets {greeted}");
                links += 1;
            }
        }
    }
    assert_eq!(links, 12, "six pairs of neighbours greet each other");
}

#[test]
fn an_upgrade_one_by_one_under_load_loses_nothing_nor_does_the_way_back() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        let mut highest: BTreeMap<String, Version> =
            story.names().into_iter().map(|server| (server, ONE)).collect();
        let mut acknowledged = Acknowledged::new();
        for version in [TWO, ONE] {
            for server in story.names() {
                replace_under_load(&mut story, &server, version, &mut acknowledged);
                highest.insert(server, version);
                // It is linked and has caught up before the next one is stopped.
                story.agrees();
                assert_spoken(&story, &highest);
                assert_nothing_is_lost(&story, &acknowledged);
            }
        }
        assert_eq!(acknowledged.len(), 5 * CLIENTS);
        assert_eq!(story.world.env.checks.tally.lives, 15);
    });
}

#[test]
fn servers_two_versions_apart_refuse_each_other_until_one_between_them_is_upgraded() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        let mut acknowledged = Acknowledged::new();
        story.replace("Welsh", THREE);
        story.pass_milliseconds(10_000);
        assert_eq!((story.links_up("Welsh"), story.links_up("Holiday")), (0, 2));
        let refusal = |words: &str| Some(Err(words.to_owned()));
        assert_eq!(
            story.greeting("Holiday", "Welsh").cloned(),
            refusal("protocol version 1 is spoken here, not 3: servers may be one version apart")
        );
        assert_eq!(
            story.greeting("Welsh", "Holiday").cloned(),
            refusal(
                "protocol versions 2 and 3 are spoken here, not 1: servers may be one version apart"
            )
        );
        // Both sides serve on, apart.
        for server in story.names() {
            let answer = story.report(&server, &server, HERE, &story.clock(0));
            acknowledged.insert(server, answer);
        }
        story.pass_milliseconds(1_000);
        assert_eq!(story.position("Holiday", "Welsh"), None);
        assert_eq!(story.position("Welsh", "Holiday"), None);
        assert!(story.position("Goloman", "Holiday").is_some());
        // Holiday, upgraded, speaks with either side.
        story.replace("Holiday", TWO);
        story.agrees();
        assert_eq!(story.greeting("Welsh", "Holiday"), Some(&Ok(TWO)));
        assert_eq!(story.greeting("Holiday", "Welsh"), Some(&Ok(TWO)));
        assert_eq!(story.greeting("Holiday", "Wilkes"), Some(&Ok(ONE)));
        assert_nothing_is_lost(&story, &acknowledged);
    });
}
