//! More strangers at the port for neighbours than may be there: they are bounded, and a neighbour
//! still gets in.

use crate::harness::{Client, Herd, StandIn, until};
use crate::tell;
use herd::limits;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

const STRANGERS: usize = 200;
/// The oldest strangers make room for whoever comes behind them: a neighbour waits for no time-out. What
/// is measured is mostly its start.
const LET_IN_MAX: Duration = Duration::from_secs(3);

#[test]
fn strangers_are_bounded_and_a_neighbour_gets_in() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    assert_eq!(a.ask("x"), "? x");
    let before = a.process.descriptors();
    let bound = limits::STRANGERS_MAX + limits::DESCRIPTORS_PER_NEIGHBOUR;
    let _strangers: Vec<Client> = (0..STRANGERS).map(|_| a.stranger()).collect();
    a.wait_for_log(&format!("more than {} connections", limits::UNGREETED_MAX));
    let taken = a.process.descriptors().saturating_sub(before);
    assert!(taken <= bound, "{taken} strangers were let in");
    assert_eq!(a.ask("x"), "? x", "clients have nothing to do with it");
    let start = Instant::now();
    let b = herd.start("B");
    a.wait_for_links();
    // What A learns is at B at once: that link A has dialled.
    let told = a.report("kiwi", "1");
    b.wait_for(&told);
    // And the link that B dials comes up, though strangers hold all places for such.
    b.wait_for_links();
    let took = start.elapsed();
    let told = b.report("fig", "1");
    a.wait_for(&told);
    tell(&format!("a neighbour got in {took:.1?} after {STRANGERS} silent strangers came"));
    assert!(took < LET_IN_MAX, "it took {took:?}");
    until("no stranger is left", || {
        let left = a.process.descriptors().saturating_sub(before);
        (left <= 2 * limits::DESCRIPTORS_PER_NEIGHBOUR).then_some(())
    });
}

#[test]
fn who_sends_no_whole_command_or_none_any_more_is_left() {
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = herd.command("Solo");
    command.args(["--first-line", "1", "--idle", "2.5"]);
    let server = herd.start_by("Solo", command);
    let start = Instant::now();
    let (mut silent, mut half, mut known) = (server.client(), server.client(), server.client());
    half.send("IAMAT kiwi");
    assert_eq!(known.ask("x"), "? x");
    for client in [&mut silent, &mut half] {
        assert_eq!(client.rest(), b"");
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(1), "left after {took:?}");
    assert_eq!(known.ask("y"), "? y", "it has another second");
    let start = Instant::now();
    assert_eq!(known.rest(), b"");
    assert!(start.elapsed() >= Duration::from_secs(2), "left after {:?}", start.elapsed());
    server.wait_for_log("given up, no command has come in the time of --idle");
    server.wait_for_log("given up, no command has come in the time of --first-line");
}

#[test]
fn who_says_nothing_where_tls_is_spoken_is_left() {
    let places = StandIn::start(&[]);
    let port = places.url().split([':', '/']).find_map(|part| part.parse().ok()).unwrap();
    let mut stranger = Client::connect((Ipv4Addr::LOCALHOST, port).into());
    let start = Instant::now();
    assert_eq!(stranger.wait_for_end(), b"");
    let took = start.elapsed();
    let soonest = limits::HANDSHAKE_TIMEOUT - Duration::from_secs(1);
    assert!(took > soonest && took < limits::HANDSHAKE_TIMEOUT * 2, "left after {took:?}");
}
