//! Responses whose body is endless, too long, too short, or not what was asked for.

use crate::client::Pulse;
use crate::fault::{
    GOOD, MEMORY_GROWTH_BYTES_MAX, SLACK, Stage, assert_good, assert_problem, assert_served,
    healthy, response, show_all, wait_for_recovery,
};
use crate::heads::{answering, head_with, refused, survived};
use crate::server::over_tls;
use herd::limits;
use std::sync::Arc;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// 3 MB of results.
fn too_many_results() -> String {
    let results = vec![r#"{"name": "Bel Air"}"#; 3_000_000 / 21].join(", ");
    format!(r#"{{"results": [{results}], "status": "OK"}}"#)
}

#[test]
fn bodies_without_end_are_refused() {
    let faults = [
        refused(
            "an endless body in chunks",
            |stage| {
                answering(stage, |peer| {
                    peer.send(CHUNKED)?;
                    peer.flood(&[b"1000\r\n".as_slice(), &[b' '; 4_096], b"\r\n"].concat())
                })
            },
            &["a body that is too large"],
        ),
        refused(
            "an endless body until close",
            |stage| {
                answering(stage, |peer| {
                    peer.send(UNTIL_CLOSE)?;
                    peer.flood(&[b' '; 16_384])
                })
            },
            &["a body that is too large"],
        ),
        refused(
            "3 MB of results, announced",
            |stage| answering(stage, |peer| peer.send(response(too_many_results()))),
            &["a body that is too large"],
        ),
        refused(
            "3 MB of results in one chunk",
            |stage| {
                answering(stage, |peer| {
                    let results = too_many_results();
                    let size = results.len();
                    peer.send(format!("{CHUNKED}{size:x}\r\n{results}\r\n0\r\n\r\n"))
                })
            },
            &["a body that is too large"],
        ),
        refused(
            "endless chunk extensions",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("{CHUNKED}1;"))?;
                    peer.flood(&[b'x'; 4_096])
                })
            },
            &["chunk extensions or trailers that are too long"],
        ),
        refused(
            "endless trailers",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("{CHUNKED}0\r\n"))?;
                    peer.flood(&b"X: y\r\n".repeat(100))
                })
            },
            &["chunk extensions or trailers that are too long"],
        ),
    ];
    show_all(&faults, 3);
}

