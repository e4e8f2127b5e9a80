//! Connections that come faster than they are accepted, and those whose peer has gone.

use crate::harness::{Client, Herd, until};
use crate::tell;
use herd::limits;

use std::fs;
use std::time::{Duration, Instant};

const STORM: usize = 1_000;
/// Whoever finds no room in the kernel's queue tries again after a second at the earliest.
const AT_ONCE: Duration = Duration::from_millis(900);
/// `tr` in /proc/net/tcp of a connection with a keep-alive timer, see proc_net_tcp in the kernel's
/// documentation.
const KEEPALIVE_TIMER: &str = "02";
/// The kernel counts hundredths of a second there.
const TICKS_PER_SECOND: u64 = 100;

#[test]
fn a_storm_waits_in_line_while_the_server_is_busy() {
    let room = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let storm = STORM.min(room.trim().parse().unwrap());
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    assert_eq!(server.ask("x"), "? x");
    // As busy as can be.
    server.process.signal("STOP");
    let mut slowest = Duration::ZERO;
    let connect = || {
        let start = Instant::now();
        let mut client = server.client();
        client.send("y\n");
        slowest = slowest.max(start.elapsed());
        client
    };
    let crowd: Vec<Client> = std::iter::repeat_with(connect).take(storm).collect();
    server.process.signal("CONT");
    for mut client in crowd {
        assert_eq!(client.line(), "? y");
    }
    tell(&format!("{storm} connections while nothing was accepted: {slowest:.1?} at most"));
    assert!(slowest < AT_ONCE, "somebody had to try again: {slowest:?}");
}

#[test]
fn the_kernel_asks_after_clients_that_are_silent() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    assert_eq!(client.ask("x"), "? x");
    let local = format!("0100007F:{:04X}", server.port);
    let remote = format!("0100007F:{:04X}", client.stream.local_addr().unwrap().port());
    // Until the client's system has acknowledged the answer another timer runs.
    let left = until("the keep-alive timer runs", || {
        let connections = fs::read_to_string("/proc/net/tcp").unwrap();
        let line = connections.lines().find(|l| l.contains(&format!("{local} {remote} ")))?;
        let (kind, ticks) = line.split_whitespace().nth(5).unwrap().split_once(':').unwrap();
        (kind == KEEPALIVE_TIMER).then(|| u64::from_str_radix(ticks, 16).unwrap())
    });
    let asked_within = Duration::from_secs(left.div_ceil(TICKS_PER_SECOND));
    assert!(asked_within <= limits::KEEPALIVE_IDLE, "asked after {asked_within:?}");
}
