//! The file that the log is in: whose it is, who may read it, and what others do to it.

use crate::harness::{Herd, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn solo() -> Herd {
    Herd::of(&[("Solo", &[])])
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
