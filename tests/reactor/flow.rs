//! Much data: slow readers, fast senders, and nobody starves.

use crate::harness::{Event, Script, Setup, data_of, echo, events_of, pattern, read_all};
use herd::limits::{OUTPUT_HIGH_WATER_BYTES, READ_BUDGET_BYTES, READ_BUDGET_FIRST_BYTES};
use herd::transport::Action;
use herd::transport::DriverSide;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

const MANY: usize = 16 * 1_024 * 1_024;
const PIECE: usize = 10_000;

/// Writes pieces of the pattern while there is room, and closes behind the last.
fn produce() -> Script {
    let mut made = 0;
    let whole = pattern(MANY);
    Box::new(move |cx, event| {
        if !matches!(event, Event::Made | Event::Room) {
            return;
        }
        while made < MANY && cx.transport.request_room() {
            let piece = &whole[made..MANY.min(made + PIECE)];
            cx.transport.write(piece);
            made += piece.len();
        }
        assert!(cx.transport.output_len() < OUTPUT_HIGH_WATER_BYTES + PIECE);
        if made == MANY {
            cx.transport.close();
        }
    })
}

/// Echoes, and reads no more than can be sent.
fn careful_echo() -> Script {
    Box::new(|cx, event| match event {
        Event::Data(data) => {
            cx.transport.write(data);
            if !cx.transport.request_room() {
                cx.transport.pause_reading();
            }
            let most = OUTPUT_HIGH_WATER_BYTES + READ_BUDGET_BYTES;
            assert!(cx.transport.output_len() <= most, "it was not paused");
        }
        Event::Room => cx.transport.resume_reading(),
        Event::Ended => cx.transport.close(),
        _ => {}
    })
}

#[test]
fn a_slow_reader_gets_all_and_little_is_made_ahead() {
    let reactor = Setup::accepting(produce).run();
    let mut client = reactor.connect();
    let mut came = Vec::with_capacity(MANY);
    let mut small = [0; 4_096];
    loop {
        match client.read(&mut small).unwrap() {
            0 => break,
            read => came.extend_from_slice(&small[..read]),
        }
    }
    assert!(came == pattern(MANY), "something is missing or out of order");
    drop(client);
    let events = reactor.events();
    let rooms = events.iter().filter(|event| **event == Event::Room).count();
    assert!(rooms >= 10, "it was told of room {rooms} times only");
}

#[test]
fn both_directions_flow_at_once() {
    let reactor = Setup::accepting(careful_echo).run();
    let mut client = reactor.connect();
    let mut writer = client.try_clone().unwrap();
    let sending = thread::spawn(move || {
        writer.write_all(&pattern(MANY)).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    assert!(read_all(&mut client) == (pattern(MANY), true), "something is missing");
    sending.join().unwrap();
    let events = reactor.events();
    assert!(data_of(&events) == pattern(MANY));
}

#[test]
fn a_flood_does_not_starve_others() {
    flood(READ_BUDGET_BYTES, || answer_pings(false));
}

#[test]
fn a_flood_that_goes_first_keeps_others_waiting_for_less() {
    flood(READ_BUDGET_FIRST_BYTES, || answer_pings(true));
}

/// The flood is thrown away, so that it is never held up; others are answered.
fn answer_pings(first: bool) -> Script {
    Box::new(move |cx, event| match event {
        Event::Made if first => cx.transport.go_first(),
        Event::Data(data) if data.len() == 4 => cx.transport.write(data),
        Event::Ended => cx.transport.close(),
        _ => {}
    })
}

/// Others are answered during a flood, and no more than `budget` of it is read in a turn.
fn flood(budget: usize, accept: fn() -> Script) {
    let reactor = Setup::accepting(accept).run();
    let mut other = reactor.connect();
    let mut flood = reactor.connect();
    let flooding = thread::spawn(move || {
        let junk = vec![b'x'; 1_024 * 1_024];
        let mut sent = 0;
        while sent < 256 && flood.write_all(&junk).is_ok() {
            sent += 1;
        }
        sent
    });
    let mut rounds = 0;
    while !flooding.is_finished() {
        other.write_all(b"ping").unwrap();
        let mut answer = [0; 4];
        other.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ping");
        rounds += 1;
    }
    assert_eq!(flooding.join().unwrap(), 256);
    drop(other);
    assert!(rounds > 20, "only {rounds} answers came during the flood");
    let calls = reactor.calls_until_lost(2);
    let mut in_turn = BTreeMap::new();
    for call in &calls {
        if let Event::Data(data) = &call.event {
            let bytes: &mut usize = in_turn.entry((call.id, call.at)).or_default();
            *bytes += data.len();
            assert!(*bytes <= budget, "{bytes} bytes of one connection in a turn");
        }
    }
}

#[test]
fn small_pieces_arrive_in_order() {
    let reactor = Setup::accepting(echo).run();
    let mut client = reactor.connect();
    for byte in pattern(2_000) {
        client.write_all(&[byte]).unwrap();
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut client), (pattern(2_000), true));
    let calls = reactor.calls_until_lost(1);
    let id = calls[0].id.unwrap();
    assert_eq!(data_of(&events_of(&calls, id)), pattern(2_000));
}

#[test]
fn who_wakes_itself_for_ever_does_not_starve_others() {
    let accept = || -> Script {
        Box::new(|cx, event| match event {
            Event::Data(data) if data != b"wake" => cx.transport.write(data),
            Event::Data(_) | Event::Woken => {
                cx.app.actions.push_back(Action::Wake(cx.transport.id()));
            }
            Event::Ended => cx.transport.close(),
            _ => {}
        })
    };
    let reactor = Setup::accepting(accept).run();
    let mut restless = reactor.connect();
    restless.write_all(b"wake").unwrap();
    reactor.calls_until(|call| call.event == Event::Woken);
    let mut other = reactor.connect();
    other.write_all(b"echo").unwrap();
    let mut answer = [0; 4];
    other.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"echo");
    drop((restless, other));
    let mut lost = 0;
    reactor.calls_until(|call| {
        lost += usize::from(matches!(call.event, Event::Lost(_)));
        lost == 2
    });
}
