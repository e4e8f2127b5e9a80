//! The loop against small targets of its own: honest ones and others.

use super::*;
use crate::answer::Expectation;
use crate::command::{Language, Questions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

mod secured;

/// Of all kinds of commands there are some.
const QUESTIONS: Questions =
    Questions { whatsat: 0.25, near: 0.25, near_kilometres: 100.0, near_results: 10 };

/// A target that answers each read with what `answer` makes of it, until the client's end.
fn target(answer: fn(&[u8]) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 1_000];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if stream.write_all(&answer(&buffer[..count])).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// One connection after the other.
fn manner(address: SocketAddr, trust: Trust) -> Manner {
    Manner {
        places: vec![(address, Endpoint::plain(address.ip().to_string(), address.port()))],
        trust,
        connections: 1,
        pipeline: 1,
        reconnect: true,
        half_close: true,
        tells_token: false,
    }
}

fn run_against(address: SocketAddr, reconnect: bool, pace: Pace) -> Tally {
    let (connections, pipeline) = if reconnect { (2, 1) } else { (3, 7) };
    let manner = Manner { connections, pipeline, reconnect, ..manner(address, Trust::default()) };
    run_in(&manner, pace).unwrap()
}

fn run_in(manner: &Manner, pace: Pace) -> Result<Tally, Failure> {
    let mut composer = Composer::new(Language::Herd, 10, &QUESTIONS);
    let mut judge = Judge::new(Expectation::Echo, None, 0, &QUESTIONS);
    let schedule = |begin| match pace {
        Pace::AsAnswered => Schedule::counting(100, begin, 60 * SECOND),
        Pace::PerSecond(_) => Schedule::lasting(pace, begin, SECOND / 10),
    };
    run(manner, schedule, &mut composer, &mut judge, |_| {})
}

#[test]
fn every_command_is_answered_in_every_manner() {
    let echo = target(<[u8]>::to_vec);
    for reconnect in [false, true] {
        for pace in [Pace::AsAnswered, Pace::PerSecond(1_000)] {
            let tally = run_against(echo, reconnect, pace);
            assert!(tally.is_clean(), "{tally:?}");
            assert_eq!(tally.answers(), 100);
            let Tally { reports, questions, nears, .. } = &tally;
            assert!(reports.total() > 20 && questions.total() > 10 && nears.total() > 10);
        }
    }
}

#[test]
fn a_target_that_lies_is_found_out() {
    let liar = target(|data| data.to_ascii_lowercase());
    let tally = run_against(liar, false, Pace::AsAnswered);
    assert_eq!((tally.answers(), tally.wrong, tally.lost), (100, 100, 0));
    assert!(!tally.is_clean() && !tally.examples.is_empty());
}

#[test]
fn a_target_that_closes_owes_what_was_asked() {
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closing.local_addr().unwrap();
    thread::spawn(move || closing.incoming().for_each(drop));
    let tally = run_against(address, false, Pace::AsAnswered);
    assert!(tally.broken.is_some() && !tally.is_clean(), "{tally:?}");
}

#[test]
fn more_than_was_asked_for_is_wrong() {
    let talker = target(|data| [data, b"and more\n"].concat());
    assert!(!run_against(talker, false, Pace::AsAnswered).is_clean());
}

#[test]
fn nobody_there_is_said_at_once() {
    // Nobody offers TCPMUX.
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let manner = manner(address, Trust::default());
    let mut composer = Composer::new(Language::Herd, 1, &QUESTIONS);
    let mut judge = Judge::new(Expectation::Echo, None, 0, &QUESTIONS);
    let schedule = |begin| Schedule::counting(1, begin, SECOND);
    assert!(run(&manner, schedule, &mut composer, &mut judge, |_| {}).is_err());
}
