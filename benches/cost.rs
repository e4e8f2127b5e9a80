//! What an update costs in herds of up to a thousand servers: messages and bytes on the links, and
//! time until all servers have it, as a table. Simulated: the real protocols and stores run in the
//! world of tests/sim, in virtual time, so the figures are exact and the same in every run.
//!
//! With `--large` also for meshes of 500 and 1,000 servers, whose link directions are a
//! million (3 GB, some minutes).
//!
//! Before that a plan for many herds on one message bus (`cost/regions`).
//!
//! It fails if an update crosses a link more than once in a direction, or if clients that move
//! faster than the links can tell do not cost less each than one that moves alone.

#![allow(clippy::expect_used, reason = "as in the tests whose world this is")]

#[path = "cost/regions.rs"]
mod regions;
#[path = "../tests/sim/mod.rs"]
#[allow(dead_code, reason = "faults, seeds and planted bugs are the tests'")]
mod sim;
mod support;

use sim::scale::{Cost, Extent, Flood, Moved, measure};
use sim::topology::Shape;
use std::env;
use support::Outcome;
use support::figures::{Figures, quantile};

/// Shapes and their sizes. The links of a full mesh grow with the square.
const HERDS: [(&str, Shape, Extent, &[usize]); 5] = [
    ("ring", Shape::Ring, Extent::Everything, &[5, 50, 200, 1_000]),
    ("tree", Shape::Tree, Extent::Everything, &[5, 50, 200, 1_000]),
    ("random graph", Shape::Random, Extent::Everything, &[5, 50, 200, 1_000]),
    ("mesh", Shape::Mesh, Extent::Everything, &[5, 20, 50, 100]),
    ("mesh", Shape::Mesh, Extent::AtRest, &[200]),
];
/// With `--large`.
const LARGE: (&str, Shape, Extent, &[usize]) = ("mesh", Shape::Mesh, Extent::AtRest, &[500, 1_000]);

fn main() -> Outcome<()> {
    let figures = Figures::from_arguments();
    let large = env::args().any(|argument| argument == "--large");
    regions::print(&figures)?;
    let mut begun = false;
    for (shape_name, shape, extent, sizes) in HERDS.into_iter().chain(large.then_some(LARGE)) {
        for &servers in sizes {
            let name = format!("cost/{shape_name} of {servers}");
            if !figures.wants(&name) {
                continue;
            }
            let cost = measure(shape, servers, extent);
            if figures.is_json() {
                print_figures(&figures, &name, &cost);
            } else {
                if !begun {
                    print_head();
                }
                print_row(shape_name, servers, &cost);
            }
            begun = true;
            judge(&name, &cost)?;
        }
    }
    Ok(())
}

/// What must hold whatever the herd.
fn judge(name: &str, cost: &Cost) -> Outcome<()> {
    if let Some(twice) = &cost.twice {
        return Err(format!("{name}: an update crosses a link {twice}").into());
    }
    let directions = cost.directions;
    let alone: Vec<f64> = cost.at_rest.iter().map(|flood| flood.share(directions)).collect();
    let burst = cost.moved.iter().map(|moved| moved.burst.share(directions));
    if let Some(most) = alone.iter().copied().chain(burst).find(|share| *share > 1.0) {
        return Err(format!("{name}: {most} crossings for an update and link direction").into());
    }
    let overload = cost.moved.as_ref().map(|moved| moved.overload.share(directions));
    if let Some(overload) = overload.filter(|overload| alone.iter().any(|one| overload >= one)) {
        return Err(format!("{name}: {overload} crossings under overload, {alone:?} alone").into());
    }
    Ok(())
}

/// A median over the updates that were followed one by one.
fn median(cost: &Cost, of: impl Fn(&Flood) -> f64) -> f64 {
    quantile(&cost.at_rest.iter().map(of).collect::<Vec<_>>(), 0.5)
}

/// The longest of them.
fn most(cost: &Cost, of: impl Fn(&Flood) -> f64) -> f64 {
    cost.at_rest.iter().map(of).fold(0.0, f64::max)
}

