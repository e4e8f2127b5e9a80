//! Herds as their servers have told of them, and what is wrong with each.

use super::*;
use crate::look::Answer;
use herd::herd::Herd;
use serde_json::{Value, json};

pub const NOW: i64 = 1_600_000_000;

/// Three servers, each of which talks with both others.
pub fn herd() -> Herd {
    let server = |name: &str, with: &[&str]| json!({"name": name, "host": "h", "port": 4000, "web_port": 6000, "talks_with": with});
    let servers = [server("A", &["B", "C"]), server("B", &["C"]), server("C", &[])];
    // Ports are of a host each in a real herd.
    let mut servers = Value::from(servers.to_vec());
    for (at, server) in servers.as_array_mut().unwrap().iter_mut().enumerate() {
        server["host"] = format!("h{at}").into();
    }
    Herd::from_json(json!({"herd": "three", "servers": servers}).to_string().as_bytes()).unwrap()
}

pub fn link(up: bool, since: f64) -> Value {
    json!({"up": up, "since_seconds": since, "behind_changes": 0, "behind_seconds": 0.0})
}

/// What a server says that is well, as `/status` has it, and a member that nobody knows yet.
pub fn well(name: &str) -> Value {
    let others = ["A", "B", "C"].into_iter().filter(|other| *other != name);
    let neighbour = |other| {
        json!({
            "name": other, "address": "h:5000", "dialled": link(true, 100.0),
            "accepted": link(true, 100.0), "agrees": true, "compared_seconds": 0.4,
        })
    };
    json!({
        "server": name, "herd": "three", "version": "0.1.0", "uptime_seconds": 200.0, "ready": true,
        "not_ready": null, "clients": 1200, "memory_bytes": 1_000_000, "memory_max_bytes": 4_000_000_000_u64,
        "digest": "0123456789abcdef", "connections": {"clients": 3, "web": 1},
        "connections_max": {"clients": 100, "web": null}, "certificates": [], "journal": null,
        "neighbours": others.map(neighbour).collect::<Vec<_>>(), "of_a_later_version": [1, 2],
    })
}

/// A look at these.
pub fn look(answers: [Result<Value, &str>; 3]) -> Look {
    let answers = answers.map(|answer| {
        let raw = serde_json::value::to_raw_value(
            &answer.map_err(|why| Unasked::Failed(why.to_owned()))?,
        );
        let raw = raw.unwrap();
        Ok(Answer { status: serde_json::from_str(raw.get()).unwrap(), raw })
    });
    Look::of(&herd(), answers.into())
}

fn said(answers: [Result<Value, &str>; 3]) -> Vec<String> {
    wrong(&look(answers), NOW).iter().map(|finding| finding.text().to_owned()).collect()
}

/// The neighbour's entry of what a server says.
pub fn of<'a>(status: &'a mut Value, neighbour: &str) -> &'a mut Value {
    let mut all = status["neighbours"].as_array_mut().unwrap().iter_mut();
    all.find(|one| one["name"] == neighbour).unwrap()
}

#[test]
fn a_herd_that_is_well_has_nothing_wrong() {
    assert_eq!(said([Ok(well("A")), Ok(well("B")), Ok(well("C"))]), [""; 0]);
}

#[test]
fn who_is_away_is_said_first_and_once_with_since_when() {
    let [mut a, mut c] = ["A", "C"].map(well);
    for (status, since) in [(&mut a, 12.0), (&mut c, 11.0)] {
        let entry = of(status, "B");
        entry["dialled"] = link(false, since);
        entry["accepted"] = link(false, since + 0.6);
    }
    a["memory_bytes"] = 3_700_000_000_u64.into();
    assert_eq!(
        said([Ok(a), Err("connection refused"), Ok(c)]),
        [
            "B is away, unheard by its neighbours for 12 s: connection refused",
            "A has used 92 % of its memory for positions",
        ]
    );
    let all = said([Err("no"), Err("no"), Err("no")]);
    assert_eq!(all, ["A is away: no", "B is away: no", "C is away: no"]);
}

#[test]
fn who_cannot_be_asked_and_is_linked_is_not_away() {
    let found = wrong(&look([Ok(well("A")), Err("it has no web port"), Ok(well("C"))]), NOW);
    assert_eq!((found.len(), found[0].kind()), (1, Kind::Unasked));
    assert_eq!(
        found[0].text(),
        "B cannot be asked, but A, C are linked with it: it has no web port"
    );
    assert!(found[0].is_about("B") && !found[0].is_about("A"));
}

