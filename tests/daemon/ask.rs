//! `ask`, the small client.

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Herd, Process, Server, StandIn, free_port, posix_nanoseconds};
use std::fs::{self, File};

/// Runs `ask -H <herd file>` with `arguments` and with `input` to read, if any.
pub fn ask(herd: &Herd, arguments: &[&str], input: Option<&str>) -> Ended {
    let mut command = bare("sh");
    let script = match input {
        Some(input) => {
            fs::write(herd.directory.join("input"), input).unwrap();
            "exec \"$@\" < input"
        }
        None => "exec \"$@\"",
    };
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_ask"), "-H"]);
    command.arg(herd.file()).args(arguments);
    Process::run(&mut command, herd.directory.path())
}

fn with_places() -> (StandIn, Herd, Vec<Server>) {
    let places = StandIn::start(&[]);
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_places(&places);
    let servers = herd.start_all();
    (places, herd, servers)
}

#[test]
fn answers_are_printed_and_end_it_with_0() {
    let (_places, herd, servers) = with_places();
    let before = posix_nanoseconds();
    let ended = ask(&herd, &["A", "IAMAT", "kiwi", "+34.068930-118.445127", "now"], None);
    let after = posix_nanoseconds();
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    let at = ended.output.strip_suffix('\n').unwrap();
    assert!(at.starts_with("AT A +0.") && !at.contains("now"), "{at}");
    let (seconds, fraction) = at.rsplit(' ').next().unwrap().split_once('.').unwrap();
    assert_eq!(fraction.len(), 9, "{at}");
    let time: i128 = format!("{seconds}{fraction}").parse().unwrap();
    assert!(before <= time && time <= after, "{before} {at} {after}");
    servers[1].wait_for(at);
    let ended = ask(&herd, &["B", "WHATSAT", "kiwi", "10", "5"], None);
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    let json = ended.output.strip_prefix(at).unwrap().trim_ascii();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["results"].as_array().unwrap().len(), 5);
    assert!(ended.output.ends_with("}\n\n"), "{:?}", ended.output);
    let ended = ask(&herd, &["A", "FORGET", "kiwi", "now"], None);
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    assert!(ended.output.starts_with("GONE A +0.") && ended.output.contains(" kiwi "));
    servers[1].wait_until_unknown("kiwi");
    // By address.
    let address = servers[0].address().to_string();
    assert_eq!(ask(&herd, &[&address, "IAMAT", "kiwi", "+0+0", "0"], None).code, Some(0));
}

#[test]
fn a_refusal_is_explained_and_ends_it_with_1() {
    let (_places, herd, _servers) = with_places();
    for (command, why) in [
        ("nonsense", "there is no command nonsense"),
        ("WHATSAT nobody 1 1", "the server does not know where that client is"),
        ("WHATSAT nobody 51 1", "radius 51 is beyond 50"),
        ("IAMAT x +95+0 1", "latitude 95 is beyond 90"),
        ("IAMAT x +0+0 then", "the time is no number"),
        ("IAMAT x +0+0 9000000000", "the server takes no report of such a time"),
    ] {
        let ended =
            ask(&herd, &[&["A"], &command.split(' ').collect::<Vec<_>>()[..]].concat(), None);
        assert_eq!(ended.code, Some(1));
        assert!(ended.errors.starts_with(&format!("ask: {why}")), "{}", ended.errors);
        assert_eq!(ended.output, format!("? {command}\n"));
    }
    let many = ask(&herd, &["A"], Some(&"nonsense\n".repeat(1_000)));
    assert_eq!(many.output.lines().count(), 1_000);
    assert!((1..100).contains(&many.errors.lines().count()), "{}", many.errors);
}

#[test]
fn lines_of_standard_input_are_commands() {
    let (_places, herd, servers) = with_places();
    let input = "IAMAT kiwi +34.068930-118.445127 now\n\nWHATSAT kiwi 10 1\nWHATSAT kiwi 10 0";
    let ended = ask(&herd, &["A"], Some(input));
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    let at = servers[0].find("kiwi").unwrap();
    assert_eq!(ended.output.matches(&at).count(), 3, "{}", ended.output);
    assert_eq!(ended.output.matches("\n}\n\n").count(), 2, "{}", ended.output);
    let refused = ask(&herd, &["A"], Some("x\nIAMAT fig +34.0-118.0 1\ny\n"));
    assert_eq!(refused.code, Some(1));
    let lines: Vec<&str> = refused.output.lines().collect();
    assert_eq!((lines[0], lines[2], lines.len()), ("? x", "? y", 3), "{lines:?}");
    let many: String = (0..20_000).map(|number| format!("{number}\n")).collect();
    let ended = ask(&herd, &["A"], Some(&many));
    assert_eq!(ended.output.lines().count(), 20_000);
    let nothing = ask(&herd, &["A"], Some(""));
    assert_eq!((nothing.code, nothing.output.as_str()), (Some(0), ""));
}

