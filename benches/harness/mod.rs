//! A small benchmark harness: warms up, repeats in rounds, prints the median and the spread.
//!
//! Arguments: a positional one keeps the benchmarks whose name contains it; `--json` prints one
//! object a line instead of the table. `--bench`, which cargo adds, is ignored.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long the processor is warmed up, and the cost of an operation estimated.
const WARM_UP: Duration = Duration::from_millis(100);
/// How long a round takes, about.
const ROUND: Duration = Duration::from_millis(20);
/// Rounds of one benchmark: odd, so that one of them is the median.
const ROUNDS: usize = 31;

/// Runs benchmarks one after the other, as the command line asks.
pub struct Harness {
    filters: Vec<String>,
    json: bool,
}

/// What the rounds of one benchmark gave, in nanoseconds for an operation.
struct Summary {
    median: f64,
    /// A quarter of the rounds were faster than this.
    lower_quartile: f64,
    /// A quarter of the rounds were slower than this.
    upper_quartile: f64,
}

impl Harness {
    /// A harness that follows the program's arguments.
    pub fn from_arguments() -> Self {
        let mut harness = Harness { filters: Vec::new(), json: false };
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "--json" => harness.json = true,
                option if option.starts_with("--") => {}
                _ => harness.filters.push(argument),
            }
        }
        harness
    }

    /// Measures `operation`, whose result is kept from being optimised away. Its inputs should go
    /// through [`black_box`].
    pub fn measure<T>(&self, name: &str, mut operation: impl FnMut() -> T) {
        let wanted = |filter: &String| name.contains(filter.as_str());
        if !self.filters.is_empty() && !self.filters.iter().any(wanted) {
            return;
        }
        let operations = operations_per_round(&mut operation);
        let mut rounds: Vec<f64> = (0..ROUNDS)
            .map(|_| time(operations, &mut operation).as_nanos() as f64 / operations as f64)
            .collect();
        rounds.sort_by(f64::total_cmp);
        let summary = Summary {
            median: rounds[ROUNDS / 2],
            lower_quartile: rounds[ROUNDS / 4],
            upper_quartile: rounds[ROUNDS - 1 - ROUNDS / 4],
        };
        self.report(name, &summary);
    }

    #[expect(clippy::print_stdout, reason = "the figures are what a benchmark is run for")]
    fn report(&self, name: &str, summary: &Summary) {
        let Summary { median, lower_quartile, upper_quartile } = summary;
        let per_second = 1e9 / median;
        if self.json {
            println!(
                "{{\"name\":\"{name}\",\"unit\":\"ns/op\",\"median\":{median:.3},\
                 \"lower_quartile\":{lower_quartile:.3},\"upper_quartile\":{upper_quartile:.3},\
                 \"operations_per_second\":{per_second:.0}}}"
            );
        } else {
            println!(
                "{name:<32} {median:>10.1} ns/op  [{lower_quartile:.1}, {upper_quartile:.1}]  \
                 {per_second:>14.0} ops/s"
            );
        }
    }
}

/// How many operations fill a round, found out while warming up.
fn operations_per_round<T>(operation: &mut impl FnMut() -> T) -> u64 {
    let start = Instant::now();
    let mut operations = 1;
    loop {
        let taken = time(operations, operation);
        if start.elapsed() >= WARM_UP {
            let rounds = ROUND.as_secs_f64() / taken.as_secs_f64().max(1e-9);
            return ((operations as f64 * rounds) as u64).max(1);
        }
        if taken < ROUND {
            operations *= 2;
        }
    }
}

fn time<T>(operations: u64, operation: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..operations {
        black_box(operation());
    }
    start.elapsed()
}
