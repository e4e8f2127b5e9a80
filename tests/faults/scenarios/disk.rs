//! A disk that has no room for the log.

use super::{EVERYBODY, Stage, lasting};
use crate::network::{Network, run};
use crate::servers::{HOLIDAY, LogMark, NAMES, SLACK, log_directory};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::time::Duration;

const DISK: &str = "size=8m";
/// Of the disk; what is left is enough for less than a second of the log.
const FILLER_BYTES: usize = 8_000 * 1_024;
const FULL_FOR: Duration = Duration::from_secs(6);
/// What a server may grow by while it serves on without a log.
const GROWTH_MAX: u64 = 8 * 1_024 * 1_024;

/// Nobody notices but the log itself, which says what it lost when there is room again.
pub fn a_disk_that_fills_under_the_log() {
    let directory = log_directory(HOLIDAY);
    fs::create_dir_all(&directory).unwrap();
    run("mount", &["-t", "tmpfs", "-o", DISK, "none", directory.to_str().unwrap()]);
    let filler = directory.join("filler");
    fs::write(&filler, vec![0; FILLER_BYTES]).unwrap();
    let stage = Stage::on(Network::new(NAMES.len()), &[]);
    let before = stage.servers.resident_bytes(HOLIDAY);
    lasting(FULL_FOR);
    let full = File::create(directory.join("one more")).and_then(|mut file| file.write_all(b"x"));
    assert_eq!(full.unwrap_err().kind(), ErrorKind::StorageFull, "the disk was never full");
    let grown = stage.servers.resident_bytes(HOLIDAY).saturating_sub(before);
    assert!(grown < GROWTH_MAX, "the server has grown by {grown} bytes");
    println!("  all know all {:.2?} later, the disk still full", stage.agree(SLACK));
    let mark = LogMark::end_of(HOLIDAY);
    fs::remove_file(filler).unwrap();
    mark.wait_for("log lines were lost: No space left on device", SLACK);
    println!("  memory grew by {} kB while it was full", grown / 1_024);
    stage.finish(&EVERYBODY, |_| true);
}
