//! The reactor alone, with small protocols of the tests' own over real sockets: the law of callbacks
//! as `transport` lays it down, and what the reactor promises beside it.
//!
//! A reactor ends only by a signal, and a signal is for the whole process. So those of the tests
//! run on threads until the process ends, and a stop is tested in a process of its own ([`stop`]).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod addresses;
mod dialling;
mod files;
mod flow;
mod greeted;
mod harness;
mod law;
mod listening;
mod meters;
mod peers;
mod stop;
mod timers;
mod tls;
