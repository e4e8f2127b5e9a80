//! What a driver counts of itself.

use crate::harness::{DEADLINE, Event, Script, Setup, endpoint, idle};
use herd::transport::Action;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long the slowest turn of a test takes, at least.
const SLOW: Duration = Duration::from_millis(20);

/// Answers with what had been counted when the turn before ended.
fn count() -> Script {
    Box::new(|cx, event| match event {
        Event::Data(data) if &data[..] == b"slow" => {
            thread::sleep(SLOW);
            cx.transport.write(b"done");
        }
        Event::Data(data) if &data[..] == b"dial" => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let at = endpoint(listener.local_addr().unwrap());
            let protocol = crate::harness::Actor::new(idle());
            let timeout = DEADLINE;
            cx.app.actions.push_back(Action::Dial { endpoint: at, protocol, timeout });
            cx.transport.write(b"done");
        }
        Event::Data(_) => {
            let meters = cx.app.meters;
            let [turns, accepted, dialled] = [meters.turns, meters.accepted, meters.dialled];
            let (read, written) = (meters.bytes_read, meters.bytes_written);
            let longest = meters.turn_longest.as_nanos();
            let all = format!("{turns} {accepted} {dialled} {read} {written} {longest}");
            cx.transport.write(all.as_bytes());
        }
        _ => {}
    })
}

fn ask(stream: &mut TcpStream, what: &[u8]) -> String {
    stream.write_all(what).unwrap();
    let mut text = [0; 200];
    let count = stream.read(&mut text).unwrap();
    String::from_utf8_lossy(&text[..count]).into_owned()
}

/// Turns, accepted, dialled, bytes read, bytes written, nanoseconds of the longest turn.
fn meters(stream: &mut TcpStream) -> Vec<u64> {
    ask(stream, b"count").split(' ').map(|number| number.parse().unwrap()).collect()
}

#[test]
fn turns_connections_and_bytes_are_counted() {
    let reactor = Setup::accepting(count).run();
    let mut client = reactor.connect();
    let first = meters(&mut client);
    let shown = first.iter().map(u64::to_string).collect::<Vec<_>>().join(" ").len() as u64;
    let _other = reactor.connect();
    assert_eq!(ask(&mut client, b"dial"), "done");
    let second = meters(&mut client);
    assert!(second[0] > first[0], "no turn was counted");
    assert_eq!((second[1], second[2]), (2, 1), "accepted and dialled");
    // Before this question: "count", "dial", and the answers to both. What is written behind the end of
    // a turn is told when the next one ends, which may be that of this question.
    assert_eq!(second[3] - first[3], 5 + 4, "read");
    let written = second[4] - first[4];
    assert!(written == shown || written == shown + 4, "{written} of {shown} and 4 written");
    assert_eq!(second[5], 0, "nobody asked for the time of turns");
}

#[test]
fn the_longest_turn_is_told_to_who_asked_for_it() {
    let mut setup = Setup::accepting(count);
    setup.turns_timed = true;
    let reactor = setup.run();
    let mut client = reactor.connect();
    assert_eq!(ask(&mut client, b"slow"), "done");
    // A turn's length is known when it is over, and told when the next one ends.
    meters(&mut client);
    let longest = Duration::from_nanos(meters(&mut client)[5]);
    assert!(longest >= SLOW, "{longest:?}");
}
