//! What a turn spends on `NEAR`, and who waits for the next.

use super::*;
use crate::positions::{Report, Text, Update, metres_between};
use crate::transport::{Action, Meters};
use crate::wire::Location;

/// Somebody else reports that a client of the scene is elsewhere.
fn moves(scene: &mut Scene, client: &str) {
    moves_to(scene, client, "+2+2", 2);
}

/// The same of that place, in so many seconds.
fn moves_to(scene: &mut Scene, client: &str, place: &str, seconds: i64) {
    let text = format!("{client} {place} {seconds}");
    let report = Report {
        origin: scene.node.origin,
        difference_nanoseconds: 0,
        time_nanoseconds: seconds * SECOND,
        text: Text::new(text.as_bytes(), client.len(), place.len()).unwrap(),
    };
    assert_ne!(scene.node.positions.report(&report), Update::Known);
}

/// What there is to read is read, and forgotten.
fn drain(scene: &mut Scene) -> String {
    let read = scene.answers().to_owned();
    scene.transport.advance(read.len(), scene.now.monotonic);
    read
}

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

/// Whether the next turn comes at once.
fn has_work(scene: &Scene) -> bool {
    scene.node.deadline().is_some_and(|at| at <= scene.now.monotonic)
}

/// Ends turns until there is nothing to do.
fn settle(scene: &mut Scene) {
    while has_work(scene) {
        end_turn(scene);
    }
}

/// How many answers have come; all of one question.
fn answers(scene: &Scene) -> usize {
    scene.answers().matches("\n\n").count()
}

#[test]
fn the_first_question_waits_for_the_index_which_is_made_in_shares() {
    let mut scene = scene(3 * limits::AREA_CHANGES_PER_TURN - 1);
    scene.receives("IAMAT far +9+9 1\n");
    drain(&mut scene);
    end_turn(&mut scene);
    end_turn(&mut scene);
    scene.receives("NEAR +9+9 1 2\n? behind\n");
    let mut turns = 0;
    while scene.answers().is_empty() {
        assert!(has_work(&scene), "the next turn comes at once");
        assert!(end_turn(&mut scene), "it is asked again");
        turns += 1;
    }
    // The share of the turn in which it was asked, and of two more.
    assert_eq!(turns, 2);
    let expected = "0.000 AT Lone +1599999999.000000000 far +9+9 1\n\n? ? behind\n";
    assert_eq!(scene.answers(), expected);
    assert!(!end_turn(&mut scene), "nobody waits any more");
}

