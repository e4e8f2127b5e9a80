//! How much of the disk the files take while a server is loaded: never more than twice what lives and 64 MiB.

use super::{check, files, status, wait_until_forced};
use crate::harness::herd::bare;
use crate::harness::{DEADLINE, Herd, Process, Server, Waiting};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What there may be beside twice what lives.
const BESIDE_BYTES: u64 = 64 << 20;
/// No line about a client of the generator is shorter.
const LINE_BYTES_MIN: u64 = 64;

/// Bytes of all files now; one that goes meanwhile counts no more.
fn bytes(folder: &Path) -> u64 {
    files(folder).iter().map(|file| fs::metadata(file).map_or(0, |found| found.len())).sum()
}

fn load(server: &Server, arguments: &str) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_load"));
    command.args(arguments.split(' ')).arg(server.address().to_string());
    command
}

/// Loads a server with a journal, of which so many clients live; the most that its files ever took.
fn most(herd: &Herd, server: &Server, clients: u64, arguments: &str) -> u64 {
    let mut process = Process::start(&mut load(server, arguments), herd.directory.path());
    let allowed = 2 * clients * LINE_BYTES_MIN + BESIDE_BYTES;
    let mut most = 0;
    let status = loop {
        let now = bytes(&herd.journal("Solo"));
        most = most.max(now);
        assert!(now <= allowed, "{now} bytes of {allowed}");
        if let Some(status) = process.ended() {
            break status;
        }
    };
    assert!(status.success(), "{}", process.errors());
    most
}

fn herd() -> (Herd, Server) {
    let herd = Herd::of(&[("Solo", &[])]).with_web().with_journal("second");
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "info,traffic=off");
    let server = herd.start_by("Solo", command);
    (herd, server)
}

/// That what is on the disk is all that is known.
fn assert_whole(herd: &Herd, server: &Server, clients: u64) {
    wait_until_forced(server);
    let ended = check(herd, &herd.journal("Solo"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.output.contains(&format!("{clients} positions, 0 tombstones")), "{ended:?}");
}

#[test]
fn a_thousand_clients_that_move_for_a_while() {
    let (herd, server) = herd();
    let waiting = Waiting::at_most(5 * DEADLINE);
    // More than is ever kept is appended, so files go.
    loop {
        let most = most(&herd, &server, 1_000, "-c 4 -p 64 -n 1000 -d 3");
        let appended = status(&server)["reports"].as_u64().unwrap() * LINE_BYTES_MIN;
        if appended > 2 * most {
            break;
        }
        assert!(waiting.again(), "{appended}, {most}");
    }
    assert_whole(&herd, &server, 1_000);
}

#[test]
fn many_that_rest_beside_a_few_that_move() {
    let (herd, server) = herd();
    let many = 200_000;
    most(&herd, &server, 0, &format!("-c 4 -p 64 -n {many} -d 0.1"));
    most(&herd, &server, many, "-c 4 -p 64 -n 1000 -d 4");
    assert_whole(&herd, &server, many);
}