#[test]
fn a_link_is_down_in_one_direction_or_in_both() {
    let [mut a, mut b] = ["A", "B"].map(well);
    of(&mut a, "B")["dialled"] = link(false, 7.0);
    of(&mut b, "A")["accepted"] = link(false, 9.0);
    let found = said([Ok(a.clone()), Ok(b.clone()), Ok(well("C"))]);
    assert_eq!(found, ["A does not reach B for 9.0 s"]);
    // What one end alone has noticed counts.
    let found = said([Ok(well("A")), Ok(b.clone()), Ok(well("C"))]);
    assert_eq!(found, ["A does not reach B for 9.0 s"]);
    of(&mut b, "A")["dialled"] = link(false, 130.0);
    let found = said([Ok(a), Ok(b), Ok(well("C"))]);
    assert_eq!(found, ["the link between A and B is down for 2 min"]);
}

#[test]
fn who_is_behind_and_who_disagrees() {
    let [mut a, mut b] = ["A", "B"].map(well);
    of(&mut a, "B")["dialled"]["behind_seconds"] = 12.3.into();
    of(&mut a, "B")["dialled"]["behind_changes"] = 1.into();
    of(&mut a, "C")["dialled"]["behind_seconds"] = (BEHIND_SECONDS - 0.1).into();
    of(&mut b, "C")["agrees"] = false.into();
    of(&mut b, "A")["agrees"] = Value::Null;
    let look = look([Ok(a), Ok(b), Ok(well("C"))]);
    let found = wrong(&look, NOW);
    let texts: Vec<&str> = found.iter().map(Finding::text).collect();
    assert_eq!(
        texts,
        [
            "B is behind A by 12 s, 1 change",
            "B and C hold different positions (herdctl verify says which)",
        ]
    );
    assert_eq!(look.behind(&look.servers[1]), Some((12.3, 1)));
}

#[test]
fn what_ends_soon_comes_last() {
    let mut a = well("A");
    let day = 86_400;
    a["certificates"] = json!([
        {"for": "neighbours", "ends": NOW + 31 * day}, {"for": "clients", "ends": NOW + 12 * day},
        {"for": "x\u{1b}[2J", "ends": NOW - 3 * day}
    ]);
    a["connections"]["clients"] = 90.into();
    let (live, room) = (18_000_000, 100_000_000);
    a["journal"] = json!({"whole": false, "failures": 3, "live_bytes": live, "room_bytes": room});
    a["ready"] = false.into();
    a["not_ready"] = "a neighbour has not told it yet all that it knows".into();
    a["neighbours"].as_array_mut().unwrap().pop();
    assert_eq!(
        said([Ok(a), Ok(well("B")), Ok(well("C"))]),
        [
            "A is not ready, 3 min after its start: a neighbour has not told it yet all that it knows",
            "A has another herd file, by which it talks with: B",
            "the journal of A does not hold all: its disk has failed 3 times",
            "the journal of A has 100 MB left on its disk, and may take 103 MB in all",
            "the certificate of A for clients ends in 12 days",
            "the certificate of A for x\\x1b[2J has ended 3 days ago",
            "A has 90 connections for clients, of 100 at most",
        ]
    );
}

#[test]
fn what_an_older_server_does_not_say_is_not_held_against_it() {
    let mut a = well("A");
    for member in ["connections_max", "journal", "certificates", "memory_max_bytes"] {
        a.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(said([Ok(a), Ok(well("B")), Ok(well("C"))]), [""; 0]);
}

#[test]
fn servers_that_no_path_leads_to_are_said() {
    let mut herd = herd();
    for (server, neighbours) in herd.servers.iter_mut().zip([vec![1], vec![0], vec![]]) {
        server.neighbours = neighbours;
    }
    let nobody = || Err(Unasked::Failed("gone".to_owned()));
    let found = wrong(&Look::of(&herd, vec![nobody(), nobody(), nobody()]), NOW);
    let apart = found.iter().find(|finding| finding.kind() == Kind::Apart).unwrap();
    assert_eq!(apart.text(), "no path of links leads from A to C");
}