#[test]
fn a_turn_spends_so_much_on_questions_and_the_others_wait_for_the_next() {
    // All are equally far, so each must be looked at, and its id read.
    let crowd = 400;
    let mut scene = scene(crowd);
    scene.receives("NEAR +1+1 1 1\n");
    settle(&mut scene);
    scene.transport.advance(scene.transport.output_len(), scene.now.monotonic);
    let questions = 24;
    scene.receives(&"NEAR +1+1 1 1\n".repeat(questions));
    let a_turn = |cost: usize| {
        limits::NEAR_PLACES_PER_TURN.div_ceil(cost * crowd + 40 / limits::NEAR_PLACE_BYTES)
    };
    assert!((a_turn(3)..a_turn(1)).contains(&answers(&scene)), "{}", answers(&scene));
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
fn a_long_answer_is_of_one_moment_and_comes_in_shares_without_events() {
    let clients = limits::NEAR_RESULTS_MAX.into();
    let mut scene = scene(clients);
    scene.receives("WATCH c7\n");
    settle(&mut scene);
    drain(&mut scene);
    scene.receives("NEAR +1+1 1 1000\n? behind\n");
    // It is searched for in shares.
    let mut turns = 0;
    while scene.answers().is_empty() {
        assert!(has_work(&scene));
        end_turn(&mut scene);
        turns += 1;
    }
    assert!(turns > clients / limits::NEAR_SHARE_PLACES + 2, "{turns}");
    // One of whom it has been told, and all others, elsewhere or no more.
    (0..clients).for_each(|number| moves(&mut scene, &format!("c{number}")));
    let mut read = String::new();
    let mut shares = 0;
    while !scene.answers().is_empty() {
        let share = drain(&mut scene);
        assert!(share.len() < limits::NEAR_SHARE_BYTES + 100, "{}", share.len());
        read += &share;
        shares += 1;
        end_turn(&mut scene);
    }
    let mut expected: Vec<String> = (0..clients)
        .map(|number| format!("0.000 AT Lone +1599999999.000000000 c{number} +1+1 1\n"))
        .collect();
    expected.sort_by_cached_key(|line| line.split(' ').nth(4).map(str::to_owned));
    let behind = ["\n? ? behind\n", "~ AT Lone +0.000000000 c7 +2+2 2\n"].map(str::to_owned);
    expected.extend(behind);
    assert_eq!(read, expected.concat());
    assert!(shares >= expected.concat().len() / limits::NEAR_SHARE_BYTES, "{shares}");
    assert!(!end_turn(&mut scene), "nobody waits any more");
}

/// In how many turns beyond the one in which it is asked a question is answered.
fn turns_of(clients: usize, bound: usize) -> usize {
    let mut scene = scene(clients);
    scene.receives("NEAR +9+9 1 1\n");
    settle(&mut scene);
    drain(&mut scene);
    scene.receives(&format!("NEAR +1+1 1 {bound}\n"));
    let mut turns = 0;
    while scene.answers().is_empty() {
        assert!(has_work(&scene));
        end_turn(&mut scene);
        turns += 1;
    }
    turns
}

#[test]
fn what_is_found_quickly_is_answered_at_once_and_the_rest_in_other_turns() {
    let most = limits::NEAR_AT_ONCE_MAX;
    assert_eq!((turns_of(most, 1_000), turns_of(most + 1, most)), (0, 0));
    assert!(turns_of(most + 1, 1_000) > 0);
    // In a crowd each is looked at, and its id is read.
    let places = limits::NEAR_AT_ONCE_PLACES;
    assert_eq!(turns_of(places / 3, 1), 0);
    let shares = 2 * places / limits::NEAR_SHARE_PLACES;
    let turns = turns_of(2 * places, 1);
    assert!((shares..4 * shares).contains(&turns), "{turns} for {shares}");
}

#[test]
fn a_search_around_a_client_that_moves_begins_again_so_often_and_then_goes_on_to_its_end() {
    let clients = limits::NEAR_RESULTS_MAX.into();
    let mut scene = scene(clients);
    scene.receives("IAMAT middle +1+1 1\nNEAR +9+9 1 1\n");
    settle(&mut scene);
    drain(&mut scene);
    scene.receives("NEAR middle 20000 1000\n");
    let mut turns = 0;
    let mut place = String::new();
    while scene.answers().is_empty() {
        turns += 1;
        place = format!("+1+{turns}");
        moves_to(&mut scene, "middle", &place, 1 + turns);
        end_turn(&mut scene);
    }
    assert_eq!(turns, 2 + limits::NEAR_SEARCHES_MAX as i64);
    let [from, to] = ["+1+1", &place].map(|place| Location::parse(place.as_bytes()).unwrap());
    let kilometres = f64::from(metres_between(&from, &to)) / 1_000.0;
    let first = format!("{kilometres:.3} AT Lone +1599999999.000000000 c0 +1+1 1\n");
    assert!(scene.answers().starts_with(&first), "{first}");
    settle(&mut scene);
    assert!(!has_work(&scene) && !scene.node.positions.is_searching());
}

#[test]
fn who_has_no_room_for_an_answer_keeps_nobody_else_waiting() {
    let mut scene = scene(limits::NEAR_RESULTS_MAX.into());
    scene.receives("NEAR +1+1 1 1000\n");
    while !scene.node.positions.is_searching() {
        assert!(has_work(&scene));
        end_turn(&mut scene);
    }
    let full = vec![b'x'; limits::OUTPUT_HIGH_WATER_BYTES];
    scene.transport.write(&full);
    for _ in 0..3 {
        end_turn(&mut scene);
    }
    assert!(!scene.node.positions.is_searching());
    assert!(!has_work(&scene));
    drain(&mut scene);
    assert_eq!(scene.transport.take_resume(), Some(Resume::NextTurn));
    scene.call(|protocol, cx| protocol.resume_writing(cx));
    let mut read = String::new();
    for _ in 0..100 {
        end_turn(&mut scene);
        read += &drain(&mut scene);
    }
    assert!(read.ends_with("\n\n"));
    assert_eq!(read.matches('\n').count(), usize::from(limits::NEAR_RESULTS_MAX) + 1);
}

#[test]
fn a_long_answer_waits_for_room() {
    let long = "x".repeat(limits::CLIENT_ID_BYTES_MAX - 3);
    let mut scene = scene(0);
    for number in 100..400 {
        scene.receives(&format!("IAMAT {long}{number} +1+1 1\n"));
        drain(&mut scene);
    }
    scene.receives("NEAR +1+1 1 300\n");
    settle(&mut scene);
    let read = drain(&mut scene);
    let most = limits::OUTPUT_HIGH_WATER_BYTES + limits::NEAR_SHARE_BYTES + 2 * long.len();
    assert!((limits::OUTPUT_HIGH_WATER_BYTES..most).contains(&read.len()), "{}", read.len());
    let mut lines = read.matches('\n').count();
    assert_eq!(scene.transport.take_resume(), Some(Resume::NextTurn));
    scene.call(|protocol, cx| protocol.resume_writing(cx));
    while !scene.answers().is_empty() {
        let read = drain(&mut scene);
        lines += read.matches('\n').count();
        end_turn(&mut scene);
    }
    assert_eq!(lines, 301);
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
