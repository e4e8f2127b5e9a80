//! The units of systemd, looked at by its own tool.

use super::{dist, good, have};
use crate::harness::{Directory, Process};
use std::fs;
use std::process::Command;

/// What `systemd-analyze security` may say of a server at most, in tenths.
const EXPOSURE_TENTHS_MAX: &str = "19";

#[test]
fn the_server_s_unit_is_exposed_below_two() {
    if !have("how exposed the unit is", &["systemd-analyze"]) {
        return;
    }
    let units = dist().join("root/usr/lib/systemd/system");
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_TENTHS_MAX]);
    let said = good(analyze.arg(units.join("herd@.service")), &units);
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn the_units_say_nothing_that_systemd_does_not_know() {
    if !have("whether systemd knows what units say", &["systemd-analyze"]) {
        return;
    }
    let directory = Directory::new();
    let units = dist().join("root/usr/lib/systemd/system");
    for (unit, own) in [("herd@.service", "herd@A.service"), ("herd@.socket", "herd@A.socket")] {
        let text = fs::read_to_string(units.join(unit)).unwrap();
        // The programs are not installed here, and the ports are the generator's to say.
        let text = text.replace("/usr/bin/herd ", &format!("{} ", env!("CARGO_BIN_EXE_herd")));
        let text = text.replace("[Socket]\n", "[Socket]\nListenStream=127.0.0.1:11645\n");
        fs::write(directory.join(own), text).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "./herd@A.service", "./herd@A.socket"]);
    let said = Process::run(&mut verify, directory.path());
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
}
