//! What servers say of themselves and of their links, while links come, go and are slow.

use crate::sim::scenario::{HERE, Scenario, several_times};
use serde_json::{Value, json};
use std::time::Duration;

/// What East says of West, or the other way round.
fn neighbour(scenario: &Scenario, server: &str) -> Value {
    scenario.status(server)["neighbours"][0].clone()
}

/// A metric of a server, with its labels if it has any.
fn metric(scenario: &Scenario, server: &str, series: &str) -> Option<f64> {
    let metrics = scenario.metrics(server);
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map(|value| value.parse().expect("a number"))
}

#[test]
fn servers_that_are_linked_and_at_rest_are_up_both_ways_behind_by_nothing_and_agree() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        scenario.report("East", "kiwi", HERE, &scenario.clock(-1_000));
        scenario.agrees();
        scenario.pass_milliseconds(3_000);
        for (server, other, port) in [("East", "West", 2), ("West", "East", 1)] {
            let status = scenario.status(server);
            assert_eq!((&status["clients"], &status["ready"]), (&json!(1), &json!(true)));
            let neighbour = neighbour(&scenario, server);
            assert_eq!(neighbour["name"], other);
            assert_eq!(neighbour["address"], format!("10.0.0.{port}:12645"));
            for direction in ["dialled", "accepted"] {
                let link = &neighbour[direction];
                assert_eq!(link["up"], true, "{server} {direction}");
                assert!(link["since_seconds"].as_f64() >= Some(3.0), "{link}");
                assert_eq!(
                    (&link["behind_changes"], &link["behind_seconds"]),
                    (&json!(0), &json!(0.0))
                );
                let up = format!("herd_link_up{{neighbour=\"{other}\",direction=\"{direction}\"}}");
                assert_eq!(metric(&scenario, server, &up), Some(1.0));
            }
            assert_eq!(neighbour["agrees"], true);
            assert!(neighbour["compared_seconds"].as_f64() < Some(1.5), "{neighbour}");
            assert!(neighbour["heard_seconds"].as_f64() < Some(1.5), "{neighbour}");
            let agrees = format!("herd_neighbour_agrees{{neighbour=\"{other}\"}}");
            assert_eq!(metric(&scenario, server, &agrees), Some(1.0));
        }
        let [east, west] = ["East", "West"].map(|server| scenario.status(server));
        assert_eq!(east["digest"], west["digest"]);
        assert_eq!((&east["reports"], &west["reports"]), (&json!(1), &json!(0)));
        // Who has told something, and how old that is.
        let [by_west, by_east] = ["East", "West"].map(|server| neighbour(&scenario, server));
        assert_eq!((&by_west["told"], &by_east["told"]), (&json!(0), &json!(1)));
        assert_eq!(by_west["newest_age_seconds"], Value::Null);
        let age = by_east["newest_age_seconds"].as_f64().expect("it is known");
        assert!((3.0..4.5).contains(&age), "{age}");
        let count = "herd_propagation_seconds_count{neighbour=\"West\"}";
        assert_eq!(metric(&scenario, "East", count), Some(1.0));
        // A way of a millisecond and a half each way, and at most the pause of acknowledgements.
        let took = metric(&scenario, "East", "herd_propagation_seconds_sum{neighbour=\"West\"}");
        assert!(took > Some(0.001) && took < Some(0.05), "{took:?}");
    });
}

#[test]
fn a_link_that_is_cut_is_down_and_behind_and_then_catches_up() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        scenario.set_open("East", "West", false);
        scenario.pass_milliseconds(5_000);
        scenario.report("East", "kiwi", HERE, &scenario.clock(0));
        scenario.report("East", "emu", HERE, &scenario.clock(0));
        scenario.pass_milliseconds(2_000);
        let cut = neighbour(&scenario, "East");
        for direction in ["dialled", "accepted"] {
            assert_eq!(cut[direction]["up"], false, "{cut}");
            let since = cut[direction]["since_seconds"].as_f64().expect("a number");
            assert!((2.0..8.5).contains(&since), "{cut}");
        }
        assert_eq!((&cut["dialled"]["behind_changes"], &cut["agrees"]), (&json!(2), &Value::Null));
        assert!(cut["dialled"]["behind_seconds"].as_f64() >= Some(1.5), "{cut}");
        assert_eq!(cut["accepted"]["behind_changes"], Value::Null, "nobody can know");
        assert_eq!(
            metric(&scenario, "East", "herd_link_lost_total{neighbour=\"West\"}"),
            Some(1.0)
        );
        assert_eq!(scenario.not_ready("East"), None, "who became ready stays so");
        scenario.set_open("East", "West", true);
        scenario.agrees();
        scenario.pass_milliseconds(3_000);
        let healed = neighbour(&scenario, "East");
        assert_eq!((&healed["dialled"]["up"], &healed["agrees"]), (&json!(true), &json!(true)));
        assert_eq!(healed["dialled"]["behind_changes"], 0);
        // What was told when the link came up is no measure of its way.
        let count = "herd_propagation_seconds_count{neighbour=\"West\"}";
        assert_eq!(metric(&scenario, "East", count), Some(0.0));
    });
}

