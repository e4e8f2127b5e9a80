//! Folders that are somebody else's, in use, of later programs, torn, rotten and old.

use super::{FORMAT, check, contents, file_with, files, refused, status, stop, wait_until_forced};
use crate::harness::{Herd, Server, time_in, until};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// A server that has kept these clients, each in a block of its own, and was killed; their answers.
fn kept(herd: &Herd, clients: &[&str]) -> Vec<String> {
    let mut server = herd.start("A");
    let answers = clients.iter().map(|client| server.report(client, &time_in(-1))).collect();
    server.process.kill();
    answers
}

/// Changes the bytes of a file.
fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

/// Makes the digits of a client's longitude others.
fn rot(file: &Path, client: &str) {
    change(file, |bytes| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let at = text.find(&format!(" {client} ")).unwrap();
        let digit = at + text[at..].find(".445127").unwrap() + 1;
        bytes[digit] ^= 1;
    });
}

#[test]
fn a_second_server_on_a_folder_is_refused_and_the_first_goes_on() {
    let herd = Herd::of(&[("A", &[]), ("B", &[])]).with_journal("second");
    let server = herd.start("A");
    server.report("kiwi", &time_in(-1));
    let mut command = herd.command("B");
    // What is given last would be another journal of the same herd: the very folder is taken.
    let folder = herd.journal("A");
    fs::remove_dir_all(herd.journal("B")).ok();
    std::os::unix::fs::symlink(&folder, herd.journal("B")).unwrap();
    let ended = crate::harness::Process::run(&mut command, herd.directory.path());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let why = format!("journal {}: it is in use by another server", herd.journal("B").display());
    assert!(ended.errors.contains(&why), "{ended:?}");
    let at = server.report("kiwi", &time_in(0));
    drop(server);
    herd.start("A").wait_for(&at);
}

#[test]
fn the_folder_of_another_server_or_herd_is_refused_untouched() {
    let herd = Herd::of(&[("A", &[]), ("B", &[])]).with_journal("second");
    kept(&herd, &["kiwi"]);
    fs::rename(herd.journal("A"), herd.journal("B")).unwrap();
    let before = contents(&herd.journal("B"));
    let why = refused(&herd, "B");
    assert!(why.contains("it is of A of herd test, not of B of herd test"), "{why}");
    assert_eq!(contents(&herd.journal("B")), before);
    fs::rename(herd.journal("B"), herd.journal("A")).unwrap();
    let file = fs::read_to_string(herd.file()).unwrap();
    fs::write(herd.file(), file.replace("\"herd\":\"test\"", "\"herd\":\"other\"")).unwrap();
    let before = contents(&herd.journal("A"));
    let why = refused(&herd, "A");
    assert!(why.contains("it is of A of herd test, not of A of herd other"), "{why}");
    assert_eq!(contents(&herd.journal("A")), before);
}

#[test]
fn a_later_format_is_refused_untouched() {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    kept(&herd, &["kiwi"]);
    let line = "HERD-JOURNAL 2 as you like it ";
    let line = format!("{line}{:08x}\n", crc32fast::hash(line.as_bytes()));
    fs::write(herd.journal("A").join("00000007.journal"), line).unwrap();
    let before = contents(&herd.journal("A"));
    let why = refused(&herd, "A");
    assert!(why.contains("00000007.journal: it has format 2 of a later program"), "{why}");
    assert_eq!(contents(&herd.journal("A")), before);
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.output.lines().last(), Some("1 positions, 0 tombstones in 2 files"));
}

#[test]
fn a_torn_end_is_cut_off_and_said() {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    let answers = kept(&herd, &["kiwi", "plum"]);
    let file = file_with(&herd.journal("A"), "plum");
    change(&file, |bytes| bytes.truncate(bytes.len() - 9));
    let torn = fs::metadata(&file).unwrap().len();
    let server = herd.start("A");
    let said = server.wait_for_log("the end, is cut off");
    let cut = fs::metadata(&file).unwrap().len();
    assert!(said.contains("WARN") && said.contains(&*file.to_string_lossy()), "{said}");
    assert!(said.contains(&format!("torn: {} bytes at {cut}, ", torn - cut)), "{said}");
    server.wait_for(&answers[0]);
    assert!(server.find("plum").is_none());
    assert_eq!(check(&herd, &herd.journal("A")).code, Some(0));
}

