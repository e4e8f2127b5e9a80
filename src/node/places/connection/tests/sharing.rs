//! Those who ask the same: they share a call and its answer, and may leave at once.

use super::*;

#[test]
fn a_call_is_saved_only_when_the_last_of_those_who_share_it_has_left() {
    for leave in [2, 3] {
        let mut stage = Stage::new();
        let questions = [(); 3].map(|()| {
            stage.questions = 0;
            stage.ask()
        });
        assert_eq!(stage.actions(), [Asked::Dial]);
        for &question in &questions[..leave] {
            stage.node.questions.forget(question, stage.now.monotonic);
        }
        let mut connection = stage.connection();
        stage.made(&mut connection);
        assert_eq!(connection.transport.output_len() > 0, leave == 2);
        if leave == 2 {
            stage.answered(&mut connection, GOOD);
            assert_eq!(stage.answer(questions[2]).as_deref(), Some(GOOD));
            assert_eq!(stage.answer(questions[0]), None);
        }
        // It is not in the way of the same question later.
        stage.questions = 0;
        let question = stage.ask();
        assert_eq!(stage.actions(), [Asked::Wake(connection.transport.id())]);
        stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
        stage.answered(&mut connection, GOOD);
        assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
    }
}

#[test]
fn a_call_that_is_lost_is_made_once_more_only_for_those_who_still_wait() {
    for leaves in [false, true] {
        let mut stage = Stage::new();
        let mut connection = stage.idle_connection();
        let question = stage.ask();
        stage.actions();
        stage.call(&mut connection, |protocol, cx| protocol.woken(cx));
        if leaves {
            stage.node.questions.forget(question, stage.now.monotonic);
        }
        stage.call(&mut connection, |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
        assert_eq!(stage.actions(), if leaves { vec![] } else { vec![Asked::Dial] });
        if !leaves {
            let mut other = stage.connection();
            stage.made(&mut other);
            stage.answered(&mut other, GOOD);
            assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
        }
        let counters = stage.node.places_counters();
        let expected = if leaves { (2, 1, 1) } else { (3, 2, 0) };
        assert_eq!((counters.calls, counters.answered, counters.broken), expected);
    }
}

/// So many clients ask the same, and leave at once.
#[test]
fn a_crowd_that_asks_the_same_may_leave_at_once() {
    const CROWD: usize = 100_000;
    let mut stage = Stage::new();
    let questions: Vec<_> = (0..CROWD)
        .map(|_| {
            stage.questions = 0;
            stage.ask()
        })
        .collect();
    assert_eq!(stage.actions(), [Asked::Dial]);
    for question in questions {
        stage.node.questions.forget(question, stage.now.monotonic);
    }
    let mut connection = stage.connection();
    stage.made(&mut connection);
    assert_eq!(connection.transport.output_len(), 0, "nobody asks any more");
    assert_eq!(stage.node.places_counters().shared, CROWD as u64 - 1);
}

#[test]
fn a_client_that_asks_the_same_again_and_again_and_does_not_read_holds_one_answer() {
    const LARGE_BYTES: usize = 1_000_000;
    let mut stage = Stage::new();
    let mut client = stage.connection();
    client.protocol =
        stage.node.accepted(crate::node::Port::Clients, ([127, 0, 0, 1], 1).into(), Now::default());
    stage.made(&mut client);
    let mut commands = "IAMAT kiwi +1-1 0\n".to_owned();
    commands += &"WHATSAT kiwi 10 20\n".repeat(limits::QUERIES_PER_CLIENT_MAX);
    stage.call(&mut client, |protocol, cx| protocol.data_received(cx, commands.as_bytes()));
    assert_eq!(stage.actions(), [Asked::Dial], "they share a call");
    let mut places = stage.connection();
    stage.made(&mut places);
    let large = format!(r#"{{"results":["{}"],"status":"OK"}}"#, "x".repeat(LARGE_BYTES));
    stage.answered(&mut places, &large);
    assert!(stage.actions().contains(&Asked::Wake(client.transport.id())));
    stage.call(&mut client, |protocol, cx| protocol.woken(cx));
    let (mut received, mut most) = (Vec::new(), 0);
    while client.transport.output_len() > 0 {
        most = most.max(client.transport.output_len());
        let piece = client.transport.output().len().min(10_000);
        received.extend_from_slice(&client.transport.output()[..piece]);
        client.transport.advance(piece, stage.now.monotonic);
        if client.transport.take_resume().is_some() {
            stage.call(&mut client, |protocol, cx| protocol.resume_writing(cx));
        }
    }
    assert!(most < limits::OUTPUT_HIGH_WATER_BYTES + LARGE_BYTES + 1_000, "{most} bytes wait");
    let answers = String::from_utf8(received).unwrap().matches(&large).count();
    assert_eq!(answers, limits::QUERIES_PER_CLIENT_MAX);
}
