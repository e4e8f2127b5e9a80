//! Limits that hold: the real daemon is brought to each limit that can be reached from outside, and
//! its memory and descriptors are measured there. [`limit_coverage`] lists which test reaches which limit.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what is measured is told")]

mod crowd;
#[allow(
    dead_code,
    unused_imports,
    reason = "the tests of the daemon, whose harness it is, use the rest"
)]
#[path = "../daemon/harness/mod.rs"]
mod harness;
mod limit_coverage;
mod memory;
mod questions;
mod slow_writers;
mod storms;
mod strangers;

use std::io::{Write, stderr};

/// Tells a figure, also when the test passes.
fn tell(figure: &str) {
    // Test programs keep what is printed to themselves, but not what is written to the stream.
    let _ = writeln!(stderr(), "  {figure}");
}
