//! What is told of clients that are forgotten.

use super::*;

#[test]
fn who_watches_everything_is_told_who_is_forgotten_of_those_that_were_known() {
    let mut stage = Stage::new(2);
    stage.report("kiwi", "+1+1");
    assert!(stage.command(0, "WATCH *") && stage.command(1, "WATCH kiwi"));
    assert_eq!(stage.told(0), "AT kiwi +1+1 0, NOW *");
    stage.told(1);
    stage.forget("nobody");
    assert_eq!((stage.told(0), stage.told(1)), (String::new(), String::new()));
    stage.forget("kiwi");
    assert_eq!((stage.told(0), stage.told(1)), ("GONE kiwi 2".into(), "GONE kiwi 2".into()));
    stage.report("nobody", "+1+1");
    stage.told(0);
    stage.forget("nobody");
    assert_eq!(stage.told(0), "GONE nobody 4", "it was known meanwhile");
}

#[test]
fn who_comes_back_to_everything_is_not_told_of_those_that_were_never_known() {
    let mut stage = Stage::new(1);
    stage.report("kiwi", "+1+1");
    let after = stage.positions.head();
    stage.forget("nobody");
    stage.forget("kiwi");
    let id = stage.watchers[0].0;
    assert!(stage.hub.watch(id, &Watch::All, Some(event(after)), &mut stage.positions));
    assert_eq!(stage.told(0), "GONE kiwi 2, NOW *");
}

#[test]
fn a_position_that_is_noted_before_it_is_forgotten_is_told_first() {
    let mut stage = Stage::new(1);
    assert!(stage.command(0, "WATCH *"));
    stage.told(0);
    stage.report("kiwi", "+1+1");
    // As whoever takes a forgetting does.
    stage.hub.walk(&mut stage.positions);
    stage.forget("kiwi");
    assert_eq!(stage.told(0), "AT kiwi +1+1 0, GONE kiwi 1");
}
