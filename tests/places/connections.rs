//! Connections to Places: kept, resumed, replaced when they are stale, and bounded.

use crate::client::Client;
use crate::fault::{GOOD, PROMPT, Stage, assert_good, assert_problem, response};
use crate::server::{Peer, Script, over_tls};
use crate::wait_until;
use herd::limits;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A client whose position is known.
fn reporting_client(stage: &Stage) -> Client {
    let mut client = stage.client();
    client.report("kiwi", "+34.068930-118.445127");
    client
}

#[test]
fn a_connection_is_kept() {
    let stage = Stage::new();
    let mut client = reporting_client(&stage);
    for _ in 0..100 {
        assert_good("kept", &client.ask("kiwi", "10", 20));
    }
    assert_eq!(stage.server.tally().connections(), 1);
    assert_eq!(stage.server.tally().requests().len(), 100);
}

#[test]
fn tls_sessions_are_resumed() {
    let stage = Stage::new();
    stage.server.behave(over_tls(Arc::clone(&stage.tls), |peer| {
        peer.request()?;
        peer.send(response(GOOD))?;
        peer.finish()
    }));
    let mut client = reporting_client(&stage);
    for number in 1..=5 {
        assert_good("resumed", &client.ask("kiwi", "10", 20));
        // The next question would otherwise find the connection that is about to end.
        wait_until("the connection's end", PROMPT, || {
            stage.daemon.log().matches(": closed").count() >= number
        });
    }
    let tally = stage.server.tally();
    assert_eq!(tally.full_handshakes.load(Ordering::SeqCst), 1);
    assert_eq!(tally.resumed_handshakes.load(Ordering::SeqCst), 4);
}

/// Answers one request on each connection, and closes at the second without an answer.
fn once(peer: &mut Peer) -> io::Result<()> {
    peer.request()?;
    peer.send(response(GOOD))?;
    peer.request()?;
    peer.finish()
}

#[test]
fn a_question_on_a_stale_connection_is_asked_once_more() {
    let stage = Stage::new();
    stage.server.behave(over_tls(Arc::clone(&stage.tls), once));
    let mut client = reporting_client(&stage);
    for _ in 0..5 {
        let answer = client.ask("kiwi", "10", 20);
        assert_good("stale", &answer);
        assert!(answer.took < PROMPT, "{:?}", answer.took);
    }
    // The first question found no connection; each other found a stale one first.
    assert_eq!(stage.server.tally().connections(), 5);
    assert_eq!(stage.server.tally().requests().len(), 1 + 4 * 2);
}

#[test]
fn a_stale_connection_that_is_reset_is_no_different() {
    let stage = Stage::new();
    stage.server.behave(over_tls(Arc::clone(&stage.tls), |peer| {
        peer.request()?;
        peer.send(response(GOOD))?;
        peer.leave_unread()
    }));
    let mut client = reporting_client(&stage);
    for _ in 0..5 {
        assert_good("reset", &client.ask("kiwi", "10", 20));
    }
    assert_eq!(stage.server.tally().connections(), 5);
}

#[test]
fn a_question_is_asked_once_more_and_not_twice() {
    let stage = Stage::new();
    let connections = AtomicUsize::new(0);
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        match connections.fetch_add(1, Ordering::SeqCst) {
            0 => once(peer),
            _ => {
                peer.request()?;
                peer.finish()
            }
        }
    }));
    let mut client = reporting_client(&stage);
    assert_good("first", &client.ask("kiwi", "10", 20));
    let answer = client.ask("kiwi", "10", 20);
    assert_problem("second", &answer, &["closed the connection without an answer"]);
    assert!(answer.took < PROMPT, "{:?}", answer.took);
    assert_eq!(stage.server.tally().requests().len(), 3);
}

#[test]
fn after_a_stale_connection_the_other_kept_ones_are_not_trusted_either() {
    const KEPT: usize = 8;
    let stage = Stage::new();
    let asked = Arc::new(AtomicUsize::new(0));
    stage.server.behave(over_tls(Arc::clone(&stage.tls), move |peer| {
        peer.request()?;
        // Not before all are asked, so that there are so many connections.
        asked.fetch_add(1, Ordering::SeqCst);
        wait_until("all questions", limits::PLACES_DEADLINE, || {
            asked.load(Ordering::SeqCst) >= KEPT
        });
        peer.send(response(GOOD))?;
        peer.request()?;
        peer.finish()
    }));
    let mut client = reporting_client(&stage);
    for question in 0..KEPT {
        client.send(&format!("WHATSAT kiwi {question} 20"));
    }
    for _ in 0..KEPT {
        assert_good("kept", &client.answer());
    }
    assert_eq!(stage.server.tally().connections(), KEPT);
    // All of them are stale, as when the service was restarted behind something that hides it.
    assert_good("after", &client.ask("kiwi", "10", 20));
}

/// Answers when there are as many connections as there may be, or it has waited for that in vain.
fn crowded(stage: &Stage) -> Script {
    let seen = Arc::new(AtomicUsize::new(0));
    over_tls(Arc::clone(&stage.tls), move |peer| {
        seen.fetch_add(1, Ordering::SeqCst);
        while peer.request()?.is_some() {
            wait_until("a crowd", limits::PLACES_DEADLINE, || {
                seen.load(Ordering::SeqCst) >= limits::PLACES_CONNECTIONS_MAX
            });
            // So that one more connection than allowed would have the time to come.
            thread::sleep(Duration::from_millis(20));
            peer.send(response(GOOD))?;
        }
        Ok(())
    })
}

#[test]
fn connections_are_bounded_and_all_questions_are_answered() {
    const CLIENTS: usize = 10;
    let stage = Stage::new();
    stage.server.behave(crowded(&stage));
    reporting_client(&stage);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| stage.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        for question in 0..10 {
            client.send(&format!("WHATSAT kiwi {number}.{question} 20"));
        }
    }
    for client in &mut clients {
        for _ in 0..10 {
            assert_good("crowded", &client.answer());
        }
    }
    let tally = stage.server.tally();
    assert_eq!(tally.requests().len(), 100);
    assert_eq!(tally.open_max.load(Ordering::SeqCst), limits::PLACES_CONNECTIONS_MAX);
}
