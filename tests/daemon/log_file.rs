//! The file that the log is in: whose it is, who may read it, and what others do to it.

use crate::harness::{Herd, Process, until};
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

fn solo() -> Herd {
    Herd::of(&[("Solo", &[])])
}

#[test]
fn a_second_server_with_the_same_log_is_refused_and_leaves_it_alone() {
    let (herd, other) = (solo(), solo());
    let server = herd.start("Solo");
    server.wait_for_log("Solo listens on");
    let log = herd.directory.join("logs/Solo.log");
    let before = fs::read(&log).unwrap();
    // Of another herd: nothing but the log is in its way.
    let mut command = other.command("Solo");
    command.arg("--log-dir").arg(herd.directory.join("logs"));
    let ended = Process::run(&mut command, other.directory.path());
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.errors.starts_with("herd: the log "), "{ended:?}");
    assert!(ended.errors.contains("Solo.log cannot be opened: another process writes to it"));
    assert_eq!(ended.errors.lines().count(), 1, "{ended:?}");
    assert_eq!(fs::read(&log).unwrap(), before);
    drop(server);
    // Nobody holds it any more, however the first one ended.
    other.start_by("Solo", {
        let mut command = other.command("Solo");
        command.arg("--log-dir").arg(herd.directory.join("logs"));
        command
    });
}

#[test]
fn strangers_may_not_read_where_clients_are() {
    let herd = solo();
    let _server = herd.start("Solo");
    for (path, all) in [("logs", 0o750), ("logs/Solo.log", 0o640)] {
        let mode = fs::metadata(herd.directory.join(path)).unwrap().permissions().mode() & 0o777;
        // Whoever runs the tests may have a umask that takes more away.
        assert!(mode & !all == 0 && mode & 0o600 == 0o600, "{path}: {mode:o}");
    }
}

#[test]
fn a_log_that_is_moved_or_removed_goes_on_in_a_new_file() {
    let herd = solo();
    let server = herd.start("Solo");
    server.wait_for_log("Solo listens on");
    let log = herd.directory.join("logs/Solo.log");
    let moved = herd.directory.join("moved");
    fs::rename(&log, &moved).unwrap();
    let goes_on = |name: &str| {
        until("there is a new file", || {
            server.report(name, "1");
            let text = fs::read_to_string(&log).unwrap_or_default();
            text.contains(&format!("< IAMAT {name} ")).then_some(text)
        })
    };
    assert!(goes_on("kiwi").contains(" WARN  the log file was moved or removed"));
    assert!(fs::read_to_string(&moved).unwrap().contains("Solo listens on"));
    fs::remove_file(&log).unwrap();
    goes_on("emu");
}

/// Nothing more is logged than what was before and what the signal itself brings.
#[test]
fn sighup_opens_the_log_anew_at_once_and_ends_nobody() {
    let herd = solo();
    let mut server = herd.start("Solo");
    server.wait_for_log("Solo listens on");
    let log = herd.directory.join("logs/Solo.log");
    let moved = herd.directory.join("moved");
    fs::rename(&log, &moved).unwrap();
    server.process.signal("HUP");
    let text = until("there is a new file", || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.ends_with('\n').then_some(text)
    });
    assert!(text.contains(" INFO  the log is opened anew"), "{text}");
    assert!(!text.contains("WARN"), "whoever asked for it is not warned: {text}");
    let old = fs::read_to_string(&moved).unwrap();
    server.report("kiwi", "1");
    server.wait_for_log("< IAMAT kiwi ");
    assert_eq!(fs::read_to_string(&moved).unwrap(), old);
    assert!(server.process.ended().is_none());
}

#[test]
fn a_log_in_a_pipe_that_nobody_reads_keeps_nobody_waiting() {
    let herd = solo();
    let path = herd.directory.join("logs/Solo.log");
    fs::create_dir(herd.directory.join("logs")).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // Reading the whole log to see where it is now, as a start by the harness does, would wait.
    let mut process = Process::start(&mut herd.command("Solo"), herd.directory.path());
    until("it listens", || process.output().ends_with('\n').then_some(()));
    let mut client = crate::harness::Client::connect(([127, 0, 0, 1], herd.port("Solo")).into());
    // Far more than a pipe holds.
    for number in 0..2_000 {
        client.ask(&format!("IAMAT client-{number} +34.068930-118.445127 1"));
    }
    assert!(process.ended().is_none());
    let mut pipe = File::open(&path).unwrap();
    let mut text = Vec::new();
    let mut bytes = [0; 64 * 1_024];
    until("what is lost is said", || {
        client.ask("IAMAT kiwi +34.068930-118.445127 1");
        let read = pipe.read(&mut bytes).unwrap();
        text.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&text);
        text.contains("log lines were lost: the pipe was full").then_some(())
    });
}
