//! The load generator, on its own core, and what it tells.

use super::Outcome;
use super::process::{LOAD_CORE, on_core};
use std::net::SocketAddr;
use std::process::Stdio;

/// What a run of the generator came to: every answer was right.
pub struct Loaded {
    told: serde_json::Value,
}

impl Loaded {
    /// Loads a server as these arguments say, to the end.
    pub fn run(address: SocketAddr, arguments: &[&str]) -> Outcome<Self> {
        let mut command = on_core(LOAD_CORE, env!("CARGO_BIN_EXE_load"));
        command.args(arguments).args(["--json", &address.to_string()]);
        // What it says on the way is of no interest unless it fails.
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let told = [output.stdout, output.stderr].concat();
            let told = String::from_utf8_lossy(&told).into_owned();
            return Err(format!("{command:?} failed with {}: {told}", output.status).into());
        }
        Ok(Loaded { told: serde_json::from_slice(&output.stdout)? })
    }

    /// Answers a second.
    pub fn per_second(&self) -> Outcome<f64> {
        self.figure("/answers_per_second")
    }

    /// Answers in all.
    pub fn answers(&self) -> Outcome<f64> {
        self.figure("/answers")
    }

    /// How much of the time the generator was at work, 0 to 1.
    pub fn busy(&self) -> Outcome<f64> {
        self.figure("/generator_busy")
    }

    /// Microseconds: of `report`, `whatsat` or `near` the `p50`, `p99`, ...
    pub fn microseconds(&self, what: &str, quantile: &str) -> Outcome<f64> {
        self.figure(&format!("/{what}_microseconds/{quantile}"))
    }

    fn figure(&self, path: &str) -> Outcome<f64> {
        let figure = self.told.pointer(path).and_then(serde_json::Value::as_f64);
        figure.ok_or_else(|| format!("the generator does not tell {path}").into())
    }
}
