//! Names with several addresses, and names that nobody finds: look-ups are the tests' own, and all
//! of 127.0.0.0/8 is here.

use crate::harness::{DEADLINE, Event, Running, Setup, TLS, echo, events_of, on, read_all};
use crate::tls::certificate;
use herd::limits;
use herd::reactor::LookUp;
use herd::transport::Endpoint;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine to get round to what should happen at once.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a server at an address does with a connection; the socket is closed when it returns.
type Behaviour = fn(TcpStream, &Arc<ServerConfig>) -> io::Result<()>;

fn greets(socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<()> {
    let session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, socket);
    stream.write_all(b"hello")?;
    stream.conn.send_close_notify();
    stream.flush()?;
    read_all(&mut stream);
    Ok(())
}

fn is_silent(mut socket: TcpStream, _: &Arc<ServerConfig>) -> io::Result<()> {
    while socket.read(&mut [0; 4_096])? > 0 {}
    Ok(())
}

fn closes(_: TcpStream, _: &Arc<ServerConfig>) -> io::Result<()> {
    Ok(())
}

/// Takes the greeting before it goes, so that nothing is reset.
fn closes_later(mut socket: TcpStream, _: &Arc<ServerConfig>) -> io::Result<()> {
    socket.read(&mut [0; 4_096]).map(|_| ())
}

fn babbles(mut socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<()> {
    socket.write_all(b"220 mail.example ESMTP\r\n")?;
    is_silent(socket, config)
}

/// Proves to be somebody else.
fn is_another(socket: TcpStream, _: &Arc<ServerConfig>) -> io::Result<()> {
    greets(socket, &certificate("elsewhere.example").0)
}

/// Dials `localhost`, which has as many addresses as there are behaviours; None is nobody there.
fn dial(behaviours: &[Option<Behaviour>], timeout: Duration) -> (Running, Vec<SocketAddr>) {
    let (config, trust) = certificate("localhost");
    let first = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 1), 0)).unwrap();
    let port = first.local_addr().unwrap().port();
    let mut first = Some(first);
    let mut addresses = Vec::new();
    for (behaviour, last) in behaviours.iter().zip(1..) {
        let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port));
        let listener = first.take().unwrap_or_else(|| TcpListener::bind(address).unwrap());
        if let Some(behaviour) = *behaviour {
            let config = Arc::clone(&config);
            thread::spawn(move || {
                for socket in listener.incoming() {
                    // The peer may be gone.
                    let _ended = behaviour(socket.unwrap(), &config);
                }
            });
        }
        addresses.push(address);
    }
    let endpoint = Endpoint::tls("localhost", port, TLS);
    let mut setup = Setup::dialling(endpoint, timeout, on(Event::Ended, |cx| cx.transport.close()));
    setup.dial_tls = Ok(trust);
    let found = addresses.clone();
    setup.look_up = Some(Arc::new(move |_: &str, _| Ok(found.clone())));
    (setup.run(), addresses)
}

#[track_caller]
fn assert_greeted(behaviours: &[Option<Behaviour>]) {
    let events = dial(behaviours, TIMEOUT).0.events();
    let hello = Event::Data(b"hello".to_vec());
    assert_eq!(events[..3], [Event::Made, hello, Event::Ended], "{events:?}");
}

#[track_caller]
fn only_loss(behaviours: &[Option<Behaviour>], timeout: Duration) -> (String, Vec<SocketAddr>) {
    let (reactor, addresses) = dial(behaviours, timeout);
    match &reactor.events()[..] {
        [Event::Lost(cause)] => (cause.clone(), addresses),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_address_is_tried_at_whatever_stage_the_first_fails() {
    let bad: [Option<Behaviour>; 6] =
        [None, Some(closes), Some(closes_later), Some(babbles), Some(is_another), Some(is_silent)];
    for bad in bad {
        assert_greeted(&[bad, Some(greets)]);
    }
    assert_greeted(&[None, Some(is_another), Some(closes), Some(babbles), Some(greets)]);
}

#[test]
fn of_several_failures_that_of_the_address_that_came_furthest_is_told() {
    let short = Duration::from_millis(400);
    for bad in [[Some(is_another as Behaviour), None], [None, Some(is_another)]] {
        let (cause, _) = only_loss(&bad, TIMEOUT);
        assert!(cause.starts_with("Tls(\"invalid peer certificate: "), "{cause}");
    }
    for bad in
        [[Some(is_another as Behaviour), Some(is_silent)], [Some(is_silent), Some(is_another)]]
    {
        let started = Instant::now();
        let (cause, _) = only_loss(&bad, short);
        assert!(cause.starts_with("Tls(\"invalid peer certificate: "), "{cause}");
        assert!(started.elapsed() >= short / 2, "the silent one had no time");
    }
    let (cause, addresses) = only_loss(&[Some(is_silent), None], short);
    assert_eq!(cause, format!("ConnectTimeout(Handshake({}))", addresses[0]));
    let (cause, _) = only_loss(&[None, None, None], TIMEOUT);
    assert!(cause.starts_with("Connect("), "{cause}");
}

#[test]
fn all_addresses_together_have_the_time_of_one_dial() {
    let timeout = Duration::from_millis(500);
    let started = Instant::now();
    let silent = [Some(is_silent as Behaviour); limits::ADDRESSES_MAX];
    let (cause, _) = only_loss(&silent, timeout);
    let took = started.elapsed();
    assert!(cause.starts_with("ConnectTimeout(Handshake("), "{cause}");
    assert!(took >= timeout && took < timeout + Duration::from_secs(2), "{took:?}");
}

#[test]
fn so_many_addresses_are_tried_and_no_more() {
    let mut behaviours = vec![None; limits::ADDRESSES_MAX];
    behaviours.push(Some(greets as Behaviour));
    let (cause, _) = only_loss(&behaviours, TIMEOUT);
    assert!(cause.starts_with("Connect("), "{cause}");
    behaviours.remove(0);
    assert_greeted(&behaviours);
}

#[test]
fn a_name_that_is_looked_up_for_ever_is_given_up_in_time_and_holds_up_nobody() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let (release, hang) = mpsc::channel::<()>();
    let hang = std::sync::Mutex::new(hang);
    let look_up: LookUp = Arc::new(move |host: &str, _| match host {
        "slow.example" => {
            // Until the test is over.
            let _over = hang.lock().unwrap().recv();
            Err(io::ErrorKind::TimedOut.into())
        }
        _ => Ok(vec![at]),
    });
    let endpoint = |host: &str| Endpoint::plain(host, at.port());
    let timeout = Duration::from_millis(300);
    let mut setup = Setup::dialling(endpoint("slow.example"), timeout, echo());
    setup.dials.push((endpoint("slow.example"), timeout, echo()));
    setup.dials.push((endpoint("quick.example"), DEADLINE, echo()));
    setup.look_up = Some(look_up);
    let reactor = setup.run();
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(DEADLINE)).unwrap();
    peer.write_all(b"hello").unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_all(&mut peer), (b"hello".to_vec(), true));
    drop(peer);
    let calls = reactor.calls_until_lost(3);
    let mut ids: Vec<_> = calls.iter().filter_map(|call| call.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let pending = [Event::Lost("ConnectTimeout(LookUp)".to_owned())];
    let waited = ids.iter().filter(|id| events_of(&calls, **id) == pending);
    assert_eq!(waited.count(), 2, "{calls:?}");
    drop(release);
}
