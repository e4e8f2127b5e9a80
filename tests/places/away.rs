//! A Places that is not there costs a question milliseconds, and is found again by itself.

use crate::certificates::{Authority, Flaw};
use crate::client::{Client, Pulse};
use crate::daemon::Setup;
use crate::fault::{
    PROMPT, SLACK, assert_good, assert_problem, assert_served, healthy, wait_for_recovery,
};
use crate::server::Server;
use herd::limits;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// What a question costs while Places is left alone.
const MILLISECONDS: Duration = Duration::from_millis(250);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(20);
/// Connections that a listening socket of the standard library queues at most.
const BACKLOG_MAX: usize = 5_000;

#[test]
fn a_service_that_refuses_connections_costs_milliseconds() {
    let authority = Authority::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let daemon = Setup::new(address.port(), authority.pem()).start();
    let mut client = Client::connect(daemon.clients);
    client.report("kiwi", "+34.068930-118.445127");
    let pulse = Pulse::start(daemon.clients);
    let since = Instant::now();
    while since.elapsed() < limits::PLACES_PAUSE_MAX {
        let answer = client.ask("kiwi", "10", 20);
        assert_problem("refused", &answer, &["cannot be reached", "refused"]);
        assert!(answer.took < MILLISECONDS, "{:?}", answer.took);
        thread::sleep(PAUSE);
    }
    daemon.wait_for_log(&["WARN  places: call ", "refused", " (Places is "]);
    let listener = TcpListener::bind(address).unwrap();
    let _server = Server::listening(listener, healthy(&authority.config(Flaw::None)));
    wait_for_recovery("refused", &mut client);
    assert_served("refused", pulse);
}

/// Fills a listening socket's queue, so that whoever connects hears nothing at all.
pub fn black_hole(address: IpAddr) -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
        assert!(queued.len() < BACKLOG_MAX, "the queue does not fill");
    }
    (listener, queued)
}

#[test]
fn a_black_hole_costs_one_time_out_and_then_milliseconds() {
    let authority = Authority::new();
    let (listener, queued) = black_hole(Ipv4Addr::LOCALHOST.into());
    let daemon = Setup::new(listener.local_addr().unwrap().port(), authority.pem()).start();
    let mut client = Client::connect(daemon.clients);
    let at = client.report("kiwi", "+34.068930-118.445127");
    let pulse = Pulse::start(daemon.clients);
    let answer = client.ask("kiwi", "10", 20);
    assert_eq!(answer.at, at);
    assert_problem(
        "black hole",
        &answer,
        &["cannot be reached", "not connected in time: the TCP connect to 127.0.0.1:"],
    );
    assert!(answer.took < limits::PLACES_CONNECT_TIMEOUT + SLACK, "{:?}", answer.took);
    // It is left alone for 100 ms at first, longer each time: a busy machine may sleep through that.
    let left_alone = (0..3)
        .map(|_| client.ask("kiwi", "10", 20))
        .find(|answer| String::from_utf8_lossy(&answer.json).contains("left alone"));
    let answer = left_alone.expect("it is left alone");
    assert_problem("left alone", &answer, &["not connected in time"]);
    assert!(answer.took < MILLISECONDS, "{:?}", answer.took);
    daemon.wait_for_log(&["WARN  places: call ", "not connected in time"]);
    drop(queued);
    let _server = Server::listening(listener, healthy(&authority.config(Flaw::None)));
    wait_for_recovery("black hole", &mut client);
    assert_served("black hole", pulse);
}

#[test]
fn a_name_without_an_address_is_said_and_holds_up_nobody() {
    let authority = Authority::new();
    let mut setup = Setup::new(443, authority.pem());
    setup.places = "https://nosuch.invalid/maps/api/place/nearbysearch/json".to_owned();
    let daemon = setup.start();
    let mut client = Client::connect(daemon.clients);
    let at = client.report("kiwi", "+34.068930-118.445127");
    let pulse = Pulse::start(daemon.clients);
    let answer = client.ask("kiwi", "10", 20);
    assert_eq!(answer.at, at);
    assert_problem("no address", &answer, &["Places cannot be reached"]);
    assert!(answer.took < limits::PLACES_CONNECT_TIMEOUT + SLACK, "{:?}", answer.took);
    daemon.wait_for_log(&["WARN  places: call ", "Places cannot be reached"]);
    let answer = client.ask("kiwi", "10", 20);
    assert!(answer.took < PROMPT.max(limits::PLACES_CONNECT_TIMEOUT + SLACK));
    assert_served("no address", pulse);
}

#[test]
fn a_service_that_dies_under_its_questions_is_noticed_and_found_again() {
    let authority = Authority::new();
    let tls = authority.config(Flaw::None);
    let server = Server::start(healthy(&tls));
    let address: SocketAddr = server.address;
    let daemon = Setup::new(address.port(), authority.pem()).start();
    let mut client = Client::connect(daemon.clients);
    client.report("kiwi", "+34.068930-118.445127");
    assert_good("it is up", &client.ask("kiwi", "10", 20));
    drop(server);
    let answer = client.ask("kiwi", "10", 20);
    assert_problem("dead", &answer, &["Places"]);
    assert!(answer.took < MILLISECONDS, "{:?}", answer.took);
    let listener = TcpListener::bind(address).unwrap();
    let _server = Server::listening(listener, healthy(&tls));
    wait_for_recovery("up again", &mut client);
}
