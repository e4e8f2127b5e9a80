//! What who runs a herd is told of it by `herdctl`: by real servers that are well, killed, cut off, that
//! differ, and that ask for tokens.

pub mod roll;
mod status;
mod top;
mod verify;
mod watch;

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Herd, Process};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// `herdctl` with the herd's file and these arguments.
pub fn herdctl(herd: &Herd, arguments: &[&str]) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_herdctl"));
    command.arg("-H").arg(herd.file()).args(arguments);
    command
}

/// What comes of it.
pub fn run(herd: &Herd, arguments: &[&str]) -> Ended {
    Process::run(&mut herdctl(herd, arguments), herd.directory.path())
}

/// The same as programs are told it.
pub fn run_json(herd: &Herd, arguments: &[&str]) -> (Option<i32>, Value) {
    let ended = run(herd, &[&["--json"], arguments].concat());
    let told = serde_json::from_str(&ended.output).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended.code, told)
}

/// Changes the herd's file.
pub fn rewrite(herd: &Herd, change: impl FnOnce(&mut Value)) {
    let mut file: Value = serde_json::from_slice(&fs::read(herd.file()).unwrap()).unwrap();
    change(&mut file);
    fs::write(herd.file(), file.to_string()).unwrap();
}

/// Three servers in a row, with web ports.
pub fn three() -> Herd {
    Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]).with_web()
}
