//! `ask --any` and `load --any`: going on with another server when one goes away.

use crate::ask::ask;
use crate::harness::herd::bare;
use crate::harness::{Herd, Process, until};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

#[test]
fn who_cannot_be_reached_is_passed_by() {
    let herd = Herd::of(&[("A", &[]), ("B", &[]), ("C", &[])]);
    let c = herd.start("C");
    let answered = ask(&herd, &["--any", "B", "IAMAT", "kiwi", "+34.0-118.0", "1"], None);
    assert_eq!(answered.code, Some(0), "{answered:?}");
    assert!(answered.output.starts_with("AT C +"), "{answered:?}");
    assert!(answered.errors.contains("B at ") && answered.errors.contains("the next server"));
    // Around the end of the file.
    let refused = ask(&herd, &["--any", "A", "WHATSAT", "nobody", "1", "1"], None);
    assert_eq!((refused.code, refused.output.as_str()), (Some(1), "? WHATSAT nobody 1 1\n"));
    drop(c);
    let nobody = ask(&herd, &["--any", "A", "x"], None);
    assert_eq!((nobody.code, nobody.output.as_str()), (Some(2), ""));
    assert!(nobody.errors.contains("nor is any other server there"), "{nobody:?}");
    let unknown = ask(&herd, &["--any", "127.0.0.1:1", "x"], None);
    assert!(unknown.errors.contains("is no server of a herd"), "{unknown:?}");
}

#[test]
fn what_a_server_that_goes_away_has_not_answered_is_asked_elsewhere_once() {
    let herd = Herd::of(&[("A", &[]), ("B", &[])]);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, herd.port("A"))).unwrap();
    // It answers two of all that it is asked.
    let goes = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for number in 0..2 {
            let asked = lines.next().unwrap().unwrap();
            assert_eq!(asked, format!("IAMAT c{number} +34.0-118.0 1"));
            stream.write_all(format!("AT A +0.1 c{number} +34.0-118.0 1\n").as_bytes()).unwrap();
        }
        stream.write_all(b"AT A +0").unwrap();
    });
    let _b = herd.start("B");
    let input: String = (0..5_000).map(|n| format!("IAMAT c{n} +34.0-118.0 1\n")).collect();
    let answered = ask(&herd, &["--any", "A"], Some(&input));
    goes.join().unwrap();
    assert_eq!(answered.code, Some(0), "{}", answered.errors);
    let answer = |n: usize| answered.output.lines().position(|l| l.contains(&format!(" c{n} ")));
    assert_eq!((answer(0), answer(1)), (Some(0), Some(1)));
    // The one that had come in part is begun anew, behind what had come of it.
    let rest: Vec<&str> = answered.output.lines().skip(2).collect();
    assert_eq!(rest.len(), 4_998);
    assert!(rest[0].contains("AT B +") && rest[0].ends_with(" c2 +34.0-118.0 1"), "{}", rest[0]);
    for (at, line) in rest.iter().enumerate().skip(1) {
        assert!(line.starts_with("AT B +") && line.contains(&format!(" c{} ", at + 2)), "{line}");
    }
}

#[test]
fn a_watch_goes_on_with_another_server() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let servers = herd.start_all();
    let mut command = bare(env!("CARGO_BIN_EXE_ask"));
    command.arg("-H").arg(herd.file()).args(["--any", "A", "WATCH", "kiwi"]);
    let mut watching = Process::start(&mut command, herd.directory.path());
    until("it watches", || watching.output().contains("~ NOW kiwi\n").then_some(()));
    let mut servers = servers.into_iter();
    let (a, b) = (servers.next().unwrap(), servers.next().unwrap());
    drop(a);
    until("it watches elsewhere", || {
        (watching.output().matches("~ NOW kiwi\n").count() == 2).then_some(())
    });
    let told = b.report("kiwi", "1");
    until("it is told", || watching.output().contains(&format!("~ {told}\n")).then_some(()));
    watching.signal("INT");
    assert_eq!(watching.wait().code(), Some(0));
}

#[test]
fn load_goes_on_while_servers_are_restarted_and_misses_no_answer() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let mut servers = herd.start_all();
    let mut command = bare(env!("CARGO_BIN_EXE_load"));
    command.arg("-H").arg(herd.file());
    command
        .args(["--any", "--json", "-c", "8", "-p", "4", "-n", "200", "-r", "2000", "-d", "4", "A"]);
    let mut load = Process::start(&mut command, herd.directory.path());
    for name in ["A", "B", "A"] {
        let at = servers.iter().position(|server| server.name == name).unwrap();
        until("it is loaded", || servers[at].log().contains(" < IAMAT ").then_some(()));
        servers.remove(at).process.kill();
        servers.push(herd.start(name));
        servers.iter().for_each(|server| drop(server.wait_for_log("is up")));
    }
    assert_eq!(load.wait().code(), Some(0), "{}", load.errors());
    let report: serde_json::Value = serde_json::from_str(&load.output()).unwrap();
    assert_eq!((&report["wrong"], &report["missing"]), (&0.into(), &0.into()), "{report}");
    assert!(report["moved"].as_u64().unwrap() >= 16, "{report}");
}
