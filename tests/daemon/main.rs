//! The real daemon and its companions over real sockets, started as a user would start them.
//!
//! Each test has a directory, ports and processes of its own ([`harness`]); what it started ends
//! with it, also when it fails, and then the logs are shown. Nothing sleeps to be safe: conditions
//! are waited for, with a deadline.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]
#![allow(clippy::print_stderr, reason = "logs are shown when a test fails")]

mod answers;
mod ask;
mod ask_any;
mod ask_tls;
mod ask_watch;
mod built_in;
mod classic;
mod clients;
mod crowds;
mod day;
mod differences;
mod drain;
mod expiry;
mod forget;
mod gateway;
mod handed_over;
mod harness;
mod herdca;
mod herdctl;
mod impostors;
mod journal;
mod log_file;
mod logs;
mod names;
mod near;
mod neighbours;
mod order;
mod other_servers;
#[cfg(target_os = "linux")]
mod packages;
mod program;
mod reload;
mod restarts;
mod service_manager;
mod stops;
mod strangers;
mod trust;
mod upgrade;
mod versions;
mod walk;
mod watch;
mod web;
mod whatsat;
