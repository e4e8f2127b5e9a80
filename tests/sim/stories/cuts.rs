//! Stories of links that are cut, slow, or gone for long.

use crate::sim::story::{HERE, Story, several_times};
use std::time::Duration;

#[test]
fn a_cut_in_the_middle_of_a_burst_loses_and_doubles_nothing() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        story.set_pipes(2_048);
        story.reset("Goloman", "Hands");
        story.agrees();
        let session = story.connect("Hands");
        for round in 0..10 {
            for client in 0..100 {
                let time = story.clock(round);
                story.say(session, &format!("IAMAT c{client} {HERE} {time}"));
            }
            story.pass_milliseconds(2);
            if round == 5 {
                story.reset("Goloman", "Hands");
                story.reset("Hands", "Wilkes");
            }
        }
        story.agrees();
        story.pass_milliseconds(500);
        assert_eq!(story.heard(session).lines().count(), 1_000);
        let last = story.heard(session).lines().last().map(str::to_owned);
        assert_eq!(story.position("Welsh", "c99"), last);
    });
}

#[test]
fn a_server_cut_off_for_a_day_serves_on_and_catches_up() {
    let mut story = Story::pair(1);
    for client in 0..20 {
        story.report("East", &format!("c{client}"), HERE, &story.clock(0));
    }
    story.agrees();
    story.set_open("East", "West", false);
    for hour in 0..24 {
        story.pass(Duration::from_secs(3_600));
        for client in 0..10 {
            story.report("East", &format!("c{client}"), HERE, &story.clock(0));
        }
        story.report("West", &format!("w{hour}"), HERE, &story.clock(0));
    }
    assert!(story.position("East", "w0").is_none());
    let before = story.crossings("East", "West", "c3");
    let untouched = story.crossings("East", "West", "c15");
    story.set_open("East", "West", true);
    story.agrees();
    assert!(story.position("East", "w23").is_some());
    // It had moved 24 times and is sent once; what has not moved is not sent again.
    assert_eq!(story.crossings("East", "West", "c3"), before + 1);
    assert_eq!(story.crossings("East", "West", "c15"), untouched);
}

#[test]
fn a_slow_neighbour_slows_nobody_and_is_not_sent_what_is_outdated() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        story.set_pipes(4_096);
        story.reset("Holiday", "Welsh");
        story.agrees();
        story.set_pipes(65_536);
        story.stall("Holiday", "Welsh", Duration::from_millis(3_000));
        let session = story.connect("Goloman");
        let (rounds, clients) = (10, 200);
        let long = "x".repeat(900);
        for round in 0..rounds {
            for client in 0..clients {
                let time = story.clock(round);
                story.say(session, &format!("IAMAT {long}{client} {HERE} {time}"));
            }
            story.pass_milliseconds(100);
        }
        // The others have all, while the slow one has next to nothing.
        let last = story.position("Goloman", &format!("{long}199"));
        assert!(last.is_some());
        story.pass_milliseconds(200);
        for server in ["Hands", "Holiday", "Wilkes"] {
            assert_eq!(story.position(server, &format!("{long}199")), last, "{server}");
        }
        assert_eq!(story.position("Welsh", &format!("{long}199")), None);
        story.agrees();
        let crossed: Vec<u32> = (0..clients)
            .map(|client| story.crossings("Holiday", "Welsh", &format!("{long}{client}")))
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
        let mut story = Story::pair(seed);
        let links = story.connections("East");
        let deaf = story.connect("East");
        story.set_reading(deaf, false);
        for number in 0..4_000 {
            story.say(deaf, &format!("IAMAT c{number} {HERE} 1500000000.{number:09}"));
        }
        story.pass_milliseconds(500);
        // It was paused long before it had said all: more answers than fit are not made.
        assert!(
            story.position("East", "c0").is_some() && story.position("East", "c3999").is_none()
        );
        let other = story.connect("East");
        for _ in 0..28 {
            let answer = story.tell(other, &format!("IAMAT kiwi {HERE} {}", story.clock(0)));
            assert!(answer.starts_with("AT East "), "{answer}");
            story.pass_milliseconds(1_000);
        }
        assert_eq!(story.connections("East"), links + 2);
        story.pass_milliseconds(5_000);
        assert_eq!(story.connections("East"), links + 1, "it is dropped");
        story.agrees();
    });
}

#[test]
fn a_neighbour_that_falls_silent_is_noticed_within_five_seconds() {
    several_times(|seed| {
        let mut story = Story::goloman(seed);
        story.pass_milliseconds(500);
        let links = |story: &Story| {
            let machines = &story.world.machines;
            machines.iter().filter_map(|m| Some(m.node()?.links_up().0)).sum::<usize>()
        };
        assert_eq!(links(&story), 12);
        story.set_open("Holiday", "Welsh", false);
        story.pass_milliseconds(5_000);
        assert_eq!(links(&story), 10);
        story.set_open("Holiday", "Welsh", true);
        story.agrees();
    });
}

/// Somebody greets as West, with an epoch of his own; five times a second.
fn greet_falsely(story: &mut Story, epoch: u64) {
    let stranger = story.connect_as_stranger("East");
    story.say(stranger, &format!("HERD 1 pair West East {epoch:016x}"));
    story.pass_milliseconds(200);
}

#[test]
fn who_greets_in_a_neighbour_s_name_delays_nothing_while_that_is_there_and_keeps_it_not_away() {
    several_times(|seed| {
        let mut story = Story::pair(seed);
        for attempt in 0..50 {
            let session = story.connect("West");
            let answer =
                story.tell(session, &format!("IAMAT c{attempt} {HERE} {}", story.clock(0)));
            greet_falsely(&mut story, attempt);
            let held = story.position("East", &format!("c{attempt}"));
            assert_eq!(held, Some(answer), "attempt {attempt}");
            story.say_no_more(session);
        }
        // Meanwhile West is restarted, and East is not told that its connections are dead.
        story.lose_power("West");
        let known = story.report("East", "kiwi", HERE, &story.clock(0));
        story.start("West");
        let new = story.report("West", "emu", HERE, &story.clock(0));
        for attempt in 100..125 {
            greet_falsely(&mut story, attempt);
        }
        assert_eq!(story.position("East", "emu"), Some(new), "West is not back within 5 s");
        assert_eq!(story.position("West", "kiwi"), Some(known));
        story.pass_milliseconds(5_000);
        story.agrees();
    });
}
