//! A herd that is upgraded one server at a time. Each program is this very test program, started
//! again to run [`the_server_of_another_version`]: the daemon as it ships, but that the highest version of
//! the lines between neighbours that it speaks may be an earlier one.

use crate::harness::herd::bare;
use crate::harness::{Herd, Server, time_in, until};
use herd::wire::neighbour::Version;
use herd::{cli, daemon};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The version that server is to speak; elsewhere it is not set.
const VERSION: &str = "HERD_TEST_VERSION";

/// Its arguments, one a line.
const ARGUMENTS: &str = "HERD_TEST_ARGUMENTS";

/// Clients of each server, which report in turn.
const CLIENTS: usize = 20;

/// Reports that each server is to take while another one is replaced, at least.
const REPORTS_MIN: usize = 200;

#[test]
fn the_server_of_another_version() {
    let Ok(version) = env::var(VERSION) else { return };
    let arguments = env::var(ARGUMENTS).unwrap();
    let request = cli::parse(arguments.lines().map(OsString::from)).unwrap();
    let version = Version::new(version.parse().unwrap());
    daemon::run_as(&request, version, &mut io::stdout()).unwrap();
}

/// The command that runs a server of that version.
fn command(herd: &Herd, name: &str, version: Version) -> Command {
    let mut command = bare(env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", "upgrade::the_server_of_another_version", "--nocapture"]);
    command.env(VERSION, version.to_string()).env(ARGUMENTS, herd.arguments(name).join("\n"));
    command
}

/// The last answer to a report of each client.
pub type Acknowledged = BTreeMap<String, String>;

/// Has a server's clients report one after the other, until it is `enough` and there were many; the
/// last answer to each. None of them may be refused or cut.
fn report(server: &Server, enough: &AtomicBool, taken: &AtomicUsize) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let mut connection = server.client();
    for number in 0.. {
        if enough.load(Ordering::Acquire) && number >= REPORTS_MIN {
            break;
        }
        let client = format!("{}-{}", server.name, number % CLIENTS);
        let command = format!("IAMAT {client} +34.068930-118.445127 {}", time_in(0));
        let answer = connection.ask(&command);
        assert!(answer.starts_with(&format!("AT {} ", server.name)), "{answer}");
        acknowledged.insert(client, answer);
        taken.fetch_add(1, Ordering::Release);
    }
    acknowledged
}

/// Stops the server in order while clients report to it and to the others, starts it by that command
/// in its place, and waits until the others have told it everything. Gives all last answers.
pub fn replace(
    herd: &Herd,
    servers: &mut [Server],
    index: usize,
    command: Command,
) -> Acknowledged {
    let (enough, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
    let name = servers[index].name.clone();
    // What it takes itself before it stops, it has told its neighbours when it has.
    let own = servers[index].report(&format!("{name}-own"), &time_in(0));
    let mut acknowledged = Acknowledged::from([(format!("{name}-own"), own)]);
    let (before, others) = servers.split_at_mut(index);
    let (replaced, after) = others.split_first_mut().unwrap();
    let others: Vec<&Server> = before.iter().chain(&*after).collect();
    thread::scope(|scope| {
        let (enough, taken) = (&enough, &taken);
        let reporting = |&server| scope.spawn(move || report(server, enough, taken));
        let threads: Vec<_> = others.iter().map(reporting).collect();
        until("reports are taken", || (taken.load(Ordering::Acquire) > CLIENTS).then_some(()));
        replaced.process.signal("TERM");
        assert!(replaced.process.wait().success(), "{name} ends in order");
        *replaced = herd.start_by(&name, command);
        replaced.wait_for_links();
        others.iter().for_each(|server| server.wait_until_caught_up(&name));
        enough.store(true, Ordering::Release);
        threads.into_iter().for_each(|thread| acknowledged.extend(thread.join().unwrap()));
    });
    acknowledged
}

/// Waits until the last link of a server to that neighbour is up in that version.
fn wait_until_spoken(server: &Server, neighbour: &str, version: Version) {
    until(&format!("{} and {neighbour} speak version {version}", server.name), || {
        let log = server.log();
        let (_, last) = log.rsplit_once(&format!("link to {neighbour} is up in version "))?;
        last.starts_with(&format!("{version}:")).then_some(())
    });
}

#[test]
fn servers_upgraded_one_by_one_under_load_lose_nothing_and_end_up_with_the_new_version() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[])]);
    let start = |name| herd.start_by(name, command(&herd, name, Version::new(1)));
    let mut servers = ["A", "B", "C"].map(start);
    servers.iter().for_each(Server::wait_for_links);
    let mut highest = [Version::new(1); 3];
    let mut acknowledged = Acknowledged::new();
    let kiwi = servers[0].report("kiwi", &time_in(-1));
    servers.iter().for_each(|server| server.wait_for(&kiwi));
    for index in 0..servers.len() {
        let command = command(&herd, &servers[index].name, Version::new(2));
        acknowledged.extend(replace(&herd, &mut servers, index, command));
        highest[index] = Version::new(2);
        if index == 0 {
            // Those of the version before cannot be told.
            let gone = servers[0].ask(&format!("FORGET kiwi {}", time_in(0)));
            assert!(gone.starts_with("GONE A +"), "{gone}");
            assert!(servers[0].find("kiwi").is_none() && servers[2].find("kiwi").is_some());
        }
        for (server, ours) in servers.iter().zip(highest) {
            for (neighbour, theirs) in servers.iter().zip(highest) {
                if neighbour.name != server.name {
                    wait_until_spoken(server, &neighbour.name, ours.min(theirs));
                }
            }
        }
    }
    assert_eq!(acknowledged.len(), 3 * (CLIENTS + 1));
    for server in &servers {
        acknowledged.values().for_each(|at| server.wait_for(at));
        server.wait_until_unknown("kiwi");
        for trouble in ["hold different positions", "is told everything again"] {
            assert!(!server.log().contains(trouble), "{}: {trouble}", server.name);
        }
    }
}
