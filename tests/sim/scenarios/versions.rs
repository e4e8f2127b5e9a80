//! Scenarios of servers that speak different versions of the lines between them: upgraded and
//! downgraded one by one under load, and too far apart.

use crate::sim::scenario::{HERE, Scenario, several_times};
use herd::wire::neighbour::Version;
use std::collections::BTreeMap;

const ONE: Version = Version::new(1);
const TWO: Version = Version::new(2);
const THREE: Version = Version::new(3);
const FOUR: Version = Version::new(4);

/// The last answer to a report of each client.
type Acknowledged = BTreeMap<String, String>;

/// Clients of each server.
const CLIENTS: usize = 10;

/// Replaces a server by one of that version while clients report to all others, each on a connection
/// that must stay.
fn replace_under_load(
    scenario: &mut Scenario,
    replaced: &str,
    version: Version,
    acknowledged: &mut Acknowledged,
) {
    let mut others = scenario.names();
    others.retain(|name| name != replaced);
    let own = scenario.connect(replaced);
    let sessions: Vec<_> = others.iter().map(|server| (scenario.connect(server), server)).collect();
    for step in 0..30 {
        let client = |server: &str| format!("{server}-{}", step % CLIENTS);
        if step < 5 {
            // What a server has answered it tells its neighbours before it ends.
            let time = scenario.clock(0);
            let line = format!("IAMAT {} {HERE} {time}", client(replaced));
            acknowledged.insert(client(replaced), scenario.tell(own, &line));
        } else if step == 5 {
            scenario.replace(replaced, version);
        }
        for (session, server) in &sessions {
            let time = scenario.clock(0);
            let answer =
                scenario.tell(*session, &format!("IAMAT {} {HERE} {time}", client(server)));
            assert!(answer.starts_with(&format!("AT {server} ")), "{answer}");
            acknowledged.insert(client(server), answer);
        }
        scenario.pass_milliseconds(50);
    }
    for (session, server) in sessions {
        assert!(!scenario.is_over(session), "{server} refused its client");
        scenario.say_no_more(session);
    }
}

/// Every server holds what clients were answered last.
fn assert_nothing_is_lost(scenario: &Scenario, acknowledged: &Acknowledged) {
    for (client, answer) in acknowledged {
        for server in scenario.names() {
            assert_eq!(scenario.position(&server, client).as_ref(), Some(answer), "at {server}");
        }
    }
}

/// On each link what both ends speak is spoken.
fn assert_spoken(scenario: &Scenario, highest: &BTreeMap<String, Version>) {
    let mut links = 0;
    for (greeted, ours) in highest {
        for (greeter, theirs) in highest {
            if let Some(outcome) = scenario.greeting(greeted, greeter) {
                let common = ours.common_with(*theirs).expect("they are one apart");
                assert_eq!(outcome, &Ok(common), "{greeter} greets {greeted}");
                links += 1;
            }
        }
    }
    assert_eq!(links, 12, "six pairs of neighbours greet each other");
}

#[test]
fn a_way_back_one_by_one_under_load_loses_nothing_nor_does_the_upgrade() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        let mut highest: BTreeMap<String, Version> =
            scenario.names().into_iter().map(|server| (server, TWO)).collect();
        let mut acknowledged = Acknowledged::new();
        for version in [ONE, TWO] {
            for server in scenario.names() {
                replace_under_load(&mut scenario, &server, version, &mut acknowledged);
                highest.insert(server, version);
                // It is linked and has caught up before the next one is stopped.
                scenario.agrees();
                assert_spoken(&scenario, &highest);
                assert_nothing_is_lost(&scenario, &acknowledged);
            }
        }
        assert_eq!(acknowledged.len(), 5 * CLIENTS);
        assert_eq!(scenario.world.env.checks.tally.lives, 15);
    });
}

#[test]
fn servers_two_versions_apart_refuse_each_other_until_one_between_them_is_upgraded() {
    several_times(|seed| {
        let mut scenario = Scenario::goloman(seed);
        let mut acknowledged = Acknowledged::new();
        scenario.replace("Welsh", FOUR);
        scenario.pass_milliseconds(10_000);
        assert_eq!((scenario.links_up("Welsh"), scenario.links_up("Holiday")), (0, 2));
        let refusal = |words: &str| Some(Err(words.to_owned()));
        assert_eq!(
            scenario.greeting("Holiday", "Welsh").cloned(),
            refusal(
                "protocol versions 1 and 2 are spoken here, not 4: servers may be one version apart"
            )
        );
        assert_eq!(
            scenario.greeting("Welsh", "Holiday").cloned(),
            refusal(
                "protocol versions 3 and 4 are spoken here, not 2: servers may be one version apart"
            )
        );
        // Both sides serve on, apart.
        for server in scenario.names() {
            let answer = scenario.report(&server, &server, HERE, &scenario.clock(0));
            acknowledged.insert(server, answer);
        }
        scenario.pass_milliseconds(1_000);
        assert_eq!(scenario.position("Holiday", "Welsh"), None);
        assert_eq!(scenario.position("Welsh", "Holiday"), None);
        assert!(scenario.position("Goloman", "Holiday").is_some());
        // Holiday, upgraded, speaks with either side.
        scenario.replace("Holiday", THREE);
        scenario.agrees();
        assert_eq!(scenario.greeting("Welsh", "Holiday"), Some(&Ok(THREE)));
        assert_eq!(scenario.greeting("Holiday", "Welsh"), Some(&Ok(THREE)));
        assert_eq!(scenario.greeting("Holiday", "Wilkes"), Some(&Ok(TWO)));
        assert_nothing_is_lost(&scenario, &acknowledged);
    });
}