fn per_update(flood: &Flood, count: u64) -> f64 {
    count as f64 / flood.updates as f64
}

/// What the columns of the table are.
const LEGEND: &str = "\
crossings: positions that crossed a link, for one update; /dir: the same for each link direction
bytes: of these positions; all bytes: with the marks behind them and the acknowledgements
way: the longest on which one came first, in links; latencies: until the last server has it
of alone: what is left of the crossings of one that moves alone; idle: for each link direction
";

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is run for")]
fn print_head() {
    println!("{LEGEND}");
    println!(
        "{:40} | {:53} |{:28} |{:18} |   idle",
        "herd", "an update at rest", " a burst of 100 updates", " overload"
    );
    println!(
        "{:13}{:>7}{:>11}{:>9} | {:>9}{:>7}{:>10}{:>10}{:>6}{:>11} |{:>7}{:>10}{:>11} |{:>7}{:>11} |{:>7}",
        "",
        "servers",
        "link dirs",
        "diameter",
        "crossings",
        "/dir",
        "bytes",
        "all bytes",
        "way",
        "latencies",
        "/dir",
        "all bytes",
        "latencies",
        "/dir",
        "of alone",
        "bytes/s"
    );
}

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is run for")]
fn print_row(shape: &str, servers: usize, cost: &Cost) {
    let Cost { directions, diameter, .. } = cost;
    let alone = median(cost, |flood| flood.share(*directions));
    print!(
        "{shape:13}{servers:>7}{directions:>11}{diameter:>9} \
         | {:>9.0}{alone:>7.3}{:>10.0}{:>10.0}{:>6}{:>11.2} |",
        median(cost, |flood| per_update(flood, flood.at.lines)),
        median(cost, |flood| per_update(flood, flood.at.bytes)),
        median(cost, |flood| per_update(flood, flood.all.bytes)),
        most(cost, |flood| flood.hops as f64),
        most(cost, |flood| flood.latencies),
    );
    match &cost.moved {
        Some(Moved { burst, overload }) => print!(
            "{:>7.3}{:>10.0}{:>11.2} |{:>7.3}{:>9.0} % |",
            burst.share(*directions),
            per_update(burst, burst.all.bytes),
            burst.latencies,
            overload.share(*directions),
            overload.share(*directions) / alone * 100.0,
        ),
        None => print!("{:>7}{:>10}{:>11} |{:>7}{:>9}   |", "-", "-", "-", "-", "-"),
    }
    println!("{:>7.1}", cost.idle_bytes);
}

/// The same figures one by one.
fn print_figures(figures: &Figures, name: &str, cost: &Cost) {
    let directions = cost.directions;
    let each = |of: &dyn Fn(&Flood) -> f64| cost.at_rest.iter().map(of).collect::<Vec<_>>();
    let print = |figure: &str, unit: &str, values: &[f64]| {
        figures.print(&format!("{name}, {figure}"), unit, values);
    };
    print("link directions", "directions", &[directions as f64]);
    print("diameter", "links", &[cost.diameter as f64]);
    print("crossings", "crossings/update", &each(&|flood| flood.at.lines as f64));
    let share = each(&|flood| flood.share(directions));
    print("crossings of a direction", "crossings/update", &share);
    print("bytes of positions", "bytes/update", &each(&|flood| flood.at.bytes as f64));
    print("bytes of all", "bytes/update", &each(&|flood| flood.all.bytes as f64));
    print("longest way", "links", &each(&|flood| flood.hops as f64));
    print("time to all", "latencies", &each(&|flood| flood.latencies));
    print("idle", "bytes/s/direction", &[cost.idle_bytes]);
    if let Some(Moved { burst, overload }) = &cost.moved {
        let share = |flood: &Flood| [flood.share(directions)];
        print("burst, crossings of a direction", "crossings/update", &share(burst));
        print("burst, bytes of all", "bytes/update", &[per_update(burst, burst.all.bytes)]);
        print("burst, time to all", "latencies", &[burst.latencies]);
        print("overload, crossings of a direction", "crossings/update", &share(overload));
    }
}
