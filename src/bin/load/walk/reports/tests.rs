//! Reports that are made, and what is done about servers that are away, without a socket.

use super::*;
use crate::target::Door;
use crate::walk::mode::MODES;
use herd::wire::Command;

const SECOND: u64 = 1_000_000_000;

fn now(nanoseconds: u64) -> Now {
    let posix_nanoseconds = 1_795_234_169 * SECOND as i64 + nanoseconds as i64;
    Now { monotonic: Monotonic::from_nanoseconds(nanoseconds), posix_nanoseconds }
}

/// So many clients and servers, at second 0, all of whom are dialled.
fn walk(clients: usize, servers: usize) -> Walk {
    let towns = [0.0, 1.0].map(|latitude| Location { latitude, longitude: -118.0 });
    let traveller =
        |number| Traveller::new(format!("car-{number}"), &MODES[3], towns.to_vec(), Random::new(1));
    let target = |number| Target::find(&format!("h:{}", number + 1), None, Door::Clients).unwrap();
    let servers: Vec<Target> = (0..servers).map(target).collect();
    let mut walk = Walk::new((0..clients).map(traveller).collect(), &servers, 1.0, 1);
    walk.turn_ended(now(0), &Meters::default());
    assert_eq!(dialled(&mut walk).len(), servers.len());
    walk
}

/// The ports that it asks to dial.
fn dialled(walk: &mut Walk) -> Vec<u16> {
    let dialled = |action| match action {
        Action::Dial { endpoint, .. } => Some(endpoint.port),
        _ => None,
    };
    std::iter::from_fn(|| walk.next_action()).filter_map(dialled).collect()
}

fn connection(number: u32) -> ConnectionId {
    ConnectionId { slot: number, generation: 0 }
}

/// All reports that are due for a server, as commands.
fn reports(walk: &mut Walk, server: usize) -> Vec<String> {
    let reports = walk.take_reports(server).into_iter();
    reports.map(|report| String::from_utf8(report).unwrap()).collect()
}

#[test]
fn each_client_reports_once_a_second_and_evenly() {
    let mut walk = walk(100, 1);
    walk.connected(0, connection(1));
    let mut lines = Vec::new();
    for tick in 1..=100 {
        walk.timer_expired(now(tick * SECOND / 100));
        let made = reports(&mut walk, 0);
        assert!((1..=2).contains(&made.len()), "{made:?}");
        lines.extend(made);
    }
    assert_eq!(lines.len(), 101);
    let mut ids: Vec<&str> = lines[..100].iter().map(|l| l.split(' ').nth(1).unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
    for line in &lines {
        let parsed = Command::parse(line.trim_end().as_bytes());
        assert!(matches!(parsed, Ok(Some(Command::IamAt(_)))), "{line}");
    }
    assert!(lines[0].contains(" 1795234169.0"), "{}", lines[0]);
}

#[test]
fn who_has_no_server_goes_to_another_and_waits_only_if_there_is_none() {
    let mut walk = walk(10, 3);
    walk.timer_expired(now(SECOND));
    assert_eq!(walk.count(), Count { unsent: 11, ..Count::default() });
    walk.connected(1, connection(1));
    walk.timer_expired(now(2 * SECOND));
    assert_eq!(reports(&mut walk, 1).len(), 10);
    walk.lost(1, 4, "it was cut", now(2 * SECOND).monotonic);
    assert_eq!(walk.count().lost, 4);
    walk.connected(2, connection(2));
    walk.timer_expired(now(3 * SECOND));
    assert_eq!((reports(&mut walk, 1).len(), reports(&mut walk, 2).len()), (0, 10));
}

#[test]
fn now_and_then_a_client_goes_to_another_server() {
    let mut walk = walk(100, 2);
    (0..2).for_each(|server| walk.connected(server, connection(server as u32)));
    let mut before = vec![usize::MAX; 100];
    let mut changes = 0;
    for second in 1..=120 {
        walk.timer_expired(now(second * SECOND));
        for server in 0..2 {
            for report in reports(&mut walk, server) {
                let number: usize =
                    report.split(['-', ' ']).nth(2).and_then(|number| number.parse().ok()).unwrap();
                changes += usize::from(before[number] != server);
                before[number] = server;
            }
        }
    }
    // Each once in two minutes on average, and once at first.
    assert!((150..260).contains(&changes), "{changes}");
}

#[test]
fn a_server_that_is_away_is_dialled_more_and_more_rarely_and_for_ever() {
    let mut walk = walk(1, 1);
    let mut at = 0;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        walk.lost(0, 0, "refused", now(at).monotonic);
        let redial = walk.servers[0].redial.unwrap().nanoseconds();
        pauses.push((redial - at) / 1_000_000);
        walk.timer_expired(now(redial - 1));
        assert_eq!(dialled(&mut walk), [0; 0]);
        walk.timer_expired(now(redial));
        assert_eq!(dialled(&mut walk), [1]);
        at = redial;
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
    assert_eq!(walk.take_said(), ["h:1 is away: refused"]);
    walk.connected(0, connection(1));
    walk.answered(0, b"IAMAT x", b"AT x", true);
    assert_eq!(walk.take_said(), ["h:1 answers"]);
    walk.lost(0, 0, "reset", now(at).monotonic);
    assert_eq!(walk.servers[0].redial, Some(now(at).monotonic + PAUSE_MIN));
}

#[test]
fn what_was_slept_through_is_not_made_up_for() {
    let mut walk = walk(10, 1);
    walk.connected(0, connection(1));
    walk.timer_expired(now(3_600 * SECOND));
    assert!(reports(&mut walk, 0).len() <= 11);
}

#[test]
fn wrong_answers_are_counted_and_some_are_shown() {
    let mut walk = walk(1, 1);
    for _ in 0..2 * SHOWN_MAX {
        walk.answered(0, b"IAMAT x +1+1 1\n", b"? IAMAT x +1+1 1\n", false);
    }
    assert_eq!(walk.count().wrong, 2 * SHOWN_MAX);
    let said = walk.take_said();
    assert_eq!(said.len() as u64, SHOWN_MAX);
    assert_eq!(said[0], "wrong: IAMAT x +1+1 1 -> ? IAMAT x +1+1 1");
}

#[test]
fn a_stop_ends_reports_and_dialling() {
    let mut walk = walk(1, 1);
    walk.signalled(Signal::Terminate, now(SECOND));
    assert!(matches!(walk.next_action(), Some(Action::Stop)));
    walk.lost(0, 3, "closed", now(SECOND).monotonic);
    assert_eq!((walk.deadline(), walk.count().lost), (None, 0));
    assert_eq!(walk.take_said().len(), 1);
}
