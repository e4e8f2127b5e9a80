//! What the benchmarks share that run daemons: figures that are not times of an operation,
//! processes that end with the benchmark, herds on free ports, load, watchers, a bare echo server and
//! Redis to compare with.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod beside;
pub mod caller;
pub mod daemons;
pub mod echo;
pub mod fake_neighbour;
pub mod figures;
pub mod load;
pub mod nginx;
pub mod process;
pub mod redis;
pub mod watchers;

use std::error::Error;

/// What any step of a benchmark comes to.
pub type Outcome<T> = Result<T, Box<dyn Error>>;
