//! Listening and stopping to listen while the reactor runs.

use crate::harness::{DEADLINE, Event, Port, Running, Script, Setup};
use herd::transport::Action;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// Who connects says what is to be done, and is told the address that was bound last.
fn on_command(taken: SocketAddr) -> Script {
    Box::new(move |cx, event| {
        let Event::Data(command) = event else { return };
        let listen = |address| Action::Listen { listener: Port::Second, address, tls: None };
        match &command[..] {
            b"listen" => cx.app.actions.push_back(listen((Ipv4Addr::LOCALHOST, 0).into())),
            b"taken" => cx.app.actions.push_back(listen(taken)),
            b"stop" => {
                cx.app.actions.push_back(Action::StopListening(Port::Second));
                // What is asked for in a turn is done before it writes.
                cx.transport.write(b"stopped");
            }
            _ => {
                let bound = cx.app.bound.map(|bound| bound.to_string()).unwrap_or_default();
                cx.transport.write(bound.as_bytes());
            }
        }
    })
}

fn say(stream: &mut TcpStream, command: &[u8]) {
    stream.write_all(command).unwrap();
}

/// What is answered, in one piece.
fn answer(stream: &mut TcpStream) -> String {
    let mut text = [0; 64];
    let count = stream.read(&mut text).unwrap();
    String::from_utf8_lossy(&text[..count]).into_owned()
}

/// The address that was bound last.
fn bound(stream: &mut TcpStream) -> SocketAddr {
    say(stream, b"where");
    answer(stream).parse().unwrap()
}

fn until_listening(reactor: &Running, expected: bool) {
    let is_it = |event: &Event| matches!(event, Event::Listening(_));
    let calls = reactor.calls_until(|call| is_it(&call.event));
    assert_eq!(calls.last().map(|call| call.event.clone()), Some(Event::Listening(expected)));
}

#[test]
fn a_port_is_opened_and_closed_again_and_who_came_by_it_stays() {
    let nobody = (Ipv4Addr::LOCALHOST, 1).into();
    let reactor = Setup::accepting(move || on_command(nobody)).run();
    let mut operator = reactor.connect();
    for _ in 0..3 {
        say(&mut operator, b"listen");
        until_listening(&reactor, true);
        let address = bound(&mut operator);
        let mut visitor = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        visitor.set_read_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(bound(&mut visitor), address);
        say(&mut operator, b"stop");
        assert_eq!(answer(&mut operator), "stopped");
        assert!(TcpStream::connect_timeout(&address, DEADLINE).is_err(), "it still listens");
        assert_eq!(bound(&mut visitor), address, "who is there is served on");
    }
}

#[test]
fn an_address_that_cannot_be_bound_is_said() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = other.local_addr().unwrap();
    let reactor = Setup::accepting(move || on_command(taken)).run();
    say(&mut reactor.connect(), b"taken");
    until_listening(&reactor, false);
}
