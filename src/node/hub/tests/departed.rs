//! What is told of clients whose time is over.

use super::*;

/// What somebody is told who comes back to everything with that number, and goes again.
fn comes_back(stage: &mut Stage, after: u64) -> String {
    let id = stage.watchers[0].0;
    assert!(stage.hub.watch(id, &Watch::All, Some(event(after)), &mut stage.positions));
    let told = stage.told(0);
    assert!(stage.command(0, "UNWATCH *"));
    told
}

#[test]
fn so_many_are_kept_for_those_who_come_back() {
    let mut stage = Stage::new(1);
    stage.hub.keep_departures();
    stage.let_go_after(10_000);
    let most = limits::DEPARTURES_KEPT_MAX;
    (0..most).for_each(|client| stage.report(&format!("c{client}"), "+1+1"));
    let after = stage.positions.head();
    // All of these end, and no other.
    stage.time += 10_000;
    stage.turn();
    let told = comes_back(&mut stage, after);
    assert_eq!(told.matches("EXPIRED c").count(), most, "{told}");
    assert!(told.ends_with("NOW *"));
    // With one more, what departed first is not known any more: all is told from the beginning.
    stage.report("kiwi", "+1+1");
    let later = stage.positions.head();
    stage.time += 10_002;
    stage.turn();
    let told = comes_back(&mut stage, after);
    assert_eq!(told, "NOW *", "all from the beginning, and nobody is left");
    assert_eq!(comes_back(&mut stage, later), "EXPIRED kiwi, NOW *");
}

#[test]
fn who_moved_while_what_is_so_was_told_may_have_been_told_of_before() {
    let mut stage = Stage::new(1);
    stage.let_go_after(100);
    stage.is_narrow = true;
    let id = stage.watchers[0].0;
    ["kiwi", "fig"].iter().for_each(|client| stage.report(client, "+1+1"));
    assert!(stage.command(0, "WATCH *"));
    stage.turn();
    // The first of them has been told of, and moves.
    ["lemon", "kiwi"].iter().for_each(|client| stage.report(client, "+2+2"));
    for _ in 0..2 {
        stage.hub.resume(id);
        stage.turn();
    }
    stage.time += 200;
    let told = stage.told(0);
    assert!(told.starts_with("AT kiwi +1+1 0, AT fig +1+1 1, AT lemon +2+2 2, "), "{told}");
    for client in ["kiwi", "fig", "lemon"] {
        assert_eq!(told.matches(&format!("EXPIRED {client}")).count(), 1, "{told}");
    }
}

#[test]
fn who_left_and_died_before_that_was_told_has_left() {
    let mut stage = Stage::new(1);
    stage.let_go_after(12);
    stage.report("kiwi", "+1+1");
    stage.report("fig", "+1+1");
    assert!(stage.command(0, "WATCH +1+1 10"));
    assert_eq!(stage.told(0), "AT kiwi +1+1 0, AT fig +1+1 1, NOW +1+1 10");
    // Both are dead before anything is told of them, and taken out half a second later.
    stage.report("kiwi", "+9+9");
    stage.time -= 1;
    stage.report("fig", "+1+1.001");
    stage.pass(2 * 11 + 1);
    assert_eq!(stage.told(0), "OUT kiwi");
    stage.pass(1);
    assert_eq!(stage.told(0), "EXPIRED fig");
}

#[test]
fn who_left_and_died_while_a_reader_was_away_has_left() {
    let mut stage = Stage::new(1);
    stage.hub.keep_departures();
    stage.let_go_after(12);
    stage.report("kiwi", "+1+1");
    stage.report("fig", "+1+1");
    let after = stage.positions.head();
    stage.report("kiwi", "+9+9");
    stage.time -= 1;
    stage.report("fig", "+1+1.001");
    stage.pass(2 * 11 + 1);
    let id = stage.watchers[0].0;
    let Ok(Some(Command::Watch(watch))) = Command::parse(b"WATCH +1+1 10") else { panic!() };
    stage.turn();
    assert!(stage.hub.watch(id, &watch, Some(event(after)), &mut stage.positions));
    assert_eq!(stage.told(0), "OUT kiwi, NOW +1+1 10");
    stage.pass(1);
    assert_eq!(stage.told(0), "EXPIRED fig");
    // Its number is another's now, who was never told of.
    stage.report("lemon", "+9+9");
    stage.report("lemon", "+9+8");
    assert_eq!(stage.told(0), "");
}

#[test]
fn who_died_behind_the_recent_lines_is_known_to_the_watches_that_are_left() {
    let mut stage = Stage::new(1);
    stage.let_go_after(12);
    assert!(stage.command(0, "WATCH +1+1 10") && stage.command(0, "WATCH *"));
    stage.told(0);
    stage.report("kiwi", "+1+1");
    stage.hub.walk(&mut stage.positions);
    // It is dead when the lines are told that everything ends with.
    stage.pass(2 * 11 + 1);
    stage.positions.set_now(12_500_000_000);
    assert!(stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "AT kiwi +1+1 0");
    stage.pass(1);
    assert_eq!(stage.told(0), "EXPIRED kiwi");
}
