//! What another client of a server notices while something goes on.

use super::Outcome;
use super::caller::{Caller, report_of};
use super::figures::{Figures, quantile};
use super::process::{LOAD_CORE, go_first};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often the other client reports.
const ASK_EVERY: Duration = Duration::from_micros(500);

/// Does `work` while another client reports every now and then: what came of the work, and the
/// client's latencies in microseconds, from when it meant to ask. The client goes before the load generator
/// where that can be: else it would wait for that, and not for the server.
pub fn beside<T>(address: SocketAddr, work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Vec<f64>)> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let client =
            scope.spawn(|| report_until(&done, address).map_err(|error| error.to_string()));
        let outcome = work();
        done.store(true, Ordering::Relaxed);
        let latencies = client.join().map_err(|_| "the other client has panicked")??;
        Ok((outcome?, latencies))
    })
}

fn report_until(done: &AtomicBool, address: SocketAddr) -> Outcome<Vec<f64>> {
    go_first(LOAD_CORE)?;
    let mut client = Caller::connect(address)?;
    let mut latencies = Vec::new();
    let mut next = Instant::now();
    // Once at least, so that there is something to tell.
    while latencies.is_empty() || !done.load(Ordering::Relaxed) {
        let pause = next.saturating_duration_since(Instant::now());
        let from = if pause.is_zero() {
            next
        } else {
            thread::sleep(pause);
            // Waking up late is not the server's fault.
            Instant::now()
        };
        client.ask(&report_of("another"))?;
        latencies.push(microseconds(from.elapsed()));
        next += ASK_EVERY;
    }
    Ok(latencies)
}

/// The p99 of another client of a server, before something and meanwhile.
#[derive(Default)]
pub struct Beside {
    before: Vec<f64>,
    meanwhile: Vec<f64>,
    ratios: Vec<f64>,
}

impl Beside {
    /// Notes latencies in microseconds from before and from meanwhile.
    pub fn compare(&mut self, before: &[f64], meanwhile: &[f64]) {
        self.note(quantile(before, 0.99), quantile(meanwhile, 0.99));
    }

    /// Notes the p99 in microseconds of latencies from before and from meanwhile.
    pub fn note(&mut self, before: f64, meanwhile: f64) {
        self.before.push(before);
        self.meanwhile.push(meanwhile);
        self.ratios.push(meanwhile / before);
    }

    /// Prints them and their ratio.
    pub fn print(&self, figures: &Figures, name: &str) {
        figures.print(&format!("{name}, before"), "us", &self.before);
        figures.print(&format!("{name}, meanwhile"), "us", &self.meanwhile);
        figures.print(&format!("{name}, meanwhile / before"), "ratio", &self.ratios);
    }
}

/// Microseconds and parts of them.
pub fn microseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}
