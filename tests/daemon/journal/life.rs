//! What was answered is known in the next life, however the last one ended.

use super::{check, files, status, stop, wait_until_forced};
use crate::harness::herd::bare;
use crate::harness::{Client, Herd, Process, Server, time_in, until};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;

const CLIENTS: usize = 50;

/// What clients were answered in a life: each `AT` line, and who was forgotten.
#[derive(Default)]
struct Answered {
    at: Vec<String>,
    gone: Vec<String>,
}

impl Answered {
    /// Has clients report, and some be forgotten, with names of their own.
    fn more(&mut self, server: &Server, life: &str) {
        let mut client = server.client();
        for number in 0..CLIENTS {
            let time = time_in(0);
            let id = format!("{life}-{number}");
            let at = client.ask(&format!("IAMAT {id} +34.068930-118.445127 {time}"));
            assert!(at.starts_with(&format!("AT {} ", server.name)), "{at}");
            if number % 5 == 0 {
                let gone = client.ask(&format!("FORGET {id} {time}"));
                assert!(gone.starts_with(&format!("GONE {} ", server.name)), "{gone}");
                self.gone.push(format!("IAMAT {id} +34.068930-118.445127 {time}"));
            } else {
                self.at.push(at);
            }
        }
    }

    /// All of it is known to the letter, and who was forgotten stays so, though told of once more.
    #[track_caller]
    fn assert_known(&self, server: &Server) {
        let mut client = server.client();
        for at in &self.at {
            let id = at.split(' ').nth(3).unwrap();
            client.send(format!("WHATSAT {id} 1 0\n"));
            assert_eq!(&client.near().0, at);
        }
        for report in &self.gone {
            assert!(client.ask(report).starts_with("AT "), "{report}");
            let question = format!("WHATSAT {} 1 0", report.split(' ').nth(1).unwrap());
            assert_eq!(client.ask(&question), format!("? {question}"), "it was forgotten");
        }
    }
}

/// Lives that end in order and lives that end with a crash, one after the other.
fn live(sync: &'static str) {
    let herd = Herd::of(&[("Solo", &[])]).with_journal(sync);
    let mut answered = Answered::default();
    for life in ["new", "stopped", "killed", "stopped-again"] {
        let mut server = herd.start("Solo");
        answered.assert_known(&server);
        answered.more(&server, life);
        if life.starts_with("stopped") {
            stop(&mut server);
        } else {
            server.process.kill();
        }
    }
    answered.assert_known(&herd.start("Solo"));
    let ended = check(&herd, &herd.journal("Solo"));
    let (known, gone) = (answered.at.len(), answered.gone.len());
    let last = format!("{known} positions, {gone} tombstones in 5 files");
    assert_eq!(ended.output.lines().last(), Some(&*last), "{ended:?}");
}

#[test]
fn what_was_answered_is_known_after_a_stop_and_after_a_crash_forced_once_a_second() {
    live("second");
}

#[test]
fn what_was_answered_is_known_after_a_stop_and_after_a_crash_forced_before_each_answer() {
    live("always");
}

#[test]
fn what_neighbours_told_is_kept_too_and_told_on() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let [mut a, mut b, mut c]: [Server; 3] = {
        let [a, c] = ["A", "C"].map(|name| herd.start(name));
        let mut command = herd.command("B");
        command.arg("--journal").arg(herd.journal("B"));
        [a, herd.start_by("B", command), c]
    };
    [&a, &b, &c].iter().for_each(|server| server.wait_for_links());
    let kiwi = a.report("kiwi", &time_in(-1));
    let plum = c.report("plum", &time_in(-1));
    [&kiwi, &plum].iter().for_each(|at| b.wait_for(at));
    assert!(c.ask(&format!("FORGET plum {}", time_in(0))).starts_with("GONE C "));
    b.wait_until_unknown("plum");
    // All at once: what is known is on that one disk.
    [&mut a, &mut b, &mut c].iter_mut().for_each(|server| server.process.kill());
    let [a, c] = ["A", "C"].map(|name| herd.start(name));
    assert!(a.find("kiwi").is_none());
    c.ask(&plum.replace(&format!("AT {} {} ", c.name, plum.split(' ').nth(2).unwrap()), "IAMAT "));
    let mut command = herd.command("B");
    command.arg("--journal").arg(herd.journal("B"));
    let b = herd.start_by("B", command);
    [&a, &b, &c].iter().for_each(|server| {
        server.wait_for(&kiwi);
        server.wait_until_unknown("plum");
    });
}

