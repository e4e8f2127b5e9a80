//! Servers that fall silent, slow down or go away, at each stage of a question.

use crate::fault::{Fault, GOOD, Outcome, SLACK, Stage, response, show_all};
use crate::heads::{answering, refused};
use crate::server::{Script, over_tls, script};
use herd::limits;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A fault that only a deadline ends.
const fn late(
    name: &'static str,
    script: fn(&Stage) -> Script,
    words: &'static [&'static str],
    deadline: Duration,
) -> Fault {
    let within = deadline.saturating_add(SLACK);
    Fault { name, script, outcome: Outcome::Problem(words), within }
}

#[test]
fn silence_and_slowness_end_at_a_deadline() {
    let faults = [
        late(
            "silence after accepting",
            |_| script(|peer| peer.hold()),
            &["cannot be reached", "not connected in time: the TLS handshake with 127.0.0.1:"],
            limits::PLACES_CONNECT_TIMEOUT,
        ),
        late(
            "half a record in the handshake, then silence",
            |_| {
                script(|peer| {
                    peer.send(b"\x16\x03\x03\x00\x7a\x02")?;
                    peer.hold()
                })
            },
            &["cannot be reached", "not connected in time: the TLS handshake with 127.0.0.1:"],
            limits::PLACES_CONNECT_TIMEOUT,
        ),
        late(
            "a handshake of one byte a second",
            |stage| {
                let tls = Arc::clone(&stage.tls);
                script(move |peer| peer.handshake_slowly(&tls, SECOND))
            },
            &["cannot be reached", "not connected in time: the TLS handshake with 127.0.0.1:"],
            limits::PLACES_CONNECT_TIMEOUT,
        ),
        late(
            "silence after the handshake",
            |stage| over_tls(Arc::clone(&stage.tls), |peer| peer.hold()),
            &["did not begin to answer in time"],
            limits::PLACES_FIRST_BYTE_TIMEOUT,
        ),
        late(
            "silence after the request",
            |stage| answering(stage, |peer| peer.hold()),
            &["did not begin to answer in time"],
            limits::PLACES_FIRST_BYTE_TIMEOUT,
        ),
        late(
            "silence after half the headers",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 200 OK\r\nContent-")?;
                    peer.hold()
                })
            },
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
        late(
            "silence after an interim response",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 100 Continue\r\n\r\n")?;
                    peer.hold()
                })
            },
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
        late(
            "silence in the middle of the body",
            |stage| {
                answering(stage, |peer| {
                    peer.send(&response(GOOD)[..80])?;
                    peer.hold()
                })
            },
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
        late(
            "headers of one byte a second",
            |stage| answering(stage, |peer| peer.trickle(&response(GOOD), SECOND)),
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
        late(
            "a body of one byte a second",
            |stage| {
                answering(stage, |peer| {
                    peer.send(&response(GOOD)[..50])?;
                    peer.trickle(&response(GOOD)[50..], SECOND)
                })
            },
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
        late(
            "half a TLS record in the body",
            |stage| {
                answering(stage, |peer| {
                    peer.send(&response(GOOD)[..80])?;
                    peer.send_raw(b"\x17\x03\x03\x40\x00aaaa")?;
                    peer.hold()
                })
            },
            &["did not answer in time"],
            limits::PLACES_DEADLINE,
        ),
    ];
    show_all(&faults, faults.len());
}

#[test]
fn resets_are_said_at_each_stage() {
    let faults = [
        refused(
            "in the handshake",
            |_| script(|peer| peer.leave_unread()),
            &["cannot be reached", "TLS: the handshake broke off", "reset"],
        ),
        refused(
            "after the handshake",
            |stage| over_tls(Arc::clone(&stage.tls), |peer| peer.leave_unread()),
            &["broke the connection", "reset"],
        ),
        refused(
            "after half the headers",
            |stage| {
                over_tls(Arc::clone(&stage.tls), |peer| {
                    peer.leave_unread()?;
                    peer.send("HTTP/1.1 200 OK\r\nContent-")
                })
            },
            &["broke the connection", "reset"],
        ),
        refused(
            "in the middle of the body",
            |stage| {
                over_tls(Arc::clone(&stage.tls), |peer| {
                    peer.leave_unread()?;
                    peer.send(&response(GOOD)[..80])
                })
            },
            &["broke the connection", "reset"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn closing_is_said_at_each_stage() {
    let faults = [
        refused("at once", |_| script(|_| Ok(())), &["cannot be reached"]),
        refused(
            "in the handshake",
            |_| {
                script(|peer| {
                    peer.finish()?;
                    peer.hold()
                })
            },
            &["cannot be reached", "closed in the middle of the TLS handshake"],
        ),
        refused(
            "instead of an answer",
            |stage| answering(stage, |peer| peer.finish()),
            &["closed the connection without an answer"],
        ),
        refused(
            "instead of an answer, and goes on listening",
            |stage| {
                answering(stage, |peer| {
                    peer.finish()?;
                    peer.hold()
                })
            },
            &["closed the connection without an answer"],
        ),
        refused(
            "without close_notify instead of an answer",
            |stage| answering(stage, |_| Ok(())),
            &["broke the connection", "close_notify"],
        ),
        refused(
            "after half the headers",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 200 OK\r\nContent-")?;
                    peer.finish()
                })
            },
            &["only part of a message before it closed"],
        ),
    ];
    show_all(&faults, 4);
}
