//! `herd --check-journal`: its last line and its exit status, whatever it is shown.

use super::{check, contents, file_with, stop};
use crate::harness::{Herd, time_in};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// A server with a journal, which has been told of two clients and of one that was forgotten.
fn herd() -> Herd {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    let mut server = herd.start("A");
    for client in ["kiwi", "plum", "fig"] {
        server.report(client, &time_in(-1));
    }
    server.ask(&format!("FORGET fig {}", time_in(0)));
    stop(&mut server);
    herd
}

#[test]
fn what_is_sound_is_counted_and_not_changed() {
    let herd = herd();
    let before = contents(&herd.journal("A"));
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!((ended.code, &*ended.errors), (Some(0), ""));
    assert_eq!(ended.output, "2 positions, 1 tombstones in 1 files\n");
    assert_eq!(contents(&herd.journal("A")), before);
}

#[test]
fn a_torn_end_is_said_and_sound() {
    let herd = herd();
    let file = file_with(&herd.journal("A"), "plum");
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend_from_slice(b"BLOCK 00000");
    fs::write(&file, &bytes).unwrap();
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!((ended.code, &*ended.errors), (Some(0), ""));
    let at = bytes.len() - 11;
    let torn = format!("00000001.journal: torn: 11 bytes at {at}, the end\n");
    assert_eq!(ended.output, format!("{torn}2 positions, 1 tombstones in 1 files\n"));
    assert_eq!(fs::read(&file).unwrap(), bytes, "nothing is changed");
}

#[test]
fn what_is_rotten_is_said_and_the_rest_counted() {
    let herd = herd();
    let file = file_with(&herd.journal("A"), "plum");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen(" plum ", " plug ", 1)).unwrap();
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.output.starts_with("00000001.journal: rotten: "), "{ended:?}");
    assert_eq!(ended.output.lines().last(), Some("1 positions, 1 tombstones in 1 files"));
    assert!(ended.errors.contains("it is rotten in "), "{ended:?}");
}

#[test]
fn without_a_folder_it_is_wrong_usage_and_an_empty_one_is_sound() {
    let herd = herd();
    let missing = herd.directory.join("missing");
    let ended = check(&herd, &missing);
    assert_eq!((ended.code, &*ended.output), (Some(2), ""), "{ended:?}");
    assert!(ended.errors.contains("missing"), "{ended:?}");
    assert!(!missing.exists());
    assert_eq!(check(&herd, &herd.file()).code, Some(2), "that is no folder");
    fs::create_dir(&missing).unwrap();
    let ended = check(&herd, &missing);
    assert_eq!((ended.code, &*ended.output), (Some(0), "0 positions, 0 tombstones in 0 files\n"));
}

#[test]
fn while_its_server_runs_and_takes_reports_it_is_sound_each_time() {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    let server = herd.start("A");
    let enough = AtomicBool::new(false);
    // Long ids, so that files end and begin meanwhile.
    let padding = "x".repeat(900);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = server.client();
            for round in 1.. {
                let report = |id| format!("IAMAT {id}-{padding} +1+1 {round}\n");
                client.send((0..50).map(report).collect::<String>());
                (0..50).for_each(|_| assert!(client.line().starts_with("AT A ")));
                if enough.load(Ordering::Acquire) {
                    break;
                }
            }
        });
        for _ in 0..20 {
            let ended = check(&herd, &herd.journal("A"));
            if ended.code != Some(0) || !ended.output.contains(" positions, 0 tombstones in ") {
                enough.store(true, Ordering::Release);
                panic!("{ended:?}");
            }
        }
        enough.store(true, Ordering::Release);
    });
    let last = check(&herd, &herd.journal("A"));
    assert!(last.output.contains("50 positions, 0 tombstones in "), "{last:?}");
}
