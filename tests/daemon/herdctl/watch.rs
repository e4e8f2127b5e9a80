//! `herdctl watch`: each change once for the herd.

use super::{herdctl, run, run_json, three};
use crate::harness::{Herd, Process, time_in, until};
use serde_json::Value;

/// Waits until that many servers tell somebody.
fn wait_until_watched(herd: &Herd, servers: usize) {
    until("the servers are watched", || {
        let (_, told) = run_json(herd, &["status"]);
        let watchers = told["servers"].as_array().unwrap().iter();
        let watched = watchers.filter(|server| server["status"]["watchers"] == 1).count();
        (watched == servers).then_some(())
    });
}

fn lines(watch: &Process) -> Vec<Value> {
    let output = watch.output();
    let whole = output.rfind('\n').map_or("", |end| &output[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until the last line is of that event about that client or server.
fn wait_for(watch: &Process, event: &str, whom: &str) {
    until(&format!("{event} {whom}"), || {
        let last = lines(watch).pop()?;
        let is_about = last["client"]["id"] == whom || last["server"] == whom;
        (last["event"] == event && is_about).then_some(())
    });
}

#[test]
fn each_change_is_told_once_also_while_a_server_goes_and_comes_back() {
    let herd = three();
    let mut servers = herd.start_all();
    servers[0].report("early", "5");
    servers.iter().for_each(|server| until("all know it", || server.find("early").map(|_| ())));
    let mut watch =
        Process::start(&mut herdctl(&herd, &["--json", "watch"]), herd.directory.path());
    wait_until_watched(&herd, 3);
    servers[0].report("kiwi", "1000");
    wait_for(&watch, "at", "kiwi");
    servers[2].report("fig", "1000");
    wait_for(&watch, "at", "fig");
    servers[1].ask(&format!("FORGET kiwi {}", time_in(0)));
    wait_for(&watch, "gone", "kiwi");
    servers[2].process.kill();
    wait_for(&watch, "away", "C");
    servers[0].report("plum", "1000");
    wait_for(&watch, "at", "plum");
    servers[2] = herd.start("C");
    wait_for(&watch, "back", "C");
    servers[2].wait_for_links();
    until("C has caught up", || servers[2].find("plum").map(|_| ()));
    servers[2].report("pear", "1000");
    wait_for(&watch, "at", "pear");
    let told: Vec<(Value, Value)> = lines(&watch)
        .into_iter()
        .map(|line| (line["event"].clone(), line["client"]["id"].clone()))
        .collect();
    let expected = [
        ("at", "kiwi"),
        ("at", "fig"),
        ("gone", "kiwi"),
        ("away", ""),
        ("at", "plum"),
        ("back", ""),
        ("at", "pear"),
    ];
    let expected = expected
        .map(|(event, id)| (event.into(), if id.is_empty() { Value::Null } else { id.into() }));
    assert_eq!(told, expected, "each once, and not what was so");
    watch.signal("INT");
    assert_eq!(watch.wait().code(), Some(0));
}

#[test]
fn one_client_alone_for_people() {
    let herd = three();
    let servers = herd.start_all();
    let mut watch = Process::start(&mut herdctl(&herd, &["watch", "a/b"]), herd.directory.path());
    wait_until_watched(&herd, 3);
    servers[0].report("other", "1000");
    servers[1].report("a/b", "1000");
    until("it is told", || {
        (watch.output() == "at      a/b 34.068930 -118.445127 1000 by B\n").then_some(())
    });
    watch.signal("TERM");
    assert_eq!(watch.wait().code(), Some(0));
}

#[test]
fn if_no_server_can_be_watched_it_says_so() {
    let ended = run(&three(), &["watch"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors.starts_with("herdctl: no server can be watched; "), "{ended:?}");
}
