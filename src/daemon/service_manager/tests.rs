//! What the service manager is told, and when, by a socket of the tests.

use super::*;
use crate::daemon::testing::Directory;
use std::os::unix::ffi::OsStrExt;

fn at(milliseconds: u64) -> Monotonic {
    Monotonic::default() + Duration::from_millis(milliseconds)
}

/// Somebody who listens, and somebody who tells it.
fn pair(directory: &Directory, watchdog: Option<Duration>) -> (UnixDatagram, Listening) {
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    (manager, Listening::at(path.as_os_str().as_bytes(), watchdog).unwrap())
}

/// All that it was told since.
fn told(manager: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 1_024];
    let mut told = Vec::new();
    while let Ok(length) = manager.recv(&mut buffer) {
        told.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
    }
    told
}

#[test]
fn the_status_is_told_when_it_changes_and_not_more_than_once_a_second() {
    let directory = Directory::new();
    let (manager, mut teller) = pair(&directory, None);
    let mut look = |status: &str, ms| teller.look(false, || status.to_owned(), at(ms));
    look("one", 0);
    look("two", 999);
    assert_eq!(told(&manager), ["STATUS=one"]);
    look("three", 1_000);
    look("three", 2_500);
    assert_eq!(told(&manager), ["STATUS=three"]);
    teller.look(true, || "four".to_owned(), at(2_501));
    teller.look(true, || "four".to_owned(), at(9_000));
    assert_eq!(told(&manager), ["STOPPING=1", "STATUS=four"], "a stop is told at once, and once");
}

#[test]
fn that_the_loop_goes_on_is_told_in_half_of_the_time() {
    let directory = Directory::new();
    let half = watchdog(Some("300000".to_owned()), Some(process::id().to_string()));
    assert_eq!(half, Some(Duration::from_millis(150)));
    let (manager, mut teller) = pair(&directory, half);
    for ms in [0, 100, 149, 150, 200, 300] {
        teller.look(false, String::new, at(ms));
    }
    assert_eq!(told(&manager), ["WATCHDOG=1"; 3]);
    for (time, process) in
        [(None, None), (Some("0"), None), (Some("x"), None), (Some("9"), Some("1"))]
    {
        assert_eq!(watchdog(time.map(str::to_owned), process.map(str::to_owned)), None);
    }
    assert_eq!(watchdog(Some("8".to_owned()), None), Some(Duration::from_micros(4)));
}

#[test]
fn what_was_not_taken_is_told_later_and_nobody_waits_for_it() {
    let directory = Directory::new();
    let (manager, mut teller) = pair(&directory, Some(Duration::from_secs(1)));
    let mut sent = 0;
    // The system keeps only so many.
    while teller.send("filler").is_ok() {
        sent += 1;
    }
    teller.change("RELOADING=1".to_owned());
    teller.change("READY=1".to_owned());
    assert_eq!(told(&manager).len(), sent);
    teller.look(false, || "fine".to_owned(), at(0));
    assert_eq!(told(&manager), ["READY=1", "WATCHDOG=1", "STATUS=fine"]);
    drop(manager);
    teller.look(true, || "gone".to_owned(), at(2_000));
    assert_eq!(teller.untold.as_deref(), Some("STOPPING=1"));
}

#[test]
fn names_are_paths_or_abstract() {
    assert!(address(b"/run/notify").is_ok());
    #[cfg(target_os = "linux")]
    assert!(address(b"@herd").is_ok_and(|address| address.as_pathname().is_none()));
    assert!(address(b"vsock:2:1").is_err());
}

#[test]
fn people_understand_the_status() {
    assert_eq!(status(false, (2, 3), 12_345), "linked with 2 of 3 neighbours, 12,345 clients");
    assert_eq!(status(false, (0, 1), 1), "linked with 0 of 1 neighbour, 1 client");
    assert_eq!(status(false, (0, 0), 1_234_567), "1,234,567 clients");
    assert_eq!(status(true, (2, 3), 999), "stopping: what was asked is answered, 999 clients");
}
