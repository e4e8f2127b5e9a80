//! Herds whose hosts are names, which are looked up without holding up anything.

use crate::harness::Herd;
use std::fs;

#[test]
fn hosts_may_be_names() {
    let herd = Herd::at("localhost", &[("A", &["B"]), ("B", &[])]);
    let servers = herd.start_all();
    let reported: Vec<String> = servers.iter().map(|s| s.report(&s.name, "1")).collect();
    for server in &servers {
        reported.iter().for_each(|at| server.wait_for(at));
    }
}

#[test]
fn a_name_that_is_nobodys_is_said_and_the_rest_goes_on() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &[]), ("C", &[])]);
    let file = fs::read_to_string(herd.file()).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&file).unwrap();
    // Kept for those who need a name that is nobody's.
    json["servers"][2]["host"] = "nosuch.invalid".into();
    fs::write(herd.file(), json.to_string()).unwrap();
    let a = herd.start("A");
    let b = herd.start("B");
    let away = a.wait_for_log("WARN  C at nosuch.invalid:");
    assert!(away.contains(" is away: n"), "the look-up failed, or was not done in time: {away}");
    let at = a.report("kiwi", "1");
    b.wait_for(&at);
}