#[test]
fn what_was_being_begun_when_it_crashed_is_no_fault() {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    let answers = kept(&herd, &["kiwi"]);
    for rest in ["", &FORMAT[..9], "HERD-JOURNAL 1 test A 0000000002 0"] {
        let file = herd.journal("A").join("00000009.journal");
        fs::write(&file, rest).unwrap();
        let mut server = herd.start("A");
        server.wait_for(&answers[0]);
        stop(&mut server);
        assert!(!file.exists(), "{rest:?}");
        assert_eq!(check(&herd, &herd.journal("A")).code, Some(0), "{rest:?}");
    }
}

#[test]
fn a_rotten_middle_is_said_and_neighbours_fill_the_gap() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web().with_journal("second");
    let [mut a, b]: [Server; 2] = herd.start_all().try_into().unwrap();
    let answers = ["kiwi", "plum", "fig"].map(|client| a.report(client, &time_in(-1)));
    answers.iter().for_each(|at| b.wait_for(at));
    a.process.kill();
    let file = file_with(&herd.journal("A"), "plum");
    rot(&file, "plum");
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.output.contains(".journal: rotten: "), "{ended:?}");
    b.process.signal("STOP");
    let a = herd.start("A");
    let said = a.wait_for_log("; the rest is used");
    assert!(said.contains("ERROR") && said.contains(&*file.to_string_lossy()), "{said}");
    assert!(said.contains(": rotten: ") && said.contains(" at "), "{said}");
    [&answers[0], &answers[2]]
        .iter()
        .for_each(|at| assert_eq!(a.find(at.split(' ').nth(3).unwrap()).as_ref(), Some(*at)));
    assert!(a.find("plum").is_none());
    b.process.signal("CONT");
    answers.iter().for_each(|at| a.wait_for(at));
    // It is made sound again: the file that is rotten is written anew, and goes.
    until("the rotten file has gone", || (!file.exists()).then_some(()));
    wait_until_forced(&a);
    let ended = check(&herd, &herd.journal("A"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.output.ends_with(&format!(
            "3 positions, 0 tombstones in {} files\n",
            files(&herd.journal("A")).len()
        )),
        "{ended:?}"
    );
}

#[test]
fn a_journal_that_is_older_than_tombstones_last_is_put_aside() {
    let herd = Herd::of(&[("A", &[])]).with_tombstone_seconds(2).with_journal("second");
    kept(&herd, &["kiwi"]);
    let before = contents(&herd.journal("A"));
    // Nothing but time can show it.
    let killed = Instant::now();
    until("tombstones are over", || (killed.elapsed() > Duration::from_secs(4)).then_some(()));
    let mut server = herd.start("A");
    let said = server.wait_for_log("it is put aside into ");
    assert!(said.contains("WARN") && said.contains("after 2 s it"), "{said}");
    assert!(server.find("kiwi").is_none());
    let at = server.report("plum", &time_in(0));
    let (_, aside) = said.split_once("put aside into ").unwrap();
    let put: Vec<Vec<u8>> =
        contents(Path::new(aside)).into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(put, before.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    server.process.kill();
    herd.start("A").wait_for(&at);
}

#[test]
fn a_journal_that_cannot_be_opened_is_said_in_one_line() {
    let herd = Herd::of(&[("A", &[])]).with_journal("second");
    fs::write(herd.journal("A"), "no folder").unwrap();
    let why = refused(&herd, "A");
    assert!(why.starts_with("herd: journal ") && why.contains("A.journal"), "{why}");
    fs::remove_file(herd.journal("A")).unwrap();
    // What is no file of a journal is passed over.
    fs::create_dir(herd.journal("A")).unwrap();
    let notes = herd.journal("A").join("notes.txt");
    OpenOptions::new().create(true).append(true).open(&notes).unwrap().write_all(b"mine").unwrap();
    herd.start("A").report("kiwi", &time_in(0));
    assert_eq!(fs::read(notes).unwrap(), b"mine");
}

#[test]
fn a_folder_that_was_copied_while_its_server_runs_is_a_backup() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("second");
    let mut server = herd.start("A");
    let answers = ["kiwi", "plum"].map(|client| server.report(client, &time_in(-1)));
    let backup = contents(&herd.journal("A"));
    server.report("fig", &time_in(-1));
    stop(&mut server);
    fs::remove_dir_all(herd.journal("A")).unwrap();
    fs::create_dir(herd.journal("A")).unwrap();
    backup.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    let server = herd.start("A");
    answers.iter().for_each(|at| server.wait_for(at));
    assert_eq!(status(&server)["clients"], 2);
}
