//! The law of callbacks: each once, in order, the loss last; closing flushes, aborting does not.

use crate::harness::{DEADLINE, Event, Script, Setup, echo, endpoint, idle, on, pattern, read_all};
use herd::limits::LINGER_MAX;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

const MANY: usize = 8 * 1_024 * 1_024;

fn lost(cause: &str) -> Event {
    Event::Lost(cause.to_owned())
}

#[test]
fn data_then_the_end_then_the_loss() {
    let reactor = Setup::accepting(echo).run();
    let mut client = reactor.connect();
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut client), (b"hello".to_vec(), true));
    drop(client);
    let data = Event::Data(b"hello".to_vec());
    assert_eq!(reactor.events(), [Event::Made, data, Event::Ended, lost("Closed")]);
}

#[test]
fn many_connections_keep_the_law_each() {
    let reactor = Setup::accepting(echo).run();
    for number in 0..200_usize {
        let mut client = reactor.connect();
        client.write_all(&pattern(number)).unwrap();
        if number % 3 == 0 {
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(read_all(&mut client), (pattern(number), true));
        }
    }
    reactor.calls_until_lost(200);
}

#[test]
fn data_before_a_reset_is_delivered_first() {
    let reactor = Setup::accepting(|| on(Event::Made, |cx| cx.transport.write(b"greeting"))).run();
    let mut client = reactor.connect();
    client.peek(&mut [0; 8]).unwrap();
    client.write_all(b"last words").unwrap();
    // Going with something unread makes the kernel reset the connection.
    drop(client);
    let events = reactor.events();
    assert_eq!(events[..2], [Event::Made, Event::Data(b"last words".to_vec())]);
    assert!(matches!(&events[events.len() - 1], Event::Lost(_)));
}