#[test]
fn bodies_of_another_length_are_found_out() {
    let faults = [
        refused(
            "too short",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{GOOD}"))?;
                    peer.finish()
                })
            },
            &["only part of a message before it closed"],
        ),
        refused(
            "too short by what was left in front",
            |stage| answering(stage, |peer| peer.send(head_with("Content-Length: 20\r\n") + GOOD)),
            &["JSON that ends in the middle"],
        ),
        refused(
            "a truncated chunk",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("{CHUNKED}fff\r\n{GOOD}"))?;
                    peer.finish()
                })
            },
            &["only part of a message before it closed"],
        ),
        refused(
            "no last chunk",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("{CHUNKED}{:x}\r\n{GOOD}\r\n", GOOD.len()))?;
                    peer.finish()
                })
            },
            &["only part of a message before it closed"],
        ),
        refused(
            "a chunk size that overflows",
            |stage| {
                answering(stage, |peer| peer.send(format!("{CHUNKED}ffffffffffffffff1\r\n{GOOD}")))
            },
            &["a body that is too large"],
        ),
        refused(
            "chunk sizes whose sum overflows",
            |stage| {
                answering(stage, |peer| {
                    peer.send(format!("{CHUNKED}1\r\n{{\r\nffffffffffffffff\r\n{GOOD}"))
                })
            },
            &["a body that is too large"],
        ),
        refused(
            "a chunk size with a sign",
            |stage| answering(stage, |peer| peer.send(format!("{CHUNKED}-1\r\n{GOOD}"))),
            &["a chunk size that is no number"],
        ),
        refused(
            "a chunk longer than its size",
            |stage| answering(stage, |peer| peer.send(format!("{CHUNKED}2\r\n{GOOD}"))),
            &["a chunk longer than its size"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn bodies_that_are_no_answer_are_refused() {
    let faults = [
        refused(
            "compressed, which nobody asked for",
            |stage| {
                answering(stage, |peer| {
                    let fields = "Content-Encoding: deflate\r\nContent-Length: 8\r\n";
                    let head = head_with(fields);
                    peer.send([head.as_bytes(), b"\x78\x9c\xab\xae\x05\0\x01\x75"].concat())
                })
            },
            &["compressed its answer, which was not asked for"],
        ),
        refused(
            "compressed, without a word",
            |stage| answering(stage, |peer| peer.send(response(b"\x78\x9c\xab\xae\x05\0\x01\x75"))),
            &["what is not UTF-8"],
        ),
        refused(
            "cut JSON",
            |stage| answering(stage, |peer| peer.send(response(&GOOD[..GOOD.len() - 2]))),
            &["JSON that ends in the middle"],
        ),
        refused(
            "nothing",
            |stage| answering(stage, |peer| peer.send(response(""))),
            &["Places sent nothing"],
        ),
        refused(
            "a page",
            |stage| answering(stage, |peer| peer.send(response("<html>Sign in</html>"))),
            &["what is not JSON"],
        ),
        refused(
            "a list",
            |stage| answering(stage, |peer| peer.send(response("[]"))),
            &["JSON that is no object"],
        ),
        refused(
            "results that are no list",
            |stage| answering(stage, |peer| peer.send(response(r#"{"results": {"a": 1}}"#))),
            &["no list of results"],
        ),
        refused(
            "two answers in one",
            |stage| answering(stage, |peer| peer.send(response(format!("{GOOD}{GOOD}")))),
            &["what is not JSON"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn odd_bodies_are_taken() {
    let faults = [
        survived("until close", |stage| {
            answering(stage, |peer| {
                peer.send(format!("{UNTIL_CLOSE}{GOOD}"))?;
                peer.finish()
            })
        }),
        survived("chunks of one byte, extensions and trailers", |stage| {
            answering(stage, |peer| {
                peer.send(CHUNKED)?;
                for byte in GOOD.as_bytes() {
                    peer.send([b"01;x=\"y\"\r\n".as_slice(), &[*byte], b"\r\n"].concat())?;
                }
                peer.send("000\r\nX-Trailer: x\r\n\r\n")
            })
        }),
        survived("no close_notify after a whole body", |stage| {
            answering(stage, |peer| peer.send(response(GOOD)))
        }),
    ];
    show_all(&faults, 4);
}

#[test]
fn what_comes_behind_an_answer_is_nobody_s_answer() {
    let stage = Stage::new();
    let poison = GOOD.replace("Bel Air", "Nowhere");
    let tls = Arc::clone(&stage.tls);
    stage.server.behave(over_tls(tls, move |peer| {
        while peer.request()?.is_some() {
            peer.send([response(GOOD), response(&poison)].concat())?;
        }
        Ok(())
    }));
    let mut client = stage.client();
    client.report("kiwi", "+34.068930-118.445127");
    for _ in 0..5 {
        assert_good("extra bytes", &client.ask("kiwi", "10", 20));
    }
    assert_eq!(stage.server.tally().connections(), 5, "one was used again");
}

#[test]
fn many_endless_bodies_at_a_time_are_bounded_all_together() {
    const QUESTIONS: u64 = 64;
    let stage = Stage::new();
    let memory_before = stage.daemon.memory_peak_bytes();
    let pulse = Pulse::start(stage.daemon.clients);
    stage.server.behave(answering(&stage, |peer| {
        peer.send(UNTIL_CLOSE)?;
        peer.flood(&[b' '; 16_384])
    }));
    let mut clients: Vec<_> = (0..QUESTIONS / 8).map(|_| stage.client()).collect();
    clients[0].report("kiwi", "+34.068930-118.445127");
    for (number, client) in clients.iter_mut().enumerate() {
        for question in 0..8 {
            client.send(&format!("WHATSAT kiwi {number}.{question} 20"));
        }
    }
    for client in &mut clients {
        for _ in 0..8 {
            let answer = client.answer();
            assert!(answer.took < limits::PLACES_DEADLINE + SLACK);
            assert_problem("many", &answer, &["Places sent a body that is too large"]);
        }
    }
    // A body at its limit on each connection, twice while its memory grows.
    let bodies = 2 * limits::PLACES_CONNECTIONS_MAX as u64 * limits::PLACES_BODY_BYTES_MAX as u64;
    let growth = stage.daemon.memory_peak_bytes() - memory_before;
    assert!(growth < bodies + MEMORY_GROWTH_BYTES_MAX, "{growth} bytes more");
    stage.server.behave(healthy(&stage.tls));
    wait_for_recovery("many", &mut clients[0]);
    assert_served("many", pulse);
}
