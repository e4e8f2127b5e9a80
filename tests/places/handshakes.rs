//! Servers that cannot prove who they are, or break TLS on the way.

use crate::certificates::Flaw;
use crate::fault::{GOOD, response, serve_well, show_all};
use crate::heads::{answering, refused, survived};
use crate::server::{over_tls, script};
use std::sync::Arc;

#[test]
fn servers_that_cannot_prove_who_they_are_are_not_asked() {
    let faults = [
        refused(
            "a certificate for another name",
            |stage| over_tls(stage.authority.config(Flaw::OtherName), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "not valid for name"],
        ),
        refused(
            "an expired certificate",
            |stage| over_tls(stage.authority.config(Flaw::Expired), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "expired"],
        ),
        refused(
            "a certificate of the future",
            |stage| over_tls(stage.authority.config(Flaw::NotYetValid), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "not valid yet"],
        ),
        refused(
            "a self-signed certificate",
            |stage| over_tls(stage.authority.config(Flaw::SelfSigned), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "authority is not trusted"],
        ),
        refused(
            "an unknown authority",
            |stage| over_tls(stage.authority.config(Flaw::UnknownAuthority), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "authority is not trusted"],
        ),
        refused(
            "another authority of the same name",
            |stage| over_tls(stage.authority.config(Flaw::NamesakeAuthority), serve_well),
            &["cannot be reached", "TLS: invalid peer certificate", "signature"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn broken_tls_is_said() {
    let faults = [
        refused(
            "plain HTTP",
            |_| {
                script(|peer| {
                    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
                    peer.hold()
                })
            },
            &["cannot be reached", "TLS: what came is not TLS"],
        ),
        refused(
            "an alert in the handshake",
            |_| {
                script(|peer| {
                    peer.send(b"\x15\x03\x03\x00\x02\x02\x28")?;
                    peer.hold()
                })
            },
            &["cannot be reached", "TLS: received fatal alert", "HandshakeFailure"],
        ),
        refused(
            "an alert instead of an answer",
            |stage| {
                answering(stage, |peer| {
                    peer.alert()?;
                    peer.hold()
                })
            },
            &["broke the connection", "TLS: received fatal alert"],
        ),
        refused(
            "an alert in the middle of a body",
            |stage| {
                answering(stage, |peer| {
                    peer.send(&response(GOOD)[..60])?;
                    peer.alert()?;
                    peer.hold()
                })
            },
            &["broke the connection", "TLS: received fatal alert"],
        ),
        refused(
            "a forged record in the middle of a body",
            |stage| {
                answering(stage, |peer| {
                    peer.send(&response(GOOD)[..60])?;
                    peer.send_raw(b"\x17\x03\x03\x00\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")?;
                    peer.hold()
                })
            },
            &["broke the connection", "TLS: cannot decrypt"],
        ),
        refused(
            "a body until close without close_notify",
            |stage| answering(stage, |peer| peer.send(format!("HTTP/1.1 200 OK\r\n\r\n{GOOD}"))),
            &["broke the connection", "close_notify"],
        ),
    ];
    show_all(&faults, 4);
}

#[test]
fn odd_tls_is_survived() {
    let faults = [
        survived("TLS 1.2", |stage| {
            let config = stage.authority.config_with(Flaw::None, &[&rustls::version::TLS12]);
            over_tls(config, serve_well)
        }),
        survived("an alert behind the answer", |stage| {
            let tls = Arc::clone(&stage.tls);
            over_tls(tls, |peer| {
                peer.request()?;
                peer.send(response(GOOD))?;
                peer.alert()
            })
        }),
    ];
    show_all(&faults, 4);
}
