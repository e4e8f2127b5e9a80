//! The real daemon against a Places service of these tests' own that does everything a service
//! should not: whatever it does, the client has an answer within the deadline, the log says what
//! happened, memory stays bounded, everybody else is served meanwhile, and the daemon recovers by
//! itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "shown when a test fails")]

mod addresses;
mod away;
mod bodies;
mod certificates;
mod client;
mod connections;
mod daemon;
mod exactness;
mod fault;
mod handshakes;
mod heads;
mod key;
mod server;
mod sharing;
mod stages;

use std::thread;
use std::time::{Duration, Instant};

/// Waits for a condition; panics when it does not come true in that time.
fn wait_until(what: &str, within: Duration, mut condition: impl FnMut() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < within, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
