//! Reports over HTTP, as OsmAnd sends them, beside the same reports as lines and, where it is installed,
//! nginx that answers each request with `return 200`: rounds are interleaved, and what counts is the ratio
//! of each round.
//!
//! Servers run on one core and the load generator, which verifies every answer, on another.

mod support;

use std::net::SocketAddr;
use support::Outcome;
use support::daemons::Herd;
use support::figures::Figures;
use support::load::Loaded;
use support::nginx::Nginx;
use support::process::{SERVER_CORE, can_pin};

const ROUNDS: usize = 7;
/// Of one measurement.
const SECONDS: &str = "0.5";
const SECONDS_LONG: &str = "3";

/// How requests come.
const CASES: [(&str, &[&str]); 2] = [
    ("50 connections", &["-c", "50"]),
    ("50 connections, 16 in flight", &["-c", "50", "-p", "16"]),
];

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    let long = std::env::args().any(|argument| argument == "--long");
    let seconds = if long { SECONDS_LONG } else { SECONDS };
    let wanted: Vec<_> =
        CASES.iter().filter(|(name, _)| figures.wants(&format!("web/{name}"))).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    if !can_pin() {
        figures.remark("web: without taskset and two cores server and load share their core");
    }
    let herd = Herd::lay_out(&[("Solo", &[])])?;
    let _solo = herd.start("Solo", SERVER_CORE, "off")?;
    let nginx = Nginx::start(SERVER_CORE)?;
    if nginx.is_none() {
        figures.remark("web: nginx is not installed, and left out");
    }
    let server = herd.server("Solo")?;
    let (lines, web) = (server.clients, server.web);
    for (name, arguments) in wanted {
        let load = |address: SocketAddr, more: &[&str]| -> Outcome<f64> {
            let arguments = [*arguments, &["-d", seconds], more].concat();
            Loaded::run(address, &arguments)?.per_second()
        };
        let (mut by_line, mut by_http, mut by_nginx) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            by_line.push(load(lines, &[])?);
            by_http.push(load(web, &["--protocol", "http"])?);
            if let Some(nginx) = &nginx {
                by_nginx.push(load(nginx.address, &["--protocol", "http"])?);
            }
        }
        let ratios = |below: &[f64]| -> Vec<f64> {
            by_http.iter().zip(below).map(|(above, below)| above / below).collect()
        };
        figures.print(&format!("web/{name}: HTTP"), "requests/s", &by_http);
        figures.print(&format!("web/{name}: HTTP / lines"), "ratio", &ratios(&by_line));
        figures.print(&format!("web/{name}: HTTP / nginx"), "ratio", &ratios(&by_nginx));
    }
    Ok(())
}
