//! A disk that is full, a folder that goes away, is moved, or cannot be written to while the server runs.

use super::disk::Disk;
use super::{check, status, wait_until_forced};
use crate::harness::herd::bare;
use crate::harness::{Herd, Server, time_in, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn herd(sync: &'static str) -> Herd {
    Herd::of(&[("A", &[])]).with_web().with_journal(sync)
}

/// Waits until the disk has failed so many times.
fn wait_for_failures(server: &Server, failures: u64) {
    until("the disk fails again and again", || {
        (status(server)["journal"]["failures"].as_u64() >= Some(failures)).then_some(())
    });
}

/// What is said at ERROR of the journal.
fn errors(server: &Server) -> Vec<String> {
    let of_journal = |line: &&str| line.contains(" ERROR ") && line.contains("the journal in ");
    server.log().lines().filter(of_journal).map(str::to_owned).collect()
}

/// A report is refused on the line and on the web port, and whoever asks is answered.
#[track_caller]
fn assert_refusing(server: &Server, known: &str) {
    for command in ["IAMAT late +1+1", "FORGET late"] {
        let command = format!("{command} {}", time_in(0));
        assert_eq!(server.ask(&command), format!("? {command}"));
    }
    let body = "{\"latitude\": 1, \"longitude\": 1}";
    for request in [
        format!(
            "PUT /clients/late HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        "GET /?id=late&lat=1&lon=1 HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        "DELETE /clients/kiwi HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
    ] {
        let mut visitor = server.visitor();
        visitor.send(&request);
        let (code, body) = visitor.answer();
        assert_eq!(code, 503, "{request}{body}");
        assert!(body.contains("\"error\""), "{body}");
    }
    assert_eq!(server.find("kiwi").as_deref(), Some(known));
}

/// While the disk is in trouble: it was said at once, and not again; the server does as it promises.
#[track_caller]
fn suffer(server: &Server, sync: &str, kiwi: &str, why: &str) -> Vec<String> {
    let mut answered = vec![kiwi.to_owned()];
    let line = format!("IAMAT plum +34-118 {}", time_in(0));
    let first = server.ask(&line);
    if sync == "second" {
        assert!(first.starts_with("AT A "), "{first}");
        answered.push(first);
    } else {
        assert_eq!(first, format!("? {line}"));
    }
    let said = until("it is said", || errors(server).first().cloned());
    assert!(said.contains(why), "{said}");
    wait_for_failures(server, 2);
    match sync {
        "second" => answered.push(server.report("fig", &time_in(-1))),
        _ => assert_refusing(server, kiwi),
    }
    assert_eq!(status(server)["journal"]["whole"], false);
    assert_eq!(errors(server).len(), 1, "once a minute at most");
    answered
}

/// When it is mended: the journal is whole again, and reports are taken.
#[track_caller]
fn recover(server: &Server, answered: &mut Vec<String>) {
    let said = server.wait_for_log("the journal is whole again");
    assert!(said.contains(" INFO "), "{said}");
    answered.push(server.report("last", &time_in(-1)));
    let journal = status(server)["journal"].take();
    assert_eq!(journal["whole"], true, "{journal}");
}

fn a_full_disk(sync: &'static str) {
    let herd = herd(sync);
    let Some(disk) = Disk::mount(&herd, &herd.journal("A"), 1_024) else { return };
    let mut server = disk.start(&herd, "A");
    let kiwi = server.report("kiwi", &time_in(-1));
    disk.fill();
    // There may be some bytes left in the last page of the file.
    let padding = "x".repeat(1_000);
    let filled = until("nothing more fits", || {
        let line = format!("IAMAT {padding} +1+1 {}", time_in(0));
        let answer = server.ask(&line);
        let has_failed = status(&server)["journal"]["failures"].as_u64() > Some(0);
        has_failed.then_some(answer)
    });
    assert_eq!(filled.starts_with('?'), sync == "always", "{filled}");
    let mut answered = suffer(&server, sync, &kiwi, "No space left on device");
    disk.make_room();
    recover(&server, &mut answered);
    server.process.kill();
    let server = disk.start(&herd, "A");
    answered.iter().for_each(|at| server.wait_for(at));
    assert_eq!(check(&herd, &disk.path("")).code, Some(0));
}

#[test]
fn a_full_disk_stops_nobody_where_it_is_forced_once_a_second() {
    a_full_disk("second");
}

#[test]
fn a_full_disk_refuses_reports_where_answers_wait_for_it() {
    a_full_disk("always");
}

fn a_start_on_a_full_disk(sync: &'static str) {
    let herd = herd(sync);
    let Some(disk) = Disk::mount(&herd, &herd.journal("A"), 1_024) else { return };
    let mut server = disk.start(&herd, "A");
    let kiwi = server.report("kiwi", &time_in(-1));
    server.process.kill();
    disk.fill();
    let mut server = disk.start(&herd, "A");
    let mut answered = suffer(&server, sync, &kiwi, "No space left on device");
    disk.make_room();
    recover(&server, &mut answered);
    server.process.kill();
    let server = disk.start(&herd, "A");
    answered.iter().for_each(|at| server.wait_for(at));
}

#[test]
fn a_server_starts_on_a_full_disk() {
    a_start_on_a_full_disk("second");
    a_start_on_a_full_disk("always");
}

/// The folder goes away somehow and comes back; then nothing is missing after a crash.
fn gone(sync: &'static str, go: impl FnOnce(&Path), come: impl FnOnce(&Path)) {
    let herd = herd(sync);
    let mut server = herd.start("A");
    let kiwi = server.report("kiwi", &time_in(-1));
    wait_until_forced(&server);
    go(&herd.journal("A"));
    let mut answered = suffer(&server, sync, &kiwi, "");
    come(&herd.journal("A"));
    recover(&server, &mut answered);
    server.process.kill();
    let server = herd.start("A");
    answered.iter().for_each(|at| server.wait_for(at));
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn move_away(folder: &Path) {
    fs::rename(folder, folder.with_extension("away")).unwrap();
}

fn move_back(folder: &Path) {
    fs::rename(folder.with_extension("away"), folder).unwrap();
}

fn remove(folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
}

fn make(folder: &Path) {
    fs::create_dir(folder).unwrap();
}

#[test]
fn a_folder_that_was_moved_away_and_back() {
    gone("second", move_away, move_back);
    gone("always", move_away, move_back);
}

#[test]
fn a_folder_that_was_removed_and_made_anew() {
    gone("second", remove, make);
    gone("always", remove, make);
}

#[test]
fn a_folder_that_was_moved_away_and_another_put_in_its_place() {
    gone("always", move_away, make);
}

/// Without a capability to write everywhere; a file that is open is written to all the same, so it shows
/// when the next one is begun.
#[test]
fn a_folder_that_cannot_be_written_to() {
    if std::env::var_os("HERD_SKIP_NAMESPACES").is_some() {
        return;
    }
    let herd = herd("second");
    let mut command = bare("unshare");
    command.arg("--user").arg(env!("CARGO_BIN_EXE_herd")).args(herd.arguments("A"));
    command.env("RUST_LOG", "info,traffic=off");
    let mut server = herd.start_by("A", command);
    let mode =
        |mode| fs::set_permissions(herd.journal("A"), fs::Permissions::from_mode(mode)).unwrap();
    let mut answered = vec![server.report("kiwi", &time_in(-1))];
    mode(0o500);
    let padding = "x".repeat(1_000);
    let mut client = server.client();
    until("the next file cannot be begun", || {
        // Each of another client: of one that reports twice in a turn the journal has what is last.
        let lines = (0..500).map(|of| format!("IAMAT {padding}{of} +1+1 {}\n", time_in(0)));
        client.send(lines.collect::<String>());
        (0..500).for_each(|_| assert!(client.line().starts_with("AT A ")));
        errors(&server).first().cloned()
    });
    assert!(
        errors(&server)[0].contains("cannot begin a file: Permission denied"),
        "{:?}",
        errors(&server)
    );
    answered.push(server.report("plum", &time_in(-1)));
    wait_for_failures(&server, 2);
    assert_eq!(errors(&server).len(), 1, "once a minute at most");
    mode(0o700);
    recover(&server, &mut answered);
    server.process.kill();
    let server = herd.start("A");
    answered.iter().for_each(|at| server.wait_for(at));
    assert_eq!(check(&herd, &herd.journal("A")).code, Some(0));
}
