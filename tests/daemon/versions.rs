//! A herd of five whose servers run the program of an earlier commit, upgraded to this one under load as the
//! README has it: `herdctl roll`. `make upgrade FROM=<commit>` builds that program.

use crate::day::{Reporter, SERVERS, Target};
use crate::harness::herd::bare;
use crate::harness::{DEADLINE, Herd, Process, Server, Waiting};
use crate::herdctl;
use crate::herdctl::roll::serve;
use std::env;
use std::io::{Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// Says where the earlier program is.
const FROM_VARIABLE: &str = "HERD_UPGRADE_FROM";
const REPORTERS: usize = 5;
/// Longer than the upgrade takes, also on a crowded machine.
const LOAD_SECONDS: &str = "40";
const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];

/// Stops a server in order, if it runs, and starts the program in its place.
fn replace(herd: &Herd, target: &Target, server: &mut Option<Server>, name: &str, program: &str) {
    stop(target, server);
    let mut command = bare(program);
    command.args(herd.arguments(name));
    let started = herd.start_by(name, command);
    target.is_there(&started);
    *server = Some(started);
}

fn stop(target: &Target, server: &mut Option<Server>) {
    if let Some(mut server) = server.take() {
        target.leaves();
        server.process.signal("TERM");
        assert_eq!(server.process.wait().code(), Some(0), "{} ends in order", server.name);
    }
}

#[test]
#[ignore = "needs the program of an earlier commit: make upgrade FROM=<commit>"]
fn five_servers_of_an_earlier_commit_are_upgraded_under_load_and_nothing_is_lost() {
    let old = env::var(FROM_VARIABLE).expect("HERD_UPGRADE_FROM says where the earlier program is");
    let new = env!("CARGO_BIN_EXE_herd");
    let herd =
        Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &["D"]), ("D", &["E"]), ("E", &["A"])])
            .with_web();
    let targets: [Target; SERVERS] = Default::default();
    targets.iter().for_each(Target::forgets);
    targets.iter().for_each(Target::leaves);
    let mut servers: [Option<Server>; 5] = Default::default();
    for (at, name) in NAMES.iter().enumerate() {
        replace(&herd, &targets[at], &mut servers[at], name, &old);
    }
    servers.iter().flatten().for_each(Server::wait_for_links);
    let mut load = bare(env!("CARGO_BIN_EXE_load"));
    load.arg("-H").arg(herd.file()).args(["--any", "--json", "-c", "20", "-p", "4", "-n", "1000"]);
    load.args(["-r", "1000", "-d", LOAD_SECONDS, "A"]);
    let mut load = Process::start(&mut load, herd.directory.path());
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let reporters: Vec<Reporter> = thread::scope(|scope| {
        let (targets, over) = (&targets, &over);
        let _end = crate::day::Ends(over);
        let reporting = (0..REPORTERS).map(|number| {
            let reporter = Reporter::new(number, 7).without_forgetting();
            scope.spawn(move || reporter.run(targets, over))
        });
        let reporting: Vec<_> = reporting.collect();
        // A new program that does not start: it ends there, and nobody else is touched.
        let (ended, asked) = serve(&herd, &["--tries", "3"], |name| {
            let at = NAMES.iter().position(|known| *known == name).unwrap();
            stop(&targets[at], &mut servers[at]);
            let broken = Process::run(bare(new).arg("--no-such-option"), herd.directory.path());
            assert_eq!(broken.code, Some(2), "{broken:?}");
            0
        });
        assert_eq!((ended.code, asked), (Some(1), vec!["A".to_owned()]), "{ended:?}");
        assert!(ended.output.contains("  A is away"), "{ended:?}");
        assert!(ended.output.ends_with("not touched: B C D E\n"), "{ended:?}");
        // The one before is put back, and then the right one is there.
        replace(&herd, &targets[0], &mut servers[0], NAMES[0], &old);
        servers[0].iter().for_each(Server::wait_for_links);
        let (ended, asked) = serve(&herd, &[], |name| {
            let at = NAMES.iter().position(|known| *known == name).unwrap();
            replace(&herd, &targets[at], &mut servers[at], name, new);
            0
        });
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(asked, NAMES);
        let backs = ended.output.lines().filter(|line| line.contains(": back after "));
        backs.for_each(|line| drop(writeln!(stderr(), "  {line}")));
        assert!(load.ended().is_none(), "the load went on meanwhile");
        over.store(true, Ordering::Relaxed);
        reporting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let took = started.elapsed();
    let waiting = Waiting::at_most(4 * DEADLINE);
    while load.ended().is_none() {
        assert!(waiting.again(), "the load does not end: {}", load.errors());
    }
    assert_eq!(load.wait().code(), Some(0), "{}", load.errors());
    let report: serde_json::Value = serde_json::from_str(&load.output()).unwrap();
    assert_eq!((&report["wrong"], &report["missing"]), (&0.into(), &0.into()), "{report}");
    let ended = herdctl::run(&herd, &["verify", "--tries", "60"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let known: usize = servers
        .iter()
        .flatten()
        .map(|server| reporters.iter().map(|one| one.check(server)).sum::<usize>())
        .sum();
    let answered: u64 = reporters.iter().map(|one| one.counts.answered).sum();
    let cut: u64 = reporters.iter().map(|one| one.counts.cut + one.counts.refused).sum();
    let _ = writeln!(
        stderr(),
        "  five servers in {took:.1?}: {answered} reports and {} of load, which moved {} times, answered; {cut} \
         connections ended or were refused by a server that was just away; {known} answers found again",
        report["answers"],
        report["moved"],
    );
}
