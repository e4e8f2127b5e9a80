//! What a turn spends on `NEAR`, and who waits for the next.

use super::*;
use crate::transport::{Action, Meters};

/// So many clients, all at one place, and another that asks.
fn scene(clients: usize) -> Scene {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    for number in 0..clients {
        scene.receives(&format!("IAMAT c{number} +1+1 1\n"));
        let answered = scene.transport.output_len();
        scene.transport.advance(answered, scene.now.monotonic);
    }
    scene
}

/// Ends the turn; whether the client is called in it.
fn end_turn(scene: &mut Scene) -> bool {
    scene.node.turn_ended(scene.now, &Meters::default());
    let mut is_called = false;
    while let Some(action) = scene.node.next_action() {
        is_called |= matches!(action, Action::Wake(id) if id == scene.transport.id());
    }
    if is_called {
        scene.call(|protocol, cx| protocol.woken(cx));
    }
    is_called
}

/// How many answers have come; all of one question.
fn answers(scene: &Scene) -> usize {
    scene.answers().matches("\n\n").count()
}

#[test]
fn the_first_question_waits_for_the_index_which_is_made_in_shares() {
    let mut scene = scene(3 * limits::AREA_CHANGES_PER_TURN);
    end_turn(&mut scene);
    end_turn(&mut scene);
    scene.receives("NEAR +1+1 1 2\n? behind\n");
    let mut turns = 0;
    while scene.answers().is_empty() {
        assert!(scene.node.deadline() <= Some(scene.now.monotonic), "the next turn comes at once");
        assert!(end_turn(&mut scene), "it is asked again");
        turns += 1;
    }
    // The share of the turn in which it was asked, and of two more.
    assert_eq!(turns, 2);
    let expected = "0.000 AT Lone +1599999999.000000000 c0 +1+1 1\n\
        0.000 AT Lone +1599999999.000000000 c1 +1+1 1\n\n? ? behind\n";
    assert_eq!(scene.answers(), expected);
    assert!(!end_turn(&mut scene), "nobody waits any more");
}

#[test]
fn a_turn_spends_so_much_on_questions_and_the_others_wait_for_the_next() {
    // All are equally far, so each must be looked at.
    let crowd = 3_000;
    let mut scene = scene(crowd);
    scene.receives("NEAR +1+1 1 1\n");
    while end_turn(&mut scene) {}
    scene.transport.advance(scene.transport.output_len(), scene.now.monotonic);
    let questions = 12;
    scene.receives(&"NEAR +1+1 1 1\n".repeat(questions));
    let a_turn = limits::NEAR_PLACES_PER_TURN.div_ceil(crowd + 40 / limits::NEAR_PLACE_BYTES);
    assert_eq!(answers(&scene), a_turn);
    // Then one by one, so that others have their turns; and what the last one took too much is made up.
    let mut turns = 0;
    while answers(&scene) < questions {
        let before = answers(&scene);
        assert!(end_turn(&mut scene));
        assert!(answers(&scene) <= before + 1);
        turns += 1;
        assert!(turns < 2 * questions, "it never ends");
    }
    assert!(!end_turn(&mut scene));
}

#[test]
fn who_watches_much_takes_one_command_in_a_turn() {
    let mut scene = scene(0);
    let more = 5;
    let watches = limits::WATCHED_MANY + 1 + more;
    let commands: String = (0..watches).map(|number| format!("WATCH c{number}\n")).collect();
    scene.receives(&commands);
    let copied = |scene: &Scene| scene.answers().matches("\nWATCH c").count() + 1;
    for taken in limits::WATCHED_MANY + 1..=watches {
        assert_eq!(copied(&scene), taken);
        assert!(!scene.transport.wants_data() || taken == watches);
        scene.call(|protocol, cx| protocol.resume_writing(cx));
    }
    assert!(scene.transport.wants_data());
}
