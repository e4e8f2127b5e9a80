//! Times to be called at, and calls asked for by others.

use crate::harness::{Call, Event, Script, Setup, echo, on};
use herd::transport::{Action, Monotonic};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_timer_fires_once_and_not_early() {
    let accept =
        || on(Event::Made, |cx| cx.transport.set_timer(Some(cx.now.monotonic + milliseconds(40))));
    let reactor = Setup::accepting(accept).run();
    let first = reactor.connect();
    let made = reactor.next();
    let fired = reactor.next();
    assert_eq!((made.event, fired.event), (Event::Made, Event::Timer));
    assert!(fired.at.since(made.at) >= milliseconds(40), "{:?}", fired.at.since(made.at));
    // Were it to fire again, it would before the second connection's.
    let second = reactor.connect();
    assert_eq!(reactor.next().event, Event::Made);
    let again = reactor.next();
    assert_eq!((again.event, again.id == fired.id), (Event::Timer, false));
    drop((first, second));
}

#[test]
fn a_timer_is_replaced_or_taken_back() {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    let accept = || -> Script {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        on(Event::Made, move |cx| {
            let now = cx.now.monotonic;
            match number {
                0 => cx.transport.set_timer(Some(now + milliseconds(10))),
                1 => cx.transport.set_timer(Some(now + Duration::from_secs(3_600))),
                _ => {}
            }
            cx.transport.set_timer(match number {
                0 => None,
                1 => Some(now + milliseconds(60)),
                _ => Some(now + milliseconds(120)),
            });
        })
    };
    let reactor = Setup::accepting(accept).run();
    let connections = [reactor.connect(), reactor.connect(), reactor.connect()];
    let mut fired = 0;
    let calls = reactor.calls_until(|call| {
        fired += usize::from(call.event == Event::Timer);
        fired == 2
    });
    let made: Vec<_> = calls.iter().filter(|c| c.event == Event::Made).map(|c| c.id).collect();
    let timers: Vec<_> = calls.iter().filter(|c| c.event == Event::Timer).map(|c| c.id).collect();
    assert_eq!(timers, made[1..], "the first was taken back, the second is due before the third");
    drop(connections);
}

/// Where in `calls` that callback is.
fn positions(calls: &[Call], event: &Event) -> Vec<usize> {
    (0..calls.len()).filter(|&at| calls[at].event == *event).collect()
}

#[test]
fn timers_fire_in_their_order() {
    static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
    let accept = || -> Script {
        let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
        let delay = milliseconds(200 - number * 50);
        // All count from the reactor's start, however late they come.
        on(Event::Made, move |cx| cx.transport.set_timer(Some(Monotonic::default() + delay)))
    };
    let reactor = Setup::accepting(accept).run();
    let connections = [reactor.connect(), reactor.connect(), reactor.connect()];
    let mut fired = 0;
    let calls = reactor.calls_until(|call| {
        fired += usize::from(call.event == Event::Timer);
        fired == 3
    });
    let made: Vec<usize> = positions(&calls, &Event::Made);
    let due = |at: usize| {
        let number = made.iter().position(|&made| calls[made].id == calls[at].id).unwrap();
        Monotonic::default() + milliseconds(200 - number as u64 * 50)
    };
    let fired = positions(&calls, &Event::Timer);
    assert!(fired.iter().all(|&at| calls[at].at >= due(at)), "{calls:?}");
    for pair in fired.windows(2) {
        let both_were_set = made.iter().all(|&made| made < pair[0]);
        assert!(!both_were_set || due(pair[0]) < due(pair[1]), "{calls:?}");
    }
    drop(connections);
}

#[test]
fn the_application_has_a_time_of_its_own() {
    let mut setup = Setup::accepting(echo);
    setup.alarm = Some(milliseconds(30));
    let reactor = setup.run();
    let call = reactor.next();
    assert_eq!((call.id, call.event), (None, Event::Alarm));
    assert!(call.at >= Monotonic::default() + milliseconds(30));
}

#[test]
fn one_connection_wakes_another_if_it_still_exists() {
    let accept = || -> Script {
        Box::new(|cx, event| match event {
            Event::Made => cx.app.noted.push(cx.transport.id()),
            Event::Data(_) => {
                let own = cx.transport.id();
                let others = cx.app.noted.iter().filter(|id| **id != own);
                let wakes: Vec<_> = others.map(|&id| Action::Wake(id)).collect();
                cx.app.actions.extend(wakes);
                cx.transport.write(b"done");
            }
            Event::Woken => cx.transport.write(b"awake"),
            Event::Ended => cx.transport.close(),
            _ => {}
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut sleeper = reactor.connect();
    let gone = reactor.connect();
    reactor.calls_until(|call| call.event == Event::Made);
    reactor.calls_until(|call| call.event == Event::Made);
    drop(gone);
    let lost = reactor.calls_until(|call| matches!(call.event, Event::Lost(_)));
    let mut waker = reactor.connect();
    waker.write_all(b"x").unwrap();
    let mut answer = [0; 5];
    sleeper.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"awake");
    waker.read_exact(&mut answer[..4]).unwrap();
    drop((sleeper, waker));
    let mut left = 2;
    let calls = reactor.calls_until(|call| {
        left -= usize::from(matches!(call.event, Event::Lost(_)));
        left == 0
    });
    let woken: Vec<_> = calls.iter().filter(|call| call.event == Event::Woken).collect();
    assert_eq!(woken.len(), 1, "{calls:?}");
    let gone = lost[lost.len() - 1].id;
    assert!(calls.iter().all(|call| call.id != gone), "a lost connection was called");
    // It happens in the very turn in which it was asked for.
    let asked = calls.iter().find(|call| matches!(call.event, Event::Data(_))).unwrap();
    assert_eq!(woken[0].at, asked.at);
}