#[test]
fn a_reset_is_noticed_though_reading_is_paused() {
    let accept = || {
        on(Event::Made, |cx| {
            cx.transport.pause_reading();
            cx.transport.write(b"greeting");
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    client.peek(&mut [0; 8]).unwrap();
    client.write_all(b"unread").unwrap();
    drop(client);
    let events = reactor.events();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(matches!(&events[1], Event::Lost(cause) if cause.starts_with("Io(")), "{events:?}");
}

#[test]
fn who_cannot_connect_hears_only_of_the_loss() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let reactor = Setup::dialling(endpoint(nobody), DEADLINE, echo()).run();
    let events = reactor.events();
    assert!(
        matches!(&events[..], [Event::Lost(cause)] if cause.starts_with("Connect(")),
        "{events:?}"
    );
}

#[test]
fn closing_flushes() {
    let accept = || {
        on(Event::Made, |cx| {
            cx.transport.write(&pattern(MANY));
            cx.transport.close();
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    assert!(read_all(&mut client) == (pattern(MANY), true), "something is missing");
    drop(client);
    assert_eq!(reactor.events(), [Event::Made, lost("Closed")]);
}

#[test]
fn aborting_does_not_flush() {
    let accept = || {
        on(Event::Made, |cx| {
            cx.transport.write(&pattern(MANY));
            cx.transport.abort();
        })
    };
    let reactor = Setup::accepting(accept).run();
    assert!(read_all(&mut reactor.connect()).0.is_empty());
    assert_eq!(reactor.events(), [Event::Made, lost("Aborted")]);
}

#[test]
fn nothing_is_written_or_delivered_after_closing() {
    let accept = || {
        on(Event::Made, |cx| {
            cx.transport.write(b"first");
            cx.transport.close();
            cx.transport.write(b"second");
            cx.transport.write_with(|out| out.extend_from_slice(b"third"));
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    assert_eq!(read_all(&mut client), (b"first".to_vec(), true));
    client.write_all(b"un").unwrap();
    client.write_all(b"heard").unwrap();
    drop(client);
    assert_eq!(reactor.events(), [Event::Made, lost("ClosedOver { bytes: 7 }")]);
}

#[test]
fn the_last_answer_arrives_though_the_peer_goes_on_sending() {
    let accept = || -> Script {
        Box::new(|cx, event| {
            if matches!(event, Event::Data(_)) {
                cx.transport.write(b"that will do");
                cx.transport.close();
            }
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    // More than a reader who had closed would take.
    client.write_all(&pattern(MANY)).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut client), (b"that will do".to_vec(), true));
    let Some(Event::Lost(cause)) = reactor.events().pop() else { panic!("it is not lost") };
    assert!(cause.starts_with("ClosedOver"), "{cause}");
}

#[test]
fn a_peer_that_never_goes_is_left_after_a_while() {
    let reactor = Setup::accepting(|| on(Event::Made, |cx| cx.transport.close())).run();
    let mut client = reactor.connect();
    assert_eq!(read_all(&mut client), (Vec::new(), true));
    // It stays, and the reactor goes.
    assert_eq!(reactor.events(), [Event::Made, lost("Closed")]);
}

#[test]
fn who_leaves_does_not_wait_for_the_peer_and_yet_all_arrives() {
    for bytes in [100, MANY] {
        let script = move || {
            on(Event::Made, move |cx| {
                cx.transport.write(&pattern(bytes));
                cx.transport.leave();
            })
        };
        let reactor = Setup::accepting(script).run();
        let mut client = reactor.connect();
        if bytes == MANY {
            // Is there before all is written. To close over it would cut off what is under way.
            client.write_all(b"not for you").unwrap();
        }
        let started = Instant::now();
        assert!(read_all(&mut client) == (pattern(bytes), true), "something is missing");
        let cause = if bytes == MANY { "ClosedOver { bytes: 11 }" } else { "Closed" };
        assert_eq!(reactor.events(), [Event::Made, lost(cause)]);
        assert!(started.elapsed() < LINGER_MAX || bytes == MANY, "{:?}", started.elapsed());
        drop(client);
    }
}

#[test]
fn the_end_leaves_the_other_direction_open() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let script = || {
        on(Event::Ended, |cx| {
            cx.transport.write(b"answer");
            cx.transport.close();
        })
    };
    let address = endpoint(listener.local_addr().unwrap());
    let reactor = Setup::dialling(address, DEADLINE, script()).run();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    peer.write_all(b"question").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut peer), (b"answer".to_vec(), true));
    let data = Event::Data(b"question".to_vec());
    assert_eq!(reactor.events(), [Event::Made, data, Event::Ended, lost("Closed")]);
}

#[test]
fn a_pause_holds_back_data_and_the_end() {
    let accept = || -> Script {
        Box::new(|cx, event| match event {
            Event::Made => {
                cx.transport.pause_reading();
                let soon = Duration::from_millis(50);
                cx.transport.set_timer(Some(cx.now.monotonic + soon));
            }
            Event::Timer => cx.transport.resume_reading(),
            Event::Ended => cx.transport.close(),
            _ => {}
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    client.write_all(b"patience").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let data = Event::Data(b"patience".to_vec());
    let expected = [Event::Made, Event::Timer, data, Event::Ended, lost("Closed")];
    assert_eq!(reactor.events(), expected);
}

#[test]
fn a_pause_in_the_middle_of_data_loses_nothing() {
    let accept = || -> Script {
        Box::new(|cx, event| match event {
            Event::Data(data) => {
                cx.transport.write(data);
                cx.transport.pause_reading();
                cx.transport.set_timer(Some(cx.now.monotonic));
            }
            Event::Timer => cx.transport.resume_reading(),
            Event::Ended => cx.transport.close(),
            _ => {}
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut client = reactor.connect();
    let mut writer = client.try_clone().unwrap();
    let sending = thread::spawn(move || {
        writer.write_all(&pattern(MANY)).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    assert!(read_all(&mut client) == (pattern(MANY), true), "something is missing");
    sending.join().unwrap();
}

#[test]
fn who_does_nothing_keeps_the_connection() {
    let reactor = Setup::accepting(idle).run();
    let mut client = reactor.connect();
    client.write_all(b"x").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let calls = reactor.calls_until(|call| call.event == Event::Ended);
    assert_eq!(calls.len(), 3);
    client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(client.read(&mut [0]).is_err(), "it was closed without being asked to");
}
