//! The journal of the real daemon: what is known after a stop and after a crash, which folders are refused,
//! what a check says, and what becomes of it while the disk is in trouble.

mod check;
mod crashes;
mod disk;
mod folders;
mod life;
mod size;
mod slow;
mod trouble;

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Herd, Process, Server, until};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What the first line of a journal's file must be for another version of the format to be told.
const FORMAT: &str = "HERD-JOURNAL 1 ";

/// The files of a journal, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_journal = |path: &PathBuf| path.extension() == Some(OsStr::new("journal"));
    let mut files: Vec<PathBuf> = entries.filter(is_journal).collect();
    files.sort();
    files
}

/// All that is in a folder, to see whether anything was touched.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut contents: Vec<_> =
        entries.map(|path| (path.clone(), fs::read(&path).unwrap_or_default())).collect();
    contents.sort();
    contents
}

/// The only file of a journal that holds that client.
fn file_with(folder: &Path, client: &str) -> PathBuf {
    let words = format!(" {client} ");
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(&words);
    let found: Vec<PathBuf> = files(folder).into_iter().filter(holds).collect();
    let [file] = &found[..] else { panic!("{client} is in {found:?}") };
    file.clone()
}

/// Runs `herd --check-journal`.
fn check(herd: &Herd, folder: &Path) -> Ended {
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.arg("--check-journal").arg(folder);
    Process::run(&mut command, herd.directory.path())
}

/// Starts a server that is to end at once, with exit status 1; the one line that says why.
#[track_caller]
fn refused(herd: &Herd, name: &str) -> String {
    let ended = Process::run(&mut herd.command(name), herd.directory.path());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.errors.lines().count(), 1, "{ended:?}");
    assert!(!ended.output.contains("clients "), "it listens: {ended:?}");
    ended.errors
}

/// What `/status` says of a server.
fn status(server: &Server) -> Value {
    let mut visitor = server.visitor();
    visitor.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
    let (code, body) = visitor.answer();
    assert_eq!(code, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Stops a server as `kill` does.
fn stop(server: &mut Server) {
    server.process.signal("TERM");
    assert!(server.process.wait().success(), "{} ends in order", server.name);
}

/// Waits until the disk holds all that a server knows.
fn wait_until_forced(server: &Server) {
    until("all is forced to the disk", || {
        let journal = &status(server)["journal"];
        (journal["unforced_changes"] == 0 && journal["whole"] == true).then_some(())
    });
}