#[test]
fn a_link_that_is_stalled_is_up_and_behind_for_as_long() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        scenario.pass_milliseconds(2_000);
        scenario.stall("East", "West", Duration::from_millis(2_500));
        for number in 0..10 {
            scenario.report("East", &format!("c{number}"), HERE, &scenario.clock(0));
        }
        scenario.pass_milliseconds(2_000);
        let stalled = neighbour(&scenario, "East")["dialled"].clone();
        assert_eq!((&stalled["up"], &stalled["behind_changes"]), (&json!(true), &json!(10)));
        let behind = stalled["behind_seconds"].as_f64().expect("a number");
        assert!((2.0..2.5).contains(&behind), "{behind}");
        scenario.agrees();
        scenario.pass_milliseconds(2_000);
        assert_eq!(neighbour(&scenario, "East")["dialled"]["behind_changes"], 0);
        let bucket = |le: &str| {
            let series =
                format!("herd_propagation_seconds_bucket{{neighbour=\"West\",le=\"{le}\"}}");
            metric(&scenario, "East", &series).expect("a bucket")
        };
        assert!(bucket("1") == 0.0 && bucket("5") > 0.0, "{}", scenario.metrics("East"));
    });
}

#[test]
fn a_server_is_not_behind_by_what_the_neighbour_tells_itself() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        let session = scenario.connect("West");
        for number in 0..400 {
            let time = scenario.clock(0);
            scenario.say(session, &format!("IAMAT c{} {HERE} {time}", number % 50));
            scenario.pass_milliseconds(10);
            let dialled = &neighbour(&scenario, "East")["dialled"];
            let behind = dialled["behind_seconds"].as_f64().expect("a number");
            assert!(behind < 0.1, "West has told it: {dialled}");
        }
        assert_eq!(scenario.status("East")["reports"], 0);
        assert_eq!(scenario.status("West")["reports"], 400);
    });
}

#[test]
fn who_comes_back_is_ready_once_a_neighbour_has_told_it_all() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        let (session, clients) = (scenario.connect("East"), 3_000);
        for number in 0..clients {
            scenario.say(session, &format!("IAMAT c{number} {HERE} {}", scenario.clock(0)));
        }
        scenario.agrees();
        scenario.lose_power("West");
        scenario.set_pipes(4_096);
        scenario.start("West");
        let mut said = Vec::new();
        while let Some(why) = scenario.not_ready("West") {
            assert!(scenario.status("West")["clients"].as_u64() <= Some(clients));
            said.push(why);
            scenario.pass_milliseconds(1);
        }
        assert_eq!(scenario.status("West")["clients"], clients);
        said.dedup();
        let expected = [
            "its neighbour is not linked with it both ways yet",
            "a neighbour has not told it yet all that it knows",
        ];
        assert_eq!(said, expected);
    });
}

#[test]
fn who_was_ready_alone_stays_so_while_a_neighbour_fills_it() {
    several_times(|seed| {
        let mut scenario = Scenario::pair(seed);
        let session = scenario.connect("East");
        for number in 0..1_000 {
            scenario.say(session, &format!("IAMAT c{number} {HERE} {}", scenario.clock(0)));
        }
        scenario.agrees();
        scenario.set_open("East", "West", false);
        scenario.lose_power("West");
        scenario.set_pipes(4_096);
        scenario.start("West");
        scenario.pass_milliseconds(9_000);
        assert!(scenario.not_ready("West").is_some());
        scenario.pass_milliseconds(2_000);
        assert_eq!(scenario.not_ready("West"), None);
        scenario.set_open("East", "West", true);
        while scenario.status("West")["clients"] != 1_000 {
            assert_eq!(scenario.not_ready("West"), None);
            scenario.pass_milliseconds(5);
        }
    });
}
