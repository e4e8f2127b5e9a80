//! Crowds of connections: storms of them, and more than there are descriptors.

use crate::harness::herd::bare;
use crate::harness::{Client, Herd, Server, until};
use std::io::Write;
use std::thread;

#[test]
fn storms_of_connections_leave_nothing_behind() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    assert_eq!(server.ask("x"), "? x");
    let before = until("the first connection is gone", || {
        let descriptors = server.process.descriptors();
        (descriptors < 20).then_some(descriptors)
    });
    thread::scope(|scope| {
        for storm in 0..4 {
            let server = &server;
            scope.spawn(move || {
                for number in 0..250 {
                    let mut client = server.client();
                    match (storm + number) % 4 {
                        // Gone at once.
                        0 => {}
                        // Gone without waiting for the answer.
                        1 => client.send("x\n"),
                        // Gone in the middle of a line.
                        2 => client.send("IAMAT kiwi +34.0-1"),
                        _ => assert_eq!(client.ask("y"), "? y"),
                    }
                }
            });
        }
    });
    until("all descriptors are given back", || {
        (server.process.descriptors() <= before).then_some(())
    });
    assert_eq!(server.ask("x"), "? x");
}

/// Starts A with a limit of descriptors.
fn start_limited(herd: &Herd, descriptors: usize) -> Server {
    let ordinary = herd.command("A");
    let mut limited = bare("sh");
    limited.args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh"]);
    limited.arg(descriptors.to_string());
    limited.arg(ordinary.get_program()).args(ordinary.get_args());
    herd.start_by("A", limited)
}

#[test]
fn more_clients_than_descriptors_are_told_so_and_leave_room_for_neighbours() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let mut a = start_limited(&herd, 48);
    let mut crowd: Vec<Client> = (0..100).map(|_| a.client()).collect();
    // What one hears who comes, whether it says something first or not.
    let refused = crowd.split_off(30);
    for (number, mut client) in refused.into_iter().enumerate() {
        if number % 2 == 0 {
            // It may be too late to say anything.
            let _ = client.stream.write_all(b"x\n");
        }
        let heard = client.wait_for_end();
        assert!(heard.is_empty() || heard == b"? too many connections\n", "{heard:?}");
        assert!(!heard.is_empty() || number % 2 == 0, "{number} is not told");
    }
    a.wait_for_log(" is refused, there are too many");
    let b = herd.start("B");
    a.wait_for_links();
    b.wait_for_links();
    let at = crowd[0].ask("IAMAT kiwi +34.0-118.0 1");
    b.wait_for(&at);
    // There is room again when some go.
    drop(crowd);
    until("a newcomer is served", || {
        let mut client = a.client();
        client.send("y\n");
        (client.line() == "? y").then_some(())
    });
    assert!(a.process.ended().is_none());
}

#[test]
fn without_descriptors_accepting_pauses_and_goes_on() {
    let herd = Herd::of(&[("A", &[])]);
    let ordinary = herd.start("A");
    assert_eq!(ordinary.ask("x"), "? x");
    let needed = ordinary.process.descriptors();
    drop(ordinary);
    let mut a = start_limited(&herd, needed + 3);
    let crowd: Vec<Client> = (0..50).map(|_| a.client()).collect();
    a.wait_for_log("accepting pauses: ");
    serve_all_in_turn(crowd);
    a.wait_for_log("accepting goes on");
    assert!(a.process.ended().is_none());
    assert!(a.log().matches("accepting pauses").count() < 50, "{}", a.log());
}

/// Those who came first are served, and the others when they go.
fn serve_all_in_turn(crowd: Vec<Client>) {
    for (number, mut client) in crowd.into_iter().enumerate() {
        assert_eq!(client.ask("x"), "? x", "client {number}");
    }
}
