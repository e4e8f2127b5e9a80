//! The dashboard: what it asks for is there.

use super::{PAIR, scene};
use serde_json::Value;
use std::collections::BTreeSet;

const DASHBOARD: &str = include_str!("../../grafana.json");

/// Labels that whoever gathers the figures adds.
const ADDED: [&str; 2] = ["instance", "job"];

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

/// What is asked for in all panels, and by the variables.
fn expressions() -> Vec<String> {
    let expression = |target: &Value| target["expr"].as_str().unwrap().to_owned();
    let panels = panels();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array());
    targets.flatten().map(expression).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let split = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    split.filter(|word| !word.is_empty())
}

#[test]
fn each_metric_that_the_dashboard_shows_is_written() {
    let mut scene = scene(PAIR);
    scene.says(b"IAMAT kiwi +1-1 1600000000\n");
    let metrics = scene.metrics();
    let mut names = metrics.names();
    // Not known before servers were linked; that they are written then, the simulator shows.
    names.extend(["herd_neighbour_agrees", "herd_neighbour_heard_seconds"]);
    names.insert("herd_neighbour_newest_age_seconds");
    // Only where there is a journal; that they are written then, the daemon's tests show.
    names.extend(["herd_journal_bytes", "herd_journal_live_bytes", "herd_journal_files"]);
    names.insert("herd_journal_room_bytes");
    names.extend(["herd_journal_unforced_changes", "herd_journal_whole"]);
    names.insert("herd_journal_failures_total");
    // Only where there are bounds; that it is written then, the test of these shows.
    names.insert("herd_connections_max");
    let expressions = expressions();
    assert!(expressions.len() > 10, "{expressions:?}");
    for expression in &expressions {
        let asked: Vec<&str> = words(expression).filter(|word| word.starts_with("herd_")).collect();
        assert!(!asked.is_empty(), "{expression} asks for nothing of ours");
        for name in asked {
            assert!(names.contains(name), "{name} is not written: {expression}");
        }
    }
}

#[test]
fn each_label_that_it_tells_apart_by_is_there() {
    let metrics = scene(PAIR).metrics();
    let labels: BTreeSet<&str> = metrics.labels().into_iter().chain(ADDED).collect();
    for expression in expressions() {
        let groups = expression.split(" by (").skip(1).map(|rest| rest.split(')').next().unwrap());
        let matched = expression.split('{').skip(1).flat_map(|rest| {
            let inside = rest.split('}').next().unwrap();
            inside.split(',').map(|one| one.split(['=', '!']).next().unwrap())
        });
        for label in groups.flat_map(words).chain(matched.flat_map(words)) {
            assert!(labels.contains(label), "there is no label {label}: {expression}");
        }
    }
}

#[test]
fn it_can_be_imported_and_its_panels_do_not_lie_on_each_other() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert!(dashboard["schemaVersion"].is_u64() && dashboard["title"].is_string());
    assert!(dashboard["id"].is_null(), "an id belongs to one Grafana");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let source = variables.iter().find(|variable| variable["name"] == "DS_PROMETHEUS").unwrap();
    assert_eq!((&source["type"], &source["query"]), (&"datasource".into(), &"prometheus".into()));
    let panels = panels();
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in &panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}", panel["id"]);
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        assert!(x + w <= 24, "{}", panel["title"]);
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{} lies on another", panel["title"]);
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${DS_PROMETHEUS}", "{}", panel["title"]);
        }
    }
}
