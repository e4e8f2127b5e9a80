//! `herdctl status`: what is wrong first.

use super::{herdctl, rewrite, run, run_json, three};
use crate::harness::{Client, Herd, Process, free_port, until};
use crate::trust::token;
use std::fs;

#[test]
fn all_is_well_until_one_is_killed_which_is_said_first() {
    let herd = three();
    let mut servers = herd.start_all();
    servers[0].report("kiwi", "1");
    let well = until("all is well", || {
        let ended = run(&herd, &["status"]);
        (ended.code == Some(0)).then_some(ended)
    });
    let lines: Vec<&str> = well.output.lines().collect();
    assert_eq!(lines[..2], ["test: 3 servers, all is well", ""]);
    for (line, name) in lines[3..].iter().zip(["A", "B", "C"]) {
        assert!(line.starts_with(&format!("{name}             ready ")), "{line}");
    }
    assert!(lines.len() == 6 && lines.iter().all(|line| line.chars().count() <= 80));
    let (code, told) = run_json(&herd, &["status"]);
    assert_eq!((code, &told["well"]), (Some(0), &true.into()));
    assert_eq!(told["servers"][2]["status"]["server"], "C");
    servers[1].process.kill();
    let said = until("it is noticed", || {
        let ended = run(&herd, &["status"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        ended.output.contains("B is away, unheard by its neighbours for ").then_some(ended.output)
    });
    assert!(said.starts_with("test: 3 servers, something is wrong:\n  B is away"), "{said}");
    assert!(said.contains("\nB             AWAY "), "{said}");
    let (_, told) = run_json(&herd, &["status"]);
    assert_eq!(
        (&told["wrong"][0]["kind"], &told["wrong"][0]["server"]),
        (&"away".into(), &"B".into())
    );
    assert_eq!((&told["servers"][1]["answered"], &told["well"]), (&false.into(), &false.into()));
}

#[test]
fn a_way_that_is_cut_in_one_direction_is_said() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let a = herd.start("A");
    // B listens for neighbours elsewhere than A looks.
    rewrite(&herd, |file| file["servers"][1]["neighbour_port"] = free_port().into());
    let _b = herd.start("B");
    a.wait_for_log("B at 127.0.0.1");
    until("A does not reach B", || {
        let ended = run(&herd, &["status"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let lines: Vec<&str> = ended.output.lines().collect();
        lines.iter().any(|line| line.starts_with("  A does not reach B for ")).then_some(())
    });
}

#[test]
fn one_that_hangs_makes_nobody_wait() {
    let herd = Herd::of(&[("A", &[]), ("B", &[])]).with_web();
    let servers = [herd.start("A"), herd.start("B")];
    servers[1].process.signal("STOP");
    let ended = run(&herd, &["--timeout", "1", "status"]);
    servers[1].process.signal("CONT");
    assert_eq!(ended.code, Some(1));
    assert!(ended.output.contains("  B is away: it does not answer in time\n"), "{ended:?}");
    assert!(ended.output.contains("\nA             ready "), "{ended:?}");
}

#[test]
fn who_answers_must_be_the_one_and_one_without_a_web_port_is_told_of_by_others() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let _servers = herd.start_all();
    rewrite(&herd, |file| {
        let first = file["servers"][0]["web_port"].take();
        file["servers"][0]["web_port"] = file["servers"][1]["web_port"].take();
        file["servers"][1]["web_port"] = first;
    });
    let ended = run(&herd, &["status"]);
    assert!(
        ended.code == Some(1) && ended.output.contains("the server B of the herd test"),
        "{ended:?}"
    );
    rewrite(&herd, |file| {
        let port = file["servers"][1]["web_port"].clone();
        file["servers"][0]["web_port"] = port;
        file["servers"][1].as_object_mut().unwrap().remove("web_port");
    });
    let ended = run(&herd, &["status"]);
    let said = "  B cannot be asked, but A is linked with it: it has no web port\n";
    assert!(ended.code == Some(1) && ended.output.contains(said), "{ended:?}");
}

#[test]
fn what_answers_strangely_is_said_and_ends_nothing() {
    let herd = Herd::of(&[("A", &[])]).with_web();
    // The line protocol is no HTTP.
    let _a = herd.start("A");
    rewrite(&herd, |file| {
        let port = file["servers"][0]["port"].clone();
        file["servers"][0]["port"] = file["servers"][0]["web_port"].clone();
        file["servers"][0]["web_port"] = port;
    });
    let ended = run(&herd, &["status"]);
    assert!(ended.code == Some(1) && ended.output.contains("speaks no HTTP"), "{ended:?}");
}

#[test]
fn over_tls_and_with_tokens() {
    let herd = three().with_keys().with("--require-tokens");
    let servers = herd.start_all();
    let keys = herd.keys();
    let ca = keys.join("ca.pem");
    let ca = ca.to_str().unwrap();
    let file = |may: &str| {
        let path = herd.directory.join(&format!("{may}.token"));
        fs::write(&path, token(&herd, "*", may).0).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, other) = (file("status,ask,watch"), file("report"));
    let with =
        |token: &str, command: &str| run(&herd, &["--ca", ca, "--token-file", token, command]);
    until("all is well", || (with(&good, "status").code == Some(0)).then_some(()));
    assert_eq!(with(&good, "verify").code, Some(0));
    let refused = with(&other, "status");
    assert_eq!(refused.code, Some(1));
    assert!(refused.output.contains("the token does not allow that"), "{refused:?}");
    let without = run(&herd, &["--ca", ca, "status"]);
    assert_eq!(without.code, Some(1));
    assert!(without.output.contains("it asks for a token"), "{without:?}");
    let mut environment = herdctl(&herd, &["--ca", ca, "status"]);
    environment.env("HERD_TOKEN", fs::read_to_string(&good).unwrap());
    assert_eq!(Process::run(&mut environment, herd.directory.path()).code, Some(0));
    // Plain HTTP is not spoken there.
    assert_eq!(run(&herd, &["status"]).code, Some(1));
    for server in &servers {
        let secret = fs::read_to_string(&good).unwrap();
        assert!(!server.log().contains(secret.trim()), "no token is in a log");
    }
}

#[test]
fn wrong_usage_is_said_in_one_line() {
    let herd = Herd::of(&[("A", &[])]).with_web();
    for arguments in
        [&["dance"][..], &[], &["status", "A"], &["--token-file", "/nowhere", "status"]]
    {
        let ended = run(&herd, arguments);
        assert_eq!((ended.code, &*ended.output), (Some(2), ""), "{arguments:?}");
        assert!(ended.errors.starts_with("herdctl: ") && ended.errors.lines().count() == 1);
    }
    let top = run(&herd, &["top"]);
    assert_eq!(
        (top.code, &*top.errors),
        (Some(2), "herdctl: top draws on a terminal, and this is none\n")
    );
    rewrite(&herd, |file| file["servers"] = "none".into());
    assert_eq!(run(&herd, &["status"]).code, Some(2));
}

#[test]
fn what_is_taken_of_the_bounds_is_told() {
    let herd = Herd::of(&[("A", &[])]).with_web();
    let a = herd.start("A");
    let _clients: Vec<Client> = (0..3).map(|_| a.client()).collect();
    until("three clients are counted", || {
        let (_, told) = run_json(&herd, &["status"]);
        let status = &told["servers"][0]["status"];
        let most = status["connections_max"]["clients"].as_u64().unwrap();
        assert!(most > 100 && status["connections_max"]["web"].as_u64() > Some(10));
        (status["connections"]["clients"] == 3).then_some(())
    });
}
