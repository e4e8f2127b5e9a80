//! Responses that are wrong, odd or endless before their body begins.

use crate::fault::{Fault, GOOD, Outcome, PROMPT, Stage, response, show_all};
use crate::server::{Peer, Script, over_tls};
use std::io;
use std::sync::Arc;

/// A server that takes the first request of a connection and then does that.
pub fn answering(stage: &Stage, act: fn(&mut Peer) -> io::Result<()>) -> Script {
    over_tls(Arc::clone(&stage.tls), move |peer| {
        peer.request()?;
        act(peer)
    })
}

/// A fault that is found out at once and costs the client its results.
pub const fn refused(
    name: &'static str,
    script: fn(&Stage) -> Script,
    words: &'static [&'static str],
) -> Fault {
    Fault { name, script, outcome: Outcome::Problem(words), within: PROMPT }
}

/// An oddity that costs nobody anything.
pub const fn survived(name: &'static str, script: fn(&Stage) -> Script) -> Fault {
    Fault { name, script, outcome: Outcome::Good, within: PROMPT }
}

#[test]
fn endless_and_broken_heads_are_refused() {
    let faults = [
        refused(
            "an endless header",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 200 OK\r\nX-Endless: ")?;
                    peer.flood(&[b'x'; 4_096])
                })
            },
            &["headers that are too long"],
        ),
        refused(
            "endless headers",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 200 OK\r\n")?;
                    peer.flood(&b"X-Endless: x\r\n".repeat(100))
                })
            },
            &["headers that are too long"],
        ),
        refused(
            "endless blank lines",
            |stage| answering(stage, |peer| peer.flood(&b"\r\n".repeat(1_000))),
            &["headers that are too long"],
        ),
        refused(
            "too many headers",
            |stage| answering(stage, |peer| peer.send(head_with(&"X: y\r\n".repeat(65)))),
            &["too many headers"],
        ),
        refused(
            "another protocol",
            |stage| answering(stage, |peer| peer.send("SSH-2.0-OpenSSH_9.9\r\n\r\n")),
            &["another HTTP version"],
        ),
        refused(
            "another version",
            |stage| answering(stage, |peer| peer.send("HTTP/2.0 200 OK\r\n\r\n")),
            &["Places sent"],
        ),
        refused(
            "an upgrade",
            |stage| answering(stage, |peer| peer.send("HTTP/1.1 101 Sure\r\nUpgrade: h2c\r\n\r\n")),
            &["an upgrade that nobody asked for"],
        ),
        refused(
            "endless interim responses",
            |stage| answering(stage, |peer| peer.flood(b"HTTP/1.1 100 Continue\r\n\r\n")),
            &["too many interim responses"],
        ),
        refused(
            "a length and an encoding",
            |stage| {
                answering(stage, |peer| {
                    let fields = "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n";
                    peer.send(head_with(fields))
                })
            },
            &["both a content length and a transfer encoding"],
        ),
        refused(
            "two lengths",
            |stage| {
                answering(stage, |peer| {
                    peer.send(head_with("Content-Length: 9\r\nContent-Length: 8\r\n"))
                })
            },
            &["content lengths that differ"],
        ),
        refused(
            "a length that overflows",
            |stage| {
                answering(stage, |peer| {
                    peer.send(head_with("Content-Length: 18446744073709551617\r\n"))
                })
            },
            &["a body that is too large"],
        ),
        refused(
            "a negative length",
            |stage| answering(stage, |peer| peer.send(head_with("Content-Length: -1\r\n"))),
            &["a content length that is no number"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn statuses_without_an_answer_are_said() {
    let faults = [
        refused(
            "204",
            |stage| answering(stage, |peer| peer.send("HTTP/1.1 204 No Content\r\n\r\n")),
            &["HTTP status 204"],
        ),
        refused(
            "304 with a length",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
                })
            },
            &["answered with HTTP status 304"],
        ),
        refused(
            "500 with a page",
            |stage| {
                answering(stage, |peer| {
                    peer.send("HTTP/1.1 500 Oh\r\nContent-Length: 17\r\n\r\n<html>oops</html>")
                })
            },
            &["HTTP status 500"],
        ),
        refused(
            "a redirect",
            |stage| {
                let redirect = format!(
                    "HTTP/1.1 302 Found\r\nLocation: https://localhost:{}/elsewhere\r\n\
                     Content-Length: 0\r\n\r\n",
                    stage.server.address.port()
                );
                // Who follows it is answered well, and so found out.
                over_tls(Arc::clone(&stage.tls), move |peer| match peer.request()? {
                    Some(head) if head.starts_with("GET /elsewhere") => peer.send(response(GOOD)),
                    _ => peer.send(&redirect),
                })
            },
            &["redirects (HTTP status 302)", "not followed"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn odd_heads_are_understood() {
    let faults = [
        survived("HTTP/1.0 until close", |stage| {
            answering(stage, |peer| {
                peer.send(format!("HTTP/1.0 200 OK\r\n\r\n{GOOD}"))?;
                peer.finish()
            })
        }),
        survived("HTTP/1.0 with a length", |stage| {
            answering(stage, |peer| {
                let length = GOOD.len();
                peer.send(format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{GOOD}"))?;
                peer.hold()
            })
        }),
        survived("Connection: close", |stage| {
            answering(stage, |peer| {
                let length = GOOD.len();
                let fields = format!("Content-Length: {length}\r\nConnection: close\r\n");
                peer.send(head_with(&fields) + GOOD)?;
                peer.hold()
            })
        }),
        survived("100 and 103 before the response", |stage| {
            answering(stage, |peer| {
                peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n")?;
                peer.send(response(GOOD))
            })
        }),
        survived("LF alone and blank lines first", |stage| {
            answering(stage, |peer| {
                let length = GOOD.len();
                peer.send(format!("\r\n\nHTTP/1.1 200 OK\nContent-Length: {length}\n\n{GOOD}"))
            })
        }),
        survived("one byte a record", |stage| {
            answering(stage, |peer| response(GOOD).iter().try_for_each(|byte| peer.send([*byte])))
        }),
    ];
    show_all(&faults, 4);
}

/// A head that says 200, with those lines.
pub fn head_with(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n")
}