#[test]
fn whose_time_is_over_while_the_server_is_down_is_unknown_when_it_is_back() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_ttl_seconds(2).with_journal("second");
    let mut server = herd.start("Solo");
    let time = time_in(0);
    server.report("kiwi", &time);
    let fig = server.report("fig", &time_in(60));
    server.process.kill();
    until("its time is over", || (time_in(-2) > time).then_some(()));
    let server = herd.start("Solo");
    assert_eq!((server.find("kiwi"), server.find("fig")), (None, Some(fig)));
    until("it is taken out", || (status(&server)["expired"] == 1).then_some(()));
    assert_eq!(status(&server)["clients"], 1);
}

#[test]
fn the_folder_and_its_files_are_for_their_owner_alone() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_journal("second");
    let server = herd.start("Solo");
    server.report("kiwi", &time_in(0));
    wait_until_forced(&server);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&herd.journal("Solo")), 0o700);
    let files = files(&herd.journal("Solo"));
    assert!(!files.is_empty());
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
}

/// Clients whose journal takes a while to be read.
const MANY: u64 = 100_000;

#[test]
fn whoever_gets_in_first_finds_all_that_there_was() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_journal("second");
    let quiet = || {
        let mut command = herd.command("Solo");
        command.env("RUST_LOG", "info,traffic=off");
        command
    };
    let mut server = herd.start_by("Solo", quiet());
    let mut load = bare(env!("CARGO_BIN_EXE_load"));
    load.args(["-c", "4", "-p", "64", "-n", &MANY.to_string(), "-d", "0.1"]);
    load.arg(server.address().to_string());
    let ended = Process::run(&mut load, herd.directory.path());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(status(&server)["clients"], MANY);
    server.process.kill();
    let url = server.url("");
    let port: u16 = url.rsplit_once(':').unwrap().1.parse().unwrap();
    let first = thread::spawn(move || {
        let stream =
            until("somebody gets in", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok());
        let mut visitor = Client::new(stream);
        visitor.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
        visitor.answer().1
    });
    let server = herd.start_by("Solo", quiet());
    let found: serde_json::Value = serde_json::from_str(&first.join().unwrap()).unwrap();
    assert_eq!(found["clients"], MANY);
    let read = server.wait_for_log("the journal in ");
    assert!(read.contains(" is read: "), "{read}");
    let held = server.wait_for_log(" holds ");
    assert!(held.contains(&format!("{MANY} positions and 0 tombstones")), "{held}");
}

#[test]
fn without_a_journal_nothing_is_left_and_status_says_that_there_is_none() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let mut server = herd.start("Solo");
    assert_eq!(status(&server).get("journal"), Some(&serde_json::Value::Null));
    server.report("kiwi", &time_in(0));
    stop(&mut server);
    assert!(herd.start("Solo").find("kiwi").is_none());
}

#[test]
fn status_and_metrics_say_how_the_journal_is() {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_journal("always");
    let server = herd.start("Solo");
    server.report("kiwi", &time_in(0));
    wait_until_forced(&server);
    let journal = status(&server)["journal"].take();
    assert_eq!((&journal["sync"], &journal["files"]), (&"always".into(), &1.into()), "{journal}");
    assert_eq!((&journal["failures"], &journal["whole"]), (&0.into(), &true.into()), "{journal}");
    let bytes: u64 =
        files(&herd.journal("Solo")).iter().map(|f| fs::metadata(f).unwrap().len()).sum();
    assert_eq!(journal["bytes"], bytes, "{journal}");
    assert!(journal["live_bytes"].as_u64().is_some_and(|live| live <= bytes), "{journal}");
    // As much as the system's own tool says, but for what others write meanwhile.
    let df = Command::new("df").args(["--output=avail", "-B1"]).arg(herd.journal("Solo")).output();
    let df = String::from_utf8(df.unwrap().stdout).unwrap();
    let available: f64 = df.lines().nth(1).unwrap().trim().parse().unwrap();
    let room = journal["room_bytes"].as_f64().unwrap();
    assert!((room / available - 1.0).abs() < 0.2, "{room} of {available}");
    let mut visitor = server.visitor();
    visitor.send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    let (_, metrics) = visitor.answer();
    for line in [
        "herd_journal_whole 1".to_owned(),
        "herd_journal_files 1".to_owned(),
        format!("herd_journal_bytes {bytes}"),
        format!("herd_journal_live_bytes {}", journal["live_bytes"]),
        "herd_journal_unforced_changes 0".to_owned(),
        "herd_journal_failures_total 0".to_owned(),
        format!("herd_journal_room_bytes {}", journal["room_bytes"]),
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}: {metrics}");
    }
}
