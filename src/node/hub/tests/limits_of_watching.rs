//! How much may be watched, kept and told.

use super::*;

#[test]
fn watches_have_their_limit_and_an_end() {
    let mut stage = Stage::new(2);
    for number in 0..limits::WATCHES_PER_CLIENT_MAX {
        let watch = if number % 2 == 0 { format!("c{number}") } else { format!("+1+1 {number}") };
        assert!(stage.command(0, &format!("WATCH {watch}")));
    }
    assert!(!stage.command(0, "WATCH one-more") && !stage.command(0, "WATCH *"));
    assert!(stage.command(0, "WATCH c0"), "it is there already");
    assert!(stage.command(1, "WATCH one-more"), "another connection has its own");
    assert!(stage.command(0, "UNWATCH c0") && stage.command(0, "WATCH one-more"));
    stage.settle();
    let watchers: Vec<WatcherId> = stage.watchers.drain(..).map(|(id, _)| id).collect();
    for id in watchers {
        stage.hub.leave(id, &mut stage.positions);
    }
    let Hub { cursor, watches, watches_bytes, by_client, by_place, recent, .. } = &stage.hub;
    assert!(
        cursor.is_none()
            && recent.iter().all(Option::is_none)
            && (*watches, *watches_bytes) == (0, 0)
    );
    assert!(by_client.is_empty() && by_place.is_empty());
    stage.hub.check(&stage.positions).unwrap();
}

#[test]
fn a_server_has_so_many_watches_and_no_more() {
    let mut stage = Stage::new(1);
    stage.hub.watches = limits::WATCHES_MAX;
    assert!(!stage.command(0, "WATCH kiwi"));
    stage.hub.watches = 0;
    assert!(stage.command(0, "WATCH kiwi"));
}

#[test]
fn what_watches_are_written_as_is_bounded() {
    let mut stage = Stage::new(1);
    let long = format!("+1+1 1.{}", "0".repeat(16_000));
    assert!(stage.command(0, &format!("WATCH {long}")) && stage.command(0, "WATCH kiwi"));
    assert_eq!(stage.told(0), format!("NOW {long}, NOW kiwi"));
    assert_eq!(stage.hub.watches_bytes, long.len() + 4);
    stage.hub.watches_bytes += limits::WATCHES_BYTES_MAX - long.len() - 4 - 3;
    assert!(!stage.command(0, "WATCH figs") && stage.command(0, "WATCH fig"));
    assert!(stage.command(0, &format!("WATCH {long}")), "it is there already");
    assert!(stage.command(0, &format!("UNWATCH {long}")) && stage.command(0, "WATCH figs"));
}

#[test]
fn who_grows_beyond_what_all_may_keep_is_dropped() {
    let mut stage = Stage::new(2);
    assert!(stage.command(0, "WATCH +1+1 10") && stage.command(1, "WATCH a"));
    for number in 0..=limits::WATCHED_MANY {
        stage.report(&format!("c{number}"), "+1+1");
    }
    stage.settle();
    let [many, one] = [stage.watchers[0].0, stage.watchers[1].0];
    assert!(stage.hub.may_stay(many) && stage.hub.may_stay(one));
    stage.hub.kept += limits::WATCHED_MAX - limits::WATCHED_MANY;
    assert!(!stage.hub.may_stay(many), "all together keep one too many");
    assert!(stage.hub.may_stay(one), "it is not this one");
    // It is called for that, though it has no room.
    let watcher = find(&mut stage.hub.watchers, many).unwrap();
    watcher.set_state(State::Blocked);
    stage.report("c0", "+1+1");
    stage.hub.walk(&mut stage.positions);
    assert_eq!(find(&mut stage.hub.watchers, many).unwrap().state(), State::Due);
    stage.hub.leave(many, &mut stage.positions);
    assert_eq!(stage.hub.kept, limits::WATCHED_MAX - limits::WATCHED_MANY);
}

#[test]
fn watchers_have_turns_and_shares() {
    let mut stage = Stage::new(limits::WATCHERS_PER_TURN as u32 + 1);
    for number in 0..limits::EVENTS_PER_WATCHER {
        stage.report(&format!("c{number}"), "+1+1");
    }
    for watcher in 0..stage.watchers.len() {
        assert!(stage.command(watcher, "WATCH *"));
    }
    let lines = |stage: &Stage| -> Vec<usize> {
        stage.watchers.iter().map(|(_, told)| told.lines().count()).collect()
    };
    stage.turn();
    for (watcher, &told) in lines(&stage).iter().enumerate() {
        let is_called = watcher < limits::WATCHERS_PER_TURN;
        assert_eq!(told, if is_called { limits::EVENTS_PER_WATCHER } else { 0 }, "{watcher}");
    }
    assert!(stage.hub.has_due());
    // Who was told the least goes first.
    stage.turn();
    assert_eq!(lines(&stage)[limits::WATCHERS_PER_TURN], limits::EVENTS_PER_WATCHER);
    stage.settle();
    assert!(lines(&stage).iter().all(|&told| told == limits::EVENTS_PER_WATCHER + 1));
}

#[test]
fn an_area_in_which_there_are_many_is_looked_through_in_shares() {
    let mut stage = Stage::new(1);
    let clients = limits::AREA_LISTED_MAX + 1;
    for number in 0..clients {
        stage.report(&format!("c{number}"), "+1+1");
        stage.report(&format!("d{number}"), "-1-1");
    }
    assert!(stage.command(0, "WATCH +1+1 10"));
    for _ in 0..3 {
        stage.turn();
    }
    let before = stage.watchers[0].1.lines().count();
    assert!((1..clients).contains(&before), "{before}");
    // One that was told moves, one that was not, one leaves and one comes.
    stage.report("c0", "+1+1.001");
    stage.report(&format!("c{}", clients - 1), "+1+1.001");
    stage.report(&format!("c{}", clients - 2), "-1-1");
    stage.report("d0", "+1+1.001");
    let told = stage.told(0);
    let count = |client: &str| told.matches(&format!("AT {client} ")).count();
    assert_eq!(count("c0"), 2);
    assert_eq!(count(&format!("c{}", clients - 1)), 1);
    assert_eq!(count(&format!("c{}", clients - 2)), 0);
    assert_eq!(count("d0"), 1);
    assert_eq!(told.matches("AT ").count(), clients + 1);
    assert!(!told.contains("OUT"));
}
