//! A disk that is slow, and one that cannot hold what it took: played by strace, where there is one.

use super::{file_with, status, stop};
use crate::harness::herd::bare;
use crate::harness::{Herd, Server, time_in, until};
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long the disk takes to hold something.
const FORCE: Duration = Duration::from_millis(700);

/// Starts a server of which every call that forces a file is tampered with so; none without strace.
fn start(herd: &Herd, tampering: &str) -> Option<Server> {
    let has_strace =
        Command::new("strace").arg("true").output().is_ok_and(|ran| ran.status.success());
    has_strace.then(|| {
        let mut command = bare("strace");
        // The server is our own child, and strace a grandchild, which ends with it.
        command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync"]);
        command.args(["-e", &format!("inject=fdatasync:{tampering}")]);
        command.arg(env!("CARGO_BIN_EXE_herd")).args(herd.arguments("A"));
        herd.start_by("A", command)
    })
}

#[test]
fn an_answer_waits_for_the_disk_and_nobody_who_asks_does() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("always");
    let delay = format!("delay_exit={}", FORCE.as_micros());
    let Some(server) = start(&herd, &delay) else { return };
    let kiwi = server.report("kiwi", &time_in(-1));
    let (mut one, mut other) = (server.client(), server.client());
    // Two at once share a force: those of the second turn wait for the next one at most.
    let asked = Instant::now();
    one.send(format!("IAMAT plum +34-118 {}\nWHATSAT kiwi 1 0\n", time_in(0)));
    until("the report is in the file", || {
        let folder = herd.journal("A");
        let files = super::files(&folder);
        let text = |file| String::from_utf8(fs::read(file).unwrap()).unwrap();
        files.iter().any(|file| text(file).contains(" plum ")).then_some(())
    });
    let mut questions = 0;
    let mut slowest = Duration::ZERO;
    let first = thread::scope(|scope| {
        let answer = scope.spawn(|| (one.line(), asked.elapsed()));
        while !answer.is_finished() {
            let began = Instant::now();
            other.send("WHATSAT kiwi 1 0\n");
            assert_eq!(other.near().0, kiwi);
            assert_eq!(other.ask("? who"), "? ? who");
            slowest = slowest.max(began.elapsed());
            questions += 1;
        }
        answer.join().unwrap()
    });
    assert!(first.0.starts_with("AT A ") && first.0.contains(" plum "), "{first:?}");
    assert!(first.1 >= FORCE, "answered after {:?}", first.1);
    assert_eq!(one.near().0, kiwi, "in the order of the commands");
    assert!(questions > 1 && slowest < FORCE, "{questions} answers, {slowest:?} at most");
    file_with(&herd.journal("A"), "plum");
}

#[test]
fn reports_that_come_while_the_disk_works_share_the_next_force() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("always");
    let delay = format!("delay_exit={}", FORCE.as_micros());
    let Some(server) = start(&herd, &delay) else { return };
    let mut clients: Vec<_> = (0..20).map(|_| server.client()).collect();
    let began = Instant::now();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("IAMAT c{number} +34-118 {}\n", time_in(0)));
    }
    clients.iter_mut().for_each(|client| assert!(client.line().starts_with("AT A ")));
    let took = began.elapsed();
    assert!(took >= FORCE && took < 8 * FORCE, "{took:?}");
}

/// A server of which the disk is slow, that has a report of kiwi already.
fn slow(herd: &Herd) -> Option<Server> {
    let server = start(herd, &format!("delay_exit={}", FORCE.as_micros()))?;
    server.report("kiwi", &time_in(-1));
    Some(server)
}

#[test]
fn whoever_says_no_more_or_has_the_server_stop_is_still_answered() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("always");
    let Some(mut server) = slow(&herd) else { return };
    let report = |client: &str| format!("IAMAT {client} +34-118 {}\n", time_in(0));
    let mut half_closed = server.client();
    half_closed.send(report("plum"));
    half_closed.finish();
    let said = String::from_utf8(half_closed.rest()).unwrap();
    assert!(said.starts_with("AT A ") && said.contains(" plum "), "{said}");
    let mut visitor = server.visitor();
    let body = "{\"latitude\": 1, \"longitude\": 1}";
    let length = body.len();
    visitor.send(format!(
        "PUT /clients/fig HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    ));
    let (code, said) = visitor.answer();
    assert!(code == 200 && said.contains("\"fig\""), "{said}");
    let mut last = server.client();
    last.send(report("lemon"));
    let folder = herd.journal("A");
    until("the report is taken", || {
        let text = |file| String::from_utf8(fs::read(file).unwrap()).unwrap();
        super::files(&folder).iter().any(|file| text(file).contains(" lemon ")).then_some(())
    });
    stop(&mut server);
    let said = String::from_utf8(last.wait_for_end()).unwrap();
    assert!(said.starts_with("AT A ") && said.contains(" lemon "), "{said}");
}

#[test]
fn an_own_report_is_answered_before_its_event() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("always");
    let Some(server) = slow(&herd) else { return };
    let mut client = server.client();
    assert_eq!(client.ask("WATCH plum"), "WATCH plum");
    assert_eq!(client.line(), "~ NOW plum");
    let at = client.ask(&format!("IAMAT plum +34-118 {}", time_in(0)));
    assert!(at.starts_with("AT A "), "{at}");
    assert_eq!(client.line(), format!("~ {at}"));
}

#[test]
fn a_disk_that_cannot_hold_what_it_took() {
    let herd = Herd::of(&[("A", &[])]).with_web().with_journal("always");
    // The first force is that of the file's beginning, the second that of the first report.
    let Some(mut server) = start(&herd, "error=EIO:when=3..5") else { return };
    let mut answered = vec![server.report("kiwi", &time_in(-1))];
    let line = format!("IAMAT plum +34-118 {}", time_in(0));
    assert_eq!(server.ask(&line), format!("? {line}"));
    let said = server.wait_for_log(" Input/output error ");
    assert!(said.contains(" ERROR "), "{said}");
    server.wait_for_log("the journal is whole again");
    answered.push(server.report("fig", &time_in(-1)));
    assert!(status(&server)["journal"]["failures"].as_u64() >= Some(3));
    server.process.kill();
    let server = herd.start("A");
    answered.iter().for_each(|at| server.wait_for(at));
}
