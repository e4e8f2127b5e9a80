//! The web port of the real daemon, asked by the programs that ask it: curl, a browser, a scraper, and
//! whoever means no good.

mod apps;
mod attacks;
mod browser;
mod curl;
mod frames;
mod map;
mod metrics;
mod questions;
mod streams;
mod tokens;

use crate::harness::{Client, Server};
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// Tells something also when the test passes.
fn tell(words: &str) {
    // Test programs keep what is printed to themselves, but not what is written to the stream.
    let _ = writeln!(stderr(), "  {words}");
}

/// Somebody on the line who reports again and again: how long each answer takes.
#[derive(Debug, Default)]
struct Bystander {
    took: Vec<Duration>,
}

impl Bystander {
    /// Of all waits but one in a hundred, the longest that is allowed: far above what is needed, so that a
    /// crowded machine fails no test, and far below what it takes to serve hundreds first.
    const WAIT_MAX: Duration = Duration::from_millis(250);

    /// Has a client report a few times.
    fn report(&mut self, client: &mut Client, server: &Server) {
        for _ in 0..10 {
            let asked = Instant::now();
            let answer = client.ask(&format!("IAMAT bystander +1+1 {}", self.took.len() + 1));
            assert!(answer.starts_with(&format!("AT {} ", server.name)), "{answer}");
            self.took.push(asked.elapsed());
        }
    }

    /// Of all waits but one in a hundred, the longest.
    #[track_caller]
    fn assert_served(mut self, beside: &str) {
        self.took.sort();
        let p99 = self.took[self.took.len() * 99 / 100];
        let most = self.took[self.took.len() - 1];
        let count = self.took.len();
        tell(&format!(
            "beside {beside}: {count} on the line wait p99 {p99:.1?}, {most:.1?} at most"
        ));
        assert!(p99 <= Bystander::WAIT_MAX, "p99 {p99:?} beside {beside}");
    }
}
