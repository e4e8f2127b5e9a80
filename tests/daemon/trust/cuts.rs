//! Handshakes and links that break off at every place, or come in the smallest pieces.

use super::doors::{assert_undisturbed, linked};
use super::{Shown, caller, greeting, showing, speaking};
use crate::harness::{Client, Server, Tls, until};
use rustls::{ClientConfig, ClientConnection, version};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// A connection that carries so many bytes of what is written, and then breaks.
struct Cut {
    stream: TcpStream,
    left: usize,
}

impl Read for Cut {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Cut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.left);
        if count == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let written = self.stream.write(&bytes[..count])?;
        self.left -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A connection that sends each byte by itself.
struct Crumbs(TcpStream);

impl Read for Crumbs {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Crumbs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A handshake of which so many bytes are sent; how many were not.
fn cut_behind(bytes: usize, server: &Server, config: &Arc<ClientConfig>) -> usize {
    let stream = Cut { stream: server.stranger().stream, left: bytes };
    let mut client = Client::over(stream).secure(config, "a.test");
    // It breaks in the middle, unless there was less to say.
    let _ = client.shake_hands().and_then(|()| client.stream.flush());
    client.stream.sock.left
}

/// What a client says first.
fn hello(config: &Arc<ClientConfig>) -> Vec<u8> {
    let name = "a.test".try_into().unwrap();
    let mut session = ClientConnection::new(Arc::clone(config), name).unwrap();
    let mut hello = Vec::new();
    while session.wants_write() {
        session.write_tls(&mut hello).unwrap();
    }
    hello
}

/// Waits until a server has so many descriptors open, or fewer.
fn wait_for_descriptors(server: &Server, most: usize) {
    until("all descriptors are given back", || {
        (server.process.descriptors() <= most).then_some(())
    });
}

#[test]
fn a_handshake_that_is_cut_at_any_byte_leaves_nothing_behind() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let config = showing(&herd, Some(&Shown::of(&herd, "D")));
    let descriptors = a.process.descriptors();
    // What comes up lazily is there.
    assert!(cut_behind(usize::MAX, a, &config) > 0);
    wait_for_descriptors(a, descriptors);
    let resident = usize::try_from(a.process.resident_bytes()).unwrap();
    // What is said first is the same for all: all its beginnings, without a word behind them.
    let hello = hello(&config);
    for bytes in 0..hello.len() {
        a.stranger().send(&hello[..bytes]);
    }
    // What is said behind it, only who knows the keys can say.
    let flight = {
        let left = cut_behind(1 << 16, a, &config);
        (1 << 16) - left
    };
    assert!(flight > hello.len() + 300, "{flight} bytes, {} of them first", hello.len());
    let first = hello.len();
    let near_its_ends = |at: &usize| at - first < 24 || flight - at < 80 || at.is_multiple_of(9);
    let mut cut = 0;
    for bytes in (first..flight).filter(near_its_ends) {
        // Signatures differ in length, by a few bytes.
        assert!(cut_behind(bytes, a, &config) < 8);
        cut += 1;
    }
    assert!(cut > 100, "{cut}");
    wait_for_descriptors(a, descriptors);
    let grown = usize::try_from(a.process.resident_bytes()).unwrap().saturating_sub(resident);
    assert!(grown < 4 * 1_024 * 1_024, "the server has grown by {grown} bytes");
    assert_undisturbed(&servers);
    a.wait_for_log("is refused: closed in the middle of the TLS handshake");
}

#[test]
fn a_neighbour_that_speaks_in_the_smallest_pieces_is_understood() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let shown = Shown::of(&herd, "D");
    // Each byte is a segment of TCP.
    let crumbs = Client::over(Crumbs(a.stranger().stream));
    let mut d = crumbs.secure(&showing(&herd, Some(&shown)), "a.test");
    d.send(greeting("D"));
    assert!(d.line().starts_with("HEARD 2 A "));
    drop(d);
    // Records as small as rustls makes them, and the first message a byte in each.
    let mut config = speaking(&herd, Some(&shown), &[&version::TLS13]);
    config.max_fragment_size = Some(32);
    let mut d = caller(a, &Arc::new(config));
    let mut hello = Vec::new();
    while d.stream.conn.wants_write() {
        d.stream.conn.write_tls(&mut hello).unwrap();
    }
    let mut small = Vec::new();
    while !hello.is_empty() {
        let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
        for byte in &hello[5..5 + length] {
            small.extend_from_slice(&[hello[0], hello[1], hello[2], 0, 1, *byte]);
        }
        hello.drain(..5 + length);
    }
    d.stream.sock.write_all(&small).unwrap();
    d.send(greeting("D"));
    assert!(d.line().starts_with("HEARD 2 A "));
    for byte in b"AT D +0.000000001 fig +34.0-118.0 1\n" {
        d.send([*byte]);
        d.stream.flush().unwrap();
    }
    a.wait_for("AT D +0.000000001 fig +34.0-118.0 1");
    assert_undisturbed(&servers);
}

/// D, which has been welcomed.
fn welcomed(config: &Arc<ClientConfig>, server: &Server) -> Client<Tls> {
    let mut d = caller(server, config);
    d.send(greeting("D"));
    assert!(d.line().starts_with("HEARD 2 A "));
    d
}

#[test]
fn a_link_ends_with_a_close_notify_or_was_cut() {
    let (herd, servers) = linked();
    let a = &servers[0];
    let config = showing(&herd, Some(&Shown::of(&herd, "D")));
    let mut d = welcomed(&config, a);
    d.send("AT D +0.000000001 fig +34.0-118.0 1\n");
    d.notify_close();
    // A tells that it has ended, too: or this would fail.
    d.rest();
    a.wait_for("AT D +0.000000001 fig +34.0-118.0 1");
    a.wait_for_log(", D: closed");
    let mut d = welcomed(&config, a);
    d.send("AT D +0.000000001 fig +34.0-118.0 2\n");
    d.stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
    a.wait_for_log(", D: cut off without close_notify");
    a.wait_for("AT D +0.000000001 fig +34.0-118.0 2");
    // Behind the end nothing counts.
    let mut d = welcomed(&config, a);
    d.stream.conn.send_close_notify();
    let _ = d.stream.flush();
    let _ = d.stream.sock.write_all(b"\x17\x03\x03\x00\x01x");
    d.wait_for_end();
    // A record that makes no sense in the middle of a link.
    let mut d = welcomed(&config, a);
    d.stream.sock.write_all(b"\x17\x03\x03\x00\x20nonsense, and not by its own keys").unwrap();
    d.wait_for_end();
    a.wait_for_log(", D: TLS: ");
    assert_undisturbed(&servers);
}