#[test]
fn no_connection_or_wrong_usage_ends_it_with_2() {
    let herd = Herd::of(&[("A", &[])]);
    let nowhere = format!("127.0.0.1:{}", free_port());
    for (arguments, named) in [
        (&["A", "x"][..], ": cannot connect: "),
        (&[&nowhere, "x"], &nowhere),
        (&["Nobody", "x"], "Nobody"),
        (&[], "which server"),
        (&["--nonsense"], "nonsense"),
        (&["--timeout", "x", "A"], "--timeout"),
    ] {
        let ended = ask(&herd, arguments, None);
        assert_eq!((ended.code, ended.output.as_str()), (Some(2), ""), "{arguments:?}");
        let why = ended.errors.strip_suffix('\n').unwrap();
        assert!(why.starts_with("ask: ") && !why.contains('\n'), "{why}");
        assert!(why.contains(named), "{arguments:?}: {why}");
    }
    // A server that goes while it owes an answer.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let ended = ask(&herd, &["--timeout", "1", &address, "x"], None);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn help_version_and_the_herd_are_printed() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let help = ask(&herd, &["--help"], None);
    assert_eq!((help.code, help.errors.as_str()), (Some(0), ""));
    assert!(help.output.starts_with("Usage: ask "), "{}", help.output);
    let version = ask(&herd, &["--version"], None);
    assert_eq!(version.output, format!("ask {}\n", env!("CARGO_PKG_VERSION")));
    let list = ask(&herd, &["--list"], None);
    let lines: Vec<&str> = list.output.lines().collect();
    assert!(lines[0].starts_with("A 127.0.0.1:") && lines[0].ends_with(" B"), "{lines:?}");
    assert!(lines[1].starts_with("B 127.0.0.1:") && lines[1].ends_with(" A"), "{lines:?}");
}

#[test]
fn the_maps_of_a_herd_are_those_of_servers_with_a_web_port() {
    let herd = Herd::of(&[("A", &[])]);
    let none = ask(&herd, &["--maps"], None);
    assert_eq!((none.code, none.output.as_str(), none.errors.as_str()), (Some(0), "", ""));
    let file = r#"{"herd": "test", "servers": [
        {"name": "A", "host": "h", "port": 1},
        {"name": "B", "host": "::1", "port": 2, "web_port": 80, "web_listen": "::"},
        {"name": "C", "host": "c", "port": 3, "web_port": 8080}
    ]}"#;
    fs::write(herd.file(), file).unwrap();
    let maps = ask(&herd, &["--maps"], None).output;
    assert_eq!(maps, "B http://[::1]:80/\nC http://c:8080/\n");
}

#[test]
fn what_servers_listen_on_is_printed_in_the_order_of_handed_over_sockets() {
    let herd = Herd::of(&[("A", &[])]);
    let file = r#"{"herd": "test", "servers": [
        {"name": "A", "host": "h", "listen": "::", "port": 1, "web_port": 80, "tls_port": 9},
        {"name": "B", "host": "h", "port": 0, "tls_port": 2, "web_port": 8, "web_listen": "127.0.0.1"}
    ]}"#;
    fs::write(herd.file(), file).unwrap();
    let ports = ask(&herd, &["--ports"], None).output;
    let [a, b] = [
        "A clients=[::]:1 neighbours=[::]:1001 web=[::]:80 tls=[::]:9\n",
        "B neighbours=h:1002 web=127.0.0.1:8 tls=h:2\n",
    ];
    assert_eq!(ports, [a, b].concat());
}

#[test]
fn a_herd_is_printed_with_ports_for_tls() {
    let herd = Herd::of(&[("A", &[])]);
    let file = r#"{"herd": "test", "servers": [
        {"name": "A", "host": "h", "port": 1, "talks_with": ["B"]},
        {"name": "B", "host": "h", "port": 2, "tls_port": 9}
    ]}"#;
    fs::write(herd.file(), file).unwrap();
    let printed = ask(&herd, &["--secure"], None);
    assert_eq!((printed.code, printed.errors.as_str()), (Some(0), ""));
    fs::write(herd.file(), &printed.output).unwrap();
    let list = ask(&herd, &["--ca", "unread.pem", "--list"], None).output;
    assert_eq!(list, "A h:3001 B\nB h:9 A\n");
    assert_eq!(ask(&herd, &["--list"], None).output, "A h:1 B\nB h:2 A\n");
    assert_eq!(ask(&herd, &["--secure"], None).output, printed.output);
    for (port, why) in [("62536", "port + 3000 is no port"), ("62000", "is a port of \"A\"")] {
        let entry = r#""host": "h", "web_port": 65000, "neighbour_port": 7"#;
        let file =
            format!(r#"{{"herd": "t", "servers": [{{"name": "A", "port": {port}, {entry}}}]}}"#);
        fs::write(herd.file(), file).unwrap();
        let refused = ask(&herd, &["--secure"], None);
        assert_eq!((refused.code, refused.output.as_str()), (Some(2), ""));
        assert!(refused.errors.contains(why), "{}", refused.errors);
    }
}

#[test]
fn output_that_nobody_wants_is_no_failure() {
    let herd = Herd::of(&[("A", &[])]);
    let server = herd.start("A");
    let commands: String = (0..50_000).map(|_| "WHATSAT\n").collect();
    fs::write(herd.directory.join("input"), commands).unwrap();
    let mut command = bare("sh");
    let script = "\"$@\" < input | head -n 1; exit ${PIPESTATUS:-0}";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_ask")]);
    command.arg(server.address().to_string());
    command.stdout(File::create(herd.directory.join("ignored")).unwrap());
    let ended = Process::run(&mut command, herd.directory.path());
    assert_eq!(ended.output, "? WHATSAT\n");
    let explains = |line: &str| line == "ask: WHATSAT takes client, radius and bound";
    assert!(ended.errors.lines().all(explains), "it complains of a pipe that closed");
}
