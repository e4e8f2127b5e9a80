//! `herdctl verify`: whether servers hold the same, and who differs.

use super::{herdctl, rewrite, run, run_json, three};
use crate::harness::herd::bare;
use crate::harness::{Herd, Process, Server, time_in, until};
use serde_json::Value;

/// Clients that report before anything is compared: so many that a server tells digests of ranges.
const CLIENTS: usize = 700;

/// Has clients report.
fn fill(server: &Server) {
    let mut client = server.client();
    let lines = (0..CLIENTS).map(|n| format!("IAMAT c{n} +34-118 {}\n", 1_000 + n));
    client.send(lines.collect::<String>());
    (0..CLIENTS).for_each(|_| assert!(client.line().starts_with("AT ")));
}

fn ids(told: &Value) -> Vec<&str> {
    let differing = told["differing"].as_array().unwrap();
    differing.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn servers_that_are_linked_agree_at_rest_and_under_load() {
    let herd = three();
    let servers = herd.start_all();
    fill(&servers[0]);
    let ended = run(&herd, &["verify"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.starts_with("test: 3 servers agree: 700 records, digest "), "{ended:?}");
    let mut load = bare(env!("CARGO_BIN_EXE_load"));
    load.arg("-H").arg(herd.file()).args(["-r", "2000", "-n", "300", "-d", "60", "C"]);
    let mut load = Process::start(&mut load, herd.directory.path());
    until("the load has come", || {
        let (_, told) = run_json(&herd, &["status"]);
        (told["servers"][0]["status"]["clients"].as_u64() > Some(900)).then_some(())
    });
    for _ in 0..3 {
        let (code, told) = run_json(&herd, &["verify"]);
        assert_eq!((code, &told["agree"]), (Some(0), &true.into()), "{told}");
    }
    assert!(load.ended().is_none(), "the load went on meanwhile");
    load.kill();
}

#[test]
fn the_clients_that_differ_are_named_and_no_others() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web().with_journal("second");
    let servers = herd.start_all();
    fill(&servers[0]);
    assert_eq!(run(&herd, &["verify"]).code, Some(0));
    for mut server in servers {
        server.process.signal("TERM");
        server.process.wait();
    }
    // The same two, of whom nobody hears of the other any more.
    rewrite(&herd, |file| file["servers"][0]["talks_with"] = Value::Array(vec![]));
    let [a, b] = ["A", "B"].map(|name| herd.start(name));
    assert_eq!(run(&herd, &["verify"]).code, Some(0), "they hold the same from their journals");
    a.report("kiwi", &time_in(0));
    a.report("c7", &time_in(0));
    let forgotten = b.ask(&format!("FORGET c8 {}", time_in(0)));
    assert!(forgotten.starts_with("GONE B "), "{forgotten}");
    let (code, told) = run_json(&herd, &["verify", "--tries", "1"]);
    assert_eq!((code, &told["agree"], &told["complete"]), (Some(1), &false.into(), &true.into()));
    assert_eq!(ids(&told), ["c7", "c8", "kiwi"]);
    let held = |at: usize, server: usize| &told["differing"][at]["held"][server];
    assert_eq!(
        (&held(2, 0)["server"], &held(2, 0)["record"]["server"]),
        (&"A".into(), &"A".into())
    );
    assert!(held(2, 1)["record"].is_null(), "B does not know it");
    assert_eq!(held(1, 1)["record"]["forgotten"], true);
    let said = run(&herd, &["verify", "--tries", "1"]);
    assert!(said.output.starts_with("test: 2 servers do not agree:\n  c7\n    A "), "{said:?}");
    assert!(said.output.contains("  kiwi\n    A            reported at "), "{said:?}");
    assert!(said.output.contains("    B            does not know it\n"), "{said:?}");
}

#[test]
fn it_tries_until_a_server_is_back_but_not_for_ever() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let mut servers = herd.start_all();
    servers[0].report("kiwi", "5");
    servers[1].process.kill();
    let (code, told) = run_json(&herd, &["verify", "--tries", "1"]);
    assert_eq!((code, &told["unasked"][0]["server"]), (Some(1), &"B".into()));
    let verify =
        Process::start(&mut herdctl(&herd, &["verify", "--tries", "60"]), herd.directory.path());
    servers[1] = herd.start("B");
    let ended = verify.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.contains("agree: 1 records"), "{ended:?}");
}
