//! Who is there: what a protocol is told of its peer when a connection is made.

use crate::harness::{DEADLINE, Event, Script, Setup, endpoint, idle, on};
use crate::tls::{accepting, dial};
use herd::transport::PeerInfo;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{self, Sender};

/// Tells the test who is there.
fn tell(peers: Sender<PeerInfo>) -> Script {
    on(Event::Made, move |cx| {
        peers.send(cx.app.peer.clone().unwrap()).unwrap();
    })
}

#[test]
fn who_connects_is_told_by_address() {
    let (peers, told) = mpsc::channel();
    let reactor = Setup::accepting(move || tell(peers.clone())).run();
    let client = reactor.connect();
    let address = client.local_addr().unwrap();
    assert_eq!(told.recv().unwrap(), PeerInfo::at(address));
}

#[test]
fn who_is_dialled_is_told_by_the_address_that_answered() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at: SocketAddr = listener.local_addr().unwrap();
    let (peers, told) = mpsc::channel();
    let _reactor = Setup::dialling(endpoint(at), DEADLINE, tell(peers)).run();
    assert_eq!(told.recv().unwrap(), PeerInfo::at(at));
}

#[test]
fn who_is_dialled_has_the_name_of_its_certificate() {
    let (server, trust) = accepting(idle);
    let (peers, told) = mpsc::channel();
    let _reactor = dial(&server, "localhost", Ok(trust), tell(peers));
    assert_eq!(told.recv().unwrap().name.as_deref(), Some("localhost"));
}
