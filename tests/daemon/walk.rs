//! `load --walk`: clients that go between towns, for who wants to see a herd at work.

use crate::harness::herd::bare;
use crate::harness::{Client, Directory, Herd, Process, Server, until};
use std::net::{Ipv4Addr, TcpListener};

/// Fifty clients who are very fast.
fn walk(herd: &Herd) -> Process {
    let mut command = bare(env!("CARGO_BIN_EXE_load"));
    command.arg("-H").arg(herd.file()).args(["--walk", "50", "--speed-up", "100"]);
    Process::start(&mut command, herd.directory.path())
}

/// Waits for a line of that end about a server, for the so manieth time.
fn wait_for_line(process: &mut Process, server: &str, end: &str, times: usize) {
    let begin = format!("{server} at 127.0.0.1:");
    until(&format!("{server} {end:?} {times} times"), || {
        assert!(process.ended().is_none(), "it has ended: {}", process.errors());
        let output = process.output();
        let lines = output.lines().filter(|line| line.starts_with(&begin) && line.contains(end));
        (lines.count() == times).then_some(())
    });
}

/// How many of all clients have reported to a server last, as another sees it.
fn clients_of(server: &str, seen_by: &Server) -> usize {
    let mut client = seen_by.client();
    client.send("NEAR +00+000 20040 1000\n");
    let begin = format!(" AT {server} ");
    let lines = std::iter::from_fn(|| Some(client.line()).filter(|line| !line.is_empty()));
    lines.filter(|line| line.contains(&begin)).count()
}

#[test]
fn clients_walk_and_go_on_when_a_server_is_killed() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    let mut b = herd.start("B");
    let mut walk = walk(&herd);
    for server in ["A", "B"] {
        wait_for_line(&mut walk, server, " answers", 1);
    }
    until("all fifty are known, some by each server", || {
        let (with_a, with_b) = (clients_of("A", &a), clients_of("B", &a));
        (with_a + with_b == 50 && with_a > 5 && with_b > 5).then_some(())
    });
    let at = until("a plane is known", || a.find("plane-001"));
    let place = |at: &str| at.split(' ').nth(4).map(str::to_owned);
    until("it flies", || a.find("plane-001").filter(|now| place(now) != place(&at)));

    b.process.kill();
    wait_for_line(&mut walk, "B", " is away: ", 1);
    until("all have gone to the other server", || (clients_of("A", &a) == 50).then_some(()));
    let b = herd.start("B");
    wait_for_line(&mut walk, "B", " answers", 2);
    until("some have come back", || (clients_of("B", &b) > 0).then_some(()));

    walk.signal("TERM");
    assert_eq!(walk.wait().code(), Some(0));
    let output = walk.output();
    let last = output.lines().last().unwrap();
    assert!(last.starts_with("50 clients, 2 of 2 servers; reports: "), "{output}");
    assert!(last.contains(" rightly answered, 0 wrongly, "), "{output}");
}

#[test]
fn wrong_answers_are_told_and_it_ends_with_1() {
    let directory = Directory::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut command = bare(env!("CARGO_BIN_EXE_load"));
    command.args(["--walk", "1", &address]);
    let mut walk = Process::start(&mut command, directory.path());
    let mut server = Client::new(listener.accept().unwrap().0);
    let report = server.line();
    assert!(report.starts_with("IAMAT walker-001 "), "{report}");
    server.send(format!("? {report}\n"));
    let told = format!("wrong: {report} -> ? {report}\n");
    until("it is told", || walk.output().contains(&told).then_some(()));
    walk.signal("INT");
    assert_eq!(walk.wait().code(), Some(1));
}
